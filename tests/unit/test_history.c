/* The history file: nothing lost with two writers, nothing half after a kill. */
#include "perf/history.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/facts_fixture.h"
#include "tests/unit/unit.h"

static char dir[64], file[96];

static void make_dir(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%.40s/npusimXXXXXX", base ? base : P_tmpdir);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(file, sizeof file, "%s/h.sqlite", dir);
}

static void remove_dir(void)
{
    static const char *const names[] = {"h.sqlite", "h.sqlite-wal", "h.sqlite-shm",
                                        "h.sqlite-journal"};
    char path[160];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

/* Adds a profile of CYCLES cycles under COMMIT; 0 when that worked. */
static int add(const char *commit, int64_t cycles, size_t *added)
{
    const fact_layer l = {.name = "conv", .cycles = cycles, .c = 1, .h = 1, .w = 1};
    const fact_profile p = {.layer = &l, .nlayer = 1};
    prof_list list = {0};
    perf_history *h = NULL;
    npu_err err = {0};
    char *text = facts_json(&p);
    npu_status s = prof_parse("p", text, strlen(text), &list, &err);
    if (s == NPU_OK)
        s = perf_history_open(file, true, &h, &err);
    if (s == NPU_OK) {
        const perf_history_item item = {text, strlen(text), list.item[0]};
        s = perf_history_add(h, commit, NULL, &item, 1, added, &err);
    }
    if (s != NPU_OK)
        fprintf(stderr, "%s\n", err.text);
    perf_history_close(h);
    prof_list_free(&list);
    free(text);
    return s != NPU_OK;
}

static npu_history show(void)
{
    perf_history *h;
    npu_history out;
    npu_err err = {0};
    const perf_history_filter all = {0};
    ck_assert_msg(perf_history_open(file, false, &h, &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(perf_history_show(h, &all, budget_metric_find(BUDGET_MODEL, "latency_ms"), &out,
                                    &err) == NPU_OK, "%s", err.text);
    perf_history_close(h);
    return out;
}

START_TEST(entries_come_back_in_order_with_their_changes)
{
    size_t added = 0;
    ck_assert_int_eq(add("a", 1000, &added), 0);
    ck_assert_uint_eq(added, 1);
    ck_assert_int_eq(add("b", 1000, &added), 0);
    ck_assert_uint_eq(added, 1);
    ck_assert_int_eq(add("c", 1100, &added), 0);
    ck_assert_int_eq(add("c", 1100, &added), 0);
    ck_assert_uint_eq(added, 0); /* there already */
    npu_history h = show();
    ck_assert_uint_eq(h.n, 1);
    ck_assert_uint_eq(h.series[0].n, 3);
    const npu_history_point *p = h.series[0].point;
    ck_assert_str_eq(p[0].commit, "a");
    ck_assert(!p[0].changed && !p[1].changed && p[2].changed);
    ck_assert_double_eq_tol(p[2].delta_percent, 10, 1e-9);
    npu_history_free(&h);
}
END_TEST

START_TEST(two_writers_at_once_lose_nothing)
{
    enum { WRITERS = 2, ENTRIES = 12 };
    pid_t pid[WRITERS];
    size_t seen = 0;
    for (int w = 0; w < WRITERS; w++) {
        pid[w] = fork();
        ck_assert_int_ge(pid[w], 0);
        if (pid[w] == 0) { /* both also race for making the file */
            int failed = 0;
            char commit[32];
            for (int i = 0; i < ENTRIES; i++) {
                size_t added;
                snprintf(commit, sizeof commit, "w%d-%d", w, i);
                failed |= add(commit, 1000 + 100 * w + i, &added);
            }
            _exit(failed);
        }
    }
    for (int w = 0; w < WRITERS; w++) {
        int status;
        ck_assert_int_eq(waitpid(pid[w], &status, 0), pid[w]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    npu_history h = show();
    for (size_t i = 0; i < h.n; i++)
        seen += h.series[i].n;
    ck_assert_uint_eq(seen, (size_t)WRITERS * ENTRIES);
    npu_history_free(&h);
}
END_TEST

/* The writer tells through a pipe what it has stored.  All of that must be there afterwards. */
START_TEST(a_killed_writer_leaves_whole_entries)
{
    size_t stored = 0, added;
    for (int round = 0; round < 6; round++) {
        int fd[2], one = 0;
        ck_assert_int_eq(pipe(fd), 0);
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            close(fd[0]);
            for (int i = 0;; i++) {
                char commit[32];
                snprintf(commit, sizeof commit, "r%d-%d", round, i);
                if (add(commit, 1000 + i, &added) || write(fd[1], &i, sizeof i) < 0)
                    _exit(1);
            }
        }
        close(fd[1]);
        for (int i = 0; i < 3 && read(fd[0], &one, sizeof one) == sizeof one; i++)
            stored++;
        usleep(700u * (unsigned)round); /* another moment of the next add each time */
        kill(pid, SIGKILL);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        while (read(fd[0], &one, sizeof one) == sizeof one)
            stored++;
        close(fd[0]);
        npu_history h = show(); /* reads every profile, so half ones would be seen */
        ck_assert_uint_eq(h.n, 1);
        ck_assert_uint_ge(h.series[0].n, stored);
        stored = h.series[0].n;
        npu_history_free(&h);
    }
    ck_assert_int_eq(add("after", 5, &added), 0);
}
END_TEST

START_TEST(other_files_are_refused_and_left_alone)
{
    perf_history *h;
    npu_err err = {0};
    ck_assert_int_eq(perf_history_open(file, false, &h, &err), NPU_BAD_INPUT);
    ck_assert_int_ne(access(file, F_OK), 0);
    FILE *f = fopen(file, "w");
    for (int i = 0; i < 200; i++)
        fputs("no database\n", f);
    fclose(f);
    ck_assert_int_eq(perf_history_open(file, true, &h, &err), NPU_BAD_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "not a history"));
    ck_assert_int_eq(perf_history_open(":memory:", true, &h, &err), NPU_USAGE);
    ck_assert_int_eq(perf_history_open("", true, &h, &err), NPU_USAGE);
    ck_assert_int_eq(perf_history_open(dir, true, &h, &err), NPU_IO);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("history");
    TCase *core = tcase_create("core"), *limits = tcase_create("limits");
    tcase_add_checked_fixture(core, make_dir, remove_dir);
    tcase_add_checked_fixture(limits, make_dir, remove_dir);
    tcase_set_timeout(limits, 120);
    tcase_add_test(core, entries_come_back_in_order_with_their_changes);
    tcase_add_test(limits, two_writers_at_once_lose_nothing);
    tcase_add_test(limits, a_killed_writer_leaves_whole_entries);
    tcase_add_test(limits, other_files_are_refused_and_left_alone);
    suite_add_tcase(s, core);
    suite_add_tcase(s, limits);
    return unit_run(s);
}
