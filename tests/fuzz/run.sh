#!/usr/bin/env bash
# run.sh SECONDS TARGET...: fuzzes each target for SECONDS from a corpus made of the in-tree
# fixtures.  For a build with --enable-fuzzing.  Findings stay in the current folder.
. "$(dirname "$0")/../tap.sh"
seconds=$1
shift
mkdir "$tmp/yaml" "$tmp/models" "$tmp/texts" "$tmp/chips" "$tmp/bins" "$tmp/onnx" "$tmp/prototxt" \
    "$tmp/caffemodel"
for text in "$top_srcdir"/examples/*.npuasm "$top_srcdir"/tests/fixtures/*.npuasm; do
    name=${text##*/}
    cp "$text" "$tmp/texts"
    # A fixture may be wrong on purpose.
    "$NPUSIM" asm -o "$tmp/models/${name%.npuasm}" "$text" 2>/dev/null || echo "# no corpus: $name"
done
find "$tmp/models" -mindepth 1 -type d -exec rm -r {} + # bare sections, not models
for name in examples/tiny_cv181x tests/fixtures/classifier tests/fixtures/tpu_cpu_tpu; do
    tests/unit/make_bin "$top_srcdir/$name.npuasm" "$tmp/bins/${name##*/}.bin"
done
"$NPUSIM" hb_pack -o "$tmp/bins/packed.bin" "$tmp"/bins/*.bin >/dev/null
cp "$top_srcdir"/models/chips/*.json "$top_srcdir"/examples/ci/budget.json "$tmp/chips"
"$NPUSIM" profile --format json -o "$tmp/chips/profile.json" "$tmp/models/tiny_cv181x"
"$NPUSIM" graph --to-onnx "$tmp/onnx/small.onnx" "$top_srcdir/tests/fixtures/small.prototxt" >"$tmp/text"
cp "$top_srcdir"/tests/fixtures/*.prototxt "$tmp/prototxt"
# Layer "c" with blobs of 3x2x1x1 and 3 zeros.
{
    printf '\xa2\x06\x3c\x0a\x01c\x3a\x22\x3a\x06\x0a\x04\x03\x02\x01\x01\x2a\x18'
    head -c 24 /dev/zero
    printf '\x3a\x13\x3a\x03\x0a\x01\x03\x2a\x0c'
    head -c 12 /dev/zero
} >"$tmp/caffemodel/c"
cp "$top_srcdir"/tests/fixtures/*.yaml "$top_srcdir"/examples/*.yaml "$tmp/yaml"
for target; do
    case ${target##*/} in
    *yaml*) corpus=$tmp/yaml ;;
    *_bin) corpus=$tmp/bins ;;
    *asm* | *text*) corpus=$tmp/texts ;;
    *onnx*) corpus=$tmp/onnx ;;
    *prototxt*) corpus=$tmp/prototxt ;;
    *caffemodel*) corpus=$tmp/caffemodel ;;
    *chip* | *json*) corpus=$tmp/chips ;;
    *) corpus=$tmp/models ;;
    esac
    echo "# ${target##*/}: $(find "$corpus" -type f | wc -l) files to start from"
    check "${target##*/}: $seconds s without a finding" \
        "./$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
        -print_final_stats=1 "$corpus"
    grep -E 'number_of_executed_units|peak_rss_mb' "$tmp/log" | note
done
finish
[ "$failures" -eq 0 ]
