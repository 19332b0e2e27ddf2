#!/usr/bin/env bash
# Shapes and types against the ONNX conformance cases: every case is equal or refused by name, with
# inputs unknown and with all inputs known (then folded results must have the right contents too).
. "$(dirname "$0")/tap.sh"

pack=$NPUSIM_DATA/onnx_node_tests.tar.xz
if [ ! -f "$pack" ]; then
    skip "conformance cases" "no $(basename "$pack")"
    finish
    exit 0
fi
tar xJf "$pack" -C "$tmp"
find "$tmp" -name model.onnx -printf '%h\n' | sort >"$tmp/folders"

# $1: how shape_case treats the inputs, $2: least number of equal cases, $3: of those folded.
run() {
    xargs -a "$tmp/folders" "$top_builddir/tests/unit/shape_case" "$1" >"$tmp/$1"
    local all equal folded
    all=$(wc -l <"$tmp/$1")
    equal=$(grep -cE ' (equal|folded)$' "$tmp/$1")
    folded=$(grep -c ' folded$' "$tmp/$1")
    echo "# $1: $all cases, $equal equal, of which $folded folded"
    check "$1: there are cases" test "$all" -gt 0
    check "$1: every case is reported" test "$all" = "$(wc -l <"$tmp/folders")"
    grep -E ' (differs|refused [0-35-9]) ' "$tmp/$1" >"$tmp/wrong"
    if [ -s "$tmp/wrong" ]; then
        fail "$1: no case differs, a refusal is exit status 4"
        head -n 40 "$tmp/wrong" | note
    else
        pass "$1: no case differs, a refusal is exit status 4"
    fi
    check "$1: at least $2 cases are equal" test "$equal" -ge "$2"
    check "$1: at least $3 of them are folded" test "$folded" -ge "$3"
    # what is refused: old opsets, and what only data decide
    grep ' refused ' "$tmp/$1" | grep -vE 'opset [1-6],|depends on the data' >"$tmp/wrong"
    check "$1: refused are old opsets and shapes that depend on data" test ! -s "$tmp/wrong"
}

run cases 630 10
run data 625 280
finish
