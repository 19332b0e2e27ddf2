#!/usr/bin/env bash
# npusim pmu: a board's trace is explained to the stated figures, fits become chip files, and what
# is no trace is refused with file and line.
. "$(dirname "$0")/tap.sh"

if ! python3 -c '' 2>/dev/null; then
    skip "PMU traces" "no python3"
    finish
    exit
fi

# holds FILE EXPRESSION: true of the JSON value j in FILE; shows what it is made of otherwise.
holds() {
    python3 -c '
import json, re, sys
with open(sys.argv[1]) as f:
    j = json.load(f)
if not eval("(" + sys.argv[2] + ")"):
    for part in re.findall(r"j(?:\[\"\w+\"\])+", sys.argv[2]):
        print(part, "=", eval(part))
    sys.exit(1)' "$1" "$2"
}

compare() { "$NPUSIM" pmu compare --format json "$@"; }

# --- the trace of a real board --------------------------------------------------------------------
trace=$NPUSIM_DATA/pmu/cv1835_resnet50_des.csv
if [ -e "$trace" ]; then
    expect 0 "the board's trace compares" compare --chip cv183x "$trace"
    cp "$tmp/out" "$tmp/board.json"
    while IFS='|' read -r what expression; do
        check "$what" holds "$tmp/board.json" "$expression"
    done <<'LIST'
2391 TDMA and 594 TIU rows|(j["replay"]["tdma_rows"], j["replay"]["tiu_rows"]) == (2391, 594)
every TDMA start follows from the rules|j["replay"]["tdma_start_mismatches"] == 0
every TIU start follows from the rules|j["replay"]["tiu_start_mismatches"] == 0
transfers: mean error at most 6 %|j["tdma"]["mape_percent"] <= 6
transfers: median error at most 3 %|j["tdma"]["median_percent"] <= 3
transfers: total within 2 %|abs(j["tdma"]["total_error_percent"]) <= 2
all transfers are compared|j["tdma"]["rows"] == 2391
476 convolutions are exact to the cycle|j["tiu_convolution"]["exact"] >= 476
567 TIU rows have a shape|j["tiu"]["rows"] == 567
TIU rows with a shape: total within 1 %|abs(j["tiu"]["total_error_percent"]) <= 1
end to end within 1 %|abs(j["end_to_end_error_percent"]) <= 1
measured ticks are those of the board|j["measured"]["inference_ticks"] == 6571742
busy ticks are those of the board|(j["measured"]["tdma_ticks"], j["measured"]["tiu_ticks"]) == (4107708, 4439130)
LIST
    expect 0 "as text" "$NPUSIM" pmu compare --chip cv183x "$trace"
    check "the text has the runtime's totals" grep -q 'tdma_exe_tick: *4107708t' "$tmp/out"
    expect 0 "every row" compare --chip cv183x --rows "$tmp/rows.csv" "$trace"
    check "every row is written" test "$(wc -l <"$tmp/rows.csv")" = 2986
    # The counter of the board wraps within seconds: the same run across a wrap is the same run.
    awk -F, -v OFS=, 'NR > 1 { for (i = 6; i <= 8; i += 2) $i = sprintf(" %.0f", ($i + 4291967296) % 4294967296) }
        1' "$trace" >"$tmp/wrapped_des.csv"
    cp "${trace%_des.csv}_tiu_shapes.csv" "$tmp/wrapped_tiu_shapes.csv"
    expect 0 "a counter that wraps" compare --chip cv183x "$tmp/wrapped_des.csv"
    sed 's/"file":.*//' "$tmp/out" >"$tmp/wrapped"
    sed 's/"file":.*//' "$tmp/board.json" >"$tmp/plain"
    check "a counter that wraps changes nothing" cmp "$tmp/plain" "$tmp/wrapped"
    # A start that the rules do not give must be seen.
    awk -F, -v OFS=, 'NR == 1000 { $6 = " " $6 + 3; $8 = " " $8 + 3 } 1' "$trace" >"$tmp/late.csv"
    expect 0 "a row that starts 3 ticks late" compare --chip cv183x "$tmp/late.csv"
    check "... is a mismatch" holds "$tmp/out" \
        'j["replay"]["tdma_start_mismatches"] + j["replay"]["tiu_start_mismatches"] > 0'
    # Another chip must not fit.
    expect 0 "compared with a slower chip" compare --chip cv181x "$trace"
    check "... the model is far off" holds "$tmp/out" 'j["tdma"]["total_error_percent"] > 20'

    expect 0 "fit" "$NPUSIM" pmu fit --chip cv183x -o "$tmp/fitted.json" "$trace"
    check "the fit gives DDR efficiency and latency" holds "$tmp/fitted.json" \
        'j["schema"] == "npusim.chip/1" and j["base"] == "cv183x" and
            0.8 < j["numbers"]["ddr.efficiency_load"]["value"] < 0.95 and
            60 < j["numbers"]["ddr.latency_load_ns"]["value"] < 200 and
            all(n["unit"] and n["source"] and n["status"] for n in j["numbers"].values())'
    expect 0 "the fitted chip is a chip" "$NPUSIM" chips "$tmp/fitted.json"
    check "... named after its base" grep -q cv183x-fitted "$tmp/out"
    check "... whose numbers name the trace" grep -q 'pmu fit on cv1835_resnet50_des.csv' "$tmp/out"
    expect 0 "the fitted chip explains its trace" compare --chip "$tmp/fitted.json" "$trace"
    check "... as well as the chip file" holds "$tmp/out" \
        'j["tdma"]["mape_percent"] <= 6 and abs(j["end_to_end_error_percent"]) <= 1'
    # Half the peak must show as twice the efficiency, which is more than all.
    expect 3 "a peak below what was measured" \
        "$NPUSIM" pmu fit --chip cv183x --set ddr.bandwidth_mbps=3732 "$trace"
    check "... asks for the board's peak" grep -q 'ddr.bandwidth_mbps' "$tmp/err"
else
    skip "the trace of a real board" "no NPUSIM_DATA"
fi

# --- traces of our own ----------------------------------------------------------------------------
fixture "$tmp/tiny.cvimodel" 2>/dev/null || fail "the example assembles"
expect 0 "a trace of the example" \
    "$NPUSIM" model_runner --model "$tmp/tiny.cvimodel" --pmu "$tmp/own"
check "both tables are written" test -s "$tmp/own_des.csv" -a -s "$tmp/own_layer.csv"
expect 0 "it compares with its model" compare --model "$tmp/tiny.cvimodel" "$tmp/own_des.csv"
check "a model's own trace replays exactly" holds "$tmp/out" \
    'j["replay"]["tdma_start_mismatches"] == 0 and j["replay"]["tiu_start_mismatches"] == 0 and
        j["tdma"]["mape_percent"] == 0 and j["tiu"]["mape_percent"] == 0 and
        j["tdma"]["rows"] > 5 and j["tiu"]["rows"] > 5 and j["end_to_end_error_percent"] == 0'
expect 0 "on a faster bus it does not" compare --model "$tmp/tiny.cvimodel" \
    --set ddr.bandwidth_mbps=9000 "$tmp/own_des.csv"
check "... transfers come out faster, the TIU the same" holds "$tmp/out" \
    'j["tdma"]["total_error_percent"] < 0 and j["tiu"]["mape_percent"] == 0'
"$NPUSIM" asm -o "$tmp/other.cvimodel" "$top_srcdir/tests/fixtures/two_programs.npuasm"
expect 3 "a trace of another model" compare --model "$tmp/other.cvimodel" "$tmp/own_des.csv"
check "... is told by its rows" grep -q 'not the same model' "$tmp/err"
TPU_ENABLE_PMU=1 "$NPUSIM" model_runner --model "$tmp/tiny.cvimodel" >"$tmp/totals"
for word in tdma_exe_ms: tiu_exe_ms: inference_ms: tdma_exe_tick: paralellism_percent: \
    inferece_data: inference_bw:; do
    check "TPU_ENABLE_PMU=1 prints $word" grep -q "$word" "$tmp/totals"
done
(cd "$tmp" && TPU_PMUBUF_OUTPUT_FILE=env "$NPUSIM" model_runner --model tiny.cvimodel >/dev/null)
check "TPU_PMUBUF_OUTPUT_FILE names the tables" cmp "$tmp/env_des.csv" "$tmp/own_des.csv"
expect 3 "too little to fit" "$NPUSIM" pmu fit --chip cv181x "$tmp/own_des.csv"

# --- what is no trace -----------------------------------------------------------------------------
# refused WHAT LINE SAYS: $tmp/bad.csv is refused by compare and fit; LINE "": the file alone.
refused() {
    local verb
    for verb in compare fit; do
        expect 3 "$verb: $1" "$NPUSIM" pmu "$verb" --chip cv181x "$tmp/bad.csv"
        check "$verb: $1: the message names the place" grep -q "bad\.csv${2:+:$2}: .*$3" "$tmp/err"
        check "$verb: $1: nothing on stdout" test ! -s "$tmp/out"
    done
}
own=$tmp/own_des.csv

# edit COLUMN TEXT: line 3, a TDMA row, with another text in a column.
edit() { awk -F, -v OFS=, -v c="$1" -v t="$2" 'NR == 3 { $c = t } 1' "$own" >"$tmp/bad.csv"; }

for column in pmutype desID start duration end wait_id_tpu src_w; do
    sed "1s/\b$column\b/colour/" "$own" >"$tmp/bad.csv"
    refused "no column $column" "" "'$column'"
done
: >"$tmp/bad.csv"
refused "an empty file" "" "empty"
head -n 1 "$own" >"$tmp/bad.csv"
refused "a header alone" "" "no rows"
echo "what is this" >"$tmp/bad.csv"
refused "another text" "" "no column"
head -c 300 /bin/sh >"$tmp/bad.csv"
refused "a program" "" ""
head -n 3 "$own" | head -c -20 >"$tmp/bad.csv"
refused "a line cut off" 3 "not a number"
edit 6 " soon"
refused "a word for a start" 3 "column start: 'soon' is not a number"
edit 7 ""
refused "no duration" 3 "column duration: '' is not a number"
edit 7 " 12.5"
refused "half a tick" 3 "'12.5' is not a number"
edit 2 " -1"
refused "a negative id" 3 "column desID: '-1'"
edit 8 " -7"
refused "a negative end" 3 "column end: '-7'"
edit 29 " nan"
refused "no number at all" 3 "column src_n: 'nan'"
edit 10 ' "TDMA'
refused "a quote that is not closed" 3 "a quote is not closed"
edit 2 " 65536"
refused "an id of 17 bits" 3 "desID: 65536 is larger than 65535"
edit 2 " 4294967297"
refused "an id of 33 bits" 3 "desID"
edit 2 " 99999999999999999999999"
refused "an id of 77 bits" 3 "desID"
edit 6 " 4294967296"
refused "a start of 33 bits" 3 "start"
edit 17 " 5000000000"
refused "a stride of 33 bits" 3 "dst_h_stride"
edit 11 " 0x99999999999999"
refused "an address beyond 40 bits" 3 "srcAddr"
edit 1 " 0"
refused "type 0" 3 "pmutype 0"
edit 1 " 5"
refused "type 5" 3 "pmutype 5; 1 load"
for column in 23 24 25 26 27 28 29; do
    edit $column " 0"
    refused "extent $column is 0" 3 "no elements"
done
awk -F, -v OFS=, 'NR == 3 { t = $6; $6 = $8; $8 = t } 1' "$own" >"$tmp/bad.csv"
refused "start and end exchanged" 3 "do not agree"
awk -F, -v OFS=, 'NR == 3 { t = $6; $6 = $8; $8 = t; $7 = sprintf(" %.0f", 4294967296 - $7) } 1' "$own" \
    >"$tmp/bad.csv"
refused "a command that ends before it starts" 3 "is before start"
awk -F, -v OFS=, 'NR == 3 { $7 = " " $7 + 1 } 1' "$own" >"$tmp/bad.csv"
refused "a duration that is not end - start" 3 "do not agree"
cp /dev/null "$tmp/none" && rm "$tmp/none"
expect 3 "no such file" "$NPUSIM" pmu compare --chip cv181x "$tmp/none"
expect 3 "a folder" "$NPUSIM" pmu compare --chip cv181x "$tmp"
expect 2 "neither compare nor fit" "$NPUSIM" pmu measure --chip cv181x "$own"

# A wait for a TIU command that the trace does not have.
awk -F, -v OFS=, '$1 == 2 && !done { $16 = " 60000"; done = 1 } 1' "$own" >"$tmp/bad.csv"
expect 3 "a wait for a command that is not there" \
    "$NPUSIM" pmu compare --chip cv181x "$tmp/bad.csv"
check "... is reported" grep -q 'wait' "$tmp/err"

# Tables of shapes.
shapes() { printf '%b' "$1" >"$tmp/s.csv"; compare --chip cv181x --tiu-shapes "$tmp/s.csv" "$own"; }
head='desID,type,op,out_c,out_h,out_w,in_c_or_k,kernel,stride\n'
expect 0 "a table of shapes" shapes "${head}1,TIU PerChannel Convolution,conv,16,8,8,4,3,1\n"
check "... is compared" holds "$tmp/out" 'j["tiu"]["rows"] == 1'
for bad in '1,x,conv,16,8,8,4,3' '1,x,knit,16,8,8,4,3,1' '1,x,conv,x,8,8,4,3,1' \
    '1,x,conv,0,8,8,4,3,1' '1,x,conv,16,8,8,4,3,99' '1,x,conv,99999,8,8,4,3,1'; do
    expect 3 "a shape of $bad" shapes "$head$bad\n"
    check "... with file and line" grep -q 's\.csv:2: ' "$tmp/err"
done
finish
