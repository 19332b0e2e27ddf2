/* Names of trace vocabulary; lifetime of a trace. */
#include "npusim/trace.h"

#include <stdlib.h>

const char *npu_unit_name(npu_unit u)
{
    static const char *const names[NPU_UNITS] = {"TIU", "TDMA load", "TDMA store", "TDMA move",
                                                 "CPU"};
    return (unsigned)u < NPU_UNITS ? names[u] : "?";
}

const char *npu_cause_name(npu_cause c)
{
    static const char *const names[NPU_CAUSES] = {"MAC array", "vector and look-up",
                                                  "local memory", "DDR", "fixed and sync",
                                                  "CPU routine"};
    return (unsigned)c < NPU_CAUSES ? names[c] : "?";
}

const char *npu_wait_name(npu_wait w)
{
    static const char *const names[NPU_WAITS] = {"nothing", "own queue", "a load", "a store",
                                                 "a local move", "the TIU", "the previous part"};
    return (unsigned)w < NPU_WAITS ? names[w] : "?";
}

void npu_trace_free(npu_trace *t)
{
    free(t->span);
    t->span = NULL;
    t->count = t->capacity = 0;
}
