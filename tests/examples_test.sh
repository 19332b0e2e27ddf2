#!/usr/bin/env bash
# Every script of examples/ runs as its first comment says, and shows what it is for.
. "$(dirname "$0")/tap.sh"

export NPUSIM OUT=$tmp/example_out
cd "$tmp" || exit 99

# Runs examples/$1; the other words are regular expressions, each a line of what it prints.
example() {
    local script=$1 line
    shift
    expect 0 "$script runs" sh "$top_srcdir/examples/$script"
    for line; do
        check "$script prints: $line" grep -Eq "$line" "$tmp/out"
    done
}

example 01_estimate.sh '^latency in the JSON: 0\.[0-9]+ ms$' '^layers in the CSV: 9$'
example 02_ddr_what_if.sh '^ddr\.contention=0\.5 +[0-9.]+ +[0-9.]+ +[0-9.]+$'
check "contention leaves the TIU alone" \
    awk 'NR > 1 { tiu[$3] = 1 } END { for (t in tiu) n++; exit n != 1 }' "$tmp/out"
check "half the bandwidth and half of it taken cost the same" \
    awk '/mbps=1866|contention=0.5/ { t[$2] = 1 } END { for (x in t) n++; exit n != 1 }' "$tmp/out"
example 03_compare_with_board.sh '^Replay .*: 0 of 22 TDMA and 0 of 17 TIU starts missed' \
    '^End to end.*\(\+0\.0[0-9] %\)'
check "the fit finds the board's latency" grep -Eq '^[^a-z]*"value":[^0-9]*220\.0' "$OUT/myboard.json"
example 04_disassemble.sh '^ +6 conv$' '^subfunc_0\.bin: the same bytes$'
example 05_new_chip/run.sh '^myboard: ' '^myboard, TPU 500 MHz, DDR 2666 MB/s'
example 06_x3_network.sh '^nodes on the NPU: [0-9]+, on the CPU: 1$' \
    '^as it is +[0-9.]+ +[0-9.]+ +[0-9.]+$'
check "two cores are faster than one" \
    awk '/^as it is/ { one = $4 } /^--core-num 2/ { two = $3 } END { exit !(two > 0 && two < one) }' \
    "$tmp/out"
check "bandwidth mode moves no more bytes" \
    awk '/^as it is/ { a = $6 } /^--compile-mode/ { b = $5 } END { exit !(b > 0 && b <= a) }' "$tmp/out"
check "O0 is slower" \
    awk '/^as it is/ { a = $4 } /^--opt O0/ { b = $3 } END { exit !(a > 0 && b > a) }' "$tmp/out"
"$NPUSIM" profile --core-num 2 --format csv -o "$tmp/two.csv" \
    "$top_srcdir/examples/networks/resnet18.prototxt"
check "no layer has more than two cores can do" \
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "mac_utilisation") k = i }
        NR > 1 && $k > 1 { bad = 1 } END { exit bad || !k || NR < 10 }' "$tmp/two.csv"
finish
