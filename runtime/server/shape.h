/* Shapes of what is sent and answered (shapes/api.json), turned into JSON schemas. Pure. */
#ifndef HEADGATE_SERVER_SHAPE_H
#define HEADGATE_SERVER_SHAPE_H

#include "base/json.h"

/// A shape is a text or an object:
///   text, id, time, integer, number, boolean, object, any   one of these
///   a|b|c        one of these words
///   Name         another shape
///   [T]  {T}  T? a list of T, an object whose values are T, T or null
///   {"key": T, "key?": T, "*": "none"}  these keys, the second may lack; "*": no others
/// refs is where Names are, "#/components/schemas/". Returns a new reference.
json_t *shape_schema(const json_t *shape, const char *refs);
/// The embedded file; a new reference.
json_t *shape_file(void);

#endif
