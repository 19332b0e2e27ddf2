/* See facts_fixture.h. */
#include "tests/unit/facts_fixture.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *or(const char *s, const char *other)
{
    return s ? s : other;
}

static void layer(FILE *f, const fact_layer *l, double hz, size_t index)
{
    fprintf(f, "%s{\"index\":%zu,\"name\":\"%s\",\"inferred\":false,\"subgraph\":\"%s\","
               "\"kind\":\"%s\",\"op\":\"%s\",\"output\":\"%dx%dx%d\",\"dtype\":\"int8\","
               "\"kernel_h\":3,\"kernel_w\":3,\"stride_h\":1,\"stride_w\":1,\"out_c\":%d,"
               "\"out_h\":%d,\"out_w\":%d,",
            index ? "," : "", index, l->name, or(l->subgraph, "main"), or(l->kind, "conv"),
            or(l->op, "conv 3x3"), l->c, l->h, l->w, l->c, l->h, l->w);
    fprintf(f, "\"exclusive_cycles\":%" PRId64 ",\"time_ms\":%.9g,\"bound\":\"mac\","
               "\"critical_cycles\":{\"mac\":%" PRId64 ",\"vector\":0,\"local_memory\":0,\"ddr\":0,"
               "\"fixed_sync\":0,\"cpu\":0},",
            l->cycles, 1e3 * (double)l->cycles / hz, l->cycles);
    fprintf(f, "\"tiu_cycles\":%" PRId64 ",\"tdma_cycles\":%" PRId64 ",\"tiu_ms\":%.9g,"
               "\"tdma_ms\":%.9g,\"macs\":%" PRId64 ",\"mac_utilisation\":%.9g,",
            l->tiu, l->tdma, 1e3 * (double)l->tiu / hz, 1e3 * (double)l->tdma / hz, l->macs,
            l->mac_util);
    fprintf(f, "\"read_bytes\":%" PRId64 ",\"write_bytes\":%" PRId64 ",\"weight_bytes\":%" PRId64
               ",\"commands\":2,\"why\":\"because\"}",
            l->read, l->write, l->weight);
}

static void subgraph(FILE *f, const char *name, bool cpu, double ms)
{
    fprintf(f, "{\"name\":\"%s\",\"processor\":\"%s\",\"latency_ms\":%.9g,\"tiu_cycles\":10,"
               "\"tdma_cycles\":10,\"read_bytes\":1,\"write_bytes\":2,\"macs\":3}",
            name, cpu ? "cpu" : "npu", ms);
}

static void totals(FILE *f, const fact_profile *p, double hz)
{
    int64_t cycles = p->launch, read = 0, write = 0, macs = 0;
    for (size_t i = 0; i < p->nlayer; i++) {
        cycles += p->layer[i].cycles;
        read += p->layer[i].read;
        write += p->layer[i].write;
        macs += p->layer[i].macs;
    }
    double ms = 1e3 * (double)cycles / hz;
    fprintf(f, "\"latency_cycles\":%" PRId64 ",\"launch_cycles\":%" PRId64 ",\"macs\":%" PRId64
               ",\"ddr\":{\"read_bytes\":%" PRId64 ",\"write_bytes\":%" PRId64
               ",\"total_bytes\":%" PRId64 ",\"average_mbps\":1000,\"occupancy\":0.25},",
            cycles, p->launch, macs, read, write, read + write);
    if (p->latency_ms)
        fprintf(f, "\"latency_ms\":%s,", p->latency_ms);
    else
        fprintf(f, "\"latency_ms\":%.17g,", ms);
    fprintf(f, "\"inference_ms\":%.9g,\"launch_ms\":%.9g,\"fps\":%.9g,", ms,
            1e3 * (double)p->launch / hz, ms > 0 ? 1e3 / ms : 0);
    fputs("\"subgraphs\":[", f);
    subgraph(f, "main", false, ms);
    if (p->cpu) {
        fputs(",", f);
        subgraph(f, p->cpu, true, ms);
    }
    fprintf(f, "],\"function_calls\":[{\"name\":\"main\",\"subgraph\":0,\"latency_ms\":%.9g}],",
            ms);
}

char *facts_json(const fact_profile *p)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    double hz = 1e6 * (p->clock_mhz > 0 ? p->clock_mhz : 500);
    fprintf(f, "{\"schema\":\"npusim.profile/1\",\"tool\":{\"name\":\"npusim\",\"version\":\"%s\"},"
               "\"model\":{\"file\":\"f\",\"name\":\"%s\",\"sha256\":\"00\",\"model_name\":\"%s\","
               "\"compiler\":\"\"},\"chip\":{\"name\":\"%s\",\"overrides\":[],\"error_percent\":%s,"
               "\"numbers\":{\"tpu.clock_mhz\":{\"value\":%.9g,\"unit\":\"MHz\"},"
               "\"ddr.bandwidth_mbps\":{\"value\":%.9g,\"unit\":\"MB/s\"}}},",
            or(p->version, "0.1.0"), or(p->model, "net"), or(p->model, "net"),
            or(p->chip, "cv181x"), or(p->error_percent, "null"), hz / 1e6,
            p->bandwidth > 0 ? p->bandwidth : 3732);
    fprintf(f, "\"tdma_ms\":1,\"tiu_ms\":2,\"cpu_ms\":0,\"mac_utilisation\":0.5,"
               "\"cycles_per_second\":%.9g,\"memory\":{\"ion_bytes\":1000,\"weight_bytes\":500},"
               "\"commands\":{\"tiu\":1,\"tdma\":2},", hz);
    totals(f, p, hz);
    fputs("\"layers\":[", f);
    for (size_t i = 0; i < p->nlayer; i++)
        layer(f, &p->layer[i], hz, i);
    fputs("]}", f);
    fclose(f);
    return text;
}

prof_list facts_read(const fact_profile *p)
{
    prof_list list = {0};
    npu_err err = {0};
    char *text = facts_json(p);
    npu_status s = prof_parse("test.json", text, strlen(text), &list, &err);
    ck_assert_msg(s == NPU_OK, "%s", err.text);
    free(text);
    return list;
}
