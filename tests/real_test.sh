#!/usr/bin/env bash
# Published facts about real compiled models: work, memory, structure, latency on the board.
. "$(dirname "$0")/tap.sh"

models=$NPUSIM_DATA/cvimodel
if ! [ -d "$models" ]; then
    skip "real models" "no NPUSIM_DATA"
    finish
    exit
fi
if ! python3 -c '' 2>/dev/null; then
    skip "real models" "no python3"
    finish
    exit
fi

# profile NAME [OPTION...]: $tmp/NAME.json of the model whose file begins with NAME.
profile() {
    "$NPUSIM" profile --format json -o "$tmp/$1.json" "${@:2}" "$models/$1"*.cvimodel
}

# holds NAME WHAT EXPRESSION: of the JSON value j.
holds() {
    check "$1: $2" python3 -c '
import json, sys
with open(sys.argv[1]) as f:
    j = json.load(f)
if not eval("(" + sys.argv[2] + ")"):
    print({k: v for k, v in j.items() if not isinstance(v, (dict, list))})
    sys.exit(1)' "$tmp/$1.json" "$3"
}

for model in "$models"/*.cvimodel; do
    name=${model##*/}
    check "${name%.cvimodel} has a profile" "$NPUSIM" profile -o /dev/null "$model"
done

profile yolov8n_det_coco80
holds yolov8n_det_coco80 "4.39 GMAC within 1 %" 'abs(j["macs"] / 4.39e9 - 1) <= 0.01'
holds yolov8n_det_coco80 "6 outputs" 'len(j["subgraphs"][0]["outputs"]) == 6'

profile cls_hand_gesture
holds cls_hand_gesture "memory is the published 1.16 MB to the byte" \
    'j["memory"]["ion_bytes"] == 1217112'
check "cvimodel_tool prints it" bash -c \
    '"$1" cvimodel_tool -a dump -i "$2"/cls_hand_gesture*.cvimodel | grep -q "(1.16 MB)"' - \
    "$NPUSIM" "$models"

# Latencies on boards; none of the chip files is tuned to a model.
holds cls_hand_gesture "1.09 ms within 10 %" 'abs(j["latency_ms"] / 1.09 - 1) <= 0.10'
profile ppocrv2_det_480
holds ppocrv2_det_480 "120.7 ms within 4 %" 'abs(j["latency_ms"] / 120.7 - 1) <= 0.04'
profile ccoeff_normed
holds ccoeff_normed "4.06 ms within 6 %" 'abs(j["latency_ms"] / 4.06 - 1) <= 0.06'

profile scrfd_det_face
holds scrfd_det_face "TPU, CPU, TPU" \
    '[s["processor"] for s in j["subgraphs"]] == ["npu", "cpu", "npu"]'
holds scrfd_det_face "the CPU part is marked as estimated" \
    '[s["estimated"] for s in j["subgraphs"]] == [False, True, False]'
holds scrfd_det_face "parts follow one another" \
    'all(a["end_cycles"] <= b["start_cycles"] for a, b in
         zip(j["subgraphs"], j["subgraphs"][1:]))'
holds scrfd_det_face "two function calls" 'len(j["function_calls"]) == 2'
holds scrfd_det_face "the estimate is among the assumptions" \
    'any("CPU" in a for a in j["assumptions"])'
profile topformer_seg
holds topformer_seg "TPU, CPU" '[s["processor"] for s in j["subgraphs"]] == ["npu", "cpu"]'
finish
