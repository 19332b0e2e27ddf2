/* npusim history: every profile of every commit in one SQLite file. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "perf/history.h"
#include "reports/history.h"
#include "tools/command.h"
#include "tools/common.h"

enum { FORMAT_TEXT, FORMAT_JSON, METRICS_MAX = 48 };

typedef struct {
    const char *db, *commit, *date, *metric, *model, *chip, *html, *set, *output;
    long last;
    int format;
} options;

#define AT(field) offsetof(options, field)
static const opt_spec spec[] = {
    {"db", 'd', OPT_STRING, AT(db), "FILE", "the history (default npusim-history.sqlite)", 0, 0},
    {"output", 'o', OPT_STRING, AT(output), "FILE",
     "baseline, show: write to FILE instead of stdout", 0, 0},
    {NULL, 0, OPT_GROUP, 0, NULL, "add:", 0, 0},
    {"commit", 0, OPT_STRING, AT(commit), "ID", "what the profiles belong to; needed", 0, 0},
    {"date", 0, OPT_STRING, AT(date), "DATE", "stored and shown as it is (default: none)", 0, 0},
    {NULL, 0, OPT_GROUP, 0, NULL, "show, baseline:", 0, 0},
    {"metric", 0, OPT_STRING, AT(metric), "NAME",
     "a model metric of budgets (default latency_ms)", 0, 0},
    {"model", 'm', OPT_STRING, AT(model), "NAME", "these models only: a name, glob or re:REGEX", 0,
     0},
    {"chip", 'c', OPT_STRING, AT(chip), "NAME", "this chip only", 0, 0},
    {"last", 0, OPT_INT, AT(last), "N", "show: the newest N entries of each model", 1, 1000000},
    {"format", 'f', OPT_CHOICE, AT(format), "text|json", "show: output format (default text)", 0,
     0},
    {"html", 0, OPT_STRING, AT(html), "FILE", "show: write a page with a chart as well", 0, 0},
    {"set", 0, OPT_STRING, AT(set), "last|best|ID",
     "baseline: the newest entry of each model (default), the best one by the metric, or the "
     "entry with this number", 0, 0},
    OPT_END};

static const opt_program program = {
    .args = "add|show|baseline [PROFILE.json...]", .min_args = 1, .max_args = -1, .spec = spec,
    .doc = "add: stores profiles (npusim profile --format json) under a commit; what is there "
           "already is passed over. show: one metric of every model over the commits, changes "
           "marked. baseline: writes stored profiles as a file for `npusim check --baseline` and "
           "`npusim diff`. Several processes may use one history at once.",
    .example = "npusim history add --commit 4f2a91c new.json\n"
               "npusim history show --html history.html\n"
               "npusim history baseline --set best -o baseline.json"};

/* --- add -------------------------------------------------------------------------------------- */

static npu_status need_label(const char *what, const char *s, npu_err *err)
{
    enum { LABEL_MAX = 200 };
    size_t n = strlen(s);
    if (n == 0 || n > LABEL_MAX)
        return npu_fail(err, NPU_USAGE, "%s: %zu characters; 1 to %d are allowed", what, n,
                        LABEL_MAX);
    for (size_t i = 0; i < n; i++)
        if (iscntrl((unsigned char)s[i]))
            return npu_fail(err, NPU_USAGE, "%s: a control character is not allowed", what);
    return NPU_OK;
}

static npu_status read_item(const char *file, perf_history_item *x, uint8_t **bytes,
                            prof_list *list, npu_err *err)
{
    size_t n;
    NPU_TRY(sys_read_file(file, bytes, &n, err));
    if (memchr(*bytes, 0, n))
        return npu_fail(err, NPU_BAD_INPUT, "%s: a NUL byte is not allowed", file);
    NPU_TRY(prof_parse(file, (const char *)*bytes, n, list, err));
    if (list->n != 1 || list->item[0]->schedule)
        return npu_fail(err, NPU_BAD_INPUT, "%s: not a profile (npusim.profile/1)", file);
    *x = (perf_history_item){(const char *)*bytes, n, list->item[0]};
    return NPU_OK;
}

static npu_status add_files(const options *o, char **file, size_t n, perf_history_item *item,
                            uint8_t **bytes, prof_list *list, npu_err *err)
{
    perf_history *h;
    size_t added = 0;
    for (size_t i = 0; i < n; i++)
        NPU_TRY(read_item(file[i], &item[i], &bytes[i], &list[i], err));
    NPU_TRY(perf_history_open(o->db, true, &h, err));
    npu_status s = perf_history_add(h, o->commit, o->date, item, n, &added, err);
    perf_history_close(h);
    if (s == NPU_OK)
        printf("%s: %zu added, %zu already there\n", o->db, added, n - added);
    return s;
}

static npu_status add(const options *o, char **file, int count, npu_err *err)
{
    size_t n = (size_t)count;
    if (count == 0)
        return npu_fail(err, NPU_USAGE, "add: PROFILE.json is missing");
    if (!o->commit)
        return npu_fail(err, NPU_USAGE, "add: --commit ID is missing");
    NPU_TRY(need_label("--commit", o->commit, err));
    if (o->date)
        NPU_TRY(need_label("--date", o->date, err));
    perf_history_item *item = calloc(n, sizeof *item);
    uint8_t **bytes = calloc(n, sizeof *bytes);
    prof_list *list = calloc(n, sizeof *list);
    npu_status s = item && bytes && list
                       ? add_files(o, file, n, item, bytes, list, err)
                       : npu_fail(err, NPU_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++) {
        if (bytes)
            free(bytes[i]);
        if (list)
            prof_list_free(&list[i]);
    }
    free(item);
    free(bytes);
    free(list);
    return s;
}

/* --- show ------------------------------------------------------------------------------------- */

static npu_status find_metric(const options *o, const budget_metric **out, npu_err *err)
{
    const char *keys[METRICS_MAX];
    char list[400] = "";
    size_t n = budget_metric_keys(BUDGET_MODEL, keys, METRICS_MAX), len = 0;
    *out = budget_metric_find(BUDGET_MODEL, o->metric);
    if (*out)
        return NPU_OK;
    for (size_t i = 0; i < n && len < sizeof list; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i ? ", " : "", keys[i]);
    return npu_fail(err, NPU_USAGE, "--metric %.40s; allowed: %s", o->metric, list);
}

static npu_status put_report(void report(const npu_history *, FILE *), const npu_history *h,
                             const char *path, npu_err *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    report(h, f);
    npu_status s = fclose(f) == 0 ? tool_put(path, text, n, err)
                                  : npu_fail(err, NPU_LIMIT, "out of memory");
    free(text);
    return s;
}

static npu_status read_history(const options *o, perf_history **db, npu_history *h, npu_err *err)
{
    const perf_history_filter filter = {o->model, o->chip, (size_t)o->last};
    const budget_metric *metric;
    NPU_TRY(find_metric(o, &metric, err));
    NPU_TRY(perf_history_open(o->db, false, db, err));
    npu_status s = perf_history_show(*db, &filter, metric, h, err);
    if (s != NPU_OK) {
        perf_history_close(*db);
        *db = NULL;
    }
    return s;
}

static npu_status show(const options *o, npu_err *err)
{
    perf_history *db;
    npu_history h;
    NPU_TRY(read_history(o, &db, &h, err));
    npu_status s = NPU_OK;
    if (o->html)
        s = put_report(rep_history_html, &h, o->html, err);
    if (s == NPU_OK)
        s = put_report(o->format == FORMAT_JSON ? rep_history_json : rep_history_text, &h,
                       o->output, err);
    npu_history_free(&h);
    perf_history_close(db);
    return s;
}

/* --- baseline --------------------------------------------------------------------------------- */

static const npu_history_point *best(const npu_history *h, const npu_history_series *s)
{
    const npu_history_point *p = &s->point[0];
    for (size_t i = 1; i < s->n; i++) /* of equal ones the newest */
        if (h->more_is_better ? s->point[i].value >= p->value : s->point[i].value <= p->value)
            p = &s->point[i];
    return p;
}

static npu_status one_text(perf_history *db, int64_t id, bool first, FILE *f, npu_err *err)
{
    char *text;
    NPU_TRY(perf_history_text(db, id, &text, err));
    size_t n = strlen(text);
    while (n && strchr(" \t\r\n", text[n - 1]))
        n--;
    fprintf(f, "%s%.*s", first ? "" : ",\n", (int)n, text);
    free(text);
    return NPU_OK;
}

/* Number of an entry, 0 when SET is a word. */
static npu_status entry_number(const char *set, int64_t *id, npu_err *err)
{
    char *end;
    *id = 0;
    if (strcmp(set, "last") == 0 || strcmp(set, "best") == 0)
        return NPU_OK;
    *id = strtoll(set, &end, 10);
    if (isdigit((unsigned char)*set) && !*end && *id > 0)
        return NPU_OK;
    return npu_fail(err, NPU_USAGE, "--set %.40s; allowed: last, best, or the number of an entry",
                    set);
}

static npu_status write_profiles(const options *o, perf_history *db, const npu_history *h,
                                 int64_t id, FILE *f, npu_err *err)
{
    if (id)
        return one_text(db, id, true, f, err);
    if (h->n == 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s: no entry of this model and chip", o->db);
    for (size_t i = 0; i < h->n; i++) {
        const npu_history_series *s = &h->series[i];
        const npu_history_point *p = strcmp(o->set, "best") == 0 ? best(h, s)
                                                                 : &s->point[s->n - 1];
        NPU_TRY(one_text(db, p->id, i == 0, f, err));
    }
    return NPU_OK;
}

static npu_status baseline(const options *o, npu_err *err)
{
    perf_history *db;
    npu_history h;
    int64_t id;
    char *text = NULL;
    size_t n = 0;
    NPU_TRY(entry_number(o->set, &id, err));
    NPU_TRY(read_history(o, &db, &h, err));
    FILE *f = open_memstream(&text, &n);
    npu_status s = f ? NPU_OK : npu_fail(err, NPU_LIMIT, "out of memory");
    if (f) {
        fputs("{\"schema\": \"npusim.baseline/1\",\n"
              "\"tool\": {\"name\": \"npusim\", \"version\": \"" PACKAGE_VERSION "\"},\n"
              "\"profiles\": [\n", f);
        s = write_profiles(o, db, &h, id, f, err);
        fputs("\n]}\n", f);
        if (fclose(f) != 0 && s == NPU_OK)
            s = npu_fail(err, NPU_LIMIT, "out of memory");
    }
    if (s == NPU_OK)
        s = tool_put(o->output, text, n, err);
    free(text);
    npu_history_free(&h);
    perf_history_close(db);
    return s;
}

static npu_status run(const options *o, const opt_rest *rest, npu_err *err)
{
    const char *what = rest->arg[0];
    if (strcmp(what, "add") == 0)
        return add(o, rest->arg + 1, rest->n - 1, err);
    if (strcmp(what, "show") != 0 && strcmp(what, "baseline") != 0)
        return npu_fail(err, NPU_USAGE, "'%.40s'; allowed: add, show, baseline", what);
    if (rest->n > 1)
        return npu_fail(err, NPU_USAGE, "%s: unexpected argument '%.80s'", what, rest->arg[1]);
    return strcmp(what, "show") == 0 ? show(o, err) : baseline(o, err);
}

int cmd_history(int argc, char **argv)
{
    options o = {.db = "npusim-history.sqlite", .metric = "latency_ms", .set = "last"};
    opt_rest rest;
    npu_err err = {0};
    int code = opt_parse(&program, argc, argv, &o, &rest);
    if (code >= 0)
        return code;
    npu_status s = run(&o, &rest, &err);
    code = s == NPU_OK ? 0 : tool_fail(argv[0], &err);
    opt_free(&program, &o);
    return code;
}
