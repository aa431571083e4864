/* Which functions give another value while nothing has changed. The server knows it; without one,
 * what is known of the functions of PostgreSQL has to do. */
#ifndef HEADGATE_SQL_VOLATILE_H
#define HEADGATE_SQL_VOLATILE_H

#include "sql/object.h"

/// Must each row compute this default? True for any function that is not known to give one value a
/// statement.
bool sql_volatile_default(const json_t *expression);
/// The first function in it that an index may not have: known to be STABLE or VOLATILE, or made by
/// the plan and not IMMUTABLE. NULL when there is none.
const char *sql_volatile_index(const json_t *expression, const SqlObjects *made);

#endif
