/* Reads a document line by line. What is a box follows GitHub's task lists; what is not one (code,
 * comments) follows CommonMark as far as lines tell. */
#include "plan/box.h"

#include "base/bounds.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { TAB_COLUMNS = 4, CODE_COLUMNS = 4, LEVELS = 6, NUMBER_DIGITS = 9 };

/* A line without its end, and where its first mark stands. */
typedef struct Line {
    const char *text; /* the whole line */
    const char *at;   /* behind indent and quote marks */
    size_t bytes;     /* of at */
    int number;
    int indent; /* columns */
} Line;

typedef struct Reader {
    Arena *arena;
    PlanBoxes *boxes;
    size_t capacity;
    size_t headings_capacity;
    size_t open[LEVELS + 1]; /* the heading of each level that is open */
    int *indents;            /* by box */
    bool in_comment;
    char fence; /* ` or ~ while in one; 0 = none */
    size_t fence_length;
    bool in_list;          /* since the last heading or line without indent */
    const Line *paragraph; /* the line before, when it was plain text: what === underlines */
    Text wrapped;          /* the text of the box whose lines are being read */
    size_t wrapping;       /* that box, or BOX_NONE */
} Reader;

/* ------------------------------------------------------------------ texts */

static bool is_mark(const char *text, size_t i)
{
    return text[i] == '`' || text[i] == '*' || (text[i] == '~' && text[i + 1] == '~') ||
           (text[i] == '~' && i > 0 && text[i - 1] == '~');
}

const char *plan_box_plain(Arena *arena, const char *text, size_t bytes)
{
    const char *copy = arena_strndup(arena, text, bytes);
    char *plain = arena_alloc(arena, bytes + 1);
    size_t length = 0;
    for (size_t i = 0; copy[i] != '\0'; i++) {
        if (is_mark(copy, i))
            continue;
        bool blank = isspace((unsigned char)copy[i]) != 0;
        if (blank && (length == 0 || plain[length - 1] == ' '))
            continue;
        plain[length++] = blank ? ' ' : copy[i];
    }
    while (length > 0 && plain[length - 1] == ' ')
        length--;
    plain[length] = '\0';
    return plain;
}

const char *plan_box_address(Arena *arena, const PlanBoxes *boxes, const PlanBox *box)
{
    const char *address = box->text;
    for (size_t i = box->outer; i != BOX_NONE; i = boxes->boxes[i].outer)
        address = arena_printf(arena, "%s > %s", boxes->boxes[i].text, address);
    for (size_t i = box->heading; i != BOX_NONE; i = boxes->headings[i].outer)
        address = arena_printf(arena, "%s > %s", boxes->headings[i].text, address);
    return address;
}

/* ------------------------------------------------------------------ headings */

static void *grow(Arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity == 0 ? 64 : *capacity * 2;
    void *more = arena_alloc(arena, *capacity * size);
    if (count > 0)
        memcpy(more, items, count * size);
    return more;
}

static void add_heading(Reader *reader, int level, const char *text, size_t bytes, int line)
{
    PlanBoxes *boxes = reader->boxes;
    boxes->headings = grow(reader->arena, boxes->headings, boxes->headings_count,
                           &reader->headings_capacity, sizeof(BoxHeading));
    size_t outer = BOX_NONE;
    for (int i = 1; i < level; i++)
        outer = reader->open[i] != BOX_NONE ? reader->open[i] : outer;
    for (int i = level; i <= LEVELS; i++)
        reader->open[i] = BOX_NONE;
    reader->open[level] = boxes->headings_count;
    boxes->headings[boxes->headings_count++] =
        (BoxHeading){plan_box_plain(reader->arena, text, bytes), line, level, outer};
    reader->in_list = false;
}

static bool read_heading(Reader *reader, const Line *line)
{
    size_t level = 0;
    while (level < line->bytes && line->at[level] == '#')
        level++;
    if (line->indent >= CODE_COLUMNS || level == 0 || level > LEVELS ||
        (level < line->bytes && line->at[level] != ' ' && line->at[level] != '\t'))
        return false;
    size_t end = line->bytes;
    while (end > level && (line->at[end - 1] == ' ' || line->at[end - 1] == '\t'))
        end--;
    size_t closing = end;
    while (closing > level && line->at[closing - 1] == '#')
        closing--;
    if (closing < end && (line->at[closing - 1] == ' ' || closing == level))
        end = closing;
    add_heading(reader, (int)level, line->at + level, end - level, line->number);
    return true;
}

/* === and --- under a line of text make it a heading. */
static bool read_underline(Reader *reader, const Line *line)
{
    char mark = line->bytes == 0 ? '\0' : line->at[0];
    size_t length = strspn(line->at, mark == '=' ? "=" : "-");
    if (reader->paragraph == NULL || (mark != '=' && mark != '-') || line->indent >= CODE_COLUMNS ||
        strspn(line->at + length, " \t\r") < line->bytes - length)
        return false;
    const Line *text = reader->paragraph;
    add_heading(reader, mark == '=' ? 1 : 2, text->at, text->bytes, text->number);
    return true;
}

/* ------------------------------------------------------------------ boxes */

/* Where the text of a list item begins; 0 = the line is none. */
static size_t item_start(const Line *line)
{
    size_t i = 0;
    if (line->bytes > 0 && strchr("-*+", line->at[0]) != NULL) {
        i = 1;
    } else {
        while (i < line->bytes && i < NUMBER_DIGITS && isdigit((unsigned char)line->at[i]))
            i++;
        if (i == 0 || i >= line->bytes || (line->at[i] != '.' && line->at[i] != ')'))
            return 0;
        i++;
    }
    size_t blanks = i >= line->bytes ? 0 : strspn(line->at + i, " \t");
    return blanks == 0 || i + blanks >= line->bytes ? 0 : i + blanks;
}

static size_t outer_of(const Reader *reader, size_t heading, int indent)
{
    const PlanBoxes *boxes = reader->boxes;
    for (size_t i = reader->in_list && boxes->boxes_count > 0 ? boxes->boxes_count - 1 : BOX_NONE;
         i != BOX_NONE && boxes->boxes[i].heading == heading; i = boxes->boxes[i].outer) {
        if (reader->indents[i] < indent)
            return i;
    }
    return BOX_NONE;
}

static void end_box(Reader *reader)
{
    if (reader->wrapping == BOX_NONE)
        return;
    const char *text = text_string(&reader->wrapped);
    reader->boxes->boxes[reader->wrapping].text = plan_box_plain(reader->arena, text, strlen(text));
    text_clear(&reader->wrapped);
    reader->wrapping = BOX_NONE;
}

static void begin_box(Reader *reader, const Line *line, size_t start)
{
    PlanBoxes *boxes = reader->boxes;
    size_t before = reader->capacity;
    boxes->boxes =
        grow(reader->arena, boxes->boxes, boxes->boxes_count, &reader->capacity, sizeof(PlanBox));
    if (reader->capacity != before) {
        size_t same = before;
        reader->indents =
            grow(reader->arena, reader->indents, boxes->boxes_count, &same, sizeof(int));
    }
    size_t heading = BOX_NONE;
    for (int i = 1; i <= LEVELS; i++)
        heading = reader->open[i] != BOX_NONE ? reader->open[i] : heading;
    PlanBox *box = &boxes->boxes[boxes->boxes_count];
    *box = (PlanBox){.line = line->number,
                     .column = (int)(line->at - line->text) + (int)start + 1,
                     .claimed = line->at[start + 1] != ' ',
                     .heading = heading,
                     .outer = outer_of(reader, heading, line->indent)};
    reader->indents[boxes->boxes_count] = line->indent;
    reader->wrapping = boxes->boxes_count++;
    text_append_bytes(&reader->wrapped, line->at + start + 3, line->bytes - start - 3);
}

/* Takes the line when it is an item of a list, with a box or without one. */
static bool read_item(Reader *reader, const Line *line)
{
    size_t start = item_start(line);
    if (start == 0 || (line->indent >= CODE_COLUMNS && !reader->in_list))
        return false;
    const char *box = line->at + start;
    size_t left = line->bytes - start;
    bool has_box = left > 4 && box[0] == '[' && strchr(" xX", box[1]) != NULL && box[2] == ']' &&
                   (box[3] == ' ' || box[3] == '\t') && strspn(box + 3, " \t\r") < left - 3;
    if (has_box)
        begin_box(reader, line, start);
    reader->in_list = true;
    return true;
}

/* ------------------------------------------------------------------ lines */

/* Code between fences; takes the line when it belongs to it. */
static bool read_fence(Reader *reader, const Line *line)
{
    char mark = line->bytes == 0 ? '\0' : line->at[0];
    size_t length = mark == '`' || mark == '~' ? strspn(line->at, mark == '`' ? "`" : "~") : 0;
    if (reader->fence == '\0') {
        bool inline_code =
            mark == '`' && memchr(line->at + length, '`', line->bytes - length) != NULL;
        if (length < 3 || inline_code || (line->indent >= CODE_COLUMNS && !reader->in_list))
            return false;
        reader->fence = mark;
        reader->fence_length = length;
    } else if (mark == reader->fence && length >= reader->fence_length &&
               strspn(line->at + length, " \t\r") >= line->bytes - length) {
        reader->fence = '\0';
    }
    return true;
}

/* <!-- … -->, which may go over lines. */
static bool read_comment(Reader *reader, const Line *line)
{
    if (!reader->in_comment) {
        if (!text_starts(line->at, "<!--"))
            return false;
        reader->in_comment = true;
    }
    if (memmem(line->at, line->bytes, "-->", 3) != NULL)
        reader->in_comment = false;
    return true;
}

static void read_line(Reader *reader, const Line *line, Line *paragraph)
{
    if (reader->fence == '\0' && read_comment(reader, line)) {
        end_box(reader);
        return;
    }
    if (read_fence(reader, line) || line->bytes == 0) {
        end_box(reader);
        reader->paragraph = NULL;
        return;
    }
    bool wraps = reader->wrapping != BOX_NONE && item_start(line) == 0 && line->indent > 0 &&
                 line->at[0] != '#';
    if (wraps) {
        text_append_char(&reader->wrapped, ' ');
        text_append_bytes(&reader->wrapped, line->at, line->bytes);
        return;
    }
    end_box(reader);
    if (read_heading(reader, line) || read_underline(reader, line) || read_item(reader, line)) {
        reader->paragraph = NULL;
        return;
    }
    if (line->indent == 0)
        reader->in_list = false;
    *paragraph = *line;
    reader->paragraph = paragraph;
}

/* The line at text, without its end; *ret_next is the line behind it, NULL at the end. */
static Line cut_line(const char *text, int number, const char **ret_next)
{
    size_t bytes = strcspn(text, "\n");
    *ret_next = text[bytes] == '\0' ? NULL : text + bytes + 1;
    while (bytes > 0 && isspace((unsigned char)text[bytes - 1]))
        bytes--;
    Line line = {.text = text, .number = number};
    size_t i = 0;
    for (; i < bytes && strchr(" \t>", text[i]) != NULL; i++) {
        if (text[i] == '>')
            line.indent = 0;
        else
            line.indent += text[i] == '\t' ? TAB_COLUMNS - line.indent % TAB_COLUMNS : 1;
    }
    line.at = text + i;
    line.bytes = bytes - i;
    return line;
}

static bool read_lines(Reader *reader, const char *text, Error *err)
{
    static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";
    Line paragraph = {0};
    const char *next = text + (text_starts(text, BYTE_ORDER_MARK) ? 3 : 0);
    for (int number = 1; next != NULL; number++) {
        Line line = cut_line(next, number, &next);
        read_line(reader, &line, &paragraph);
        if (reader->boxes->boxes_count > BOUND_BOXES)
            return error_set(err, ERROR_INPUT, "%s:%d: more than %d boxes", reader->boxes->file,
                             number, BOUND_BOXES);
    }
    end_box(reader);
    return true;
}

bool plan_box_read(Arena *arena, const char *file, const char *text, PlanBoxes **ret_boxes,
                   Error *err)
{
    Reader reader = {
        .arena = arena, .boxes = arena_alloc(arena, sizeof(PlanBoxes)), .wrapping = BOX_NONE};
    for (int i = 0; i <= LEVELS; i++)
        reader.open[i] = BOX_NONE;
    text_init(&reader.wrapped, BOUND_BOX_DOCUMENT_BYTES);
    *reader.boxes = (PlanBoxes){.file = file, .text = text};
    bool ok =
        strlen(text) <= BOUND_BOX_DOCUMENT_BYTES
            ? read_lines(&reader, text, err)
            : error_set(err, ERROR_INPUT, "%s: more than %d bytes", file, BOUND_BOX_DOCUMENT_BYTES);
    text_done(&reader.wrapped);
    if (ok)
        *ret_boxes = reader.boxes;
    return ok;
}
