#!/usr/bin/env bash
# npusim check: the five exit codes, the reports, bad files, nothing half written.
. "$(dirname "$0")/tap.sh"

npusim() { "$NPUSIM" "$@"; }
says() { grep -qF -e "$1" "$2" || { cat "$2"; false; }; }
empty() { [ ! -s "$1" ] || { cat "$1"; false; }; }
budget() { printf '{"schema": "npusim-budget/1", "budgets": [%s]}' "$1" >"$tmp/$2.json"; }
valid_xml() { xmllint --noout --schema "$top_srcdir/tests/schema/junit.xsd" "$1"; }

fixture "$tmp/tiny.cvimodel" && npusim profile --format json -o "$tmp/p.json" "$tmp/tiny.cvimodel" ||
    fail "the in-tree example has a profile"

# 0 met, 1 broken, 2 wrong use, 3 malformed, 4 missing.
budget '{"model": "tiny", "latency_ms": {"max": 1}, "subgraphs": {"max": 1}}' met
budget '{"model": "tiny", "latency_ms": {"max": 0.001}, "ddr_bytes": {"max": "1kB"}}' broken
budget '{"model": "other*", "latency_ms": {"max": 1}}' missing
budget '{"model": "tiny", "layer": {"no_such*": {"macs": {"max": 1}}}}' missing_layer
budget '{"model": "tiny", "latency_ms": {"max": "1 MB"}}' wrong_unit
expect 0 "a met budget" npusim check -b "$tmp/met.json" "$tmp/p.json"
check "each rule has a line" says "PASS         latency_ms max model=tiny" "$tmp/out"
expect 0 "-q shows what did not pass" npusim check -q -b "$tmp/met.json" "$tmp/p.json"
check "so nothing but the sum" bash -c '[ "$(wc -l <"$1")" = 1 ]' - "$tmp/out"
expect 1 "a broken budget" npusim check -b "$tmp/broken.json" "$tmp/p.json"
check "the first broken rule" grep -q '^FAIL *latency_ms max model=tiny .* > 0.001 ms' "$tmp/out"
check "the second broken rule" grep -q '^FAIL *ddr_bytes max model=tiny .* > 1000 B' "$tmp/out"
expect 2 "no budget" npusim check "$tmp/p.json"
expect 2 "no profile" npusim check -b "$tmp/met.json"
expect 3 "a wrong unit" npusim check -b "$tmp/wrong_unit.json" "$tmp/p.json"
check "the message has file and path" says "wrong_unit.json: \$.budgets[0].latency_ms.max: \"1 MB\"" \
    "$tmp/err"
check "and what is allowed" says "ms, us or s" "$tmp/err"
check "stdout stays empty" empty "$tmp/out"
expect 4 "a missing model" npusim check -b "$tmp/missing.json" "$tmp/p.json"
expect 4 "a missing layer" npusim check -b "$tmp/missing_layer.json" "$tmp/p.json"
check "the pattern is named" says "layer no_such*" "$tmp/out"

# Bad input writes nothing.
echo '{"schema": "npusim.profile/1", "tool": 7}' >"$tmp/bad.json"
sed 's/"latency_cycles": /&1/' "$tmp/p.json" >"$tmp/sum.json"
sed 's/"macs": [0-9]*/"macs": -1/' "$tmp/p.json" >"$tmp/negative.json"
sed 's/"latency_ms": [0-9.]*/"latency_ms": 1e999/' "$tmp/p.json" >"$tmp/huge.json"
head -c 300 "$tmp/p.json" >"$tmp/cut.json"
: >"$tmp/nothing.json"
for file in bad sum negative huge cut nothing tiny.cvimodel no_such_file; do
    path=$tmp/$file
    [ -e "$path" ] || path=$tmp/$file.json
    expect 3 "profile: $file" npusim check -b "$tmp/met.json" --junit "$tmp/no.xml" \
        --json "$tmp/no.json" --md "$tmp/no.md" "$path"
    check "the message names it" says "$file" "$tmp/err"
done
check "no report was written" bash -c '! ls "$1"/no.*' - "$tmp"

# Reports.
expect 1 "three reports at once" npusim check -b "$tmp/broken.json" --junit "$tmp/j.xml" \
    --json "$tmp/j.json" --md "$tmp/j.md" --annotate github "$tmp/p.json"
check "GitHub sees an error" grep -q '^::error title=FAIL tiny latency_ms max::' "$tmp/out"
check "Markdown has a row" grep -q '^| \*\*FAIL\*\* | tiny ' "$tmp/j.md"
check "JSON has both verdicts" bash -c '[ "$(grep -c "\"verdict\": \"fail\"" "$1")" = 2 ]' - \
    "$tmp/j.json"
expect 1 "JSON to stdout" npusim check -b "$tmp/broken.json" --json - "$tmp/p.json"
check "is the same and nothing else" cmp "$tmp/out" "$tmp/j.json"
expect 5 "a report that cannot be written" npusim check -b "$tmp/met.json" \
    --json "$tmp/no_dir/x.json" "$tmp/p.json"

# Inside the measured error (the chip file of the example has one): a warning, --strict fails.
ms=$(sed -n 's/^  "latency_ms": \([0-9.]*\),/\1/p' "$tmp/p.json")
budget "{\"model\": \"tiny\", \"latency_ms\": {\"max\": $ms}}" edge
expect 0 "a limit inside the error" npusim check -b "$tmp/edge.json" --junit "$tmp/w.xml" \
    --md "$tmp/w.md" --json "$tmp/w.json" "$tmp/p.json"
check "text says so" says "WITHIN ERROR" "$tmp/out"
check "with the error" says "measured error of +-" "$tmp/out"
check "JUnit says so" says "WITHIN ERROR" "$tmp/w.xml"
check "Markdown says so" says "WITHIN ERROR" "$tmp/w.md"
check "JSON says so" says '"within-error"' "$tmp/w.json"
expect 1 "--strict" npusim check --strict -b "$tmp/edge.json" --junit "$tmp/s.xml" "$tmp/p.json"
check "JUnit has a failure" says '<failure message="WITHIN ERROR' "$tmp/s.xml"
expect 1 "--werror" npusim check --werror -b "$tmp/edge.json" "$tmp/p.json"
sed 's/"error_percent": [0-9.]*/"error_percent": null/' "$tmp/p.json" >"$tmp/exact.json"
expect 0 "without error the limit itself passes" npusim check -b "$tmp/edge.json" "$tmp/exact.json"
check "as PASS" grep -q '^PASS *latency_ms max' "$tmp/out"
check "and a note" says "never measured" "$tmp/out"

# The same verdicts in the report, which reports only: exit 0.
hb_perf() { "$NPUSIM" hb_perf --report html,json -o "$tmp/report" "$@"; }
page=$tmp/report/tiny/tiny.html
for name in met broken edge; do
    npusim check -b "$tmp/$name.json" --json "$tmp/c.json" "$tmp/p.json" >/dev/null
    expect 0 "hb_perf reports the budget: $name" hb_perf --budget "$tmp/$name.json" \
        "$tmp/tiny.cvimodel"
    check "the text has it: $name" grep -q '^Budgets$' "$tmp/out"
    sed -n 's/.*"verdict": "\([a-z-]*\)".*/\1/p' "$tmp/c.json" >"$tmp/want"
    sed -n 's/.*"state": "\([a-z-]*\)".*/\1/p' "$tmp/report/tiny/tiny.json" >"$tmp/got"
    check "hb_perf and check agree: $name" cmp "$tmp/want" "$tmp/got"
    check "there is a verdict: $name" test -s "$tmp/got"
done
check "the page has word and glyph" says "≈ WITHIN ERROR</b>" "$page"
expect 0 "a budget of another model" hb_perf --budget "$tmp/missing.json" "$tmp/tiny.cvimodel"
check "is none of this one" says "No rule of the budget file" "$page"
expect 0 "npusim profile has it too" npusim profile -b "$tmp/broken.json" "$tmp/tiny.cvimodel"
check "as text" grep -q '^  FAIL  *ddr_bytes ' "$tmp/out"
rm -r "$tmp/report"
expect 3 "hb_perf refuses a bad budget" hb_perf --budget "$tmp/wrong_unit.json" \
    "$tmp/tiny.cvimodel"
check "and writes nothing" test ! -e "$tmp/report"
check "nor prints anything" empty "$tmp/out"

# Baselines.
budget '{"model": "tiny", "latency_ms": {"regress": "0%"}, "fps": {"regress": "0%"}}' regress
expect 0 "no baseline is a warning" npusim check -b "$tmp/regress.json" "$tmp/p.json"
check "and is said" says "NO BASELINE" "$tmp/out"
expect 4 "--require-baseline" npusim check --require-baseline -b "$tmp/regress.json" "$tmp/p.json"
expect 0 "the same profile" npusim check -b "$tmp/regress.json" --baseline "$tmp/p.json" "$tmp/p.json"
npusim profile --format json --set ddr.bandwidth_mbps=1866 -o "$tmp/slow.json" "$tmp/tiny.cvimodel"
expect 0 "another chip number: skipped" npusim check -b "$tmp/regress.json" \
    --baseline "$tmp/p.json" "$tmp/slow.json"
check "with the reason" says "ddr.bandwidth_mbps is 3732 in the baseline, 1866" "$tmp/out"
expect 3 "--strict refuses that" npusim check --strict -b "$tmp/regress.json" \
    --baseline "$tmp/p.json" "$tmp/slow.json"

# Response times come from a schedule.
cat >"$tmp/schedule.json" <<'JSON'
{"schema": "npusim.schedule/1", "tool": {"name": "npusim", "version": "0.1.0"}, "models": [
 {"name": "urgent", "response_us": {"n": 10, "min": 900, "mean": 1000, "p50": 1000, "p90": 1200,
  "p95": 1250, "p99": 1300, "max": 1300, "jitter": 400}, "blocking_max_us": 500, "misses": 1}]}
JSON
budget '{"response": {"urgent": {"p99_ms": {"max": 1.3}, "deadline_misses": {"max": 0}}}}' response
expect 1 "a response budget" npusim check -b "$tmp/response.json" "$tmp/schedule.json"
check "the percentile passes" grep -q '^PASS *p99_ms max .*response urgent *1.3 <= 1.3 ms' "$tmp/out"
check "a miss fails" grep -q '^FAIL *deadline_misses max .*response urgent *1 > 0' "$tmp/out"
expect 4 "no schedule given" npusim check -b "$tmp/response.json" "$tmp/p.json"

# Names from model files may hold anything.
sed 's/"name": "conv1"/"name": "<\&\\"'"'"'|`]]>%\\u0001"/' "$tmp/p.json" >"$tmp/name.json"
budget '{"model": "tiny", "layer": {"<*": {"macs": {"max": 1}}}}' hostile
expect 1 "a hostile layer name" npusim check -b "$tmp/hostile.json" --junit "$tmp/h.xml" \
    --md "$tmp/h.md" --annotate github "$tmp/name.json"
npusim check -b "$tmp/missing.json" --junit "$tmp/m.xml" "$tmp/p.json" >/dev/null
if command -v xmllint >/dev/null; then
    for file in j w s h m; do
        check "JUnit $file.xml is valid" valid_xml "$tmp/$file.xml"
    done
    sed 's/<testcase /<testcase wrong="1" /' "$tmp/j.xml" >"$tmp/wrong.xml"
    if valid_xml "$tmp/wrong.xml" 2>/dev/null; then
        fail "the schema refuses another attribute"
    else
        pass "the schema refuses another attribute"
    fi
else
    skip "JUnit is valid" "no xmllint"
fi
finish
