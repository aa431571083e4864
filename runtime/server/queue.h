/* What waits to be sent to one viewer: texts shared by all viewers, packed into frames (arrays of
 * messages), with an upper limit. Pure. */
#ifndef HEADGATE_SERVER_QUEUE_H
#define HEADGATE_SERVER_QUEUE_H

#include "base/base.h"

/// The JSON text of one message; as many viewers as like hold a reference.
typedef struct ServerNote {
    size_t references;
    size_t size_bytes;
    char text[]; ///< NUL behind it
} ServerNote;

ServerNote *note_new(const char *text, size_t bytes); ///< with one reference
void note_drop(ServerNote *note);                     ///< NULL is fine

typedef struct ServerQueue {
    ServerNote **notes; ///< ring
    size_t first;
    size_t count;
    size_t capacity;
    size_t bytes; ///< of all notes
} ServerQueue;

/// Could it be sent to anybody: does it alone fit into a frame?
bool note_fits(const ServerNote *note);

/// Adds a reference to note. False, and nothing is added, when it would pass BOUND_WS_QUEUE_BYTES
/// or when the note does not fit into a frame.
NODISCARD bool queue_push(ServerQueue *queue, ServerNote *note);
/// Fills out with "[a,b,…]" of as many notes as fit into size and takes
/// them off. Returns the bytes; 0 when there is nothing, or the first note is larger than size.
size_t queue_frame(ServerQueue *queue, char *out, size_t size);
void queue_clear(ServerQueue *queue);
/// Clears it and frees its memory.
void queue_done(ServerQueue *queue);

#endif
