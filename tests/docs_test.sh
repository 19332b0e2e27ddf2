#!/usr/bin/env bash
# The documents are true: generated ones are up to date, named files exist, no key is left out.
. "$(dirname "$0")/tap.sh"

cd "$top_srcdir" || exit 99
export NPUSIM_BUILD=$top_builddir

for name in docs/CHIPS.md docs/INSTRUCTIONS.md docs/SUPPORTED_OPS.md; do
    expect 0 "$name can be generated" bash docs/gen.sh "$name"
    check "$name is up to date (else run docs/gen.sh)" diff "$name" "$tmp/out"
done

# Relative links of every document lead to a file.
dead() {
    local file dir
    for file in *.md docs/*.md; do
        dir=$(dirname "$file")
        grep -oE '\]\([^)#]+' "$file" | sed 's/^](//' | grep -v '^[a-z]*://' | sort -u |
            while read -r link; do
                [ -e "$dir/$link" ] || echo "$file: $link"
            done
    done
}
dead >"$tmp/found"
check "every link leads to a file" sh -c 'cat "$1"; ! [ -s "$1" ]' - "$tmp/found"

# Files that documents name in their text exist; names with <...> are patterns.
absent() {
    local file name
    for file in README.md ARCHITECTURE.md CONTRIBUTING.md docs/*.md; do
        grep -oE '`[a-z]+/[A-Za-z0-9_./-]+\.(c|h|def|sh|json|md|npuasm|csv)`' "$file" | tr -d '`' |
            sort -u | while read -r name; do
                [ -e "$name" ] || echo "$file: $name"
            done
    done
}
absent >"$tmp/found"
check "every file named in a document exists" sh -c 'cat "$1"; ! [ -s "$1" ]' - "$tmp/found"

# Every key of a profile is explained.
fixture "$tmp/tiny.cvimodel" &&
    "$NPUSIM" profile --format json --set ddr.contention=0.1 -o "$tmp/p.json" "$tmp/tiny.cvimodel"
"$NPUSIM" profile --format json -o "$tmp/n.json" tests/fixtures/small.prototxt
unexplained() {
    cat "$tmp/p.json" "$tmp/n.json" | grep -oE '"[a-z_0-9]+":' | tr -d '":' | sort -u | while read -r key; do
        grep -qE "\`([a-z]+\.)?$key[\`.]" docs/PROFILE.md || echo "$key"
    done
}
unexplained >"$tmp/found"
check "docs/PROFILE.md explains every key" sh -c 'cat "$1"; ! [ -s "$1" ]' - "$tmp/found"

# Every --set in a document names a number of the chip file.
for chip in cv181x x3m; do
    "$NPUSIM" chips "$chip"
done >"$tmp/chips"
wrong_numbers() {
    grep -ohE -- '--set [a-z0-9_.]+=' README.md docs/*.md examples/*.sh | sed 's/--set //; s/=//' |
        sort -u | while read -r key; do
            grep -qF "  $key " "$tmp/chips" || echo "$key"
        done
}
wrong_numbers >"$tmp/found"
check "every --set in a document is known" sh -c 'cat "$1"; ! [ -s "$1" ]' - "$tmp/found"
finish
