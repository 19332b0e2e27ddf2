#!/usr/bin/env bash
# hb_mapper checker: flags, log, node table, messages (requirements HB-CHK-01 to 12).
. "$(dirname "$0")/tap.sh"

cd "$tmp" || exit 99
[ -x "$NPUSIM" ] || exit 99
ln -s "$NPUSIM" hb_mapper
tool=$tmp/hb_mapper

input='layer { name: "data" type: "Input" top: "data"
  input_param { shape: { dim: 1 dim: 3 dim: 224 dim: 224 } } }'
conv() { # name, bottom, kernel, pad
    cat <<TEXT
layer { name: "$1" type: "Convolution" bottom: "$2" top: "$1"
  convolution_param { num_output: 128 bias_term: false pad: $4 kernel_size: $3 group: 1 stride: 1
    weight_filler { type: "msra" } } }
TEXT
}
{ echo "$input"; conv Convolution1 data 1 0; conv Convolution2 Convolution1 9 4
  conv Convolution3 Convolution2 3 1; } >kernel.prototxt
{ echo "$input"; conv Convolution1 data 1 0
  echo 'layer { name: "accuracy" type: "Accuracy" bottom: "Convolution1" top: "accuracy" }'
} >accuracy.prototxt
{ echo "$input"; conv conv1 data 3 1
  echo 'layer { name: "relu" type: "ReLU" bottom: "conv1" top: "conv1" }'; } >tail.prototxt

check_caffe() { "$tool" checker --model-type caffe --march bernoulli2 "$@"; }

# A broken limit: explained, and no failure (HB-CHK-07 to 09, 12).
expect 0 "a kernel of 9x9 is no failure" check_caffe --proto kernel.prototxt
grep -A1 'Layer Convolution2$' out >found
check "the layer is named" grep -q 'WARNING Layer Convolution2$' found
check "the limit is in the vendor's words" grep -qxF "        Expected data shape range of Kernel\
 shape is [[1, 2048],[1, 7],[1, 7],[1, 2048]], but the data shape is [128,9,9,128]" found
cat >table <<'TEXT'
===============================================
Node          ON   Subgraph  Type
-----------------------------------------------
Convolution1  BPU  id(0)     HzSQuantizedConv
Convolution2  CPU  --        Conv
Convolution3  BPU  id(1)     HzSQuantizedConv
TEXT
sed -n '/^=/,/Convolution3/p' out >found
check "the table is the vendor's" diff table found
sed -n '/^=/,/Convolution3/p' hb_mapper_checker.log >found
check "the log file has the same table" diff table found
check "no ERROR is a pass" sh -c '! grep -q ERROR out hb_mapper_checker.log'

# The forms of log lines.
stamp='^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2},[0-9]{3}'
check "console lines have a level" grep -qE "$stamp INFO Start hb_mapper\.\.\.\.$" out
check "file lines have their place" grep -qE \
    "$stamp file: [a-z_]+\.c func: [a-z_]+ line No: [0-9]+ Start hb_mapper\.\.\.\.$" \
    hb_mapper_checker.log
check "the last line" sh -c 'tail -n 1 out | grep -q "INFO End model checking\.\.\.\.$"'
check "side files" test -s .hb_check/original_float_model.onnx -a \
    -s .hb_check/checker_hybrid_horizonrt.bin -a \
    -s .hb_check/optimized_float_model.onnx -a -s .hb_check/quantized_model.onnx

# An unknown layer (HB-CHK-06).
expect 4 "an unknown layer is refused" check_caffe --proto accuracy.prototxt
check "in the vendor's words" grep -q \
    'ValueError: Not support layer name=accuracy type=Accuracy$' hb_mapper_checker.log err
check "as an ERROR on standard error" grep -qE "$stamp ERROR ValueError: Not support" err

# --output (HB-CHK-05), order of flags, both dialects (HB-CHK-01).
expect 0 "--output writes a copy" "$tool" checker --output=copy.log --proto=kernel.prototxt \
    --march=bernoulli2 -model_type caffe
check "the copy is the log" cmp copy.log hb_mapper_checker.log

# Reasons (HB-CHK-10).
expect 0 "JSON" check_caffe --proto kernel.prototxt --json
check "JSON has the rule" grep -q \
    '"node": "Convolution2", "on": "CPU".*"reason": "constraint", "rule": "HB-OP-01"' out
check "JSON is JSON" sh -c 'command -v python3 >/dev/null || exit 0
    python3 -c "import json,sys; d = json.load(sys.stdin)
assert all(n[\"on\"] == \"BPU\" or n[\"reason\"] and n[\"message\"] for n in d[\"nodes\"])
assert d[\"subgraphs\"] == 2 and d[\"warnings\"] == 1" <out'
expect 0 "a ReLU at the end" check_caffe --proto tail.prototxt --json
check "is the CPU's, for int32" grep -q '"node": "relu", "on": "CPU".*"reason": "int32-tail"' out

# --input-shape (HB-CHK-04).
expect 0 "--input-shape wins over the model" check_caffe --proto kernel.prototxt \
    --input-shape data 1x3x192x192
check "and the difference is a warning" grep -q \
    'WARNING for input "data", user input_shape:\[1x3x192x192\] is not same with model' out
check "shapes follow it" grep -q 'Input name: .*1x3x192x192' out
expect 0 "--input_shape is the same" check_caffe --proto kernel.prototxt --input_shape data \
    1x3x64x64
expect 3 "an unknown input is bad input" check_caffe --proto kernel.prototxt --input-shape foo 1x3
check "and the inputs are listed" grep -q "'foo'.*data" hb_mapper_checker.log

# Wrong use (HB-CHK-01 to 03).
expect 2 "an unknown model type" "$tool" checker --model-type tensorflow --model x
check "lists those there are" grep -q 'caffe, onnx' err
expect 2 "an unknown march" "$tool" checker --model-type onnx --march foo --model x
check "lists those there are" grep -q 'bernoulli2, cv181x' err
expect 2 "Caffe needs a prototxt" "$tool" checker --model-type caffe --model x.caffemodel
expect 2 "an unknown flag" "$tool" checker --model-type onnx --frobnicate
check "is named" grep -q frobnicate err
expect 2 "a command is missing" "$tool"
expect 2 "an unknown command" "$tool" chekcer
check "has a near one" grep -q 'did you mean checker' err
expect 0 "help" "$tool" --help
expect 4 "infer is refused" "$tool" infer
expect 3 "a missing file is bad input" "$tool" checker --model-type onnx --model none.onnx
check "and named" grep -q 'none.onnx' hb_mapper_checker.log

# ONNX: the exported network is read again; opsets (HB-CHK-11).
"$NPUSIM" graph --to-onnx net.onnx kernel.prototxt >/dev/null
expect 0 "ONNX" "$tool" checker --model-type onnx --march bernoulli2 --model net.onnx \
    --proto kernel.prototxt
check "--proto is ignored with a warning" grep -q 'WARNING --proto' out
check "the same units" sh -c 'grep -c "id(1) .*HzSQuantizedConv" out | grep -qx 1'
if [ -d "$NPUSIM_DATA/onnx/real" ]; then
    model=$NPUSIM_DATA/onnx/real/ultraface_RFB320_simplified.onnx
    expect 0 "opset 9" "$tool" checker --model-type onnx --model "$model"
    check "is warned of" grep -q 'WARNING opset 9' out
    expect 4 "--strict-opset refuses it" "$tool" checker --model-type onnx --strict-opset \
        --model "$model"
    for model in "$NPUSIM_DATA"/onnx/real/*.onnx "$NPUSIM_DATA"/onnx/qdq/*.onnx; do
        case $model in
        *horizon_mobilenet_unet*) shapes=(--input-shape input_1:0 1x256x512x3) ;;
        *ppocrv[23]_det*) shapes=(--input-shape x 1x3x640x640) ;;
        *yunet_n_dynamic*) shapes=(--input-shape input 1x3x320x320) ;;
        *) shapes=() ;;
        esac
        expect 0 "${model##*/}" "$tool" checker --model-type onnx --model "$model" \
            "${shapes[@]}" --json
    done
    for model in "$NPUSIM_DATA"/caffe/real/*.prototxt; do
        expect 0 "${model##*/}" check_caffe --proto "$model" --json
    done
else
    skip "real networks" "no NPUSIM_DATA"
fi
# The type says how a file is read, not its name.
expect 3 "a prototxt is no ONNX file" "$NPUSIM" hb_mapper checker --model-type onnx --march bernoulli2 \
    --model "$top_srcdir/examples/networks/tiny_classifier.prototxt"

finish
