#!/bin/sh
# A sweep over MPI ranks (npusim built with ./configure --with-mpi): rank 0 hands out the points.
#
#   mpi.sh SPEC.json MODEL OUT [RANKS]
#
# Inside an allocation mpirun knows the machines and their number of slots.
set -eu
exec mpirun --oversubscribe -n "${4:-4}" "${NPUSIM:-npusim}" sweep -q --mpi --resume -s "$1" \
    -o "$3" "$2"
