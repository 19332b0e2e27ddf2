#!/bin/sh
# man.sh PROGRAM SOURCE_DIR VERSION PAGE...: makes manual pages from --help with help2man.
#
# docs/npusim-chips.1 comes from "PROGRAM chips --help", docs/hb_perf.1 from "PROGRAM hb_perf
# --help", docs/npusim.1 from "PROGRAM --help"; docs/<page>.h2m completes a page and docs/common.h2m
# all of them.  The NAME line is the last field of the row in tools/command.def.
set -eu
program=$(pwd)/$1 source=$2 version=$3
shift 3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT INT TERM
for page; do
    stem=${page##*/}
    stem=${stem%.1}
    command=${stem#npusim-}
    if [ "$command" = npusim ]; then
        command=
        name='cycle-approximate simulator of neural processing units'
    else
        name=$(sed -n "s/^C([A-Z_0-9]*, \"$command\", .*, \"\(.*\)\")/\1/p" \
            "$source/tools/command.def")
    fi
    # help2man names the page after the file it runs; a vendor's name is a link, as installed.
    rm -f "$dir/$stem"
    if [ "$stem" = "$command" ]; then
        ln -s "$program" "$dir/$stem"
    else
        printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$program" "$command" >"$dir/$stem"
        chmod +x "$dir/$stem"
    fi
    : >"$dir/include"
    for part in common "$stem"; do
        case $part$command in
        common) ;; # npusim(1) tells these things itself
        *) cat "$source/docs/$part.h2m" >>"$dir/include" ;;
        esac
    done
    LC_ALL=C ${HELP2MAN:-help2man} --no-info --no-discard-stderr --section=1 \
        --version-string="$version" --source="npusim $version" --manual='npusim manual' \
        --name="$name" --include="$dir/include" --output="$dir/page" "$dir/$stem"
    # No date; the exit status as a section of its own; examples line by line.
    awk '
        /^\.TH / { sub(/"1" "[^"]*"/, "\"1\" \"\"") }
        /^\.SS "Exit status:"/ { $0 = ".SH \"EXIT STATUS\"" }
        /^\.S/ && examples { print ".fi"; examples = 0 }
        examples && /^\.IP/ { $0 = ".PP\n.nf" }
        /^\.SH EXAMPLES/ { examples = 1 }
        { print }
        END { if (examples) print ".fi" }' "$dir/page" >"$page.tmp"
    mv "$page.tmp" "$page"
done
