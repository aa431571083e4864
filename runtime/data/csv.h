/* One row of CSV (RFC 4180) or TSV: its fields, and the JSON object that they make under a header's
 * names. */
#ifndef HEADGATE_DATA_CSV_H
#define HEADGATE_DATA_CSV_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

typedef struct DataCsvField {
    const char *text; ///< decoded, from the arena or borrowed from the row
    size_t bytes;
    bool quoted;
} DataCsvField;

/// The fields of row. Fails with ERROR_INPUT and the byte when a quote stands where none may.
NODISCARD bool data_csv_split(const char *row, size_t bytes, char delimiter, Arena *arena,
                              DataCsvField **ret_fields, size_t *ret_count, Error *err);
/// Appends {"name": "text", …}: an empty field is null, unless it was quoted. Fails with
/// ERROR_INPUT when there are not as many fields as names, or one is not UTF-8.
NODISCARD bool data_csv_object(Text *out, const DataCsvField *names, size_t names_count,
                               const DataCsvField *fields, size_t count, Error *err);

#endif
