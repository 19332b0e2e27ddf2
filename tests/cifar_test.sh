#!/usr/bin/env bash
# The vendor's hb_perf example: operations and stored bytes exactly, latency and loaded bytes within
# 10 % of its published estimate (HARDWARE facts in examples/cifar_cnn_x3.yaml).
. "$(dirname "$0")/tap.sh"

cp -R "$top_srcdir/examples/networks" "$top_srcdir/examples/cifar_cnn_x3.yaml" "$tmp/"
chmod -R u+w "$tmp"
cd "$tmp" || exit 1
expect 0 "the network converts" \
    "$NPUSIM" hb_mapper makertbin -q --config cifar_cnn_x3.yaml --model-type caffe
expect 0 "hb_perf" "$NPUSIM" hb_perf model_output/cifar_cnn.bin
mv hb_perf_result/cifar_cnn perf

figure() { # of sub-graph $1
    sed -n "s/^ *\"$2\": \([0-9.]*\),*\$/\1/p" perf/CifarCNN_subgraph_"$1".json
}
near() { # VALUE PUBLISHED PERCENT
    awk -v a="$1" -v b="$2" -v p="$3" \
        'BEGIN { print a, "for", b; exit !(a != "" && a >= b * (1 - p / 100) && a <= b * (1 + p / 100)) }'
}
ops="BPU OPs per run (effective)"
check "sub-graph 0: 12236832 operations" test "$(figure 0 "$ops")" = 12236832
check "sub-graph 0: 57.2 us" near "$(figure 0 "latency (us)")" 57.2 10
check "sub-graph 0: 48736 bytes loaded" near "$(figure 0 "loaded bytes per run")" 48736 10
check "sub-graph 0: 7680 bytes stored" test "$(figure 0 "stored bytes per run")" = 7680
check "sub-graph 1: 48000 operations" test "$(figure 1 "$ops")" = 48000
check "sub-graph 1: 41856 bytes loaded" near "$(figure 1 "loaded bytes per run")" 41856 10
check "sub-graph 1: 320 bytes stored" test "$(figure 1 "stored bytes per run")" = 320
check "nothing else" test ! -e perf/CifarCNN_subgraph_2.json

# From the camera's pyramid: 1.5 instead of 4 bytes per pixel.
sed "s/'rgb'/'nv12'/; s/'ddr'/'pyramid'/; /input_layout_rt/d" cifar_cnn_x3.yaml >nv12.yaml
expect 0 "the same for nv12" \
    "$NPUSIM" hb_mapper makertbin -q --config nv12.yaml --model-type caffe
expect 0 "hb_perf of it" "$NPUSIM" hb_perf model_output/cifar_cnn.bin
mv perf rgb
mv hb_perf_result/cifar_cnn perf
check "nv12: 2560 bytes less" test "$(($(figure 0 "loaded bytes per run") + 2560))" = \
    "$(sed -n 's/^ *"loaded bytes per run": \([0-9]*\),*$/\1/p' rgb/CifarCNN_subgraph_0.json)"
near "$(figure 0 "latency (us)")" 58.3 10 >/dev/null && pass "nv12: 58.3 us" || fail "nv12: 58.3 us"
finish
