#!/usr/bin/env bash
# Every fuzz target runs over its corpus, whole and cut, without a fuzzer.
. "$(dirname "$0")/tap.sh"

for text in "$top_srcdir"/examples/*.npuasm "$top_srcdir"/tests/fixtures/*.npuasm; do
    name=${text##*/}
    "$NPUSIM" asm -o "$tmp/${name%.npuasm}.model" "$text" 2>/dev/null
done
for model in "$tmp"/*.model; do
    [ -f "$model" ] || { rm -r "$model"; continue; } # bare sections, not a model
    bytes=$(wc -c <"$model")
    for part in 1 2 3 4 5 6 7; do
        head -c $((bytes * part / 8)) "$model" >"$model.$part"
    done
done
check "there is a corpus" test -s "$tmp/tiny_cv181x.model"
for target in "$top_builddir"/tests/fuzz/fuzz_*; do
    case $target in
    *.o) ;;
    *) check "${target##*/}" "$target" "$tmp"/*.model* ;;
    esac
done
finish
