#!/usr/bin/env bash
# Every source file and document of the tree is in a list of Makefile.am, and every listed file exists.
. "$(dirname "$0")/tap.sh"

cd "$top_srcdir" || exit 99
tr -s ' \t\\=' '\n' <Makefile.am | sort -u >"$tmp/words"

find . \( -name .git -o -name _build -o -name _inst -o -name autom4te.cache \) -prune -o \
    -type d -exec test -e {}/config.status \; ! -path . -prune -o \
    -type f \( -name '*.c' -o -name '*.h' -o -name '*.def' -o -name '*.json' -o -name '*.sh' \
    -o -name '*.npuasm' -o -name '*.csv' -o -name '*.css' -o -name '*.js' -o -name '*.h2m' \
    -o -name '*.md' -o -name '*.yaml' -o -name '*.yml' -o -name '*.prototxt' -o -name '*.proto' \) -print |
    sed 's,^\./,,' | grep -vx -e 'build-aux/tap-driver\.sh' -e 'build-aux/ltmain\.sh' \
        -e 'config\.h' | sort >"$tmp/files"

listed() {
    grep -qx "$1" "$tmp/words" || case $1 in
    *.c) grep -qx "${1%.c}" "$tmp/words" ;; # a test program is listed without its suffix
    *) false ;;
    esac
}

missing=
while read -r file; do
    listed "$file" || missing="$missing $file"
done <"$tmp/files"
if [ -z "$missing" ]; then
    pass "every source file is in a list of Makefile.am"
else
    fail "every source file is in a list of Makefile.am"
    printf '%s\n' $missing | note
fi
check "the search sees the tree" grep -qx tools/opt.c "$tmp/files"
finish
