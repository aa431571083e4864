/* What a map sees of values that Lua has no type for: JSON documents, read lazily from the row's
 * text, and decimals that must keep their spelling. */
#ifndef HEADGATE_BIND_DOCUMENT_H
#define HEADGATE_BIND_DOCUMENT_H

#include "data/document.h"

#include <lua.h>

/// Where documents come from: one for each JSON column of the row at hand.
typedef struct BindDocumentSource {
    DataDocument document;
    const uint64_t *now; ///< number of the row at hand
    uint64_t row;        ///< number of the row that document was read from
    uint32_t column;     ///< for whoever made it
    Text *scratch;
} BindDocumentSource;

/// A part of a document in Lua.
typedef struct BindDocument {
    const BindDocumentSource *source;
    uint64_t row;
    uint32_t node;
} BindDocument;

/// Makes the metatables; once per state. May raise.
void bind_document_open(lua_State *L);
/// Pushes node: null as nil; true, false, numbers that fit, strings as themselves; other numbers as
/// decimals; objects and lists as documents. May raise.
void bind_document_push(lua_State *L, const BindDocumentSource *source, uint32_t node);
/// The document at index, or NULL when it is something else. Raises when its row is gone. May
/// raise.
const BindDocument *bind_document_get(lua_State *L, int index);
/// Pushes a decimal: an integer when it is one and fits, a number when that spells the same, else
/// an object that keeps the text. May raise.
void bind_decimal_push(lua_State *L, const char *text, size_t bytes);
/// The text of the decimal object at index, or NULL. Never raises.
const char *bind_decimal_get(lua_State *L, int index, size_t *ret_bytes);

#endif
