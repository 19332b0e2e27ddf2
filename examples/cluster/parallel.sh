#!/bin/sh
# A sweep in shards under GNU parallel, on this machine or on several (--sshlogin).
#
#   parallel.sh SPEC.json MODEL OUT [SHARDS]
#
# A shard that failed runs again with the same command: finished points are kept (--resume).
set -eu
npusim=${NPUSIM:-npusim}
spec=$1 model=$2 out=$3 shards=${4:-8}
seq "$shards" | parallel --will-cite --halt soon,fail=1 \
    "$npusim" sweep -q -j 1 --resume -s "$spec" --shard "{}/$shards" -o "$out" "$model"
i=1
set --
while [ "$i" -le "$shards" ]; do
    set -- "$@" "$out/points-$i-of-$shards.csv"
    i=$((i + 1))
done
"$npusim" merge -o "$out" "$@"
