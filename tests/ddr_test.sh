#!/usr/bin/env bash
# The DDR: two models, other masters, bad configurations.
. "$(dirname "$0")/tap.sh"

fixture "$tmp/m.cvimodel" || { fail "the example can be assembled"; finish; exit; }
masters=$top_srcdir/examples/ddr/masters.json

# One figure of a JSON profile: latency_cycles, tiu_cycles, ...
figure() { sed -n "s/^  \"$1\": \([0-9.]*\),*\$/\1/p" "$2"; }

expect 0 "a profile alone" "$NPUSIM" profile -f json -o "$tmp/alone.json" "$tmp/m.cvimodel"
expect 0 "a profile beside masters" \
    "$NPUSIM" profile -f json --masters "$masters" -o "$tmp/beside.json" "$tmp/m.cvimodel"
check "TIU time is the same" \
    [ "$(figure tiu_cycles "$tmp/alone.json")" = "$(figure tiu_cycles "$tmp/beside.json")" ]
check "TDMA time is longer" \
    [ "$(figure tdma_cycles "$tmp/alone.json")" -lt "$(figure tdma_cycles "$tmp/beside.json")" ]
check "the latency alone is that of a profile alone" grep -q \
    "\"alone_latency_cycles\": $(figure latency_cycles "$tmp/alone.json")," "$tmp/beside.json"
check "each master has its slowdown" [ "$(grep -c '"slowdown_ms"' "$tmp/beside.json")" = 3 ]
check "no masters, no key" sh -c "! grep -q masters.: '$tmp/alone.json'"
expect 0 "the same run again" \
    "$NPUSIM" profile -f json --masters "$masters" -o "$tmp/again.json" "$tmp/m.cvimodel"
check "gives the same bytes" cmp "$tmp/beside.json" "$tmp/again.json"
expect 0 "text names the masters" "$NPUSIM" profile --masters "$masters" "$tmp/m.cvimodel"
check "with rate and slowdown" grep -q 'camera (constant) 400 MB/s, slows by' "$tmp/out"

before=0
for mbps in 0 500 1000 2000 3000 3600; do
    echo "{\"schema\": \"npusim.masters/1\", \"masters\": [{\"name\": \"a\",
        \"kind\": \"constant\", \"mbps\": $mbps}]}" >"$tmp/one.json"
    "$NPUSIM" profile -f json --masters "$tmp/one.json" -o "$tmp/p.json" "$tmp/m.cvimodel"
    now=$(figure tdma_cycles "$tmp/p.json")
    check "TDMA time at $mbps MB/s is at least that at less" [ "$now" -ge "$before" ]
    before=$now
done

expect 0 "hb_perf beside masters" \
    "$NPUSIM" hb_perf --masters "$masters" -o "$tmp/perf" "$tmp/m.cvimodel"
check "its page shows who uses the DDR" grep -q 'Who uses the DDR' "$tmp/perf/m/m.html"

expect 0 "the bank model runs" \
    "$NPUSIM" profile -f json --set ddr.model=bank -o "$tmp/bank.json" "$tmp/m.cvimodel"
check "and is named" grep -q '"key": "ddr.model", "value": 1, "was": 0, "unit": "choice", "word": "bank"' \
    "$tmp/bank.json"
check "its TIU time is the same" \
    [ "$(figure tiu_cycles "$tmp/alone.json")" = "$(figure tiu_cycles "$tmp/bank.json")" ]
for standard in ddr3-1600 ddr4-2400 lpddr4-1866; do
    expect 0 "the bank model runs on $standard" "$NPUSIM" profile --set ddr.model=bank \
        --set ddr.standard=$standard --set ddr.scheduler=ready "$tmp/m.cvimodel"
done

expect 0 "npusim dram prints every pattern" "$NPUSIM" dram -f csv
check "ten of them" [ "$(wc -l <"$tmp/out")" = 11 ]

# Bad configurations: the message names the place; nothing is written.
bad() {
    local status=$1 what=$2 want=$3
    printf '%s' "$4" >"$tmp/bad.json"
    rm -f "$tmp/no.json"
    expect "$status" "$what is refused" "$NPUSIM" profile -f json -o "$tmp/no.json" \
        --masters "$tmp/bad.json" "$tmp/m.cvimodel"
    check "$what: the message says where" grep -q "$want" "$tmp/err"
    check "$what: nothing is written" [ ! -e "$tmp/no.json" ]
}
one() { echo "{\"schema\": \"npusim.masters/1\", \"masters\": [{\"name\": \"a\", $1}]}"; }
bad 2 "another schema" "bad.json: schema: 'x'" '{"schema": "x", "masters": []}'
bad 2 "an empty list" 'masters: 0 entries' '{"schema": "npusim.masters/1", "masters": []}'
bad 2 "an unknown key" 'masters\[0\].mpbs: a key' "$(one '"kind": "constant", "mpbs": 1')"
bad 2 "a negative rate" 'masters\[0\].mbps: -1 found' "$(one '"kind": "constant", "mbps": -1')"
bad 2 "a rate as text" 'masters\[0\].mbps: no number' "$(one '"kind": "constant", "mbps": "1"')"
bad 2 "a missing period" 'masters\[0\].period_us: nothing' "$(one '"kind": "periodic", "bytes": 1')"
bad 2 "a zero period" 'masters\[0\].period_us: 0 found' \
    "$(one '"kind": "periodic", "bytes": 1, "period_us": 0')"
bad 2 "an unknown kind" 'constant, periodic or trace' "$(one '"kind": "random"')"
bad 2 "a key of another kind" 'masters\[0\].bytes' "$(one '"kind": "constant", "bytes": 1, "mbps": 1')"
bad 2 "more than the peak" 'at most 99 %' "$(one '"kind": "constant", "mbps": 5000')"
bad 2 "no JSON" 'bad.json' '{'
bad 3 "a missing trace" 'none.csv' "$(one '"kind": "trace", "file": "none.csv"')"
printf 'time_us,bytes\n5,1\n4,1\n' >"$tmp/back.csv"
bad 3 "a trace that goes back" 'line 3' "$(one '"kind": "trace", "file": "back.csv"')"
printf 'time,bytes\n5,1\n' >"$tmp/head.csv"
bad 3 "a trace without header" 'time_us,bytes' "$(one '"kind": "trace", "file": "head.csv"')"
printf 'time_us,bytes\n1,nan\n' >"$tmp/nan.csv"
bad 3 "a trace with NaN" 'line 2' "$(one '"kind": "trace", "file": "nan.csv"')"
expect 3 "a missing masters file is refused" \
    "$NPUSIM" profile --masters "$tmp/none.json" "$tmp/m.cvimodel"
expect 2 "an unknown DDR model is refused" \
    "$NPUSIM" profile --set ddr.model=magic "$tmp/m.cvimodel"
check "with the words there are" grep -q 'analytic, bank' "$tmp/err"

# The reference points, when this machine has them.
reference=$NPUSIM_DATA/../validation/DRAM_REFERENCE.csv
if [ -r "$reference" ]; then
    head -n 1 "$reference" >"$tmp/few.csv"
    grep ',ddr[34]_1866_x16_row,.*,0,\(seq_rd\|two_rd\),' "$reference" >>"$tmp/few.csv"
    expect 0 "the comparison with DRAM simulators passes" "$NPUSIM" dram --table "$tmp/few.csv"
    check "and shows points" grep -q 'ddr3_1866_x16_row \*' "$tmp/out"
else
    skip "the comparison with DRAM simulators passes" "no reference points here"
fi
finish
