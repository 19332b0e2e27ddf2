/* cvimodel_tool: the vendor's command that shows and unpacks a .cvimodel.
 *
 * Blocks, columns and the memory rule are those of the vendor's runtime, so that scripts reading
 * its output keep working.  Numbers it prints from 64 bits in 32 are cut the same way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/sys.h"
#include "formats/cvimodel.h"
#include "tools/fail.h"
#include "tools/opt.h"

enum { MEGABYTE = 1024 * 1024, SHOWN_DIMS = 4 };

static unsigned memory_of(int64_t offset)
{
    return (unsigned)(offset >> CVI_MEMORY_SHIFT) & 7;
}

/* Bytes of device memory the vendor's runtime allocates. */
static uint64_t ion_bytes(const npu_model *m)
{
    uint64_t total = 0, shared = 0;

    for (size_t i = 0; i < m->nsection; i++)
        total += m->section[i].size;
    for (size_t i = 0; i < m->nprogram; i++) {
        const npu_program *p = &m->program[i];
        total += (uint64_t)p->neuron_size + p->private_gmem;
        if (shared < p->shared_gmem)
            shared = p->shared_gmem;
        for (size_t k = 0; k < p->ntensor; k++)
            if (p->tensor[k].offset != -1 && memory_of(p->tensor[k].offset) >= NPU_MEM_IO)
                total += npu_tensor_bytes(&p->tensor[k]);
    }
    return total + shared;
}

static const char *lower_dtype(npu_dtype t)
{
    static const char *const names[NPU_DTYPES] = {
        [NPU_FP32] = "fp32",   [NPU_INT32] = "int32",   [NPU_UINT32] = "uint32",
        [NPU_BF16] = "bf16",   [NPU_INT16] = "int16",   [NPU_UINT16] = "uint16",
        [NPU_INT8] = "int8",   [NPU_UINT8] = "uint8"};
    return t < NPU_DTYPES ? names[t] : "";
}

/* The first four dimensions as columns; missing ones are 1. */
static void print_dims(const int64_t *dim, size_t n)
{
    for (size_t i = 0; i < SHOWN_DIMS; i++)
        printf("%-4d ", (int)(i < n ? dim[i] : 1));
}

static void print_names(char *const *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%s%s", i ? "," : "", name[i]);
}

static void dump_base(const npu_model *m)
{
    if (m->mlir_version)
        printf("Mlir Version: %s\n", m->mlir_version);
    printf("Cvimodel Version: %u.%u.%u\n", m->version[0], m->version[1], m->version[2]);
    printf("%s Build at %s\n", m->name ? m->name : "", m->build_time ? m->build_time : "");
    if (m->target)
        printf("For %s chip ONLY\n", m->target);
    printf("CviModel Need ION Memory Size: (%.2f MB)\n", (double)ion_bytes(m) / MEGABYTE);
}

static void dump_sections(const npu_model *m)
{
    printf("\nSections:\n%-3s  %-10s%-25s%-12s%-12s%-12s%-12s%s\n", "ID", "TYPE", "NAME", "SIZE",
           "OFFSET", "ENCRYPT", "COMPRESS", "MD5");
    for (size_t i = 0; i < m->nsection; i++) {
        const npu_section *s = &m->section[i];
        char md5[HASH_MD5_HEX];
        hash_md5_hex(s->data, s->data_bytes, md5);
        printf("%03zu  %-10s%-25s%-12u%-12u%-12s%-12s%s\n", i, npu_section_type_name(s->type),
               s->name, s->size, s->offset, s->encrypt ? "True" : "False",
               s->compress ? "True" : "False", md5);
    }
}

static void dump_weights(const npu_model *m)
{
    printf("\nWeightMap:\n%-3s  %-10s%-10s%-8s%-4s %-4s %-4s %-4s %s\n", "ID", "OFFSET", "SIZE",
           "TYPE", "N", "C", "H", "W", "NAME");
    for (size_t i = 0; i < m->nweight; i++) {
        const npu_weight *w = &m->weight[i];
        printf("%03zu  %-10d%-10u%-8s", i, (int)(uint32_t)w->offset, w->size,
               lower_dtype(w->dtype));
        print_dims(w->dim, w->ndim);
        printf("%s\n", w->name);
    }
}

/* Scale that a "quant" routine (real values to INT8) gives its output, 0 when it is none. */
static float quant_routine_scale(const npu_routine *r)
{
    const char *from = "", *to = "";
    double threshold = 0;

    if (r->type != NPU_ROUTINE_CPU || strcmp(r->section, "quant") || r->nout == 0)
        return 0;
    for (size_t i = 0; i < r->nattr; i++) {
        const npu_attr *a = &r->attr[i];
        if (a->type == NPU_ATTR_FLOAT && !strcmp(a->key, "threshold"))
            threshold = a->number;
        else if (a->type == NPU_ATTR_STR && !strcmp(a->key, "from"))
            from = a->text;
        else if (a->type == NPU_ATTR_STR && !strcmp(a->key, "to"))
            to = a->text;
    }
    return threshold != 0 && !strcmp(from, "NONE") && !strcmp(to, "INT8")
               ? (float)(128.0 / threshold) : 0;
}

static void dump_routines(const npu_program *p)
{
    for (size_t i = 0; i < p->nroutine; i++) {
        const npu_routine *r = &p->routine[i];
        bool tpu = r->type == NPU_ROUTINE_TPU;
        printf("     #%02zu  %s\n        %-8s: ", i, tpu ? "tpu" : "cpu", "inputs");
        print_names(r->in, r->nin);
        printf("\n        %-8s: ", "outputs");
        print_names(r->out, r->nout);
        printf("\n        %-8s: %s\n", tpu ? "section" : "function", r->section);
    }
}

/* Programs of containers before 1.1 count their memory as neurons and share none of it. */
static const char *memory_name(const npu_tensor *t, bool old)
{
    if (t->offset == -1)
        return "   -";
    if (memory_of(t->offset) >= NPU_MEM_IO)
        return "io_mem";
    return memory_of(t->offset) == NPU_MEM_PRIVATE || old ? "private" : "shared";
}

static void dump_tensors(const npu_program *p)
{
    const char *quanted = "";
    float scale = 0;

    for (size_t i = 0; i < p->nroutine && scale == 0; i++)
        if ((scale = quant_routine_scale(&p->routine[i])) != 0)
            quanted = p->routine[i].out[0];
    printf("        %-3s  %-12s%-6s%-4s %-4s %-4s %-4s %-10s %-7s %s\n", "ID", "OFFSET", "TYPE",
           "N", "C", "H", "W", "QSCALE", "MEM", "NAME");
    for (size_t i = 0; i < p->ntensor; i++) {
        const npu_tensor *t = &p->tensor[i];
        double q = (double)(strcmp(t->name, quanted) ? t->qscale : scale);
        printf("        %03zu  %-12d%-6s", i, (int)(uint32_t)t->offset, lower_dtype(t->dtype));
        print_dims(t->dim, t->ndim);
        if (q <= 0.000001 || q > 400)
            printf("%-10s ", "-");
        else
            printf("%-10f ", q);
        printf("%-7s %s\n", memory_name(t, p->neuron_size > 0), t->name);
    }
}

static void dump_program(const npu_program *p, size_t index)
{
    printf("\nProgram #%zu\n    %-12s: %u\n", index, "batch_num", p->batch_num);
    if (p->neuron_size) {
        printf("    %-12s: %u\n", "neuron_size", p->neuron_size);
    } else {
        printf("    %-12s: %u\n", "private_gmem_size", p->private_gmem);
        printf("    %-12s: %u\n", "shared_gmem_size", p->shared_gmem);
    }
    printf("    %-12s: ", "inputs");
    print_names(p->in, p->nin);
    printf("\n    %-12s: ", "outputs");
    print_names(p->out, p->nout);
    printf("\n    %-12s:\n", "routines");
    dump_routines(p);
    printf("\n    %-12s:\n", "tensor_map");
    dump_tensors(p);
}

static void dump(const npu_model *m)
{
    dump_base(m);
    dump_sections(m);
    dump_weights(m);
    for (size_t i = 0; i < m->nprogram; i++)
        dump_program(&m->program[i], i);
}

/* Name of the file for section I, "NAME.bin"; other than its own name when an earlier one took it.
 * The result is the caller's; NULL: no memory. */
static char *file_for(const sys_outdir *d, const npu_section *s, size_t i)
{
    char *safe = sys_file_name(s->name), *name = NULL, *path;

    if (!safe || asprintf(&name, "%s.bin", safe) < 0)
        name = NULL;
    path = name ? sys_outdir_path(d, name) : NULL;
    if (path && access(path, F_OK) == 0) {
        free(name);
        if (asprintf(&name, "%zu@%s.bin", i, safe) < 0) /* '@' is in no safe name */
            name = NULL;
    }
    free(path);
    free(safe);
    return name;
}

static npu_status extract(const npu_model *m, const char *dir, npu_err *err)
{
    sys_outdir *d;

    NPU_TRY(sys_outdir_begin(dir, &d, err));
    for (size_t i = 0; i < m->nsection; i++) {
        const npu_section *s = &m->section[i];
        char *name = file_for(d, s, i);
        npu_status st = name ? sys_outdir_write(d, name, s->data, s->data_bytes, err)
                             : npu_fail(err, NPU_LIMIT, "out of memory");
        if (st == NPU_OK)
            printf("store section to %s/%s\n", dir, name);
        free(name);
        if (st != NPU_OK) {
            sys_outdir_abort(d);
            return st;
        }
    }
    return sys_outdir_commit(d, err);
}

typedef struct {
    int action;
    const char *input, *output;
} cvi_options;

#define AT(field) offsetof(cvi_options, field)
static const opt_spec cvi_spec[] = {
    {"action", 'a', OPT_CHOICE, AT(action), "dump|extract",
     "dump: show the model; extract: write its sections"},
    {"input", 'i', OPT_STRING, AT(input), "FILE", "the model"},
    {"output", 'o', OPT_STRING, AT(output), "DIR",
     "folder for the extracted sections (default: sections)"},
    OPT_END};

static const opt_program cvi_program = {
    .args = NULL,
    .min_args = 0,
    .max_args = 0,
    .spec = cvi_spec,
    .doc = "Shows a .cvimodel as the vendor's tool does, or writes each of its sections, "
           "decompressed, to DIR/NAME.bin.",
    .example = "cvimodel_tool -a dump -i model.cvimodel"};

static int run_action(const char *command, const cvi_options *o, int verbosity)
{
    npu_err err = {0};
    npu_model *m;
    npu_status s = npu_model_open(o->input, &m, &err);

    if (s == NPU_OK) {
        if (m->has_md5 && !m->md5_ok && verbosity >= 0)
            fprintf(stderr, "%s: warning: %s: the stored MD5 does not fit the contents\n", command,
                    o->input);
        if (o->action == 0)
            dump(m);
        else
            s = extract(m, o->output, &err);
        npu_model_free(m);
    }
    return s == NPU_OK ? 0 : tool_fail(command, &err);
}

int cmd_cvimodel_tool(int argc, char **argv)
{
    cvi_options o = {.action = -1, .output = "sections"};
    opt_rest rest;
    npu_err err = {0};
    int status = opt_parse(&cvi_program, argc, argv, &o, &rest);

    if (status >= 0)
        return status;
    if (o.action < 0 || !o.input) {
        npu_fail(&err, NPU_USAGE, "%s is missing", o.action < 0 ? "-a dump or -a extract"
                                                                : "-i FILE");
        status = tool_fail(argv[0], &err);
    } else {
        status = run_action(argv[0], &o, rest.verbosity);
    }
    opt_free(&cvi_program, &o);
    return status;
}
