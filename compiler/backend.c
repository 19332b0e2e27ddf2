/* See backend.h. */
#include "compiler/backend.h"

#include "compiler/bpu.h"

cc_backend *cc_backend_of(const npu_chip *chip)
{
    return chip->isa == NPU_ISA_BPU_1 ? bpu_compile : NULL;
}
