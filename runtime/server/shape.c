/* From a shape to its JSON schema. */
#include "server/shape.h"

#include "base/embed.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

extern const EmbedFile server_shape_files[];

typedef struct Word {
    const char *word;
    const char *schema;
} Word;

static const Word WORDS[] = {
    {"text", "{\"type\":\"string\"}"},
    {"id", "{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"}"},
    {"time", "{\"type\":\"string\",\"format\":\"date-time\"}"},
    {"integer", "{\"type\":\"integer\"}"},
    {"number", "{\"type\":\"number\"}"},
    {"boolean", "{\"type\":\"boolean\"}"},
    {"object", "{\"type\":\"object\"}"},
    {"any", "{}"},
};

static json_t *parsed(const char *text, size_t bytes)
{
    Error err = {0};
    json_t *json = json_parse(text, bytes, &err);
    if (json == NULL)
        invariant_failed(__FILE__, __LINE__, err.message);
    return json;
}

json_t *shape_file(void)
{
    const EmbedFile *file = embed_find(server_shape_files, "api.json");
    invariant(file != NULL);
    return parsed(file->start, embed_bytes(file));
}

static json_t *words_schema(const char *text, size_t length)
{
    json_t *words = json_array();
    while (length > 0) {
        const char *bar = memchr(text, '|', length);
        size_t word = bar == NULL ? length : (size_t)(bar - text);
        json_array_append_new(words, json_stringn(text, word));
        size_t taken = bar == NULL ? word : word + 1;
        text += taken;
        length -= taken;
    }
    return json_pack("{s:s,s:o}", "type", "string", "enum", words);
}

static json_t *ref_schema(const char *name, size_t length, const char *refs)
{
    AUTO(base_free) char *ref = base_printf("%s%.*s", refs, (int)length, name);
    return json_pack("{s:s}", "$ref", ref);
}

static json_t *text_schema(const char *text, size_t length, const char *refs)
{
    invariant(length > 0);
    if (text[length - 1] == '?')
        return json_pack("{s:[o,{s:s}]}", "anyOf", text_schema(text, length - 1, refs), "type",
                         "null");
    if (text[0] == '[')
        return json_pack("{s:s,s:o}", "type", "array", "items",
                         text_schema(text + 1, length - 2, refs));
    if (text[0] == '{')
        return json_pack("{s:s,s:o}", "type", "object", "additionalProperties",
                         text_schema(text + 1, length - 2, refs));
    if (isupper((unsigned char)text[0]))
        return ref_schema(text, length, refs);
    for (size_t i = 0; i < COUNT_OF(WORDS); i++) {
        if (strlen(WORDS[i].word) == length && memcmp(WORDS[i].word, text, length) == 0)
            return parsed(WORDS[i].schema, strlen(WORDS[i].schema));
    }
    return words_schema(text, length);
}

static json_t *object_schema(const json_t *shape, const char *refs)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    bool open = true;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach ((json_t *)shape, key, value) {
        size_t length = strlen(key);
        bool optional = key[length - 1] == '?';
        if (text_equal(key, "*")) {
            open = false;
            continue;
        }
        json_t *name = json_stringn(key, optional ? length - 1 : length);
        json_object_set_new(properties, json_string_value(name), shape_schema(value, refs));
        if (!optional)
            json_array_append(required, name);
        json_decref(name);
    }
    json_t *schema = json_pack("{s:s,s:o,s:o}", "type", "object", "properties", properties,
                               "required", required);
    if (!open)
        json_object_set_new(schema, "additionalProperties", json_false());
    return schema;
}

json_t *shape_schema(const json_t *shape, const char *refs)
{
    if (json_is_object(shape))
        return object_schema(shape, refs);
    return text_schema(json_string_value(shape), json_string_length(shape), refs);
}
