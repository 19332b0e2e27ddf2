#!/usr/bin/env bash
# .bin files: damage, packing, hb_model_info, hb_model_modifier, hb_perf, hrt_model_exec.
. "$(dirname "$0")/tap.sh"

make_bin() { "$top_builddir/tests/unit/make_bin" "$top_srcdir/$1" "${@:2}"; }
npusim() { "$NPUSIM" "$@"; }
has() { grep -qF -e "$1" "$2" || { cat "$2"; false; }; }
hasnt() { ! has "$1" "$2" >/dev/null || { grep -nF -e "$1" "$2"; false; }; }
is() { printf '%s\n' "${@:2}" | diff - "$1"; }
cd "$tmp" || exit 99

check "a .bin of a small network" make_bin tests/fixtures/classifier.npuasm classifier.bin
check "one compiled with debug" make_bin examples/tiny_cv181x.npuasm tiny.bin debug
check "one with two NPU sub-graphs" make_bin tests/fixtures/tpu_cpu_tpu.npuasm two.bin

# --- the same profile as from the other container ---------------------------------------------
npusim asm -o tiny.cvimodel "$top_srcdir/examples/tiny_cv181x.npuasm"
for file in tiny.cvimodel tiny.bin; do
    npusim profile --format json -o "$file.json" "$file"
done
# Of the whole model; the layers of the .bin are made up.
numbers() {
    grep -m 4 -oE '"(latency|inference|tiu|tdma)_ms": [0-9.e-]+' "$1"
    grep -m 1 -oE '"macs": [0-9]+' "$1"
}
numbers tiny.cvimodel.json >want
numbers tiny.bin.json >got
check "the two profiles hold numbers" test "$(wc -l <want)" = 5
check "a .cvimodel and the .bin made of it have the same times and MACs" cmp want got

# --- packing ----------------------------------------------------------------------------------
expect 0 "hb_pack" npusim hb_pack -o both.bin classifier.bin tiny.bin
expect 0 "hb_pack -x" npusim hb_pack -x models both.bin
check "the first comes out as it went in" cmp models/classifier.bin classifier.bin
check "the second as well" cmp models/tiny_cv181x.bin tiny.bin
expect 0 "one file is enough" npusim hb_pack -o one.bin tiny.bin
expect 2 "hb_pack without -o" npusim hb_pack tiny.bin
expect 3 "a packed file is not packed again" npusim hb_pack -o no.bin tiny.bin both.bin
check "with the vendor's words" is err "ERROR exception in command: pack" \
    "ERROR model: both.bin is a packed model, it can not be packed again!"
expect 3 "two models of one name" npusim hb_pack -o no.bin tiny.bin tiny.bin
check "the name is told" has "tiny_cv181x" err
expect 3 "a .cvimodel is not packed" npusim hb_pack -o no.bin tiny.cvimodel
check "nothing was written" test ! -e no.bin

# --- damage -----------------------------------------------------------------------------------
cut_at_every_percent() {
    local bytes percent got
    bytes=$(wc -c <"$1")
    for percent in $(seq 0 99); do
        head -c $((bytes * percent / 100)) "$1" >cut.bin
        got=0
        npusim profile cut.bin >out 2>err </dev/null || got=$?
        [ "$got" = 3 ] && grep -qF cut.bin err || { echo "$percent %: exit $got"; cat err; return 1; }
    done
}
for file in tiny both; do
    check "$file.bin, cut at every 1 %, is refused" cut_at_every_percent "$file.bin"
    check "10000 variants of $file.bin with flipped bytes" \
        "$top_builddir/tests/flip" "$file.bin" 10000 1
done

# --- hb_model_info ----------------------------------------------------------------------------
expect 0 "hb_model_info" npusim hb_model_info classifier.bin
for line in "############# model deps info #############" "hb_mapper version   : 1.4.4" \
    "hbdk runtime version: 3.13.22" "############# model_parameters info #############" \
    "onnx_model          : net.onnx" "BPU march           : bernoulli2" \
    "layer_out_dump      : False" "working dir         : out" \
    "############# input_parameters info #############" "input_name          : image" \
    "input_space&range   : regular" "mean_value          : 1 2 3" \
    "############# calibration_parameters info #############" \
    "############# compiler_parameters info #############" \
    "hbdk_pass_through_params: --fast --O3" \
    "input-source        : {'image': 'ddr', '_default_value': 'ddr'}" \
    "--------- input/output types -------------------" \
    "model input types   : [<InputDataType.F32: 5>]"; do
    check "hb_model_info prints: $line" grep -qxF -e "$line" out
done
check "no node was removed" hasnt "deleted nodes" out
check "so there is no file of them" test ! -e deleted_nodes_info.txt
expect 3 "a packed file needs -p or -m" npusim hb_model_info both.bin
check "its models are listed" has "classifier, tiny_cv181x" err
expect 0 "hb_model_info -p" npusim hb_model_info -p both.bin
check "prints both" test "$(grep -c 'model deps' out)" = 2
expect 0 "hb_model_info -m" npusim hb_model_info -m tiny_cv181x both.bin
expect 3 "hb_model_info -m of no model" npusim hb_model_info -m nobody both.bin
check "its models are listed" has "classifier, tiny_cv181x" err
expect 3 "hb_model_info of a .cvimodel" npusim hb_model_info tiny.cvimodel

# --- hb_model_modifier ------------------------------------------------------------------------
modifier() { npusim hb_model_modifier "$@"; }
expect 0 "hb_model_modifier lists" modifier classifier.bin
check "what can be deleted" is out "Nodes that can be deleted: ['image_q_HzQuant','prob']"
check "the log has the blocks" has 'op_type: "Softmax"' hb_model_modifier.log
expect 0 "remove the softmax" modifier -r prob classifier.bin
check "it is told" has "Node 'prob' found, its OP type is 'Softmax'" out
check "and where the model is" has "modified model saved as classifier_modified.bin" out
expect 0 "hb_model_info of the result" npusim hb_model_info classifier_modified.bin
check "names the node" grep -qx "deleted nodes: prob" out
expect 0 "then the dequantise" modifier -r head_f_HzQuant -o int8.bin classifier_modified.bin
check "with its scales" has "scale: [0.05, 0.125]; zero point: 0" out
expect 0 "hb_model_info of that" npusim hb_model_info int8.bin
check "names both" test "$(grep -c '^deleted nodes:' out)" = 2
check "and the new output type" grep -qxF "model output types  : [<InputDataType.S8>]" out
check "the scales are in the file" grep -qxF "scale               : [0.05, 0.125]" \
    deleted_nodes_info.txt
expect 0 "a profile before" npusim profile -o before.txt classifier.bin
expect 0 "a profile after" npusim profile -o after.txt int8.bin
cpu_ms() { sed -n 's/.*CPU \([0-9.]*\) ms (estimated).*/\1/p' "$1"; }
check "less CPU time" awk "BEGIN { exit !($(cpu_ms after.txt) < $(cpu_ms before.txt)) }"
expect 0 "hrt_model_exec model_info" npusim hrt_model_exec model_info --model_file int8.bin
check "shows the new output" grep -qx "name: head" out
expect 0 "all of a type, in order" modifier -a Softmax -a Dequantize -a Quantize classifier.bin
expect 0 "nothing is left to delete" modifier classifier_modified.bin
check "the list is empty" is out "Nodes that can be deleted: []"
expect 4 "an NPU node" modifier -r conv_head classifier.bin
expect 4 "a CPU node that is not at the edge" modifier -r head_f_HzQuant classifier.bin
expect 4 "a CPU node in the middle" modifier -r resized two.bin
expect 3 "no such node" modifier -r Prob classifier.bin
check "the nearest is offered" has "did you mean 'prob'?" err
expect 3 "no such type" modifier -a Transpose classifier.bin
expect 2 "two nodes in one call" modifier -r prob -r image_q_HzQuant classifier.bin
expect 3 "a packed file" modifier -r prob both.bin
check "with the vendor's words" is err "ERROR pack model is not supported"

# --- hb_perf ----------------------------------------------------------------------------------
expect 0 "hb_perf" npusim hb_perf two.bin
for line in "Start hb_perf...." "**************** two perf ****************" \
    "get bpu model succeeded." "ret:0" "bpu model don't have per-layer perf info." \
    "html generation finished." "file stored at : hb_perf_result/two/two.html"; do
    check "hb_perf prints: $line" grep -qxF -e "$line" out
done
check "a line per NPU sub-graph" test "$(grep -cE '^FPS=[0-9.]+, latency = [0-9]+\.[0-9] us   \(see .*subfunc_[02]\.html\)$' out)" = 2
stamp='^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8},[0-9]{3} file: [a-z_]+\.c func: [a-z_]+ line No: [0-9]+ '
check "the log has the vendor's form" grep -qE "${stamp}Start hb_perf\.\.\.\." hb_perf.log
page=hb_perf_result/two/two.html
for part in "Model Performance Summary" "Details" "BIN Model Structure"; do
    check "the page has the part $part" has "<h2>$part</h2>" $page
done
for field in "Model Name : two.bin" "Model Frame Rate(fps) : " "BPU Model Latency(ms) : " \
    "Model DDR Occupation(Mb per frame) : " "Loaded Bytes per Frame : 17760" \
    "Stored Bytes per Frame : 20480" "Model Subgraph Name : subfunc_0" \
    "Model Subgraph Calculation Load (OPpf) : 524288" "Model Subgraph DDR Occupation(Mbpf) : 0.005" \
    "Model Subgraph Latency(ms) : " 'Info Files : <a href="subfunc_2.html">' "color:orange"; do
    check "the page has $field" has "$field" $page
done
boxes() { sed -n 's/^<g class=\([a-z]*\)><title>\([^<]*\)<.*/\1 \2/p' $page; }
check "the structure has a dark box per sub-graph and a grey one per CPU node" \
    is <(boxes) "bpu subfunc_0" "cpu resized" "bpu subfunc_2"
check "the dot source has its edges" grep -q "n0 -> n1" hb_perf_result/two/two
reports() { (cd "$1" && ls -1 | grep -v '\.png$'); }
check "the files" is <(reports hb_perf_result/two) layers.csv subfunc_0.html subfunc_0.json \
    subfunc_2.html subfunc_2.json temp.hbm trace.json two two.html two.json
check "no layer details without debug" hasnt "Layer Details" hb_perf_result/two/subfunc_0.html
check "none in the data" hasnt "layer details" hb_perf_result/two/subfunc_0.json
for key in '"BPU PE number": 1' '"BPU core number": 1' '"BPU march": "BERNOULLI2"' \
    '"HBDK version": "3.26.8"' '"compiling options": "--fast --O3"' \
    '"runtime version": "3.13.22"' '"loaded bytes per frame": 976' '"model name": "subfunc_0"' \
    '"BPU OPs per frame (effective)": 32768' '"model param CRC": "'; do
    check "the data have $key" has "$key" hb_perf_result/two/subfunc_0.json
done
sorted() { sed -n 's/^    "\([^"]*\)":.*/\1/p' hb_perf_result/two/subfunc_0.json; }
check "the keys are sorted" cmp <(sorted) <(sorted | sort)
npusim asm -o two.cvimodel "$top_srcdir/tests/fixtures/tpu_cpu_tpu.npuasm"
npusim cvimodel_tool -a extract -i two.cvimodel >out 2>err
check "temp.hbm holds the commands" test "$(wc -c <hb_perf_result/two/temp.hbm)" = 816
cp -r hb_perf_result/two before
expect 0 "hb_perf again" npusim hb_perf -q two.bin
check "gives the same bytes" diff -r before hb_perf_result/two
expect 0 "hb_perf of a model with debug" npusim hb_perf -q tiny.bin
check "layer details with debug" has "Layer Details" hb_perf_result/tiny/subfunc_0.html
check "also in the data" has "layer details" hb_perf_result/tiny/subfunc_0.json
rm -r hb_perf_result
expect 3 "hb_perf of a packed file needs -p or -m" npusim hb_perf both.bin
check "its models are listed" has "classifier, tiny_cv181x" err
check "and nothing is written" test ! -e hb_perf_result
expect 0 "hb_perf -p" npusim hb_perf -q -p both.bin
check "writes both" is <(ls hb_perf_result) classifier tiny_cv181x
rm -r hb_perf_result
expect 0 "hb_perf -m" npusim hb_perf -q -m classifier both.bin
check "writes that one" is <(ls hb_perf_result) classifier
expect 3 "hb_perf -m of no model" npusim hb_perf -m nobody both.bin
expect 0 "-p of a single model" npusim hb_perf -q -p two.bin

# --- hrt_model_exec ---------------------------------------------------------------------------
hrt() { npusim hrt_model_exec "$@"; }
expect 0 "model_info of a packed file" hrt model_info --model_file both.bin
check "counts its models" grep -qx "This model file has 2 model:" out
check "shows both" test "$(grep -c '^\[model name\]' out)" = 2
expect 0 "model_info of one of them" hrt model_info --model_file both.bin --model_name classifier
for line in "[model name]: classifier" "name: image" "input source: HB_DNN_INPUT_FROM_DDR" \
    "valid shape: (1,3,16,16,)" "aligned byte size: 3072" "tensor type: HB_DNN_TENSOR_TYPE_F32" \
    "tensor layout: HB_DNN_LAYOUT_NHWC" "quanti type: NONE"; do
    check "model_info prints: $line" grep -qxF -e "$line" out
done
expect 2 "perf of a packed file needs the name" hrt perf --model_file both.bin
expect 3 "no such model" hrt perf --model_file both.bin --model_name nobody
expect 0 "perf" hrt perf --model_file both.bin --model_name classifier --profile_path prof
for node in Quantize_image_q_HzQuant BPU_net_subgraph_0 Dequantize_head_f_HzQuant Softmax_prob; do
    check "profiler.log has $node" has "\"$node\": {" prof/profiler.log
done
expect 0 "perf, older log" hrt perf --model_file classifier.bin --profile_path prof --log-format v1
for node in image_q_HzQuant net_subgraph_0 head_f_HzQuant prob; do
    check "the older profiler.log has $node" has "\"$node\": {" prof/profiler.log
done

# --- a compiled network -----------------------------------------------------------------------
expect 0 "makertbin of a small network" npusim makertbin -q --fast-perf --model-type caffe \
    --proto "$top_srcdir/examples/networks/cifar_cnn.prototxt" -o compiled
net=compiled/cifar_cnn.bin
expect 0 "hb_model_info of it" npusim hb_model_info $net
check "knows its image" grep -qxF "model input types   : [<InputDataType.NV12: 7>]" out
expect 0 "model_info of it" hrt model_info --model_file $net
for line in "input source: HB_DNN_INPUT_FROM_PYRAMID" "aligned byte size: 1536" \
    "tensor type: HB_DNN_IMG_TYPE_NV12" "stride: (0,0,0,0,)"; do
    check "model_info prints: $line" grep -qxF -e "$line" out
done
rate() { hrt perf --model_file $net "$@" | sed -n 's/^  Frame      rate       is: \([0-9.]*\)  FPS$/\1/p'; }
one=$(rate) two=$(rate --thread_num 2) four=$(rate --thread_num 4) eight=$(rate --thread_num 8)
note <<<"frames per second of 1, 2, 4, 8 threads: $one $two $four $eight"
check "two threads overlap" awk "BEGIN { exit !($two > 1.5 * $one) }"
check "more threads are never slower" awk "BEGIN { exit !($eight >= $four && $four >= $two) }"
expect 0 "makertbin of a network with more for the NPU" npusim makertbin -q --fast-perf \
    --model-type caffe --proto "$top_srcdir/examples/networks/mobilenet_v1.prototxt" -o larger
both=$(net=larger/mobilenet_v1.bin rate --thread_num 8)
single=$(net=larger/mobilenet_v1.bin rate --thread_num 8 --core_id 1)
check "two cores give up to twice one" \
    awk "BEGIN { exit !($both > 1.8 * $single && $both < 2.001 * $single) }"
expect 0 "hb_perf of it" npusim hb_perf -q -o perf $net
bpu_ms=$(sed -n 's/^    "latency (ms)": \([0-9.]*\),/\1/p' perf/cifar_cnn/*_subgraph_0.json)
check "one core has no more frames than its NPU time allows" \
    awk "BEGIN { exit !($single <= 1.001 * 1000 / $bpu_ms) }"
expect 0 "its removable node" modifier $net
node=$(sed -n "s/.*\\['\([^']*\)'.*/\1/p" out)
expect 0 "is removed" modifier -r "$node" -o edge.bin $net
check "the CPU has less to do" awk "BEGIN { exit !($(net=edge.bin rate) > $one) }"
expect 0 "it is packed with another" npusim hb_pack -o mixed.bin $net classifier.bin
expect 0 "and perf finds it there" hrt perf --model_file mixed.bin --model_name "$(
    hrt model_info --model_file $net | sed -n 's/^\[model name\]: //p')"
check "2000 variants of it with flipped bytes" "$top_builddir/tests/flip" $net 2000 3

# --- of a network -----------------------------------------------------------------------------
net=$top_srcdir/tests/fixtures/small.prototxt
expect 0 "a network converts" npusim hb_mapper makertbin -q --fast-perf --model-type caffe --proto "$net"
expect 0 "disasm of its .bin" npusim disasm model_output/small.bin
check "commands have names and fields" grep -q '^bpu.conv id=1 .*out_c=' out
expect 2 "an option of the compiler on a .bin" npusim profile --opt O1 model_output/small.bin
check "the message says why" has "--opt is for networks" err
expect 3 "a network where a compiled model is needed" npusim memory "$net"
check "the message says how to get one" has "hb_mapper makertbin --fast-perf" err
expect 0 "the profile of the network" npusim profile --format json "$net"
check "has no number of other families" hasnt '"tiu.conv_fixed_cycles"' out
check "has the numbers of its own" has '"bpu.sram_bytes"' out
# npusim compile: one network into either container, the same bytes twice.
net=$top_srcdir/examples/networks/tiny_classifier.prototxt
expect 0 "compile for x3m" "$NPUSIM" compile -o "$tmp/net.bin" "$net"
expect 0 "... again" "$NPUSIM" compile -o "$tmp/again.bin" "$net"
check "... gives the same bytes" cmp "$tmp/net.bin" "$tmp/again.bin"
"$NPUSIM" profile --format json "$tmp/net.bin" | grep '"inference_ms"' >"$tmp/file"
"$NPUSIM" profile --format json "$net" | grep '"inference_ms"' >"$tmp/memory"
check "the file is as fast as the network compiled in memory" cmp "$tmp/file" "$tmp/memory"
expect 0 "compile for cv181x" "$NPUSIM" compile --chip cv181x --output-node fc4 \
    -o "$tmp/net.cvimodel" "$net"
expect 0 "... is a .cvimodel" "$NPUSIM" profile "$tmp/net.cvimodel"
expect 0 "... whose commands are known" "$NPUSIM" disasm "$tmp/net.cvimodel"
expect 2 "compile without a file to write" "$NPUSIM" compile "$net"
expect 2 "compile of something else" "$NPUSIM" compile -o "$tmp/x.bin" "$tmp/net.bin"
check "... leaves no file" test ! -e "$tmp/x.bin"

finish
