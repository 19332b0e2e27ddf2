#!/usr/bin/env bash
# Every fuzz target runs over its corpus, whole and cut, without a fuzzer.
. "$(dirname "$0")/tap.sh"

for text in "$top_srcdir"/examples/*.npuasm "$top_srcdir"/tests/fixtures/*.npuasm; do
    name=${text##*/}
    "$NPUSIM" asm -o "$tmp/${name%.npuasm}.model" "$text" 2>/dev/null
done
for model in "$tmp"/*.model; do
    [ -f "$model" ] || { rm -r "$model"; continue; } # bare sections, not a model
    bytes=$(wc -c <"$model")
    for part in 1 2 3 4 5 6 7; do
        head -c $((bytes * part / 8)) "$model" >"$model.$part"
    done
done
"$NPUSIM" profile --format json -o "$tmp/profile.json" "$tmp/tiny_cv181x.model"
cp "$top_srcdir/examples/ci/budget.json" "$tmp/budget.json"
for part in 1 2 3 4 5 6 7; do
    head -c $(($(wc -c <"$tmp/profile.json") * part / 8)) "$tmp/profile.json" >"$tmp/profile.json.$part"
    head -c $(($(wc -c <"$tmp/budget.json") * part / 8)) "$tmp/budget.json" >"$tmp/budget.json.$part"
done
"$top_builddir/tests/unit/caffe_try" net "$tmp/net.prototxt"
"$top_builddir/tests/unit/caffe_try" model "$tmp/net.caffemodel"
for part in 1 2 3 4 5 6 7; do
    for file in "$tmp/net.prototxt" "$tmp/net.caffemodel"; do
        head -c $(($(wc -c <"$file") * part / 8)) "$file" >"$file.$part"
    done
done
"$NPUSIM" graph --to-onnx "$tmp/net.onnx" "$top_srcdir/tests/fixtures/small.prototxt" >"$tmp/text"
for part in 1 2 3 4 5 6 7; do
    head -c $(($(wc -c <"$tmp/net.onnx") * part / 8)) "$tmp/net.onnx" >"$tmp/net.onnx.$part"
done
check "there is an ONNX network" test -s "$tmp/net.onnx"
cp "$top_srcdir"/tests/fixtures/*.yaml "$top_srcdir"/examples/*.yaml "$tmp"
for part in 1 2 3 4 5 6 7; do
    head -c $(($(wc -c <"$tmp/every_key.yaml") * part / 8)) "$tmp/every_key.yaml" \
        >"$tmp/every_key.yaml.$part"
done
check "there is a corpus" test -s "$tmp/tiny_cv181x.model"
for target in "$top_builddir"/tests/fuzz/fuzz_*; do
    case $target in
    *.o) ;;
    *fuzz_onnx*) check "${target##*/}" "$target" "$tmp"/net.onnx* ;;
    *fuzz_yaml*) check "${target##*/}" "$target" "$tmp"/*.yaml* ;;
    *fuzz_json*) check "${target##*/}" "$target" "$tmp"/*.json* ;;
    *fuzz_prototxt*) check "${target##*/}" "$target" "$tmp"/*.prototxt* ;;
    *fuzz_caffemodel*) check "${target##*/}" "$target" "$tmp"/*.caffemodel* ;;
    *) check "${target##*/}" "$target" "$tmp"/*.model* ;;
    esac
done
finish
