#!/bin/sh
# A chip file of one's own: a board with slower DDR that a camera shares.  docs/CHIP_FILES.md
# explains the file.
#
#   NPUSIM=build/npusim examples/05_new_chip/run.sh
set -eu
npusim=${NPUSIM:-npusim}
out=${OUT:-example_out}
here=$(dirname "$0")
mkdir -p "$out"
"$npusim" asm -o "$out/ddr.cvimodel" "$here/../ddr_cv181x.npuasm"

# A name with a slash or ending in .json is a file; others are chips of the chip folder.
"$npusim" chips "$here/board.json" | sed -n '1,2p;/ddr.bandwidth_mbps/,/^  ddr.efficiency/p'
echo
for chip in cv181x "$here/board.json"; do
    "$npusim" profile --chip "$chip" "$out/ddr.cvimodel" | sed -n '2p;/^latency/p'
done
