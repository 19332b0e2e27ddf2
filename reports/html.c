/* The page of a model: its blocks in the order of a reader's questions.
 *
 * A block is a row here and a function in one of the html_*.c files. */
#include "reports/html.h"

#include <stdlib.h>

#include "reports/out.h"

static rep_html_part *const parts[] = {
    rep_html_header,       /* which run is this */
    rep_html_numbers,      /* how long, how sure */
    rep_html_verdict,      /* what bounds it, in words */
    rep_html_bin,          /* the same in the vendor's words */
    rep_html_budgets,      /* does it meet its budget */
    rep_html_bounds,       /* what bounds it, as a sum */
    rep_html_time,         /* where is the time, along the frame */
    rep_html_masters,      /* who else used the DDR */
    rep_html_layers,       /* where is the time, by layer */
    rep_html_roofline,     /* why, and which commands (two columns) */
    rep_html_whatif,       /* what if the DDR differs, and what would help (two columns) */
    rep_html_accuracy,     /* under which assumptions */
    rep_html_calls,        /* can it be interrupted */
    rep_html_split,        /* and with a limit on the calls */
    rep_html_structure,    /* what is this network */
    rep_html_all,          /* the exact field */
};

static npu_status model(const rep_html_page *h)
{
    const npu_profile *p = h->p;
    char title[64];
    snprintf(title, sizeof title, "%s ms · ", rep_short(p->latency_ms).s);
    rep_html_open(h, title);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        NPU_TRY(parts[i](h));
    NPU_TRY(rep_html_data(h));
    rep_html_close(h);
    return NPU_OK;
}

npu_status rep_page(const npu_profile *p, const rep_options *o, FILE *out, npu_err *err)
{
    rep_html_page h = { .f = out, .p = p, .o = o, .err = err };
    npu_status s;
    uint32_t *slow = rep_slowest(p, o->subgraph, &h.nslow);
    if (!slow)
        return npu_fail(err, NPU_LIMIT, "%s: no memory for %zu layers", p->file, p->nlayer);
    h.slow = slow;
    s = o->subgraph < 0 ? model(&h) : rep_html_subgraph(&h);
    free(slow);
    return s;
}
