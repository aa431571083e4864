/* Marks are whole lines and are looked for line by line, exactly as dbmate does: they are no SQL.
 */
#include "bind/marked.h"

#include <string.h>

typedef enum Mark { MARK_NONE, MARK_UP, MARK_DOWN, MARK_INDENTED, MARK_OPTION } Mark;

typedef struct Place {
    const char *start; /* behind the mark's line; NULL = none */
    const char *mark;  /* where the mark's line begins */
    int line;          /* of start */
} Place;

static const char *next_line(const char *at)
{
    at += strcspn(at, "\n");
    return *at == '\n' ? at + 1 : at;
}

static const char *skip(const char *at)
{
    return at + strspn(at, " \t");
}

/* What may follow a mark. Whether statements need a transaction is seen from the statements. */
static bool is_option(const char *at)
{
    static const char *const OPTIONS[] = {"transaction:false", "transaction:true"};
    at = skip(at);
    size_t bytes = strcspn(at, " \t\r\n");
    if (bytes == 0)
        return true;
    for (size_t i = 0; i < COUNT_OF(OPTIONS); i++) {
        if (strlen(OPTIONS[i]) == bytes && strncmp(at, OPTIONS[i], bytes) == 0)
            return true;
    }
    return false;
}

static Mark mark_of(const char *line)
{
    static const struct {
        const char *word;
        Mark mark;
    } MARKS[] = {{"migrate:up", MARK_UP}, {"migrate:down", MARK_DOWN}};
    const char *at = skip(line);
    if (!text_starts(at, "--"))
        return MARK_NONE;
    const char *word = skip(at + 2);
    for (size_t i = 0; i < COUNT_OF(MARKS); i++) {
        size_t bytes = strlen(MARKS[i].word);
        if (strncmp(word, MARKS[i].word, bytes) != 0 || strcspn(word, " \t\r\n") != bytes)
            continue;
        if (at != line)
            return MARK_INDENTED;
        return is_option(word + bytes) ? MARKS[i].mark : MARK_OPTION;
    }
    return MARK_NONE;
}

static bool wrong(const char *path, int line, const char *what, Error *err)
{
    return error_set(err, ERROR_INPUT, "%s:%d: %s", path, line, what);
}

static bool take_mark(const char *path, Mark mark, const char *at, int line, Place *up, Place *down,
                      Error *err)
{
    if (mark == MARK_INDENTED)
        return wrong(path, line,
                     "this mark is indented, so it is only a comment: put it at the beginning of "
                     "its line",
                     err);
    if (mark == MARK_OPTION)
        return wrong(path, line, "a mark may be followed by transaction:false and nothing else",
                     err);
    if (mark == MARK_UP && down->start != NULL)
        return wrong(path, line, "\"-- migrate:up\" must stand before \"-- migrate:down\"", err);
    Place *place = mark == MARK_UP ? up : down;
    if (place->start != NULL)
        return wrong(path, line, "this mark stands here a second time", err);
    *place = (Place){.start = next_line(at), .mark = at, .line = line + 1};
    return true;
}

/* Only blanks and comments may stand in front of the first mark. */
static bool check_front(const char *path, const char *bytes, const char *first, Error *err)
{
    int line = 1;
    for (const char *at = bytes; at < first; at = next_line(at), line++) {
        const char *text = skip(at);
        if (*text != '\n' && *text != '\r' && !text_starts(text, "--"))
            return wrong(path, line, "this stands before \"-- migrate:up\", and would not be run",
                         err);
    }
    return true;
}

bool bind_marked_read(Arena *arena, const char *path, const char *bytes, MarkedSql *ret_up,
                      MarkedSql *ret_down, Error *err)
{
    Place up = {.start = NULL};
    Place down = {.start = NULL};
    int line = 1;
    for (const char *at = bytes; *at != '\0'; at = next_line(at), line++) {
        Mark mark = mark_of(at);
        if (mark != MARK_NONE && !take_mark(path, mark, at, line, &up, &down, err))
            return false;
    }
    *ret_up = (MarkedSql){.text = bytes, .line = 1};
    *ret_down = (MarkedSql){.text = NULL};
    if (up.start == NULL && down.start == NULL)
        return true;
    if (up.start == NULL)
        return wrong(path, down.line - 1,
                     "\"-- migrate:down\" stands here without a \"-- migrate:up\"", err);
    size_t up_bytes = down.start == NULL ? strlen(up.start) : (size_t)(down.mark - up.start);
    *ret_up = (MarkedSql){arena_strndup(arena, up.start, up_bytes), up.line};
    if (down.start != NULL)
        *ret_down = (MarkedSql){down.start, down.line};
    return check_front(path, bytes, up.mark, err);
}
