/* Summary for the terminal: 80 columns, ASCII frame around whatever the names hold. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/columns.h"
#include "reports/html.h"
#include "reports/out.h"
#include "reports/version.h"

enum { WIDTH = 80, BAR = 60, TOP = 10, NAME = 27 };

static const char mark[NPU_CAUSES + 1] = "#v=D.c"; /* one letter per cause, in their order */

/* Writes S in lines of WIDTH columns, FIRST before the first line and spaces before the others.
 * Only blanks break a line: a longer word stays whole. */
void rep_text_wrapped(FILE *f, const char *first, const char *s)
{
    int indent = (int)strlen(first), at = indent;
    fputs(first, f);
    while (*s) {
        const char *end = s + strcspn(s, " \n");
        const char *c = s;
        int columns = 0;
        while (c < end && rep_utf8(&c))
            columns++;
        if (at > indent && at + 1 + columns > WIDTH) {
            fprintf(f, "\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            putc(' ', f);
            at++;
        }
        while (s < end)
            rep_put_plain(f, rep_utf8(&s));
        at += columns;
        s = end + strspn(end, " \n");
    }
    putc('\n', f);
}

static void head(FILE *f, const npu_profile *p)
{
    const npu_chip *c = p->chip;
    char now[NPU_NUM_TEXT], was[NPU_NUM_TEXT];
    rep_plain(f, p->file, 0);
    fprintf(f, "\n%s, TPU %s MHz, DDR %s MB/s; npusim %s\n", c->name,
            rep_fix(NPU_GET(c, tpu_clock_mhz), 0).s, rep_fix(NPU_GET(c, ddr_bandwidth_mbps), 0).s,
            REP_VERSION);
    for (size_t i = 0; i < c->noverride; i++)
        fprintf(f, "override   %s=%s (chip file: %s)\n", c->override[i].key,
                npu_num_text(c->override[i].num, c->override[i].value, now),
                npu_num_text(c->override[i].num, c->override[i].was, was));
}

static void numbers(FILE *f, const npu_profile *p)
{
    fprintf(f, "\nlatency    %s ms", rep_short(p->latency_ms).s);
    if (p->error_percent >= 0)
        fprintf(f, " +-%s %% (measured error of this chip file)\n",
                rep_general(p->error_percent).s);
    else
        fputs(", error of this chip file never measured\n", f);
    fprintf(f, "frame rate %s fps, back to back\n", rep_short(p->fps).s);
    fprintf(f, "DDR        %s per frame: %s read, %s written\n",
            rep_scaled((double)(p->read + p->write), 'M', "B").s,
            rep_scaled((double)p->read, 'M', "B").s, rep_scaled((double)p->write, 'M', "B").s);
    fprintf(f, "           %s %% of the peak, %s %% in the busiest millisecond\n",
            rep_fix(100 * p->occupancy, 1).s, rep_fix(100 * p->worst_ms_occupancy, 0).s);
    fprintf(f, "MAC        %s, %s %% of the array\n", rep_scaled((double)p->macs, 'G', "MAC").s,
            rep_fix(100 * p->mac_utilisation, 1).s);
    fprintf(f, "engines    TIU %s ms, TDMA %s ms", rep_short(p->tiu_ms).s,
            rep_short(p->tdma_ms).s);
    if (p->cpu_ticks > 0)
        fprintf(f, ", CPU %s ms (estimated)", rep_short(p->cpu_ms).s);
    fprintf(f, "\ncommands   %" PRIu32 " TIU, %" PRIu32 " TDMA\n", p->n_tiu, p->n_tdma);
    fprintf(f, "memory     %s\n", rep_scaled((double)p->ion, 'M', "B").s);
}

static void masters(FILE *f, const npu_profile *p)
{
    for (size_t i = 0; i < p->nmaster; i++) {
        const npu_prof_master *m = &p->master[i];
        fputs(i ? "           " : "masters    ", f);
        rep_plain(f, m->name, 0);
        fprintf(f, " (%s) %s MB/s, slows by %s ms (%s %%)\n", m->kind,
                rep_fix(m->average_mbps, 0).s, rep_fix(rep_ms(p, m->slowdown_ticks), 3).s,
                rep_fix(m->slowdown_percent, 1).s);
    }
    if (p->nmaster)
        fprintf(f, "           alone on the DDR: %s ms\n", rep_short(rep_ms(p, p->alone_ticks)).s);
}

/* One line of BAR characters, shared out by largest remainder of the running sum. */
static void bar(FILE *f, const npu_profile *p)
{
    int64_t total = 0, sum = 0;
    int drawn = 0;
    for (int c = 0; c < NPU_CAUSES; c++)
        total += p->crit[c];
    fputs("\nWhat bounds it (critical path)\n  [", f);
    for (int c = 0; c < NPU_CAUSES && total > 0; c++) {
        int upto;
        sum += p->crit[c];
        upto = (int)((double)sum / (double)total * BAR + 0.5);
        for (; drawn < upto; drawn++)
            putc(mark[c], f);
    }
    fputs("]\n", f);
    for (int c = 0; c < NPU_CAUSES; c++)
        if (p->crit[c] > 0)
            fprintf(f, "  %c %-20s %9s ms %6s %%\n", mark[c], npu_cause_name((npu_cause)c),
                    rep_ms_text(p, p->crit[c]).s,
                    rep_fix(rep_share(p->crit[c], total), 1).s);
}

static npu_status slowest(FILE *f, const npu_profile *p, int subgraph, npu_err *err)
{
    size_t n;
    uint32_t *order = rep_slowest(p, subgraph, &n);
    if (!order)
        return npu_fail(err, NPU_LIMIT, "%s: no memory for %zu layers", p->file, p->nlayer);
    fprintf(f, "\nSlowest layers (%zu of %zu)\n  %-*s %-14s %8s %5s  %-9s %5s\n",
            n < TOP ? n : TOP, n, NAME, "layer", "op", "ms", "%", "bound", "MAC %");
    for (size_t i = 0; i < n && i < TOP; i++) {
        const npu_prof_layer *l = &p->layer[order[i]];
        rep_value op = { .str = NULL };
        for (size_t c = 0; c < rep_ncolumns; c++)
            if (strcmp(rep_columns[c].key, "op") == 0)
                op = rep_columns[c].get(p, l);
        fputs("  ", f);
        rep_plain(f, l->name, NAME);
        putc(' ', f);
        rep_plain(f, rep_value_str(&op), 14);
        fprintf(f, " %8s %5s  %-9s %5s\n", rep_ms_text(p, l->exclusive).s,
                rep_fix(rep_share(l->exclusive, p->latency_ticks), 1).s, rep_cause_word(l->bound),
                l->macs ? rep_fix(100 * l->mac_utilisation, 0).s : "");
    }
    free(order);
    return NPU_OK;
}

static void sentences(FILE *f, const char *heading, char *const *s, size_t n)
{
    if (n == 0)
        return;
    fprintf(f, "\n%s\n", heading);
    for (size_t i = 0; i < n; i++)
        rep_text_wrapped(f, "  - ", s[i]);
}

/* Runs with other hardware, when they were asked for. */
static void what_if(FILE *f, const npu_profile *p)
{
    if (p->nwhat_if == 0)
        return;
    fprintf(f, "\nWhat would help (b: a bound, no product)\n  %-44s %8s %7s\n", "change", "ms",
            "%");
    for (size_t i = 0; i < p->nwhat_if; i++) {
        const npu_prof_whatif *w = &p->what_if[i];
        fprintf(f, "%c ", w->bound ? 'b' : ' ');
        rep_plain(f, w->change, 44);
        fprintf(f, " %8s %s%6s\n", rep_short(w->latency_ms).s, w->delta < 0 ? "-" : "+",
                rep_fix(100 * (w->delta < 0 ? -w->delta : w->delta), 1).s);
    }
    if (p->knee_mbps > 0)
        fprintf(f, "  knee of the DDR curve: %s MB/s\n", rep_fix(p->knee_mbps, 0).s);
}

static void part(FILE *f, const npu_profile *p, const npu_prof_subgraph *s)
{
    fputs("\nsub-graph  ", f);
    rep_plain(f, s->name, 0);
    fprintf(f, "\nlatency    %s ms%s\nDDR        %s read, %s written\nMAC        %s\n",
            rep_short(rep_ms(p, s->end - s->start)).s, s->cpu ? " (CPU, estimated)" : "",
            rep_scaled((double)s->read, 'M', "B").s, rep_scaled((double)s->write, 'M', "B").s,
            rep_scaled((double)s->macs, 'G', "MAC").s);
}

npu_status rep_text(const npu_profile *p, const rep_options *o, FILE *out, npu_err *err)
{
    head(out, p);
    if (o->subgraph >= 0) {
        part(out, p, &p->subgraph[o->subgraph]);
        return slowest(out, p, o->subgraph, err);
    }
    numbers(out, p);
    masters(out, p);
    bar(out, p);
    NPU_TRY(slowest(out, p, -1, err));
    rep_text_split(p, out);
    sentences(out, "Verdict", p->verdict, p->nverdict);
    rep_text_budgets(p, out);
    what_if(out, p);
    sentences(out, "Assumptions", p->assumption, p->nassumption);
    return NPU_OK;
}
