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
# --- relations between options -------------------------------------------------------------------
# run [OPTION...] NET: sets time (ns), read and written (bytes).
number() { sed -n "s/^ *\"$1\": *\([0-9.]*\).*/\1/p" "$tmp/profile" | head -n 1; }
run() {
    "$NPUSIM" profile --format json "$@" >"$tmp/profile" || return 1
    time=$(number latency_ms | awk '{ printf "%.0f", $1 * 1e6 }')
    read=$(number read_bytes)
    written=$(number write_bytes)
}

strict=0
for net in mobilenet_v1 resnet50 googlenet yolov5s_v2_672; do
    file=$nets/$net.prototxt
    last=
    times=
    for level in O0 O1 O2 O3; do
        run --opt "$level" "$file"
        times="$times $time"
        [ -z "$last" ] || [ "$time" -le "$last" ] || times="$times (worse)"
        last=$time
    done
    check "$net: no level is slower than the one below:$times" test "${times%worse)}" = "$times"
    check "$net: O3 is faster than O0" test "$time" -lt "$(set -- $times; echo "$1")"
    fast=$time
    most=$read
    run --compile-mode bandwidth "$file"
    check "$net: bandwidth mode reads $read bytes, latency mode $most" test "$read" -le "$most"
    check "$net: latency mode takes $fast ns, bandwidth mode $time" test "$fast" -le "$time"
    [ "$read" -lt "$most" ] && [ "$fast" -lt "$time" ] && strict=$((strict + 1))
done
check "$strict networks of them gain by either mode" test "$strict" -ge 1

for net in yolov2_608 centernet_resnet50_512 yolov5s_640; do
    run "$nets/$net.prototxt"
    one=$time
    most=$read
    run --core-num 2 "$nets/$net.prototxt"
    check "$net: both cores load the weights: $read bytes, one $most" \
        test $((read * 10)) -gt $((most * 11))
    check "$net: two cores take $time ns, one $one" \
        test $((one * 10)) -ge $((time * 12)) -a "$one" -le $((time * 2))
done

# --- configurations: split calls, dumped layers, batches -------------------------------------------
cd "$tmp" || exit 99
cp "$nets/mobilenet_v2.prototxt" net.prototxt
check "a configuration" "$NPUSIM" init-config -o base.yaml net.prototxt
# converted NAME SED-SCRIPT: model_output/NAME.bin of base.yaml so changed.
converted() {
    sed -e "s/output_model_file_prefix: .*/output_model_file_prefix: '$1'/" -e "$2" base.yaml \
        >"$1.yaml"
    check "$1 converts" "$NPUSIM" hb_mapper makertbin -c "$1.yaml" --model-type caffe
    run "model_output/$1.bin"
}
converted plain ""
plain=$time
stored=$written
converted again ""
check "the same commands twice" \
    diff <("$NPUSIM" disasm model_output/plain.bin | tail -n +3) \
    <("$NPUSIM" disasm model_output/again.bin | tail -n +3)
converted dumped "s/layer_out_dump: False/layer_out_dump: True/"
check "dumped layers: $time ns instead of $plain" test "$time" -gt "$plain"
check "... and $written bytes stored instead of $stored" test "$written" -gt "$stored"
converted split "/compile_mode/a\\  max_time_per_fc: 500"
calls=$(sed -n '/"function_calls"/,/\]/p' "$tmp/profile" | grep -c latency_ms)
check "calls of 500 us: $calls of them" test "$calls" -ge 4
check "... none of them longer" awk '
    /"function_calls"/, /\]/ { if (match($0, /latency_ms": [0-9.]+/)) {
        n++; late += substr($0, RSTART + 12, RLENGTH - 12) > 0.5 } }
    END { exit !(n >= 4 && late == 0) }' "$tmp/profile"
check "... and each begins when the one before has ended" awk '
    /"function_calls"/, /\]/ {
        if (match($0, /"start_cycles": [0-9]+/)) late += substr($0, RSTART + 16, RLENGTH - 16) + 0 < end
        if (match($0, /"end_cycles": [0-9]+/)) { n++; end = substr($0, RSTART + 14, RLENGTH - 14) + 0 } }
    END { exit !(n >= 4 && late == 0) }' "$tmp/profile"
check "calls of 500 us: $time ns in all, $plain in one" test "$time" -ge "$plain"
converted three "/input_shape/a\\  input_batch: 3"
check "three images: $time ns, one $plain" \
    test $((time * 10)) -gt $((plain * 24)) -a $((time * 10)) -lt $((plain * 33))
finish
