/* Frame of a unit test program: tests/unit/test_<file>.c has one Suite and ends with
 *
 *     int main(void)
 *     {
 *         Suite *s = suite_create("buf");
 *         TCase *core = tcase_create("core");
 *         tcase_add_test(core, reads_are_little_endian);
 *         suite_add_tcase(s, core);
 *         return unit_run(s);
 *     }
 *
 * The result is TAP on stdout, one line per test, as the Automake harness wants it. */
#ifndef NPUSIM_TESTS_UNIT_H
#define NPUSIM_TESTS_UNIT_H

#include <check.h>

/* Runs and frees S.  Returns the exit status of the program. */
static inline int unit_run(Suite *s)
{
    SRunner *r = srunner_create(s);
    int failed;
    srunner_set_tap(r, "-");
    srunner_run_all(r, CK_SILENT);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}

#endif
