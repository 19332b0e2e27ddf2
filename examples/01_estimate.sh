#!/bin/sh
# How long does this compiled model take, and why?
#
#   NPUSIM=build/npusim examples/01_estimate.sh [MODEL.cvimodel]
#
# Without MODEL the in-tree example is assembled first.  The reports go to ./example_out (or $OUT).
set -eu
npusim=${NPUSIM:-npusim}
out=${OUT:-example_out}
here=$(dirname "$0")
mkdir -p "$out"

model=${1:-$out/tiny_cv181x.cvimodel}
[ $# -gt 0 ] || "$npusim" asm -o "$model" "$here/tiny_cv181x.npuasm"

# For people: a summary on the terminal, and pages to look around in.
"$npusim" hb_perf -o "$out/hb_perf_result" "$model"

# For programs: JSON (docs/PROFILE.md explains every key) and one CSV row per layer.
"$npusim" profile --format json -o "$out/profile.json" "$model"
"$npusim" profile --format csv -o "$out/layers.csv" "$model"
echo
echo "latency in the JSON: $(sed -n 's/^  "latency_ms": \(.*\),/\1/p' "$out/profile.json") ms"
echo "layers in the CSV: $(($(wc -l <"$out/layers.csv") - 1))"
