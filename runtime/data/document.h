/* A row's JSON value, read lazily: the text is checked and indexed once, values are decoded only
 * when somebody asks for them, and everything else can be copied on as the bytes it was. Numbers
 * and empty arrays keep their spelling.
 *
 * The index is a list of nodes in the order of the text; node 0 is the whole value, and an object's
 * members are pairs of nodes: key, value. */
#ifndef HEADGATE_DATA_DOCUMENT_H
#define HEADGATE_DATA_DOCUMENT_H

#include "base/error.h"
#include "base/text.h"

typedef enum DataDocumentKind {
    DOCUMENT_NULL,
    DOCUMENT_FALSE,
    DOCUMENT_TRUE,
    DOCUMENT_NUMBER,
    DOCUMENT_STRING,
    DOCUMENT_ARRAY,
    DOCUMENT_OBJECT,
} DataDocumentKind;

typedef struct DataDocumentNode {
    uint32_t start; ///< offset of its first byte; of a string, its opening quote
    uint32_t end;   ///< offset behind its last byte
    uint32_t next;  ///< the node behind this one and all that is inside it
    uint32_t count; ///< elements of an array, members of an object
    uint8_t kind;
    bool escaped; ///< a string with a backslash in it
} DataDocumentNode;

/// Zeroed is empty. text is borrowed: it must live and stay as long as the document is used.
typedef struct DataDocument {
    const char *text;
    DataDocumentNode *nodes;
    uint32_t nodes_count;
    uint32_t nodes_capacity;
} DataDocument;

/// No such node: the answer of find and at. Node 0 is the root and is never inside anything.
enum { DOCUMENT_NONE = 0 };

/// Checks all of text (RFC 8259: grammar, UTF-8, escapes, BOUND_DOCUMENT_DEPTH and _BYTES) and
/// indexes it. The document's memory is used again. Fails with ERROR_INPUT and the offset.
NODISCARD bool data_document_parse(DataDocument *document, const char *text, size_t bytes,
                                   Error *err);
void data_document_done(DataDocument *document);

/// The value of an object's member, the last one where a key stands twice (as PostgreSQL's ->).
/// DOCUMENT_NONE when there is none or node is no object.
uint32_t data_document_find(const DataDocument *document, uint32_t node, const char *key,
                            size_t key_bytes);
/// The element of an array at position (from 1), or DOCUMENT_NONE.
uint32_t data_document_at(const DataDocument *document, uint32_t node, uint32_t position);
static inline const DataDocumentNode *data_document_node(const DataDocument *document,
                                                         uint32_t node)
{
    return &document->nodes[node];
}
/// The bytes of a node as they stand in the text.
static inline const char *data_document_raw(const DataDocument *document, uint32_t node,
                                            size_t *ret_bytes)
{
    const DataDocumentNode *at = &document->nodes[node];
    *ret_bytes = at->end - at->start;
    return document->text + at->start;
}

/// The bytes of a string. Borrowed from the text when it holds no escape, else decoded into
/// scratch.
const char *data_document_string(const DataDocument *document, uint32_t node, Text *scratch,
                                 size_t *ret_bytes);
/// True when the number is an integer that fits; "-0", "1.0" and "1e3" are not.
bool data_document_int(const DataDocument *document, uint32_t node, int64_t *ret_value);
/// True when the number is a double that data_writer_double() writes back byte for byte ("99.99",
/// not "100.00").
bool data_document_double(const DataDocument *document, uint32_t node, double *ret_value);

/// The same two for a decimal that stands by itself (a numeric column).
bool data_decimal_int(const char *text, size_t bytes, int64_t *ret_value);
bool data_decimal_double(const char *text, size_t bytes, double *ret_value);
/// True when the text is one JSON number and nothing else.
bool data_decimal_valid(const char *text, size_t bytes);

#endif
