/* A model with every feature the container has, for tests to write, damage and read back. */
#ifndef TESTS_MODEL_FIXTURE_H
#define TESTS_MODEL_FIXTURE_H

#include "formats/cmdbuf.h"
#include "npusim/model.h"

#define FIXTURE_COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { FIXTURE_RECORD = FMT_CMDBUF_HEADER + 64 }; /* a TDMA command with its header */

typedef struct { /* nothing here is for npu_model_free */
    npu_model m;
    npu_weight weight[2];
    npu_program program[2];
    npu_tensor tensor[3];
    npu_routine routine[3];
    npu_attr attr[6];
    npu_section section[3];
} model_fixture;

extern model_fixture fixture;
extern uint8_t fixture_commands[2 * FIXTURE_RECORD]; /* contents of section subfunc_0 */
extern uint8_t fixture_packed[5000];                 /* contents of section dma, stored as LZ4 */

void fixture_setup(void); /* (re)makes all of it */

/* Fails the running test unless A and B hold the same. */
void fixture_same_model(const npu_model *a, const npu_model *b);

#endif
