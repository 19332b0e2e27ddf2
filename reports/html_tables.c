/* Tables: layers, function calls, instruction statistics. */
#include "reports/html.h"

#include <inttypes.h>
#include <string.h>

#include "reports/out.h"

enum { WHYS = 5, CALL_ROWS = 500 };

static bool is(const rep_column *c, const char *key)
{
    return strcmp(c->key, key) == 0;
}

/* Critical time by cause, against the slowest layer. */
static void bar(FILE *f, const npu_prof_layer *l, int64_t longest)
{
    fputs("<td><div class=bar>", f);
    for (int c = 0; c < NPU_CAUSES; c++) {
        double w = rep_share(l->crit[c], longest);
        if (w >= 0.5)
            fprintf(f, "<i class=b%d style=width:%s%%></i>", c, rep_fix(w, 0).s);
    }
    fputs("</div>", f);
}

static void cell(const rep_html_page *h, const rep_column *c, const npu_prof_layer *l)
{
    FILE *f = h->f;
    rep_value v = c->get(h->p, l);
    char text[48];
    if (is(c, "bound")) {
        fprintf(f, "<td class=l><span class=\"badge b%d\" title=\"", (int)l->bound);
        rep_html(f, l->why);
        fprintf(f, "\">%s</span>", rep_cause_word(l->bound));
        return;
    }
    fputs(is(c, "name") ? "<th scope=row>" : c->type == REP_VALUE_STR ? "<td class=l>" : "<td>", f);
    if (c->type == REP_VALUE_STR) {
        rep_html(f, rep_value_str(&v));
        if (is(c, "name") && l->inferred)
            fputs(" *", f);
    } else {
        rep_value_show(h->p, c, &v, text);
        rep_html(f, text);
    }
}

static void heading(FILE *f, const rep_column *c)
{
    fprintf(f, "<th%s%s><button type=button data-t=%c>%s%s%s</button>",
            c->type == REP_VALUE_STR ? " class=l" : "",
            is(c, "time_ms") ? " aria-sort=descending" : "",
            c->type == REP_VALUE_STR ? 's' : 'n', c->title, *c->unit ? " " : "", c->unit);
    if (is(c, "time_ms"))
        fputs("<th class=l><span class=vh>Time by cause</span>", f);
}

/* Filters; the script shows them. */
static void tools(const rep_html_page *h)
{
    FILE *f = h->f;
    fputs("<div class=\"tools noprint\" id=ltools hidden><input id=flt type=search "
          "placeholder=\"Filter: name or op\" aria-label=\"Filter layers by name or op\">"
          "<select id=fb aria-label=\"Filter layers by bound\"><option value=\"\">any bound", f);
    for (int c = 0; c < NPU_CAUSES; c++)
        fprintf(f, "<option value=%d>%s", c, rep_cause_word((npu_cause)c));
    fprintf(f, "</select><span id=fn role=status></span><span class=sp></span>"
               "<span class=\"mut hint\">↑ ↓ move%s</span></div>\n",
            h->o->subgraph < 0 ? ", Enter zooms the timeline" : "");
}

void rep_html_layer_table(const rep_html_page *h, unsigned shown)
{
    FILE *f = h->f;
    const npu_profile *p = h->p;
    int64_t longest = h->nslow ? p->layer[h->slow[0]].exclusive : 0;
    tools(h);
    fputs("<div class=\"tw tall\" tabindex=0><table id=ltab><thead><tr>", f);
    for (size_t c = 0; c < rep_ncolumns; c++)
        if (rep_columns[c].shown & shown)
            heading(f, &rep_columns[c]);
    fputs("\n<tbody>", f);
    for (size_t i = 0; i < h->nslow; i++) {
        const npu_prof_layer *l = &p->layer[h->slow[i]];
        fprintf(f, "\n<tr id=r%" PRIu32 " data-b=%d>", h->slow[i], (int)l->bound);
        for (size_t c = 0; c < rep_ncolumns; c++) {
            if (!(rep_columns[c].shown & shown))
                continue;
            cell(h, &rep_columns[c], l);
            if (is(&rep_columns[c], "time_ms"))
                bar(f, l, longest);
        }
    }
    fputs("</table></div>\n", f);
}

/* The sentences of the slowest layers: the table shows the rest of them on selection. */
static void whys(const rep_html_page *h)
{
    FILE *f = h->f;
    bool any = false;
    for (size_t i = 0; i < h->nslow && i < WHYS; i++) {
        const npu_prof_layer *l = &h->p->layer[h->slow[i]];
        if (!l->why || !*l->why)
            continue;
        fputs(any ? "<li><b>" : "<ol class=why><li><b>", f);
        rep_html(f, l->name);
        fputs("</b> ", f);
        rep_html(f, l->why);
        putc('\n', f);
        any = true;
    }
    if (any)
        fputs("</ol>", f);
}

static void layer_lede(const rep_html_page *h, char *text, size_t n)
{
    const npu_profile *p = h->p;
    int64_t top = 0;
    bool inferred = false;
    for (size_t i = 0; i < h->nslow; i++) {
        top += i < 10 ? p->layer[h->slow[i]].exclusive : 0;
        inferred = inferred || p->layer[h->slow[i]].inferred;
    }
    snprintf(text, n, "Time is the layer's part of the critical path; with the launch all layers "
             "add up to the latency. Work hidden behind another engine counts zero here and shows "
             "under TIU and TDMA. The %s slowest are %s %% of the frame.%s",
             h->nslow < 10 ? "" : "ten", rep_fix(rep_share(top, p->latency_ticks), 0).s,
             inferred ? " * name inferred from the producer." : "");
}

npu_status rep_html_layers(const rep_html_page *h)
{
    FILE *f = h->f;
    char lede[400];
    layer_lede(h, lede, sizeof lede);
    rep_html_section(h, "layers", "Layers", lede);
    rep_html_layer_table(h, REP_IN_HTML);
    fputs("<div id=selbar class=selbar role=status></div>", f);
    whys(h);
    fputs("</section>\n", f);
    return NPU_OK;
}

static void call_strip(const rep_html_page *h)
{
    FILE *f = h->f;
    const npu_profile *p = h->p;
    fputs("<svg class=strip viewBox=\"0 0 1000 20\" preserveAspectRatio=none aria-hidden=true>", f);
    for (size_t i = 0; i < p->ncall && i < CALL_ROWS; i++) {
        double x = 10 * rep_share(p->call[i].start, p->inference_ticks);
        double w = 10 * rep_share(p->call[i].end - p->call[i].start, p->inference_ticks);
        bool cpu = p->call[i].subgraph < p->nsubgraph && p->subgraph[p->call[i].subgraph].cpu;
        fprintf(f, "<rect class=%s x=%s width=%s y=1 height=18 />", cpu ? "f5" : "call",
                rep_fix(x, 1).s, rep_fix(w < 1 ? 1 : w, 1).s);
    }
    fputs("</svg>\n", f);
}

static void call_row(FILE *f, const npu_profile *p, const npu_prof_call *c)
{
    double ms = rep_ms(p, c->end - c->start), mb = (double)(c->read + c->write) / 1e6;
    fputs("<tr><th scope=row>", f);
    rep_html(f, c->name);
    fputs("<td class=l>", f);
    rep_html(f, c->subgraph < p->nsubgraph ? p->subgraph[c->subgraph].name : "");
    fprintf(f, "<td>%s<td>%s<td>%s<td>%s<td>%s<td>%s<td>%" PRIu32 "<td>%" PRIu32 "\n",
            rep_ms_text(p, c->start).s,
            rep_fix(ms, rep_ms_decimals(p)).s,
            rep_group(2 * (double)c->macs / 1e6).s, rep_fix((double)c->read / 1e6, 3).s,
            rep_fix((double)c->write / 1e6, 3).s, rep_group(ms > 0 ? mb / ms * 1e3 : 0).s,
            c->n_tiu, c->n_tdma);
}

npu_status rep_html_calls(const rep_html_page *h)
{
    FILE *f = h->f;
    const npu_profile *p = h->p;
    int64_t longest = 0;
    char lede[200];
    for (size_t i = 0; i < p->ncall; i++)
        if (p->call[i].end - p->call[i].start > longest)
            longest = p->call[i].end - p->call[i].start;
    snprintf(lede, sizeof lede, "A call cannot be interrupted: another model waits for its end. "
             "%zu call%s as compiled, the longest takes %s ms.", p->ncall,
             p->ncall == 1 ? "" : "s", rep_ms_text(p, longest).s);
    rep_html_section(h, "calls", "Function calls", lede);
    call_strip(h);
    fputs("<div class=\"tw tall\" tabindex=0><table class=wide><thead><tr><th class=l>Call"
          "<th class=l>Sub-graph<th>Start ms<th>ms<th>MOP<th>Loaded MB<th>Stored MB<th>DDR MB/s"
          "<th>TIU cmds<th>TDMA cmds<tbody>\n", f);
    for (size_t i = 0; i < p->ncall && i < CALL_ROWS; i++)
        call_row(f, p, &p->call[i]);
    fputs("</table></div>", f);
    if (p->ncall > CALL_ROWS)
        fprintf(f, "<p class=cap>The first %d of %zu calls; the JSON profile has all.</p>",
                CALL_ROWS, p->ncall);
    fputs("</section>\n", f);
    return NPU_OK;
}

npu_status rep_html_instructions(const rep_html_page *h)
{
    FILE *f = h->f;
    const npu_profile *p = h->p;
    rep_html_section(h, "instructions", "Instructions",
                     "Every command kind that occurs, with its busy time; times of different "
                     "engines overlap and do not add up.");
    fputs("<div class=\"tw tall\" tabindex=0><table class=wide><thead><tr><th class=l>Kind<th>Count"
          "<th>ms<th>µs each<th>MMAC<th>Read KiB<th>Write KiB<tbody>\n", f);
    for (size_t i = 0; i < p->ninsn; i++) {
        const npu_prof_insn *n = &p->insn[i];
        const npu_kind_info *k = n->kind < NPU_KINDS ? &npu_kind_table[n->kind] : NULL;
        double ms = rep_ms(p, n->ticks);
        fprintf(f, "<tr><th scope=row title=\"%s\">%s%s<td>%s<td>%s<td>%s<td>%s<td>%s<td>%s\n",
                k ? k->title : "", k ? k->mnemonic : "unknown", n->bf16 ? " bf16" : "",
                rep_group(n->count).s, rep_fix(ms, rep_ms_decimals(p)).s,
                rep_fix(n->count ? ms * 1e3 / n->count : 0, 2).s,
                n->macs ? rep_fix((double)n->macs / 1e6, 1).s : "",
                n->read ? rep_group((double)n->read / 1024).s : "",
                n->write ? rep_group((double)n->write / 1024).s : "");
    }
    fputs("</table></div></section>\n", f);
    return NPU_OK;
}
