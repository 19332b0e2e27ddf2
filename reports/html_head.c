/* Head of the page: style, facts of the run, headline numbers, verdict, the bar of causes. */
#include "reports/html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/out.h"
#include "reports/version.h"
#include "reports/page_css.inc"
#include "reports/page_js.inc"

static void lines(FILE *f, const char *const *s)
{
    while (*s)
        fputs(*s++, f);
}

void rep_html_open(const rep_html_page *h, const char *title)
{
    FILE *f = h->f;
    fputs("<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
          "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=Content-Security-Policy content=\"default-src 'none';style-src "
          "'unsafe-inline';script-src 'unsafe-inline';img-src data:\">\n<title>", f);
    rep_html(f, title);
    rep_html(f, h->p->name);
    fputs(" on ", f);
    rep_html(f, h->p->chip->name);
    fputs(" · npusim</title>\n<style>\n", f);
    lines(f, page_css);
    fputs("</style></head>\n<body><a class=skip href=\"#layers\">Skip to the layer table</a>"
          "<main>\n", f);
}

void rep_html_close(const rep_html_page *h)
{
    FILE *f = h->f;
    fprintf(f, "<footer>npusim %s, data schema npusim.profile/1. 1 MB = 10<sup>6</sup> bytes, "
               "1 KiB = 1024 bytes, Mb in the vendor's field names = 1 048 576 bytes. Times are "
               "engine time at the stated clocks.", REP_VERSION);
    if (h->o->command) {
        fputs(" Again: <code>", f);
        rep_html(f, h->o->command);
        fputs("</code>", f);
    }
    fputs("</footer></main>\n<pre id=errors hidden></pre>\n<script>\n", f);
    lines(f, page_js);
    fputs("</script></body></html>\n", f);
}

void rep_html_section(const rep_html_page *h, const char *id, const char *title, const char *lede)
{
    fprintf(h->f, "<section id=%s><h2>%s</h2>", id, title);
    if (lede)
        fprintf(h->f, "<p class=lede>%s</p>", lede);
    putc('\n', h->f);
}

void rep_html_fact(const rep_html_page *h, const char *name)
{
    fprintf(h->f, "<dt>%s<dd>", name);
}

static const char *unit_of(const char *key)
{
    for (int n = 0; n < NPU_NUMS; n++)
        if (strcmp(npu_num_table[n].key, key) == 0)
            return npu_num_table[n].unit;
    return "";
}

static void overrides(FILE *f, const npu_chip *c)
{
    if (c->noverride == 0) {
        fputs("<span>Overrides <b>none</b></span>", f);
        return;
    }
    for (size_t i = 0; i < c->noverride; i++) {
        fputs("<span class=ovr>Override <b>", f);
        rep_html(f, c->override[i].key);
        const npu_override *o = &c->override[i];
        char now[NPU_NUM_TEXT], was[NPU_NUM_TEXT];
        fprintf(f, " = %s %s</b>, chip file %s</span>", npu_num_text(o->num, o->value, now),
                npu_num_word(o->num, o->value) ? "" : unit_of(o->key),
                npu_num_text(o->num, o->was, was));
    }
}

static void hardware(FILE *f, const npu_profile *p)
{
    const npu_chip *c = p->chip;
    double taken = 100 * NPU_GET(c, ddr_contention);
    fputs("<span>Chip <b>", f);
    rep_html(f, c->name);
    fprintf(f, "</b></span><span>TPU <b>%s MHz</b>, ", rep_group(NPU_GET(c, tpu_clock_mhz)).s);
    if (c->isa == NPU_ISA_BPU_1)
        fprintf(f, "%s MAC per cycle and core", rep_fix(NPU_GET(c, bpu_macs), 0).s);
    else
        fprintf(f, "%s lanes × %s EU", rep_fix(NPU_GET(c, tpu_lanes), 0).s,
                rep_fix(NPU_GET(c, tpu_eu_bytes), 0).s);
    fprintf(f, "</span><span>DDR <b>%s MB/s</b> peak, ",
            rep_group(NPU_GET(c, ddr_bandwidth_mbps)).s);
    if (taken > 0)
        fprintf(f, "%s %% taken by others</span>", rep_fix(taken, 0).s);
    else if (p->nmaster)
        fprintf(f, "shared with %zu other master%s</span>", p->nmaster,
                p->nmaster > 1 ? "s" : "");
    else
        fputs("all for the NPU</span>", f);
    fprintf(f, "<span>Local memory <b>%s KiB</b></span>",
            rep_group((NPU_GET(c, tpu_lanes) * NPU_GET(c, lmem_lane_bytes) +
                       NPU_GET(c, bpu_sram)) / 1024).s);
}

npu_status rep_html_header(const rep_html_page *h)
{
    FILE *f = h->f;
    const npu_profile *p = h->p;
    fputs("<header class=top><div><h1>", f);
    rep_html(f, p->name);
    fputs("</h1><div class=facts>", f);
    hardware(f, p);
    overrides(f, p->chip);
    fprintf(f, "<span>npusim <b>%s</b></span><span>Model file <b>", REP_VERSION);
    rep_html(f, p->file);
    fprintf(f, "</b></span><span>SHA-256 <b class=mono title=\"%.64s\">%.12s</b></span></div></div>"
               "<button id=theme class=noprint type=button hidden>Dark</button></header>\n",
            p->sha256, p->sha256);
    return NPU_OK;
}

static void number(FILE *f, const char *name, const char *value, const char *unit)
{
    fprintf(f, "<div><div class=k>%s</div><div class=v>%s <span class=u>%s</span>", name, value,
            unit);
}

static void traffic(FILE *f, const npu_profile *p)
{
    rep_num all = rep_scaled((double)(p->read + p->write), 'M', "B");
    char *space = strchr(all.s, ' ');
    *space = '\0';
    number(f, "DDR per frame", all.s, space + 1);
    fprintf(f, "</div><div class=s>%s read, %s written. %s %% of peak, %s %% in the worst 1 ms"
               "</div></div>\n",
            rep_scaled((double)p->read, 'M', "B").s, rep_scaled((double)p->write, 'M', "B").s,
            rep_fix(100 * p->occupancy, 1).s, rep_fix(100 * p->worst_ms_occupancy, 0).s);
}

static void latency(FILE *f, const npu_profile *p)
{
    double e = p->error_percent / 100;
    number(f, "Latency, one frame", rep_short(p->latency_ms).s, "ms");
    if (e >= 0) {
        fprintf(f, " <small>± %s %%</small></div><div class=s>%s to %s ms: ",
                rep_general(p->error_percent).s, rep_short(p->latency_ms * (1 - e)).s,
                rep_short(p->latency_ms * (1 + e)).s);
        rep_html(f, p->chip->error_source && *p->chip->error_source
                        ? p->chip->error_source : "measured error of this chip file");
    } else {
        fputs("</div><div class=s>Error <b>never measured</b>: no board figure stands behind this "
              "chip file", f);
    }
    if (p->launch_ms > 0)
        fprintf(f, ". Launch of %s ms included", rep_general(p->launch_ms).s);
    fputs(".</div></div>\n", f);
}

static void rate(FILE *f, const npu_profile *p)
{
    double e = p->error_percent / 100;
    number(f, "Frame rate", rep_short(p->fps).s, "fps");
    fputs("</div><div class=s>", f);
    if (e >= 0 && e < 1)
        fprintf(f, "%s to %s, ", rep_short(p->fps / (1 + e)).s, rep_short(p->fps / (1 - e)).s);
    fputs("back to back</div></div>\n", f);
}

npu_status rep_html_numbers(const rep_html_page *h)
{
    FILE *f = h->f;
    const npu_profile *p = h->p;
    double peak = p->peak_macs_per_tick * p->tick_hz / 1e9;
    int64_t whole = p->inference_ticks;
    fputs("<div class=nums>", f);
    latency(f, p);
    rate(f, p);
    traffic(f, p);
    number(f, "MAC utilisation", rep_fix(100 * p->mac_utilisation, 1).s, "%");
    fprintf(f, "</div><div class=s>%s at %s of %s GMAC/s</div></div>\n",
            rep_scaled((double)p->macs, 'G', "MAC").s,
            rep_short(p->latency_ms > 0 ? (double)p->macs / 1e6 / p->latency_ms : 0).s,
            rep_axis(peak).s);
    number(f, "Engine busy", rep_fix(rep_share(p->tiu_ticks, whole), 0).s, "% TIU");
    fprintf(f, "</div><div class=s>TDMA %s %%. ", rep_fix(rep_share(p->tdma_ticks, whole), 0).s);
    if (p->cpu_ticks > 0)
        fprintf(f, "CPU %s %%, an estimate. ", rep_fix(rep_share(p->cpu_ticks, whole), 0).s);
    fprintf(f, "%s commands</div></div></div>\n", rep_group((double)p->n_tiu + p->n_tdma).s);
    return NPU_OK;
}

npu_status rep_html_verdict(const rep_html_page *h)
{
    FILE *f = h->f;
    const npu_profile *p = h->p;
    if (p->nverdict == 0)
        return NPU_OK;
    fputs("<div class=verdict><p>", f);
    rep_html(f, p->verdict[0]);
    fputs("</p>", f);
    if (p->nverdict > 1)
        fputs("<ul>", f);
    for (size_t i = 1; i < p->nverdict; i++) {
        fputs("<li>", f);
        rep_html(f, p->verdict[i]);
        putc('\n', f);
    }
    fprintf(f, "%s</div>\n", p->nverdict > 1 ? "</ul>" : "");
    return NPU_OK;
}

/* What the TIU waited for while it stood still, as one sentence. */
static void waits(FILE *f, const npu_profile *p)
{
    int64_t sum = 0;
    bool first = true;
    for (int w = NPU_WAIT_NONE + 1; w < NPU_WAITS; w++)
        sum += p->wait_ticks[w];
    if (sum <= 0)
        return;
    fprintf(f, "<p class=cap>TIU idle %s ms, by what it waited for: ",
            rep_short(rep_ms(p, sum)).s);
    for (int w = NPU_WAIT_NONE + 1; w < NPU_WAITS; w++) {
        if (p->wait_ticks[w] * 500 <= sum)
            continue;
        fputs(first ? "" : " · ", f);
        rep_html(f, npu_wait_name((npu_wait)w));
        fprintf(f, " <b>%s ms</b>", rep_short(rep_ms(p, p->wait_ticks[w])).s);
        first = false;
    }
    fputs("</p>\n", f);
}

npu_status rep_html_bounds(const rep_html_page *h)
{
    FILE *f = h->f;
    const npu_profile *p = h->p;
    int64_t sum = 0;
    char lede[240];
    for (int c = 0; c < NPU_CAUSES; c++)
        sum += p->crit[c];
    snprintf(lede, sizeof lede, "The critical path: every cycle of the frame is charged to exactly "
             "one cause, so the parts add up to %s ms. DDR here is time on that path, not the time "
             "faster DDR would give back.", rep_ms_text(p, sum).s);
    rep_html_section(h, "bounds", "What bounds it", lede);
    fputs("<div class=stack>", f);
    for (int c = 0; c < NPU_CAUSES; c++) {
        double share = rep_share(p->crit[c], sum);
        if (p->crit[c] <= 0)
            continue;
        fprintf(f, "<i class=b%d style=\"width:%s%%\">", c, rep_fix(share, 2).s);
        if (share > 18)
            fprintf(f, "%s %s ms", npu_cause_name((npu_cause)c),
                    rep_short(rep_ms(p, p->crit[c])).s);
        else if (share > 3)
            fputs(rep_short(rep_ms(p, p->crit[c])).s, f);
        fputs("</i>", f);
    }
    fputs("</div><div class=leg>", f);
    for (int c = 0; c < NPU_CAUSES; c++)
        if (p->crit[c] > 0 || c != NPU_CAUSE_CPU)
            fprintf(f, "<span><i class=\"sw b%d\"></i>%s <b>%s ms</b> %s %%</span>", c,
                    npu_cause_name((npu_cause)c), rep_ms_text(p, p->crit[c]).s,
                    rep_fix(rep_share(p->crit[c], sum), 1).s);
    fputs("</div>\n", f);
    waits(f, p);
    fputs("</section>\n", f);
    return NPU_OK;
}
