/* Memory for messages that protobuf-c unpacks.
 *
 * Two bytes of a hostile message become an empty sub-message of a hundred bytes, so everything an
 * unpack call may allocate is bounded by the size of what it reads. */
#ifndef FORMATS_PB_H
#define FORMATS_PB_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    ProtobufCAllocator use; /* to unpack and to free; lives as long as the message */
    uint64_t left;          /* bytes that may still be allocated; freeing gives nothing back */
    bool over;              /* the bound was met: no honest message of that size */
    bool no_memory;         /* malloc failed */
} pb_memory;

/* For one message of N bytes.  M must not move afterwards. */
void pb_memory_init(pb_memory *m, size_t n);

#endif
