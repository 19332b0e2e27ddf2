#!/usr/bin/env bash
# npusim sweep and merge: the same bytes however the points are spread, bad input refused with
# nothing written, examples run as they stand.
. "$(dirname "$0")/tap.sh"
cd "$tmp" || exit 99

fixture tiny.cvimodel
spec=$top_srcdir/examples/sweep.json
same() { cmp "$1/points.csv" "$2/points.csv" && cmp "$1/sweep.json" "$2/sweep.json" &&
    cmp "$1/report.html" "$2/report.html" && cmp "$1/report.md" "$2/report.md"; }
rows() { [ "$(tail -n +2 "$1" | wc -l)" = "$2" ]; }

expect 0 "a sweep from the command line" \
    "$NPUSIM" sweep tiny.cvimodel --ddr-bandwidth 1000:16000:log:25 -o quick
for file in points.csv sweep.json report.html report.md; do
    check "$file is written" test -s "quick/$file"
done
check "25 points" rows quick/points.csv 25
check "only these files" test "$(ls -A quick | wc -l)" = 4
check "the knee is reported" grep -q 'knee K95' out

expect 0 "a specification, one worker" "$NPUSIM" sweep -s "$spec" -j 1 -o one tiny.cvimodel
expect 0 "two workers" "$NPUSIM" sweep -s "$spec" -j 2 -o two tiny.cvimodel
expect 0 "four workers" "$NPUSIM" sweep -s "$spec" -j 4 -o four tiny.cvimodel
check "one and two workers write the same bytes" same one two
check "one and four workers write the same bytes" same one four
for i in 3 1 2; do
    expect 0 "shard $i of 3" "$NPUSIM" sweep -s "$spec" --shard $i/3 -o shards tiny.cvimodel
done
expect 0 "the shards merge" "$NPUSIM" merge shards/points-*-of-3.csv -o merged
check "merged shards are the same bytes" same one merged
expect 3 "a missing shard is noticed" \
    "$NPUSIM" merge shards/points-1-of-3.csv shards/points-3-of-3.csv -o none
check "and named" grep -q 'shard 2 of 3 is missing' err
expect 3 "a shard given twice is noticed" \
    "$NPUSIM" merge shards/points-1-of-3.csv shards/points-1-of-3.csv -o none
mkdir torn && cp shards/* torn && sed -i '$d' torn/points-2-of-3.csv
expect 3 "a lost row is noticed" "$NPUSIM" merge torn/points-*-of-3.csv -o none
cp shards/* torn && sed -i '2s/,ok,/,OK,/' torn/points-2-of-3.csv
expect 3 "a changed row is noticed" "$NPUSIM" merge torn/points-*-of-3.csv -o none
check "with file and line" grep -q 'torn/points-2-of-3.csv:2: status' err
"$NPUSIM" sweep -q tiny.cvimodel --ddr-bandwidth 1,2,3 --shard 2/3 -o other
cp shards/* torn && cp other/* torn
expect 3 "a shard of another sweep is noticed" "$NPUSIM" merge torn/points-*-of-3.csv -o none
check "nothing was written" test ! -e none

# As a killed run leaves it: some rows, the last one cut.
mkdir resumed && { head -n 40 one/points.csv; sed -n 41p one/points.csv | cut -c 1-60 | tr -d '\n'; } \
    >resumed/points.part.csv
expect 0 "a killed sweep goes on" "$NPUSIM" sweep -s "$spec" --resume -o resumed tiny.cvimodel
check "where it was" grep -q '^39 of ' out
check "and gives the same bytes" same one resumed
check "and clears up" test ! -e resumed/points.part.csv
expect 0 "a finished sweep is resumed" "$NPUSIM" sweep -s "$spec" --resume -o resumed tiny.cvimodel
check "with nothing to do" same one resumed
expect 0 "another model shares no points" \
    "$NPUSIM" sweep -s "$spec" --resume --set ddr.latency_load_ns=1 -o resumed tiny.cvimodel
check "none taken over" grep -q '^0 of ' out

expect 0 "--list prints the points" "$NPUSIM" sweep -s "$spec" --list -o listed tiny.cvimodel
cp out list.tsv
check "as many as are run" test "$(wc -l <list.tsv)" = "$(wc -l <one/points.csv)"
check "with the same ids" bash -c 'cmp <(cut -f 2 list.tsv) <(cut -d, -f 2 one/points.csv)'
check "and writes nothing" test ! -e listed

expect 0 "--solve finds a bandwidth" \
    "$NPUSIM" sweep tiny.cvimodel --solve 'latency_ms<=0.5' --for ddr.bandwidth_mbps
answer=$(sed -n 's/.*bandwidth_mbps = \([0-9.]*\) MB.*/\1/p' out)
latency() { "$NPUSIM" sweep -q tiny.cvimodel --ddr-bandwidth "$1" -o at &&
    sed -n 2p at/points.csv | cut -d, -f 8; }
check "that meets the target" awk -v t="$(latency "$answer")" 'BEGIN { exit !(t <= 0.5) }'
check "and one 1 % lower misses it" awk -v t="$(latency "$(awk -v a="$answer" \
    'BEGIN { print a * 0.99 }')")" 'BEGIN { exit !(t > 0.5) }'
expect 1 "--solve says when there is none" \
    "$NPUSIM" sweep tiny.cvimodel --solve 'latency_ms<=0.001' --for ddr.bandwidth_mbps
expect 2 "--solve refuses an unknown metric" \
    "$NPUSIM" sweep tiny.cvimodel --solve 'latncy_ms<=1' --for ddr.bandwidth_mbps
check "and names the nearest" grep -q latency_ms err

# refused STATUS WORD SPEC: with the file and WORD in the message, and nothing written.
refused() {
    printf '%s' "$3" >bad.json
    rm -rf bad
    expect "$1" "refused: $2" "$NPUSIM" sweep -s bad.json -o bad tiny.cvimodel
    check "  the message has file and '$2'" bash -c 'grep -q bad.json err && grep -qF -- "$1" err' \
        - "$2"
    check "  nothing is written" test ! -e bad
}
head='{"schema": "npusim-sweep/1",'
refused 3 "not valid JSON" '{'
refused 3 "empty" ''
refused 3 "npusim-sweep/1" '{"schema": "npusim-sweep/2", "params": {}}'
refused 3 "did you mean params" "$head \"param\": {}}"
refused 3 "ddr.bandwidth_mbps" "$head \"params\": {\"ddr.bandwith_mbps\": {\"values\": [1]}}}"
refused 3 "MB/s" "$head \"params\": {\"ddr.bandwidth_mbps\": {\"values\": [\"1ms\"]}}}"
refused 3 "not valid JSON" "$head \"params\": {\"ddr.contention\": {\"values\": [NaN]}}}"
refused 3 "0 to 0.99" "$head \"params\": {\"ddr.contention\": {\"values\": [-1]}}}"
refused 3 "at least one value" "$head \"params\": {\"ddr.contention\": {\"values\": []}}}"
refused 3 "limits.max_points" "$head \"params\": {\"ddr.bandwidth_mbps\": {\"lin\": {\"from\": 1,
    \"to\": 9999, \"points\": 30000}}}}"
refused 4 "compiled again" "$head \"params\": {\"sram.bytes\": {\"values\": [\"1MiB\"]}}}"
expect 2 "a bad range on the command line" "$NPUSIM" sweep tiny.cvimodel --ddr-bandwidth 1:2 -o bad
expect 2 "an unknown key on the command line" "$NPUSIM" sweep tiny.cvimodel -p ddr.x=1 -o bad
expect 2 "nothing to sweep" "$NPUSIM" sweep tiny.cvimodel -o bad
expect 2 "no model" "$NPUSIM" sweep --ddr-bandwidth 1,2 -o bad
expect 3 "a missing model" "$NPUSIM" sweep none.cvimodel --ddr-bandwidth 1,2 -o bad
for shard in 0/3 4/3 1 1/0 a/b 1/2x; do
    expect 2 "--shard $shard" "$NPUSIM" sweep tiny.cvimodel --ddr-bandwidth 1,2 --shard $shard -o bad
done
check "nothing is written" test ! -e bad
expect 5 "a folder that cannot be made" \
    "$NPUSIM" sweep tiny.cvimodel --ddr-bandwidth 1,2 -o tiny.cvimodel/out

mkdir beside && cp tiny.cvimodel beside && cat >beside/spec.json <<'END'
{"schema": "npusim-sweep/1", "mode": "oat", "params": {"ddr.contention": {"values": [0.5]}},
 "models": ["tiny.cvimodel", {"file": "tiny.cvimodel", "name": "twin, \"second\""}]}
END
expect 0 "models are found beside the specification" "$NPUSIM" sweep -s beside/spec.json -o beside/out
check "names are quoted" grep -q '"twin, ""second"""' beside/out/points.csv
check "points of all models" rows beside/out/points.csv 4
expect 0 "shards with quoted names" "$NPUSIM" sweep -s beside/spec.json --shard 1/1 -o beside/s

expect 0 "the SLURM template, task 1 of 2" \
    env SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=2 NPUSIM="$NPUSIM" \
    sh "$top_srcdir/examples/cluster/slurm.sh" "$spec" tiny.cvimodel slurm
expect 0 "the SLURM template, task 2 of 2" \
    env SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=2 NPUSIM="$NPUSIM" \
    sh "$top_srcdir/examples/cluster/slurm.sh" "$spec" tiny.cvimodel slurm
expect 0 "its tasks merge" "$NPUSIM" merge -o slurm slurm/points-*-of-2.csv
check "and give the same bytes" same one slurm
if parallel --version 2>/dev/null | grep -q GNU; then
    expect 0 "the GNU parallel example" env NPUSIM="$NPUSIM" \
        sh "$top_srcdir/examples/cluster/parallel.sh" "$spec" tiny.cvimodel par 3
    check "gives the same bytes" same one par
else
    skip "the GNU parallel example" "no GNU parallel"
fi
if command -v mpirun >/dev/null &&
    ! "$NPUSIM" sweep --mpi tiny.cvimodel --ddr-bandwidth 1,2 -o nompi 2>&1 | grep -q 'without MPI'
then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    expect 0 "the MPI example" env NPUSIM="$NPUSIM" \
        sh "$top_srcdir/examples/cluster/mpi.sh" "$spec" tiny.cvimodel mpi 3
    check "gives the same bytes" same one mpi
    expect 3 "an error under MPI ends all ranks" mpirun --oversubscribe -n 3 \
        "$NPUSIM" sweep --mpi -s "$spec" -o bad none.cvimodel
    expect 0 "an interrupted MPI run goes on" mpirun --oversubscribe -n 3 \
        "$NPUSIM" sweep -q --mpi --resume -s "$spec" -o mpi tiny.cvimodel
    check "with the same bytes" same one mpi
else
    skip "the MPI example" "no mpirun, or built without --with-mpi"
fi

expect 0 "profile --what-if" "$NPUSIM" profile --what-if --format json -o what.json tiny.cvimodel
check "has the curve" grep -q '"unlimited_ms"' what.json
check "and the list" grep -q '"what_if"' what.json
expect 0 "hb_perf draws them" "$NPUSIM" hb_perf -q -o hb tiny.cvimodel
check "on its page" grep -q 'id=whatif' hb/tiny/tiny.html

browser=${CHROMIUM:-$(command -v chromium || command -v chromium-browser)}
if [ -n "$browser" ] && timeout 60 "$browser" --headless --no-sandbox --disable-gpu \
    --disable-dev-shm-usage --user-data-dir="$tmp/profile" --dump-dom \
    "file://$tmp/one/report.html" >dom 2>/dev/null && [ -s dom ]; then
    check "the page of a sweep is ready" grep -q '<body[^>]* data-ready="1"' dom
    check "and has no error" grep -q '<pre id="errors" hidden=""></pre>' dom
else
    skip "the page of a sweep in a browser" "no chromium that runs here"
fi
check "the page loads nothing" bash -c \
    '! grep -noE "(src|href)=[\"'\'']?[a-z]*:?//[^ ]*|@import|url\(" one/report.html'

if [ -f "$NPUSIM_DATA/cvimodel/yolov8n_det_coco80_640_640_INT8_cv181x.cvimodel" ]; then
    big=$NPUSIM_DATA/cvimodel/yolov8n_det_coco80_640_640_INT8_cv181x.cvimodel
    ulimit -t 600
    start=$(awk '{ print $1 }' /proc/uptime)
    expect 0 "10 000 bandwidths of yolov8n, one worker" \
        "$NPUSIM" sweep -j 1 "$big" --ddr-bandwidth 500:16000:log:10000 -o big
    note <<<"10 000 points: $(awk -v s="$start" '{ printf "%.1f s", $1 - s }' /proc/uptime)"
    check "10 000 points" rows big/points.csv 10000
else
    skip "10 000 bandwidths of yolov8n" "no model data"
fi
finish
