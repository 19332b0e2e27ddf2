/* A small YAML file as a tree of texts.  libyaml parses; this says what is allowed. */
#ifndef COMPILER_CONFIG_YAML_H
#define COMPILER_CONFIG_YAML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "npusim/err.h"

typedef enum { CFG_SCALAR, CFG_MAPPING, CFG_SEQUENCE } cfg_kind;

typedef struct cfg_node {
    cfg_kind kind;
    unsigned line;               /* from 1 */
    const char *key;             /* in a mapping; unique there */
    const char *text;            /* of a scalar; NULL: empty, "~" or "null" without quotes */
    struct cfg_node *child, *next;
} cfg_node;

enum { CFG_BYTES_MAX = 1 << 20, CFG_NODES_MAX = 4096, CFG_DEPTH_MAX = 8 };

/* Parses one document into nodes of ARENA.  Anchors, aliases, tags, keys that are not plain text, a
 * key twice, a second document and more than CFG_... are refused.  Errors: NPU_BAD_INPUT with PATH
 * and line, NPU_LIMIT (memory). */
npu_status cfg_yaml(const char *path, const uint8_t *bytes, size_t n, base_arena *arena,
                    cfg_node **out, npu_err *err);

#endif
