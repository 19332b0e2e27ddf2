/* The streaming JSON writer. */
#include "reports/jsonw.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "base/num.h"
#include "reports/out.h"
#include "reports/version.h"

/* Comma, line break and key in front of a value. */
static void member(rep_json *j, const char *key)
{
    bool line = j->line && j->depth >= j->line;
    if (j->more[j->depth - 1])
        fputs(line ? ", " : ",", j->f);
    j->more[j->depth - 1] = true;
    if (!line)
        fprintf(j->f, "\n%*s", 2 * j->depth, "");
    if (key) {
        rep_json_text(j->f, key);
        fputs(": ", j->f);
    }
}

static void open_container(rep_json *j, rep_json_kind kind)
{
    bool array = kind == REP_ARRAY || kind == REP_ARRAY_LINE;
    assert(j->depth < REP_JSON_DEPTH);
    putc(array ? '[' : '{', j->f);
    j->close[j->depth] = array ? ']' : '}';
    j->more[j->depth] = false;
    j->depth++;
    if (!j->line && (kind == REP_OBJECT_LINE || kind == REP_ARRAY_LINE))
        j->line = j->depth;
}

rep_json rep_json_begin(FILE *f)
{
    rep_json j = { .f = f };
    open_container(&j, REP_OBJECT);
    return j;
}

void rep_json_open(rep_json *j, const char *key, rep_json_kind kind)
{
    member(j, key);
    open_container(j, kind);
}

void rep_json_close(rep_json *j)
{
    bool line = j->line && j->depth >= j->line;
    assert(j->depth > 0);
    if (j->line == j->depth)
        j->line = 0;
    j->depth--;
    if (!line && j->more[j->depth])
        fprintf(j->f, "\n%*s", 2 * j->depth, "");
    putc(j->close[j->depth], j->f);
}

void rep_json_end(rep_json *j)
{
    assert(j->depth == 1);
    rep_json_close(j);
    putc('\n', j->f);
}

void rep_json_int(rep_json *j, const char *key, int64_t v)
{
    /* Readers hold numbers as doubles; from 1e15 on they may print them differently. */
    const char *quote = v >= 1000000000000000 || v <= -1000000000000000 ? "\"" : "";
    member(j, key);
    fprintf(j->f, "%s%" PRId64 "%s", quote, v, quote);
}

void rep_json_real(rep_json *j, const char *key, double v)
{
    member(j, key);
    fputs(rep_general(v).s, j->f);
}

void rep_json_exact(rep_json *j, const char *key, double v)
{
    member(j, key);
    fputs(isfinite(v) ? num_exact(v).s : "null", j->f);
}

void rep_json_raw(rep_json *j, const char *key, const char *json)
{
    member(j, key);
    fputs(json, j->f);
}

void rep_json_str(rep_json *j, const char *key, const char *s)
{
    member(j, key);
    rep_json_text(j->f, s);
}

void rep_json_bool(rep_json *j, const char *key, bool v)
{
    member(j, key);
    fputs(v ? "true" : "false", j->f);
}

void rep_json_null(rep_json *j, const char *key)
{
    member(j, key);
    fputs("null", j->f);
}

void rep_json_identity(rep_json *j, const char *schema)
{
    rep_json_str(j, "schema", schema);
    rep_json_open(j, "tool", REP_OBJECT_LINE);
    rep_json_str(j, "name", "npusim");
    rep_json_str(j, "version", REP_VERSION);
    rep_json_close(j);
}
