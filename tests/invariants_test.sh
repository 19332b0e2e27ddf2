#!/usr/bin/env bash
# What must hold for every model and every setting: sums add up, bounds are kept, more of a
# resource never hurts.  Over the fixtures and, where present, all real models.
. "$(dirname "$0")/tap.sh"

if ! python3 -c '' 2>/dev/null; then
    skip "invariants" "no python3"
    finish
    exit
fi

cat >"$tmp/invariants.py" <<'PY'
import json, os, re, subprocess, sys

npusim, tmp = sys.argv[1], sys.argv[2]
failed = []


def run(*args):
    return subprocess.run([npusim, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL)


def profile(path, **sets):
    args = [a for k, v in sets.items() for a in ("--set", "%s=%r" % (k.replace("__", "."), v))]
    r = run("profile", "--format", "json", *args, path)
    if r.returncode:
        raise Exception(r.stderr.decode())
    return json.loads(r.stdout)


def need(what, a, relation, b):
    if not {"==": a == b, "<=": a <= b, ">=": a >= b, ">": a > b}[relation]:
        failed.append("%s: %r %s %r does not hold" % (what, a, relation, b))


def near(what, a, b, tolerance):
    if abs(a - b) > tolerance:
        failed.append("%s: %r is not %r" % (what, a, b))


def total(rows, key):
    return sum(r[key] for r in rows)


def times(p):
    lower = max(p["tiu_cycles"], p["tdma_cycles"], p["cpu_cycles"])
    upper = p["tiu_cycles"] + p["tdma_cycles"] + p["cpu_cycles"] + p["dispatch_cycles"]
    need("the busier engine is no longer than the inference", lower, "<=", p["cycles"])
    need("the inference is no longer than everything in a row", p["cycles"], "<=", upper)
    need("latency is inference and launch", p["latency_cycles"], "==",
         p["cycles"] + p["launch_cycles"])
    need("causes add up to the latency", sum(p["critical_path_cycles"].values()), "==",
         p["latency_cycles"])
    ms = 1000 / p["cycles_per_second"]
    for name, cycles in (("latency_ms", "latency_cycles"), ("inference_ms", "cycles"),
                         ("tiu_ms", "tiu_cycles"), ("tdma_ms", "tdma_cycles"),
                         ("cpu_ms", "cpu_cycles")):
        near(name, p[name], p[cycles] * ms, 1e-6 + 1e-8 * p[name])
    near("fps", p["fps"] * p["latency_ms"], 1000, 0.01)
    near("parallelism", p["parallelism_percent"],
         max(100, 100 * (p["tiu_cycles"] + p["tdma_cycles"]) / p["cycles"]), 1e-3)


def layers(p):
    rows = p["layers"]
    need("layers and launch add up to the latency",
         total(rows, "exclusive_cycles") + p["launch_cycles"], "==", p["latency_cycles"])
    for key in ("tiu_cycles", "tdma_cycles", "macs"):
        need("layers: " + key, total(rows, key), "==", p[key])
    for key in ("read_bytes", "write_bytes"):
        need("layers: " + key, total(rows, key), "==", p["ddr"][key])
    need("layers: commands", total(rows, "commands"), "==",
         p["commands"]["tiu"] + p["commands"]["tdma"])
    for cause in p["critical_path_cycles"]:
        parts = sum(r["critical_cycles"][cause] for r in rows)
        launch = p["launch_cycles"] if cause == "fixed_sync" else 0
        need("layers: " + cause, parts + launch, "==", p["critical_path_cycles"][cause])
    starts = [r["start_cycles"] for r in rows]
    need("layers are in order of start", starts, "==", sorted(starts))
    for r in rows:
        need(r["name"] + ": causes", sum(r["critical_cycles"].values()), "==",
             r["exclusive_cycles"])
        need(r["name"] + ": ends in time", r["end_cycles"], "<=", p["cycles"])
        need(r["name"] + ": takes its time", r["start_cycles"], "<=", r["end_cycles"])
        need(r["name"] + ": weights are read", r["weight_bytes"], "<=", r["read_bytes"])
        need(r["name"] + ": array", r["mac_utilisation"], "<=", 1)
        need(r["name"] + ": says why", len(r["why"]) > 10, "==", True)


def parts(p):
    for key in ("tiu_cycles", "tdma_cycles", "macs"):
        need("sub-graphs: " + key, total(p["subgraphs"], key), "==", p[key])
    for key in ("read_bytes", "write_bytes"):
        need("sub-graphs: " + key, total(p["subgraphs"], key), "==", p["ddr"][key])
        need("calls: " + key, total(p["function_calls"], key), "==", p["ddr"][key])
        need("instructions: " + key, total(p["instructions"], key), "==", p["ddr"][key])
    need("instructions: macs", total(p["instructions"], "macs"), "==", p["macs"])
    need("instructions: cycles", total(p["instructions"], "cycles"), "==",
         p["tiu_cycles"] + p["tdma_cycles"] + p["cpu_cycles"])
    for engine in ("tiu", "tdma"):
        need("sub-graphs: %s commands" % engine, total(p["subgraphs"], engine + "_commands"), "==",
             p["commands"][engine])
    end = 0
    for s in p["subgraphs"]:
        need(s["name"] + " follows", s["start_cycles"], ">=", end)
        end = s["end_cycles"]
    need("the last part ends the inference", end, "==", p["cycles"])


def traffic(p):
    d = p["ddr"]
    need("read and written", d["read_bytes"] + d["write_bytes"], "==", d["total_bytes"])
    near("average", d["average_mbps"], d["total_bytes"] / 1e6 / (p["inference_ms"] / 1000),
         1e-3 + 1e-6 * d["average_mbps"])
    near("occupancy", d["occupancy"], d["average_mbps"] / d["peak_mbps"], 1e-5)
    need("occupancy", d["occupancy"], "<=", d["worst_ms_occupancy"] + 1e-9)
    need("the busiest millisecond", d["worst_ms_occupancy"], "<=", 1)
    need("the array", 0 <= p["mac_utilisation"] <= 1, "==", True)
    need("weights are in memory", p["memory"]["weight_bytes"] + p["memory"]["cmdbuf_bytes"], "<=",
         p["memory"]["ion_bytes"])


def settings(path, p):
    mbps, mhz = p["ddr"]["peak_mbps"], p["cycles_per_second"] / 1e6
    half = profile(path, ddr__contention=0.5)
    need("contention 0.5: TIU", half["tiu_cycles"], "==", p["tiu_cycles"])
    need("contention 0.5: TIU ms", half["tiu_ms"], "==", p["tiu_ms"])
    need("contention 0.5: CPU", half["cpu_cycles"], "==", p["cpu_cycles"])
    need("contention 0.5: TDMA", half["tdma_ms"], ">=", p["tdma_ms"])
    if p["critical_path_cycles"]["ddr"]:
        need("contention 0.5: DDR-bound transfers", half["tdma_cycles"], ">", p["tdma_cycles"])
    need("contention 0.5: bytes", half["ddr"]["total_bytes"], "==", p["ddr"]["total_bytes"])
    fast = profile(path, ddr__bandwidth_mbps=2 * mbps)
    need("twice the bandwidth", fast["latency_cycles"], "<=", p["latency_cycles"])
    need("twice the bandwidth: TIU", fast["tiu_cycles"], "==", p["tiu_cycles"])
    need("twice the clock", profile(path, tpu__clock_mhz=2 * mhz)["latency_ms"], "<=",
         p["latency_ms"] + 1e-6)
    last = None
    for tenth in range(10):
        q = profile(path, ddr__contention=tenth / 10)
        times(q)
        if last:
            need("contention 0.%d: latency" % tenth, q["latency_cycles"], ">=",
                 last["latency_cycles"])
            need("contention 0.%d: TDMA" % tenth, q["tdma_cycles"], ">=", last["tdma_cycles"])
            need("contention 0.%d: TIU" % tenth, q["tiu_cycles"], "==", p["tiu_cycles"])
        last = q


def replay(path, p):
    stem = os.path.join(tmp, "own")
    r = run("model_runner", "--model", path, "--pmu", stem)
    need("a trace is written", r.returncode, "==", 0)
    r = run("pmu", "compare", "--format", "json", "--model", path, stem + "_des.csv")
    if len(p["function_calls"]) > 1:
        need("several parts are refused", r.returncode, "==", 4)
        return
    if r.returncode:
        failed.append(r.stderr.decode())
        return
    j = json.loads(r.stdout)
    for key in ("tdma_start_mismatches", "tiu_start_mismatches"):
        need("own trace: " + key, j["replay"][key], "==", 0)
    for engine in ("tdma", "tiu"):
        need("own trace: %s rows" % engine, j[engine]["rows"], "==", p["commands"][engine])
        need("own trace: %s error" % engine, j[engine]["mape_percent"], "==", 0)
    need("own trace: end to end", j["end_to_end_error_percent"], "==", 0)
    # the runtime's window begins with the first command and does not see CPU routines at the end
    need("own trace: busy ticks", (j["measured"]["tdma_ticks"], j["measured"]["tiu_ticks"]), "==",
         (p["tdma_cycles"], p["tiu_cycles"]))
    # without the model the columns must do; only element sizes are guessed then
    r = run("pmu", "compare", "--format", "json", "--chip", p["chip"]["name"], stem + "_des.csv")
    alone = json.loads(r.stdout)
    for key in ("tdma_start_mismatches", "tiu_start_mismatches"):
        need("own trace alone: " + key, alone["replay"][key], "==", 0)
    need("own trace alone: TDMA total", abs(alone["tdma"]["total_error_percent"]), "<=", 5)
    need("own trace: bytes", j["measured"]["load_bytes"] + j["measured"]["store_bytes"], "==",
         p["ddr"]["total_bytes"])


def limits(path, table):
    """Every number at either end of its range, alone."""
    rows = re.findall(r'^N\(\w+, "([^"]+)", "[^"]*", ([^,]+), ([^,]+),', table, re.M)
    need("the table of numbers is read", len(rows), ">=", 70)
    for key, low, high in rows:
        if key.startswith("bpu."):  # of chips with another command set
            continue
        for value in (low, high):
            before = len(failed)
            q = profile(path, **{key: float(value)})
            times(q)
            layers(q)
            parts(q)
            traffic(q)
            failed[before:] = ["%s=%s: %s" % (key, value, f) for f in failed[before:]]


failed = []
try:
    limits(sys.argv[4], open(sys.argv[3] + "/include/npusim/chip.def").read())
except Exception as e:
    failed.append("%s: %s" % (type(e).__name__, e))
print("not ok" if failed else "ok", "every number at its limits")
for f in failed[:20]:
    print("#", f.replace("\n", " "))

for path in sys.argv[4:]:
    failed = []
    try:
        p = profile(path)
        times(p)
        layers(p)
        parts(p)
        traffic(p)
        settings(path, p)
        replay(path, p)
    except Exception as e:
        failed.append("%s: %s" % (type(e).__name__, e))
    print("not ok" if failed else "ok", os.path.basename(path))
    for f in failed[:10]:
        print("#", f.replace("\n", " "))
PY

files=()
for text in "$top_srcdir"/examples/*.npuasm "$top_srcdir"/tests/fixtures/*.npuasm; do
    name=${text##*/}
    case $name in
    cut_record.* | encrypted.* | missing_section.* | unknown_chip.*) continue ;; # made to be refused
    esac
    "$NPUSIM" asm -o "$tmp/${name%.npuasm}.cvimodel" "$text"
    files+=("$tmp/${name%.npuasm}.cvimodel")
done
for model in "$NPUSIM_DATA"/cvimodel/*.cvimodel; do
    [ -e "$model" ] && files+=("$model")
done

python3 "$tmp/invariants.py" "$NPUSIM" "$tmp" "$top_srcdir" "${files[@]}" >"$tmp/results"
while read -r line; do
    case $line in
    'ok '*) pass "${line#ok }" ;;
    'not ok '*) fail "${line#not ok }" ;;
    *) echo "$line" ;;
    esac
done <"$tmp/results"
check "every model has a result" test "$count" = $((${#files[@]} + 1))
[ -d "$NPUSIM_DATA/cvimodel" ] || skip "real models" "no NPUSIM_DATA"
finish
