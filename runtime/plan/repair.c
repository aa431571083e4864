/* A small scanner that knows just enough YAML to tell values from quotes, comments and block
 * scalars. */
#include "plan/repair.h"

#include "base/text.h"

#include <string.h>

typedef struct Scan {
    const char *text;
    const char *end;
    const char *at;
    const char *line_start;
    const char *copied;    /* everything before it is in out */
    const char *column_of; /* column is its column */
    int column;
    int line;
    int flow_depth;
    Text out;
    RepairSpot *spots;
    size_t spots_count;
    size_t spots_capacity;
} Scan;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool at_line_end(const Scan *scan)
{
    return scan->at >= scan->end || *scan->at == '\n';
}

static void skip_blanks(Scan *scan)
{
    while (scan->at < scan->end && is_blank(*scan->at))
        scan->at++;
}

static void skip_line(Scan *scan)
{
    while (!at_line_end(scan))
        scan->at++;
}

static void next_line(Scan *scan)
{
    if (scan->at < scan->end)
        scan->at++;
    scan->line++;
    scan->line_start = scan->at;
}

/* Characters, as libyaml counts them, not bytes. Asked from left to right, so it goes on from the
 * last answer: a line may be a megabyte long. */
static int column_of(Scan *scan, const char *at)
{
    if (scan->column_of < scan->line_start || scan->column_of > at) {
        scan->column_of = scan->line_start;
        scan->column = 1;
    }
    for (; scan->column_of < at; scan->column_of++) {
        if (((unsigned char)*scan->column_of & 0xC0) != 0x80)
            scan->column++;
    }
    return scan->column;
}

/* Width of the blanks a line begins with; -1 for a line of blanks only. */
static int indent_of(const char *line, const char *end)
{
    const char *at = line;
    while (at < end && *at == ' ')
        at++;
    const char *rest = at;
    while (rest < end && is_blank(*rest))
        rest++;
    return rest >= end || *rest == '\n' ? -1 : (int)(at - line);
}

/* The indent of the next line that is not blank; -1 at the end of the text. */
static int next_indent(const Scan *scan)
{
    const char *at = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));
    while (at != NULL && at + 1 < scan->end) {
        int indent = indent_of(at + 1, scan->end);
        if (indent >= 0)
            return indent;
        at = memchr(at + 1, '\n', (size_t)(scan->end - at - 1));
    }
    return -1;
}

/* "|" or ">" with at most two indicators and nothing else on the line but a comment. */
static bool is_block_header(const Scan *scan, int parent_indent)
{
    const char *at = scan->at;
    if (at >= scan->end || (*at != '|' && *at != '>'))
        return false;
    bool folded = *at == '>';
    at++;
    bool has_digit = false;
    for (int i = 0; i < 2 && at < scan->end && memchr("+-0123456789", *at, 12) != NULL; i++) {
        has_digit = has_digit || (*at >= '0' && *at <= '9');
        at++;
    }
    while (at < scan->end && is_blank(*at))
        at++;
    if (at < scan->end && *at != '\n' && *at != '#')
        return false;
    /* ">5" is a header by the letter; without deeper lines below it can only be a threshold */
    return !(folded && has_digit && next_indent(scan) <= parent_indent);
}

static void skip_block_scalar(Scan *scan, int parent_indent)
{
    skip_line(scan);
    while (scan->at < scan->end) {
        int indent = indent_of(scan->at + 1, scan->end);
        if (indent >= 0 && indent <= parent_indent)
            return;
        next_line(scan);
        skip_line(scan);
    }
}

static bool is_comment(const Scan *scan)
{
    return scan->at < scan->end && *scan->at == '#' &&
           (scan->at == scan->line_start || is_blank(scan->at[-1]));
}

/* Behind the closing quote, which may stand lines below. */
static void skip_quoted(Scan *scan)
{
    char quote = *scan->at++;
    while (scan->at < scan->end) {
        char c = *scan->at;
        if (c == '\n') {
            next_line(scan);
            continue;
        }
        scan->at++;
        if (c == '\\' && quote == '"' && !at_line_end(scan))
            scan->at++;
        else if (c == quote && !(quote == '\'' && scan->at < scan->end && *scan->at == quote))
            return;
        else if (c == quote)
            scan->at++;
    }
}

static bool is_threshold(const Scan *scan)
{
    const char *at = scan->at;
    const char *end = scan->end;
    if (at < end && *at == '>')
        at += at + 1 < end && at[1] == '=' ? 2 : 1;
    else if (end - at >= 2 && memcmp(at, "!=", 2) == 0)
        at += 2;
    else
        return false;
    while (at < end && is_blank(*at))
        at++;
    if (at < end && *at == '-')
        at++;
    return at < end && *at >= '0' && *at <= '9';
}

static void add_spot(Scan *scan, const char *from, const char *to)
{
    if (scan->spots_count == scan->spots_capacity) {
        scan->spots_capacity = scan->spots_capacity == 0 ? 16 : scan->spots_capacity * 2;
        scan->spots = base_realloc(scan->spots, scan->spots_capacity * sizeof(RepairSpot));
    }
    const RepairSpot *last = scan->spots_count == 0 ? NULL : &scan->spots[scan->spots_count - 1];
    RepairSpot spot = {.line = scan->line, .column = column_of(scan, from)};
    spot.end_column = column_of(scan, to);
    spot.inserted = last == NULL || last->line != scan->line ? 0 : last->inserted + 2;
    scan->spots[scan->spots_count++] = spot;
}

/* Copies the value at scan->at in quotes; it ends at the line's end, a comment, or in { } at , } ].
 */
static void quote_value(Scan *scan)
{
    const char *from = scan->at;
    while (!at_line_end(scan) && !is_comment(scan) &&
           !(scan->flow_depth > 0 && strchr(",]}", *scan->at) != NULL))
        scan->at++;
    const char *to = scan->at;
    while (to > from && is_blank(to[-1]))
        to--;
    size_t length = (size_t)(to - from);
    if (memchr(from, '\'', length) != NULL || memchr(from, '"', length) != NULL)
        return;
    add_spot(scan, from, to);
    text_append_bytes(&scan->out, scan->copied, (size_t)(from - scan->copied));
    text_append_char(&scan->out, '\'');
    text_append_bytes(&scan->out, from, length);
    text_append_char(&scan->out, '\'');
    scan->copied = to;
}

static bool is_colon(const Scan *scan)
{
    return *scan->at == ':' &&
           (scan->at + 1 >= scan->end || is_blank(scan->at[1]) || scan->at[1] == '\n');
}

/* The inside of { } and [ ], from the opening to behind the closing bracket. */
static void scan_flow(Scan *scan)
{
    do {
        if (scan->at >= scan->end)
            return;
        char c = *scan->at;
        if (c == '\n') {
            next_line(scan);
        } else if (c == '"' || c == '\'') {
            skip_quoted(scan);
        } else if (is_comment(scan)) {
            skip_line(scan);
        } else if (is_colon(scan)) {
            scan->at++;
            skip_blanks(scan);
            if (is_threshold(scan))
                quote_value(scan);
        } else {
            scan->flow_depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
            scan->at++;
        }
    } while (scan->flow_depth > 0);
}

/* Goes over "- " and "key: "; gives the indent that a block scalar here must be deeper than. */
static int skip_to_value(Scan *scan, int indent)
{
    int parent_indent = indent;
    while (scan->end - scan->at >= 2 && *scan->at == '-' && is_blank(scan->at[1])) {
        parent_indent = (int)(scan->at - scan->line_start);
        scan->at++;
        skip_blanks(scan);
    }
    const char *start = scan->at;
    if (!at_line_end(scan) && (*start == '"' || *start == '\''))
        skip_quoted(scan);
    else if (!at_line_end(scan) && strchr("{[|>", *start) != NULL)
        return parent_indent;
    while (!at_line_end(scan) && !is_comment(scan) && !is_colon(scan))
        scan->at++;
    if (at_line_end(scan) || is_comment(scan)) {
        skip_line(scan);
        return parent_indent;
    }
    scan->at++;
    skip_blanks(scan);
    return (int)(start - scan->line_start);
}

static void scan_line(Scan *scan)
{
    int indent = indent_of(scan->at, scan->end);
    skip_blanks(scan);
    if (indent < 0 || is_comment(scan)) {
        skip_line(scan);
        return;
    }
    int parent_indent = skip_to_value(scan, indent);
    if (is_block_header(scan, parent_indent))
        skip_block_scalar(scan, parent_indent);
    else if (is_threshold(scan))
        quote_value(scan);
    else if (!at_line_end(scan) && (*scan->at == '"' || *scan->at == '\''))
        skip_quoted(scan);
    else if (!at_line_end(scan) && (*scan->at == '{' || *scan->at == '['))
        scan_flow(scan);
    skip_line(scan);
}

void plan_repair(Arena *arena, const char *text, size_t bytes, Repair *ret_repair)
{
    Scan scan = {.text = text, .end = text + bytes, .at = text, .line = 1};
    scan.line_start = scan.copied = scan.column_of = text;
    scan.column = 1;
    text_init(&scan.out, bytes * 2 + 2);
    while (scan.at < scan.end) {
        scan_line(&scan);
        next_line(&scan);
    }
    text_append_bytes(&scan.out, scan.copied, (size_t)(scan.end - scan.copied));
    ret_repair->bytes = scan.out.length_bytes;
    ret_repair->text = arena_memdup(arena, text_string(&scan.out), scan.out.length_bytes);
    ret_repair->spots = arena_memdup(arena, scan.spots, scan.spots_count * sizeof(RepairSpot));
    ret_repair->spots_count = scan.spots_count;
    text_done(&scan.out);
    base_free(&scan.spots);
}

/* How many spots begin before this place; in_repaired: before a column of the repaired text. */
static size_t spots_before(const Repair *repair, int line, int column, bool in_repaired)
{
    size_t low = 0;
    size_t high = repair->spots_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const RepairSpot *spot = &repair->spots[middle];
        int at = in_repaired ? spot->column + spot->inserted : spot->column;
        if (spot->line < line || (spot->line == line && at < column))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int plan_repair_column(const Repair *repair, int line, int column)
{
    size_t before = spots_before(repair, line, column, true);
    if (before == 0 || repair->spots[before - 1].line != line)
        return column;
    const RepairSpot *spot = &repair->spots[before - 1];
    int inserted = spot->inserted + 1; /* its opening quote; behind its end the closing one too */
    return column - (column > spot->end_column + inserted ? inserted + 1 : inserted);
}

bool plan_repair_at(const Repair *repair, int line, int column)
{
    size_t at = spots_before(repair, line, column, false);
    return at < repair->spots_count && repair->spots[at].line == line &&
           repair->spots[at].column == column;
}
