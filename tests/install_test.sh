#!/usr/bin/env bash
# "make install" puts everything where CONTRIBUTING and the manual say, and a program can be built
# against it.
. "$(dirname "$0")/tap.sh"
unset MAKEFLAGS MAKELEVEL MFLAGS
dest=$tmp/dest

check "make install" make -s -C "$top_builddir" install DESTDIR="$dest" prefix=/usr
root=$dest/usr

for file in bin/npusim include/npusim/model.h include/npusim/insn.def share/npusim/chips/cv181x.json \
    share/doc/npusim/COPYING share/bash-completion/completions/npusim; do
    check "$file is installed" test -f "$root/$file"
done
check "a schema is installed" compgen -G "$root/share/npusim/schema/*.json"
pc=$(find "$root" -name npusim.pc)
check "npusim.pc is installed" test -n "$pc"
if [ -f "$top_builddir/docs/npusim.1" ] || [ -f "$top_srcdir/docs/npusim.1" ]; then
    for page in npusim hb_perf npusim-profile; do
        check "$page(1) is installed" test -s "$root/share/man/man1/$page.1"
    done
else
    skip "manual pages are installed" "help2man was not there"
fi

sed -n 's/^C([A-Z_0-9]*, "\([^"]*\)", [a-z_0-9]*, 1,.*/\1/p' "$top_srcdir/tools/command.def" \
    >"$tmp/links"
while read -r link; do
    check "$link is a link to npusim" test "$(readlink "$root/bin/$link")" = npusim
    check "$link runs" "$root/bin/$link" --version
done <"$tmp/links"

lib=$(find "$root" -name 'libnpusim.so' -o -name 'libnpusim.a' | head -n 1)
case $lib in
*.so)
    check "the library exports only npu_ names" bash -c \
        '! nm -D --defined-only "$1" | grep " [A-Z] " | grep -v " npu_"' - "$lib"
    ;;
*) skip "the library exports only npu_ names" "no shared library in this build" ;;
esac

cat >"$tmp/user.c" <<'TEXT'
#include <stdio.h>

#include <npusim/chip.h>
#include <npusim/model.h>
#include <npusim/profile.h>

int main(void)
{
    npu_err err;
    npu_model *m;
    npu_status s = npu_model_open("no-such-file", &m, &err);
    printf("%s\n", err.text);
    npu_model_free(m);
    return s != NPU_BAD_INPUT;
}
TEXT
# shellcheck disable=SC2086
if ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$root/include" ${LINK_FLAGS:-} \
    "$tmp/user.c" -o "$tmp/user" "$lib" ${DEPS_LIBS:-} >"$tmp/log" 2>&1; then
    pass "a program builds against the installed headers and library"
    check "it runs" env LD_LIBRARY_PATH="$(dirname "$lib")" "$tmp/user"
else
    fail "a program builds against the installed headers and library"
    note "$tmp/log"
fi

check "make uninstall" make -s -C "$top_builddir" uninstall DESTDIR="$dest" prefix=/usr
find "$dest" ! -type d >"$tmp/left"
check "make uninstall leaves no file" test ! -s "$tmp/left"
note "$tmp/left"
finish
