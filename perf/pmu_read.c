/* CSV -> pmu_trace. */
#include <csv.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "perf/pmu.h"

/* Columns by the vendor's header; the fifth has no name and is not needed. */
enum { C_TYPE, C_ID, C_EV0, C_EV1, C_START, C_DURATION, C_END, C_LAYER, C_DES, C_SRC, C_DST,
       C_FMT, C_MD, C_CMD, C_WAIT, C_DH, C_DC, C_DN, C_SH, C_SC, C_SN, C_DSTC, C_SRCC, C_DSTW,
       C_DSTH, C_SRCW, C_SRCH, C_SRCN, COLUMNS };

static const char *const column_names[COLUMNS] = {
    "pmutype", "desID", "event0", "event1", "start", "duration", "end", "layerID", "desType",
    "srcAddr", "dstAddr", "trans_fmt", "transpose_md", "cmd_id", "wait_id_tpu", "dst_h_stride",
    "dst_c_stride_low", "dst_n_stride", "src_h_stride", "src_c_stride_low", "src_n_stride",
    "dst_c", "src_c", "dst_w", "dst_h", "src_w", "src_h", "src_n"};

enum { LAST_TIU_COLUMN = C_DES, FIELDS_MAX = 64 };

typedef struct {
    const char *path;
    pmu_trace *t;
    npu_err *err;
    npu_status status;
    int place[COLUMNS];           /* field index of each column */
    char *field[FIELDS_MAX];
    int n;                        /* fields of this line */
    uint32_t line;
    int64_t epoch, last;          /* ticks before the last wrap of the counter; last start */
} reader;

static void on_field(void *text, size_t len, void *arg)
{
    reader *r = arg;
    char *s = text;
    while (len && (*s == ' ' || *s == '\t')) {
        s++;
        len--;
    }
    while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
        len--;
    if (r->n < FIELDS_MAX)
        r->field[r->n] = strndup(s, len);
    r->n++;
}

static const char *text_at(const reader *r, int column)
{
    int i = r->place[column];
    return i >= 0 && i < r->n && i < FIELDS_MAX && r->field[i] ? r->field[i] : "";
}

/* Largest value of a column: its width in the records and descriptors the dump is made from. */
static uint64_t largest(int column)
{
    if (column == C_SRC || column == C_DST)
        return (UINT64_C(1) << 40) - 1;
    return column == C_ID || column == C_CMD || column == C_WAIT ? UINT16_MAX : UINT32_MAX;
}

/* Number of a column: decimal, or the vendor's "0x" before decimal digits. */
static uint64_t number(reader *r, int column)
{
    const char *s = text_at(r, column), *digits = strncmp(s, "0x", 2) ? s : s + 2;
    char *end;
    errno = 0;
    uint64_t v = strtoull(digits, &end, 10);
    if (r->status == NPU_OK && (end == digits || *end || errno || *digits == '-'))
        r->status = npu_fail(r->err, NPU_BAD_INPUT, "%s:%u: column %s: '%.40s' is not a number",
                             r->path, r->line, column_names[column], s);
    if (r->status == NPU_OK && v > largest(column))
        r->status = npu_fail(r->err, NPU_BAD_INPUT, "%s:%u: column %s: %.40s is larger than %llu",
                             r->path, r->line, column_names[column], s,
                             (unsigned long long)largest(column));
    return v;
}

static void read_header(reader *r)
{
    for (int c = 0; c < COLUMNS; c++) {
        r->place[c] = -1;
        for (int i = 0; i < r->n && i < FIELDS_MAX; i++)
            if (r->field[i] && strcmp(r->field[i], column_names[c]) == 0)
                r->place[c] = i;
        if (r->place[c] < 0 && r->status == NPU_OK)
            r->status = npu_fail(r->err, NPU_BAD_INPUT,
                                 "%s: no column '%s' in the first line; a _des.csv of the CVITEK "
                                 "PMU dump is needed", r->path, column_names[c]);
    }
}

/* No column gives the element size: 16-bit data shows as rows of twice the width.  A channel stride
 * of twice the plane says so only when the rows leave it open: slices of half the rows have it
 * too. */
static uint8_t element_bytes(uint32_t w, uint32_t h, uint32_t h_str, uint32_t c_str)
{
    if (h_str == w)
        return 1;
    return h_str == 2 * w || c_str == 2 * w * h ? 2 : 1;
}

/* A transfer as its columns describe it. */
static void read_tdma(reader *r, pmu_row *row)
{
    npu_tdma *t = &row->cmd.u.tdma;
    const char *d = row->description;
    *t = (npu_tdma){.src = number(r, C_SRC), .dst = number(r, C_DST),
                    .src_n_str = (uint32_t)number(r, C_SN), .src_c_str = (uint32_t)number(r, C_SC),
                    .src_h_str = (uint32_t)number(r, C_SH), .dst_n_str = (uint32_t)number(r, C_DN),
                    .dst_c_str = (uint32_t)number(r, C_DC), .dst_h_str = (uint32_t)number(r, C_DH),
                    .n = (uint32_t)number(r, C_SRCN), .src_c = (uint32_t)number(r, C_SRCC),
                    .src_h = (uint32_t)number(r, C_SRCH), .src_w = (uint32_t)number(r, C_SRCW),
                    .dst_c = (uint32_t)number(r, C_DSTC), .dst_h = (uint32_t)number(r, C_DSTH),
                    .dst_w = (uint32_t)number(r, C_DSTW), .src_bytes = 1, .dst_bytes = 1};
    t->compress = row->compressed;
    t->matrix = strstr(d, "Matrix") != NULL;
    t->dir = row->type == PMU_LOAD ? 0 : row->type == PMU_STORE ? 1 : 3;
    t->blob_bytes = (uint32_t)(row->compressed ? row->beats * 16 : 0);
    t->src_bytes = element_bytes(t->src_w, t->src_h, t->src_h_str, t->src_c_str);
    t->dst_bytes = element_bytes(t->dst_w, t->dst_h, t->dst_h_str, t->dst_c_str);
    row->cmd.wait = (uint16_t)number(r, C_WAIT);
    row->cmd.kind = t->matrix ? (t->dir == 0 ? NPU_KIND_LOADMAT : NPU_KIND_STOREMAT)
                  : t->dir == 0 ? NPU_KIND_LOAD
                  : t->dir == 1 ? NPU_KIND_STORE
                                : NPU_KIND_MOVE;
    if (number(r, C_FMT) || number(r, C_MD))
        r->status = npu_fail(r->err, NPU_UNSUPPORTED,
                             "%s:%u: trans_fmt %s, transpose_md %s: general copies and transposes "
                             "are not compared yet", r->path, r->line, text_at(r, C_FMT),
                             text_at(r, C_MD));
    if (r->status == NPU_OK && (!t->n || !t->src_c || !t->src_w || !t->dst_c || !t->dst_w ||
                                (!t->matrix && (!t->src_h || !t->dst_h))))
        r->status = npu_fail(r->err, NPU_BAD_INPUT, "%s:%u: a transfer of no elements", r->path,
                             r->line);
}

/* Start, duration and end of a row; the counter has 32 bits and wraps.  Rows of both engines come
 * almost in order, so a start far before the last one is after a wrap. */
static void read_times(reader *r, pmu_row *row)
{
    const int64_t wrap = INT64_C(1) << 32, half = wrap / 2;
    uint64_t start = number(r, C_START), end = number(r, C_END), ticks = number(r, C_DURATION);
    int64_t span = ((int64_t)end - (int64_t)start) & (wrap - 1);
    if (r->status == NPU_OK && ticks != (uint64_t)span)
        r->status = npu_fail(r->err, NPU_BAD_INPUT, "%s:%u: start %llu, duration %llu and end %llu "
                             "do not agree", r->path, r->line, (unsigned long long)start,
                             (unsigned long long)ticks, (unsigned long long)end);
    if (r->status == NPU_OK && span >= half)
        r->status = npu_fail(r->err, NPU_BAD_INPUT, "%s:%u: end %llu is before start %llu", r->path,
                             r->line, (unsigned long long)end, (unsigned long long)start);
    if (r->status != NPU_OK)
        return;
    row->start = (int64_t)start + r->epoch;
    if (r->t->n && row->start < r->last - half) {
        r->epoch += wrap;
        row->start += wrap;
    } else if (r->t->n && row->start > r->last + half && r->epoch) {
        row->start -= wrap; /* of before the wrap, listed after it */
    }
    r->last = row->start;
    row->end = row->start + span;
}

static void read_row(reader *r)
{
    pmu_row row = {.line = r->line};
    uint64_t type = number(r, C_TYPE);
    if (r->status == NPU_OK && (type < PMU_LOAD || type > PMU_TIU))
        r->status = npu_fail(r->err, NPU_BAD_INPUT, "%s:%u: pmutype %llu; 1 load, 2 store, 3 move, "
                             "4 TIU are known", r->path, r->line, (unsigned long long)type);
    row.type = (pmu_type)type;
    row.id = (uint32_t)number(r, C_ID);
    row.bursts = number(r, C_EV0);
    row.beats = number(r, C_EV1);
    read_times(r, &row);
    row.layer = (uint32_t)number(r, C_LAYER);
    snprintf(row.description, sizeof row.description, "%s", text_at(r, C_DES));
    row.compressed = strstr(row.description, "Compression") != NULL;
    row.cmd.engine = type == PMU_TIU ? NPU_ENGINE_TIU : NPU_ENGINE_TDMA;
    row.cmd.id = (uint16_t)row.id;
    row.cmd.layer = row.layer;
    if (r->status == NPU_OK && type != PMU_TIU)
        read_tdma(r, &row);
    if (r->status != NPU_OK)
        return;
    if (r->t->n == r->t->capacity) {
        uint32_t cap = r->t->capacity ? 2 * r->t->capacity : 1024;
        pmu_row *grown = realloc(r->t->row, cap * sizeof *grown);
        if (!grown) {
            r->status = npu_fail(r->err, NPU_LIMIT, "%s: out of memory", r->path);
            return;
        }
        r->t->row = grown;
        r->t->capacity = cap;
    }
    r->t->row[r->t->n++] = row;
}

static void drop_fields(reader *r)
{
    for (int i = 0; i < r->n && i < FIELDS_MAX; i++)
        free(r->field[i]);
    r->n = 0;
}

static void on_line(int end, void *arg)
{
    reader *r = arg;
    (void)end;
    r->line++;
    if (r->status == NPU_OK && r->line == 1)
        read_header(r);
    else if (r->status == NPU_OK && (r->n > 1 || *text_at(r, C_TYPE)))
        read_row(r);
    drop_fields(r);
}

static int by_start(const void *a, const void *b)
{
    const pmu_row *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

npu_status pmu_read(const char *path, pmu_trace *out, npu_err *err)
{
    uint8_t *text;
    size_t n;
    struct csv_parser parser;
    reader r = {.path = path, .t = out, .err = err};
    *out = (pmu_trace){0};
    NPU_TRY(sys_read_file(path, &text, &n, err));
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        free(text);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    if (csv_parse(&parser, text, n, on_field, on_line, &r) != n && r.status == NPU_OK)
        r.status = npu_fail(err, NPU_BAD_INPUT, "%s:%u: %s", path, r.line + 1,
                            csv_strerror(csv_error(&parser)));
    if (csv_fini(&parser, on_field, on_line, &r) != 0 && r.status == NPU_OK)
        r.status = npu_fail(err, NPU_BAD_INPUT, "%s:%u: a quote is not closed", path, r.line + 1);
    drop_fields(&r); /* of the line that was not finished */
    csv_free(&parser);
    free(text);
    if (r.status == NPU_OK && out->n == 0)
        r.status = npu_fail(err, NPU_BAD_INPUT, "%s: no rows", path);
    if (r.status != NPU_OK)
        pmu_free(out);
    else
        qsort(out->row, out->n, sizeof *out->row, by_start);
    return r.status;
}

void pmu_free(pmu_trace *t)
{
    free(t->row);
    *t = (pmu_trace){0};
}
