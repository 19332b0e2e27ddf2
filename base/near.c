/* See near.h. */
#include "base/near.h"

#include <string.h>

enum { WORD_MAX = 64 }; /* letters compared */

/* Edits (insert, delete, replace) from A to B; '-' equals '_'.  Words are cut to WORD_MAX. */
static size_t distance(const char *a, const char *b)
{
    size_t d[WORD_MAX + 1], n = strnlen(b, WORD_MAX);
    for (size_t j = 0; j <= n; j++)
        d[j] = j;
    for (size_t i = 1; a[i - 1] && i <= WORD_MAX; i++) {
        size_t diagonal = d[0];
        d[0] = i;
        for (size_t j = 1; j <= n; j++) {
            char x = a[i - 1] == '_' ? '-' : a[i - 1], y = b[j - 1] == '_' ? '-' : b[j - 1];
            size_t best = diagonal + (x != y);
            diagonal = d[j];
            if (d[j] + 1 < best)
                best = d[j] + 1;
            if (d[j - 1] + 1 < best)
                best = d[j - 1] + 1;
            d[j] = best;
        }
    }
    return d[n];
}

const char *base_nearest(const char *word, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t least = strlen(word) / 3 + 2; /* exclusive: about one slip in three letters */
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, names[i]);
        if (d < least) {
            least = d;
            best = names[i];
        }
    }
    return best;
}
