/* Small graphs for the tests of shapes and folding.  Every call fails the test when it cannot. */
#ifndef NPUSIM_TESTS_SHAPE_FIXTURE_H
#define NPUSIM_TESTS_SHAPE_FIXTURE_H

#include "compiler/compile.h"
#include "compiler/graph.h"

/* The graph of a test: sf_begin before, sf_end after it. */
extern npu_graph *sf_graph;
void sf_begin(void);   /* opset 13 */
void sf_end(void);
void sf_opset(int opset); /* an empty graph again */

/* A graph input or synthetic constant; SHAPE as "1x3x4x4", "" scalar, "?" no rank; "-1" is open. */
int32_t sf_in(const char *name, npu_elem elem, const char *shape);
int32_t sf_weight(const char *name, npu_elem elem, const char *shape);
/* Constants with data, one-dimensional: N numbers. */
int32_t sf_ints(int n, const int64_t *v);
int32_t sf_floats(int n, const float *v);
int32_t sf_scalar(int64_t v);
#define SF_INTS(...)                                                                               \
    sf_ints((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})
#define SF_FLOATS(...)                                                                             \
    sf_floats((int)(sizeof((float[]){__VA_ARGS__}) / sizeof(float)), (float[]){__VA_ARGS__})

/* A node with NOUT outputs y0, y1, ... (numbered on through the graph), the first returned. */
int32_t sf_node(npu_op op, int nout, int nin, const int32_t *in);
#define SF_NODE(op, nout, ...)                                                                     \
    sf_node(NPU_OP_##op, nout, (int)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)),          \
            (int32_t[]){__VA_ARGS__})
/* Attributes of the last node. */
void sf_int(const char *name, int64_t v);
void sf_text(const char *name, const char *v);
void sf_list(const char *name, int n, const int64_t *v);
#define SF_LIST(name, ...)                                                                         \
    sf_list(name, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                       \
            (int64_t[]){__VA_ARGS__})

/* Runs cc_shapes: it must succeed, or fail with STATUS and a message that has TEXT in it. */
void sf_run(void);
void sf_refused(npu_status status, const char *text);

/* Value V has that type and shape; that contents (as a constant). */
void sf_is(int32_t v, npu_elem elem, const char *shape);
void sf_holds(int32_t v, int n, const double *want);
#define SF_HOLDS(v, ...)                                                                           \
    sf_holds(v, (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__})

#endif
