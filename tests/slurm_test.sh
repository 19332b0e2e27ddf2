#!/usr/bin/env bash
# The SLURM template under a real SLURM of one node, started for this test alone on ports and files
# of its own.  Skipped where SLURM is not installed or its daemons cannot run.
. "$(dirname "$0")/tap.sh"
cd "$tmp" || exit 99

give_up() {
    echo "1..0 # SKIP $1"
    exit 0
}
PATH=$PATH:/usr/sbin:/sbin
for program in munged slurmctld slurmd sbatch scontrol; do
    command -v $program >/dev/null || give_up "no $program"
done
[ "$(id -u)" = 0 ] || give_up "SLURM daemons need root"

pids=()
cleanup() {
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null
    done
    wait
    rm -rf "$tmp"
}
trap cleanup EXIT

dd if=/dev/urandom of=key bs=128 count=1 2>/dev/null
chmod 400 key
chmod 755 "$tmp" # munged wants its folders readable
port=$((20000 + $$ % 20000))
node=$(hostname -s)
cat >slurm.conf <<END
ClusterName=test
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$tmp/munge.sock
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
StateSaveLocation=$tmp/state
SlurmdSpoolDir=$tmp/spool
SlurmctldPidFile=$tmp/slurmctld.pid
SlurmdPidFile=$tmp/slurmd.pid
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MaxArraySize=100
NodeName=$node NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=test Nodes=$node Default=YES MaxTime=INFINITE State=UP
END
mkdir state spool
munged --foreground --force --socket="$tmp/munge.sock" --key-file="$tmp/key" \
    --pid-file="$tmp/munged.pid" --log-file="$tmp/munged.log" --seed-file="$tmp/seed" \
    >munged.out 2>&1 &
pids+=($!)
export SLURM_CONF=$tmp/slurm.conf
sleep 1
slurmctld -D -f "$SLURM_CONF" >slurmctld.log 2>&1 &
pids+=($!)
slurmd -D -f "$SLURM_CONF" -N "$node" >slurmd.log 2>&1 &
pids+=($!)

idle() { sinfo -h -o %T 2>/dev/null | grep -q idle; }
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    idle && break
    sleep 1
done
idle || give_up "no SLURM here: $(tail -qn 1 munged.out slurmctld.log slurmd.log | tr '\n' ' ')"

fixture tiny.cvimodel
spec=$top_srcdir/examples/sweep.json
export NPUSIM
expect 0 "one run, to compare with" "$NPUSIM" sweep -q -s "$spec" -o one tiny.cvimodel
expect 0 "the job array runs" timeout 120 sbatch --wait --array=1-3 --mem=0 --output="$tmp/task-%a.log" \
    "$top_srcdir/examples/cluster/slurm.sh" "$spec" tiny.cvimodel result
cat task-*.log 2>&1 | note
expect 0 "its shards merge" "$NPUSIM" merge -q -o result result/points-*-of-3.csv
check "and give the same bytes" cmp one/points.csv result/points.csv
finish
