#!/usr/bin/env bash
# The paths of "./bootstrap run": an in-tree network from layers to a report, and a model from
# assembler text to a report, each twice the same bytes.
. "$(dirname "$0")/tap.sh"

cd "$tmp" || exit 99

# reports NAME MODEL: hb_perf twice; what it writes for every model.
reports() {
    local name=$1 model=$2 run file
    for run in one two; do
        expect 0 "$name: hb_perf, run $run" "$NPUSIM" hb_perf -o "$tmp/$run" "$model"
    done
    check "$name: the summary begins with a latency" grep -q '^latency  *[0-9.]* ms' "$tmp/out"
    check "$name: two runs write the same bytes" diff -r "$tmp/one/$name" "$tmp/two/$name"
    for file in "$name.html" "$name.json" trace.json layers.csv "$name"; do
        check "$name: $file is written" test -s "$tmp/one/$name/$file"
    done
    check "$name: no report names a folder of this machine" \
        bash -c '! grep -rlF "$1" "$2"' - "$tmp" "$tmp/one/$name"
    if command -v dot >/dev/null; then
        check "$name: the picture of the graph is written" test -s "$tmp/one/$name/$name.png"
    else
        skip "$name: the picture of the graph is written" "no dot"
    fi
    if command -v xmllint >/dev/null; then
        check "$name: the page parses" xmllint --html --noout "$tmp/one/$name/$name.html"
    else
        skip "$name: the page parses" "no xmllint"
    fi
}

net=$top_srcdir/examples/networks/mobilenet_v1.prototxt
cp "$net" mobilenet_v1.prototxt
expect 0 "MobileNetV1 converts" "$NPUSIM" hb_mapper makertbin --quiet --fast-perf \
    --model-type caffe --proto mobilenet_v1.prototxt
check "quietly" test ! -s "$tmp/out"
check "the log is kept" grep -q 'End Model Convert' hb_mapper_makertbin.log
reports mobilenet_v1 model_output/mobilenet_v1.bin
check "its convolutions are on the NPU" test "$(grep -c ' BPU .*HzSQuantizedConv' \
    hb_mapper_makertbin.log)" -ge 28

expect 0 "the example assembles" fixture "$tmp/tiny.cvimodel"
expect 0 "and profiles" "$NPUSIM" profile "$tmp/tiny.cvimodel"
check "the profile has a latency" grep -qi latency "$tmp/out"
reports tiny "$tmp/tiny.cvimodel"

# The script itself is in order, and what it prints of a summary is there.
check "bootstrap parses" bash -n "$top_srcdir/bootstrap"
expect 0 "bootstrap --help" "$top_srcdir/bootstrap" --help
expect 2 "bootstrap without such a word" "$top_srcdir/bootstrap" walk
finish
