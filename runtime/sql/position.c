/* Characters, bytes, lines and columns of UTF-8 text. */
#include "sql/position.h"

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

size_t sql_position_bytes(const char *text, int cursor_chars)
{
    int seen = 0;
    size_t at = 0;
    for (; text[at] != '\0'; at++) {
        if (begins_character(text[at]) && ++seen == cursor_chars)
            break;
    }
    return at;
}

void sql_position_of(const char *text, size_t offset_bytes, int *ret_line, int *ret_column)
{
    int line = 1;
    int column = 1;
    for (size_t i = 0; i < offset_bytes && text[i] != '\0'; i++) {
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else if (begins_character(text[i + 1])) {
            column++;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

void sql_position(const char *text, int cursor_chars, int *ret_line, int *ret_column)
{
    sql_position_of(text, sql_position_bytes(text, cursor_chars), ret_line, ret_column);
}
