#!/bin/sh
# A sweep as a SLURM job array: one shard per task, then join.
#
#   mkdir -p out
#   job=$(sbatch --parsable slurm.sh sweep.json model.cvimodel out)
#   sbatch --dependency=afterok:"$job" --wrap 'npusim merge -o out out/points-*-of-16.csv'
#
# Sites ask for tasks of a minute or more: a task should get some 10 000 points, so choose the
# number of tasks (16 here) by the size of the sweep.  A task that was killed is submitted again
# with --array=ITS_NUMBER; finished points are kept (--resume).
#SBATCH --job-name=npusim-sweep
#SBATCH --array=1-16%8
#SBATCH --cpus-per-task=1
#SBATCH --mem=512M
#SBATCH --time=00:30:00
set -eu
exec "${NPUSIM:-npusim}" sweep -q -j "${SLURM_CPUS_PER_TASK:-1}" --resume -s "$1" \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" -o "$3" "$2"
