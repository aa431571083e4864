/* What a database is made of, as its catalogs say: read, written to a file, compared.
 *
 * A catalog is {object: {part: definition}}: "table shop.people" has the parts "" (itself),
 * "column email", "index shop.people_email", "grant to app", … (db/sql/catalog_objects.sql). */
#ifndef HEADGATE_DATA_CATALOG_H
#define HEADGATE_DATA_CATALOG_H

#include "base/json.h"
#include "base/text.h"
#include "db/conn.h"

enum {
    CATALOG_TEXT_BYTES = 64 * 1024 * 1024, ///< of a catalog as a file
    CATALOG_SHORT_BYTES = 400, ///< of a definition that is kept with a run; longer: its MD5
};

/// What of two catalogs is compared. Lists are borrowed; NULL = all, and nothing left out.
typedef struct DataCatalogFilter {
    const json_t *schemas; ///< names as people write them
    const json_t *except;  ///< "shop.people", "table shop.people", "table shop.people: column id"
    bool privileges;       ///< owners and grants too
    bool column_order;
} DataCatalogFilter;

/// How differences are told: "is new", "is gone", "was".
typedef struct DataCatalogWords {
    const char *only_here;
    const char *only_there;
    const char *there;
} DataCatalogWords;

/// Waits, in the caller's transaction. Definitions longer than definition_bytes (0 = no limit) end
/// with their MD5.
NODISCARD bool data_catalog_read(DbConn *conn, int definition_bytes, json_t **ret_catalog,
                                 Error *err);
/// One line an object, its parts indented below: "name TAB definition".
void data_catalog_write(const json_t *catalog, Text *out);
/// Reads what data_catalog_write() wrote. ERROR_INPUT names file and line.
NODISCARD bool data_catalog_parse(const char *file, const char *text, json_t **ret_catalog,
                                  Error *err);
/// Appends one text a difference to differing: objects that are on one side only, then parts.
void data_catalog_compare(const json_t *here, const json_t *there, const DataCatalogFilter *filter,
                          const DataCatalogWords *words, json_t *differing);
/// How many objects are compared.
size_t data_catalog_count(const json_t *catalog, const DataCatalogFilter *filter);

#endif
