/* The queue that events wait in for a viewer: a byte is an operation. Whatever the sizes, frames
 * are lists of all notes in their order, and no limit is passed. */
#include "fuzz.h"

#include "base/bounds.h"
#include "server/queue.h"

#include <stdlib.h>
#include <string.h>

enum { OPERATIONS_MAX = 200, LARGEST = 60 * 1024 };

/* A note is its own number, with blanks behind it. */
static ServerNote *numbered(uint32_t number, size_t bytes)
{
    static char text[LARGEST + 16];
    memset(text, ' ', sizeof(text));
    int digits = snprintf(text, sizeof(text), "%u", number);
    text[digits] = ' ';
    return note_new(text, bytes + (size_t)digits);
}

/* Numbers and blanks between brackets and commas. */
static void check_list(const char *frame, size_t bytes, size_t count, uint32_t *next)
{
    const char *at = frame;
    for (size_t i = 0; i < count; i++) {
        char *end = NULL;
        invariant(*at++ == (i == 0 ? '[' : ','));
        invariant(strtoul(at, &end, 10) == (*next)++);
        at = end + strspn(end, " ");
    }
    invariant(*at++ == ']' && at == frame + bytes);
}

static void check_frame(ServerQueue *queue, uint32_t *next)
{
    static char out[BOUND_WS_FRAME_BYTES + 1];
    size_t count = queue->count;
    size_t bytes = queue_frame(queue, out, BOUND_WS_FRAME_BYTES);
    invariant((bytes == 0) == (count == 0) && bytes <= BOUND_WS_FRAME_BYTES);
    out[bytes] = '\0';
    if (bytes > 0)
        check_list(out, bytes, count - queue->count, next);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    ServerQueue queue = {0};
    uint32_t pushed = 0;
    uint32_t sent = 0;
    for (size_t i = 0; i < size && i < OPERATIONS_MAX; i++) {
        size_t step = bytes[i] / 8;
        if (bytes[i] % 8 == 0) {
            check_frame(&queue, &sent);
            continue;
        }
        if (bytes[i] == UINT8_MAX) {
            queue_clear(&queue);
            sent = pushed;
            continue;
        }
        ServerNote *note = numbered(pushed, step * step * 63);
        pushed += queue_push(&queue, note);
        note_drop(note);
        invariant(queue.bytes <= BOUND_WS_QUEUE_BYTES);
    }
    while (queue.count > 0)
        check_frame(&queue, &sent);
    invariant(sent == pushed && queue.bytes == 0);
    queue_done(&queue);
}
