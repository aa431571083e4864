/* Row documents: what is accepted can be read everywhere, written again, and spliced without
 * touching the rest. The first byte chooses the part that is replaced; the rest is the document. */
#include "fuzz.h"

#include "base/arena.h"
#include "base/bounds.h"
#include "data/document.h"
#include "data/writer.h"

#include <stdlib.h>
#include <string.h>

static void check_number(const char *raw, size_t bytes)
{
    int64_t whole;
    double number;
    char again[32];
    invariant(data_decimal_valid(raw, bytes));
    if (data_decimal_int(raw, bytes, &whole)) {
        AUTO(text_done) Text out;
        text_init(&out, sizeof(again));
        data_writer_int(&out, whole);
        invariant(out.length_bytes == bytes && memcmp(out.data, raw, bytes) == 0);
    }
    if (data_decimal_double(raw, bytes, &number)) {
        int length = data_writer_double_text(number, again);
        invariant((size_t)length == bytes && memcmp(again, raw, bytes) == 0);
    }
}

/* Decoded, written and decoded again it is the same. */
static void check_string(const DataDocument *document, uint32_t node)
{
    Error err = {0};
    size_t bytes;
    size_t bytes_again;
    AUTO(text_done) Text scratch;
    AUTO(text_done) Text scratch_again;
    AUTO(text_done) Text out;
    text_init(&scratch, BOUND_DOCUMENT_BYTES);
    text_init(&scratch_again, BOUND_DOCUMENT_BYTES);
    text_init(&out, BOUND_DOCUMENT_BYTES);
    const char *decoded = data_document_string(document, node, &scratch, &bytes);
    bool ok = data_writer_string(&out, decoded, bytes, &err);
    DataDocument again = {0};
    invariant(ok && data_document_parse(&again, out.data, out.length_bytes, &err));
    const char *second = data_document_string(&again, 0, &scratch_again, &bytes_again);
    invariant(bytes_again == bytes && memcmp(second, decoded, bytes) == 0);
    data_document_done(&again);
}

/* Every member is found by its name, the last one where a name stands twice. */
static void check_object(const DataDocument *document, uint32_t node)
{
    const DataDocumentNode *object = data_document_node(document, node);
    uint32_t members = 0;
    for (uint32_t at = node + 1; at < object->next;
         at = data_document_node(document, at + 1)->next) {
        AUTO(text_done) Text scratch;
        text_init(&scratch, BOUND_DOCUMENT_BYTES);
        size_t bytes;
        const char *key = data_document_string(document, at, &scratch, &bytes);
        invariant(members++ > 1000 || data_document_find(document, node, key, bytes) >= at + 1);
    }
    invariant(members == object->count);
    invariant(data_document_at(document, node, 1) == DOCUMENT_NONE);
}

static void check_array(const DataDocument *document, uint32_t node)
{
    const DataDocumentNode *array = data_document_node(document, node);
    uint32_t at = node + 1;
    for (uint32_t i = 1; i <= array->count; i++) {
        invariant(i > 1000 || data_document_at(document, node, i) == at);
        at = data_document_node(document, at)->next;
    }
    invariant(at == array->next);
    invariant(data_document_at(document, node, 0) == DOCUMENT_NONE);
    invariant(data_document_at(document, node, array->count + 1) == DOCUMENT_NONE);
    invariant(data_document_find(document, node, "", 0) == DOCUMENT_NONE);
}

static void check_node(const DataDocument *document, uint32_t node, size_t size)
{
    const DataDocumentNode *at = data_document_node(document, node);
    size_t bytes;
    const char *raw = data_document_raw(document, node, &bytes);
    invariant(at->start < at->end && at->end <= size && bytes > 0);
    invariant(at->next > node && at->next <= document->nodes_count);
    if (at->kind == DOCUMENT_NUMBER)
        check_number(raw, bytes);
    else if (at->kind == DOCUMENT_STRING)
        check_string(document, node);
    else if (at->kind == DOCUMENT_OBJECT)
        check_object(document, node);
    else if (at->kind == DOCUMENT_ARRAY)
        check_array(document, node);
}

/* A value is replaced by null: what stands before and behind it keeps its bytes. */
static void check_splice(const DataDocument *document, uint32_t node, const char *text, size_t size)
{
    Error err = {0};
    const DataDocumentNode *cut = data_document_node(document, node);
    AUTO(text_done) Text out;
    text_init(&out, size + 4);
    text_append_bytes(&out, text, cut->start);
    text_append(&out, "null");
    text_append_bytes(&out, text + cut->end, size - cut->end);
    DataDocument again = {0};
    bool ok = data_document_parse(&again, out.data, out.length_bytes, &err);
    invariant(ok && again.nodes_count == document->nodes_count - (cut->next - node) + 1);
    for (uint32_t i = 0; i < document->nodes_count; i++) {
        const DataDocumentNode *at = data_document_node(document, i);
        size_t bytes;
        size_t bytes_again;
        if (at->start <= cut->start && at->end >= cut->end)
            continue; /* what holds it */
        if (i > node && i < cut->next)
            continue; /* what was in it */
        const char *raw = data_document_raw(document, i, &bytes);
        uint32_t place = i < node ? i : i - (cut->next - node) + 1;
        const char *raw_again = data_document_raw(&again, place, &bytes_again);
        invariant(bytes == bytes_again && memcmp(raw, raw_again, bytes) == 0);
    }
    data_document_done(&again);
}

static bool is_key(const DataDocument *document, uint32_t node)
{
    const DataDocumentNode *at = data_document_node(document, node);
    const char *behind = document->text + at->end;
    return at->kind == DOCUMENT_STRING && node > 0 && behind[strspn(behind, " \t\r\n")] == ':';
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    if (size < 1)
        return;
    Error err = {0};
    DataDocument document = {0};
    char *text = base_alloc(size); /* a NUL behind it, for is_key */
    memcpy(text, bytes + 1, size - 1);
    /* without the NUL, so that a step beyond the end is seen */
    bool ok = data_document_parse(&document, (const char *)bytes + 1, size - 1, &err);
    if (!ok)
        fuzz_check_error(&err);
    document.text = text;
    for (uint32_t i = 0; ok && i < document.nodes_count; i++)
        check_node(&document, i, size - 1);
    uint32_t chosen = ok ? bytes[0] % document.nodes_count : 0;
    if (ok && !is_key(&document, chosen))
        check_splice(&document, chosen, text, size - 1);
    data_document_done(&document);
    free(text);
    data_decimal_valid((const char *)bytes, size);
}
