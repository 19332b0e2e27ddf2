/* See num.h. */
#include "base/num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

num_text num_exact(double v)
{
    num_text t;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(t.s, sizeof t.s, "%.*g", digits, v == 0 ? 0 : v);
        if (strtod(t.s, NULL) == v)
            break;
    }
    return t;
}

double num_round(double v, int digits)
{
    char s[40];
    snprintf(s, sizeof s, "%.*e", digits - 1, v);
    return strtod(s, NULL);
}

bool num_read(const char *text, double *out)
{
    char *end;
    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
        return false;
    *out = strtod(text, &end);
    return end != text && !*end && isfinite(*out);
}
