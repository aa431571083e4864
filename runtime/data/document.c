/* The lazy document: one pass that checks and indexes, then look-ups on the index. */
#include "data/document.h"

#include "base/bounds.h"
#include "data/writer.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- numbers */

/* A JSON number in its parts. */
typedef struct Decimal {
    bool negative;
    bool fraction;
    bool exponent;
    bool last_zero;  /* the fraction ends in 0: no double prints that */
    int significant; /* digits from the first that is not 0 */
    int fraction_digits;
    uint64_t digits; /* all digits as one number while significant <= 19 */
} Decimal;

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline void take_digit(Decimal *decimal, char c)
{
    if (decimal->significant > 0 || c != '0')
        decimal->significant++;
    if (decimal->significant <= 19)
        decimal->digits = decimal->digits * 10 + (uint64_t)(c - '0');
}

/* Reads the number at text and returns the place behind it; NULL when there is none. */
static const char *decimal_read(const char *at, const char *end, Decimal *ret)
{
    Decimal decimal = {0};
    if (at < end && *at == '-') {
        decimal.negative = true;
        at++;
    }
    if (at == end || !is_digit(*at))
        return NULL;
    if (*at == '0')
        at++;
    else
        while (at < end && is_digit(*at))
            take_digit(&decimal, *at++);
    if (at < end && *at == '.') {
        decimal.fraction = true;
        const char *first = ++at;
        while (at < end && is_digit(*at))
            take_digit(&decimal, *at++);
        if (at == first)
            return NULL;
        decimal.fraction_digits = at - first > 1000 ? 1000 : (int)(at - first);
        decimal.last_zero = at[-1] == '0';
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        decimal.exponent = true;
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        const char *first = at;
        while (at < end && is_digit(*at))
            at++;
        if (at == first)
            return NULL;
    }
    *ret = decimal;
    return at;
}

bool data_decimal_valid(const char *text, size_t bytes)
{
    Decimal decimal;
    return decimal_read(text, text + bytes, &decimal) == text + bytes;
}

bool data_decimal_int(const char *text, size_t bytes, int64_t *ret_value)
{
    Decimal decimal;
    if (decimal_read(text, text + bytes, &decimal) != text + bytes || decimal.fraction ||
        decimal.exponent || decimal.significant > 19)
        return false;
    if (decimal.negative) {
        if (decimal.digits == 0 || decimal.digits > (uint64_t)INT64_MAX + 1)
            return false;
        *ret_value = -(int64_t)(decimal.digits - 1) - 1;
        return true;
    }
    if (decimal.digits > INT64_MAX)
        return false;
    *ret_value = (int64_t)decimal.digits;
    return true;
}

/* The common case without strtod and printf: at most 15 significant digits survive a double (IEEE
 * 754: DBL_DIG), the division is exact to the last bit while both sides are (Clinger 1990), and
 * %.15g prints the same plain decimal. */
static bool short_decimal(const Decimal *decimal, double *ret_value)
{
    static const double TENS[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool small = decimal->fraction && decimal->significant >= 1 && decimal->significant <= 15 &&
                 decimal->fraction_digits < decimal->significant + 4 &&
                 decimal->fraction_digits <= 15;
    if (!small)
        return false;
    double value = (double)decimal->digits / TENS[decimal->fraction_digits];
    *ret_value = decimal->negative ? -value : value;
    return true;
}

bool data_decimal_double(const char *text, size_t bytes, double *ret_value)
{
    enum { LONGEST = 31 }; /* longer than any spelling of a double */
    Decimal decimal;
    if (bytes > LONGEST || decimal_read(text, text + bytes, &decimal) != text + bytes)
        return false;
    if (decimal.fraction && decimal.last_zero)
        return false;
    if (!decimal.exponent && short_decimal(&decimal, ret_value))
        return true;
    char copy[LONGEST + 1];
    char again[32];
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    double value = strtod(copy, NULL);
    if (value - value != 0) /* an infinity */
        return false;
    int length = data_writer_double_text(value, again);
    if ((size_t)length != bytes || memcmp(again, text, bytes) != 0)
        return false;
    *ret_value = value;
    return true;
}

bool data_document_int(const DataDocument *document, uint32_t node, int64_t *ret_value)
{
    size_t bytes;
    const char *text = data_document_raw(document, node, &bytes);
    return data_decimal_int(text, bytes, ret_value);
}

bool data_document_double(const DataDocument *document, uint32_t node, double *ret_value)
{
    size_t bytes;
    const char *text = data_document_raw(document, node, &bytes);
    return data_decimal_double(text, bytes, ret_value);
}

/* ---------------------------------------------------------------- strings */

static int hex4(const char *at, const char *end)
{
    if (end - at < 4)
        return -1;
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Reads the escape behind a backslash at at. Returns the place behind it and its code point; NULL
 * when it is none or a lone surrogate. */
static const char *escape_read(const char *at, const char *end, uint32_t *ret_code)
{
    static const char PLAIN[] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                 ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    if (at == end)
        return NULL;
    unsigned char c = (unsigned char)*at++;
    if (c != 'u') {
        if (c >= sizeof(PLAIN) || PLAIN[c] == 0)
            return NULL;
        *ret_code = (uint32_t)PLAIN[c];
        return at;
    }
    int high = hex4(at, end);
    if (high < 0 || (high >= 0xdc00 && high < 0xe000))
        return NULL;
    at += 4;
    *ret_code = (uint32_t)high;
    if (high < 0xd800 || high >= 0xe000)
        return at;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return NULL;
    int low = hex4(at + 2, end);
    if (low < 0xdc00 || low >= 0xe000)
        return NULL;
    *ret_code = 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
    return at + 6;
}

/* at is behind the opening quote; returns the place behind the closing one. */
static const char *string_skip(const char *at, const char *end, bool *ret_escaped)
{
    for (;;) {
        at = data_writer_plain(at, end);
        if (at == end)
            return NULL;
        unsigned char c = (unsigned char)*at;
        if (c == '"')
            return at + 1;
        if (c == '\\') {
            uint32_t code;
            *ret_escaped = true;
            at = escape_read(at + 1, end, &code);
            if (at == NULL)
                return NULL;
        } else if (c < 0x20) {
            return NULL;
        } else {
            size_t step = data_writer_utf8((const unsigned char *)at, (size_t)(end - at));
            if (step == 0)
                return NULL;
            at += step;
        }
    }
}

static void append_code(Text *out, uint32_t code)
{
    char bytes[4];
    if (code < 0x80) {
        text_append_char(out, (char)code);
    } else if (code < 0x800) {
        bytes[0] = (char)(0xc0 | (code >> 6));
        bytes[1] = (char)(0x80 | (code & 0x3f));
        text_append_bytes(out, bytes, 2);
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xe0 | (code >> 12));
        bytes[1] = (char)(0x80 | ((code >> 6) & 0x3f));
        bytes[2] = (char)(0x80 | (code & 0x3f));
        text_append_bytes(out, bytes, 3);
    } else {
        bytes[0] = (char)(0xf0 | (code >> 18));
        bytes[1] = (char)(0x80 | ((code >> 12) & 0x3f));
        bytes[2] = (char)(0x80 | ((code >> 6) & 0x3f));
        bytes[3] = (char)(0x80 | (code & 0x3f));
        text_append_bytes(out, bytes, 4);
    }
}

const char *data_document_string(const DataDocument *document, uint32_t node, Text *scratch,
                                 size_t *ret_bytes)
{
    const DataDocumentNode *string = &document->nodes[node];
    const char *at = document->text + string->start + 1;
    const char *end = document->text + string->end - 1;
    if (!string->escaped) {
        *ret_bytes = (size_t)(end - at);
        return at;
    }
    text_clear(scratch);
    while (at < end) {
        const char *slash = memchr(at, '\\', (size_t)(end - at));
        const char *stop = slash == NULL ? end : slash;
        text_append_bytes(scratch, at, (size_t)(stop - at));
        at = stop;
        if (slash != NULL) {
            uint32_t code = 0;
            at = escape_read(slash + 1, end, &code); /* was checked by the parse */
            append_code(scratch, code);
        }
    }
    *ret_bytes = scratch->length_bytes;
    return text_string(scratch);
}

/* ---------------------------------------------------------------- the index */

typedef struct Parser {
    DataDocument *document;
    const char *text;
    const char *at;
    const char *end;
    uint32_t open[BOUND_DOCUMENT_DEPTH]; /* containers we are in */
    int depth;
} Parser;

static uint32_t node_add(Parser *parser, DataDocumentKind kind, const char *start)
{
    DataDocument *document = parser->document;
    if (document->nodes_count == document->nodes_capacity) {
        document->nodes_capacity =
            document->nodes_capacity < 64 ? 64 : document->nodes_capacity * 2;
        document->nodes =
            base_realloc(document->nodes, document->nodes_capacity * sizeof(DataDocumentNode));
    }
    uint32_t index = document->nodes_count++;
    document->nodes[index] = (DataDocumentNode){.start = (uint32_t)(start - parser->text),
                                                .end = (uint32_t)(parser->at - parser->text),
                                                .next = index + 1,
                                                .kind = (uint8_t)kind};
    return index;
}

static inline void skip_space(Parser *parser)
{
    const char *at = parser->at;
    while (at < parser->end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    parser->at = at;
}

static bool wrong(const Parser *parser, const char *what, Error *err)
{
    return error_set(err, ERROR_INPUT, "JSON: %s at byte %zu", what,
                     (size_t)(parser->at - parser->text));
}

static bool parse_string(Parser *parser, Error *err)
{
    const char *start = parser->at;
    bool escaped = false;
    const char *behind = string_skip(start + 1, parser->end, &escaped);
    if (behind == NULL)
        return wrong(parser, "a text that does not end, or holds a wrong escape or byte", err);
    parser->at = behind;
    uint32_t node = node_add(parser, DOCUMENT_STRING, start);
    parser->document->nodes[node].escaped = escaped;
    return true;
}

static bool parse_word(Parser *parser, const char *word, DataDocumentKind kind, Error *err)
{
    size_t length = strlen(word);
    const char *start = parser->at;
    if ((size_t)(parser->end - start) < length || memcmp(start, word, length) != 0)
        return wrong(parser, "a value is expected", err);
    parser->at += length;
    node_add(parser, kind, start);
    return true;
}

static bool parse_scalar(Parser *parser, Error *err)
{
    switch (*parser->at) {
    case '"':
        return parse_string(parser, err);
    case 't':
        return parse_word(parser, "true", DOCUMENT_TRUE, err);
    case 'f':
        return parse_word(parser, "false", DOCUMENT_FALSE, err);
    case 'n':
        return parse_word(parser, "null", DOCUMENT_NULL, err);
    default: {
        Decimal decimal;
        const char *start = parser->at;
        const char *behind = decimal_read(start, parser->end, &decimal);
        if (behind == NULL)
            return wrong(parser, "a value is expected", err);
        parser->at = behind;
        node_add(parser, DOCUMENT_NUMBER, start);
        return true;
    }
    }
}

/* A member's key and colon. */
static bool parse_key(Parser *parser, Error *err)
{
    skip_space(parser);
    if (parser->at == parser->end || *parser->at != '"')
        return wrong(parser, "a key is expected", err);
    if (!parse_string(parser, err))
        return false;
    skip_space(parser);
    if (parser->at == parser->end || *parser->at != ':')
        return wrong(parser, "\":\" is expected", err);
    parser->at++;
    return true;
}

static bool open_container(Parser *parser, Error *err)
{
    const char *start = parser->at;
    bool object = *start == '{';
    if (parser->depth == BOUND_DOCUMENT_DEPTH)
        return wrong(parser, "nested too deep", err);
    parser->at++;
    parser->open[parser->depth++] =
        node_add(parser, object ? DOCUMENT_OBJECT : DOCUMENT_ARRAY, start);
    return true;
}

static inline DataDocumentNode *innermost(Parser *parser)
{
    return &parser->document->nodes[parser->open[parser->depth - 1]];
}

static void close_container(Parser *parser)
{
    parser->at++;
    DataDocumentNode *node = innermost(parser);
    node->end = (uint32_t)(parser->at - parser->text);
    node->next = parser->document->nodes_count;
    parser->depth--;
}

/* Behind a value: commas and closing brackets, up to where the next value must stand. *ret_end: all
 * is read. */
static bool after_value(Parser *parser, bool *ret_end, Error *err)
{
    while (parser->depth > 0) {
        skip_space(parser);
        DataDocumentNode *in = innermost(parser);
        bool object = in->kind == DOCUMENT_OBJECT;
        if (parser->at == parser->end)
            return wrong(parser, "the end is missing", err);
        if (*parser->at == ',') {
            parser->at++;
            in->count++;
            return !object || parse_key(parser, err);
        }
        if (*parser->at != (object ? '}' : ']'))
            return wrong(parser,
                         object ? "\",\" or \"}\" is expected" : "\",\" or \"]\" is expected", err);
        in->count++;
        close_container(parser);
    }
    *ret_end = true;
    return true;
}

/* Behind an opening bracket. *ret_empty: it was closed at once. */
static bool after_open(Parser *parser, bool *ret_empty, Error *err)
{
    skip_space(parser);
    bool object = innermost(parser)->kind == DOCUMENT_OBJECT;
    if (parser->at < parser->end && *parser->at == (object ? '}' : ']')) {
        close_container(parser);
        *ret_empty = true;
        return true;
    }
    *ret_empty = false;
    return !object || parse_key(parser, err);
}

static bool parse_all(Parser *parser, Error *err)
{
    bool end = false;
    while (!end) {
        skip_space(parser);
        if (parser->at == parser->end)
            return wrong(parser, "a value is expected", err);
        if (*parser->at == '{' || *parser->at == '[') {
            bool empty;
            if (!open_container(parser, err) || !after_open(parser, &empty, err))
                return false;
            if (!empty)
                continue;
        } else if (!parse_scalar(parser, err)) {
            return false;
        }
        if (!after_value(parser, &end, err))
            return false;
    }
    skip_space(parser);
    return parser->at == parser->end || wrong(parser, "something follows the value", err);
}

bool data_document_parse(DataDocument *document, const char *text, size_t bytes, Error *err)
{
    document->text = text;
    document->nodes_count = 0;
    if (bytes > BOUND_DOCUMENT_BYTES)
        return error_set(err, ERROR_INPUT, "JSON of %zu bytes is over the limit of %d", bytes,
                         BOUND_DOCUMENT_BYTES);
    Parser parser;
    parser.document = document;
    parser.text = parser.at = text;
    parser.end = text + bytes;
    parser.depth = 0;
    return parse_all(&parser, err);
}

void data_document_done(DataDocument *document)
{
    free(document->nodes);
    *document = (DataDocument){0};
}

/* ---------------------------------------------------------------- look-ups */

static bool escaped_equals(const DataDocument *document, uint32_t node, const char *key,
                           size_t key_bytes)
{
    Text scratch;
    text_init(&scratch, BOUND_DOCUMENT_BYTES);
    size_t bytes;
    const char *decoded = data_document_string(document, node, &scratch, &bytes);
    bool equal = bytes == key_bytes && memcmp(decoded, key, bytes) == 0;
    text_done(&scratch);
    return equal;
}

uint32_t data_document_find(const DataDocument *document, uint32_t node, const char *key,
                            size_t key_bytes)
{
    const DataDocumentNode *object = &document->nodes[node];
    uint32_t found = DOCUMENT_NONE;
    if (object->kind != DOCUMENT_OBJECT)
        return found;
    for (uint32_t at = node + 1; at < object->next; at = document->nodes[at + 1].next) {
        const DataDocumentNode *name = &document->nodes[at];
        bool equal = name->escaped
                         ? escaped_equals(document, at, key, key_bytes)
                         : name->end - name->start - 2 == key_bytes &&
                               memcmp(document->text + name->start + 1, key, key_bytes) == 0;
        if (equal)
            found = at + 1;
    }
    return found;
}

uint32_t data_document_at(const DataDocument *document, uint32_t node, uint32_t position)
{
    const DataDocumentNode *array = &document->nodes[node];
    if (array->kind != DOCUMENT_ARRAY || position < 1 || position > array->count)
        return DOCUMENT_NONE;
    uint32_t at = node + 1;
    while (--position > 0)
        at = document->nodes[at].next;
    return at;
}
