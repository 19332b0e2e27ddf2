/* Parts of the Graphviz writer. */
#ifndef NPUSIM_REPORTS_DOT_H
#define NPUSIM_REPORTS_DOT_H

#include <stdio.h>

#include "npusim/profile.h"

/* Contents of a quoted DOT string; backslashes would start an escape such as \N. */
void rep_dot_quoted(FILE *f, const char *s);

/* The picture of a .bin: P must have its origin. */
npu_status rep_dot_nodes(const npu_profile *p, FILE *out);

#endif
