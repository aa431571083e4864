/* graph (internal): evaluates the Lua of the bundle on standard input and prints {"graph": …} or
 * {"error": …}. */
#include "base/bounds.h"
#include "bind/plan.h"
#include "cli/commands.h"
#include "loop/child.h"

#include <stdio.h>
#include <stdlib.h>

static bool read_all(Arena *arena, const void **ret_bytes, size_t *ret_size, Error *err)
{
    size_t capacity = (size_t)1 << 16;
    size_t size = 0;
    char *bytes = base_realloc(NULL, capacity);
    while (true) {
        size_t got = fread(bytes + size, 1, capacity - size, stdin);
        size += got;
        if (got == 0)
            break;
        if (size == capacity)
            bytes = base_realloc(bytes, capacity *= 2);
        if (size > (size_t)2 * BOUND_BUNDLE_BYTES) {
            free(bytes);
            return error_set(err, ERROR_INPUT, "the bundle is too large");
        }
    }
    *ret_bytes = arena_memdup(arena, bytes, size);
    *ret_size = size;
    free(bytes);
    return true;
}

CliExit cli_graph(Cli *cli)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(bundle_auto) Bundle *bundle = NULL;
    AUTO(json_auto) json_t *answer = json_object();
    const void *bytes = NULL;
    size_t size = 0;
    BindPlan *plan = NULL;
    Error err = {0};
    child_beat_start(cli->loop);
    bool ok = read_all(arena, &bytes, &size, &err) && bundle_unpack(bytes, size, &bundle, &err) &&
              bind_plan_load(cli->loop, bundle, &plan, &err);
    if (ok)
        json_object_set(answer, "graph", bind_plan_graph(plan));
    else
        json_object_set_new(answer, "error", json_from_error(&err));
    bind_plan_free(plan);
    cli_print_json(answer);
    return ok ? CLI_OK : CLI_FAILED;
}
