#!/usr/bin/env bash
# The README tells the truth: its commands run, and it shows what they print (docs/gen.sh).
. "$(dirname "$0")/tap.sh"

cd "$top_srcdir" || exit 99
export NPUSIM_BUILD=$top_builddir

blocks=$(grep -c '^```sh run$' README.md)
check "the README has commands to run" test "$blocks" -ge 5
if expect 0 "all $blocks blocks of commands run" bash docs/gen.sh README.md; then
    cp "$tmp/out" "$tmp/README.md"
    check "the README shows what they print (else run docs/gen.sh)" diff README.md "$tmp/README.md"
fi
check "the picture is there and small" \
    test "$(wc -c <docs/img/report.png)" -gt 10000 -a "$(wc -c <docs/img/report.png)" -lt 300000

# The check itself must bite: another number is found.
sed 's/^latency    0\./latency    9./' README.md >"$tmp/wrong.md"
if diff -q "$tmp/README.md" "$tmp/wrong.md" >"$tmp/log" 2>&1; then
    fail "a wrong number is found"
else
    pass "a wrong number is found"
fi

# What ./bootstrap is told to do here, it knows.
for word in $(sed -n 's/^\.\/bootstrap \([a-z]*\).*/\1/p' README.md); do
    check "bootstrap knows '$word'" grep -q "^$word)" bootstrap
done
finish
