/* base/sys.c, base/sys_tmp.c, base/sys_outdir.c. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "tests/unit/unit.h"

static char root[64]; /* a folder of this test's own */

static void setup(void)
{
    const char *base = getenv("TMPDIR");

    snprintf(root, sizeof root, "%s/sysXXXXXX", base && strlen(base) < 40 ? base : P_tmpdir);
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static void teardown(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

/* PATH below the test's folder; valid until the fourth call after. */
static const char *at(const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *p = path[turn++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", root, name);
    return p;
}

static void must_write(const char *path, const char *text)
{
    npu_err err = {0};
    ck_assert_msg(sys_write_file(path, text, strlen(text), &err) == NPU_OK, "%s", err.text);
}

static void must_hold(const char *path, const char *text)
{
    npu_err err = {0};
    uint8_t *bytes;
    size_t n;

    ck_assert_msg(sys_read_file(path, &bytes, &n, &err) == NPU_OK, "%s", err.text);
    ck_assert_uint_eq(n, strlen(text));
    ck_assert_mem_eq(bytes, text, n);
    free(bytes);
}

static unsigned entries(const char *path)
{
    DIR *d = opendir(path);
    unsigned n = 0;

    ck_assert_ptr_nonnull(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static sys_outdir *must_begin(const char *path)
{
    npu_err err = {0};
    sys_outdir *d;

    ck_assert_msg(sys_outdir_begin(path, &d, &err) == NPU_OK, "%s", err.text);
    return d;
}

static void must_publish(const char *path, const char *name, const char *text)
{
    npu_err err = {0};
    sys_outdir *d = must_begin(path);

    ck_assert_msg(sys_outdir_write(d, name, text, strlen(text), &err) == NPU_OK, "%s", err.text);
    ck_assert_msg(sys_outdir_commit(d, &err) == NPU_OK, "%s", err.text);
}

static void must_refuse_input(const char *path, const char *why)
{
    npu_err err = {0};
    uint8_t *bytes;
    size_t n;

    ck_assert_int_eq(sys_read_file(path, &bytes, &n, &err), NPU_BAD_INPUT);
    ck_assert_ptr_null(bytes);
    ck_assert_msg(strstr(err.text, why) && strstr(err.text, path), "%s", err.text);
}

START_TEST(a_file_is_read_whole)
{
    must_write(at("f"), "contents");
    must_hold(at("f"), "contents");
}
END_TEST

START_TEST(what_is_no_readable_file_is_refused_with_the_reason)
{
    FILE *f;

    must_refuse_input(at("none"), "No such file");
    must_refuse_input(root, "is a directory");
    f = fopen(at("empty"), "w");
    ck_assert_ptr_nonnull(f);
    fclose(f);
    must_refuse_input(at("empty"), "is empty");
    f = fopen(at("large"), "w");
    ck_assert_ptr_nonnull(f);
    fclose(f);
    ck_assert_int_eq(truncate(at("large"), (off_t)SYS_FILE_LIMIT + 1), 0); /* sparse */
    must_refuse_input(at("large"), "2147483649 bytes");
}
END_TEST

START_TEST(writing_replaces_the_file_and_leaves_nothing_else)
{
    must_write(at("f"), "old");
    must_write(at("f"), "new and longer");
    must_hold(at("f"), "new and longer");
    ck_assert_uint_eq(entries(root), 1);
}
END_TEST

START_TEST(writing_through_a_symbolic_link_keeps_the_link)
{
    struct stat st;

    must_write(at("target"), "old");
    ck_assert_int_eq(symlink("target", at("link")), 0);
    must_write(at("link"), "new");
    must_hold(at("target"), "new");
    ck_assert_int_eq(lstat(at("link"), &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
}
END_TEST

START_TEST(a_device_is_written_directly)
{
    must_write("/dev/null", "gone");
}
END_TEST

START_TEST(a_file_cannot_be_written_over_a_directory)
{
    npu_err err = {0};
    ck_assert_int_eq(sys_write_file(root, "x", 1, &err), NPU_IO);
    ck_assert_int_eq(sys_write_file(at("no/such/folder"), "x", 1, &err), NPU_IO);
}
END_TEST

START_TEST(missing_parents_are_created)
{
    npu_err err = {0};

    ck_assert_int_eq(sys_mkdir_p(at("a/b/c"), &err), NPU_OK);
    ck_assert_int_eq(sys_mkdir_p(at("a/b/c/"), &err), NPU_OK);
    must_write(at("a/b/file"), "x");
    ck_assert_int_eq(sys_mkdir_p(at("a/b/file/d"), &err), NPU_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "a file of that name exists"));
}
END_TEST

START_TEST(file_names_are_made_of_harmless_characters)
{
    static const struct {
        const char *name, *want;
    } cases[] = {{"subfunc_0", "subfunc_0"}, {"../etc/x", "_._etc_x"}, {"", "_"}, {"..", "_."},
                 {"a b:c", "a_b_c"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *s = sys_file_name(cases[i].name);
        ck_assert_str_eq(s, cases[i].want);
        free(s);
    }
}
END_TEST

START_TEST(a_directory_appears_only_with_commit)
{
    npu_err err = {0};
    sys_outdir *d = must_begin(at("out/model"));

    ck_assert_int_eq(sys_outdir_write(d, "sub/page.html", "text", 4, &err), NPU_OK);
    ck_assert_int_ne(access(at("out/model"), F_OK), 0);
    ck_assert_int_eq(sys_outdir_commit(d, &err), NPU_OK);
    must_hold(at("out/model/sub/page.html"), "text");
    ck_assert_uint_eq(entries(at("out")), 1);
}
END_TEST

START_TEST(a_second_run_replaces_the_first_completely)
{
    must_publish(at("out"), "old.txt", "old");
    must_publish(at("out"), "new.txt", "new");
    must_hold(at("out/new.txt"), "new");
    ck_assert_int_ne(access(at("out/old.txt"), F_OK), 0);
    ck_assert_uint_eq(entries(root), 1);
}
END_TEST

START_TEST(an_aborted_run_leaves_the_old_result)
{
    npu_err err = {0};
    sys_outdir *d;

    must_publish(at("out"), "old.txt", "old");
    d = must_begin(at("out"));
    ck_assert_int_eq(sys_outdir_write(d, "new.txt", "new", 3, &err), NPU_OK);
    sys_outdir_abort(d);
    must_hold(at("out/old.txt"), "old");
    ck_assert_uint_eq(entries(root), 1);
}
END_TEST

START_TEST(a_directory_with_foreign_files_is_not_replaced)
{
    npu_err err = {0};
    sys_outdir *d;

    must_publish(at("out"), "report.txt", "old");
    must_write(at("out/my notes.txt"), "precious");
    ck_assert_int_eq(sys_outdir_begin(at("out"), &d, &err), NPU_IO);
    ck_assert_ptr_null(d);
    ck_assert_msg(strstr(err.text, "my notes.txt"), "%s", err.text);
    must_hold(at("out/my notes.txt"), "precious");
}
END_TEST

START_TEST(a_foreign_file_that_arrives_during_the_run_stops_the_commit)
{
    npu_err err = {0};
    sys_outdir *d;

    must_publish(at("out"), "report.txt", "old");
    d = must_begin(at("out"));
    must_write(at("out/late.txt"), "precious");
    ck_assert_int_eq(sys_outdir_commit(d, &err), NPU_IO);
    must_hold(at("out/late.txt"), "precious");
    must_hold(at("out/report.txt"), "old");
}
END_TEST

START_TEST(an_empty_directory_may_be_replaced_and_a_file_may_not)
{
    npu_err err = {0};
    sys_outdir *d;

    ck_assert_int_eq(mkdir(at("out"), 0777), 0);
    must_publish(at("out/"), "a", "1");
    must_hold(at("out/a"), "1");
    must_write(at("file"), "x");
    ck_assert_int_eq(sys_outdir_begin(at("file"), &d, &err), NPU_IO);
    ck_assert_int_eq(chdir(at("out")), 0);
    ck_assert_int_eq(sys_outdir_begin(".", &d, &err), NPU_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "current directory"));
}
END_TEST

START_TEST(names_that_lead_out_of_the_directory_are_refused)
{
    static const char *const bad[] = {"../x", "/x", "a/../x", "a//b", "", "a/", ".", "a\nb"};
    npu_err err = {0};
    sys_outdir *d = must_begin(at("out"));

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_int_eq(sys_outdir_write(d, bad[i], "x", 1, &err), NPU_IO);
    sys_outdir_abort(d);
}
END_TEST

START_TEST(remains_of_a_killed_run_go_and_those_of_a_living_one_stay)
{
    pid_t child = fork();
    sys_outdir *living;
    int status;

    if (child == 0) {
        npu_err err;
        sys_outdir *d;
        if (sys_outdir_begin(at("out"), &d, &err) == NPU_OK &&
            sys_outdir_write(d, "half", "x", 1, &err) == NPU_OK)
            raise(SIGKILL);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ck_assert_uint_eq(entries(root), 1);
    living = must_begin(at("out"));
    ck_assert_uint_eq(entries(root), 1);
    must_publish(at("out"), "a", "1");
    ck_assert_uint_eq(entries(root), 2);
    sys_outdir_abort(living);
    ck_assert_uint_eq(entries(root), 1);
}
END_TEST

START_TEST(an_old_result_set_aside_by_a_killed_run_comes_back)
{
    /* what a kill between the two renames leaves where names cannot be exchanged */
    must_publish(at("out"), "a", "1");
    ck_assert_int_eq(rename(at("out"), at(".out.npusim-old")), 0);
    sys_outdir_abort(must_begin(at("out")));
    must_hold(at("out/a"), "1");
    ck_assert_uint_eq(entries(root), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sys");
    TCase *files = tcase_create("files"), *dirs = tcase_create("directories");

    tcase_add_checked_fixture(files, setup, teardown);
    tcase_add_checked_fixture(dirs, setup, teardown);
    tcase_add_test(files, a_file_is_read_whole);
    tcase_add_test(files, what_is_no_readable_file_is_refused_with_the_reason);
    tcase_add_test(files, writing_replaces_the_file_and_leaves_nothing_else);
    tcase_add_test(files, writing_through_a_symbolic_link_keeps_the_link);
    tcase_add_test(files, a_device_is_written_directly);
    tcase_add_test(files, a_file_cannot_be_written_over_a_directory);
    tcase_add_test(files, missing_parents_are_created);
    tcase_add_test(files, file_names_are_made_of_harmless_characters);
    tcase_add_test(dirs, a_directory_appears_only_with_commit);
    tcase_add_test(dirs, a_second_run_replaces_the_first_completely);
    tcase_add_test(dirs, an_aborted_run_leaves_the_old_result);
    tcase_add_test(dirs, a_directory_with_foreign_files_is_not_replaced);
    tcase_add_test(dirs, a_foreign_file_that_arrives_during_the_run_stops_the_commit);
    tcase_add_test(dirs, an_empty_directory_may_be_replaced_and_a_file_may_not);
    tcase_add_test(dirs, names_that_lead_out_of_the_directory_are_refused);
    tcase_add_test(dirs, remains_of_a_killed_run_go_and_those_of_a_living_one_stay);
    tcase_add_test(dirs, an_old_result_set_aside_by_a_killed_run_comes_back);
    suite_add_tcase(s, files);
    suite_add_tcase(s, dirs);
    return unit_run(s);
}
