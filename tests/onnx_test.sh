#!/usr/bin/env bash
# Real networks through "npusim graph": counts equal those measured elsewhere, what is exported
# passes the checker of ONNX itself, damaged files are refused.
. "$(dirname "$0")/tap.sh"

says() { grep -qF -e "$1" "$2" || { cat "$2"; false; }; }
expect 0 "the network of this tree" "$NPUSIM" graph --to-onnx "$tmp/small.onnx" \
    "$top_srcdir/tests/fixtures/small.prototxt"
check "its MACs, by hand: 8*64*27 + 8*64*9 + 10*128 = 19712" says "19712" "$tmp/out"
check "of which depthwise: 8*64*9 = 4608" says "depthwise 4608 " "$tmp/out"
expect 0 "its export" "$NPUSIM" graph "$tmp/small.onnx"
check "its export has them too" says "19712" "$tmp/out"
data=$NPUSIM_DATA/onnx
if [ ! -d "$data/real" ]; then
    skip "real networks" "no NPUSIM_DATA"
    finish
    exit 0
fi
python=
for p in /usr/bin/python3 python3; do
    [ -n "$python" ] || ! "$p" -c 'import onnx' 2>/dev/null || python=$p
done
cat >"$tmp/check.py" <<'END'
import sys, onnx
for name in sys.argv[1:]:
    onnx.checker.check_model(name)
END

# Size of inputs that a file leaves open, as in the table of the data.
shape_of() {
    case $1 in
    horizon_mobilenet_unet) echo input_1:0 1x256x512x3 ;;
    ppocr*_det) echo x 1x3x640x640 ;;
    yunet_n_dynamic) echo input 1x3x320x320 ;;
    esac
}

# want NAME: "MMAC depthwise-MMAC Mparams" of the table, thousands without comma.
want() {
    sed -n "s/^| \`[^|]*\/$1\.onnx\(\.xz\)\?\` |[^|]*|[^|]*|[^|]*| \([0-9,.]*\) (\([0-9,.]*\)) | \([0-9.]*\) |.*/\2 \3 \4/p" \
        "$NPUSIM_DATA/MODELS.md" | tr -d ,
}

got() {
    sed -n 's/^MACs .*(\([0-9.]*\) M), .*(\([0-9.]*\) M)$/\1 \2/p
        s/^parameters .*(\([0-9.]*\) M)$/\1/p' "$1" | tr '\n' ' ' | sed 's/ $//'
}

one() {
    local file=$1 name shape options=()
    name=${1##*/}
    name=${name%.onnx}
    read -ra shape <<<"$(shape_of "$name")"
    [ ${#shape[@]} -eq 0 ] || options=(--input-shape "${shape[@]}")
    expect 0 "$name is read" "$NPUSIM" graph "${options[@]}" --to-onnx "$tmp/export.onnx" "$file" ||
        return
    cp "$tmp/out" "$tmp/text"
    check "$name: MACs and parameters are $(want "$name")" \
        test "$(got "$tmp/text")" = "$(want "$name")"
    if [ -n "$python" ]; then
        check "$name: the export passes the checker" "$python" "$tmp/check.py" "$tmp/export.onnx"
    else
        skip "$name: the export passes the checker" "no Python module onnx"
    fi
    expect 0 "$name: the export is read" "$NPUSIM" graph "$tmp/export.onnx"
    check "$name: the export has as many MACs" \
        test "$(got "$tmp/out" | cut -d' ' -f1-2)" = "$(got "$tmp/text" | cut -d' ' -f1-2)"
}

for file in "$data"/real/*.onnx "$data"/qdq/*.onnx "$data"/light/*.onnx; do
    one "$file"
done
for file in "$data"/synth/*.onnx.xz; do
    name=${file##*/}
    xz -dc "$file" >"$tmp/${name%.xz}" && one "$tmp/${name%.xz}"
    rm -f "$tmp/${name%.xz}"
done

# Caffe networks become ONNX too, with made-up weights where there are none.
for file in "$NPUSIM_DATA"/caffe/real/*.prototxt; do
    name=${file##*/}
    options=()
    [ ! -f "${file%.prototxt}.caffemodel" ] || options=(--caffemodel "${file%.prototxt}.caffemodel")
    expect 0 "$name is read and written" "$NPUSIM" graph "${options[@]}" \
        --to-onnx "$tmp/export.onnx" "$file" || continue
    got "$tmp/out" | cut -d' ' -f1-2 >"$tmp/macs"
    if [ -n "$python" ]; then
        check "$name: the export passes the checker" "$python" "$tmp/check.py" "$tmp/export.onnx"
    else
        skip "$name: the export passes the checker" "no Python module onnx"
    fi
    expect 0 "$name: the export is read" "$NPUSIM" graph "$tmp/export.onnx"
    check "$name: the export has as many MACs" test "$(got "$tmp/out" | cut -d' ' -f1-2)" = "$(cat "$tmp/macs")"
done

# The conformance packs: each is read, or refused with a message.
mkdir "$tmp/packs"
for pack in "$NPUSIM_DATA"/onnx_*_tests.tar.xz; do
    tar -xJf "$pack" -C "$tmp/packs"
done
read=0 refused=0 bad=
: >"$tmp/exports"
while read -r file; do
    status=0
    "$NPUSIM" graph --as-is --to-onnx "$tmp/packs/$read.out.onnx" "$file" >"$tmp/out" 2>"$tmp/err" ||
        status=$?
    case $status in
    0) read=$((read + 1)) ;;
    3 | 4) grep -q "error: .*: ." "$tmp/err" && refused=$((refused + 1)) || bad="$bad $file" ;;
    *) bad="$bad $file:$status" ;;
    esac
done < <(find "$tmp/packs" -name model.onnx | sort)
check "conformance packs: $read read and written, $refused refused by name$bad" \
    test -z "$bad" -a "$read" -gt 600
if [ -n "$python" ]; then
    check "conformance packs: every export passes the checker" \
        sh -c 'find "$1" -name "*.out.onnx" | xargs "$2" "$3"' - "$tmp/packs" "$python" \
        "$tmp/check.py"
else
    skip "conformance packs: every export passes the checker" "no Python module onnx"
fi
rm -r "$tmp/packs"

# Damage.
small=$data/real/mnist_8.onnx
bytes=$(wc -c <"$small")
bad=
for percent in $(seq 0 2 98); do
    head -c $((bytes * percent / 100)) "$small" >"$tmp/cut.onnx"
    status=0
    "$NPUSIM" graph "$tmp/cut.onnx" >"$tmp/out" 2>"$tmp/err" || status=$?
    case $status in
    3 | 4) grep -q cut.onnx "$tmp/err" || bad="$bad $percent%:silent" ;;
    *) bad="$bad $percent%:$status" ;;
    esac
done
check "cut at every 2 % of its length:$bad" test -z "$bad"
check "10000 variants with flipped bytes" "$top_builddir/tests/flip" "$small" 10000 1
check "2000 variants of another" "$top_builddir/tests/flip" \
    "$data/light/light_squeezenet.onnx" 2000 2

cp "$small" "$tmp/net.pb"
expect 3 "an unknown kind of file" "$NPUSIM" graph "$tmp/net.pb"
check "the kinds are listed" says ".onnx and .prototxt" "$tmp/err"
expect 3 "an input without size" "$NPUSIM" graph "$data/real/yunet_n_dynamic.onnx"
check "the option is named" says "--input-shape input" "$tmp/err"
expect 2 "half an --input-shape" "$NPUSIM" graph "$small" --input-shape Input3
for format in json dot; do
    expect 0 "--format $format" "$NPUSIM" graph -f $format "$small"
    cp "$tmp/out" "$tmp/first"
    "$NPUSIM" graph -f $format "$small" >"$tmp/second"
    check "--format $format is the same every time" cmp "$tmp/first" "$tmp/second"
done
finish
