#!/bin/sh
# embed.sh NAME FILE...: prints a C array of strings NAME, one element per line of the files and
# NULL at the end, for text that a program carries inside.  Drops indentation, empty lines, lines
# that start with // and comments that start in the first column.  One element per line because C11
# compilers need not take literals above 4095 characters.
set -eu
name=$1
shift
printf 'static const char *const %s[] = {\n' "$name"
cat "$@" | LC_ALL=C sed \
    -e '/^\/\*.*\*\/$/d' -e '/^\/\*/,/\*\//d' \
    -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' \
    -e '/^$/d' -e '/^\/\//d' \
    -e 's/[\\"]/\\&/g' -e 's/^/    "/' -e 's/$/\\n",/'
printf '    0\n};\n'
