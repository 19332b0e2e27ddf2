/* See backend.h. */
#include "compiler/backend.h"

#include "compiler/bpu.h"
#include "compiler/cvi.h"

cc_backend *cc_backend_of(const npu_chip *chip)
{
    if (chip->isa == NPU_ISA_BPU_1)
        return bpu_compile;
    return chip->isa == NPU_ISA_CV18XX_V2 ? cvi_emit : NULL;
}
