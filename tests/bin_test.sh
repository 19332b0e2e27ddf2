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
    sed '/"sha256"/d; /"file"/d' "$file.json" >"$file.cut"
done
numbers() { grep -oE '"(latency|inference|tiu|tdma)_ms": [0-9.e-]+|"macs": [0-9]+' "$1"; }
numbers tiny.cvimodel.json >want
numbers tiny.bin.json >got
check "the two profiles hold numbers" test -s want
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
finish
