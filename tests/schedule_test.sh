#!/usr/bin/env bash
# npusim schedule, hrt_model_exec, npusim memory and --max-time-per-fc on the in-tree example.
. "$(dirname "$0")/tap.sh"

npusim() { "$NPUSIM" "$@"; }
says() { grep -qF -e "$1" "$2" || { cat "$2"; false; }; }
mkdir "$tmp/schedule"
model=$tmp/schedule/tiny_cv181x.cvimodel
load=$tmp/schedule/two_models.json
fixture "$model" >/dev/null
cp "$top_srcdir/examples/schedule/two_models.json" "$load"

# --- schedule -------------------------------------------------------------------------------------
expect 0 "schedule runs the example" npusim schedule "$load" -o "$tmp/d1"
check "the limit is printed as understood" says "understood as 1000 us (1 ms)" "$tmp/out"
check "what blocked is named" grep -qE 'classifier .*\(detector fc#[0-9]+ ' "$tmp/out"
check "the limit that meets the target is named" says "target 1500 us is met" "$tmp/out"
for file in schedule.html schedule.json trace.json jobs.csv; do
    check "$file is written" test -s "$tmp/d1/$file"
done
npusim schedule "$load" -o "$tmp/d2" >/dev/null
check "the result is the same every time" diff -r "$tmp/d1" "$tmp/d2"
check "jobs.csv has one row per job" test "$(wc -l <"$tmp/d1/jobs.csv")" = 341
if command -v python3 >/dev/null; then
    check "the JSON files are JSON" python3 -c 'import json, sys
for name in sys.argv[1:]: json.load(open(name))' "$tmp/d1/schedule.json" "$tmp/d1/trace.json"
    check "responses are the sum of their parts" python3 -c 'import csv, sys
for r in csv.DictReader(open(sys.argv[1])):
    parts = sum(float(r[k + "_us"]) for k in ("own", "cpu", "blocking", "interference", "overhead"))
    assert abs(float(r["response_us"]) - parts) < 1e-6, r' "$tmp/d1/jobs.csv"
else
    skip "the JSON files are JSON" "no python3"
fi

# Reference scenarios of function-call pre-emption, as workload files: finish of the urgent job.
finish_of() { # LIMIT OVERHEADS POLICY
    atoms=$(printf '100,%.0s' $(seq 100))
    cat >"$tmp/ref.json" <<END
{"overheads": {$2}, "models": [
  {"name": "big", "atoms_us": [${atoms%,}], "max_time_per_fc": $1},
  {"name": "urgent", "calls_us": [1000], "priority": 255}],
 "jobs": [{"model": "big", "arrival": {"trace": [0]}},
          {"model": "urgent", "arrival": {"trace": [1200]}}]}
END
    npusim schedule "$tmp/ref.json" -q --policy "$3" -o "$tmp/ref" && rows "$tmp/ref/jobs.csv"
}
rows() { tail -n +2 "$1" | cut -d, -f5 | tr '\n' ' '; }
equal() { [ "$1" = "$2" ] || { echo "$1 instead of $2"; false; }; }
check "one call: urgent ends at 11000" equal "$(finish_of 0 '' bpu)" "10000 11000 "
check "calls of 500: urgent ends at 2500" equal "$(finish_of 500 '' bpu)" "11000 2500 "
check "0.5ms is the same" equal "$(finish_of '"0.5ms"' '' bpu)" "11000 2500 "
check "switch 30, resume 20: 2530 and 11050" \
    equal "$(finish_of 500 '"switch_us": 30, "resume_us": 20' bpu)" "11050 2530 "
check "fifo: one after the other" equal "$(finish_of 500 '' fifo)" "10000 11000 "
check "ideal: at once" equal "$(finish_of 500 '' ideal)" "11000 2200 "

# --- bad workloads --------------------------------------------------------------------------------
refused() { # STATUS WHAT TEXT... : workload text on standard input; the message holds every TEXT
    local status=$1 what=$2
    shift 2
    cat >"$tmp/bad.json"
    expect "$status" "$what" npusim schedule "$tmp/bad.json" -o "$tmp/never"
    for text; do
        check "$what: says $text" says "$text" "$tmp/err"
    done
    check "$what: nothing written" test ! -e "$tmp/never"
}
one() { printf '{"models": [{"name": "m", "calls_us": [1]%s}], "jobs": [%s]%s}' "$1" "$2" "$3"; }
job='{"model": "m", "arrival": {"trace": [0]}}'
refused 2 "unknown key" 'models[0]' 'priorty' 'priority' < <(one ', "priorty": 1' "$job" '')
refused 2 "priority 256" 'models[0].priority' '0 to 255' < <(one ', "priority": 256' "$job" '')
refused 2 "negative priority" 'allowed 0 to 255' < <(one ', "priority": -1' "$job" '')
refused 2 "half a priority" 'whole number' < <(one ', "priority": 1.5' "$job" '')
refused 2 "wrong unit" '0.5ms' < <(one ', "max_time_per_fc": "5s"' "$job" '')
refused 2 "negative limit" '4294967295' < <(one ', "max_time_per_fc": -5' "$job" '')
refused 2 "core that is not there" 'models[0].core' < <(one ', "core": 1' "$job" '')
refused 2 "wrong unit in a key" 'horizon_ms' 'horizon_us' < <(one '' "$job" ', "horizon_ms": 5')
refused 2 "unknown policy" 'bpu, fifo, np-hpf, ideal' < <(one '' "$job" ', "policy": "edf"')
refused 2 "no jobs" 'jobs' < <(one '' '' '')
refused 2 "unknown model" 'jobs[0].model' < <(one '' '{"model": "x", "arrival": {"trace": [0]}}' '')
refused 2 "empty trace" 'trace' < <(one '' '{"model": "m", "arrival": {"trace": []}}' '')
refused 2 "negative time" 'trace' < <(one '' '{"model": "m", "arrival": {"trace": [-1]}}' '')
refused 2 "no end" 'count' 'horizon_us' \
    < <(one '' '{"model": "m", "arrival": {"periodic": {"period_us": 5}}}' '')
refused 2 "period 0" 'period_us' \
    < <(one '' '{"model": "m", "arrival": {"periodic": {"period_us": 0}}, "count": 1}' '')
refused 2 "too many jobs" '1000000' \
    < <(one '' '{"model": "m", "arrival": {"periodic": {"period_us": 0.001}}}' ', "horizon_us": 1e9')
refused 3 "not a number" 'not valid JSON' \
    < <(one '' '{"model": "m", "arrival": {"trace": [0]}, "deadline_us": NaN}' '')
refused 2 "empty object" 'models' < <(echo '{}')
refused 3 "empty file" 'bad.json' < <(printf '')
refused 3 "a workload that names itself" 'models[0].bin' \
    < <(echo '{"models": [{"name": "m", "bin": "bad.json"}], "jobs": [{}]}')
expect 3 "no such workload" npusim schedule "$tmp/none.json"
expect 2 "unknown policy option" npusim schedule --policy edf "$load"

# --- split of a profile ---------------------------------------------------------------------------
expect 0 "profile --max-time-per-fc" npusim profile --max-time-per-fc 20us "$model"
check "safe points are counted" grep -qE '[0-9]+ safe points; [0-9]+ calls' "$tmp/out"
check "calls over the limit are warned about" says "FC-OVER" "$tmp/out"
if command -v python3 >/dev/null; then
    cat >"$tmp/split.py" <<'END'
import json, subprocess, sys
npusim, model = sys.argv[1:]
before = None
for limit in (0.001, 1, 10, 16, 20, 48, 49, 60, 65, 1000, 0):
    text = subprocess.run([npusim, "profile", "--format", "json", "--max-time-per-fc",
                           "%gus" % limit, model], stdout=subprocess.PIPE, check=True).stdout
    s = json.loads(text)["function_call_split"]
    calls = s["list"]
    assert sum(c["commands"] for c in calls) == 39
    assert [c["first_command"] for c in calls] == \
        [sum(c["commands"] for c in calls[:i]) for i in range(len(calls))]
    for c in calls:
        assert c["over_limit"] == (limit > 0 and c["us"] > limit), (limit, c)
        assert not c["over_limit"] or c["pieces"] == 1
    assert before is None or len(calls) <= before, (limit, len(calls), before)
    before = len(calls)
    assert len(s["safe_points_cycles"]) == 2
    if limit == 0.001: # cuts are where a slice is in DDR and the next is loaded
        assert [c["first_command"] for c in calls] == [0, 19, 34], calls
assert before == 1
END
    check "calls never grow in number with the limit, and hold every command once" \
        python3 "$tmp/split.py" "$NPUSIM" "$model"
fi
expect 0 "hb_perf --max_time_per_fc" npusim hb_perf --max_time_per_fc 20 -o "$tmp/perf" "$model"
check "the page shows the split" grep -q 'id=split' "$tmp/perf/tiny_cv181x/tiny_cv181x.html"
expect 2 "a limit without meaning" npusim profile --max-time-per-fc 5s "$model"
check "the units are listed" says "0.5ms" "$tmp/err"

# --- hrt_model_exec -------------------------------------------------------------------------------
ln -s "$NPUSIM" "$tmp/hrt_model_exec"
hrt() { "$tmp/hrt_model_exec" "$@"; }
value() { sed -n "s/^ *$1 is: \([0-9.]*\).*/\1/p" "$tmp/out"; }
little() { # threads: fps x latency = threads within 2 %
    awk -v f="$(value 'Frame      rate      ')" -v l="$(value 'Average    latency   ')" -v t="$1" \
        'BEGIN { x = f * l / 1000 / t; exit !(x > 0.98 && x < 1.02) }'
}
last=0
for t in 1 2 3 4 5 6 7 8; do
    expect 0 "perf with $t threads" hrt perf --model_file "$model" --thread_num "$t"
    check "$t threads: rate x latency = threads" little "$t"
    fps=$(value 'Frame      rate      ')
    check "$t threads: not slower than $((t - 1))" \
        awk -v a="$last" -v b="$fps" 'BEGIN { exit !(b >= a * 0.999999) }'
    last=$fps
done
for t in 0 9 -1 x; do
    expect 2 "thread_num $t is refused" hrt perf --model_file "$model" --thread_num "$t"
done
expect 0 "perf for a minute" hrt perf --model_file="$model" --perf_time=1
check "it runs 60000 ms" says "Program run time: 60000.000000  ms" "$tmp/out"
expect 0 "perf --profile_path" hrt perf --model_file "$model" --core_id 0 --profile_path "$tmp/prof"
check "profiler.log has two parts" grep -qx -e '\*\*\*' "$tmp/prof/profiler.log"
check "profiler.log has the sub-graph" says '"BPU_subfunc_0"' "$tmp/prof/profiler.log"
check "profiler.csv has the sub-graph" says '"BPU_subfunc_0"' "$tmp/prof/profiler.csv"
expect 0 "profiler.log of older runtimes" \
    hrt perf --model_file "$model" --log_format v1 --profile_path "$tmp/prof"
check "it has the task times" says "TaskScheduleTime" "$tmp/prof/profiler.log"
expect 0 "model_info" hrt model_info --model_file "$model"
check "model_info prints the shape" says "valid shape: (1,3,64,64,)" "$tmp/out"
check "model_info prints the size" says "aligned byte size: 12288" "$tmp/out"
expect 4 "infer is not there" hrt infer --model_file "$model"
expect 2 "no model file" hrt perf
expect 2 "another model name" hrt perf --model_file "$model" --model_name other

# --- memory ---------------------------------------------------------------------------------------
expect 0 "memory of two" npusim memory "$model" "$model"
check "the order of loading is given" says "load in this order" "$tmp/out"
check "a clone is seen" says "clone" "$tmp/out"
expect 0 "memory as JSON" npusim memory --format json "$model"
check "its schema" says '"npusim.memory/1"' "$tmp/out"
finish
