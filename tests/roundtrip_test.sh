#!/usr/bin/env bash
# Every command of every model at hand is known, accounted for to the byte, and survives its text.
. "$(dirname "$0")/tap.sh"

# commands FILE: the number of commands of each engine in $tmp/text, "TIU TDMA".
commands() {
    awk '/^(#|\.|$)/ { next }
        { for (i = 1; $i ~ /^@/; i++); if ($i == "raw") raw++
          else if ($i ~ /^(load|store|gcopy|move|fill)(\.|$)/) tdma++; else tiu++ }
        END { print tiu + 0, tdma + 0, raw + 0 }' "$1"
}

# round FILE: prints why not when it does not come back.
round() {
    local tiu tdma raw bytes=0 n=0 section
    rm -rf "$tmp/have" "$tmp/want"
    "$NPUSIM" disasm -o "$tmp/text" "$1" || return
    "$NPUSIM" asm -o "$tmp/have" "$tmp/text" || return
    "$NPUSIM" cvimodel_tool -a extract -i "$1" -o "$tmp/want" >/dev/null || return
    for section in "$tmp"/have/*.bin; do
        cmp "$section" "$tmp/want/${section##*/}" || return
        bytes=$((bytes + $(wc -c <"$section")))
        n=$((n + 1))
    done
    read -r tiu tdma raw < <(commands "$tmp/text")
    [ "$n" -gt 0 ] || { echo "no command section"; return 1; }
    [ "$raw" = 0 ] || { echo "$raw unknown commands"; return 1; }
    # a record is 8 bytes and 112 (TIU) or 64 (TDMA)
    [ "$bytes" = $((tiu * 120 + tdma * 72)) ] ||
        { echo "$tiu TIU and $tdma TDMA commands in $bytes bytes"; return 1; }
}

# The check itself must bite: a byte changed in a section, a command missing from the text.
fixture "$tmp/tiny.cvimodel"
check "the example" round "$tmp/tiny.cvimodel"
printf 'raw 1 00\nload id=1\nconv id=1\n@wide maxpool id=2\n# raw\n' >"$tmp/text"
check "commands are counted" test "$(commands "$tmp/text")" = "2 1 1"

for name in tiny_cv180x small_cv182x small_cv183x tpu_cpu_tpu two_programs header_1_0 header_1_1 \
    bad_md5; do
    "$NPUSIM" asm -o "$tmp/$name.cvimodel" "$top_srcdir/tests/fixtures/$name.npuasm"
    check "$name" round "$tmp/$name.cvimodel"
done

n=0
for model in "$NPUSIM_DATA"/cvimodel/*.cvimodel; do
    [ -e "$model" ] || continue
    n=$((n + 1))
    name=${model##*/}
    check "${name%.cvimodel}" round "$model"
done
[ "$n" -gt 0 ] || skip "real models" "no NPUSIM_DATA"
finish
