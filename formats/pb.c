/* See pb.h. */
#include "formats/pb.h"

#include <stdlib.h>

/* An honest message needs little more than its own size, except lists of small integers (one byte
 * becomes eight); the fixed part is for small files with many nodes. */
enum { FACTOR = 4, FIXED = 256 << 20 };

static void *take(void *state, size_t n)
{
    pb_memory *m = state;
    void *p;

    if (n > m->left) {
        m->over = true;
        return NULL;
    }
    m->left -= n;
    p = malloc(n ? n : 1);
    m->no_memory |= p == NULL;
    return p;
}

static void give(void *state, void *p)
{
    (void)state;
    free(p);
}

void pb_memory_init(pb_memory *m, size_t n)
{
    *m = (pb_memory){.use = {take, give, m}, .left = (uint64_t)n * FACTOR + FIXED};
}
