/* JUnit XML of the verdicts, in the part every CI server reads (tests/schema/junit.xsd).
 *
 * A rule is a test case: what fails is a failure, what could not be judged is skipped, a warning
 * is a passed case with text on system-out.  No time stamps; time is 0, because the simulated time
 * is a value here and not the duration of the test. */
#include <string.h>

#include "reports/gate.h"
#include "reports/out.h"

/* Text and quoted attribute values.  XML 1.0 has no way to write most control characters and the
 * two last code points of the plane. */
static void xml(FILE *f, const char *s)
{
    uint32_t c;
    while ((c = rep_utf8(&s)) != 0) {
        switch (c) {
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '&': fputs("&amp;", f); break;
        case '"': fputs("&quot;", f); break;
        case '\t': case '\n': case '\r': putc(' ', f); break;
        default: rep_put_utf8(f, c < 0x20 || c == 0xfffe || c == 0xffff ? 0xfffd : c);
        }
    }
}

static bool skipped(const npu_check *c)
{
    return !c->failed && (c->verdict == NPU_SKIPPED || c->verdict == NPU_NO_BASELINE ||
                          c->verdict == NPU_MISSING);
}

static void lines(const npu_check *c, FILE *f)
{
    xml(f, npu_verdict_word(c->verdict));
    fputs(": ", f);
    xml(f, c->message);
    for (size_t i = 0; i < c->ncause; i++) {
        fputs("\n", f);
        xml(f, c->cause[i]);
    }
}

static void failure(const npu_check *c, FILE *f)
{
    bool change = strcmp(c->rule, "regress") == 0 || strcmp(c->rule, "improve") == 0;
    bool missing = c->verdict == NPU_MISSING || c->verdict == NPU_NO_BASELINE;
    fputs("<failure message=\"", f);
    if (c->verdict == NPU_WITHIN)
        fputs("WITHIN ERROR: ", f);
    xml(f, c->message);
    fprintf(f, "\" type=\"%s\">", missing ? "missing" : change ? "regression" : "budget");
    lines(c, f);
    fputs("</failure>", f);
}

static void test_case(const npu_check *c, FILE *f)
{
    fputs("    <testcase classname=\"", f);
    xml(f, c->model);
    fputs("@", f);
    xml(f, c->profile);
    fputs("\" name=\"", f);
    xml(f, c->scope);
    fprintf(f, ":%s", c->metric);
    if (strcmp(c->metric, c->rule) != 0)
        fprintf(f, ":%s", c->rule);
    fputs("\" time=\"0\">", f);
    if (c->failed) {
        failure(c, f);
    } else if (skipped(c)) {
        fputs("<skipped message=\"", f);
        xml(f, c->message);
        fputs("\"/>", f);
    } else {
        fputs("<system-out>", f);
        lines(c, f);
        fputs("</system-out>", f);
    }
    fputs("</testcase>\n", f);
}

void rep_gate_junit(const npu_gate *g, FILE *f)
{
    size_t nskipped = 0;
    for (size_t i = 0; i < g->n; i++)
        nskipped += skipped(&g->check[i]);
    fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<testsuites tests=\"%zu\" failures=\"%zu\" errors=\"0\" time=\"0\">\n"
               "  <testsuite name=\"npusim.check\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
               "skipped=\"%zu\" time=\"0\">\n",
            g->n, g->failed, g->n, g->failed, nskipped);
    for (size_t i = 0; i < g->n; i++)
        test_case(&g->check[i], f);
    fputs("  </testsuite>\n</testsuites>\n", f);
}
