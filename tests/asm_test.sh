#!/usr/bin/env bash
# asm, disasm and cvimodel_tool: text and bytes are two forms of one thing; what is wrong is refused.
. "$(dirname "$0")/tap.sh"
fixtures=$top_srcdir/tests/fixtures

# assemble NAME: $tmp/NAME.cvimodel from the fixture or example of that name.
assemble() {
    local text=$fixtures/$1.npuasm
    [ -e "$text" ] || text=$top_srcdir/examples/$1.npuasm
    "$NPUSIM" asm -o "$tmp/$1.cvimodel" "$text"
}

# same_commands FILE: disassembled and assembled again, its command sections are byte-identical.
same_commands() {
    rm -rf "$tmp/have" "$tmp/want"
    "$NPUSIM" disasm -o "$tmp/text" "$1" && "$NPUSIM" asm -o "$tmp/have" "$tmp/text" &&
        "$NPUSIM" cvimodel_tool -a extract -i "$1" -o "$tmp/want" >/dev/null || return
    local n=0
    for section in "$tmp"/have/*.bin; do
        cmp "$section" "$tmp/want/${section##*/}" || return
        n=$((n + 1))
    done
    [ "$n" -gt 0 ]
}

for name in tiny_cv181x tiny_cv180x small_cv182x small_cv183x tpu_cpu_tpu two_programs header_1_0 \
    header_1_1 bad_md5; do
    check "$name assembles" assemble "$name"
    check "$name: text to bytes to text to bytes" same_commands "$tmp/$name.cvimodel"
done
n=0
for model in "$NPUSIM_DATA"/cvimodel/*.cvimodel; do
    [ -e "$model" ] || continue
    n=$((n + 1))
    same_commands "$model" >"$tmp/log" 2>&1 || { echo "$model" >>"$tmp/bad" && note "$tmp/log"; }
done
if [ "$n" -gt 0 ]; then
    check "$n real models: bytes to text to bytes" test ! -e "$tmp/bad"
else
    skip "real models: bytes to text to bytes" "no NPUSIM_DATA"
fi

# The same text gives the same bytes.
assemble tiny_cv181x && cp "$tmp/tiny_cv181x.cvimodel" "$tmp/first"
assemble tiny_cv181x
check "assembling is deterministic" cmp "$tmp/first" "$tmp/tiny_cv181x.cvimodel"

# Headers the compiler does not write survive.
load="load id=1 dst_fmt=1 src_fmt=1 src_base_reg_sel=3 dst_h_stride=8 dst_c_stride_low=64 dst_c=1"
load="$load src_c=1 dst_w=8 dst_h=8 src_w=8 src_h=8 src_n=1"
cat >"$tmp/framing.npuasm" <<TEXT
.model framing chip=cv181x
.program in=x out=x
.tensor x shape=1x1x8x8 mem=io0
.routine tpu "sub func \"0\""
.section "sub func \"0\""
@flags=3 @mask=0x10 $load
@wide @high=2 $load
raw 1 02000000 01000000 # a CPU record
raw 0 $(printf '%0224d' 0)
@magic=0xa7 $load
TEXT
expect 0 "odd record headers assemble" \
    "$NPUSIM" asm -o "$tmp/framing.cvimodel" "$tmp/framing.npuasm"
check "odd record headers survive the text" same_commands "$tmp/framing.cvimodel"
check "flags and mask are shown" grep -q '^@flags=3 @mask=0x10 load ' "$tmp/text"
check "the length in the mask is shown" grep -q '^@high=2 @wide load ' "$tmp/text"
check "unknown commands stay bytes" grep -q '^raw 1 0200000001000000 #' "$tmp/text"

# refused STATUS NAME TEXT...: the fixture assembles; reading it fails and says why.
refused() {
    check "$2 assembles" assemble "$2"
    expect "$1" "$2 is refused" "$NPUSIM" disasm "$tmp/$2.cvimodel"
    check "$2: the message says \"$3\"" grep -qF -- "$3" "$tmp/err"
}
# Found by fuzzing: a NUL escape at the end of a line was read past its end.
printf '.x"\\x00' >"$tmp/nul_escape.npuasm"
expect 3 "a NUL escape is refused" "$NPUSIM" asm -o "$tmp/nul" "$tmp/nul_escape.npuasm"
check "... and said" grep -qF 'escape \x00' "$tmp/err"
refused 4 encrypted "section subfunc_0 is encrypted"
refused 4 unknown_chip "\"cv999x\"; known are cv180x, cv181x, cv182x, cv183x"
refused 3 missing_section "section subfunc_0, which the file does not have"
refused 3 cut_record "section subfunc_0, byte 144: 4 bytes left"
expect 0 "a wrong MD5 is no failure" "$NPUSIM" cvimodel_tool -a dump -i "$tmp/bad_md5.cvimodel"
check "a wrong MD5 is warned about" grep -q 'warning: .*bad_md5.*MD5' "$tmp/err"

# error LINE TEXT MESSAGE: assembling TEXT fails at LINE.
error() {
    printf "$2" >"$tmp/wrong.npuasm"
    expect 3 "$3" "$NPUSIM" asm -o "$tmp/none" "$tmp/wrong.npuasm"
    check "... with file and line" grep -qF -- "wrong.npuasm:$1: " "$tmp/err"
    check "... saying so" grep -qF -- "$3" "$tmp/err"
}
error 1 'load id=1\n' "a command outside a .section"
error 2 '.section s\nload id=1\n' "a command before .chip or .model"
error 3 '.chip cv181x\n.section s\nlaod id=1\n' "'laod': no such instruction"
error 3 '.chip cv181x\n.section s\nload idd=1\n' "'idd': no such field"
error 3 '.chip cv181x\n.section s\nload id=65536\n' "a number from 0 to 65535"
error 1 '.chip cv184x\n' "chip 'cv184x'; known are"
error 1 '.sectoin s\n' "'.sectoin' is unknown"
error 2 '.section s\n.section s\n' "section s is there already"
error 1 '.tensor x\n' ".tensor before any .program"
error 1 '.weight w shape=1x2 dtype=INT9\n' "element type 'INT9'"
error 1 '.weight w shape=1xx2\n' "shape '1xx2'"
error 1 '.weight w shape=2 hex=0102a\n' "no even number of hex digits"
error 1 '.weight w shape=4 hex=010203\n' "hex= has 3 bytes, the weight 4"
error 1 '.weight w shape=4096 vlc=64\n' "vlc=64: for 4096 bytes"
error 1 '.section "s\n' "a quote is not closed"
error 1 '.model m chip=cv181x version=1\n' "version=1: 2 numbers"
error 3 '.model m chip=cv181x\n.program\n.attr k int 1\n' "without a .routine cpu"
check "nothing was written" test ! -e "$tmp/none"
expect 3 "a text that is not there" "$NPUSIM" asm "$tmp/nothing.npuasm"
expect 5 "an output that cannot be" "$NPUSIM" asm -o "$tmp/no/such/x" \
    "$top_srcdir/examples/tiny_cv181x.npuasm"

# The vendor's tool.
dump=$NPUSIM_DATA/cvimodel/cls_hand_gesture_128_128_INT8_cv181x.cvimodel
if [ -e "$dump" ]; then
    "$NPUSIM" cvimodel_tool -a dump -i "$dump" >"$tmp/dump"
    check "memory as the vendor publishes it" \
        grep -qx 'CviModel Need ION Memory Size: (1.16 MB)' "$tmp/dump"
else
    skip "memory as the vendor publishes it" "no NPUSIM_DATA"
fi
"$NPUSIM" cvimodel_tool -a dump -i "$tmp/two_programs.cvimodel" >"$tmp/dump"
for line in 'Cvimodel Version: 1.4.0' 'two_programs Build at 2000-01-01 00:00:00' \
    'For cv181x chip ONLY' 'Sections:' 'WeightMap:' 'Program #0' 'Program #1' \
    '    batch_num   : 2' '     #00  tpu' '        section : subfunc_0_1' \
    '        001  0           int8  2    16   8    8    0.500000   io_mem  y'; do
    check "the dump has \"$line\"" grep -qxF -- "$line" "$tmp/dump"
done
check "a section's MD5 is that of its contents, not of the LZ4 block" \
    sh -c '"$1" cvimodel_tool -a extract -i "$2" -o "$3/x" >"$3/log" &&
        sum=$(md5sum <"$3/x/subfunc_0.bin") && grep -q "subfunc_0 .*True *${sum%% *}" "$3/dump"' \
    - "$NPUSIM" "$tmp/two_programs.cvimodel" "$tmp"
cat >"$tmp/alike.npuasm" <<TEXT
.model alike chip=cv181x
.program
.section a_b type=weight
.bytes 01
.section "a b" type=weight
.bytes 02
.section ../a_b type=weight
.bytes 03
TEXT
"$NPUSIM" asm -o "$tmp/alike.cvimodel" "$tmp/alike.npuasm"
expect 0 "sections with names alike are extracted" \
    "$NPUSIM" cvimodel_tool -a extract -i "$tmp/alike.cvimodel" -o "$tmp/deep/alike"
check "... into a file each, all inside the folder" \
    sh -c 'cd "$1/deep" && od -An -v -tx1 -w1 alike/*.bin | sort | tr -d " \n" | grep -qx 010203 ||
        { find .; false; }' - "$tmp"
expect 2 "an action is needed" "$NPUSIM" cvimodel_tool -i "$tmp/two_programs.cvimodel"
expect 2 "a model is needed" "$NPUSIM" cvimodel_tool -a dump
mkdir "$tmp/mine" && echo precious >"$tmp/mine/notes"
expect 5 "a folder with other files is not replaced" \
    "$NPUSIM" cvimodel_tool -a extract -i "$tmp/two_programs.cvimodel" -o "$tmp/mine"
check "... and keeps them" grep -q precious "$tmp/mine/notes"
finish
