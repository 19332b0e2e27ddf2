#!/usr/bin/env bash
# npusim history: add, show, baseline; two programs at once; one killed.
. "$(dirname "$0")/tap.sh"

npusim() { "$NPUSIM" "$@"; }
says() { grep -qF -e "$1" "$2" || { cat "$2"; false; }; }
db=$tmp/h.sqlite

fixture "$tmp/tiny.cvimodel" && npusim profile --format json -o "$tmp/a.json" "$tmp/tiny.cvimodel" ||
    fail "the in-tree example has a profile"
fixture "$tmp/two.cvimodel"
npusim profile --format json -o "$tmp/two.json" "$tmp/two.cvimodel"
npusim profile --format json --set ddr.contention=0.5 -o "$tmp/slow.json" "$tmp/tiny.cvimodel"
# The same series: chip and overrides as before, other numbers.
sed -z 's/"overrides": \[[^]]*\]/"overrides": []/' "$tmp/slow.json" >"$tmp/b.json"

expect 0 "add" npusim history add --db "$db" --commit c1 "$tmp/a.json" "$tmp/two.json"
check "two profiles" says "2 added, 0 already there" "$tmp/out"
expect 0 "add again" npusim history add --db "$db" --commit c1 "$tmp/a.json"
check "nothing is doubled" says "0 added, 1 already there" "$tmp/out"
expect 0 "a date is kept when given" npusim history add --db "$db" --commit c2 --date 2001-02-03 \
    "$tmp/b.json"
expect 0 "show" npusim history show --db "$db" --model tiny --html "$tmp/h.html"
check "the commit" says c1 "$tmp/out"
check "the date" says 2001-02-03 "$tmp/out"
check "the change" grep -q '% worse$' "$tmp/out"
check "the other model is left out" bash -c '! grep -q "^two " "$1"' - "$tmp/out"
cp "$tmp/out" "$tmp/first"
expect 0 "show again" npusim history show --db "$db" --model tiny
check "gives the same bytes" cmp "$tmp/out" "$tmp/first"
check "the page has a chart" says "<svg" "$tmp/h.html"
check "the page needs no network" bash -c '! grep -qE "https?://|<script" "$1"' - "$tmp/h.html"
if command -v xmllint >/dev/null; then
    check "the page parses" xmllint --html --noout "$tmp/h.html"
fi
expect 0 "the baseline of all" npusim history baseline --db "$db" -o "$tmp/base.json"
echo '{"schema": "npusim-budget/1", "budgets": [{"model": "t*", "fps": {"regress": "99%"}}]}' \
    >"$tmp/budget.json"
expect 0 "fits check" npusim check --require-baseline -b "$tmp/budget.json" \
    --baseline "$tmp/base.json" "$tmp/two.json"
check "and is used" grep -q '^PASS *fps regress model=two ' "$tmp/out"
expect 0 "the best one" npusim history baseline --db "$db" --model tiny --set best -o "$tmp/best.json"
expect 0 "is the first" npusim diff --fail-on-change "$tmp/best.json" "$tmp/a.json"
expect 0 "the last one" npusim history baseline --db "$db" --model tiny --set last -o "$tmp/last.json"
expect 1 "is the second" npusim diff --fail-on-change "$tmp/last.json" "$tmp/a.json"
expect 0 "entry 1" npusim history baseline --db "$db" --set 1 -o "$tmp/one.json"
expect 0 "is the first" npusim diff --fail-on-change "$tmp/one.json" "$tmp/a.json"

# Wrong use and wrong files.
expect 2 "add without --commit" npusim history add --db "$db" "$tmp/a.json"
expect 2 "an empty commit" npusim history add --db "$db" --commit "" "$tmp/a.json"
expect 2 "add without profile" npusim history add --db "$db" --commit c
expect 2 "no such part" npusim history remove --db "$db"
expect 2 "no such metric" npusim history show --db "$db" --metric latency
expect 2 "no such choice" npusim history baseline --db "$db" --set first
expect 3 "no such entry" npusim history baseline --db "$db" --set 99
expect 3 "no such model" npusim history baseline --db "$db" --model none
expect 3 "no such history" npusim history show --db "$tmp/none.sqlite"
check "and none is made" test ! -e "$tmp/none.sqlite"
expect 3 "a profile is no history" npusim history show --db "$tmp/a.json"
expect 3 "nothing is added when one file is bad" npusim history add --db "$tmp/new.sqlite" \
    --commit c "$tmp/a.json" "$tmp/tiny.cvimodel"
check "no history was made" test ! -e "$tmp/new.sqlite"

# Two programs add at once, also creating the file; then one is killed at some moment.
many() {
    local i
    for i in 1 2 3 4 5 6; do
        "$NPUSIM" history add --db "$tmp/both.sqlite" --commit "$1$i" "$tmp/a.json" || return 1
    done
}
many x >"$tmp/x.log" 2>&1 &
first=$!
many y >"$tmp/y.log" 2>&1 &
second=$!
check "writer one" wait $first
check "writer two" wait $second
expect 0 "show after both" npusim history show --db "$tmp/both.sqlite"
check "nothing is lost" bash -c '[ "$(grep -c "  [xy][1-6]  " "$1")" = 12 ]' - "$tmp/out"
for wait in 0.001 0.004 0.008 0.016; do
    "$NPUSIM" history add --db "$tmp/both.sqlite" --commit "k$wait" "$tmp/a.json" "$tmp/two.json" \
        >/dev/null 2>&1 &
    victim=$!
    sleep $wait
    kill -9 $victim 2>/dev/null
    wait $victim 2>/dev/null
done
expect 0 "show after kills" npusim history show --db "$tmp/both.sqlite" --format json
check "an add is whole or absent" python3 -c '
import collections, json, sys
n = collections.Counter(e["commit"] for s in json.load(open(sys.argv[1]))["series"]
                        for e in s["entries"] if e["commit"].startswith("k"))
assert all(v == 2 for v in n.values()), n' "$tmp/out"
expect 0 "and it still takes profiles" npusim history add --db "$tmp/both.sqlite" --commit z \
    "$tmp/two.json"
finish
