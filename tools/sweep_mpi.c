/* Points over the ranks of an MPI run: rank 0 hands out numbers, the others return results.
 *
 * Every rank has read the same files, so a number is all a rank needs.  MPI has no way to go on
 * without a rank: a crash ends the run, and --resume continues it. */
#include "tools/sweep.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#ifdef NPUSIM_MPI
#include <mpi.h>

enum { TAG_JOB = 1, TAG_RESULT = 2, NO_MORE = -1 };

npu_status sweep_mpi_start(int *rank, npu_err *err)
{
    if (MPI_Init(NULL, NULL) != MPI_SUCCESS)
        return npu_fail(err, NPU_LIMIT, "MPI does not start");
    MPI_Comm_rank(MPI_COMM_WORLD, rank);
    return NPU_OK;
}

void sweep_mpi_stop(void)
{
    MPI_Finalize();
}

bool sweep_mpi_agree(bool ok)
{
    int rank, mine, worst;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    mine = ok ? INT_MAX : rank;
    MPI_Allreduce(&mine, &worst, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    return worst == INT_MAX || worst == rank;
}

npu_status sweep_mpi_share(uint32_t **list, size_t *n, npu_err *err)
{
    int rank;
    uint64_t count = *n;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Bcast(&count, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    if (rank > 0) {
        free(*list);
        *list = malloc((count + 1) * sizeof **list);
        if (!*list)
            MPI_Abort(MPI_COMM_WORLD, npu_exit_code(npu_fail(err, NPU_LIMIT, "out of memory")));
    }
    *n = (size_t)count;
    MPI_Bcast(*list, (int)count, MPI_UINT32_T, 0, MPI_COMM_WORLD);
    return NPU_OK;
}

/* What a rank sends back: the number, then the result. */
static char *message(const pool_jobs *j)
{
    return calloc(1, sizeof(long) + j->result_bytes);
}

static void serve(const pool_jobs *j, char *buf)
{
    long i = NO_MORE;
    memcpy(buf, &i, sizeof i); /* the first message asks for work */
    for (;;) {
        MPI_Send(buf, (int)(sizeof i + j->result_bytes), MPI_BYTE, 0, TAG_RESULT, MPI_COMM_WORLD);
        MPI_Recv(&i, 1, MPI_LONG, 0, TAG_JOB, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (i == NO_MORE)
            return;
        memset(buf + sizeof i, 0, j->result_bytes);
        j->work(j->arg, (size_t)i, buf + sizeof i);
        memcpy(buf, &i, sizeof i);
    }
}

static npu_status hand_out(const pool_jobs *j, int ranks, char *buf, npu_err *err)
{
    long next = 0;
    npu_status s = NPU_OK;
    for (int busy = ranks - 1; busy > 0;) {
        MPI_Status from;
        long i, job;
        MPI_Recv(buf, (int)(sizeof i + j->result_bytes), MPI_BYTE, MPI_ANY_SOURCE, TAG_RESULT,
                 MPI_COMM_WORLD, &from);
        memcpy(&i, buf, sizeof i);
        if (i != NO_MORE && s == NPU_OK)
            s = j->done(j->arg, (size_t)i, buf + sizeof i, 0, err);
        job = s == NPU_OK && next < (long)j->n ? next++ : NO_MORE;
        busy -= job == NO_MORE;
        MPI_Send(&job, 1, MPI_LONG, from.MPI_SOURCE, TAG_JOB, MPI_COMM_WORLD);
    }
    return s;
}

npu_status sweep_mpi_run(const pool_jobs *j, npu_err *err)
{
    int rank, ranks;
    char *buf = message(j);
    npu_status s = NPU_OK;
    if (!buf)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (rank > 0)
        serve(j, buf);
    else if (ranks > 1)
        s = hand_out(j, ranks, buf, err);
    for (size_t i = 0; ranks == 1 && i < j->n && s == NPU_OK; i++) {
        memset(buf, 0, j->result_bytes);
        j->work(j->arg, i, buf);
        s = j->done(j->arg, i, buf, 0, err);
    }
    free(buf);
    return s;
}

#else

npu_status sweep_mpi_start(int *rank, npu_err *err)
{
    *rank = 0;
    return npu_fail(err, NPU_USAGE, "--mpi: this npusim was built without MPI; ./configure "
                    "--with-mpi builds it in");
}

bool sweep_mpi_agree(bool ok)
{
    (void)ok;
    return true;
}

npu_status sweep_mpi_share(uint32_t **list, size_t *n, npu_err *err)
{
    int rank;
    (void)list;
    (void)n;
    return sweep_mpi_start(&rank, err);
}

npu_status sweep_mpi_run(const pool_jobs *jobs, npu_err *err)
{
    int rank;
    (void)jobs;
    return sweep_mpi_start(&rank, err);
}

void sweep_mpi_stop(void)
{
}

#endif
