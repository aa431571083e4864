/* The API for other programs: OpenAPI 3.1 from the table of routes, AsyncAPI 3.0 of the stream,
 * both with the shapes of shapes/api.json. */
#include "base/text.h"
#include "server/route.h"
#include "server/server.h"
#include "server/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char REFS[] = "#/components/schemas/";

/* Nobody needs to be told of them for each route. */
enum { REFUSALS_MAX = 16 };

typedef struct Place {
    const char *name;
    const char *in;
    const char *doc;
} Place;

static const Place CSRF = {"X-Headgate-CSRF", "header",
                           "csrf of GET /api/me; needed with a session cookie"};
static const Place KEY = {"Idempotency-Key", "header",
                          "the same key of the same person gives the same effect once"};

static json_t *parameter(const Place *place, const json_t *shape, bool required)
{
    AUTO(json_auto) json_t *text = json_string("text");
    json_t *schema = shape_schema(shape == NULL ? text : shape, REFS);
    json_t *made = json_pack("{s:s,s:s,s:b,s:o}", "name", place->name, "in", place->in, "required",
                             required, "schema", schema);
    if (place->doc != NULL)
        json_set_string(made, "description", place->doc);
    return made;
}

/* "/api/runs/:run/gates/\*gate" as "/api/runs/{run}/gates/{gate}"; its names become parameters. */
static char *template_of(const ServerRoute *route, json_t *parameters)
{
    AUTO(text_done) Text path;
    text_init(&path, 1024);
    for (const char *at = route->pattern; *at != '\0';) {
        if (*at != ':' && *at != '*') {
            text_append_char(&path, *at++);
            continue;
        }
        bool whole = *at == '*';
        size_t length = strcspn(++at, "/");
        AUTO(base_free) char *name = base_printf("%.*s", (int)length, at);
        AUTO(json_auto) json_t *shape = json_string(text_equal(name, "run") ? "id" : "text");
        const Place place = {name, "path", whole ? "its slashes as they are, or as %2F" : NULL};
        json_array_append_new(parameters, parameter(&place, shape, true));
        text_printf(&path, "{%s}", name);
        at += length;
    }
    return base_strdup(text_string(&path));
}

/* "post /api/runs/:run/review" as "post_runs_run_review". */
static char *operation_id(const ServerRoute *route)
{
    char *id = base_printf("%s%s", route_method_name(route->method), route->pattern + 4);
    char *to = id;
    for (const char *from = id; *from != '\0'; from++) {
        if (*from == ':' || *from == '*')
            continue;
        bool big = *from >= 'A' && *from <= 'Z';
        *to++ = *from == '/' ? '_' : (char)(big ? *from - 'A' + 'a' : *from);
    }
    *to = '\0';
    return id;
}

static void add_refusals(const ServerRoute *route, const json_t *shape, json_t *responses)
{
    int statuses[REFUSALS_MAX] = {400, 404, 429, 500, 503};
    size_t count = 5;
    if (route->needs > ACCESS_NOBODY)
        statuses[count++] = 401;
    if (route->needs > ACCESS_VIEWER || route->method == METHOD_POST)
        statuses[count++] = 403;
    const json_t *more = json_object_get(shape, "refuses");
    for (size_t i = 0; i < json_array_size(more) && count < REFUSALS_MAX; i++)
        statuses[count++] = (int)json_integer_value(json_array_get(more, i));
    for (size_t i = 0; i < count; i++) {
        char status[16];
        snprintf(status, sizeof(status), "%d", statuses[i]);
        json_object_set_new(responses, status,
                            json_pack("{s:s}", "$ref", "#/components/responses/Error"));
    }
}

static json_t *responses_of(const ServerRoute *route, const json_t *shape)
{
    AUTO(json_auto) json_t *object = json_string("object");
    const json_t *gives = json_object_get(shape, "gives");
    json_t *content = json_pack("{s:{s:o}}", "application/json", "schema",
                                shape_schema(gives == NULL ? object : gives, REFS));
    size_t i = 0;
    json_t *type = NULL;
    json_array_foreach (json_object_get(shape, "files"), i, type)
        json_object_set_new(content, json_string_value(type),
                            json_pack("{s:{s:s}}", "schema", "type", "string"));
    json_t *responses = json_object();
    char status[16];
    snprintf(status, sizeof(status), "%d", (int)json_get_int(shape, "status", 200));
    json_object_set_new(responses, status,
                        json_pack("{s:s,s:o}", "description", "done", "content", content));
    add_refusals(route, shape, responses);
    return responses;
}

static json_t *operation(const ServerRoute *route, const json_t *shape, json_t *parameters)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach (json_object_get(shape, "args"), name, value)
        json_array_append_new(parameters, parameter(&(Place){name, "query", NULL}, value, false));
    const char *match = json_get_string(shape, "match", NULL);
    AUTO(base_free) char *seen = match == NULL ? NULL : base_printf("the %s you saw", match);
    if (match != NULL)
        json_array_append_new(parameters,
                              parameter(&(Place){"If-Match", "header", seen}, NULL, true));
    if (route->method == METHOD_POST) {
        json_array_append_new(parameters, parameter(&CSRF, NULL, false));
        json_array_append_new(parameters, parameter(&KEY, NULL, false));
    }
    AUTO(base_free) char *id = operation_id(route);
    json_t *made = json_pack(
        "{s:s,s:s,s:s,s:o}", "operationId", id, "summary", route->doc, "x-role",
        route->needs == ACCESS_NOBODY ? "nobody in particular" : access_role_name(route->needs),
        "parameters", parameters);
    if (route->needs == ACCESS_NOBODY)
        json_object_set_new(made, "security", json_array());
    const json_t *takes = json_object_get(shape, "takes");
    if (takes != NULL)
        json_object_set_new(made, "requestBody",
                            json_pack("{s:b,s:{s:{s:o}}}", "required", true, "content",
                                      "application/json", "schema", shape_schema(takes, REFS)));
    json_object_set_new(made, "responses", responses_of(route, shape));
    return made;
}

static json_t *paths_of(const json_t *file)
{
    json_t *paths = json_object();
    for (size_t i = 0; i < SERVER_ROUTES_COUNT; i++) {
        const ServerRoute *route = &SERVER_ROUTES[i];
        bool post = route->method == METHOD_POST;
        AUTO(base_free)
        char *key = base_printf("%s %s", route_method_name(route->method), route->pattern);
        const json_t *shape = json_object_get(json_object_get(file, "routes"), key);
        json_t *parameters = json_array();
        AUTO(base_free) char *path = template_of(route, parameters);
        json_t *item = json_object_get(paths, path);
        if (item == NULL) {
            item = json_object();
            json_object_set_new(paths, path, item);
        }
        json_object_set_new(item, post ? "post" : "get", operation(route, shape, parameters));
    }
    return paths;
}

static json_t *schemas_of(const json_t *shapes)
{
    json_t *schemas = json_object();
    const char *name = NULL;
    json_t *shape = NULL;
    json_object_foreach ((json_t *)shapes, name, shape)
        json_object_set_new(schemas, name, shape_schema(shape, REFS));
    return schemas;
}

static void print(const json_t *document, Text *out)
{
    char *text = json_dumps(document, JSON_INDENT(1));
    invariant(text != NULL);
    text_printf(out, "%s\n", text);
    free(text);
}

void server_openapi_docs(Text *out)
{
    AUTO(json_auto) json_t *file = shape_file();
    json_t *components = json_pack(
        "{s:o,s:{s:{s:s,s:{s:{s:{s:s}}}}},s:{s:{s:s,s:s},s:{s:s,s:s,s:s}}}", "schemas",
        schemas_of(json_object_get(file, "shapes")), "responses", "Error", "description",
        "refused, with the reason", "content", "application/json", "schema", "$ref",
        "#/components/schemas/Error", "securitySchemes", "bearer", "type", "http", "scheme",
        "bearer", "cookie", "type", "apiKey", "in", "cookie", "name", "headgate_session");
    AUTO(json_auto)
    json_t *document = json_pack(
        "{s:s,s:{s:s,s:s,s:s},s:[{s:[]},{s:[]}],s:o,s:o}", "openapi", "3.1.0", "info", "title",
        "Headgate", "version", HEADGATE_VERSION, "description",
        "Written by `headgate docs openapi`. Words and rules: protocol.md. The stream: "
        "asyncapi.json.",
        "security", "bearer", "cookie", "paths", paths_of(file), "components", components);
    print(document, out);
}

/* ------------------------------------------------------------------ the stream */

/* {"t": "event", …} with the data of its type. */
static json_t *event_shape(const char *type, const json_t *data)
{
    json_t *shape = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "t", "event", "run", "id", "seq", "id",
                              "at", "time", "type", type, "node", "text");
    json_object_set_new(shape, "data", json_deep_copy(data));
    return shape;
}

static void add_message(json_t *messages, json_t *channel, const char *name, const json_t *shape)
{
    AUTO(base_free) char *message = base_printf("#/components/messages/%s", name);
    json_object_set_new(messages, name,
                        json_pack("{s:s,s:s,s:o}", "name", name, "contentType", "application/json",
                                  "payload", shape_schema(shape, REFS)));
    json_object_set_new(channel, name, json_pack("{s:s}", "$ref", message));
}

static json_t *refs_of(const json_t *names)
{
    json_t *refs = json_array();
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach ((json_t *)names, name, value) {
        AUTO(base_free) char *ref = base_printf("#/channels/stream/messages/%s", name);
        json_array_append_new(refs, json_pack("{s:s}", "$ref", ref));
    }
    return refs;
}

static json_t *channel_of(const json_t *file, json_t *messages, json_t *heard, json_t *said)
{
    const char *name = NULL;
    json_t *shape = NULL;
    json_object_foreach (json_object_get(file, "messages"), name, shape)
        add_message(messages, heard, name, shape);
    json_object_foreach (json_object_get(file, "events"), name, shape) {
        AUTO(json_auto) json_t *event = event_shape(name, shape);
        add_message(messages, heard, name, event);
    }
    json_object_foreach (json_object_get(file, "requests"), name, shape)
        add_message(messages, said, name, shape);
    json_t *all = json_copy(heard);
    json_object_update(all, said);
    return json_pack("{s:s,s:s,s:o,s:{s:{}}}", "address", "/api/stream", "description",
                     "WebSocket, subprotocol headgate.v1. The server's frames are arrays of "
                     "messages; a client sends one message a frame.",
                     "messages", all, "bindings", "ws");
}

void server_asyncapi_docs(Text *out)
{
    AUTO(json_auto) json_t *file = shape_file();
    AUTO(json_auto) json_t *heard = json_object();
    AUTO(json_auto) json_t *said = json_object();
    json_t *messages = json_object();
    json_t *channel = channel_of(file, messages, heard, said);
    json_t *operations =
        json_pack("{s:{s:s,s:{s:s},s:o},s:{s:s,s:{s:s},s:o}}", "hear", "action", "send", "channel",
                  "$ref", "#/channels/stream", "messages", refs_of(heard), "say", "action",
                  "receive", "channel", "$ref", "#/channels/stream", "messages", refs_of(said));
    AUTO(json_auto)
    json_t *document = json_pack(
        "{s:s,s:{s:s,s:s,s:s},s:s,s:{s:o},s:o,s:{s:o,s:o}}", "asyncapi", "3.0.0", "info", "title",
        "Headgate's stream", "version", HEADGATE_VERSION, "description",
        "Written by `headgate docs asyncapi`. Words and rules: protocol.md. Commands are HTTP: "
        "openapi.json.",
        "defaultContentType", "application/json", "channels", "stream", channel, "operations",
        operations, "components", "messages", messages, "schemas",
        schemas_of(json_object_get(file, "shapes")));
    print(document, out);
}
