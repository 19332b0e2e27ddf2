#!/usr/bin/env bash
# The path of "./bootstrap run": the in-tree example from text to a report, twice the same bytes.
. "$(dirname "$0")/tap.sh"

expect 0 "the example assembles" fixture "$tmp/tiny.cvimodel"
expect 0 "and profiles" "$NPUSIM" profile "$tmp/tiny.cvimodel"
check "the profile has a latency" grep -qi latency "$tmp/out"
for run in one two; do
    expect 0 "hb_perf, run $run" "$NPUSIM" hb_perf -o "$tmp/$run" "$tmp/tiny.cvimodel"
done
check "two runs write the same bytes" diff -r "$tmp/one" "$tmp/two"
for file in tiny.html tiny.json trace.json layers.csv tiny; do
    check "$file is written" test -s "$tmp/one/tiny/$file"
done
check "no report names a folder of this machine" bash -c '! grep -rlF "$1" "$2"' - "$tmp" "$tmp/one"
if command -v dot >/dev/null; then
    check "tiny.png is written" test -s "$tmp/one/tiny/tiny.png"
else
    skip "tiny.png is written" "no dot"
fi
if command -v xmllint >/dev/null; then
    check "the page parses" xmllint --html --noout "$tmp/one/tiny/tiny.html"
else
    skip "the page parses" "no xmllint"
fi
finish
