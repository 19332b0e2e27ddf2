#!/bin/sh
# How far can the simulation of my board be trusted?
#
#   NPUSIM=build/npusim examples/03_compare_with_board.sh
#
# On a board, TPU_ENABLE_PMU=1 makes the vendor's model_runner write a trace, <name>_des.csv, with
# the times of every command.  There is no board here, so the simulator plays one whose DDR is less
# efficient than the chip file says; the rest is what you would do with a real trace.
set -eu
npusim=${NPUSIM:-npusim}
out=${OUT:-example_out}
here=$(dirname "$0")
mkdir -p "$out"

for name in tiny ddr; do
    "$npusim" asm -o "$out/$name.cvimodel" "$here/${name}_cv181x.npuasm"
    "$npusim" model_runner --model "$out/$name.cvimodel" --pmu "$out/$name" \
        --set ddr.efficiency_load=0.70 --set ddr.latency_load_ns=220
done

echo
echo "== the chip file as it is"
"$npusim" pmu compare --model "$out/tiny.cvimodel" "$out/tiny_des.csv"

# Fit the DDR from one trace, check it on another one.
echo
echo "== fitted to the trace of ddr.cvimodel"
"$npusim" pmu fit --chip cv181x -o "$out/myboard.json" "$out/ddr_des.csv"
"$npusim" pmu compare --chip "$out/myboard.json" --model "$out/tiny.cvimodel" "$out/tiny_des.csv"
