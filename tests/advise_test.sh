#!/usr/bin/env bash
# npusim advise: every rule is found where it is broken, gains are those of a simulation, and what it
# cannot advise on is refused.
. "$(dirname "$0")/tap.sh"

cd "$tmp" || exit 99
layer() { # name, type, bottoms, parameters
    local bottom text=
    for bottom in $3; do text="$text bottom: \"$bottom\""; done
    echo "layer { name: \"$1\" type: \"$2\" top: \"$1\"$text ${4:-} }"
}
conv() { # name, bottom, parameters
    layer "$1" Convolution "$2" "convolution_param { $3 }"
}
input() { # columns
    echo 'name: "Rules"'
    layer data Input '' "input_param { shape { dim: 1 dim: 3 dim: 64 dim: $1 } }"
}
{
    input 72
    conv stem data 'num_output: 48 kernel_size: 3 pad: 1 stride: 2'
    conv grouped stem 'num_output: 48 kernel_size: 3 pad: 1 group: 8'
    conv dense grouped 'num_output: 100 kernel_size: 4 pad: 2'
    conv dilated dense 'num_output: 64 kernel_size: 3 pad: 2 dilation: 2'
    layer leaky ReLU dilated 'relu_param { negative_slope: 0.1 }'
    conv nopad leaky 'num_output: 30 kernel_size: 3 pad: 0'
    conv far leaky 'num_output: 32 kernel_size: 3 pad: 1 stride: 4'
    conv far6 leaky 'num_output: 6 kernel_size: 3 pad: 1 stride: 4'
    layer sigmoid Sigmoid far
    layer cat Concat 'sigmoid far6' 'concat_param { axis: 1 }'
    layer pool Pooling cat 'pooling_param { pool: MAX kernel_size: 5 pad: 2 stride: 3 }'
    layer poolrelu ReLU pool
    layer near Pooling far 'pooling_param { pool: MAX kernel_size: 3 pad: 1 stride: 1 }'
    layer product Eltwise 'far near' 'eltwise_param { operation: PROD }'
    layer sum Eltwise 'near product' 'eltwise_param { operation: SUM }'
    conv c12 leaky 'num_output: 12 kernel_size: 1'
    echo 'layer { name: "parts" type: "Slice" bottom: "c12" top: "p0" top: "p1"
        slice_param { axis: 1 slice_point: 6 } }'
    conv c0 p0 'num_output: 8 kernel_size: 1'
    conv c1 p1 'num_output: 8 kernel_size: 1'
} >rules.prototxt

expect 0 "advice on a network of broken rules" "$NPUSIM" advise --limit 0 rules.prototxt
cp out text
check "at most 80 columns" awk 'length > 80 { exit 1 }' text
check "100 channels: 96 are faster, 104 cost the same" awk '
    /channels 100 -> 96: -/ { down = 1 } /channels 100 -> 104: same time, 4 % more work/ { up = 1 }
    END { exit !(down && up) }' text
check "group convolution: its neighbours pay as well" grep -q 'HB-ALN-06' text

expect 0 "as JSON" "$NPUSIM" advise --limit 0 --format json rules.prototxt
cp out all.json
found() { grep -A2 "\"id\": \"$1\"" all.json | grep -q "\"layer\": \"$2\""; }
for pair in width:dense stride2:stem out_channels:dense in_channels:stem group:grouped \
    neighbour:dense neighbour:stem kernel:dense stride:far padding:nopad dilation:dilated \
    pool_pad:pool pool_stride:pool concat:cat split:parts add:sum mul:product table:sigmoid \
    prelu:leaky relu:poolrelu; do
    check "${pair%:*} at ${pair#*:}" found "${pair%:*}" "${pair#*:}"
done
found_not() { ! found "$@"; }
for pair in stride2:far kernel:stem padding:dilated padding:stem group:dense stride:stem \
    pool_pad:near; do
    check "no ${pair%:*} at ${pair#*:}" found_not "${pair%:*}" "${pair#*:}"
done
check "best first" sh -c "sed -n 's/^      \"gain_ms\": \([^,]*\),/\1/p' all.json >gains &&
    sort -g -r gains | cmp - gains && test -s gains"
expect 0 "two rows" "$NPUSIM" advise -n 2 -f json rules.prototxt
check "are two" test "$(grep -c '"id"' out)" = 2

# The gain is what a simulation of the mended network gives.  A network of one group, so that the
# change moves no boundary: 3x3 instead of 4x4 with the same result.
kernel() { { input 64; conv a data 'num_output: 64 kernel_size: 1'
    conv b a "num_output: 64 kernel_size: $1 $2"; } >"$3"; }
kernel 4 'pad_h: 2 pad_w: 2' four.prototxt
kernel 3 'pad_h: 1 pad_w: 1' three.prototxt
expect 0 "advice on an even kernel" "$NPUSIM" advise -n 0 -f json four.prototxt
sed -n 's/.*"change": "kernel 4x4 -\\u003e 3x3", "gain_ms": \([^,]*\),.*/\1/p' out >gain
check "64 columns and channels break no other rule" sh -c \
    'test "$(sed -n "s/^ *\"id\": \"\([a-z_]*\)\".*/\1/p" out | sort -u | tr "\n" " ")" = \
    "in_channels kernel width "'
frame() { "$NPUSIM" profile --format json "$1" |
    sed -n 's/^ *"inference_ms": \([^,]*\),.*/\1/p' | head -n 1; }
frame four.prototxt >before
frame three.prototxt >after
check "the gain of the kernel is that of the network with the other kernel" awk '
    { v[FILENAME] = $1 }
    END { real = v["before"] - v["after"]; gain = v["gain"]
          print real, gain
          exit !(gain > 0 && real > 0 && gain / real > 0.85 && gain / real < 1.15) }' gain before after

# Weights that do not stay on chip: a chip with a quarter of the memory.
expect 0 "advice for less on-chip memory" "$NPUSIM" advise -n 0 -f json \
    --set bpu.sram_bytes=262144 "$top_srcdir/examples/networks/resnet50.prototxt"
check "weights are read again" grep -q '"id": "reload"' out
check "with what reading them once gains" grep -q '"change": "weights read [0-9.]* times' out

# A .bin and the network it was made of get the same advice.
cp "$top_srcdir/examples/networks/tiny_classifier.prototxt" net.prototxt
expect 0 "a configuration" "$NPUSIM" init-config -o base.yaml net.prototxt
expect 0 "converted" "$NPUSIM" hb_mapper makertbin -c base.yaml --model-type caffe
expect 0 "advice on a .bin" "$NPUSIM" advise -f json -n 0 model_output/net.bin
check "fc4 has 10 channels" grep -qF 'channels 10 -\u003e 16' out
check "Softmax on the CPU" grep -q '"id": "tail"' out

# Commands of a .bin as text and back.
expect 0 "disasm of a .bin" "$NPUSIM" disasm -o bin.npuasm model_output/net.bin
check "names the chip" grep -qx '.chip x3m' bin.npuasm
check "no command is unknown" sh -c '! grep -q "^raw" bin.npuasm'
expect 0 "asm takes it back" "$NPUSIM" asm -o sections bin.npuasm
if python3 -c '' 2>/dev/null; then
    check "as the bytes of the file" python3 -c '
import glob
model = open("model_output/net.bin", "rb").read()
parts = [open(f, "rb").read() for f in glob.glob("sections/*.bin")]
assert parts and all(p and p in model for p in parts)'
else
    skip "as the bytes of the file" "no python3"
fi
printf '.model x chip=x3m\n' >model.npuasm
expect 4 "a container of this chip is not written by asm" "$NPUSIM" asm model.npuasm
check "and says who does" grep -q 'makertbin' err

# Refusals.
fixture tiny.cvimodel
expect 4 "other chips have other rules" "$NPUSIM" advise tiny.cvimodel
check "by name" grep -q 'bernoulli2' err
expect 3 "no such file" "$NPUSIM" advise none.bin
expect 2 "a limit below 0" "$NPUSIM" advise --limit -1 rules.prototxt

# docs/ADVISE.md lists the rows of the table, in order.
sed -n 's/^A(\([a-z0-9_]*\), "\([^"]*\)".*, "\(.*\)")$/| \1 | \2 | \3 |/p' \
    "$top_srcdir/perf/advise.def" >want
sed -n '/^| [a-z0-9_]* | HB-[A-Z]*-[0-9]* | .* |$/p' "$top_srcdir/docs/ADVISE.md" >have
check "the table is not empty" test "$(wc -l <want)" -ge 20
check "docs/ADVISE.md lists perf/advise.def" diff want have
finish
