/* The model of tests/unit/model_fixture.h. */
#include "tests/unit/model_fixture.h"

#include <check.h>
#include <string.h>

#include "formats/cvimodel.h"

#define WEIGHT(offset) ((int64_t)NPU_MEM_WEIGHT << CVI_MEMORY_SHIFT | (offset))
#define IO(slot) ((int64_t)(NPU_MEM_IO + (slot)) << CVI_MEMORY_SHIFT)

static int64_t dims[] = {1, 3, 8, 8}, strides[] = {256, 64, 8, 1};
static float scales[] = {0.5f, -1.25f, 3}, means[] = {104, 117};
static double ints[] = {-1, 0, 2147483647}, floats[] = {0.5, -2};
static char *in_names[] = {"in put/:0", "b"}, *out_names[] = {"输出"};
static uint8_t weights[64];
uint8_t fixture_commands[2 * FIXTURE_RECORD], fixture_packed[5000];
model_fixture fixture;

static void put_record(uint8_t *at)
{
    memset(at, 0, FIXTURE_RECORD);
    at[0] = 0xa7;
    at[1] = 64;
    at[2] = NPU_ENGINE_TDMA;
}

static void setup_tables(void)
{
    fixture.weight[0] = (npu_weight){"w_filter", WEIGHT(0), 48, NPU_INT8, dims, 4};
    fixture.weight[1] = (npu_weight){"w_bias", WEIGHT(48), 16, NPU_INT32, dims, 1};
    fixture.tensor[0] = (npu_tensor){
        .id = 7, .name = in_names[0], .offset = IO(0), .dtype = NPU_INT8, .dim = dims, .ndim = 4,
        .stride = strides, .nstride = 4, .quant_type = 2, .max_value = 1.5f, .min_value = -1,
        .zero_point = 3, .qscale = 0.1f, .scale = scales, .nscale = 3, .mean = means, .nmean = 2,
        .pixel_format = "BGR_PLANAR", .aligned = true, .size = 192};
    fixture.tensor[1] = (npu_tensor){.name = "b", .offset = -1, .dtype = NPU_BF16,
                                     .overwrote = true};
    fixture.tensor[2] = (npu_tensor){.name = out_names[0], .offset = 64, .dtype = NPU_FP32,
                                     .dim = dims, .ndim = 2};
    fixture.attr[0] = (npu_attr){.key = "scale", .type = NPU_ATTR_FLOAT, .number = 0.25};
    fixture.attr[1] = (npu_attr){.key = "flag", .type = NPU_ATTR_BOOL, .number = 1};
    fixture.attr[2] = (npu_attr){.key = "axis", .type = NPU_ATTR_INT, .number = -3};
    fixture.attr[3] = (npu_attr){.key = "mode", .type = NPU_ATTR_STR, .text = "nearest"};
    fixture.attr[4] = (npu_attr){.key = "fs", .type = NPU_ATTR_FLOATS, .list = floats, .nlist = 2};
    fixture.attr[5] = (npu_attr){.key = "is", .type = NPU_ATTR_INTS, .list = ints, .nlist = 3};
}

void fixture_setup(void)
{
    memset(&fixture, 0, sizeof fixture);
    in_names[0] = "in put/:0"; /* a test may have changed it */
    put_record(fixture_commands);
    put_record(fixture_commands + sizeof fixture_commands / 2);
    for (size_t i = 0; i < sizeof weights; i++)
        weights[i] = (uint8_t)(i * 7);
    setup_tables();
    fixture.routine[0] = (npu_routine){
        .type = NPU_ROUTINE_TPU, .in = in_names, .nin = 1, .out = in_names + 1, .nout = 1,
        .section = "subfunc_0"};
    fixture.routine[1] = (npu_routine){
        .type = NPU_ROUTINE_CPU, .in = in_names + 1, .nin = 1, .out = out_names, .nout = 1,
        .section = "interp", .attr = fixture.attr, .nattr = FIXTURE_COUNT(fixture.attr)};
    fixture.routine[2] = (npu_routine){.type = NPU_ROUTINE_TPU, .section = "dma", .dmabuf = true};
    fixture.program[0] = (npu_program){1, 0, 4096, 100, in_names, out_names, 2, 1,
                                       fixture.tensor, 3, fixture.routine, 2};
    fixture.program[1] = (npu_program){4, 5, 6, 7, NULL, NULL, 0, 0, NULL, 0,
                                       fixture.routine + 2, 1};
    fixture.section[0] = (npu_section){.type = NPU_SECTION_WEIGHT, .name = "weight",
                                       .data = weights, .data_bytes = sizeof weights};
    fixture.section[1] = (npu_section){.type = NPU_SECTION_CMDBUF, .name = "subfunc_0",
                                       .data = fixture_commands,
                                       .data_bytes = sizeof fixture_commands};
    fixture.section[2] = (npu_section){.type = NPU_SECTION_DMABUF, .name = "dma",
                                       .data = fixture_packed, .compress = true,
                                       .data_bytes = sizeof fixture_packed};
    fixture.m = (npu_model){
        .chip = "cv181x", .header_major = 1, .header_minor = 4, .version = {1, 4, 2},
        .name = "net", .build_time = "then", .target = "cv181x", .mlir_version = "v1",
        .weight = fixture.weight, .nweight = 2, .program = fixture.program, .nprogram = 2,
        .section = fixture.section, .nsection = 3};
}

static void same_text(const char *a, const char *b)
{
    ck_assert(!a == !b);
    if (a)
        ck_assert_str_eq(a, b);
}

static void same_names(char *const *a, size_t na, char *const *b, size_t nb)
{
    ck_assert_uint_eq(na, nb);
    for (size_t i = 0; i < na; i++)
        ck_assert_str_eq(a[i], b[i]);
}

static void same_bytes(const void *a, size_t na, const void *b, size_t nb)
{
    ck_assert_uint_eq(na, nb);
    ck_assert(na == 0 || !memcmp(a, b, na));
}

static void same_tensor(const npu_tensor *a, const npu_tensor *b)
{
    ck_assert_uint_eq(a->id, b->id);
    ck_assert_str_eq(a->name, b->name);
    ck_assert(a->offset == b->offset && a->dtype == b->dtype && a->size == b->size);
    same_bytes(a->dim, a->ndim * 8, b->dim, b->ndim * 8);
    same_bytes(a->stride, a->nstride * 8, b->stride, b->nstride * 8);
    ck_assert(a->quant_type == b->quant_type && a->max_value == b->max_value &&
              a->min_value == b->min_value && a->zero_point == b->zero_point &&
              a->qscale == b->qscale);
    ck_assert(a->overwrote == b->overwrote && a->aligned == b->aligned);
    same_bytes(a->scale, a->nscale * 4, b->scale, b->nscale * 4);
    same_bytes(a->mean, a->nmean * 4, b->mean, b->nmean * 4);
    same_text(a->pixel_format, b->pixel_format);
}

static void same_routine(const npu_routine *a, const npu_routine *b)
{
    ck_assert(a->type == b->type && a->dmabuf == b->dmabuf);
    ck_assert_str_eq(a->section, b->section);
    same_names(a->in, a->nin, b->in, b->nin);
    same_names(a->out, a->nout, b->out, b->nout);
    ck_assert_uint_eq(a->nattr, b->nattr);
    for (size_t i = 0; i < a->nattr; i++) {
        ck_assert_str_eq(a->attr[i].key, b->attr[i].key);
        ck_assert(a->attr[i].type == b->attr[i].type && a->attr[i].number == b->attr[i].number);
        same_text(a->attr[i].text, b->attr[i].text);
        same_bytes(a->attr[i].list, a->attr[i].nlist * sizeof(double), b->attr[i].list,
                   b->attr[i].nlist * sizeof(double));
    }
}

static void same_program(const npu_program *a, const npu_program *b)
{
    ck_assert(a->batch_num == b->batch_num && a->neuron_size == b->neuron_size &&
              a->shared_gmem == b->shared_gmem && a->private_gmem == b->private_gmem);
    same_names(a->in, a->nin, b->in, b->nin);
    same_names(a->out, a->nout, b->out, b->nout);
    ck_assert_uint_eq(a->ntensor, b->ntensor);
    for (size_t i = 0; i < a->ntensor; i++)
        same_tensor(&a->tensor[i], &b->tensor[i]);
    ck_assert_uint_eq(a->nroutine, b->nroutine);
    for (size_t i = 0; i < a->nroutine; i++)
        same_routine(&a->routine[i], &b->routine[i]);
}

void fixture_same_model(const npu_model *a, const npu_model *b)
{
    ck_assert_mem_eq(a->version, b->version, 3);
    same_text(a->name, b->name);
    same_text(a->build_time, b->build_time);
    same_text(a->target, b->target);
    same_text(a->mlir_version, b->mlir_version);
    ck_assert_uint_eq(a->nweight, b->nweight);
    for (size_t i = 0; i < a->nweight; i++) {
        const npu_weight *x = &a->weight[i], *y = &b->weight[i];
        ck_assert_str_eq(x->name, y->name);
        ck_assert(x->offset == y->offset && x->size == y->size && x->dtype == y->dtype);
        same_bytes(x->dim, x->ndim * 8, y->dim, y->ndim * 8);
    }
    ck_assert_uint_eq(a->nprogram, b->nprogram);
    for (size_t i = 0; i < a->nprogram; i++)
        same_program(&a->program[i], &b->program[i]);
    ck_assert_uint_eq(a->nsection, b->nsection);
    for (size_t i = 0; i < a->nsection; i++) {
        const npu_section *x = &a->section[i], *y = &b->section[i];
        ck_assert_str_eq(x->name, y->name);
        ck_assert(x->type == y->type && x->compress == y->compress && x->encrypt == y->encrypt);
        same_bytes(x->data, x->data_bytes, y->data, y->data_bytes);
    }
}
