/* The column table and its getters.  A new column is a getter and a row. */
#include "reports/columns.h"

#include <stdlib.h>
#include <string.h>

#include "reports/out.h"

static const char *const cause_keys[NPU_CAUSES] = {
    [NPU_CAUSE_MAC] = "mac", [NPU_CAUSE_VECTOR] = "vector",
    [NPU_CAUSE_LMEM] = "local_memory", [NPU_CAUSE_DDR] = "ddr",
    [NPU_CAUSE_FIXED] = "fixed_sync", [NPU_CAUSE_CPU] = "cpu",
};

static const char *const cause_words[NPU_CAUSES] = {
    [NPU_CAUSE_MAC] = "MAC", [NPU_CAUSE_VECTOR] = "vector",
    [NPU_CAUSE_LMEM] = "local mem", [NPU_CAUSE_DDR] = "DDR",
    [NPU_CAUSE_FIXED] = "fixed", [NPU_CAUSE_CPU] = "CPU",
};

const char *rep_cause_key(npu_cause c)
{
    return (unsigned)c < NPU_CAUSES ? cause_keys[c] : "unknown";
}

const char *rep_cause_word(npu_cause c)
{
    return (unsigned)c < NPU_CAUSES ? cause_words[c] : "unknown";
}

const char *rep_wait_key(npu_wait w)
{
    static const char *const keys[NPU_WAITS] = { "none", "queue", "load", "store", "move", "tiu",
                                                 "barrier" };
    return (unsigned)w < NPU_WAITS ? keys[w] : "unknown";
}

double rep_ms(const npu_profile *p, int64_t ticks)
{
    return p->tick_hz > 0 ? (double)ticks * 1e3 / p->tick_hz : 0;
}

int rep_ms_decimals(const npu_profile *p)
{
    return p->latency_ms < 2 ? 5 : 3;
}

rep_num rep_ms_text(const npu_profile *p, int64_t ticks)
{
    return rep_fix(rep_ms(p, ticks), rep_ms_decimals(p));
}

double rep_share(int64_t part, int64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static rep_value integer(int64_t i)
{
    return (rep_value){ .i = i };
}

static rep_value real(double d)
{
    return (rep_value){ .real = d };
}

static rep_value string(const char *s)
{
    return (rep_value){ .str = s ? s : "" };
}

#define GET(name, expr)                                                                            \
    static rep_value get_##name(const npu_profile *p, const npu_prof_layer *l)                     \
    {                                                                                              \
        (void)p;                                                                                   \
        return expr;                                                                               \
    }
GET(index, integer((int64_t)(l - p->layer)))
GET(name, string(l->name))
GET(inferred, integer(l->inferred))
GET(subgraph, string(l->subgraph < p->nsubgraph ? p->subgraph[l->subgraph].name : ""))
GET(kind, string(l->kind < NPU_KINDS ? npu_kind_table[l->kind].mnemonic : "unknown"))
GET(dtype, string(l->kind == NPU_KIND_CPU ? "" : l->bf16 ? "bf16" : "int8"))
GET(kh, integer(l->kh))
GET(kw, integer(l->kw))
GET(sh, integer(l->sh))
GET(sw, integer(l->sw))
GET(out_c, integer(l->out_c))
GET(out_h, integer(l->out_h))
GET(out_w, integer(l->out_w))
GET(start, integer(l->start))
GET(end, integer(l->end))
GET(exclusive, integer(l->exclusive))
GET(time, real(rep_ms(p, l->exclusive)))
GET(share, real(rep_share(l->exclusive, p->latency_ticks)))
GET(mac, integer(l->crit[NPU_CAUSE_MAC]))
GET(vector, integer(l->crit[NPU_CAUSE_VECTOR]))
GET(lmem, integer(l->crit[NPU_CAUSE_LMEM]))
GET(ddr, integer(l->crit[NPU_CAUSE_DDR]))
GET(fixed, integer(l->crit[NPU_CAUSE_FIXED]))
GET(cpu, integer(l->crit[NPU_CAUSE_CPU]))
GET(bound, string(rep_cause_key(l->bound)))
GET(tiu, integer(l->tiu))
GET(tdma, integer(l->tdma))
GET(tiu_ms, real(rep_ms(p, l->tiu)))
GET(tdma_ms, real(rep_ms(p, l->tdma)))
GET(macs, integer((int64_t)l->macs))
GET(utilisation, real(l->mac_utilisation))
GET(read, integer((int64_t)l->read))
GET(write, integer((int64_t)l->write))
GET(weight, integer((int64_t)l->weight))
GET(n_tiu, integer(l->n_tiu))
GET(n_tdma, integer(l->n_tdma))
GET(commands, integer((int64_t)l->n_tiu + l->n_tdma))
GET(why, string(l->why))
#undef GET

/* "conv 3x3 /2 bf16": without the family of the command set ("bpu."), which the chip tells. */
static rep_value get_op(const npu_profile *p, const npu_prof_layer *l)
{
    rep_value v = { .str = NULL };
    const char *kind = get_kind(p, l).str;
    kind += strncmp(kind, "bpu.", 4) == 0 ? 4 : 0;
    size_t n = (size_t)snprintf(v.text, sizeof v.text, "%s", kind);
    if (l->kh && l->kw)
        n += (size_t)snprintf(v.text + n, sizeof v.text - n, " %ux%u", (unsigned)l->kh % 10000,
                              (unsigned)l->kw % 10000);
    if (l->sh > 1 || l->sw > 1)
        n += (size_t)snprintf(v.text + n, sizeof v.text - n, " /%u", (unsigned)l->sh % 10000);
    if ((l->sh > 1 || l->sw > 1) && l->sh != l->sw)
        n += (size_t)snprintf(v.text + n, sizeof v.text - n, "x%u", (unsigned)l->sw % 10000);
    if (l->bf16)
        snprintf(v.text + n, sizeof v.text - n, " bf16");
    return v;
}

static rep_value get_out(const npu_profile *p, const npu_prof_layer *l)
{
    rep_value v = { .str = NULL };
    (void)p;
    if (l->out_c || l->out_h || l->out_w)
        snprintf(v.text, sizeof v.text, "%ux%ux%u", (unsigned)l->out_c, (unsigned)l->out_h,
                 (unsigned)l->out_w);
    return v;
}

enum { H = REP_IN_HTML, T = REP_IN_TEXT, S = REP_IN_PART };

#define I REP_VALUE_INT
#define F REP_VALUE_REAL
#define B REP_VALUE_BOOL
#define C REP_VALUE_STR
#define KIB (1 / 1024.0)
const rep_column rep_columns[] = {
    { "index", "#", "", I, 1, 0, H | T | S, get_index },
    { "name", "Layer", "", C, 1, 0, H | T | S, get_name },
    { "inferred", "Name inferred", "", B, 1, 0, 0, get_inferred },
    { "subgraph", "Sub-graph", "", C, 1, 0, 0, get_subgraph },
    { "kind", "Kind", "", C, 1, 0, 0, get_kind },
    { "op", "Op", "", C, 1, 0, H | T | S, get_op },
    { "output", "Out", "", C, 1, 0, H | T | S, get_out },
    { "dtype", "Type", "", C, 1, 0, 0, get_dtype },
    { "kernel_h", "Kernel height", "", I, 1, 0, 0, get_kh },
    { "kernel_w", "Kernel width", "", I, 1, 0, 0, get_kw },
    { "stride_h", "Stride height", "", I, 1, 0, 0, get_sh },
    { "stride_w", "Stride width", "", I, 1, 0, 0, get_sw },
    { "out_c", "Output channels", "", I, 1, 0, 0, get_out_c },
    { "out_h", "Output height", "", I, 1, 0, 0, get_out_h },
    { "out_w", "Output width", "", I, 1, 0, 0, get_out_w },
    { "start_cycles", "Start", "cycles", I, 1, 0, 0, get_start },
    { "end_cycles", "End", "cycles", I, 1, 0, 0, get_end },
    { "exclusive_cycles", "Time", "cycles", I, 1, 0, 0, get_exclusive },
    { "time_ms", "Time", "ms", F, 1, 3, H | T | S, get_time },
    { "latency_percent", "Share", "%", F, 1, 1, H | T | S, get_share },
    { "bound", "Bound", "", C, 1, 0, H | T | S, get_bound },
    { "critical_cycles.mac", "MAC array", "cycles", I, 1, 0, 0, get_mac },
    { "critical_cycles.vector", "Vector", "cycles", I, 1, 0, 0, get_vector },
    { "critical_cycles.local_memory", "Local memory", "cycles", I, 1, 0, 0, get_lmem },
    { "critical_cycles.ddr", "DDR", "cycles", I, 1, 0, 0, get_ddr },
    { "critical_cycles.fixed_sync", "Fixed", "cycles", I, 1, 0, 0, get_fixed },
    { "critical_cycles.cpu", "CPU", "cycles", I, 1, 0, 0, get_cpu },
    { "tiu_cycles", "TIU", "cycles", I, 1, 0, 0, get_tiu },
    { "tdma_cycles", "TDMA", "cycles", I, 1, 0, 0, get_tdma },
    { "tiu_ms", "TIU", "ms", F, 1, 3, H | S, get_tiu_ms },
    { "tdma_ms", "TDMA", "ms", F, 1, 3, H | S, get_tdma_ms },
    { "macs", "MMAC", "", I, 1e-6, 1, H | S, get_macs },
    { "mac_utilisation", "MAC", "%", F, 100, 0, H | T | S, get_utilisation },
    { "read_bytes", "Read", "KiB", I, KIB, 0, H | S, get_read },
    { "write_bytes", "Write", "KiB", I, KIB, 0, H | S, get_write },
    { "weight_bytes", "Weights", "KiB", I, KIB, 0, S, get_weight },
    { "commands", "Cmds", "", I, 1, 0, H | S, get_commands },
    { "tiu_commands", "TIU commands", "", I, 1, 0, 0, get_n_tiu },
    { "tdma_commands", "TDMA commands", "", I, 1, 0, 0, get_n_tdma },
    { "why", "Why", "", C, 1, 0, 0, get_why },
};
#undef I
#undef F
#undef B
#undef C
#undef KIB
const size_t rep_ncolumns = sizeof rep_columns / sizeof *rep_columns;

const char *rep_value_str(const rep_value *v)
{
    return v->str ? v->str : v->text;
}

double rep_value_number(const rep_column *c, const rep_value *v)
{
    return (c->type == REP_VALUE_REAL ? v->real : (double)v->i) * c->scale;
}

void rep_value_show(const npu_profile *p, const rep_column *c, const rep_value *v, char text[48])
{
    double number = rep_value_number(c, v);
    int decimals = strcmp(c->unit, "ms") == 0 ? rep_ms_decimals(p) : c->decimals;
    text[0] = '\0';
    if (c->type == REP_VALUE_STR || (number == 0 && strcmp(c->key, "index") != 0))
        return;
    if (decimals == 0 && number < 0.5)
        strcpy(text, number > 0 && c->scale != 1 ? "<1" : "0");
    else
        strcpy(text, rep_fix(number, decimals).s);
}

/* qsort has no context argument, so the keys travel with the index. */
typedef struct {
    int64_t time, busy;
    uint32_t index;
} slow_key;

static int slower(const void *a, const void *b)
{
    const slow_key *x = a, *y = b;
    if (x->time != y->time)
        return x->time > y->time ? -1 : 1;
    if (x->busy != y->busy)
        return x->busy > y->busy ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

uint32_t *rep_slowest(const npu_profile *p, int subgraph, size_t *n)
{
    slow_key *key = malloc((p->nlayer + 1) * sizeof *key);
    uint32_t *order = malloc((p->nlayer + 1) * sizeof *order);
    *n = 0;
    if (!key || !order) {
        free(key);
        free(order);
        return NULL;
    }
    for (size_t i = 0; i < p->nlayer; i++) {
        const npu_prof_layer *l = &p->layer[i];
        if (subgraph < 0 || l->subgraph == (uint32_t)subgraph)
            key[(*n)++] = (slow_key){ l->exclusive, l->tiu + l->tdma, (uint32_t)i };
    }
    qsort(key, *n, sizeof *key, slower);
    for (size_t i = 0; i < *n; i++)
        order[i] = key[i].index;
    free(key);
    return order;
}
