/* The ring of a viewer. */
#include "server/queue.h"

#include "base/bounds.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 16, BRACKETS = 2 };

ServerNote *note_new(const char *text, size_t bytes)
{
    ServerNote *note = base_alloc(sizeof(*note) + bytes + 1);
    note->references = 1;
    note->size_bytes = bytes;
    memcpy(note->text, text, bytes);
    return note;
}

void note_drop(ServerNote *note)
{
    if (note != NULL && --note->references == 0)
        free(note);
}

bool note_fits(const ServerNote *note)
{
    return note->size_bytes + BRACKETS <= BOUND_WS_FRAME_BYTES;
}

static void grow(ServerQueue *queue)
{
    size_t capacity = queue->capacity == 0 ? CAPACITY_MIN : queue->capacity * 2;
    ServerNote **notes = base_alloc(capacity * sizeof(ServerNote *));
    for (size_t i = 0; i < queue->count; i++)
        notes[i] = queue->notes[(queue->first + i) % queue->capacity];
    free(queue->notes);
    queue->notes = notes;
    queue->capacity = capacity;
    queue->first = 0;
}

bool queue_push(ServerQueue *queue, ServerNote *note)
{
    if (queue->bytes + note->size_bytes > BOUND_WS_QUEUE_BYTES || !note_fits(note))
        return false;
    if (queue->count == queue->capacity)
        grow(queue);
    queue->notes[(queue->first + queue->count) % queue->capacity] = note;
    queue->count++;
    queue->bytes += note->size_bytes;
    note->references++;
    return true;
}

static ServerNote *pop(ServerQueue *queue)
{
    ServerNote *note = queue->notes[queue->first];
    queue->first = (queue->first + 1) % queue->capacity;
    queue->count--;
    queue->bytes -= note->size_bytes;
    return note;
}

size_t queue_frame(ServerQueue *queue, char *out, size_t size)
{
    size_t used = 0;
    while (queue->count > 0) {
        const ServerNote *next = queue->notes[queue->first];
        if (used + 1 + next->size_bytes + 1 >
            size) /* a bracket or comma before, a bracket behind */
            break;
        out[used] = used == 0 ? '[' : ',';
        used++;
        memcpy(out + used, next->text, next->size_bytes);
        used += next->size_bytes;
        note_drop(pop(queue));
    }
    if (used > 0)
        out[used++] = ']';
    return used;
}

void queue_clear(ServerQueue *queue)
{
    while (queue->count > 0)
        note_drop(pop(queue));
}

void queue_done(ServerQueue *queue)
{
    queue_clear(queue);
    free(queue->notes);
    *queue = (ServerQueue){0};
}
