/* layers.csv: every column of the table, one row per layer; numbers bare, text quoted by libcsv. */
#include <csv.h>
#include <inttypes.h>
#include <string.h>

#include "reports/columns.h"
#include "reports/out.h"

static void cell(FILE *out, const rep_column *c, const rep_value *v)
{
    const char *s;
    switch (c->type) {
    case REP_VALUE_INT:
        fprintf(out, "%" PRId64, v->i);
        break;
    case REP_VALUE_REAL:
        fputs(rep_general(v->real).s, out);
        break;
    case REP_VALUE_BOOL:
        fputs(v->i ? "true" : "false", out);
        break;
    case REP_VALUE_STR:
        s = rep_value_str(v);
        csv_fwrite(out, s, strlen(s));
        break;
    }
}

npu_status rep_csv(const npu_profile *p, const rep_options *o, FILE *out, npu_err *err)
{
    (void)err;
    for (size_t c = 0; c < rep_ncolumns; c++)
        fprintf(out, "%s%s", c ? "," : "", rep_columns[c].key);
    putc('\n', out);
    for (size_t i = 0; i < p->nlayer; i++) {
        if (o->subgraph >= 0 && p->layer[i].subgraph != (uint32_t)o->subgraph)
            continue;
        for (size_t c = 0; c < rep_ncolumns; c++) {
            rep_value v = rep_columns[c].get(p, &p->layer[i]);
            if (c)
                putc(',', out);
            cell(out, &rep_columns[c], &v);
        }
        putc('\n', out);
    }
    return NPU_OK;
}
