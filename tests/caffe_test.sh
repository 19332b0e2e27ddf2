#!/usr/bin/env bash
# Caffe networks: real files import with the counts that were derived without npusim, the prototxt
# reader agrees with protoc, damaged files are refused, the two cases of the first users come out.
. "$(dirname "$0")/tap.sh"

try=$top_builddir/tests/unit/caffe_try
data=$NPUSIM_DATA/caffe
real=$data/real

value() { sed -n "s/^  \"$1\": \([0-9]*\),\$/\1/p" "$2"; }

# counts NAME MACS PARAMETERS [OPTION...]: of $real/NAME.prototxt
counts() {
    local name=$1 macs=$2 parameters=$3
    shift 3
    "$NPUSIM" graph --format json -o "$tmp/graph.json" "$@" "$real/$name.prototxt" || return
    echo "found $(value macs "$tmp/graph.json") MACs, $(value parameters "$tmp/graph.json")" \
        "parameters; expected $macs and $parameters"
    [ "$(value macs "$tmp/graph.json")" = "$macs" ] &&
        [ "$(value parameters "$tmp/graph.json")" = "$parameters" ]
}

same_as_protoc() {
    "$try" print "$1" >"$tmp/printed" &&
        protoc --proto_path="$data" --encode=caffe.NetParameter caffe_merged_ssd_yolo.proto \
            <"$1" >"$tmp/one" &&
        protoc --proto_path="$data" --encode=caffe.NetParameter caffe_merged_ssd_yolo.proto \
            <"$tmp/printed" >"$tmp/two" &&
        [ -s "$tmp/one" ] && cmp "$tmp/one" "$tmp/two"
}

# MACs and parameters of the files, counted by a program of its own; batch 10 where the file has
# it; YOLOv3 with the 8 scales of its two Resize nodes.  Published: AlexNet 0.724 G / 61.0 M,
# GoogLeNet 1.58 G / 7.0 M, ResNet-50 3.86 G / 25.6 M, MobileNet v1 569 M / 4.2 M, SqueezeNet 0.86 G and 0.39 G / 1.24 M, YOLOv3-416 32.9 G / 62 M.
if [ -d "$real" ]; then
    while read -r name macs parameters; do
        check "$name: MACs and parameters" counts "$name" "$macs" "$parameters"
        [ -f "$real/$name.caffemodel" ] &&
            check "$name: the same with its weights" counts "$name" "$macs" "$parameters" \
                --caffemodel "$real/$name.caffemodel"
    done <<'EOF'
alexnet_deploy 7244068160 60965224
googlenet_deploy 15826718720 6998552
horizon_MobileNetSSD_deploy 1148479168 5821433
horizon_lenet 2293000 431080
mobilenet_ssd_voc_deploy 1148479168 5821433
mobilenet_v1_deploy 568740352 4253864
mobilenet_v2_deploy 429111936 3540136
mobilenet_yolov3_lite_tusimple 2076442624 649409
mtcnn_det1 44760 6632
mtcnn_det2 1530768 100178
resnet50_deploy 3857973248 25610216
squeezenet_v1.0_deploy 8613399360 1248424
squeezenet_v1.1_deploy 3877475200 1235496
ultraface_RFB320 100418560 273888
wechat_qr_sr 261087264 5301
yolov3_darknet 32932037632 62001765
EOF
    for file in "$real"/*.prototxt; do
        grep -q "^$(basename "$file" .prototxt) " "$0" ||
            check "$(basename "$file"): imports" "$NPUSIM" graph -o "$tmp/graph" "$file"
        if command -v protoc >/dev/null; then
            check "$(basename "$file"): protoc reads our tree as it reads the file" \
                same_as_protoc "$file"
        fi
    done
    check "10,000 variants of a real prototxt" "$try" flip "$real/mtcnn_det1.prototxt" - 10000
    check "10,000 variants of a real caffemodel" \
        "$try" flip "$real/mtcnn_det1.prototxt" "$real/mtcnn_det1.caffemodel" 10000
else
    skip "real networks" "no $real"
fi

check "a network of our own" "$try" net "$tmp/net.prototxt"
check "and its weights" "$try" model "$tmp/net.caffemodel"
check "both import" "$NPUSIM" graph -o "$tmp/graph" --caffemodel "$tmp/net.caffemodel" \
    "$tmp/net.prototxt"
check "10,000 variants of the prototxt" "$try" flip "$tmp/net.prototxt" - 10000
check "10,000 variants of the caffemodel" \
    "$try" flip "$tmp/net.prototxt" "$tmp/net.caffemodel" 10000

# refused STATUS TEXT WHAT COMMAND...: exits with STATUS and says TEXT
refused() {
    local status=$1 text=$2 what=$3
    shift 3
    expect "$status" "$what" "$@" &&
        check "$what: says so" grep -qF -- "$text" "$tmp/err"
}

input="layer { name: 'data' type: 'Input' top: 'data'
  input_param { shape { dim: 1 dim: 3 dim: 64 dim: 64 } } }"
convolution() { # NAME BOTTOM KERNEL
    echo "layer { name: '$1' type: 'Convolution' bottom: '$2' top: '$1'"
    echo "  convolution_param { num_output: 128 kernel_size: $3 } }"
}
{
    echo "$input"
    convolution conv data 3
    echo "layer { name: 'accuracy' type: 'Accuracy' bottom: 'conv' bottom: 'label' top: 'accuracy' }"
} >"$tmp/accuracy.prototxt"
refused 4 "ValueError: Not support layer name=accuracy type=Accuracy" \
    "a layer that is not supported is refused by name" "$NPUSIM" graph "$tmp/accuracy.prototxt"
{
    echo "$input"
    convolution one data 1
    convolution nine one 9
    convolution three nine 3
} >"$tmp/kernels.prototxt"
check "kernels 1x1, 9x9, 3x3 import" "$NPUSIM" graph -o "$tmp/graph" "$tmp/kernels.prototxt"
check "with their sizes" grep -q "1x128x54x54" "$tmp/graph"

refused 3 "no layer of this name" "a caffemodel of another network is refused" \
    "$NPUSIM" graph --caffemodel "$tmp/net.caffemodel" "$tmp/kernels.prototxt"
refused 3 "not a .caffemodel" "a prototxt is no caffemodel" \
    "$NPUSIM" graph --caffemodel "$tmp/net.prototxt" "$tmp/net.prototxt"
head -c 300 "$tmp/net.prototxt" >"$tmp/cut.prototxt"
refused 3 "cut.prototxt:5:59: found the end of the file" "a cut prototxt is refused with its line" \
    "$NPUSIM" graph "$tmp/cut.prototxt"
finish
