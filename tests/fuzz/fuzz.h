/* What fuzz targets share. A target is a file of targets/ with fuzz_one(): it calls functions of
 * the project with any bytes and states with invariant() what must hold. It keeps nothing between
 * two calls. */
#ifndef HEADGATE_TESTS_FUZZ_FUZZ_H
#define HEADGATE_TESTS_FUZZ_FUZZ_H

#include "base/error.h"
#include "base/json.h"

/// The target: one input. bytes is a block of its own, without a NUL behind it.
void fuzz_one(const uint8_t *bytes, size_t size);

/// An input that is taken apart from the front. Past its end there are zeros and empty texts.
typedef struct FuzzInput {
    const uint8_t *at;
    size_t left;
} FuzzInput;

uint8_t fuzz_byte(FuzzInput *input);
/// The text up to the next line break (which is taken too), in a block of exactly its size, so that
/// AddressSanitizer sees every step beyond it. A NUL ends it early. free() it, or AUTO(base_free).
char *fuzz_line(FuzzInput *input);
/// The same with all that is left.
char *fuzz_rest(FuzzInput *input);

/// What every failure must leave behind: a kind, and one line of UTF-8.
void fuzz_check_error(const Error *err);
/// Is it UTF-8 without a NUL?
bool fuzz_is_text(const char *bytes, size_t size);

/// Was this text given to log_secret() since the input began? The real list, which only grows, is
/// not kept while fuzzing.
bool fuzz_was_secret(const char *text);

/// Calls run(ctx) on a stack as large as a fiber's.
void fuzz_on_fiber_stack(void (*run)(void *ctx), void *ctx);

#endif
