/* Reports of `npusim diff`.  Write errors stay in the FILE. */
#ifndef NPUSIM_REPORTS_DIFF_H
#define NPUSIM_REPORTS_DIFF_H

#include <stdio.h>

#include "npusim/diff.h"

/* At most TOP rows, and no more once 95 % of the moved cycles are named; what is left is summed in
 * one line, so that the lines add up. */
void rep_diff_text(const npu_diff *d, size_t top, FILE *f);
void rep_diff_md(const npu_diff *d, size_t top, FILE *f);
void rep_diff_json(const npu_diff *d, FILE *f); /* every row; schema npusim.diff/1 */

#endif
