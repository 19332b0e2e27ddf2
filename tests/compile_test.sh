#!/usr/bin/env bash
# The compiler over real networks: what it emits is proved (tests/unit/bpu_proof.h), and the
# relations between its options hold.
. "$(dirname "$0")/tap.sh"

nets=$top_srcdir/examples/networks
try=$top_builddir/tests/unit/bpu_try

# One line per network, "PATH Olevel: N commands, ..." when the proof holds.
proved() {
    check "$1 $2: the networks of examples/ compute what they should" \
        "$try" "$1" "$2" "$nets"/*.prototxt
    if [ "$(grep -c ' commands, ' "$tmp/log")" = "$(ls "$nets"/*.prototxt | wc -l)" ]; then
        pass "$1 $2: ... all of them"
    else
        fail "$1 $2: ... all of them"
    fi
    cp "$tmp/log" "$tmp/$1-$2"
}
proved 0 latency
proved 3 latency
proved 2 bandwidth

# The bytes the proof counts are those of the profile.
bytes() {
    "$NPUSIM" profile --format json "$1" |
        sed -n 's/^ *"\(read\|write\)_bytes": *\([0-9]*\).*/\2/p' | head -n 2 | tr '\n' ' '
}
for net in mobilenet_v1 resnet50; do
    said=$(sed -n "s/.*$net.prototxt .* \([0-9]*\) bytes read, \([0-9]*\) written/\1 \2 /p" \
        "$tmp/3-latency")
    check "$net: the profile counts the bytes of the commands" \
        test "$(bytes "$nets/$net.prototxt")" = "$said"
done
finish
