/* Columns, then rows. */
#include "data/copy.h"

#include "base/bounds.h"
#include "data/record.h"
#include "data/turn.h"
#include "data/writer.h"

#include <string.h>

typedef struct Layout Layout;

/* Records on their way into the text. */
typedef struct Encoding {
    const DataJob *job;
    Arena *arena;
    DataCopyOrder order;
    size_t words;     /* of a set of columns */
    uint64_t *shared; /* columns that some record writes and that are NULL where they are absent */
    Layout *layouts;
    DataTurnTime turn;
} Encoding;

/* ---------------------------------------------------------------- columns */

static bool has(const uint64_t *set, size_t column)
{
    return (set[column / 64] >> (column % 64)) & 1;
}

static void add(uint64_t *set, size_t column)
{
    set[column / 64] |= UINT64_C(1) << (column % 64);
}

static size_t column_index(const Encoding *encoding, const DataColumn *column)
{
    return (size_t)(column - encoding->job->table.columns);
}

/* A column that a record does not have is NULL like any that is not written; but one with a default
 * has to stay away, so records with other such columns need a COPY of their own. */
static void choose_columns(Encoding *encoding, DataRecord *const *records, size_t count)
{
    const DataTable *table = &encoding->job->table;
    encoding->words = table->columns_count / 64 + 1;
    encoding->shared = arena_alloc(encoding->arena, encoding->words * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) {
        data_turn_may_end(&encoding->turn);
        const DataMapped *mapped = &records[i]->mapped;
        records[i]->columns = arena_alloc(encoding->arena, encoding->words * sizeof(uint64_t));
        for (size_t w = 0; w < mapped->writes_count; w++) {
            const DataColumn *column = mapped->writes[w].column;
            add(column->has_default ? records[i]->columns : encoding->shared,
                column_index(encoding, column));
        }
    }
}

static bool same_columns(const Encoding *encoding, const DataRecord *a, const DataRecord *b)
{
    return memcmp(a->columns, b->columns, encoding->words * sizeof(uint64_t)) == 0;
}

/* ---------------------------------------------------------------- text */

/* A backslash or a control character. */
static inline uint64_t is_escape(uint64_t eight)
{
    uint64_t slash = eight ^ (DATA_WRITER_ONES * '\\');
    return (((eight - DATA_WRITER_ONES * 0x20) & ~eight) | ((slash - DATA_WRITER_ONES) & ~slash)) &
           DATA_WRITER_TOPS;
}

static void append_value(Text *out, const DataWrite *write)
{
    static const char ESCAPES[256] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
                                      ['\t'] = 't', ['\v'] = 'v', ['\\'] = '\\'};
    if (write == NULL || write->text == NULL) {
        text_append_bytes(out, "\\N", 2);
        return;
    }
    const char *plain = write->text;
    const char *end = write->text + write->bytes;
    for (const char *at = plain; (at = data_writer_next(at, end, is_escape)) < end; at++) {
        char escape = ESCAPES[(unsigned char)*at];
        if (escape == 0)
            continue;
        char pair[2] = {'\\', escape};
        text_append_bytes(out, plain, (size_t)(at - plain));
        text_append_bytes(out, pair, sizeof(pair));
        plain = at + 1;
    }
    text_append_bytes(out, plain, (size_t)(end - plain));
}

/* The columns of a COPY, and where a row had its value for each: the next has it there too. */
struct Layout {
    const DataRecord *first; /* the records that write the same columns share it */
    const char *sql;
    size_t *columns;
    size_t *places;
    size_t count;
    Layout *next;
};

static const DataWrite *find_write(const DataMapped *mapped, const DataColumn *column,
                                   size_t *place)
{
    if (*place < mapped->writes_count && mapped->writes[*place].column == column)
        return &mapped->writes[*place];
    for (size_t w = 0; w < mapped->writes_count; w++) {
        if (mapped->writes[w].column == column) {
            *place = w;
            return &mapped->writes[w];
        }
    }
    return NULL;
}

static void append_row(Text *out, const DataTable *table, const DataRecord *record,
                       const Layout *layout)
{
    for (size_t i = 0; i < layout->count; i++) {
        const DataColumn *column = &table->columns[layout->columns[i]];
        if (i > 0)
            text_append_char(out, '\t');
        append_value(out, find_write(&record->mapped, column, &layout->places[i]));
    }
    text_append_char(out, '\n');
}

static Layout *make_layout(const Encoding *encoding, const DataRecord *first)
{
    const DataTable *table = &encoding->job->table;
    const char *list = "";
    Layout *layout = arena_alloc(encoding->arena, sizeof(*layout));
    *layout = (Layout){.first = first, .next = encoding->layouts};
    layout->columns = arena_alloc(encoding->arena, (table->columns_count + 1) * sizeof(size_t));
    layout->places = arena_alloc(encoding->arena, (table->columns_count + 1) * sizeof(size_t));
    for (size_t c = 0; c < table->columns_count; c++) {
        if (!has(encoding->shared, c) && !has(first->columns, c))
            continue;
        list = arena_printf(encoding->arena, "%s%s%s", list, layout->count > 0 ? ", " : "",
                            table->columns[c].quoted);
        layout->columns[layout->count++] = c;
    }
    layout->sql = arena_printf(encoding->arena, "COPY %s (%s) FROM STDIN", table->quoted, list);
    return layout;
}

static Layout *layout_of(Encoding *encoding, const DataRecord *first)
{
    for (Layout *layout = encoding->layouts; layout != NULL; layout = layout->next) {
        if (same_columns(encoding, layout->first, first))
            return layout;
    }
    encoding->layouts = make_layout(encoding, first);
    return encoding->layouts;
}

/* One COPY of the records that have the same columns as the first that is not yet taken; in order,
 * up to the next that has others. */
static void encode_alike(Encoding *encoding, DataRecord *const *records, size_t count, size_t first,
                         bool *taken, DataCopy *ret)
{
    Layout *layout = layout_of(encoding, records[first]);
    *ret = (DataCopy){.sql = layout->sql};
    text_init(&ret->data, BOUND_DOCUMENT_BYTES);
    for (size_t i = first; i < count; i++) {
        data_turn_may_end(&encoding->turn);
        bool same = same_columns(encoding, records[i], records[first]);
        if (!same && encoding->order == COPY_IN_ORDER)
            break;
        if (taken[i] || !same)
            continue;
        append_row(&ret->data, &encoding->job->table, records[i], layout);
        taken[i] = true;
        ret->rows++;
    }
}

DataCopy *data_copies_encode(const DataJob *job, Arena *arena, DataRecord *const *records,
                             size_t count, DataCopyOrder order, size_t *ret_count)
{
    Encoding encoding = {.job = job, .arena = arena, .order = order};
    DataCopy *copies = NULL;
    bool *taken = arena_alloc(arena, count + 1);
    choose_columns(&encoding, records, count);
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (taken[i])
            continue;
        copies = base_realloc(copies, (*ret_count + 1) * sizeof(*copies));
        encode_alike(&encoding, records, count, i, taken, &copies[(*ret_count)++]);
    }
    return copies;
}

void data_copies_free(DataCopy *copies, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_done(&copies[i].data);
    free(copies);
}
