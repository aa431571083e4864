/* Did you mean …? The nearest of the words offered, by Damerau-Levenshtein distance. */
#ifndef HEADGATE_BASE_SUGGEST_H
#define HEADGATE_BASE_SUGGEST_H

#include "base/base.h"

typedef struct Suggest {
    const char *word;
    const char *best; ///< NULL while nothing offered was near enough
    size_t distance;  ///< of best
} Suggest;

/// word is borrowed.
void suggest_init(Suggest *suggest, const char *word);
/// Keeps candidate (borrowed) when it is nearer than those before, and near at all: at most
/// max(1, length / 3) edits (a letter more, less, other, or two swapped).
void suggest_offer(Suggest *suggest, const char *candidate);

#endif
