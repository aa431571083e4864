/* The embedded SQL: every statement of the runtime stands in runtime/db/sql/NAME.sql and is found
 * here by its name (file name without .sql). */
#ifndef HEADGATE_DB_SQL_H
#define HEADGATE_DB_SQL_H

#include "base/base.h"

/// The text of runtime/db/sql/<name>.sql. Aborts (invariant) when there is none: names are
/// literals.
const char *db_sql(const char *name);

#endif
