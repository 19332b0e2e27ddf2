/* The vendor's summary of a .bin, in its words, so that scripts that read its page read ours.
 *
 * The NPU alone: CPU nodes are not in these numbers.  "Mb" is 1 048 576 bytes there, and a latency
 * is the sum of the sub-graphs' rounded ones. */
#include "reports/html.h"

#include <inttypes.h>
#include <math.h>

#include "base/num.h"
#include "reports/out.h"

#define MIB 1048576.0

/* V with at most DECIMALS decimals, no trailing zeros: 0.06, 0.054, 12. */
static num_text rounded(double v, int decimals)
{
    double unit = pow(10, decimals);

    return num_exact(round(v * unit) / unit);
}

static double sub_ms(const npu_profile *p, const npu_prof_subgraph *s)
{
    return rep_ms(p, s->end - s->start);
}

typedef struct {
    double ms, exact_ms;
    uint64_t read, write;
    bool cpu;
} sums;

static sums add_up(const npu_profile *p)
{
    sums all = {0};

    for (size_t i = 0; i < p->nsubgraph; i++) {
        const npu_prof_subgraph *s = &p->subgraph[i];
        all.cpu |= s->cpu;
        if (s->cpu)
            continue;
        all.ms += round(sub_ms(p, s) * 100) / 100;
        all.exact_ms += sub_ms(p, s);
        all.read += s->read;
        all.write += s->write;
    }
    return all;
}

static void summary(FILE *f, const npu_profile *p, const sums *all)
{
    fputs("<style>#performance p,#details p{margin:2px 0}</style>\n<p>Model Name : ", f);
    rep_html(f, p->name);
    fprintf(f, ".bin</p>\n<p>BPU Model Latency(ms) : %s</p>\n", rounded(all->ms, 2).s);
    fprintf(f, "<p>Model Frame Rate(fps) : %s</p>\n",
            rounded(all->exact_ms > 0 ? 1e3 / all->exact_ms : 0, 2).s);
    fprintf(f, "<p>Model DDR Occupation(Mb per frame) : %s</p>\n",
            rounded((double)(all->read + all->write) / MIB, 2).s);
    fprintf(f, "<p>Loaded Bytes per Frame : %" PRIu64 "</p>\n", all->read);
    fprintf(f, "<p>Stored Bytes per Frame : %" PRIu64 "</p>\n", all->write);
    if (all->cpu)
        fputs("<p style=\"color:orange\">The model has nodes that run on the CPU. They are not in "
              "these numbers, which are the time of the BPU alone.</p>\n", f);
}

static void item(const rep_html_page *h, size_t i)
{
    const npu_profile *p = h->p;
    const npu_prof_subgraph *s = &p->subgraph[i];
    char stem[REP_NAME_BYTES];
    FILE *f = h->f;

    fputs("<h3>Model Subgraph Item</h3>\n<p>Model Subgraph Name : ", f);
    rep_html(f, s->name);
    fprintf(f, "</p>\n<p>Model Subgraph Calculation Load (OPpf) : %" PRIu64 "</p>\n",
            2 * s->macs);
    fprintf(f, "<p>Model Subgraph DDR Occupation(Mbpf) : %s</p>\n",
            rounded((double)(s->read + s->write) / MIB, 3).s);
    fprintf(f, "<p>Model Subgraph Latency(ms) : %s</p>\n", rounded(sub_ms(p, s), 2).s);
    if (h->o->links) {
        rep_subgraph_stem(p, (int)i, stem);
        fprintf(f, "<p>Model Subgraph Info Files : <a href=\"%s.html\">%s.html</a></p>\n", stem,
                stem);
    }
}

npu_status rep_html_bin(const rep_html_page *h)
{
    sums all;

    if (!h->p->origin)
        return NPU_OK;
    all = add_up(h->p);
    rep_html_section(h, "performance", "Model Performance Summary", NULL);
    summary(h->f, h->p, &all);
    fputs("</section>\n", h->f);
    rep_html_section(h, "details", "Details", NULL);
    for (size_t i = 0; i < h->p->nsubgraph; i++)
        if (!h->p->subgraph[i].cpu)
            item(h, i);
    fputs("</section>\n", h->f);
    return NPU_OK;
}
