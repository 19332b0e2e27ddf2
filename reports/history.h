/* Reports of `npusim history show`.  Write errors stay in the FILE. */
#ifndef NPUSIM_REPORTS_HISTORY_H
#define NPUSIM_REPORTS_HISTORY_H

#include <stdio.h>

#include "npusim/history.h"

void rep_history_text(const npu_history *h, FILE *f);
void rep_history_json(const npu_history *h, FILE *f); /* schema npusim.history/1 */
void rep_history_html(const npu_history *h, FILE *f); /* one page, SVG charts, no script */

#endif
