/* Where something stands in SQL text. */
#ifndef HEADGATE_SQL_POSITION_H
#define HEADGATE_SQL_POSITION_H

#include "base/base.h"

/// Line and column (both from 1, columns in characters) of the cursor_chars-th character of text.
/// The parser and the server count characters from 1; 0 or a number past the end gives the end of
/// text.
void sql_position(const char *text, int cursor_chars, int *ret_line, int *ret_column);
/// The same for a byte offset (from 0).
void sql_position_of(const char *text, size_t offset_bytes, int *ret_line, int *ret_column);
/// The byte offset of the cursor_chars-th character; the length of text when there is none.
size_t sql_position_bytes(const char *text, int cursor_chars);

#endif
