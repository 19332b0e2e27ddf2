/* See history.h. */
#include "perf/history.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"

enum { APPLICATION_ID = 0x6e707573 /* "npus" */, LAYOUT = 1, WAIT_MS = 60000, TEXT_MAX = 200 };

struct perf_history {
    sqlite3 *db;
    char *file;
};

static npu_status sql_error(const perf_history *h, npu_status s, const char *what, npu_err *err)
{
    return npu_fail(err, s, "%s: %s: %s", h->file, what, sqlite3_errmsg(h->db));
}

static npu_status exec(perf_history *h, const char *sql, const char *what, npu_err *err)
{
    if (sqlite3_exec(h->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return NPU_OK;
    return sql_error(h, NPU_IO, what, err);
}

static int64_t pragma(perf_history *h, const char *sql)
{
    sqlite3_stmt *st;
    int64_t v = -1;
    if (sqlite3_prepare_v2(h->db, sql, -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return v;
}

/* Two processes that create the file at once: turning the log on may report "busy" at once, without
 * waiting, so it is tried again. */
static npu_status use_log(perf_history *h, npu_err *err)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    for (int left = WAIT_MS / 20;; left--) {
        int code = sqlite3_exec(h->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
        if (code == SQLITE_OK)
            return NPU_OK;
        if (code != SQLITE_BUSY || left == 0)
            return sql_error(h, code == SQLITE_NOTADB ? NPU_BAD_INPUT : NPU_IO, "cannot be used",
                             err);
        nanosleep(&pause, NULL);
    }
}

static const char layout[] =
    "CREATE TABLE profile("
    " sha256 TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE entry("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, commit_id TEXT NOT NULL, date TEXT NOT NULL,"
    " model TEXT NOT NULL, chip TEXT NOT NULL, setting TEXT NOT NULL, tool TEXT NOT NULL,"
    " profile TEXT NOT NULL REFERENCES profile(sha256),"
    " UNIQUE(commit_id, model, chip, setting, profile));"
    "CREATE INDEX entry_series ON entry(model, chip, setting, id);"
    "PRAGMA application_id=1852863859;" /* APPLICATION_ID */
    "PRAGMA user_version=1;";

/* Makes the tables of a new file; a transaction, as another process may be doing the same. */
static npu_status make_layout(perf_history *h, npu_err *err)
{
    NPU_TRY(exec(h, "BEGIN IMMEDIATE", "cannot be locked", err));
    npu_status s = NPU_OK;
    if (pragma(h, "SELECT count(*) FROM sqlite_schema") == 0)
        s = exec(h, layout, "cannot be set up", err);
    if (s == NPU_OK)
        s = exec(h, "COMMIT", "cannot be set up", err);
    if (s != NPU_OK)
        sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
    return s;
}

static npu_status check_layout(perf_history *h, npu_err *err)
{
    if (pragma(h, "PRAGMA application_id") != APPLICATION_ID)
        return npu_fail(err, NPU_BAD_INPUT, "%s: not a history of npusim", h->file);
    int64_t version = pragma(h, "PRAGMA user_version");
    if (version != LAYOUT)
        return npu_fail(err, NPU_BAD_INPUT, "%s: history layout %lld; this npusim reads layout %d",
                        h->file, (long long)version, LAYOUT);
    return NPU_OK;
}

static npu_status set_up(perf_history *h, bool create, npu_err *err)
{
    sqlite3_busy_timeout(h->db, WAIT_MS);
    sqlite3_exec(h->db, "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF", NULL, NULL, NULL);
    if (pragma(h, "SELECT count(*) FROM sqlite_schema") < 0)
        return sql_error(h, NPU_BAD_INPUT, "not a history of npusim", err);
    if (create && pragma(h, "SELECT count(*) FROM sqlite_schema") == 0) {
        NPU_TRY(use_log(h, err));
        NPU_TRY(make_layout(h, err));
    }
    return check_layout(h, err);
}

npu_status perf_history_open(const char *file, bool create, perf_history **out, npu_err *err)
{
    const int how = create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
    *out = NULL;
    if (!*file || *file == ':')
        return npu_fail(err, NPU_USAGE, "'%s' is no file name for a history", file);
    if (!create && access(file, R_OK) != 0)
        return npu_fail(err, NPU_BAD_INPUT, "%s: no such history, or it cannot be read", file);
    perf_history *h = calloc(1, sizeof *h);
    if (!h || !(h->file = strdup(file))) {
        free(h);
        return npu_fail(err, NPU_LIMIT, "out of memory");
    }
    npu_status s = NPU_OK;
    if (sqlite3_open_v2(file, &h->db, how, NULL) != SQLITE_OK)
        s = sql_error(h, create ? NPU_IO : NPU_BAD_INPUT, "cannot be opened", err);
    if (s == NPU_OK)
        s = set_up(h, create, err);
    if (s == NPU_OK)
        *out = h;
    else
        perf_history_close(h);
    return s;
}

void perf_history_close(perf_history *h)
{
    if (!h)
        return;
    sqlite3_close(h->db);
    free(h->file);
    free(h);
}

/* --- adding ----------------------------------------------------------------------------------- */

/* The overrides as text: with model and chip they tell which entries make up a series. */
static char *setting_of(const cJSON *root)
{
    const cJSON *list = json_get(json_get(root, "chip"), "overrides"), *j;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return NULL;
    cJSON_ArrayForEach(j, list)
    {
        const char *key = json_string(j, "key");
        const cJSON *value = json_get(j, "value");
        if (key && cJSON_IsNumber(value))
            fprintf(f, "%s%s=%.9g", ftell(f) > 0 ? " " : "", key, value->valuedouble);
    }
    return fclose(f) == 0 ? text : NULL;
}

static int insert_profile(perf_history *h, const perf_history_item *x, const char *sha)
{
    sqlite3_stmt *st;
    int code = sqlite3_prepare_v2(h->db, "INSERT OR IGNORE INTO profile VALUES(?, ?)", -1, &st,
                                  NULL);
    if (code != SQLITE_OK)
        return code;
    sqlite3_bind_text(st, 1, sha, -1, SQLITE_STATIC);
    sqlite3_bind_text64(st, 2, x->text, x->n, SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_step(st);
    return sqlite3_finalize(st);
}

static int insert_entry(perf_history *h, const perf_history_item *x, const char *const column[4],
                        size_t *added)
{
    sqlite3_stmt *st;
    int code = sqlite3_prepare_v2(
        h->db, "INSERT OR IGNORE INTO entry(commit_id, date, model, chip, setting, tool, profile)"
               " VALUES(?, ?, ?, ?, ?, ?, ?)", -1, &st, NULL);
    const char *const all[] = {column[0],       column[1], x->facts->name, x->facts->chip,
                               column[2], x->facts->tool_version, column[3]};
    if (code != SQLITE_OK)
        return code;
    for (int i = 0; i < 7; i++)
        sqlite3_bind_text(st, i + 1, all[i], -1, SQLITE_STATIC);
    sqlite3_step(st);
    code = sqlite3_finalize(st);
    *added += code == SQLITE_OK && sqlite3_changes(h->db) > 0;
    return code;
}

static npu_status add_item(perf_history *h, const char *commit, const char *date,
                           const perf_history_item *x, size_t *added, npu_err *err)
{
    char sha[HASH_SHA256_HEX];
    cJSON *root = cJSON_ParseWithLength(x->text, x->n);
    char *setting = setting_of(root);
    cJSON_Delete(root);
    if (!setting)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    hash_sha256_hex(x->text, x->n, sha);
    const char *const column[4] = {commit, date ? date : "", setting, sha};
    int code = insert_profile(h, x, sha);
    if (code == SQLITE_OK)
        code = insert_entry(h, x, column, added);
    free(setting);
    return code == SQLITE_OK ? NPU_OK : sql_error(h, NPU_IO, "cannot be written", err);
}

npu_status perf_history_add(perf_history *h, const char *commit, const char *date,
                            const perf_history_item *items, size_t n, size_t *added, npu_err *err)
{
    size_t count = 0;
    *added = 0;
    NPU_TRY(exec(h, "BEGIN IMMEDIATE", "cannot be locked", err));
    npu_status s = NPU_OK;
    for (size_t i = 0; i < n && s == NPU_OK; i++)
        s = add_item(h, commit, date, &items[i], &count, err);
    if (s == NPU_OK)
        s = exec(h, "COMMIT", "cannot be written", err);
    if (s != NPU_OK) {
        sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
        return s;
    }
    *added = count;
    return NPU_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

void npu_history_free(npu_history *h)
{
    for (size_t i = 0; i < h->n; i++) {
        npu_history_series *s = &h->series[i];
        for (size_t k = 0; k < s->n; k++) {
            free(s->point[k].commit);
            free(s->point[k].date);
            free(s->point[k].tool);
        }
        free(s->point);
        free(s->model);
        free(s->chip);
        free(s->setting);
    }
    free(h->series);
    *h = (npu_history){0};
}

enum { COL_ID, COL_COMMIT, COL_DATE, COL_MODEL, COL_CHIP, COL_SETTING, COL_TOOL, COL_JSON };

static const char *column(sqlite3_stmt *st, int i)
{
    const char *s = (const char *)sqlite3_column_text(st, i);
    return s ? s : "";
}

/* The series of this row: the last one, as rows come sorted, or a new one. */
static npu_history_series *series_of(npu_history *h, sqlite3_stmt *st)
{
    npu_history_series *s = h->n ? &h->series[h->n - 1] : NULL;
    if (s && strcmp(s->model, column(st, COL_MODEL)) == 0 &&
        strcmp(s->chip, column(st, COL_CHIP)) == 0 &&
        strcmp(s->setting, column(st, COL_SETTING)) == 0)
        return s;
    npu_history_series *grown = realloc(h->series, (h->n + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    h->series = grown;
    s = &grown[h->n++];
    *s = (npu_history_series){.model = strdup(column(st, COL_MODEL)),
                              .chip = strdup(column(st, COL_CHIP)),
                              .setting = strdup(column(st, COL_SETTING))};
    return s->model && s->chip && s->setting ? s : NULL;
}

static npu_status add_point(npu_history *h, sqlite3_stmt *st, double value, npu_err *err)
{
    npu_history_series *s = series_of(h, st);
    npu_history_point *grown = s ? realloc(s->point, (s->n + 1) * sizeof *grown) : NULL;
    if (!grown)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    s->point = grown;
    npu_history_point *p = &s->point[s->n], *before = s->n ? p - 1 : NULL;
    *p = (npu_history_point){
        .id = sqlite3_column_int64(st, COL_ID), .commit = strdup(column(st, COL_COMMIT)),
        .date = strdup(column(st, COL_DATE)), .tool = strdup(column(st, COL_TOOL)),
        .value = value, .delta_percent = NAN};
    s->n++;
    if (!p->commit || !p->date || !p->tool)
        return npu_fail(err, NPU_LIMIT, "out of memory");
    if (before) {
        p->changed = value != before->value;
        if (before->value != 0)
            p->delta_percent = 100 * (value - before->value) / fabs(before->value);
    }
    return NPU_OK;
}

static npu_status read_row(const perf_history *h, sqlite3_stmt *st, const budget_metric *metric,
                           npu_history *out, npu_err *err)
{
    char label[TEXT_MAX];
    prof_list list = {0};
    const char *json = column(st, COL_JSON);
    snprintf(label, sizeof label, "%.120s: entry %lld", h->file,
             (long long)sqlite3_column_int64(st, COL_ID));
    NPU_TRY(prof_parse(label, json, strlen(json), &list, err));
    double value = budget_metric_value(metric, list.item[0]);
    prof_list_free(&list);
    return isfinite(value) ? add_point(out, st, value, err) : NPU_OK;
}

/* Drops all but the newest LAST points of each series; changes keep what they were held against. */
static void keep_last(npu_history *h, size_t last)
{
    for (size_t i = 0; last && i < h->n; i++) {
        npu_history_series *s = &h->series[i];
        size_t drop = s->n > last ? s->n - last : 0;
        for (size_t k = 0; k < drop; k++) {
            free(s->point[k].commit);
            free(s->point[k].date);
            free(s->point[k].tool);
        }
        memmove(s->point, s->point + drop, (s->n - drop) * sizeof *s->point);
        s->n -= drop;
    }
}

npu_status perf_history_show(perf_history *h, const perf_history_filter *f,
                             const budget_metric *metric, npu_history *out, npu_err *err)
{
    static const char sql[] =
        "SELECT id, commit_id, date, model, chip, setting, tool, json"
        " FROM entry JOIN profile ON profile.sha256 = entry.profile"
        " WHERE ?1 IS NULL OR chip = ?1 ORDER BY model, chip, setting, id";
    sqlite3_stmt *st = NULL;
    budget_pattern pattern = {0};
    int code;
    *out = (npu_history){.metric = metric->key, .unit = limit_unit_name(metric->unit),
                         .more_is_better = metric->more_is_better};
    if (f->model)
        NPU_TRY(budget_pattern_make(f->model, &pattern, err));
    npu_status s = NPU_OK;
    if (sqlite3_prepare_v2(h->db, sql, -1, &st, NULL) != SQLITE_OK)
        s = sql_error(h, NPU_BAD_INPUT, "cannot be read", err);
    if (s == NPU_OK && f->chip)
        sqlite3_bind_text(st, 1, f->chip, -1, SQLITE_STATIC);
    while (s == NPU_OK && (code = sqlite3_step(st)) != SQLITE_DONE) {
        if (code != SQLITE_ROW)
            s = sql_error(h, NPU_BAD_INPUT, "cannot be read", err);
        else if (!f->model || budget_matches(&pattern, column(st, COL_MODEL)))
            s = read_row(h, st, metric, out, err);
    }
    sqlite3_finalize(st);
    budget_pattern_free(&pattern);
    if (s == NPU_OK)
        keep_last(out, f->last);
    else
        npu_history_free(out);
    return s;
}

npu_status perf_history_text(perf_history *h, int64_t id, char **out, npu_err *err)
{
    sqlite3_stmt *st;
    *out = NULL;
    if (sqlite3_prepare_v2(h->db, "SELECT json FROM entry JOIN profile"
                                  " ON profile.sha256 = entry.profile WHERE id = ?", -1, &st,
                           NULL) != SQLITE_OK)
        return sql_error(h, NPU_BAD_INPUT, "cannot be read", err);
    sqlite3_bind_int64(st, 1, id);
    if (sqlite3_step(st) == SQLITE_ROW)
        *out = strdup(column(st, 0));
    sqlite3_finalize(st);
    return *out ? NPU_OK
                : npu_fail(err, NPU_BAD_INPUT, "%s: no entry %lld", h->file, (long long)id);
}
