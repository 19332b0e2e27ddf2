/* The structure of a .bin as a drawing: NPU sub-graphs dark, CPU nodes grey, lines by values.
 *
 * Boxes stand in rows: a box one row below the lowest box it reads.  Networks here are few boxes (a
 * sub-graph is one), so there is no more layout than that; above ROWS_OF boxes in a row the row
 * breaks. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/html.h"
#include "reports/out.h"

enum { BOX_W = 200, BOX_H = 36, GAP_X = 16, GAP_Y = 30, ROWS_OF = 16, LABEL = 30, PASSES = 200 };

typedef struct {
    uint32_t row, column;
    bool done;
} place;

/* Row below every box that N reads; false when one of them has no place yet, unless ANYWAY. */
static bool row_of(const npu_prof_node *n, const place *at, bool anyway, uint32_t *row)
{
    *row = 0;
    for (size_t k = 0; k < n->nfrom; k++) {
        const place *from = &at[n->from[k]];
        if (!from->done && !anyway)
            return false;
        if (from->done && from->row >= *row)
            *row = from->row + 1;
    }
    return true;
}

/* Rows of all boxes into AT; returns how many rows there are.  Boxes come in any order, so passes
 * are made until all have a place; a broken file may hold a circle, which the last pass breaks. */
static uint32_t layout(const npu_prof_origin *o, place *at, uint32_t *used)
{
    uint32_t rows = 0, row;
    size_t left = o->nnode;

    for (int pass = 0; left > 0; pass++) {
        size_t before = left;
        for (size_t i = 0; i < o->nnode; i++) {
            if (at[i].done || !row_of(&o->node[i], at, pass > PASSES, &row))
                continue;
            while (used[row] == ROWS_OF)
                row++;
            at[i] = (place){row, used[row]++, true};
            rows = row + 1 > rows ? row + 1 : rows;
            left--;
        }
        if (left == before)
            pass = PASSES;
    }
    return rows;
}

static int x_of(place p)
{
    return (int)p.column * (BOX_W + GAP_X);
}

static int y_of(place p)
{
    return (int)p.row * (BOX_H + GAP_Y);
}

static void line(FILE *f, place from, place to)
{
    fprintf(f, "<path d=\"M%d %dL%d %d\" fill=none stroke=\"#8a929b\" />\n", x_of(from) + BOX_W / 2,
            y_of(from) + BOX_H, x_of(to) + BOX_W / 2, y_of(to));
}

/* At most LABEL characters of NAME: the end tells names apart. */
static const char *label(const char *name)
{
    size_t n = strlen(name);
    const char *s = n > LABEL ? name + n - LABEL : name;

    while (((unsigned char)*s & 0xc0) == 0x80) /* not inside a UTF-8 sequence */
        s++;
    return s;
}

static void box(FILE *f, const npu_prof_node *n, place at)
{
    const char *ink = n->npu ? "#ffffff" : "#16181b", *shown = label(n->name);

    fprintf(f, "<g class=%s><title>", n->npu ? "bpu" : "cpu");
    rep_html(f, n->name);
    fprintf(f, "</title><rect x=%d y=%d width=%d height=%d rx=4 fill=\"%s\" stroke=\"#59616b\" />"
               "<text x=%d y=%d text-anchor=middle font-size=11 fill=\"%s\">", x_of(at), y_of(at),
            BOX_W, BOX_H, n->npu ? "#22262b" : "#c9cdd2", x_of(at) + BOX_W / 2,
            y_of(at) + (n->npu ? 22 : 16), ink);
    if (shown != n->name)
        fputs("…", f);
    rep_html(f, shown);
    fputs("</text>", f);
    if (!n->npu) {
        fprintf(f, "<text x=%d y=%d text-anchor=middle font-size=10 fill=\"%s\">",
                x_of(at) + BOX_W / 2, y_of(at) + 29, ink);
        rep_html(f, n->type);
        fputs("</text>", f);
    }
    fputs("</g>\n", f);
}

npu_status rep_html_nodes(const rep_html_page *h)
{
    const npu_prof_origin *o = h->p->origin;
    place *at = calloc(o->nnode + 1, sizeof *at);
    uint32_t *used = calloc(o->nnode + 2, sizeof *used);
    uint32_t columns = 1;

    if (!at || !used) {
        free(at);
        free(used);
        return npu_fail(h->err, NPU_LIMIT, "%s: no memory for %zu nodes", h->p->file, o->nnode);
    }
    int height = (int)layout(o, at, used) * (BOX_H + GAP_Y);
    for (size_t i = 0; i < o->nnode; i++)
        columns = at[i].column + 1 > columns ? at[i].column + 1 : columns;
    int width = (int)columns * (BOX_W + GAP_X);
    fprintf(h->f, "<p class=cap>Dark: NPU sub-graphs. Grey: nodes on the CPU.</p>"
                  "<div class=tw tabindex=0><svg id=model-structure viewBox=\"0 -2 %d %d\" "
                  "width=%d height=%d role=img aria-label=\"NPU sub-graphs and CPU nodes\">\n",
            width, height, width, height);
    for (size_t i = 0; i < o->nnode; i++)
        for (size_t k = 0; k < o->node[i].nfrom; k++)
            line(h->f, at[o->node[i].from[k]], at[i]);
    for (size_t i = 0; i < o->nnode; i++)
        box(h->f, &o->node[i], at[i]);
    fputs("</svg></div>\n", h->f);
    free(at);
    free(used);
    return NPU_OK;
}
