/* The table of reports and the one place that looks at write errors. */
#include "reports/write.h"

#include <errno.h>
#include <string.h>

const rep_info rep_table[REP_COUNT] = {
#define R(id, name, suffix, writer, line) [REP_##id] = { name, suffix, line, writer },
#include "reports/report.def"
#undef R
};

npu_status rep_write_with(rep_id id, const npu_profile *p, const rep_options *o, FILE *out,
                          npu_err *err)
{
    if (o->subgraph < -1 || (o->subgraph >= 0 && (size_t)o->subgraph >= p->nsubgraph))
        return npu_fail(err, NPU_USAGE, "%s: no sub-graph %d, there are %zu", p->file,
                        o->subgraph, p->nsubgraph);
    NPU_TRY(rep_table[id].write(p, o, out, err));
    if (fflush(out) != 0 || ferror(out))
        return npu_fail(err, NPU_IO, "%s report of %s: %s", rep_table[id].name, p->file,
                        errno ? strerror(errno) : "cannot be written");
    return NPU_OK;
}

npu_status rep_write_part(rep_id id, const npu_profile *p, int subgraph, FILE *out, npu_err *err)
{
    const rep_options o = { .subgraph = subgraph };
    return rep_write_with(id, p, &o, out, err);
}

npu_status rep_write(rep_id id, const npu_profile *p, FILE *out, npu_err *err)
{
    return rep_write_part(id, p, -1, out, err);
}

rep_id rep_find(const char *name)
{
    for (int i = 0; i < REP_COUNT; i++)
        if (strcmp(rep_table[i].name, name) == 0)
            return (rep_id)i;
    return REP_COUNT;
}

/* The name with every unusual character replaced; never empty, never starts with '.'. */
static void clean(const char *name, char stem[REP_NAME_BYTES])
{
    size_t n = 0;
    for (const char *s = name ? name : ""; *s && n < REP_NAME_BYTES - 16; s++) {
        bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
                     (*s >= '0' && *s <= '9') || *s == '_' || *s == '-' || (*s == '.' && n);
        stem[n++] = plain ? *s : '_';
    }
    if (n == 0)
        n = strlen(strcpy(stem, "subgraph"));
    stem[n] = '\0';
}

void rep_subgraph_stem(const npu_profile *p, int subgraph, char stem[REP_NAME_BYTES])
{
    char other[REP_NAME_BYTES];
    bool unique;
    clean(p->subgraph[subgraph].name, stem);
    clean(p->name, other);
    unique = strcmp(stem, other) != 0; /* <model>.html is the page of the whole model */
    for (size_t i = 0; i < p->nsubgraph && unique; i++) {
        clean(p->subgraph[i].name, other);
        unique = (int)i == subgraph || strcmp(stem, other) != 0;
    }
    if (!unique)
        snprintf(stem + strlen(stem), 16, "_%d", subgraph);
}
