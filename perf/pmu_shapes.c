/* Table of TIU shapes -> modelled cycles. */
#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "models/work.h"
#include "perf/pmu_compare.h"

enum { S_ID, S_TYPE, S_OP, S_OC, S_OH, S_OW, S_IC, S_K, S_STRIDE, SHAPE_COLUMNS };

static const char *const shape_names[SHAPE_COLUMNS] = {
    "desID", "type", "op", "out_c", "out_h", "out_w", "in_c_or_k", "kernel", "stride"};

enum { FIELDS_MAX = 24, TEXT_MAX = 64 };

typedef struct {
    const char *path;
    npu_err *err;
    npu_status status;
    int place[SHAPE_COLUMNS];
    char field[FIELDS_MAX][TEXT_MAX];
    int n;
    uint32_t line;
    const pmu_trace *t;
    const npu_chip *chip;
    int64_t *cycles;
} shapes;

static void on_field(void *text, size_t len, void *arg)
{
    shapes *s = arg;
    if (s->n < FIELDS_MAX)
        snprintf(s->field[s->n], TEXT_MAX, "%.*s", (int)(len < TEXT_MAX ? len : TEXT_MAX - 1),
                 (const char *)text);
    s->n++;
}

static const char *cell(const shapes *s, int column)
{
    return s->place[column] >= 0 && s->place[column] < s->n ? s->field[s->place[column]] : "";
}

static uint16_t number(shapes *s, int column)
{
    char *end;
    unsigned long v = strtoul(cell(s, column), &end, 10);
    if (s->status == NPU_OK && (end == cell(s, column) || *end || v > 65535))
        s->status = npu_fail(s->err, NPU_BAD_INPUT, "%s:%u: column %s: '%s' is not a number up to "
                             "65535", s->path, s->line, shape_names[column], cell(s, column));
    return (uint16_t)v;
}

static void find_columns(shapes *s)
{
    for (int c = 0; c < SHAPE_COLUMNS; c++) {
        s->place[c] = -1;
        for (int i = 0; i < s->n && i < FIELDS_MAX; i++)
            if (strcmp(s->field[i], shape_names[c]) == 0)
                s->place[c] = i;
        if (s->place[c] < 0 && s->status == NPU_OK)
            s->status = npu_fail(s->err, NPU_BAD_INPUT, "%s: no column '%s'", s->path,
                                 shape_names[c]);
    }
}

/* Rows of input a window of KERNEL needs for OUT outputs, and the padding a map of OUT x STRIDE
 * columns is then short of. */
static void window(npu_tiu *t, unsigned kernel, unsigned stride)
{
    unsigned in_w = t->res.w * stride, need = (t->res.w - 1u) * stride + kernel;
    unsigned pad = need > in_w ? need - in_w : 0;
    t->a.w = (uint16_t)(pad || need == in_w ? in_w : need);
    t->a.h = (uint16_t)((t->res.h - 1u) * stride + kernel);
    t->pad_l = (uint8_t)(pad / 2);
    t->pad_r = (uint8_t)(pad - pad / 2);
    t->b.h = t->b.w = (uint16_t)kernel;
    t->stride_h = t->stride_w = (uint8_t)stride;
}

static bool kind_of(const char *op, npu_kind *kind)
{
    static const struct {
        const char *op;
        npu_kind kind;
    } ops[] = {{"conv", NPU_KIND_CONV},       {"dwconv", NPU_KIND_DWCONV},
               {"maxpool", NPU_KIND_MAXPOOL}, {"avgpool", NPU_KIND_AVGPOOL},
               {"mul", NPU_KIND_MUL},         {"mac", NPU_KIND_MAC},
               {"copy", NPU_KIND_COPY},       {"fc", NPU_KIND_MATMUL},
               {"lut", NPU_KIND_LUT}};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (strcmp(ops[i].op, op) == 0) {
            *kind = ops[i].kind;
            return true;
        }
    return false;
}

/* The command a row describes, as the vendor's compiler emits such commands. */
static npu_status command(shapes *s, npu_cmd *c)
{
    npu_tiu *t = &c->u.tiu;
    npu_kind kind;
    unsigned k = number(s, S_K), stride = number(s, S_STRIDE);
    *c = (npu_cmd){.engine = NPU_ENGINE_TIU};
    if (!kind_of(cell(s, S_OP), &kind))
        return npu_fail(s->err, NPU_BAD_INPUT, "%s:%u: op '%s'; conv, dwconv, maxpool, avgpool, "
                        "mul, mac, copy, fc, lut are known", s->path, s->line, cell(s, S_OP));
    c->kind = (uint8_t)kind;
    t->res = (npu_opnd){.n = 1, .c = number(s, S_OC), .h = number(s, S_OH), .w = number(s, S_OW),
                        .bytes = 1};
    t->a = (npu_opnd){.n = 1, .c = number(s, S_IC), .h = t->res.h, .w = t->res.w, .bytes = 1};
    t->quant = strstr(cell(s, S_TYPE), "PerChannel") != NULL;
    t->bf16 = strstr(cell(s, S_TYPE), "BF16") != NULL;
    t->bias = t->quant;
    t->double_conv = kind == NPU_KIND_CONV && !t->bf16;
    t->dil_h = t->dil_w = 1;
    if (s->status != NPU_OK)
        return s->status;
    if (!t->res.c || !t->res.h || !t->res.w || !t->a.c || !k || !stride || k > 255 || stride > 31)
        return npu_fail(s->err, NPU_BAD_INPUT, "%s:%u: a shape needs at least 1 in every extent",
                        s->path, s->line);
    if (kind <= NPU_KIND_MINPOOL)
        window(t, k, stride);
    if (kind == NPU_KIND_MATMUL) {
        /* a long product is cut: first parts write partial sums, the last one adds them */
        t->b.n = t->a.c;
        t->ps32 = t->quant ? 1 : 2;
        t->res = (npu_opnd){.n = 1, .c = (uint16_t)((t->res.c + 15) / 16), .h = 1, .w = 16,
                            .bytes = 1};
    }
    if (kind == NPU_KIND_MUL) /* the first half of an addition: 16-bit result */
        t->res.bytes = 2;
    if (kind >= NPU_KIND_MUL && stride > 1) {
        t->a.mode = 3;
        t->a.w_str = stride;
    }
    t->b.constant = kind == NPU_KIND_MUL || kind == NPU_KIND_MAC;
    return NPU_OK;
}

static void read_row(shapes *s)
{
    npu_cmd c;
    sim_op op = {0};
    uint32_t id = number(s, S_ID);
    npu_status st = command(s, &c);
    if (st == NPU_OK)
        st = hw_work(s->chip, &c, &op, s->err);
    if (s->status == NPU_OK)
        s->status = st;
    for (uint32_t i = 0; i < s->t->n && s->status == NPU_OK; i++)
        if (s->t->row[i].type == PMU_TIU && s->t->row[i].id == id) {
            s->cycles[i] = op.cycles;
            break;
        }
}

static void on_line(int end, void *arg)
{
    shapes *s = arg;
    (void)end;
    s->line++;
    if (s->status == NPU_OK && s->line == 1)
        find_columns(s);
    else if (s->status == NPU_OK && s->n > 1)
        read_row(s);
    s->n = 0;
}

npu_status pmu_shapes(const char *path, const pmu_trace *t, const npu_chip *chip, int64_t *cycles,
                      npu_err *err)
{
    uint8_t *text;
    size_t n;
    struct csv_parser parser;
    NPU_TRY(sys_read_file(path, &text, &n, err));
    shapes *s = calloc(1, sizeof *s);
    if (!s || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        free(text);
        free(s);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    *s = (shapes){.path = path, .err = err, .t = t, .chip = chip, .cycles = cycles};
    if (csv_parse(&parser, text, n, on_field, on_line, s) != n && s->status == NPU_OK)
        s->status = npu_fail(err, NPU_BAD_INPUT, "%s:%u: %s", path, s->line + 1,
                             csv_strerror(csv_error(&parser)));
    if (csv_fini(&parser, on_field, on_line, s) != 0 && s->status == NPU_OK)
        s->status = npu_fail(err, NPU_BAD_INPUT, "%s:%u: a quote is not closed", path, s->line + 1);
    csv_free(&parser);
    free(text);
    npu_status status = s->status;
    free(s);
    return status;
}
