/* points.csv of a sweep; text quoted by libcsv. */
#include <csv.h>
#include <string.h>

#include "base/num.h"
#include "reports/sweep.h"

static const char *const before[] = {"point", "id", "status", "error", "model", "label"};
static const char *const after[] = {"bound", "recompiled"};
enum { BEFORE = sizeof before / sizeof *before, AFTER = sizeof after / sizeof *after };

const char *rep_sweep_column(const npu_sweep *s, size_t i)
{
    if (i < BEFORE)
        return before[i];
    i -= BEFORE;
    if (i < s->nkey)
        return npu_num_table[s->key[i]].key;
    i -= s->nkey;
    if (i < NPU_METRICS)
        return npu_metric_table[i].key;
    i -= NPU_METRICS;
    return i < AFTER ? after[i] : NULL;
}

void rep_sweep_csv_header(const npu_sweep *s, FILE *f)
{
    const char *name;
    for (size_t i = 0; (name = rep_sweep_column(s, i)) != NULL; i++)
        fprintf(f, "%s%s", i ? "," : "", name);
    putc('\n', f);
}

/* Text in quotes, control characters as blanks: one record is one line. */
static void text(FILE *f, const char *s)
{
    char clean[512];
    size_t n = 0;
    for (s = s ? s : ""; *s && n < sizeof clean - 1; s++)
        clean[n++] = (unsigned char)*s < 0x20 ? ' ' : *s;
    putc(',', f);
    csv_fwrite(f, clean, n);
}

void rep_sweep_csv_row(const npu_sweep *s, size_t point, FILE *f)
{
    const npu_sweep_point *p = &s->point[point];
    const npu_point_result *r = &p->result;
    bool ok = r->status == NPU_POINT_OK;
    fprintf(f, "%zu,%s,%s", point + 1, p->id, npu_point_status_name(r->status));
    text(f, r->error);
    text(f, s->model[p->model].name);
    text(f, p->label);
    for (size_t k = 0; k < s->nkey; k++)
        fprintf(f, ",%s", num_exact(p->value[k]).s);
    for (int m = 0; m < NPU_METRICS; m++)
        fprintf(f, ",%s", ok ? num_exact(r->metric[m]).s : "");
    fprintf(f, ",%s,%s\n", ok ? npu_bound_name(r->bound) : "", "false");
}
