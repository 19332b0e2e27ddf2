/* Reports of `npusim check`: verdicts in, text out.  Write errors stay in the FILE. */
#ifndef NPUSIM_REPORTS_GATE_H
#define NPUSIM_REPORTS_GATE_H

#include <stdio.h>

#include "npusim/gate.h"

void rep_gate_text(const npu_gate *g, bool quiet, FILE *f); /* QUIET: only what did not pass */
void rep_gate_json(const npu_gate *g, FILE *f);             /* schema npusim.check/1 */
void rep_gate_md(const npu_gate *g, FILE *f);               /* a table for merge requests */
void rep_gate_junit(const npu_gate *g, FILE *f);            /* tests/schema/junit.xsd */
/* Workflow commands of GitHub Actions: each line becomes a remark on the run. */
void rep_gate_github(const npu_gate *g, FILE *f);

#endif
