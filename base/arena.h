/* Memory that is given back all at once: everything of one graph lives in one arena. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

typedef struct base_arena base_arena;

base_arena *arena_new(void);      /* NULL: no memory */
void arena_free(base_arena *a);   /* accepts NULL */

/* N zeroed bytes, aligned for any type; NULL: no memory.  N 0 gives a valid pointer. */
void *arena_alloc(base_arena *a, size_t n);

/* Copies; NULL: no memory. */
char *arena_text(base_arena *a, const char *text);
char *arena_textn(base_arena *a, const char *text, size_t n);
void *arena_copy(base_arena *a, const void *from, size_t n);
char *arena_printf(base_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
