/* What viewers say on the WebSocket (docs/protocol.md). Pure. */
#ifndef HEADGATE_SERVER_MESSAGE_H
#define HEADGATE_SERVER_MESSAGE_H

#include "base/base.h"

typedef enum ServerMessageKind { MESSAGE_WATCH, MESSAGE_UNWATCH } ServerMessageKind;

enum { MESSAGE_AT_BYTES = 40 }; ///< of an RFC 3339 time

typedef struct ServerMessage {
    ServerMessageKind kind;
    int64_t run;               ///< 0 = "*": every run's head
    int64_t since;             ///< of watch: newest event the viewer has; 0 = none
    char at[MESSAGE_AT_BYTES]; ///< of watch: the time that event was told with; "" = not said
} ServerMessage;

/// Reads one message. NULL, or what is wrong with it in at most 123 bytes (a close frame takes no
/// more); then *ret_message is not touched.
NODISCARD const char *message_read(const char *text, size_t bytes, ServerMessage *ret_message);

#endif
