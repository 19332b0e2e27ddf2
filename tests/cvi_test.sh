#!/usr/bin/env bash
# Models compiled for cv181x: the file is one our own tools read, survives its text, and yolov8n
# is as good as the vendor's compiler makes it.
. "$(dirname "$0")/tap.sh"

make=$top_builddir/tests/unit/make_cvi

# survives FILE: its command section comes back from its text byte by byte.
survives() {
    "$NPUSIM" disasm -o "$tmp/text" "$1" &&
        "$NPUSIM" asm -o "$tmp/have" "$tmp/text" &&
        "$NPUSIM" cvimodel_tool -a extract -i "$1" -o "$tmp/want" >/dev/null &&
        cmp "$tmp/have/subfunc_0.bin" "$tmp/want/subfunc_0.bin"
}

# figures: "milliseconds megabytes" of a profile read from standard input.
figures() {
    awk '$1 == "latency" { t = $2 } $1 == "DDR" && $3 == "MB" { b = $2 } END { print t, b }'
}

# near A B PERCENT
near() {
    awk -v a="$1" -v b="$2" -v p="$3" 'BEGIN { d = a / b - 1; exit !(d <= p / 100 && d >= -p / 100) }'
}

if [ ! -x "$make" ]; then
    skip "models compiled for cv181x" "no unit tests in this build"
    finish
    exit
fi
check "a network is compiled" "$make" 160 "$tmp/small.cvimodel"
check "its commands survive their text" survives "$tmp/small.cvimodel"
check "it has a profile" "$NPUSIM" profile -o /dev/null "$tmp/small.cvimodel"
"$make" 160 "$tmp/again.cvimodel"
check "the same every time" cmp "$tmp/small.cvimodel" "$tmp/again.cvimodel"
expect 5 "refused: a size that is none" "$make" 0 "$tmp/none.cvimodel"

vendor=$(ls "$NPUSIM_DATA"/cvimodel/yolov8n_det_coco80_640_640_INT8_cv181x.cvimodel 2>/dev/null)
network=$NPUSIM_DATA/onnx/synth/yolov8n_640.onnx.xz
if [ -z "$vendor" ] || [ ! -e "$network" ] || ! command -v xz >/dev/null; then
    skip "against the vendor's compiler" "no NPUSIM_DATA"
    finish
    exit
fi
xz -dc "$network" >"$tmp/yolov8n.onnx"
cut=()
for branch in 2 3; do
    for scale in 0 1 2; do
        cut+=("--output-node=/cv$branch.$scale/cv$branch.$scale.2/Conv")
    done
done
read -r vendor_ms vendor_mb < <("$NPUSIM" profile "$vendor" | figures)
read -r ms mb < <("$NPUSIM" profile --chip cv181x "${cut[@]}" "$tmp/yolov8n.onnx" | figures)
echo "# yolov8n 640: $ms ms, $mb MB; the vendor's file $vendor_ms ms, $vendor_mb MB"
check "yolov8n: time within 25 % of the vendor's" near "$ms" "$vendor_ms" 25
check "yolov8n: DDR bytes within 25 % of the vendor's" near "$mb" "$vendor_mb" 25
finish
