#!/usr/bin/env bash
# npusim diff on the in-tree example: the sum is exact, the origin is named.
. "$(dirname "$0")/tap.sh"

npusim() { "$NPUSIM" "$@"; }
says() { grep -qF -e "$1" "$2" || { cat "$2"; false; }; }

fixture "$tmp/tiny.cvimodel" && npusim profile --format json -o "$tmp/old.json" "$tmp/tiny.cvimodel" ||
    fail "the in-tree example has a profile"

expect 0 "a profile against itself" npusim diff --fail-on-change "$tmp/old.json" "$tmp/old.json"
check "shows no difference" says "No difference." "$tmp/out"

# More bytes and cycles in one layer.  Arguments: file, layer, percent of bytes, cycles.
grow() {
    python3 - "$tmp/old.json" "$@" <<'PY'
import json, sys
source, target, name, percent, cycles = sys.argv[1:]
with open(source) as f:
    p = json.load(f)
layer = next(l for l in p["layers"] if l["name"] == name)
more = max(1, int(layer["read_bytes"] * float(percent) / 100))
layer["read_bytes"] += more
p["ddr"]["read_bytes"] += more
p["ddr"]["total_bytes"] += more
layer["exclusive_cycles"] += int(cycles)
p["latency_cycles"] += int(cycles)
with open(target, "w") as f:
    json.dump(p, f)
PY
}

# Prints "first layer, its first cause, sum of the rows, difference of the model".
facts() {
    python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
rows = d["layers"]
print(rows[0]["layer"], rows[0]["causes"][0]["cause"], sum(r["delta_cycles"] for r in rows),
      d["delta_cycles"])' "$1"
}

for layer in conv1 conv2 fc; do
    grow "$tmp/new.json" $layer 1 7
    expect 0 "$layer: 1 % more bytes" npusim diff --json "$tmp/old.json" "$tmp/new.json"
    check "$layer: named first, cause bytes, exact sum" \
        test "$(facts "$tmp/out")" = "$layer bytes 7 7"
    grow "$tmp/new.json" $layer 1 0
    expect 1 "$layer: bytes alone are a change" \
        npusim diff --fail-on-change --json "$tmp/old.json" "$tmp/new.json"
    check "$layer: named without a cycle" test "$(facts "$tmp/out")" = "$layer bytes 0 0"
done

# Real runs: other DDR, other clock, other tool options.
exact() {
    python3 -c '
import json, sys
old, new, d = (json.load(open(f)) for f in sys.argv[1:])
delta = new["latency_cycles"] - old["latency_cycles"]
assert d["delta_cycles"] == delta == sum(r["delta_cycles"] for r in d["layers"]), delta
assert delta != 0 and d["chip"]' "$tmp/old.json" "$tmp/new.json" "$1"
}
for set in ddr.bandwidth_mbps=1866 ddr.contention=0.5 tpu.clock_mhz=400; do
    npusim profile --format json --set $set -o "$tmp/new.json" "$tmp/tiny.cvimodel"
    expect 0 "$set" npusim diff --json -o "$tmp/d.json" "$tmp/old.json" "$tmp/new.json"
    check "$set: the rows add up to the cycle" exact "$tmp/d.json"
done
npusim profile --format json --set ddr.bandwidth_mbps=1866 -o "$tmp/new.json" "$tmp/tiny.cvimodel"
expect 0 "half the bandwidth as text" npusim diff --top 1 "$tmp/old.json" "$tmp/new.json"
check "the cause is bandwidth" says "bandwidth" "$tmp/out"
check "the number of the chip is shown" says "ddr.bandwidth_mbps 3732 -> 1866 MB/s" "$tmp/out"
check "the last line is the sum" grep -q 'in all, the exact difference of the model$' "$tmp/out"
expect 0 "as Markdown" npusim diff --md "$tmp/old.json" "$tmp/new.json"
check "has a table" says "| cycles | old ms | new ms | layer | cause |" "$tmp/out"

expect 2 "--md and --json" npusim diff --md --json "$tmp/old.json" "$tmp/new.json"
expect 2 "one file" npusim diff "$tmp/old.json"
expect 2 "--top 0" npusim diff --top 0 "$tmp/old.json" "$tmp/new.json"
expect 3 "no profile" npusim diff "$tmp/old.json" "$tmp/tiny.cvimodel"
expect 3 "another model" npusim diff --model other "$tmp/old.json" "$tmp/new.json"
finish
