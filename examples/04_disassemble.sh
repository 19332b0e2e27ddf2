#!/bin/sh
# What is in the command buffers of a model?
#
#   NPUSIM=build/npusim examples/04_disassemble.sh [MODEL.cvimodel]
#
# Prints how often each instruction occurs, the convolutions of one layer, and shows that the text
# assembles to the same bytes.  docs/ASM.md describes the text, docs/INSTRUCTIONS.md the fields.
set -eu
npusim=${NPUSIM:-npusim}
out=${OUT:-example_out}
here=$(dirname "$0")
mkdir -p "$out"

model=${1:-$out/tiny_cv181x.cvimodel}
[ $# -gt 0 ] || "$npusim" asm -o "$model" "$here/tiny_cv181x.npuasm"

"$npusim" disasm -o "$out/model.txt" "$model"
echo "instructions:"
sed -n 's/^\([a-z][a-z.]*\) id=.*/\1/p' "$out/model.txt" | sort | uniq -c | sort -rn

echo "convolutions: number, awaited transfer, layer, result"
sed -n 's/^conv id=\([0-9]*\) wait=\([0-9]*\) layer=\([0-9]*\) .* res0_c=\([0-9]*\) res0_h=\([0-9]*\) res0_w=\([0-9]*\) .*/\1 \2 \3 \4x\5x\6/p' \
    "$out/model.txt" | head -n 20

# The sections as stored, and as assembled from the text.
rm -rf "$out/stored" "$out/assembled"
"$npusim" cvimodel_tool -a extract -i "$model" -o "$out/stored"
"$npusim" asm -o "$out/assembled" "$out/model.txt"
for section in "$out"/assembled/*.bin; do
    cmp "$section" "$out/stored/$(basename "$section")"
    echo "$(basename "$section"): the same bytes"
done
