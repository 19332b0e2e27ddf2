#!/bin/sh
# How fast is a network on the Horizon X3, and what would make it faster?
#
#   NPUSIM=build/npusim examples/06_x3_network.sh [NET.prototxt|NET.onnx]
#
# Without NET it is MobileNetV1 of examples/networks.  Nothing is needed but the layers: no weights,
# no calibration pictures, no board.  The files go to ./example_out (or $OUT).
set -eu
npusim=${NPUSIM:-npusim}
out=${OUT:-example_out}
here=$(cd "$(dirname "$0")" && pwd)
net=${1:-$here/networks/mobilenet_v1.prototxt}
case $net in
*.prototxt) type=caffe model=--proto ;;
*) type=onnx model=--model ;;
esac
case $npusim in
*/*) npusim=$(cd "$(dirname "$npusim")" && pwd)/$(basename "$npusim") ;; # logs go to $out
esac
case $net in
/*) ;;
*) net=$PWD/$net ;;
esac
mkdir -p "$out"
cd "$out"
name=$(basename "${net%.*}")

# What runs on the NPU?  The vendor's table of nodes; the log says why a node does not.
"$npusim" hb_mapper checker --model-type "$type" "$model" "$net" >checker.txt
echo "nodes on the NPU: $(grep -c ' BPU  id(' checker.txt), on the CPU: $(grep -c ' CPU  --' checker.txt)"

# Convert, and report the .bin: pages, JSON, CSV.
"$npusim" hb_mapper makertbin --quiet --fast-perf --model-type "$type" "$model" "$net"
"$npusim" hb_perf --quiet -o hb_perf_result "model_output/$name.bin" >hb_perf.txt
echo "report: $out/hb_perf_result/$name/$name.html"

# Other hardware and other choices of the compiler: the network is compiled again for each.
line() {
    "$npusim" profile --format json "$@" "$net" >what_if.json
    awk -v what="$*" '
        function number() { sub(/^[^:]*: */, ""); sub(/,$/, ""); return $0 }
        /^  "latency_ms":/ { ms = number() }
        /^  "fps":/ { fps = number() }
        /^    "total_bytes":/ && !bytes { bytes = number() }
        END { printf "%-34s %9.3f %9.1f %9.2f\n", what ? what : "as it is", ms, fps, bytes / 1e6 }
    ' what_if.json
}
printf '%-34s %9s %9s %9s\n' setting ms fps "DDR MB"
line
line --core-num 2
line --compile-mode bandwidth
line --opt O0
line --set ddr.bandwidth_mbps=3200
line --set ddr.contention=0.5
line --set bpu.sram_bytes=524288
