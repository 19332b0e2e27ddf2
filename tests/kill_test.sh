#!/usr/bin/env bash
# SIGKILL at any moment leaves the previous complete result directory, or the new complete one.
. "$(dirname "$0")/tap.sh"

if ! fixture "$tmp/tiny.cvimodel" 2>"$tmp/err"; then
    fail "the example assembles"
    note "$tmp/err"
    finish
    exit
fi

# Names and contents of everything below the result folder of DIR.
sums() {
    (cd "$1" 2>/dev/null && find . ! -name . -type f -exec cksum {} + | sort -k 3)
}

result=$tmp/out/tiny
old() { "$NPUSIM" hb_perf -o "$tmp/out" "$tmp/tiny.cvimodel"; }
change=(--set ddr.contention=0.5)
new() { "$NPUSIM" hb_perf -o "$1" "${change[@]}" "$tmp/tiny.cvimodel"; }

check "a first run is complete" old
sums "$result" >"$tmp/old"
start=$(date +%s%N)
check "a run with another setting is complete" new "$tmp/out2"
run_us=$((($(date +%s%N) - start) / 1000))
sums "$tmp/out2/tiny" >"$tmp/new"
check "the two results differ" bash -c '! cmp -s "$1" "$2"' - "$tmp/old" "$tmp/new"

kept=0 replaced=0 killed=0 broken=
tries=40
for i in $(seq 1 $tries); do
    old >/dev/null 2>&1
    # exec: the signal must meet the program itself, not a shell around it.
    (exec "$NPUSIM" hb_perf -o "$tmp/out" "${change[@]}" "$tmp/tiny.cvimodel") >/dev/null 2>&1 &
    pid=$!
    # From start-up to a little past the usual end, more often towards it, where files are moved.
    sleep "$(awk -v i="$i" -v n="$tries" -v us="$run_us" 'BEGIN { printf "%.6f", us * 1.05e-6 * sqrt(i / n) }')"
    kill -KILL "$pid" 2>/dev/null && killed=$((killed + 1))
    wait "$pid" 2>/dev/null
    sums "$result" >"$tmp/now"
    if cmp -s "$tmp/now" "$tmp/old"; then
        kept=$((kept + 1))
    elif cmp -s "$tmp/now" "$tmp/new"; then
        replaced=$((replaced + 1))
    else
        broken="$broken $i"
        diff "$tmp/new" "$tmp/now" >>"$tmp/differences"
    fi
done 2>/dev/null
if [ -z "$broken" ]; then
    pass "$tries kills: always a complete result directory"
else
    fail "$tries kills: always a complete result directory; broken after kill$broken"
    head -n 20 "$tmp/differences" | note
fi
echo "# run of $run_us us; $killed signals sent; $kept kept the old result, $replaced had the new one"
check "some kills came before the end" test "$kept" -gt 0
check "the next run succeeds" old
sums "$result" >"$tmp/now"
check "the next run is complete" cmp "$tmp/old" "$tmp/now"
find "$tmp/out" -mindepth 1 -maxdepth 1 ! -name tiny >"$tmp/left"
check "the next run leaves nothing else behind" test ! -s "$tmp/left"
note "$tmp/left"
finish
