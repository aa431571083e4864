/* Finding the target of a run, and a few connections to each. */
#include "server/target.h"

#include "ledger/run.h"
#include "server/pool.h"

#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 2, CONNECT_MS = 3000, STATEMENT_MS = 5000, AGAIN_MS = 5000, SPOTS_MAX = 64 };

/* One database that is not the state database. */
typedef struct Spot {
    const char *url;
    ServerPool *pool;
    size_t known_of; /* which of its connections told who it is */
    const char *system;
    const char *database;
} Spot;

struct ServerTargets {
    Loop *loop;
    Arena *arena;
    const char *state_url;
    const Config *config;
    Spot spots[SPOTS_MAX];
    size_t spots_count;
    const char *state_system; /* NULL = not asked yet */
    const char *state_database;
};

ServerTargets *targets_new(Loop *loop, const DbTarget *state, const Config *config)
{
    ServerTargets *targets = base_alloc(sizeof(*targets));
    *targets = (ServerTargets){
        .loop = loop, .arena = arena_new(), .state_url = state->conninfo, .config = config};
    return targets;
}

void targets_free(ServerTargets *targets)
{
    if (targets == NULL)
        return;
    for (size_t i = 0; i < targets->spots_count; i++)
        pool_free(targets->spots[i].pool);
    arena_free(targets->arena);
    free(targets);
}

/* ------------------------------------------------------------------ which database */

static bool unknown(const ServerPlace *place, bool environment, Error *err)
{
    if (environment)
        return error_set(err, ERROR_UNREACHABLE,
                         "the configuration has no target \"%s\" for environment \"%s\"",
                         place->target, place->environment);
    return error_set(err, ERROR_UNREACHABLE, "the configuration has no environment \"%s\"",
                     place->environment);
}

static bool spot_of(ServerTargets *targets, const ConfigTarget *target, Spot **ret_spot, Error *err)
{
    Error why = {0};
    if (!config_target_ready(target, &why))
        return error_set(err, ERROR_UNREACHABLE, "target \"%s\": %s", target->name, why.message);
    for (size_t i = 0; i < targets->spots_count; i++) {
        if (strcmp(targets->spots[i].url, target->url) == 0) {
            *ret_spot = &targets->spots[i];
            return true;
        }
    }
    if (targets->spots_count == SPOTS_MAX)
        return error_set(err, ERROR_UNREACHABLE, "target \"%s\": more than %d databases",
                         target->name, (int)SPOTS_MAX);
    const DbTarget options = {.conninfo = target->url,
                              .application_name = "headgate:supervisor",
                              .connect_timeout_ms = CONNECT_MS,
                              .statement_timeout_ms = STATEMENT_MS,
                              .pooler_session = target->pooler_session,
                              .read_only = true};
    const PoolOptions kept = {
        .name = arena_printf(targets->arena, "target \"%s\"", target->name),
        .max = CONNECTIONS,
        .again_ms = AGAIN_MS,
    };
    Spot *spot = &targets->spots[targets->spots_count++];
    *spot = (Spot){.url = target->url, .pool = pool_new(targets->loop, &options, &kept)};
    *ret_spot = spot;
    return true;
}

/* Where the configuration does not say it, the state database knows who it is itself. */
static bool is_state(ServerTargets *targets, DbConn *state, const ServerPlace *place, bool *ret_is,
                     Error *err)
{
    if (targets->state_system == NULL &&
        !ledger_run_identity(state, targets->arena, &targets->state_system,
                             &targets->state_database, err))
        return false;
    *ret_is = text_equal(targets->state_system, place->system) &&
              text_equal(targets->state_database, place->database);
    return true;
}

/* *ret_spot: NULL = the state database. *ret_why: set when the configuration does not know it;
 * false only when the state database failed. */
static bool find(ServerTargets *targets, DbConn *state, const ServerPlace *place, Spot **ret_spot,
                 Error *ret_why, Error *err)
{
    const ConfigEnvironment *environment = config_environment(targets->config, place->environment);
    const ConfigTarget *target =
        environment == NULL ? NULL : config_target(environment, place->target);
    bool same = target != NULL && text_equal(target->url, targets->state_url);
    *ret_spot = NULL;
    if (!same && !is_state(targets, state, place, &same, err))
        return false;
    if (!same && target == NULL)
        UNUSED(unknown(place, environment != NULL, ret_why));
    else if (!same)
        UNUSED(spot_of(targets, target, ret_spot, ret_why));
    return true;
}

/* ------------------------------------------------------------------ connections */

/* A new connection may have led to another server than the one before. */
static bool identify(ServerTargets *targets, Spot *spot, DbConn *conn, Error *err)
{
    size_t opened = pool_opened(spot->pool);
    if (spot->known_of == opened)
        return true;
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *system = NULL;
    const char *database = NULL;
    if (!ledger_run_identity(conn, arena, &system, &database, err))
        return false;
    if (!text_equal(system, spot->system) || !text_equal(database, spot->database)) {
        spot->system = arena_strdup(targets->arena, system);
        spot->database = arena_strdup(targets->arena, database);
    }
    spot->known_of = opened;
    return true;
}

static bool take(ServerTargets *targets, DbConn *state, Spot *spot, ServerTarget *ret_target,
                 Error *err)
{
    *ret_target = (ServerTarget){.conn = state};
    if (spot == NULL)
        return true;
    *ret_target = (ServerTarget){.pool = spot->pool};
    if (pool_take(spot->pool, &ret_target->conn, err) &&
        identify(targets, spot, ret_target->conn, err))
        return true;
    target_put(ret_target);
    return false;
}

void target_put(ServerTarget *target)
{
    if (target->pool != NULL)
        pool_put(target->pool, target->conn);
    *target = (ServerTarget){0};
}

void target_put_auto(ServerTarget *target)
{
    target_put(target);
}

static bool check_place(const Spot *spot, const ServerPlace *place, Error *err)
{
    if (spot == NULL ||
        (text_equal(spot->system, place->system) && text_equal(spot->database, place->database)))
        return true;
    return error_set(err, ERROR_UNREACHABLE,
                     "target \"%s\" is database \"%s\" of server %s in the configuration; the run "
                     "worked on \"%s\" of server %s",
                     place->target, spot->database, spot->system, place->database, place->system);
}

/* A pooled connection may have died while it was idle: the next one is new. */
static bool take_checked(ServerTargets *targets, DbConn *state, Spot *spot,
                         const ServerPlace *place, ServerTarget *ret_target, Error *err)
{
    if (!take(targets, state, spot, ret_target, err))
        return false;
    if (check_place(spot, place, err))
        return true;
    target_put(ret_target);
    return false;
}

bool target_take(ServerTargets *targets, DbConn *state, const ServerPlace *place,
                 ServerTarget *ret_target, Error *err)
{
    Spot *spot = NULL;
    Error why = {0};
    *ret_target = (ServerTarget){0};
    if (!find(targets, state, place, &spot, &why, err))
        return false;
    if (why.kind != ERROR_NONE) {
        *err = why;
        return false;
    }
    return take_checked(targets, state, spot, place, ret_target, err);
}

/* ------------------------------------------------------------------ lists */

ServerPlace target_place(const json_t *run)
{
    return (ServerPlace){.environment = json_get_string(run, "environment", ""),
                         .target = json_get_string(run, "target", "app"),
                         .system = json_get_string(run, "system", ""),
                         .database = json_get_string(run, "database", "")};
}

static void mark(json_t *run, const Error *why)
{
    json_set_string(run, "unavailable", why->message);
}

/* Those of runs whose spot is that of the run at first, which are taken out of spots. */
static json_t *take_group(json_t *runs, Spot **spots, bool *left, size_t first)
{
    json_t *group = json_array();
    for (size_t i = first; i < json_array_size(runs); i++) {
        if (!left[i] || spots[i] != spots[first])
            continue;
        left[i] = i == first;
        json_array_append(group, json_array_get(runs, i));
    }
    left[first] = false;
    return group;
}

/* Only runs that really worked on the database that the configuration names now. */
static void keep_here(const Spot *spot, json_t *group)
{
    for (size_t i = json_array_size(group); i > 0; i--) {
        json_t *run = json_array_get(group, i - 1);
        const ServerPlace place = target_place(run);
        Error why = {0};
        if (check_place(spot, &place, &why))
            continue;
        mark(run, &why);
        json_array_remove(group, i - 1);
    }
}

static bool look_once(ServerTargets *targets, DbConn *state, Spot *spot, json_t *group,
                      TargetLook *look, void *ctx, Error *err)
{
    AUTO(target_put_auto) ServerTarget target = {0};
    if (!take(targets, state, spot, &target, err))
        return false;
    keep_here(spot, group);
    return json_array_size(group) == 0 || look(ctx, target.conn, group, err);
}

/* Connections that were idle may have died with their server: what only reads is asked again. */
static bool look_group(ServerTargets *targets, DbConn *state, Spot *spot, json_t *group,
                       TargetLook *look, void *ctx, Error *err)
{
    Error why = {0};
    if (spot == NULL)
        return look_once(targets, state, spot, group, look, ctx, err);
    bool ok = look_once(targets, state, spot, group, look, ctx, &why);
    for (int i = 0; i < CONNECTIONS && !ok && why.kind == ERROR_UNREACHABLE; i++) {
        why = (Error){0};
        ok = look_once(targets, state, spot, group, look, ctx, &why);
    }
    if (ok)
        return true;
    if (why.kind == ERROR_CANCELLED) {
        *err = why;
        return false;
    }
    size_t i = 0;
    json_t *run = NULL;
    json_array_foreach (group, i, run) {
        mark(run, &why);
    }
    return true;
}

bool targets_each(ServerTargets *targets, DbConn *state, json_t *runs, TargetLook *look, void *ctx,
                  Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    size_t count = json_array_size(runs);
    Spot **spots = arena_alloc(arena, (count + 1) * sizeof(*spots));
    bool *left = arena_alloc(arena, (count + 1) * sizeof(*left));
    for (size_t i = 0; i < count; i++) {
        json_t *run = json_array_get(runs, i);
        const ServerPlace place = target_place(run);
        Error why = {0};
        json_set_string(run, "unavailable", NULL);
        if (!find(targets, state, &place, &spots[i], &why, err))
            return false;
        left[i] = why.kind == ERROR_NONE;
        if (!left[i])
            mark(run, &why);
    }
    for (size_t i = 0; i < count; i++) {
        if (!left[i])
            continue;
        Spot *spot = spots[i];
        AUTO(json_auto) json_t *group = take_group(runs, spots, left, i);
        if (!look_group(targets, state, spot, group, look, ctx, err))
            return false;
    }
    return true;
}
