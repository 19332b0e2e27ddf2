/* See arena.h. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 * 1024, ALIGN = 16 };

typedef struct block {
    struct block *next;
    size_t used, size;
    _Alignas(ALIGN) unsigned char data[];
} block;

struct base_arena {
    block *first; /* the one that is filled */
};

base_arena *arena_new(void)
{
    return calloc(1, sizeof(base_arena));
}

void arena_free(base_arena *a)
{
    for (block *b = a ? a->first : NULL; b;) {
        block *next = b->next;
        free(b);
        b = next;
    }
    free(a);
}

void *arena_alloc(base_arena *a, size_t n)
{
    block *b = a->first;
    if (n > SIZE_MAX / 2)
        return NULL;
    n = (n + ALIGN - 1) / ALIGN * ALIGN;
    if (!b || b->size - b->used < n) {
        size_t size = n > BLOCK / 4 ? n : BLOCK;
        block *fresh = calloc(1, sizeof *fresh + size);
        if (!fresh)
            return NULL;
        fresh->size = size;
        if (b && size != BLOCK) { /* a large piece: go on filling the block there is */
            fresh->used = n;
            fresh->next = b->next;
            b->next = fresh;
            return fresh->data;
        }
        fresh->next = b;
        a->first = b = fresh;
    }
    void *p = b->data + b->used;
    b->used += n;
    return p;
}

void *arena_copy(base_arena *a, const void *from, size_t n)
{
    void *p = arena_alloc(a, n);
    if (p && n)
        memcpy(p, from, n);
    return p;
}

char *arena_textn(base_arena *a, const char *text, size_t n)
{
    char *p = arena_alloc(a, n + 1);
    if (p)
        memcpy(p, text, n);
    return p;
}

char *arena_text(base_arena *a, const char *text)
{
    return arena_textn(a, text, strlen(text));
}

char *arena_printf(base_arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (p)
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return p;
}
