/* Rows of points.csv back into a sweep; see sweep.h. */
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/num.h"
#include "base/sys.h"
#include "reports/sweep.h"
#include "tools/sweep.h"

enum { POINT, ID, STATUS, ERROR, MODEL, LABEL, FIRST_KEY };

typedef struct {
    const char *path;
    npu_sweep *s;
    bool by_id;
    size_t taken, line, columns, n; /* N: fields of the current row */
    char **field;           /* owned copies of the current row */
    uint32_t *order;        /* points in order of id; by_id only */
    npu_status status;
    npu_err *err;
} reader;

static npu_status bad_row(reader *r, const char *what, const char *found)
{
    return npu_fail(r->err, NPU_BAD_INPUT, "%s:%zu: %s: '%.60s' found", r->path, r->line, what,
                    found);
}

static int by_id(const void *a, const void *b, void *points)
{
    const npu_sweep_point *p = points;
    return strcmp(p[*(const uint32_t *)a].id, p[*(const uint32_t *)b].id);
}

static npu_status read_result(reader *r, npu_point_result *out)
{
    char **metric = r->field + FIRST_KEY + r->s->nkey;
    const char *bound = metric[NPU_METRICS];
    *out = (npu_point_result){0};
    for (out->status = NPU_POINT_OK; out->status <= NPU_POINT_SKIPPED; out->status++)
        if (strcmp(npu_point_status_name(out->status), r->field[STATUS]) == 0)
            break;
    if (out->status > NPU_POINT_SKIPPED)
        return bad_row(r, "status: ok, fail or skipped is needed", r->field[STATUS]);
    snprintf(out->error, sizeof out->error, "%.*s", (int)sizeof out->error - 1, r->field[ERROR]);
    if (out->status != NPU_POINT_OK)
        return NPU_OK;
    for (int m = 0; m < NPU_METRICS; m++)
        if (!num_read(metric[m], &out->metric[m]))
            return bad_row(r, npu_metric_table[m].key, metric[m]);
    while (out->bound < 4 && strcmp(npu_bound_name(out->bound), bound) != 0)
        if (++out->bound == 4)
            return bad_row(r, "bound: compute, memory, balanced or cpu is needed", bound);
    return NPU_OK;
}

/* A row of an earlier run: every point with its id takes the result. */
static npu_status take_by_id(reader *r)
{
    npu_point_result result;
    size_t lo = 0, hi = r->s->n;
    if (strcmp(r->field[STATUS], "ok") != 0)
        return NPU_OK;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(r->s->point[r->order[mid]].id, r->field[ID]) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < r->s->n && strcmp(r->s->point[r->order[lo]].id, r->field[ID]) == 0; lo++) {
        NPU_TRY(read_result(r, &result));
        r->taken += r->s->point[r->order[lo]].result.status == NPU_POINT_PENDING;
        r->s->point[r->order[lo]].result = result;
    }
    return NPU_OK;
}

/* A row of a shard: the point itself. */
static npu_status take_point(reader *r)
{
    double number;
    if (!num_read(r->field[POINT], &number) || !(number >= 1 && number <= (double)r->s->n) ||
        number != (double)(size_t)number)
        return bad_row(r, "point: a number of the sweep is needed", r->field[POINT]);
    npu_sweep_point *p = &r->s->point[(size_t)number - 1];
    double *value = r->s->values + ((size_t)number - 1) * r->s->nkey;
    if (p->result.status != NPU_POINT_PENDING)
        return bad_row(r, "point: the number occurs twice", r->field[POINT]);
    while (p->model < r->s->nmodel && strcmp(r->s->model[p->model].name, r->field[MODEL]) != 0)
        p->model++;
    if (p->model == r->s->nmodel)
        return bad_row(r, "model: none of the sweep", r->field[MODEL]);
    if (strlen(r->field[ID]) != NPU_POINT_ID)
        return bad_row(r, "id: 12 hexadecimal digits are needed", r->field[ID]);
    strcpy(p->id, r->field[ID]);
    if (*r->field[LABEL] && !(p->label = strdup(r->field[LABEL])))
        return npu_fail(r->err, NPU_LIMIT, "out of memory");
    for (size_t k = 0; k < r->s->nkey; k++)
        if (!num_read(r->field[FIRST_KEY + k], &value[k]))
            return bad_row(r, npu_num_table[r->s->key[k]].key, r->field[FIRST_KEY + k]);
    r->taken++;
    p->value = value;
    return read_result(r, &p->result);
}

static void on_field(void *text, size_t n, void *arg)
{
    reader *r = arg;
    if (r->n < r->columns && (r->field[r->n] = strndup(text ? text : "", n)) == NULL)
        r->status = npu_fail(r->err, NPU_LIMIT, "out of memory");
    r->n++;
}

static npu_status on_header(reader *r)
{
    for (size_t i = 0; i < r->columns; i++)
        if (i >= r->n || strcmp(r->field[i], rep_sweep_column(r->s, i)) != 0)
            return npu_fail(r->err, NPU_BAD_INPUT, "%s:1: column %zu is '%.40s', '%s' is needed",
                            r->path, i + 1, i < r->n ? r->field[i] : "",
                            rep_sweep_column(r->s, i));
    return NPU_OK;
}

static void on_row(int end, void *arg)
{
    reader *r = arg;
    bool torn = end == -1 && r->by_id; /* the writer was killed inside this row */
    r->line++;
    if (r->status == NPU_OK && !torn) {
        if (r->n != r->columns)
            r->status = npu_fail(r->err, NPU_BAD_INPUT, "%s:%zu: %zu columns, %zu are needed",
                                 r->path, r->line, r->n, r->columns);
        else
            r->status = r->line == 1 ? on_header(r) : r->by_id ? take_by_id(r) : take_point(r);
    }
    for (size_t i = 0; i < r->n && i < r->columns; i++)
        free(r->field[i]);
    r->n = 0;
}

static npu_status parse(reader *r, const uint8_t *bytes, size_t n)
{
    struct csv_parser p;
    if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
        return npu_fail(r->err, NPU_LIMIT, "out of memory");
    if (csv_parse(&p, bytes, n, on_field, on_row, r) != n)
        r->status = npu_fail(r->err, NPU_BAD_INPUT, "%s:%zu: %s", r->path, r->line + 1,
                             csv_strerror(csv_error(&p)));
    else if (csv_fini(&p, on_field, on_row, r) != 0 && !r->by_id)
        r->status = npu_fail(r->err, NPU_BAD_INPUT, "%s: ends inside a row", r->path);
    csv_free(&p);
    for (size_t i = 0; i < r->n && i < r->columns; i++)
        free(r->field[i]);
    return r->status;
}

npu_status sweep_read_rows(const char *path, npu_sweep *s, bool ids, size_t *taken, npu_err *err)
{
    reader r = {.path = path, .s = s, .by_id = ids, .err = err};
    uint8_t *bytes = NULL;
    size_t n = 0;
    *taken = 0;
    struct stat st_file;
    if (ids && (stat(path, &st_file) != 0 || st_file.st_size == 0))
        return NPU_OK; /* killed before its first row */
    NPU_TRY(sys_read_file(path, &bytes, &n, err));
    while (rep_sweep_column(s, r.columns))
        r.columns++;
    r.field = calloc(r.columns, sizeof *r.field);
    r.order = malloc((s->n + 1) * sizeof *r.order);
    npu_status st = NPU_LIMIT;
    if (!r.field || !r.order) {
        npu_fail(err, NPU_LIMIT, "out of memory");
    } else {
        for (size_t i = 0; i < s->n; i++)
            r.order[i] = (uint32_t)i;
        if (ids)
            qsort_r(r.order, s->n, sizeof *r.order, by_id, s->point);
        st = parse(&r, bytes, n);
    }
    free(bytes);
    free(r.field);
    free(r.order);
    *taken = r.taken;
    return st;
}
