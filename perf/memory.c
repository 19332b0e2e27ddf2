/* Memory of a model, by the vendor's rule.
 *
 * ION = sections + neuron and private memory of every program + the largest shared memory + the
 * input and output tensors that have a buffer of their own (published figures of two models agree
 * to the byte). */
#include "perf/collect.h"

static uint64_t io_bytes(const npu_program *g)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < g->ntensor; i++)
        if (g->tensor[i].offset >= 0 && g->tensor[i].offset >> 40 >= NPU_MEM_IO)
            sum += npu_tensor_bytes(&g->tensor[i]);
    return sum;
}

void perf_memory(npu_profile *p, const npu_model *m)
{
    for (size_t i = 0; i < m->nsection; i++) {
        p->ion += m->section[i].size;
        if (m->section[i].type == NPU_SECTION_WEIGHT)
            p->weight_bytes += m->section[i].size;
        else if (m->section[i].type == NPU_SECTION_CMDBUF ||
                 m->section[i].type == NPU_SECTION_DMABUF)
            p->cmdbuf_bytes += m->section[i].size;
    }
    for (size_t i = 0; i < m->nprogram; i++) {
        const npu_program *g = &m->program[i];
        uint64_t io = io_bytes(g);
        p->private_gmem += (uint64_t)g->neuron_size + g->private_gmem;
        p->ion += (uint64_t)g->neuron_size + g->private_gmem + io;
        p->io_bytes += io;
        if (g->shared_gmem > p->shared_gmem)
            p->shared_gmem = g->shared_gmem;
    }
    p->ion += p->shared_gmem;
}
