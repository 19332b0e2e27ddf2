#!/bin/sh
# What if the board has slower DDR, or a camera and a display share it?
#
#   NPUSIM=build/npusim examples/02_ddr_what_if.sh [MODEL.cvimodel]
#
# One line per setting.  The TIU works in local memory, so its time never changes; transfers get
# longer, and the latency grows by what cannot hide behind the TIU.
set -eu
npusim=${NPUSIM:-npusim}
out=${OUT:-example_out}
here=$(dirname "$0")
mkdir -p "$out"

model=${1:-$out/ddr_cv181x.cvimodel}
[ $# -gt 0 ] || "$npusim" asm -o "$model" "$here/ddr_cv181x.npuasm"

number() {
    sed -n "s/^  \"$1\": \(.*\),/\1/p" "$out/what_if.json"
}

printf '%-28s %12s %10s %10s\n' setting 'latency ms' 'TIU ms' 'TDMA ms'
for setting in ddr.bandwidth_mbps=7464 ddr.bandwidth_mbps=3732 ddr.bandwidth_mbps=1866 \
    ddr.contention=0.3 ddr.contention=0.5; do
    "$npusim" profile --format json --set "$setting" -o "$out/what_if.json" "$model"
    printf '%-28s %12s %10s %10s\n' "$setting" "$(number latency_ms)" "$(number tiu_ms)" \
        "$(number tdma_ms)"
done
