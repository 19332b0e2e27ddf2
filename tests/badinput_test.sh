#!/usr/bin/env bash
# Damaged models: always a message and exit 3 or 4, never a signal, never a partial report.
. "$(dirname "$0")/tap.sh"

if ! fixture "$tmp/tiny.cvimodel" 2>"$tmp/err"; then
    fail "the example assembles"
    note "$tmp/err"
    finish
    exit
fi
size=$(wc -c <"$tmp/tiny.cvimodel")

# perf FILE [OPTION...]: sets $got, $tmp/err and, when something was written, $tmp/out/.
perf() {
    rm -rf "$tmp/out"
    got=0
    "$NPUSIM" hb_perf -o "$tmp/out" "${@:2}" "$1" >"$tmp/stdout" 2>"$tmp/err" </dev/null || got=$?
}

# Refused as it should be: exit 3 or 4, the file named in a message, no result.
refused() {
    case $got in
    3 | 4) ;;
    *)
        echo "exit $got"
        return 1
        ;;
    esac
    grep -qF "$1" "$tmp/err" || { echo "no message about $1"; return 1; }
    [ -z "$(find "$tmp/out" -type f 2>/dev/null)" ] || { echo "partial report"; return 1; }
}

# truncations FILE WHAT: cut at every 1 % of its length.
truncations() {
    local file=$1 bytes bad=
    bytes=$(wc -c <"$file")
    for percent in $(seq 0 99); do
        head -c $((bytes * percent / 100)) "$file" >"$tmp/cut.cvimodel"
        perf "$tmp/cut.cvimodel"
        refused cut.cvimodel >"$tmp/why" || bad="$bad $percent%:$(tr '\n' ' ' <"$tmp/why")"
    done
    if [ -z "$bad" ]; then
        pass "$2, cut at every 1 % of its length"
    else
        fail "$2, cut at every 1 % of its length:$bad"
    fi
}

truncations "$tmp/tiny.cvimodel" "the example"

: >"$tmp/empty.cvimodel"
perf "$tmp/empty.cvimodel"
check "an empty file" refused empty.cvimodel
mkdir "$tmp/folder.cvimodel"
perf "$tmp/folder.cvimodel"
check "a folder" refused folder.cvimodel
perf "$tmp/none.cvimodel"
check "no such file" refused none.cvimodel
if [ "$(id -u)" = 0 ]; then
    skip "an unreadable file" "root reads everything"
else
    cp "$tmp/tiny.cvimodel" "$tmp/secret.cvimodel"
    chmod 0 "$tmp/secret.cvimodel"
    perf "$tmp/secret.cvimodel"
    check "an unreadable file" refused secret.cvimodel
fi
perf "$tmp/tiny.cvimodel" --chip cv183x
check "a chip of another register layout" refused cv183x
LC_ALL=C sed 's/cv181x/cv999x/g' "$tmp/tiny.cvimodel" >"$tmp/alien.cvimodel"
perf "$tmp/alien.cvimodel"
check "a model for a chip nobody knows" refused cv999x

# An earlier result survives a later failure.
"$NPUSIM" hb_perf -o "$tmp/keep" "$tmp/tiny.cvimodel" >/dev/null 2>&1
(cd "$tmp/keep" && find . -type f -exec cksum {} + | sort -k 3) >"$tmp/before"
mkdir "$tmp/bad"
head -c $((size / 2)) "$tmp/tiny.cvimodel" >"$tmp/bad/tiny.cvimodel"
expect 3 "half of it, over an earlier result" \
    "$NPUSIM" hb_perf -o "$tmp/keep" "$tmp/bad/tiny.cvimodel"
(cd "$tmp/keep" && find . -type f -exec cksum {} + | sort -k 3) >"$tmp/after"
check "the earlier result is untouched" cmp "$tmp/before" "$tmp/after"
expect 5 "a report folder that cannot be made" \
    "$NPUSIM" hb_perf -o "$tmp/tiny.cvimodel/below" "$tmp/tiny.cvimodel"

check "10000 variants with flipped bytes" "$top_builddir/tests/flip" "$tmp/tiny.cvimodel" 10000 1
smallest=$(find "$NPUSIM_DATA/cvimodel" -name '*.cvimodel' -size -200k 2>/dev/null | sort | head -n 1)
if [ -n "$smallest" ]; then
    truncations "$smallest" "a real model"
    check "2000 variants of a real model" "$top_builddir/tests/flip" "$smallest" 2000 2
else
    skip "a real model, cut" "no NPUSIM_DATA"
    skip "a real model, flipped" "no NPUSIM_DATA"
fi
finish
