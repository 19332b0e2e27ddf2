#!/usr/bin/env bash
# The parts of the style guide a script can see.  One result per rule; offenders are listed.
. "$(dirname "$0")/tap.sh"

cd "$top_srcdir" || exit 99

# Tree files of the given name patterns, without build trees, build-system output and git.
files() {
    local names=()
    for pattern; do
        names+=(-o -name "$pattern")
    done
    find . \( -name .git -o -name _build -o -name _inst -o -name autom4te.cache -o -name m4 \) \
        -prune -o -type d -exec test -e {}/config.status \; ! -path . -prune -o \
        -type f \( "${names[@]:1}" \) -print |
        grep -vE -e '^./build-aux/(ltmain|tap-driver)' -e '\.pb-c\.[ch]$' | sort
}

rule() {
    if [ -s "$tmp/found" ]; then
        fail "$1"
        head -n 40 "$tmp/found" | note
    else
        pass "$1"
    fi
}

files '*.c' '*.h' >"$tmp/c"
files '*.c' '*.h' '*.def' >"$tmp/code"
files '*.c' '*.h' '*.def' '*.sh' '*.md' '*.am' '*.ac' '*.json' '*.npuasm' '*.css' '*.js' '*.h2m' \
    >"$tmp/text"

xargs awk 'FNR == 1 && NR > 1 { if (n > 500) print file ": " n " lines" } { file = FILENAME; n = FNR }
    END { if (n > 500) print file ": " n " lines" }' <"$tmp/c" >"$tmp/found"
rule "no C file is longer than 500 lines (tables are .def files)"

# A function body starts with "{" and ends with "}" in the first column; a table starts with "= {".
xargs awk 'FNR == 1 { open = 0 } /^{/ { open = FNR }
    /^}/ { if (open && FNR - open + 1 > 60) print FILENAME ":" open ": " FNR - open + 1 " lines"
           open = 0 }' <"$tmp/c" >"$tmp/found"
rule "no function is longer than 60 lines"

xargs grep -nE '[[:blank:]]+$' <"$tmp/text" >"$tmp/found"
rule "no line ends in a blank"

xargs grep -nP '\t' <"$tmp/code" >"$tmp/found"
rule "no tab in C"

xargs awk '{ line = $0; gsub(/[\200-\277]/, "", line) } # count a UTF-8 character once
    length(line) > 100 { print FILENAME ":" FNR ": " length(line) " columns" }' \
    <"$tmp/c" >"$tmp/found"
rule "no C line is wider than 100 columns (tables are .def files)"

xargs grep -nE '\b(TO''DO|FIX''ME|X''XX)\b' <"$tmp/text" >"$tmp/found"
rule "no loose ends"

xargs grep -nE '(^|[^[:alnum:]_.])/(work|farm|t''mp|root|home)/' <"$tmp/text" >"$tmp/found"
rule "no machine paths"

xargs grep -LE '^#ifndef [A-Z0-9_]+_H$' < <(grep '\.h$' "$tmp/c") >"$tmp/found"
rule "every header has its guard"

xargs grep -nE '\b(struct|enum|union)[^;(]*\b[a-z_]+_t;|^} [a-z_]+_t;' <"$tmp/c" >"$tmp/found"
rule "no type of ours ends in _t"
finish
