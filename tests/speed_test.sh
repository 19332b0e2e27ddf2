#!/usr/bin/env bash
# Speed as instructions per command, counted by callgrind: the same on every machine and every load.
# Wall-clock time is never tested.
. "$(dirname "$0")/tap.sh"

# Limits: half as much again as measured with gcc 12 -O2 on x86-64 (cold 2250 to 2500 instructions per
# command of real models, again 400).  At 3 instructions per cycle of a 3 GHz core they stand for
# 2.4 million commands/s cold and 15 million/s again.
cold_limit=3700
again_limit=600

# A program of 1000 loads and 1000 convolutions in a chain, when no real model is at hand.
generated() {
    awk 'BEGIN {
        print ".model speed chip=cv181x build=\"2000-01-01 00:00:00\""
        print ".weight w_filter_reordered shape=1x32x9x16 pattern=1"
        print ".program in=x out=x\n.tensor x shape=1x16x32x32 mem=io0\n.routine tpu s\n.section s"
        for (i = 1; i <= 1000; i++) {
            printf "load id=%d wait=%d dst_fmt=1 src_fmt=1 src_base_reg_sel=3 dst_h_stride=%d " \
                "dst_c_stride_low=1024 src_h_stride=32 src_c_stride_low=1024 dst_c=16 src_c=16 " \
                "dst_w=30 dst_h=16 src_w=30 src_h=16 src_n=1\n", i, (i > 2 ? i - 2 : 0), 30 + i % 3
            printf "conv id=%d wait=%d tsk_opd_num=3 opt_chl_quan=1 opt_res0_seg=1 opt_opd0_seg=1 " \
                "opt_opd1_seg=1 double_conv=1 res0_n=1 res0_c=32 res0_h=14 res0_w=28 " \
                "conv_op_x_str=1 conv_op_y_str=1 res0_addr=0x1000 opd1_addr=0x2000 " \
                "short_res0_str=3 res0_c_str=400 res0_h_str=28 res0_w_str=1 opd0_n=1 opd0_c=16 " \
                "opd0_h=16 opd0_w=30 opd1_n=16 opd1_c=32 opd1_h=3 opd1_w=3\n", i, i
        } }' >"$tmp/generated.npuasm"
    "$NPUSIM" asm -o "$tmp/generated.cvimodel" "$tmp/generated.npuasm"
}

# instructions COLD AGAIN FILE: of a whole bench run.
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$NPUSIM" bench --cold "$1" \
        --again "$2" "$3" 2>&1 >"$tmp/bench" | awk '/Collected/ { n = $NF } END { print n + 0 }'
}

# What both tests need: callgrind can run the program, and the program was optimised.
why=
if ! command -v valgrind >/dev/null; then
    why="no valgrind"
elif ldd "$NPUSIM" 2>/dev/null | grep -qE 'lib(asan|ubsan|clang_rt)' ||
    grep -qE '^(NPU_CFLAGS|CFLAGS|NPU_LDFLAGS) =.*(-fsanitize|--coverage)' "$top_builddir/Makefile" 2>/dev/null; then
    why="the program is instrumented"
elif ! grep -qE '^CFLAGS =.*-O[2-3s]' "$top_builddir/Makefile" 2>/dev/null; then
    why="the program is not optimised"
fi

measure() {
    local name=$1 file=$2 base cold again commands
    base=$(instructions 1 0 "$file")
    cold=$(instructions 3 0 "$file")
    again=$(instructions 1 10 "$file")
    commands=$(awk '/^commands/ { print $2 }' "$tmp/bench")
    cold=$(((cold - base) / 2 / commands))
    again=$(((again - base) / 10 / commands))
    echo "# $name: $commands commands; instructions per command: $cold decoded and run, $again run again"
    check "$name: decoding and running takes $cold instructions per command, at most $cold_limit" \
        test "$cold" -gt 100 -a "$cold" -le "$cold_limit"
    check "$name: running again takes $again instructions per command, at most $again_limit" \
        test "$again" -gt 50 -a "$again" -le "$again_limit"
}

check "a long program assembles" generated
files=("$tmp/generated.cvimodel")
for model in yolov8n_det_coco80 ppocrv2_det_480; do
    for file in "$NPUSIM_DATA/cvimodel/$model"*.cvimodel; do
        [ -e "$file" ] && files+=("$file")
    done
done
for file in "${files[@]}"; do
    name=${file##*/}
    if [ -n "$why" ]; then
        skip "${name%.cvimodel}" "$why"
    else
        measure "${name%.cvimodel}" "$file"
    fi
done
[ -d "$NPUSIM_DATA/cvimodel" ] || skip "real models" "no NPUSIM_DATA"

# The benchmark itself: its keys, and memory beyond the file under 64 MiB.
last=${files[${#files[@]} - 1]}
for file in "${files[0]}" "$last"; do
    expect 0 "bench ${file##*/}" "$NPUSIM" bench --format json --cold 2 --again 3 "$file"
    for key in commands cold_commands_per_s resimulate_commands_per_s cold_runs resimulate_runs \
        memory_bytes; do
        check "bench prints $key" grep -qE "\"$key\":[[:space:]]*[0-9]" "$tmp/out"
    done
    check "... after as many runs as asked" bash -c \
        'grep -qE "\"cold_runs\":[[:space:]]*2\b" "$1" && grep -qE "\"resimulate_runs\":[[:space:]]*3\b" "$1"' \
        - "$tmp/out"
    check "... in less than 64 MiB" awk -F'[:,]' \
        '/memory_bytes/ { ok = $2 < 67108864 } END { exit !ok }' "$tmp/out"
done
finish
