/* Splits a file into records without reading all of it: lines (NDJSON), the elements of one JSON
 * array (or one object), the rows of CSV and TSV. Pure: it is given bytes and says where records
 * begin and end. What a record holds is checked by whoever parses it (data/document.h). */
#ifndef HEADGATE_DATA_SCAN_H
#define HEADGATE_DATA_SCAN_H

#include "base/base.h"

typedef enum DataFormat {
    FORMAT_NDJSON,
    FORMAT_JSON, ///< one array, whose elements are the records, or one value
    FORMAT_CSV,
    FORMAT_TSV,
    FORMATS, ///< how many; also "not known"
} DataFormat;

/// Where the scanner stands between two records. Kept with a cursor, so that another process goes
/// on.
typedef enum DataScanState {
    SCAN_START,  ///< nothing of the file is read
    SCAN_FIRST,  ///< behind "[": an element or "]"
    SCAN_BEHIND, ///< behind an element: "," or "]"
    SCAN_NEXT,   ///< behind ",": an element
    SCAN_LINES,  ///< between lines
    SCAN_CLOSED, ///< behind the last record: only blanks may follow
} DataScanState;

typedef struct DataScan {
    DataFormat format;
    char delimiter; ///< of a row's fields: the format's, until somebody who knows better says so
    DataScanState state;
    int64_t line; ///< of the next byte, from 1
    /* the record at hand, when more bytes were asked for */
    size_t looked;
    int depth;
    bool in_text;
    bool escaped;
    bool plain; ///< inside a field of a row, where a quote opens nothing
} DataScan;

typedef enum DataScanStep {
    SCAN_RECORD,
    SCAN_MORE, ///< give the same bytes from skipped on, with more behind them
    SCAN_END,
} DataScanStep;

typedef struct DataScanPiece {
    size_t skipped;      ///< bytes in front of the record
    size_t size;         ///< of the record, without its line end
    size_t consumed;     ///< skipped, the record and its line end
    int64_t line;        ///< where the record begins
    const char *problem; ///< why it cannot be a record, or NULL; then nothing behind it can be read
} DataScanPiece;

/// state is SCAN_START, or where an earlier scanner stood; line the line there.
void data_scan_init(DataScan *scan, DataFormat format, DataScanState state, int64_t line);
/// The next record of bytes; last = no more bytes follow. After SCAN_RECORD the caller goes on
/// behind ret->consumed, after SCAN_MORE behind ret->skipped. Blank lines are no records.
DataScanStep data_scan(DataScan *scan, const char *bytes, size_t size, bool last,
                       DataScanPiece *ret);

/// By the ending of a file's name (".json", ".ndjson", ".jsonl", ".csv", ".tsv"); FORMATS when it
/// says nothing.
DataFormat data_format_of(const char *file);
/// By its name in a plan; FORMATS when there is none.
DataFormat data_format_named(const char *name);
const char *data_format_name(DataFormat format);

#endif
