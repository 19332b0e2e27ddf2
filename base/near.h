/* "Did you mean": the name nearest in spelling. */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stddef.h>

/* The name nearest to WORD among N names, or NULL when none is near (about one slip in three
 * letters). */
const char *base_nearest(const char *word, const char *const *names, size_t n);

#endif
