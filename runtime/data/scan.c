/* One function a format; the bytes of a record that is not whole yet are not looked at twice. */
#include "data/scan.h"

#include "data/writer.h"

#include <string.h>

static const struct {
    DataFormat format;
    const char *name;
} FORMAT_ENDINGS[] = {
    {FORMAT_NDJSON, "ndjson"}, {FORMAT_NDJSON, "jsonl"}, {FORMAT_JSON, "json"},
    {FORMAT_CSV, "csv"},       {FORMAT_TSV, "tsv"},
};

DataFormat data_format_named(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(FORMAT_ENDINGS); i++) {
        if (strcmp(FORMAT_ENDINGS[i].name, name) == 0)
            return FORMAT_ENDINGS[i].format;
    }
    return FORMATS;
}

DataFormat data_format_of(const char *file)
{
    const char *dot = strrchr(file, '.');
    return dot == NULL ? FORMATS : data_format_named(dot + 1);
}

const char *data_format_name(DataFormat format)
{
    for (size_t i = 0; i < COUNT_OF(FORMAT_ENDINGS); i++) {
        if (FORMAT_ENDINGS[i].format == format)
            return FORMAT_ENDINGS[i].name;
    }
    return "";
}

void data_scan_init(DataScan *scan, DataFormat format, DataScanState state, int64_t line)
{
    *scan = (DataScan){.format = format,
                       .delimiter = format == FORMAT_TSV ? '\t' : ',',
                       .state = state,
                       .line = line};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* ---------------------------------------------------------------- common */

/* Skips n bytes in front of the record, counting lines. */
static void skip(DataScan *scan, const char *bytes, DataScanPiece *piece)
{
    scan->line += bytes[piece->skipped] == '\n';
    piece->skipped++;
}

static void skip_blanks(DataScan *scan, const char *bytes, size_t size, DataScanPiece *piece)
{
    while (piece->skipped < size && is_blank(bytes[piece->skipped]))
        skip(scan, bytes, piece);
}

static DataScanStep found(DataScan *scan, size_t size, size_t behind, int64_t lines,
                          DataScanPiece *piece)
{
    piece->size = size;
    piece->consumed = piece->skipped + size + behind;
    piece->line = scan->line;
    scan->line += lines;
    scan->looked = 0;
    scan->depth = 0;
    scan->in_text = scan->escaped = scan->plain = false;
    return SCAN_RECORD;
}

/* All that is left is one record that cannot be read. */
static DataScanStep broken(DataScan *scan, size_t size, const char *why, DataScanPiece *piece)
{
    piece->problem = why;
    scan->state = SCAN_CLOSED;
    return found(scan, size - piece->skipped, 0, 0, piece);
}

/* A byte order mark is no part of the first record. Needs three bytes, or all there are. */
static bool start(DataScan *scan, const char *bytes, size_t size, bool last, DataScanPiece *piece)
{
    static const char MARK[] = {'\xef', '\xbb', '\xbf'};
    if (scan->state != SCAN_START)
        return true;
    if (size < sizeof(MARK) && !last)
        return false;
    if (size >= sizeof(MARK) && memcmp(bytes, MARK, sizeof(MARK)) == 0)
        piece->skipped = sizeof(MARK);
    return true;
}

/* ---------------------------------------------------------------- lines */

/* Only whole lines: the blanks that a record's line begins with are the record's, because a line
 * belongs to the range of the file in which it begins. False when nothing but blanks is left. */
static bool skip_blank_lines(DataScan *scan, const char *bytes, size_t size, DataScanPiece *piece)
{
    size_t at = piece->skipped;
    for (; at < size && is_blank(bytes[at]); at++) {
        if (bytes[at] != '\n')
            continue;
        piece->skipped = at + 1;
        scan->line++;
    }
    return at < size;
}

static DataScanStep next_line(DataScan *scan, const char *bytes, size_t size, bool last,
                              DataScanPiece *piece)
{
    scan->state = SCAN_LINES;
    if (scan->looked == 0 && !skip_blank_lines(scan, bytes, size, piece))
        return last ? SCAN_END : SCAN_MORE;
    const char *begin = bytes + piece->skipped;
    size_t left = size - piece->skipped;
    const char *end = memchr(begin + scan->looked, '\n', left - scan->looked);
    if (end == NULL && !last) {
        scan->looked = left;
        return SCAN_MORE;
    }
    size_t length = end == NULL ? left : (size_t)(end - begin);
    size_t carriage = length > 0 && begin[length - 1] == '\r' ? 1 : 0;
    return found(scan, length - carriage, carriage + (end == NULL ? 0 : 1), end != NULL, piece);
}

/* As data_csv_split() reads it: a quote opens where a field begins, and again right behind one that
 * closes ("" is one quote); anywhere else it is a byte like others. */
static void row_byte(DataScan *scan, char c)
{
    if (c == '"' && !scan->plain)
        scan->in_text = !scan->in_text;
    else if (!scan->in_text)
        scan->plain = c != scan->delimiter;
    scan->depth += c == '\n'; /* lines inside the row */
}

/* A line end inside quotes belongs to the row. */
static DataScanStep next_row(DataScan *scan, const char *bytes, size_t size, bool last,
                             DataScanPiece *piece)
{
    scan->state = SCAN_LINES;
    while (scan->looked == 0 && piece->skipped < size &&
           (bytes[piece->skipped] == '\n' || bytes[piece->skipped] == '\r'))
        skip(scan, bytes, piece);
    const char *begin = bytes + piece->skipped;
    size_t left = size - piece->skipped;
    if (left == 0)
        return last ? SCAN_END : SCAN_MORE;
    size_t at = scan->looked;
    for (; at < left && (scan->in_text || begin[at] != '\n'); at++)
        row_byte(scan, begin[at]);
    if (at == left && !last) {
        scan->looked = left;
        return SCAN_MORE;
    }
    if (scan->in_text)
        return broken(scan, size, "a quoted field that does not end", piece);
    size_t carriage = at > 0 && begin[at - 1] == '\r' ? 1 : 0;
    size_t line_end = at < left ? 1 : 0;
    return found(scan, at - carriage, carriage + line_end, scan->depth + (int64_t)line_end, piece);
}

/* ---------------------------------------------------------------- one JSON value */

static size_t skip_text(DataScan *scan, const char *bytes, size_t at, size_t size)
{
    while (at < size && scan->in_text) {
        if (scan->escaped) {
            scan->escaped = false;
            at++;
            continue;
        }
        at = (size_t)(data_writer_plain(bytes + at, bytes + size) - bytes);
        if (at == size)
            break;
        scan->escaped = bytes[at] == '\\';
        scan->in_text = bytes[at] != '"';
        at++;
    }
    return at;
}

/* Looks for the end of the value that begins at begin. True when it is found at *ret_size. */
static bool value_end(DataScan *scan, const char *begin, size_t left, bool last, size_t *ret_size)
{
    size_t at = scan->looked;
    while (at < left) {
        if (scan->in_text) {
            at = skip_text(scan, begin, at, left);
            if (!scan->in_text && scan->depth == 0 && at > 0)
                break;
            continue;
        }
        char c = begin[at];
        if (scan->depth == 0 && at > 0 && (is_blank(c) || c == ',' || c == ']' || c == '}'))
            break;
        at++;
        if (c == '"')
            scan->in_text = true;
        else if (c == '[' || c == '{')
            scan->depth++;
        else if ((c == ']' || c == '}') && --scan->depth <= 0)
            break;
    }
    bool whole = at > 0 && !scan->in_text && scan->depth <= 0 &&
                 (at < left || last || strchr("]}\"", begin[at - 1]) != NULL);
    scan->looked = at;
    *ret_size = at;
    return whole;
}

static int64_t count_lines(const char *bytes, size_t size)
{
    int64_t lines = 0;
    for (const char *at = bytes, *end = bytes + size;
         (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        lines++;
    return lines;
}

static DataScanStep value(DataScan *scan, const char *bytes, size_t size, bool last,
                          DataScanPiece *piece)
{
    const char *begin = bytes + piece->skipped;
    size_t length = 0;
    if (value_end(scan, begin, size - piece->skipped, last, &length))
        return found(scan, length, 0, count_lines(begin, length), piece);
    return last ? broken(scan, size, "the value does not end before the file does", piece)
                : SCAN_MORE;
}

/* ---------------------------------------------------------------- elements */

/* What stands in front of the next element: brackets and commas. SCAN_RECORD: it begins here. */
static DataScanStep before_element(DataScan *scan, const char *bytes, size_t size, bool last,
                                   DataScanPiece *piece)
{
    for (;;) {
        skip_blanks(scan, bytes, size, piece);
        if (piece->skipped == size) {
            bool may_end = scan->state == SCAN_CLOSED || scan->state == SCAN_START;
            return !last     ? SCAN_MORE
                   : may_end ? SCAN_END
                             : broken(scan, size, "the array does not end", piece);
        }
        char c = bytes[piece->skipped];
        if (scan->state == SCAN_CLOSED)
            return broken(scan, size, "something stands behind the end of the JSON value", piece);
        if (scan->state == SCAN_START && c != '[') {
            scan->state = SCAN_CLOSED;
            return SCAN_RECORD;
        }
        if (scan->state == SCAN_BEHIND && c != ',' && c != ']')
            return broken(scan, size, "\",\" or \"]\" is expected behind an element", piece);
        bool element = scan->state == SCAN_NEXT || (scan->state == SCAN_FIRST && c != ']');
        if (element) {
            scan->state = SCAN_BEHIND;
            return SCAN_RECORD;
        }
        scan->state = scan->state == SCAN_START ? SCAN_FIRST : c == ']' ? SCAN_CLOSED : SCAN_NEXT;
        skip(scan, bytes, piece);
    }
}

static DataScanStep next_element(DataScan *scan, const char *bytes, size_t size, bool last,
                                 DataScanPiece *piece)
{
    if (scan->looked == 0) {
        DataScanStep step = before_element(scan, bytes, size, last, piece);
        if (step != SCAN_RECORD || piece->problem != NULL)
            return step;
    }
    return value(scan, bytes, size, last, piece);
}

DataScanStep data_scan(DataScan *scan, const char *bytes, size_t size, bool last,
                       DataScanPiece *ret)
{
    static DataScanStep (*const NEXT[FORMATS])(DataScan *, const char *, size_t, bool,
                                               DataScanPiece *) = {
        [FORMAT_NDJSON] = next_line,
        [FORMAT_JSON] = next_element,
        [FORMAT_CSV] = next_row,
        [FORMAT_TSV] = next_row,
    };
    *ret = (DataScanPiece){.line = scan->line};
    if (!start(scan, bytes, size, last, ret))
        return SCAN_MORE;
    return NEXT[scan->format](scan, bytes, size, last, ret);
}
