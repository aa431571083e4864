/* JSON to a message. */
#include "server/message.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* 64-bit numbers travel as texts; 18 digits always fit. */
static bool parse_id(const json_t *value, int64_t *ret_id)
{
    const char *text = json_string_value(value);
    if (text == NULL || *text == '\0' || strlen(text) > 18 ||
        strspn(text, "0123456789") != strlen(text))
        return false;
    *ret_id = strtoll(text, NULL, 10);
    return true;
}

/* Compared, never parsed. */
static bool read_at(const json_t *value, ServerMessage *message)
{
    const char *text = json_string_value(value);
    if (value == NULL)
        return true;
    if (text == NULL || strlen(text) >= sizeof(message->at))
        return false;
    memcpy(message->at, text, strlen(text) + 1);
    return true;
}

static const char *understand(const json_t *json, ServerMessage *message)
{
    const char *type = json_string_value(json_object_get(json, "t"));
    const json_t *run = json_object_get(json, "run");
    const json_t *since = json_object_get(json, "since");
    if (type == NULL)
        return "a message is an object with \"t\"";
    if (!text_equal(json_string_value(run), "*") &&
        (!parse_id(run, &message->run) || message->run == 0))
        return "run is a run's number as text, or \"*\"";
    if (!text_equal(type, "watch") && !text_equal(type, "unwatch"))
        return "the messages are watch and unwatch";
    message->kind = text_equal(type, "watch") ? MESSAGE_WATCH : MESSAGE_UNWATCH;
    if (message->kind == MESSAGE_WATCH && since != NULL && !parse_id(since, &message->since))
        return "since is a sequence number as text";
    if (message->since > 0 && !read_at(json_object_get(json, "at"), message))
        return "at is the time of event since, as it was told";
    return NULL;
}

const char *message_read(const char *text, size_t bytes, ServerMessage *ret_message)
{
    Error err = {0};
    ServerMessage message = {0};
    AUTO(json_auto) json_t *json = json_parse(text, bytes, &err);
    const char *wrong = json == NULL ? "a message is JSON" : understand(json, &message);
    if (wrong == NULL)
        *ret_message = message;
    return wrong;
}
