#!/usr/bin/env bash
# The layer rule of ARCHITECTURE.md: which folder may include which, read off the #include lines.
. "$(dirname "$0")/tap.sh"

allowed() {
    case $1 in
    base) echo base ;;
    formats) echo base formats ;;
    sim) echo base sim ;;
    models) echo base sim models ;;
    compiler) echo base formats sim models compiler ;;
    perf) echo base sim models perf ;;
    reports) echo base reports ;;
    include) ;;
    esac
}

# Prints "file: include" for every quoted include of folder $1 that the rule does not allow.
violations() {
    local layers
    layers=" $(allowed "$1") npusim config.h "
    find "$top_srcdir/$1" -name '*.[ch]' -o -name '*.def' | sort | while read -r file; do
        sed -n 's/^[ ]*#[ ]*include[ ]*"\([^"]*\)".*/\1/p' "$file" | while read -r name; do
            case $layers in
            *" ${name%%/*} "*) ;;
            *) echo "${file#"$top_srcdir"/}: includes \"$name\"; allowed:$layers" ;;
            esac
        done
    done
}

for layer in base formats sim models compiler perf reports include; do
    violations "$layer" >"$tmp/found"
    if [ -s "$tmp/found" ]; then
        fail "$layer includes only what it may"
        note "$tmp/found"
    else
        pass "$layer includes only what it may"
    fi
done

# The rule itself must bite: a perf header in sim is a violation.
mkdir -p "$tmp/tree/sim"
echo '#include "perf/run.h"' >"$tmp/tree/sim/bad.c"
if [ -n "$(top_srcdir=$tmp/tree violations sim)" ]; then
    pass "a forbidden include is found"
else
    fail "a forbidden include is found"
fi
finish
