/* Optimal string alignment: https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance */
#include "base/suggest.h"

#include <string.h>

enum { WORD_BYTES_MAX = 64 }; /* longer words get no suggestion */

void suggest_init(Suggest *suggest, const char *word)
{
    *suggest = (Suggest){.word = word};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][WORD_BYTES_MAX + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *now = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        before[j] = last[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t other = a[i - 1] == b[j - 1] ? 0 : 1;
            now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + other);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        size_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[b_length];
}

void suggest_offer(Suggest *suggest, const char *candidate)
{
    size_t word_length = strlen(suggest->word);
    size_t length = strlen(candidate);
    if (word_length == 0 || word_length > WORD_BYTES_MAX || length > WORD_BYTES_MAX)
        return;
    size_t found = distance(suggest->word, word_length, candidate, length);
    size_t allowed = word_length / 3 > 1 ? word_length / 3 : 1;
    if (found > allowed || found >= word_length ||
        (suggest->best != NULL && found >= suggest->distance))
        return;
    suggest->best = candidate;
    suggest->distance = found;
}
