/* Finding the embedded statements. */
#include "db/sql.h"

#include "base/embed.h"
#include "db/fault.h"

#include <string.h>

extern const EmbedFile db_sql_files[];

const char *db_sql(const char *name)
{
    size_t length = strlen(name);
    for (const EmbedFile *file = db_sql_files; file->name != NULL; file++) {
        if (strncmp(file->name, name, length) == 0 && strcmp(file->name + length, ".sql") == 0)
            return DB_BUG_SQL(name, file->start);
    }
    invariant_failed(__FILE__, __LINE__, name);
}
