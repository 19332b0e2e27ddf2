#!/usr/bin/env bash
# Shapes of whole networks: those of Caffe networks against what the Caffe reader computes by Caffe's
# own formulas, then MACs, depthwise MACs and parameters of real ONNX networks against the tables of
# the data folder's MODELS.md, to the digits printed there.
. "$(dirname "$0")/tap.sh"

for file in "$top_srcdir"/examples/networks/*.prototxt "$NPUSIM_DATA"/caffe/real/*.prototxt; do
    [ -f "$file" ] || continue
    name=$(basename "$file")
    read -r stated others < <("$top_builddir/tests/unit/shape_case" declared "$file" 2>"$tmp/why")
    if [ "${stated:-0}" -ge 5 ] && [ "$others" = 0 ]; then
        pass "$name: $stated shapes as the Caffe reader has them"
    else
        fail "$name: of ${stated:-0} shapes ${others:-} differ from the Caffe reader's"
        head -n 20 "$tmp/why" | note
    fi
done

table=$NPUSIM_DATA/MODELS.md
if [ ! -f "$table" ]; then
    skip "networks" "no MODELS.md"
    finish
    exit 0
fi

# Rows "| `onnx/.../NAME.onnx[.xz]` | bytes | opset | INPUT[1, 3, 8, 8] | MMAC (DEPTHWISE) | PARAMS |"
# as "FILE INPUT SHAPE MMAC DEPTHWISE PARAMS".
sed -nE 's/^\| `(onnx\/[^`]*)` \| [0-9,]+ \| [0-9]+ \| ([^[]*)\[([0-9, ]*)\] \| ([0-9.,]+) \(([0-9.,]+)\) \| ([0-9.]+) \|.*/\1;\2;\3;\4;\5;\6/p' \
    "$table" | while IFS=';' read -r file input shape mmac depthwise params; do
    shape=${shape//, /x}
    echo "$file $input $shape ${mmac//,/} ${depthwise//,/} $params"
done >"$tmp/rows"
check "MODELS.md has tables" test "$(wc -l <"$tmp/rows")" -ge 30

# The file of row name $1, unpacked when it is packed; nothing when it is absent.
unpacked() {
    local path=$NPUSIM_DATA/$1
    if [ -f "$path" ] && [ "${path%.xz}" = "$path" ]; then
        echo "$path"
    elif [ -f "${path%.xz}.xz" ]; then
        xz -dc "${path%.xz}.xz" >"$tmp/model.onnx"
        echo "$tmp/model.onnx"
    fi
}

# A printed number is right when it is the exact one rounded; of two digits as near, either.
near() {
    awk -v got="$1" -v unit="$2" -v want="$3" -v digits="$4" 'BEGIN {
        d = got / unit - want; exit !((d < 0 ? -d : d) <= 0.5 * 10 ^ -digits + 1e-9) }'
}

# $1: name, $2: file, $3: input, $4: shape, then MMAC, depthwise, parameters.
network() {
    local got
    if ! got=$("$top_builddir/tests/unit/shape_case" totals "$2" "$3" "$4" 2>"$tmp/why"); then
        fail "$1: shapes"
        note "$tmp/why"
        return
    fi
    set -- "$1" "$5" "$6" "$7" $got
    if near "$5" 1e6 "$2" 1 && near "$6" 1e6 "$3" 1 && near "$7" 1e6 "$4" 3; then
        pass "$1: $5 MACs, $6 depthwise, $7 parameters"
    else
        fail "$1: $5 MACs, $6 depthwise, $7 parameters; MODELS.md: $2 M, $3 M, $4 M"
    fi
}

seen=0
while read -r file input shape mmac depthwise params; do
    path=$(unpacked "$file")
    [ -n "$path" ] || continue
    seen=$((seen + 1))
    network "$(basename "$file")" "$path" "$input" "$shape" "$mmac" "$depthwise" "$params"
done <"$tmp/rows"
check "networks are there" test "$seen" -ge 1

# A network of free size at another size is the network made for that size.
if [ -f "$NPUSIM_DATA/onnx/real/yunet_n_dynamic.onnx" ]; then
    read -r _ _ _ mmac depthwise params < <(grep yunet_n_640 "$tmp/rows")
    network "yunet at 640" "$NPUSIM_DATA/onnx/real/yunet_n_dynamic.onnx" input 1x3x640x640 \
        "$mmac" "$depthwise" "$params"
fi
finish
