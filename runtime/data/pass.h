/* A pass over the ranges of a table, or over those of two, range beside range. A large table is
 * read in parts of some ranges each: one statement for all of it would have to end within the
 * target's statement_timeout, and would tell nothing before. */
#ifndef HEADGATE_DATA_PASS_H
#define HEADGATE_DATA_PASS_H

#include "data/digest.h"

typedef struct DataPass {
    const DataDigestTable *table;
    const DataDigestTable *other; ///< NULL = there is one table
    const DataDigestForm *form;
    const DataDigestCuts *cuts;
    bool parts;   ///< as data_pass_parts() says; false: all at once
    size_t first; ///< ranges before this one are not read
    /// Each range in its turn; other is NULL when there is one table. Waits. Digests live as long
    /// as the call.
    bool (*range)(void *ctx, size_t range, const DataDigest *digest, const DataDigest *other,
                  Error *err);
    /// A part is read: all ranges before next are. Waits. May be NULL.
    bool (*part)(void *ctx, size_t next, Error *err);
    void *ctx;
} DataPass;

/// Waits. Is a pass over these tables worth parts? They must be large, and each part must be found
/// without the rest of the table.
NODISCARD bool data_pass_parts(const DataPass *pass, bool *ret_parts, Error *err);
/// Waits. False with what reading or a callback failed with.
NODISCARD bool data_pass_run(const DataPass *pass, Error *err);

#endif
