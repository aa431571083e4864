/* Items that two threads do together: each takes the next that is left. */
#ifndef HEADGATE_BASE_SHARE_H
#define HEADGATE_BASE_SHARE_H

#include "base/error.h"

enum { SHARE_ITEMS = 64 }; ///< from so many on a second thread helps

/// Does one item, on either thread.
typedef bool ShareItem(void *ctx, size_t item, Error *err);

/// Blocking. Does the items first to end - 1. They are taken in order, so those before the first
/// that fails are all done, and its error is the one that is told.
NODISCARD bool share_items(size_t first, size_t end, ShareItem *item, void *ctx, Error *err);

#endif
