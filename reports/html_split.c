/* Splitting at max_time_per_fc: where the program may be cut, and what the calls become. */
#include "reports/html.h"

#include <inttypes.h>

#include "reports/out.h"

enum { SPLIT_ROWS = 200 };

static double us(const npu_profile *p, int64_t ticks)
{
    return rep_ms(p, ticks) * 1e3;
}

typedef struct { /* the split in a few numbers, as all three reports print them */
    size_t over, further; /* calls above the limit; calls beside one per sub-graph */
    rep_num limit_us, limit_ms, longest_us, piece_us, lost_us, lost_percent;
} facts;

static facts facts_of(const npu_profile *p)
{
    int64_t most = 0, lost = p->split_ticks - p->unsplit_ticks;
    size_t parts = 0;
    facts f = {0};
    for (size_t i = 0; i < p->nsplit; i++) {
        most = p->split[i].ticks > most ? p->split[i].ticks : most;
        f.over += p->split[i].over;
        parts += i == 0 || p->split[i].subgraph != p->split[i - 1].subgraph;
    }
    f.further = p->nsplit - parts;
    f.limit_us = rep_general((double)p->split_limit_ns / 1e3);
    f.limit_ms = rep_general((double)p->split_limit_ns / 1e6);
    f.longest_us = rep_fix(us(p, most), 1);
    f.piece_us = rep_fix(us(p, p->longest_atom), 1);
    f.lost_us = rep_fix(us(p, lost), 1);
    f.lost_percent = rep_fix(rep_share(lost, p->unsplit_ticks), 2);
    return f;
}

static void strip(FILE *f, const npu_profile *p)
{
    double whole = p->inference_ticks ? (double)p->inference_ticks : 1;
    fputs("<svg class=strip viewBox=\"0 0 1000 20\" preserveAspectRatio=none role=img "
          "aria-label=\"calls and safe points along the frame\">", f);
    for (size_t i = 0; i < p->nsplit && i < SPLIT_ROWS; i++) {
        int64_t end = i + 1 < p->nsplit ? p->split[i + 1].start : p->inference_ticks;
        double x = 1000 * (double)p->split[i].start / whole;
        double w = 1000 * (double)(end - p->split[i].start) / whole;
        fprintf(f, "<rect class=call x=%s width=%s y=1 height=14 />", rep_fix(x, 1).s,
                rep_fix(w < 1 ? 1 : w, 1).s);
    }
    for (size_t i = 0; i < p->nsafe; i++) {
        rep_num x = rep_fix(1000 * (double)p->safe_point[i] / whole, 1);
        fprintf(f, "<line class=cut x1=%s x2=%s y1=14 y2=20 />", x.s, x.s);
    }
    fputs("</svg>\n", f);
}

static void layer_name(FILE *f, const npu_profile *p, uint32_t layer)
{
    if (layer < p->nlayer)
        rep_html(f, p->layer[layer].name);
}

static void row(FILE *f, const npu_profile *p, size_t i)
{
    const npu_prof_split *s = &p->split[i];
    fprintf(f, "<tr><th scope=row>%zu<td>%" PRIu32 "<td>%" PRIu32 "<td>%" PRIu32 "<td>%" PRIu32, i,
            s->subgraph, s->first_command, s->commands, s->atoms);
    fprintf(f, "<td>%s<td>%s<td>%s<td>%s<td class=l>", rep_fix(us(p, s->ticks), 1).s,
            rep_fix((double)s->macs / 1e6, 1).s, rep_group((double)s->read / 1024).s,
            rep_group((double)s->write / 1024).s);
    layer_name(f, p, s->first_layer);
    if (s->last_layer != s->first_layer) {
        fputs(" to ", f);
        layer_name(f, p, s->last_layer);
    }
    fprintf(f, "<td class=l>%s\n", s->over ? "FC-OVER" : "");
}

static void rows(FILE *f, const npu_profile *p)
{
    fputs("<div class=\"tw tall\" tabindex=0><table class=wide><thead><tr><th class=l>Call"
          "<th>Sub-graph<th>First command<th>Commands<th>Pieces<th>µs alone<th>MMAC<th>Loaded KiB"
          "<th>Stored KiB<th class=l>Layers<th class=l>Limit<tbody>\n", f);
    for (size_t i = 0; i < p->nsplit && i < SPLIT_ROWS; i++)
        row(f, p, i);
    fputs("</table></div>\n", f);
    if (p->nsplit > SPLIT_ROWS)
        fprintf(f, "<p class=cap>The first %d of %zu calls; the JSON profile has all.</p>",
                SPLIT_ROWS, p->nsplit);
}

npu_status rep_html_split(const rep_html_page *h)
{
    const npu_profile *p = h->p;
    if (!p->split_asked)
        return NPU_OK;
    facts x = facts_of(p);
    rep_html_section(h, "split", "Function calls at max_time_per_fc", NULL);
    fprintf(h->f, "<p class=lede>Limit understood as %s µs (%s ms)%s. %zu safe points (ticks below "
                  "the strip): both engines drained, nothing live in local memory. %zu calls, the "
                  "longest %s µs; the longest piece without a safe point takes %s µs.</p>",
            x.limit_us.s, x.limit_ms.s, p->split_limit_ns ? "" : ", no limit", p->nsafe, p->nsplit,
            x.longest_us.s, x.piece_us.s);
    strip(h->f, p);
    fprintf(h->f, "<p class=cap>Overlap lost across the cuts: <b>%s µs</b> (%s %%); in addition "
                  "one launch for each of the %zu further calls. DDR traffic stays the same.</p>",
            x.lost_us.s, x.lost_percent.s, x.further);
    if (x.over)
        fprintf(h->f, "<p class=note>FC-OVER: %zu of the calls stay above the limit; they have no "
                      "safe point inside.</p>", x.over);
    rows(h->f, p);
    fputs("</section>\n", h->f);
    return NPU_OK;
}

void rep_text_split(const npu_profile *p, FILE *f)
{
    if (!p->split_asked)
        return;
    facts x = facts_of(p);
    fprintf(f, "\nFunction calls at max_time_per_fc %s us (%s ms)\n", x.limit_us.s, x.limit_ms.s);
    fprintf(f, "  %zu safe points; %zu call%s, longest %s us\n", p->nsafe, p->nsplit,
            p->nsplit == 1 ? "" : "s", x.longest_us.s);
    fprintf(f, "  longest piece without a safe point: %s us\n", x.piece_us.s);
    fprintf(f, "  overlap lost across the cuts: %s us (%s %%), and %zu launches more\n",
            x.lost_us.s, x.lost_percent.s, x.further);
    if (x.over)
        fprintf(f, "  warning FC-OVER: %zu call%s above the limit (no safe point inside)\n", x.over,
                x.over == 1 ? " is" : "s are");
    if (p->split_limit_ns > 0 && p->split_limit_ns < 1000000)
        fputs("  note: the vendor's tools accept 0 or at least 1000 us\n", f);
}

void rep_json_split(const npu_profile *p, rep_json *j)
{
    if (!p->split_asked)
        return;
    rep_json_open(j, "function_call_split", REP_OBJECT);
    rep_json_real(j, "max_time_per_fc_us", (double)p->split_limit_ns / 1e3);
    rep_json_int(j, "calls", (int64_t)p->nsplit);
    rep_json_int(j, "unsplit_cycles", p->unsplit_ticks);
    rep_json_int(j, "split_cycles", p->split_ticks);
    rep_json_int(j, "longest_piece_cycles", p->longest_atom);
    rep_json_open(j, "safe_points_cycles", REP_ARRAY_LINE);
    for (size_t i = 0; i < p->nsafe; i++)
        rep_json_int(j, NULL, p->safe_point[i]);
    rep_json_close(j);
    rep_json_open(j, "list", REP_ARRAY);
    for (size_t i = 0; i < p->nsplit; i++) {
        const npu_prof_split *s = &p->split[i];
        rep_json_open(j, NULL, REP_OBJECT_LINE);
        rep_json_int(j, "subgraph", s->subgraph);
        rep_json_int(j, "first_command", s->first_command);
        rep_json_int(j, "commands", s->commands);
        rep_json_int(j, "pieces", s->atoms);
        rep_json_int(j, "cycles", s->ticks);
        rep_json_real(j, "us", us(p, s->ticks));
        rep_json_int(j, "macs", (int64_t)s->macs);
        rep_json_int(j, "read_bytes", (int64_t)s->read);
        rep_json_int(j, "write_bytes", (int64_t)s->write);
        rep_json_bool(j, "over_limit", s->over);
        rep_json_close(j);
    }
    rep_json_close(j);
    rep_json_close(j);
}
