#!/usr/bin/env bash
# hb_mapper makertbin: configurations good and bad, the files and the log of a conversion.
. "$(dirname "$0")/tap.sh"

has() { grep -qF -e "$1" "$2" || { cat "$2"; false; }; }
hasnt() { ! has "$1" "$2" >/dev/null || { grep -nF -e "$1" "$2"; false; }; }
makertbin() { "$NPUSIM" hb_mapper makertbin "$@"; }
cd "$tmp" || exit 99
# A map of at most 7 x 7 before the fully connected layer, so that all is one sub-graph.
sed '/name: "conv4"/,+1s/pad: 1/pad: 1 stride: 2/' \
    "$top_srcdir/examples/networks/cifar_cnn.prototxt" >net.prototxt

# --- the template converts -----------------------------------------------------------------------
expect 0 "init-config prints a configuration" "$NPUSIM" init-config -o base.yaml net.prototxt
expect 0 "which converts" makertbin -c base.yaml --model-type caffe
tail -n 2 out | cut -d' ' -f3- >last
printf 'INFO Convert to runtime bin file successfully!\nINFO End Model Convert\n' >want
check "the last two lines say so" diff want last
for suffix in _original_float_model.onnx _optimized_float_model.onnx _quantized_model.onnx .bin; do
    check "net$suffix is there" test -s "model_output/net$suffix"
done
stages() {
    grep -oE 'Dump config:|(Start|End) to (parse|prepare|optimize|calibrate|quantize|compile)|'\
'Saving model|Compile submodel|consumed time|FPS=|The converted model node|Convert to runtime' out
}
stages >got
cat >want <<'END'
Dump config:
Start to parse
Start to prepare
Saving model
End to prepare
Start to optimize
Saving model
End to optimize
Start to calibrate
End to calibrate
Start to quantize
Saving model
End to quantize
Start to compile
Compile submodel
END
check "the stages come in the vendor's order" diff want <(head -n 15 got)
check "an estimate per sub-graph" test "$(grep -cE \
    'FPS=[0-9.]+, latency = [0-9]+\.[0-9] us, DDR = [0-9]+ bytes   \(see .*_subgraph_[0-9]+\.html\)' \
    out)" = "$(grep -c 'Compile submodel' out)"
for page in $(sed -n 's/.*(see \(.*\))$/\1/p' out); do
    check "$page and its data are there" test -s "model_output/$page" -a \
        -s "model_output/${page%.html}.json"
done
check "every line of the log has its stamp or is a table's" grep -qE \
    '^[0-9]{4}(-[0-9]{2}){2} [0-9:]{8},[0-9]{3} file: .* func: .* line No: [0-9]+ End Model Convert$' \
    hb_mapper_makertbin.log
check "the input of the bin is nv12 from the pyramid" has "'data': 'pyramid'" out
check "the .bin is simulated like any model" "$NPUSIM" profile model_output/net.bin
check "the .bin says that its thresholds are made up" sh -c \
    '"$1" hb_model_info model_output/net.bin | grep -q "thresholds  *: synthetic"' - "$NPUSIM"

graph() { "$NPUSIM" graph "model_output/$1" >graph.txt && cat graph.txt; }
check "original: float input, the preprocessing in it" sh -c \
    '"$1" graph model_output/net_original_float_model.onnx >g && grep -q "data float32 1x3x32x32" g &&
     grep -q HZ_PREPROCESS_FOR_data g' - "$NPUSIM"
check "quantised: int8 NHWC input" sh -c \
    '"$1" graph model_output/net_quantized_model.onnx >g && grep -q "data int8 1x32x32x3" g &&
     grep -q "QuantizeLinear" g' - "$NPUSIM"
cp -r model_output first
expect 0 "the same again" makertbin -c base.yaml --model-type caffe
check "gives the same bytes in every file" diff -r first model_output
if python3 -c 'import onnx' 2>/dev/null; then
    for file in model_output/*.onnx; do
        check "onnx.checker accepts ${file##*/}" python3 -c \
            'import onnx,sys; onnx.checker.check_model(onnx.load(sys.argv[1]))' "$file"
    done
else
    skip "onnx.checker accepts the files" "no Python package onnx"
fi

# --- an ONNX network, variants of the configuration ----------------------------------------------
"$NPUSIM" graph --to-onnx plain.onnx net.prototxt >/dev/null
expect 0 "init-config of an ONNX network" "$NPUSIM" init-config -o onnx.yaml plain.onnx
# with KEY=VALUE...: onnx.yaml with keys of other values into test.yaml; KEY=- leaves one out,
# GROUP/KEY=VALUE adds one.
with() {
    cp onnx.yaml test.yaml
    local set key value
    for set; do
        key=${set%%=*} value=${set#*=}
        case $key in
        */*) sed -i "s|^${key%%/*}:|&\n  ${key#*/}: $value|" test.yaml ;;
        *) if [ "$value" = - ]; then sed -i "/^  $key:/d" test.yaml
            else sed -i "s|^  $key:.*|  $key: $value|" test.yaml; fi ;;
        esac
    done
}
converts() {
    local what=$1
    shift
    with "$@"
    expect 0 "$what" makertbin -c test.yaml --model-type onnx
}
# refused STATUS MESSAGE KEY=VALUE...
refused() {
    local status=$1 message=$2
    shift 2
    with "$@"
    expect "$status" "refused: $*" makertbin -c test.yaml --model-type onnx &&
        check "with '$message'" has "$message" err
}
converts "featuremap" input_type_rt=featuremap input_type_train=featuremap norm_type=no_preprocess
check "a feature map stays float" sh -c \
    '"$1" graph model_output/plain_quantized_model.onnx | grep -q "data float32 1x3x32x32"' - "$NPUSIM"
converts "O0, bandwidth, two cores, debug" optimize_level=O0 compile_mode=bandwidth core_num=2 \
    debug=True
converts "bgr for bgr without preprocessing" input_type_rt=bgr input_type_train=bgr \
    norm_type=no_preprocess
check "has no preprocessing node" hasnt HZ_PREPROCESS out
converts "as it is"
cp model_output/plain_quantized_model.onnx one.onnx
us() { sed -n 's/.*latency = \([0-9]*\).*/\1/p' out | head -n 1; }
single=$(us)
converts "input_batch 4" input_parameters/input_batch=4
check "takes longer" test "$(us)" -gt "$single"
check "the ONNX files do not change with input_batch" cmp one.onnx \
    model_output/plain_quantized_model.onnx
converts "a limit per function call" compiler_parameters/max_time_per_fc=500
check "its unit is said" has "'500' is understood as 500 us per function call" out
check "and that it is small" has "WARNING max_time_per_fc: 500 us is below" out
converts "the warn level" log_level=warn
check "leaves warnings only" hasnt " INFO " out
check "also in the log" sh -c '! grep -q "End Model Convert" hb_mapper_makertbin.log &&
    grep -q "calibration_type is skip" hb_mapper_makertbin.log'

converts "remove_node_type" "model_parameters/remove_node_type=Reshape;Dequantize"
check "takes them off the edges" hasnt " CPU " out
check "and says so" has "Node 'fc1_Reshape' is removed" out
check "in the .bin as well" sh -c '"$1" hb_model_info model_output/plain.bin |
    grep -q "deleted nodes: fc1_Reshape"' - "$NPUSIM"
converts "remove_node_name" model_parameters/remove_node_name=fc1_Reshape
refused 4 "'conv1' (HzSQuantizedConv) is not at an edge" model_parameters/remove_node_name=conv1
refused 3 "fc1_Reshape" model_parameters/remove_node_name=fc1_Reshap

mkdir samples
for i in 1 2 3; do head -c 3072 /dev/zero >samples/$i.rgb; done
for type in default kl max mix; do
    converts "calibration_type $type with samples" calibration_type=$type \
        calibration_parameters/cal_data_dir=samples
    check "is warned about" has "calibration_type is $type: thresholds are not computed" out
done
mv samples samples_f32
refused 3 "1.rgb has 3072 bytes, expected 12288" calibration_type=kl \
    calibration_parameters/cal_data_dir=samples_f32
mkdir none
refused 3 "'none' holds no file" calibration_type=kl calibration_parameters/cal_data_dir=none
refused 3 "the model has none" calibration_type=load
refused 4 "convert them to raw" calibration_type=kl calibration_parameters/preprocess_on=True \
    calibration_parameters/cal_data_dir=samples_f32

# --- refusals ------------------------------------------------------------------------------------
printf 'model_parameters:\n  output_model_file_prefix: a\n' >caffe.yaml
sed -n '/^input_parameters/,$p' onnx.yaml >>caffe.yaml
sed -i "s/'skip'/max/" caffe.yaml
expect 3 "caffe without its files" makertbin -c caffe.yaml --model-type caffe
cut -d' ' -f3- err >got
cat >want <<'END'
ERROR Key 'model_parameters' error:
ERROR Missing keys: 'caffe_model', 'prototxt'
ERROR yaml file parse failed. Please double check your input
ERROR exception in command: makertbin
END
check "in the vendor's words" diff want got
check "each with its stamp" test "$(grep -cE \
    '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2},[0-9]{3} ERROR ' err)" = 4
for group in model input calibration compiler; do
    sed "/^${group}_parameters/,/^$/d" onnx.yaml >test.yaml
    expect 3 "without ${group}_parameters" makertbin -c test.yaml --model-type onnx &&
        check "the group is named" has "Missing key: '${group}_parameters'" err
done
refused 3 "did you mean 'working_dir'?" model_parameters/workin_dir=x
refused 3 "expected 1 value, got 2" "norm_type='data_mean;data_scale'"
refused 3 "cannot feed a model trained with gray" input_type_train=gray
refused 3 "no input 'dat' in the model; did you mean 'data'?" input_name=dat
refused 3 "0 is outside 1..128" input_parameters/input_batch=0
refused 3 "129 is outside 1..128" input_parameters/input_batch=129
refused 3 "2 numbers for input 'data', expected 1 or 3" "mean_value='1 2'"
refused 3 "even height and width, found 31x32" input_shape=1x3x31x32
{ cat onnx.yaml && printf 'custom_op:\n  custom_op_method: register\n  op_register_files: a.py\n' &&
    echo '  custom_op_dir: /x'; } >test.yaml
expect 3 "an absolute custom_op_dir" makertbin -c test.yaml --model-type onnx
check "is named" has "custom_op_dir: '/x' is absolute" err
refused 4 "allowed: bernoulli2" march=bayes-e
refused 3 "no_such.onnx" onnx_model=no_such.onnx
expect 3 "no such configuration" makertbin -c no_such.yaml --model-type onnx
expect 2 "no configuration" makertbin --model-type onnx
expect 2 "no type" makertbin -c onnx.yaml
expect 2 "a chip of another march" makertbin -c onnx.yaml --model-type onnx --chip cv181x
expect 2 "--fast-perf without a model" makertbin --fast-perf --model-type onnx

# --- a failed run leaves the earlier result ------------------------------------------------------
converts "before a failure"
rm -rf first && cp -r model_output first
refused 3 "no_such_node" calibration_parameters/run_on_cpu=no_such_node
check "the earlier files are untouched" diff -r first model_output

# --- fast perf -----------------------------------------------------------------------------------
expect 0 "--fast-perf" makertbin --fast-perf --model plain.onnx --model-type onnx --march bernoulli2 \
    --chip x3e -o fast
check "writes plain.bin" test -s fast/plain.bin
check "for the chip asked for" sh -c '"$1" profile fast/plain.bin | grep -q x3e' - "$NPUSIM"
sed '/conv4\/relu/,$d' net.prototxt >convs.prototxt # ends in a convolution
"$NPUSIM" init-config -o convs.yaml convs.prototxt
expect 0 "convolutions alone, configured" makertbin -c convs.yaml --model-type caffe
check "end in a dequantise node" grep -q " CPU .* Dequantize " out
expect 0 "the same with --fast-perf" makertbin --fast-perf --model-type caffe --proto convs.prototxt
check "have no node on the CPU" hasnt " CPU " out
# Open dimensions: asked for, then taken from the command line.
open=$NPUSIM_DATA/onnx/real/yunet_n_dynamic.onnx
if [ -e "$open" ]; then
    expect 3 "a network with open rows and columns" "$NPUSIM" hb_mapper makertbin --fast-perf \
        --model-type onnx --model "$open" -o "$tmp/open"
    check "... says which input" grep -q "give --input-shape input" "$tmp/err"
    expect 0 "... given them" "$NPUSIM" hb_mapper makertbin --fast-perf --model-type onnx \
        --model "$open" --input-shape input 1x3x320x320 -o "$tmp/open"
else
    skip "a network with open rows and columns" "not in NPUSIM_DATA"
fi

finish
