/* The UPDATE of a batch whose new values are SQL expressions: the server does all the work. */
#ifndef HEADGATE_DATA_SET_H
#define HEADGATE_DATA_SET_H

#include "data/update.h"

/// Waits. Sets the spec's columns in rows (in key order) where they still need it, in the open
/// transaction, and marks those it has written. Fails like data_update_run().
NODISCARD bool data_set_run(DataUpdater *updater, Arena *arena, DataUpdateRow *const *rows,
                            size_t count, Error *err);

#endif
