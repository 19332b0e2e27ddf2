/* Assumptions and accuracy, and the folded list of every number. */
#include "reports/html.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "reports/out.h"

#define MIB 1048576.0

static void accuracy_table(FILE *f, const npu_chip *c)
{
    if (c->naccuracy == 0) {
        fputs("<p class=cap>This chip file was never held against a board: no ± can be stated.</p>",
              f);
        return;
    }
    fputs("<div class=tw tabindex=0><table class=wide><thead><tr><th class=l>Measured on a board"
          "<th class=l>Unit<th>measured<th>predicted<th>error %<tbody>\n", f);
    for (size_t i = 0; i < c->naccuracy; i++) {
        const npu_accuracy *a = &c->accuracy[i];
        double e = a->measured != 0 ? 100 * (a->predicted - a->measured) / a->measured : 0;
        fputs("<tr><th scope=row title=\"", f);
        rep_html(f, a->source);
        fputs("\">", f);
        rep_html(f, a->name);
        fputs("<td class=l>", f);
        rep_html(f, a->unit);
        fprintf(f, "<td>%s<td>%s<td class=%s>%s\n", rep_short(a->measured).s,
                rep_short(a->predicted).s, fabs(e) > 10 ? "pos" : "n", rep_signed(e, 1).s);
    }
    fputs("</table></div>\n", f);
}

static void number_row(FILE *f, const npu_chip *c, int n)
{
    fputs("<tr><th scope=row title=\"", f);
    rep_html(f, npu_num_table[n].meaning);
    fprintf(f, "\">%s<td>%s<td class=l>%s<td class=l>", npu_num_table[n].key,
            rep_general(c->num[n]).s, npu_num_table[n].unit);
    rep_html(f, c->status[n]);
    fputs("<td class=\"l wrap\">", f);
    rep_html(f, c->source[n]);
    putc('\n', f);
}

/* The numbers that move the latency most, in words; the rest is one fold below. */
static void key_numbers(FILE *f, const npu_chip *c)
{
    static const npu_num key[] = { NPU_NUM_tpu_clock_mhz, NPU_NUM_ddr_bandwidth_mbps,
                                   NPU_NUM_ddr_efficiency_load, NPU_NUM_ddr_efficiency_store,
                                   NPU_NUM_ddr_latency_load_ns, NPU_NUM_runtime_launch_ms };
    fputs("<dl>", f);
    for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
        const char *unit = npu_num_table[key[i]].unit;
        rep_html_fact(&(rep_html_page){ .f = f }, npu_num_table[key[i]].meaning);
        fprintf(f, "<b>%s%s%s</b>, ", rep_general(c->num[key[i]]).s,
                strcmp(unit, "share") ? " " : "", strcmp(unit, "share") ? unit : "");
        rep_html(f, c->status[key[i]]);
        fputs(": ", f);
        rep_html(f, c->source[key[i]]);
        putc('\n', f);
    }
    fputs("</dl>\n", f);
}

static void list(FILE *f, const char *heading, char *const *s, size_t n)
{
    if (n == 0)
        return;
    fprintf(f, "<h3>%s</h3><ul>", heading);
    for (size_t i = 0; i < n; i++) {
        fputs("<li>", f);
        rep_html(f, s[i]);
        putc('\n', f);
    }
    fputs("</ul>\n", f);
}

npu_status rep_html_accuracy(const rep_html_page *h)
{
    FILE *f = h->f;
    const npu_chip *c = h->p->chip;
    int have = 0;
    rep_html_section(h, "assumptions", "Assumptions and accuracy",
                     "Every constant is a number of the chip file with its status and source. "
                     "Negative error: predicted too fast.");
    fputs("<div class=two><div>", f);
    accuracy_table(f, c);
    key_numbers(f, c);
    fputs("</div><div>", f);
    list(f, "Assumed for this run", h->p->assumption, h->p->nassumption);
    list(f, "Not modelled", c->note, c->nnote);
    fputs("</div></div>\n<details class=fold open><summary>Every number of chip ", f);
    rep_html(f, c->name);
    for (int n = 0; n < NPU_NUMS; n++)
        have += c->source[n] != NULL; /* the others belong to other families of engines */
    fprintf(f, " (%d)</summary><div class=\"tw tall\" tabindex=0><table class=wide><thead><tr>"
               "<th class=l>Key<th>Value<th class=l>Unit<th class=l>Status<th class=l>Source"
               "<tbody>\n", have);
    for (int n = 0; n < NPU_NUMS; n++)
        if (c->source[n])
            number_row(f, c, n);
    fputs("</table></div></details></section>\n", f);
    return NPU_OK;
}

static void text_fact(const rep_html_page *h, const char *name, const char *value)
{
    rep_html_fact(h, name);
    rep_html(h->f, value && *value ? value : "-");
    putc('\n', h->f);
}

/* The fields hb_perf prints, under its names. */
static void performance_summary(const rep_html_page *h)
{
    FILE *f = h->f;
    const npu_profile *p = h->p;
    if (p->origin) /* rep_html_bin has them */
        return;
    fputs("<h3>Model Performance Summary</h3><dl>\n", f);
    text_fact(h, "Model Name", p->file);
    text_fact(h, "Model Latency(ms)", rep_fix(p->latency_ms, rep_ms_decimals(p)).s);
    text_fact(h, "Model Frame Rate(fps)", rep_fix(p->fps, 2).s);
    text_fact(h, "Model DDR Occupation(Mb per frame)",
              rep_fix((double)(p->read + p->write) / MIB, p->read + p->write < MIB ? 4 : 2).s);
    rep_html_fact(h, "Loaded Bytes per Frame");
    fprintf(f, "%" PRIu64 "\n", p->read);
    rep_html_fact(h, "Stored Bytes per Frame");
    fprintf(f, "%" PRIu64 "\n</dl>\n", p->write);
    for (size_t i = 0; i < p->nsubgraph; i++)
        if (p->subgraph[i].cpu) {
            fputs("<p class=note>This model has CPU routines. Their time is an estimate from the "
                  "chip file's cpu numbers, not a measured cost.</p>\n", f);
            break;
        }
}

static void tensors(const rep_html_page *h, const char *name, char *const *s, size_t n)
{
    rep_html_fact(h, name);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? "<br>" : "", h->f);
        rep_html(h->f, s[i]);
    }
    fputs(n ? "\n" : "-\n", h->f);
}

static void subgraph(const rep_html_page *h, size_t i)
{
    FILE *f = h->f;
    const npu_prof_subgraph *s = &h->p->subgraph[i];
    fputs("<div><h4>Model Subgraph Item</h4><dl>\n", f);
    text_fact(h, "Model Subgraph Name", s->name);
    rep_html_fact(h, "Model Subgraph Calculation Load (OPpf)");
    fprintf(f, "%" PRIu64 "\n", 2 * s->macs);
    text_fact(h, "Model Subgraph DDR Occupation(Mbpf)",
              rep_fix((double)(s->read + s->write) / MIB, 3).s);
    rep_html_fact(h, "Model Subgraph Latency(ms)");
    fprintf(f, "%s%s\n", rep_ms_text(h->p, s->end - s->start).s,
            s->cpu ? " (CPU, estimated)" : "");
    tensors(h, "Inputs", s->input, s->ninput);
    tensors(h, "Outputs", s->output, s->noutput);
    if (h->o->links && !s->cpu) {
        char stem[REP_NAME_BYTES];
        rep_subgraph_stem(h->p, (int)i, stem);
        rep_html_fact(h, "Model Subgraph Info Files");
        fprintf(f, "<a href=\"%s.html\">%s.html</a>, <a href=\"%s.json\">%s.json</a>\n", stem,
                stem, stem, stem);
    }
    fputs("</dl></div>\n", f);
}

static void bytes_fact(const rep_html_page *h, const char *name, uint64_t bytes)
{
    rep_html_fact(h, name);
    fprintf(h->f, "%" PRIu64 " bytes (%s)\n", bytes, rep_scaled((double)bytes, 'M', "B").s);
}

static void ticks_fact(const rep_html_page *h, const char *name, int64_t ticks)
{
    rep_html_fact(h, name);
    fprintf(h->f, "%s ms, %" PRId64 " cycles\n", rep_ms_text(h->p, ticks).s, ticks);
}

static void memory(const rep_html_page *h)
{
    const npu_profile *p = h->p;
    fputs("<h3>Memory</h3><dl>\n", h->f);
    bytes_fact(h, "ION memory", p->ion);
    bytes_fact(h, "Weights", p->weight_bytes);
    bytes_fact(h, "Command buffers", p->cmdbuf_bytes);
    bytes_fact(h, "Shared global memory", p->shared_gmem);
    bytes_fact(h, "Private global memory", p->private_gmem);
    bytes_fact(h, "Inputs and outputs", p->io_bytes);
    fputs("</dl>\n", h->f);
}

static void engines(const rep_html_page *h)
{
    const npu_profile *p = h->p;
    fputs("<h3>Time and traffic</h3><dl>\n", h->f);
    ticks_fact(h, "Latency", p->latency_ticks);
    ticks_fact(h, "Inference", p->inference_ticks);
    ticks_fact(h, "Launch", p->launch_ticks);
    ticks_fact(h, "TIU busy", p->tiu_ticks);
    ticks_fact(h, "TDMA busy", p->tdma_ticks);
    ticks_fact(h, "CPU, estimated", p->cpu_ticks);
    ticks_fact(h, "Dispatch and synchronisation", p->dispatch_ticks);
    rep_html_fact(h, "Parallelism");
    fprintf(h->f, "%s %%\n", rep_fix(p->parallelism_percent, 1).s);
    rep_html_fact(h, "Operations");
    fprintf(h->f, "%" PRIu64 " MAC, %" PRIu64 " OP\n", p->macs, 2 * p->macs);
    bytes_fact(h, "DDR read", p->read);
    bytes_fact(h, "DDR written", p->write);
    rep_html_fact(h, "DDR mean");
    fprintf(h->f, "%s MB/s of %s\n", rep_group(p->average_mbps).s,
            rep_group(NPU_GET(p->chip, ddr_bandwidth_mbps)).s);
    rep_html_fact(h, "Commands");
    fprintf(h->f, "%" PRIu32 " TIU, %" PRIu32 " TDMA\n</dl>\n", p->n_tiu, p->n_tdma);
}

npu_status rep_html_all(const rep_html_page *h)
{
    FILE *f = h->f;
    const npu_profile *p = h->p;
    fputs("<section id=all><details class=fold open><summary><h2>All numbers</h2></summary>"
          "<div class=two><div>\n", f);
    performance_summary(h);
    fputs("<h3>Details</h3><div class=subs>\n", f);
    for (size_t i = 0; i < p->nsubgraph; i++)
        subgraph(h, i);
    fputs("</div></div><div>\n", f);
    engines(h);
    memory(h);
    fputs("<h3>Model file</h3><dl>\n", f);
    text_fact(h, "Name in the file", p->model_name);
    text_fact(h, "Compiler", p->tool_version);
    text_fact(h, "SHA-256", p->sha256);
    text_fact(h, "Chip file", p->chip->file);
    fputs("</dl></div></div></details></section>\n", f);
    return NPU_OK;
}
