/* Rules x layers, each simulated; see advise.h. */
#include "perf/advise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/cpu.h"
#include "models/timing.h"
#include "models/work.h"
#include "perf/advise_rule.h"
#include "perf/run.h"

typedef struct {            /* commands of one layer */
    perf_part *part;
    const npu_layer_info *info;
    const uint32_t *cmd;    /* indices in the part, rising */
    uint32_t n;
    uint64_t weight;        /* bytes of its weights, 0: not known */
} layer;

typedef struct {
    perf_prog *g;
    const npu_chip *chip;
    const hw_masters *masters;
    npu_trace trace;
    perf_advices *out;
    sim_op *saved;          /* ops of the layer's part */
    npu_err *err;
} work;

static npu_status full(npu_err *err)
{
    return npu_fail(err, NPU_LIMIT, "out of memory");
}

static npu_status frame(work *w, double *ms)
{
    npu_profile sums = {.chip = w->chip};
    NPU_TRY(perf_run_beside(w->g, w->chip, w->masters, -1, &w->trace, w->err));
    perf_totals(w->g, &w->trace, &sums);
    *ms = sums.latency_ms;
    return NPU_OK;
}

/* --- one change of one layer ------------------------------------------------------------------ */

static uint64_t weights_of(const npu_chip *chip, const npu_cmd *c)
{
    const npu_tiu *t = &c->u.tiu;
    uint64_t in = (uint64_t)NPU_GET(chip, bpu_align_in), k = (uint64_t)t->b.h * t->b.w;
    uint64_t out = (uint64_t)NPU_GET(chip, bpu_align_out), co = (t->res.c + out - 1) / out * out;
    uint64_t ci = t->a.c / (t->group ? t->group : 1u);
    if (t->res.n == 0)
        return 0;
    return c->kind == NPU_KIND_BCONV ? co * ((ci + in - 1) / in * in) * k : co * k;
}

static bool weight_load(const npu_cmd *c)
{
    return c->kind == NPU_KIND_BLOAD && c->u.tdma.src_sel == NPU_MEM_WEIGHT;
}

/* OP becomes the work of C, in the same place of the program. */
static npu_status rework(work *w, const npu_cmd *c, sim_op *op)
{
    sim_op old = *op;
    if (c->engine == NPU_ENGINE_TIU && c->u.tiu.res.n == 0) {
        op->cycles = 0;
        op->fixed = 0;
        op->macs = 0;
        return NPU_OK;
    }
    NPU_TRY(hw_work(w->chip, c, op, w->err));
    op->cmd = old.cmd;
    op->wait = old.wait;
    op->segment = old.segment;
    op->queue = old.queue;
    return NPU_OK;
}

/* Weights change with the kernels: loads of the layer in proportion. */
static npu_status rework_loads(work *w, const layer *l, double share, bool *changed)
{
    for (uint32_t i = 0; i < l->n && share != 1; i++) {
        npu_cmd c = l->part->cmd[l->cmd[i]];
        if (!weight_load(&c))
            continue;
        double bytes = ceil(c.u.tdma.row_bytes * share);
        bool whole = c.u.tdma.stride == c.u.tdma.row_bytes;
        c.u.tdma.row_bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
        c.u.tdma.stride = whole ? c.u.tdma.row_bytes : c.u.tdma.stride;
        NPU_TRY(rework(w, &c, &l->part->op[l->cmd[i]]));
        *changed = true;
    }
    return NPU_OK;
}

static npu_status mend(work *w, const layer *l, const adv_rule *r, bool up, bool *changed)
{
    double before = 0, after = 0;
    *changed = false;
    for (uint32_t i = 0; i < l->n; i++) {
        npu_cmd c = l->part->cmd[l->cmd[i]], old = c;
        sim_op *op = &l->part->op[l->cmd[i]];
        int64_t cycles = op->cycles;
        if (!adv_breaks(r, w->chip, &c, l->info->type) || !r->change(w->chip, &c.u.tiu, up))
            continue;
        before += (double)weights_of(w->chip, &old);
        after += (double)weights_of(w->chip, &c);
        NPU_TRY(rework(w, &c, op));
        *changed |= op->cycles != cycles;
    }
    return before > 0 ? rework_loads(w, l, after / before, changed) : NPU_OK;
}

/* Frame with the change; ops are as before afterwards. */
static npu_status simulate(work *w, const layer *l, const adv_rule *r, bool up, double *gain)
{
    bool changed;
    double ms = w->out->frame_ms;
    memcpy(w->saved, l->part->op, l->part->n * sizeof *w->saved);
    npu_status s = mend(w, l, r, up, &changed);
    if (s == NPU_OK && changed)
        s = frame(w, &ms);
    memcpy(l->part->op, w->saved, l->part->n * sizeof *w->saved);
    *gain = w->out->frame_ms - ms;
    return s;
}

/* --- findings --------------------------------------------------------------------------------- */

static perf_advice *add(work *w, const char *name)
{
    perf_advices *a = w->out;
    perf_advice *grown = realloc(a->item, (a->n + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    a->item = grown;
    grown[a->n] = (perf_advice){.layer = strdup(name)};
    return grown[a->n].layer ? &grown[a->n++] : NULL;
}

/* The command of the whole layer: that of its first part, over all rows and channels. */
static bool whole(const work *w, const layer *l, const adv_rule *r, npu_cmd *out)
{
    for (uint32_t i = 0; i < l->n; i++) {
        const npu_cmd *c = &l->part->cmd[l->cmd[i]];
        if (!adv_breaks(r, w->chip, c, l->info->type))
            continue;
        *out = *c;
        if (l->info->out_c > 0 && l->info->out_c <= UINT16_MAX)
            out->u.tiu.res.c = (uint16_t)l->info->out_c;
        return true;
    }
    return false;
}

static double useful(const npu_cmd *c)
{
    const npu_tiu *t = &c->u.tiu;
    double all = (double)t->res.n * t->res.c * t->res.w;
    if (c->kind == NPU_KIND_BCONV)
        all *= (double)t->a.c / t->group;
    return c->kind <= NPU_KIND_BPOOL ? all * t->b.h * t->b.w : all;
}

static double busy_ms(const work *w, const layer *l)
{
    double cycles = 0;
    for (uint32_t i = 0; i < l->n; i++)
        if (l->part->cmd[l->cmd[i]].engine == NPU_ENGINE_TIU)
            cycles += (double)l->part->op[l->cmd[i]].cycles;
    return cycles / (NPU_GET(w->chip, tpu_clock_mhz) * 1e3);
}

static void best_first(perf_advice *a)
{
    if (a->nway == 2 && a->way[1].gain_ms > a->way[0].gain_ms) {
        perf_way other = a->way[0];
        a->way[0] = a->way[1];
        a->way[1] = other;
    }
    a->gain_ms = a->way[0].gain_ms;
}

static npu_status find(work *w, const layer *l, const adv_rule *r)
{
    npu_cmd c;
    perf_advice *a = NULL;
    if (!whole(w, l, r, &c))
        return NPU_OK;
    for (int up = 0; up < 2; up++) {
        npu_cmd x = c;
        double gain;
        if (!r->change(w->chip, &x.u.tiu, up))
            continue;
        NPU_TRY(simulate(w, l, r, up, &gain));
        if (!a && !(a = add(w, l->info->name)))
            return full(w->err);
        perf_way *y = &a->way[a->nway++];
        *y = (perf_way){adv_describe(&c.u.tiu, &x.u.tiu), gain, useful(&x) / useful(&c)};
        if (!y->change)
            return full(w->err);
    }
    if (!a)
        return NPU_OK;
    a->id = r->id;
    a->rule = r->rule;
    a->advice = r->advice;
    a->type = l->info->type;
    a->now_ms = busy_ms(w, l);
    best_first(a);
    return NPU_OK;
}

/* --- weights that do not stay on chip --------------------------------------------------------- */

/* Every load beyond the layer's own weights costs nothing; whether there is one. */
static bool load_once(const layer *l, double *share)
{
    uint64_t sum = 0;
    bool again = false;
    for (uint32_t i = 0; i < l->n; i++) {
        const npu_cmd *c = &l->part->cmd[l->cmd[i]];
        if (!weight_load(c))
            continue;
        if (sum >= l->weight) {
            l->part->op[l->cmd[i]].beats_in = 0;
            again = true;
        }
        sum += (uint64_t)c->u.tdma.rows * c->u.tdma.row_bytes;
    }
    *share = l->weight ? (double)sum / (double)l->weight : 0;
    return again && l->weight;
}

static npu_status find_reload(work *w, const layer *l)
{
    double share, ms = w->out->frame_ms;
    memcpy(w->saved, l->part->op, l->part->n * sizeof *w->saved);
    bool again = load_once(l, &share);
    npu_status s = again ? frame(w, &ms) : NPU_OK;
    memcpy(l->part->op, w->saved, l->part->n * sizeof *w->saved);
    if (s != NPU_OK || !again)
        return s;
    perf_advice *a = add(w, l->info->name);
    if (!a)
        return full(w->err);
    a->id = "reload";
    a->rule = "HB-ALN-08";
    a->advice = "Its weights do not fit beside the maps and are loaded again for each stripe of "
                "rows. Make the map narrower or the kernels fewer.";
    a->type = l->info->type;
    a->now_ms = busy_ms(w, l);
    a->gain_ms = ms < w->out->frame_ms ? w->out->frame_ms - ms : 0;
    a->nway = 1;
    a->way[0] = (perf_way){NULL, a->gain_ms, 1};
    if (asprintf(&a->way[0].change, "weights read %.1f times -> once", share) < 0) {
        a->way[0].change = NULL;
        return full(w->err);
    }
    return NPU_OK;
}

/* --- CPU nodes -------------------------------------------------------------------------------- */

static bool tpu_on(const perf_prog *g, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (!g->part[i].cpu)
            return true;
    return false;
}

typedef struct {            /* CPU routines in a row */
    const npu_node_info *node; /* the heaviest that is no conversion, NULL: none */
    const perf_part *heaviest;
    double ms;
    unsigned nodes;
    bool splits;            /* NPU parts before and after */
} cpu_run;

static bool converts(const char *type)
{
    return strcmp(type, "Quantize") == 0 || strcmp(type, "Dequantize") == 0 ||
           strncmp(type, "Hz", 2) == 0;
}

static npu_status cpu_words(const cpu_run *r, const char *type, perf_way *way, npu_err *err)
{
    *way = (perf_way){.gain_ms = r->ms, .work = 1};
    const char *why = r->node && r->node->why ? r->node->why : "";
    if (asprintf(&way->change, "%s%s%s; %u node%s with conversions", type, *why ? ": " : "", why,
                 r->nodes, r->nodes == 1 ? "" : "s") >= 0)
        return NPU_OK;
    way->change = NULL;
    return full(err);
}

static npu_status cpu_advice(work *w, const cpu_run *r)
{
    const char *type = r->node ? r->node->type : r->heaviest->routine->section;
    bool tail = strcmp(type, "Softmax") == 0 || strcmp(type, "ArgMax") == 0;
    perf_advice *a = add(w, r->node ? r->node->name : type);
    if (!a)
        return full(w->err);
    a->type = type;
    a->id = r->splits ? "split_by_cpu" : tail ? "tail" : "cpu";
    a->rule = r->splits ? "HB-PART-01" : tail ? "HB-OPT-05" : "HB-PERF-09";
    a->advice = r->splits ? "Runs on the CPU between two parts of the NPU. Replace it by operators "
                            "the NPU has, or move it to the end."
                : tail ? "A Softmax or ArgMax over axis 1 of at most 64 channels can run on the "
                         "NPU; a Softmax before an ArgMax can be left out."
                       : "Heavy for the CPU. Replace it by operators the NPU has.";
    a->estimate = true;
    a->now_ms = a->gain_ms = r->ms;
    a->nway = 1;
    return cpu_words(r, type, &a->way[0], w->err);
}

/* Sums the CPU routines from *I, which moves behind them. */
static npu_status cpu_sum(work *w, size_t *i, cpu_run *r)
{
    const perf_prog *g = w->g;
    double most = -1, most_any = -1;
    *r = (cpu_run){.splits = tpu_on(g, 0, *i)};
    for (; *i < g->n && g->part[*i].cpu; (*i)++) {
        const perf_part *p = &g->part[*i];
        const npu_node_info *node = npu_model_node(g->model, p->routine);
        int64_t ticks;
        NPU_TRY(hw_cpu_ticks(w->chip, p->routine->section, p->in_elements, p->out_elements, &ticks,
                             w->err));
        double ms = (double)ticks * 1e3 / hw_tick_hz(w->chip);
        r->ms += ms;
        r->nodes++;
        if (ms > most_any) {
            most_any = ms;
            r->heaviest = p;
        }
        if (node && !converts(node->type) && ms > most) {
            most = ms;
            r->node = node;
        }
    }
    r->splits = r->splits && tpu_on(g, *i, g->n);
    return NPU_OK;
}

/* Nodes between two parts of the NPU, and those that take a tenth of a frame or more. */
static npu_status find_cpu(work *w)
{
    for (size_t i = 0; i < w->g->n;) {
        cpu_run r;
        if (!w->g->part[i].cpu) {
            i++;
            continue;
        }
        NPU_TRY(cpu_sum(w, &i, &r));
        if (r.splits || (r.node && r.ms >= 0.1 * w->out->frame_ms))
            NPU_TRY(cpu_advice(w, &r));
    }
    return NPU_OK;
}

/* --- all layers ------------------------------------------------------------------------------- */

static uint64_t weight_bytes(const npu_model *m, const char *name)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->nweight; i++)
        if (strcmp(m->weight[i].name, name) == 0)
            bytes += m->weight[i].size;
    return bytes;
}

/* What the compiler puts in front of the network is not its author's to change. */
static npu_status one_layer(work *w, const layer *l)
{
    if (strncmp(l->info->type, "HzPreprocess", 12) == 0)
        return NPU_OK;
    for (unsigned r = 0; r < adv_nrules; r++)
        NPU_TRY(find(w, l, &adv_rules[r]));
    return find_reload(w, l);
}

/* Layers of part P: commands sorted by their layer, which is stable and linear. */
static npu_status one_part(work *w, perf_part *p)
{
    const npu_model *m = w->g->model;
    size_t nl = m->nlayer;
    uint32_t *start = calloc(nl + 2, sizeof *start), *list = malloc((p->n + 1) * sizeof *list);
    w->saved = malloc((p->n + 1) * sizeof *w->saved);
    npu_status s = start && list && w->saved ? NPU_OK : full(w->err);
    for (uint32_t i = 0; i < p->n && s == NPU_OK; i++) {
        if (p->cmd[i].layer < nl)
            start[p->cmd[i].layer + 2]++;
    }
    for (size_t i = 2; s == NPU_OK && i < nl + 2; i++)
        start[i] += start[i - 1];
    for (uint32_t i = 0; i < p->n && s == NPU_OK; i++)
        if (p->cmd[i].layer < nl)
            list[start[p->cmd[i].layer + 1]++] = i;
    for (size_t i = 0; i < nl && s == NPU_OK; i++) {
        layer l = {p, &m->layer[i], list + start[i], start[i + 1] - start[i],
                   weight_bytes(m, m->layer[i].name)};
        if (l.n)
            s = one_layer(w, &l);
        w->out->layers += l.n > 0;
    }
    free(start);
    free(list);
    free(w->saved);
    return s;
}

static int by_gain(const void *a, const void *b)
{
    const perf_advice *x = a, *y = b;
    if (x->gain_ms != y->gain_ms)
        return x->gain_ms > y->gain_ms ? -1 : 1;
    int names = strcmp(x->layer, y->layer);
    return names ? names : strcmp(x->id, y->id);
}

static npu_status all(work *w)
{
    NPU_TRY(frame(w, &w->out->frame_ms));
    for (size_t i = 0; i < w->g->n; i++)
        if (!w->g->part[i].cpu)
            NPU_TRY(one_part(w, &w->g->part[i]));
    NPU_TRY(find_cpu(w));
    if (w->out->n)
        qsort(w->out->item, w->out->n, sizeof *w->out->item, by_gain);
    return NPU_OK;
}

npu_status perf_advise(perf_prog *g, const npu_chip *chip, const hw_masters *masters,
                       perf_advices *out, npu_err *err)
{
    *out = (perf_advices){0};
    if (chip->isa != NPU_ISA_BPU_1)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: the design rules are those of bernoulli2 chips "
                        "(x3m, x3e, j3), this one is compiled for %s", g->model->path, chip->name);
    if (g->model->nlayer == 0)
        return npu_fail(err, NPU_UNSUPPORTED, "%s: has no layer table", g->model->path);
    work w = {.g = g, .chip = chip, .masters = masters, .out = out, .err = err};
    npu_status s = all(&w);
    npu_trace_free(&w.trace);
    return s;
}

void perf_advices_free(perf_advices *a)
{
    for (size_t i = 0; i < a->n; i++) {
        free(a->item[i].layer);
        for (unsigned k = 0; k < a->item[i].nway; k++)
            free(a->item[i].way[k].change);
    }
    free(a->item);
    *a = (perf_advices){0};
}
