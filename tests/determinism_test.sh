#!/usr/bin/env bash
# The same input gives the same bytes: twice, with other memory contents, locale, time zone, folder,
# path of the input, environment and place of the chip files.
. "$(dirname "$0")/tap.sh"

# outputs DIR FILE: everything the program writes about FILE, into DIR.
outputs() {
    mkdir -p "$1"
    "$NPUSIM" profile --format json -o "$1/profile.json" "$2" &&
        "$NPUSIM" profile --format csv -o "$1/profile.csv" "$2" &&
        "$NPUSIM" profile --set ddr.contention=0.3 -o "$1/profile.txt" "$2" &&
        "$NPUSIM" disasm -o "$1/disasm" "$2" &&
        "$NPUSIM" hb_perf -o "$1/perf" "$2" >/dev/null &&
        (cd "$1" && "$NPUSIM" model_runner --model "$2" --pmu own >runner) &&
        "$NPUSIM" pmu compare --format json --model "$2" "$1/own_des.csv" >"$1/compare.json" &&
        "$NPUSIM" chips cv181x >"$1/chip"
}

# same WHAT: $tmp/a and $tmp/b hold the same bytes.
same() {
    check "$name: $1" diff -rq "$tmp/a" "$tmp/b"
    rm -rf "$tmp/b"
}

vary() {
    name=$1
    local file=$2 locale
    rm -rf "$tmp/a"
    check "$name: everything is written" outputs "$tmp/a" "$file"
    check "$name: reports are there" test -s "$tmp/a/perf/$name/$name.html" -a \
        -s "$tmp/a/perf/$name/trace.json" -a -s "$tmp/a/perf/$name/layers.csv"
    outputs "$tmp/b" "$file"
    same "a second time"
    (export MALLOC_PERTURB_=165 && outputs "$tmp/b" "$file")
    same "memory filled with junk"
    for locale in de_DE.UTF-8 de_DE fr_FR.UTF-8 C.UTF-8 en_US.UTF-8; do
        if locale -a 2>/dev/null | tr -d - | grep -qix "${locale//-/}"; then
            (export LC_ALL=$locale LANG=$locale && outputs "$tmp/b" "$file")
            same "locale $locale"
        fi
    done
    (export TZ=Pacific/Kiritimati && outputs "$tmp/b" "$file")
    same "another time zone"
    (export COLUMNS=40 LINES=3 TERM=dumb HOME=/nonexistent USER=nobody && outputs "$tmp/b" "$file")
    same "another environment"
    mkdir -p "$tmp/elsewhere/below"
    cp "$file" "$tmp/elsewhere/below/"
    (cd "$tmp/elsewhere" && outputs "$tmp/b" "$tmp/elsewhere/../elsewhere/below/${file##*/}")
    same "another folder and path"
    rm -rf "$tmp/chips" && mkdir "$tmp/chips" && cp "$top_srcdir"/models/chips/*.json "$tmp/chips"
    (export NPUSIM_CHIP_DIR=$tmp/chips && outputs "$tmp/b" "$file")
    same "chip files elsewhere"
    if setarch -R true 2>/dev/null; then
        setarch -R bash -c "$(declare -f outputs); outputs \"\$@\"" - "$tmp/b" "$file"
        same "addresses not randomised"
    fi
}

# Files that carry time or chance would differ; the comparison must see it.
mkdir -p "$tmp/a" "$tmp/b"
echo 1 >"$tmp/a/x"
echo 2 >"$tmp/b/x"
if diff -rq "$tmp/a" "$tmp/b" >/dev/null; then
    fail "a difference is seen"
else
    pass "a difference is seen"
fi
rm -rf "$tmp/a" "$tmp/b"
export NPUSIM

fixture "$tmp/tiny.cvimodel"
vary tiny "$tmp/tiny.cvimodel"
real=$(find "$NPUSIM_DATA/cvimodel" -name 'yolov8n_det_person_vehicle_3*' 2>/dev/null | sort | head -n 1)
if [ -n "$real" ]; then
    cp "$real" "$tmp/real.cvimodel"
    vary real "$tmp/real.cvimodel"
else
    skip "a real model" "no NPUSIM_DATA"
fi
finish
