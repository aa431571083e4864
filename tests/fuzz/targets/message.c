/* Messages of viewers. */
#include "fuzz.h"

#include "server/message.h"

#include <string.h>

enum { CLOSE_TEXT_MAX = 123 };

void fuzz_one(const uint8_t *bytes, size_t size)
{
    ServerMessage message = {.run = -1};
    const char *wrong = message_read((const char *)bytes, size, &message);
    if (wrong != NULL) {
        invariant(strlen(wrong) <= CLOSE_TEXT_MAX && message.run == -1);
        return;
    }
    invariant(message.run >= 0 && message.since >= 0);
    invariant(message.kind == MESSAGE_WATCH || message.since == 0);
    invariant(memchr(message.at, '\0', sizeof(message.at)) != NULL);
}
