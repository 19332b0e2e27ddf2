#!/usr/bin/env bash
# Command line of every row of tools/command.def: help, version, wrong use, exit codes.
. "$(dirname "$0")/tap.sh"

rows() {
    sed -n 's/^C([A-Z_0-9]*, "\([^"]*\)", [a-z_0-9]*, \([01]\),.*/\1 \2/p' \
        "$top_srcdir/tools/command.def"
}

narrow() { [ -s "$1" ] && ! LC_ALL=C.UTF-8 grep -nE '.{81}' "$1"; }
empty() { [ ! -s "$1" ] || { cat "$1"; false; }; }
says() { grep -qF -e "$1" "$2" || { cat "$2"; false; }; }

# help COMMAND...: -h and --help are equal, on stdout, at most 80 columns, with the usual parts.
help() {
    expect 0 "$*: --help" "$@" --help
    check "$*: --help writes nothing to stderr" empty "$tmp/err"
    check "$*: --help fits 80 columns" narrow "$tmp/out"
    check "$*: --help has a usage line" says "Usage: " "$tmp/out"
    check "$*: --help tells the exit status" says "Exit status:" "$tmp/out"
    check "$*: --help has an example" says "Examples:" "$tmp/out"
    cp "$tmp/out" "$tmp/long"
    expect 0 "$*: -h" "$@" -h
    check "$*: -h equals --help" cmp "$tmp/long" "$tmp/out"
}

version() {
    local option
    for option in --version -V; do
        expect 0 "$*: $option" "$@" "$option"
        check "$*: $option names the program" grep -qE '^npusim [0-9]+\.[0-9]+\.[0-9]+$' "$tmp/out"
    done
}

wrong_use() {
    expect 2 "$*: unknown option" "$@" --no-such-option-at-all
    check "$*: unknown option is named" says "--no-such-option-at-all" "$tmp/err"
    check "$*: unknown option leaves stdout empty" empty "$tmp/out"
    expect 2 "$*: misspelt option" "$@" --versoin
    check "$*: the right spelling is offered" says "did you mean --version?" "$tmp/err"
    expect 2 "$*: unknown short option" "$@" -%
}

npusim() { "$NPUSIM" "$@"; }
PATH=$tmp:$PATH # the links made below

help npusim
version npusim
check "npusim: --help names the environment" grep -q NPUSIM_CHIP_DIR "$tmp/long"
expect 2 "npusim: no command" npusim
expect 2 "npusim: unknown command" npusim no_such_command
expect 2 "npusim: misspelt command" npusim profil
check "npusim: the right command is offered" says "did you mean profile?" "$tmp/err"
check "npusim: the commands are listed" says "hb_perf" "$tmp/err"
expect 2 "npusim: misspelt option" npusim --versoin

while read -r name link; do
    help npusim "$name"
    version npusim "$name"
    wrong_use npusim "$name"
    check "npusim --help lists $name" grep -qE "^  $name " <("$NPUSIM" --help)
    if [ "$link" = 1 ]; then
        ln -s "$NPUSIM" "$tmp/$name"
        help "$name"
        check "$name: help names the link" says "Usage: $name " "$tmp/long"
    fi
done < <(rows)
ln -s "$NPUSIM" "$tmp/npusim-chips"
expect 0 "npusim-chips as a name" "$tmp/npusim-chips" --help

# Every command that reads a model: none given, missing, folder, not a model.
echo "this is not a model" >"$tmp/junk"
mkdir "$tmp/cwd" && cd "$tmp/cwd" || exit 99 # where no earlier run left its reports
for name in profile hb_perf disasm bench; do
    expect 2 "npusim $name: FILE is missing" npusim "$name"
    expect 3 "npusim $name: no such file" npusim "$name" "$tmp/none.cvimodel"
    check "npusim $name: the message names the file" says "none.cvimodel" "$tmp/err"
    check "npusim $name: nothing on stdout" empty "$tmp/out"
    expect 3 "npusim $name: a folder" npusim "$name" "$tmp"
    expect 3 "npusim $name: not a model" npusim "$name" "$tmp/junk"
done
check "no report folder after bad input" test ! -e hb_perf_result

# Both dialects.
if fixture "$tmp/tiny.cvimodel" 2>"$tmp/err"; then
    npusim profile --format json --set ddr.contention=0.25 "$tmp/tiny.cvimodel" >"$tmp/a"
    npusim profile -format=json --set=ddr.contention=0.25 "$tmp/tiny.cvimodel" >"$tmp/b"
    check "-format=x equals --format x" cmp "$tmp/a" "$tmp/b"
    expect 2 "--set without '='" npusim profile --set ddr.contention "$tmp/tiny.cvimodel"
    expect 2 "--set with an unknown key" npusim profile --set ddr.contentoin=0 "$tmp/tiny.cvimodel"
    check "the right key is offered" says "ddr.contention" "$tmp/err"
    expect 2 "--set out of range" npusim profile --set ddr.contention=7 "$tmp/tiny.cvimodel"
    expect 2 "--format without such a word" npusim profile --format xml "$tmp/tiny.cvimodel"
    expect 2 "--chip without such a chip" npusim profile --chip cv999 "$tmp/tiny.cvimodel"
    expect 2 "one FILE too many" npusim profile "$tmp/tiny.cvimodel" "$tmp/tiny.cvimodel"
    expect 5 "standard output full" bash -c '"$1" profile "$2" >/dev/full' - "$NPUSIM" \
        "$tmp/tiny.cvimodel"
else
    fail "the example assembles"
    note "$tmp/err"
fi
finish
