/* Which files belong together is said by their names, as the usual tools write them:
 * 001_x.up.sql + 001_x.down.sql, 001_x/up.sql + 001_x/down.sql, or one 001_x.sql with the lines
 * "-- migrate:up" and "-- migrate:down" (bind/marked.c). */
#include "bind/migrations.h"

#include "base/suggest.h"
#include "bind/marked.h"
#include "plan/plan.h"
#include "sql/split.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { VERSION_PARTS = 6, VERSION_DIGITS = 18, DATE_BYTES = 10 };

/* 20240131, 1.2 or 2024-01-31-000000 (as Diesel writes them). */
typedef struct Version {
    const char *text; /* as in the name */
    uint64_t parts[VERSION_PARTS];
} Version;

typedef struct Migration {
    Version version;
    const char *name;    /* "001_x" */
    const char *up_path; /* NULL: not found yet */
    const char *down_path;
    MarkedSql up; /* text NULL: there is none */
    MarkedSql down;
} Migration;

typedef struct Builder {
    Arena *arena;
    const Bundle *bundle;
    json_t *node;
    const char *dir; /* without "/" at its end */
    Version after;   /* text NULL: no limit */
    Version up_to;
    Migration *items;
    size_t count;
} Builder;

/* What a file is for. */
typedef enum Role { ROLE_UP, ROLE_DOWN, ROLE_MARKED } Role;

/* ---- positions ---- */

static PlanPosition key_at(const Builder *builder, const char *key)
{
    const json_t *pair = json_object_get(json_object_get(builder->node, "key_positions"), key);
    PlanPosition at = {json_get_string(builder->node, "file", "plan.lua"),
                       (int)json_get_int(builder->node, "line", 0),
                       (int)json_get_int(builder->node, "column", 0)};
    if (json_integer_value(json_array_get(pair, 0)) > 0) {
        at.line = (int)json_integer_value(json_array_get(pair, 0));
        at.column = (int)json_integer_value(json_array_get(pair, 1));
    }
    return at;
}

static const char *label(const Builder *builder)
{
    return arena_printf(builder->arena, "migrations \"%s\"",
                        json_get_string(builder->node, "name", ""));
}

/* A mistake in the node's own keys. */
#define WRONG(builder, key, err, format, ...)                                                      \
    plan_error_at(err, key_at(builder, key), "%s: " format, label(builder), __VA_ARGS__)

/* ---- versions ---- */

static bool is_date(const char *at)
{
    static const char SHAPE[] = "dddd-dd-dd";
    for (size_t i = 0; i < DATE_BYTES; i++) {
        if (SHAPE[i] == 'd' ? !isdigit((unsigned char)at[i]) : at[i] != SHAPE[i])
            return false;
    }
    return true;
}

/* The number that name begins with ("V" may stand in front of it); *ret_end is behind it. */
static bool read_version(Arena *arena, const char *name, Version *ret, const char **ret_end)
{
    const char *at = name;
    if ((*at == 'V' || *at == 'v') && isdigit((unsigned char)at[1]))
        at++;
    const char *start = at;
    size_t parts = 0;
    bool dated = is_date(at);
    *ret = (Version){.text = NULL};
    while (isdigit((unsigned char)*at)) {
        size_t digits = strspn(at, "0123456789");
        if (digits > VERSION_DIGITS || parts == VERSION_PARTS)
            return false;
        ret->parts[parts++] = strtoull(at, NULL, 10);
        at += digits;
        bool more = (*at == '.' || (dated && *at == '-')) && isdigit((unsigned char)at[1]);
        if (!more)
            break;
        at++;
    }
    ret->text = arena_strndup(arena, start, (size_t)(at - start));
    *ret_end = at;
    return parts > 0;
}

static int compare_versions(const Version *a, const Version *b)
{
    for (size_t i = 0; i < VERSION_PARTS; i++) {
        if (a->parts[i] != b->parts[i])
            return a->parts[i] < b->parts[i] ? -1 : 1;
    }
    return 0;
}

static int compare_migrations(const void *left, const void *right)
{
    return compare_versions(&((const Migration *)left)->version,
                            &((const Migration *)right)->version);
}

/* ---- files ---- */

/* Cuts what by its ending, whatever the case. */
static bool ends(const char *name, const char *ending, size_t *ret_bytes)
{
    size_t bytes = strlen(name);
    size_t tail = strlen(ending);
    if (bytes < tail || strcasecmp(name + bytes - tail, ending) != 0)
        return false;
    *ret_bytes = bytes - tail;
    return true;
}

/* Name and role of a file inside dir. */
static bool read_name(const Builder *builder, const BundleFile *file, const char **ret_name,
                      Role *ret_role, Error *err)
{
    const char *inside = file->path + strlen(builder->dir) + 1;
    const char *slash = strchr(inside, '/');
    size_t bytes = 0;
    if (slash != NULL) {
        *ret_name = arena_strndup(builder->arena, inside, (size_t)(slash - inside));
        *ret_role = strcasecmp(slash + 1, "down.sql") == 0 ? ROLE_DOWN : ROLE_UP;
        if (*ret_role == ROLE_DOWN || strcasecmp(slash + 1, "up.sql") == 0 ||
            strcasecmp(slash + 1, "migration.sql") == 0)
            return true;
        return WRONG(builder, "dir", err,
                     "%s is neither up.sql nor down.sql: a migration's folder holds these two",
                     file->path);
    }
    *ret_role = ends(inside, ".up.sql", &bytes)     ? ROLE_UP
                : ends(inside, ".down.sql", &bytes) ? ROLE_DOWN
                                                    : ROLE_MARKED;
    if (*ret_role == ROLE_MARKED)
        ends(inside, ".sql", &bytes);
    *ret_name = arena_strndup(builder->arena, inside, bytes);
    return true;
}

static bool is_wanted(const Builder *builder, const Version *version)
{
    return (builder->after.text == NULL || compare_versions(version, &builder->after) > 0) &&
           (builder->up_to.text == NULL || compare_versions(version, &builder->up_to) <= 0);
}

static Migration *find(Builder *builder, const Version *version)
{
    for (size_t i = 0; i < builder->count; i++) {
        if (compare_versions(&builder->items[i].version, version) == 0)
            return &builder->items[i];
    }
    return NULL;
}

static bool twice(const Builder *builder, const Migration *migration, const char *first,
                  const BundleFile *file, Error *err)
{
    return WRONG(builder, "dir", err, "%s and %s have the same number, %s", first, file->path,
                 migration->version.text);
}

static bool take_marked(const Builder *builder, Migration *migration, const BundleFile *file,
                        Error *err)
{
    if (migration->up_path != NULL || migration->down_path != NULL)
        return twice(builder, migration,
                     migration->up_path != NULL ? migration->up_path : migration->down_path, file,
                     err);
    migration->up_path = file->path;
    migration->down_path = file->path;
    return bind_marked_read(builder->arena, file->path, file->bytes, &migration->up,
                            &migration->down, err);
}

static bool take(const Builder *builder, Migration *migration, const BundleFile *file, Role role,
                 Error *err)
{
    MarkedSql whole = {.text = file->bytes, .line = 1};
    if (memchr(file->bytes, '\0', file->size_bytes) != NULL)
        return WRONG(builder, "dir", err, "%s is not text", file->path);
    if (role == ROLE_MARKED)
        return take_marked(builder, migration, file, err);
    const char **path = role == ROLE_UP ? &migration->up_path : &migration->down_path;
    if (*path != NULL)
        return twice(builder, migration, *path, file, err);
    *path = file->path;
    *(role == ROLE_UP ? &migration->up : &migration->down) = whole;
    return true;
}

static bool add_file(Builder *builder, const BundleFile *file, Error *err)
{
    const char *name = NULL;
    const char *end = NULL;
    Role role;
    Version version;
    if (!read_name(builder, file, &name, &role, err))
        return false;
    if (!read_version(builder->arena, name, &version, &end))
        return WRONG(builder, "dir", err,
                     "%s has no number in front of its name, so it has no place in the order "
                     "(001_name.up.sql, …)",
                     file->path);
    if (!is_wanted(builder, &version))
        return true;
    Migration *migration = find(builder, &version);
    if (migration == NULL) {
        migration = &builder->items[builder->count++];
        *migration = (Migration){.version = version, .name = name};
    }
    if (role != ROLE_DOWN)
        migration->name = name;
    return take(builder, migration, file, role, err);
}

static bool is_inside(const Builder *builder, const char *path)
{
    size_t bytes = strlen(builder->dir);
    return strncmp(path, builder->dir, bytes) == 0 && path[bytes] == '/';
}

static bool no_directory(const Builder *builder, Error *err)
{
    Suggest suggest;
    suggest_init(&suggest, builder->dir);
    for (size_t i = 0; i < builder->bundle->files_count; i++) {
        const char *path = builder->bundle->files[i].path;
        const char *slash = strrchr(path, '/');
        if (slash != NULL)
            suggest_offer(&suggest, arena_strndup(builder->arena, path, (size_t)(slash - path)));
    }
    if (suggest.best != NULL)
        return WRONG(builder, "dir", err, "the plan has no folder \"%s\" (did you mean %s?)",
                     builder->dir, suggest.best);
    return WRONG(builder, "dir", err, "the plan has no folder \"%s\"", builder->dir);
}

static bool read_files(Builder *builder, Error *err)
{
    bool there = false;
    for (size_t i = 0; i < builder->bundle->files_count; i++) {
        const BundleFile *file = &builder->bundle->files[i];
        size_t bytes = 0;
        if (!is_inside(builder, file->path))
            continue;
        there = true;
        if (ends(file->path, ".sql", &bytes) && !add_file(builder, file, err))
            return false;
    }
    return there || no_directory(builder, err);
}

/* ---- ways back ---- */

/* Nothing but comments is no way back. */
static bool says_nothing(const Builder *builder, const MarkedSql *sql, Error *err)
{
    SqlStatement *statements = NULL;
    size_t count = 0;
    return sql->text == NULL ||
           (sql_split(builder->arena, sql->text, &statements, &count, err) && count == 0);
}

/* The reason that one_way gives for a migration, by number, by name or for all; *ret_key is how. */
static const char *one_way(const Builder *builder, const Migration *migration, const char **ret_key)
{
    json_t *reasons = json_object_get(json_object_get(builder->node, "keys"), "one_way");
    const char *key;
    json_t *reason;
    json_object_foreach (reasons, key, reason) {
        Version version;
        const char *end = NULL;
        bool same = strcmp(key, migration->name) == 0;
        if (!same && read_version(builder->arena, key, &version, &end) && *end == '\0')
            same = compare_versions(&version, &migration->version) == 0;
        if (same && json_is_string(reason)) {
            *ret_key = key;
            return json_string_value(reason);
        }
    }
    *ret_key = "*";
    return json_get_string(json_is_object(reasons) ? reasons : NULL, "*", NULL);
}

static bool no_way_back(const Builder *builder, const Migration *migration, Error *err)
{
    const char *path = migration->up_path;
    const char *how;
    size_t bytes = 0;
    if (migration->down_path == path)
        how = arena_printf(builder->arena, "write its part behind \"-- migrate:down\"");
    else if (migration->down_path != NULL)
        how = arena_printf(builder->arena, "%s holds no statement", migration->down_path);
    else if (ends(path, ".up.sql", &bytes))
        how = arena_printf(builder->arena, "write %.*s.down.sql", (int)bytes, path);
    else
        how = arena_printf(builder->arena, "write %.*s/down.sql", (int)(strrchr(path, '/') - path),
                           path);
    return WRONG(builder, "dir", err, "%s has no way back: %s, or one_way = { [\"%s\"] = \"why\" }",
                 path, how, migration->version.text);
}

/* Every key of one_way must have been of use. */
static bool check_one_way(const Builder *builder, const json_t *used, Error *err)
{
    json_t *reasons = json_object_get(json_object_get(builder->node, "keys"), "one_way");
    const char *key;
    json_t *reason;
    json_object_foreach (reasons, key, reason) {
        if (json_object_get(used, key) == NULL && strcmp(key, "*") != 0)
            return WRONG(builder, "one_way", err,
                         "one_way names \"%s\", which is no migration of %s that lacks a way back",
                         key, builder->dir);
    }
    return true;
}

/* ---- steps ---- */

static json_t *sql_value(const char *path, const MarkedSql *sql)
{
    json_t *value = json_object();
    json_set_string(value, "$", "sql");
    json_set_string(value, "text", sql->text);
    json_set_string(value, "file", path);
    json_set_int(value, "line", sql->line);
    return value;
}

static json_t *step_of(const Builder *builder, const Migration *migration, bool has_down,
                       const char *why)
{
    json_t *step = json_object();
    json_t *keys = json_object();
    json_t *budget = json_object_get(json_object_get(builder->node, "keys"), "lock_budget");
    json_set_string(step, "kind", plan_kind_name(PLAN_STEP));
    json_set_string(step, "name", migration->name);
    json_set_string(step, "file", migration->up_path);
    json_set_int(step, "line", migration->up.line);
    json_object_set_new(step, "keys", keys);
    json_object_set_new(keys, "up", sql_value(migration->up_path, &migration->up));
    if (has_down)
        json_object_set_new(keys, "down", sql_value(migration->down_path, &migration->down));
    else
        json_set_string(keys, "one_way", why);
    if (budget != NULL)
        json_object_set(keys, "lock_budget", budget);
    return step;
}

static bool add_step(const Builder *builder, const Migration *migration, json_t *used, Error *err)
{
    const char *key = NULL;
    Error why = {.kind = ERROR_NONE};
    if (migration->up_path == NULL)
        return WRONG(builder, "dir", err, "%s takes back what no file does: there is no up",
                     migration->down_path);
    bool has_down = !says_nothing(builder, &migration->down, &why);
    const char *reason = has_down ? NULL : one_way(builder, migration, &key);
    if (why.kind != ERROR_NONE) {
        *err = why;
        return error_wrap(err, "%s", migration->down_path);
    }
    if (!has_down && text_empty(reason))
        return no_way_back(builder, migration, err);
    if (reason != NULL)
        json_object_set_new(used, key, json_true());
    json_array_append_new(json_object_get(builder->node, "children"),
                          step_of(builder, migration, has_down, reason));
    return true;
}

/* The version under key; its text stays NULL when there is none. */
static bool read_limit(const Builder *builder, const char *key, Version *ret, Error *err)
{
    const char *end = "";
    const char *text = json_get_string(json_object_get(builder->node, "keys"), key, NULL);
    if (text == NULL || (read_version(builder->arena, text, ret, &end) && *end == '\0'))
        return true;
    return WRONG(builder, key, err, "field \"%s\" must be the number of a migration, got \"%s\"",
                 key, text);
}

static bool add_steps(Builder *builder, Error *err)
{
    AUTO(json_auto) json_t *used = json_object();
    qsort(builder->items, builder->count, sizeof(Migration), compare_migrations);
    for (size_t i = 0; i < builder->count; i++) {
        if (!add_step(builder, &builder->items[i], used, err))
            return false;
    }
    bool limited = builder->after.text != NULL || builder->up_to.text != NULL;
    if (builder->count == 0)
        return WRONG(builder, "dir", err, "%s holds no migration%s", builder->dir,
                     limited ? " between these numbers" : "");
    return check_one_way(builder, used, err);
}

/* "./sql/migrations/" is "sql/migrations". */
static const char *directory(Arena *arena, const char *dir)
{
    while (text_starts(dir, "./"))
        dir += 2;
    size_t bytes = strlen(dir);
    while (bytes > 0 && dir[bytes - 1] == '/')
        bytes--;
    return arena_strndup(arena, dir, bytes);
}

bool bind_migrations_expand(const Bundle *bundle, json_t *node, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const json_t *dir = json_object_get(json_object_get(node, "keys"), "dir");
    if (!json_is_string(dir))
        return true;
    Builder builder = {.arena = arena,
                       .bundle = bundle,
                       .node = node,
                       .dir = directory(arena, json_string_value(dir)),
                       .items = arena_alloc(arena, (bundle->files_count + 1) * sizeof(Migration))};
    if (json_array_size(json_object_get(node, "children")) > 0)
        return WRONG(&builder, "dir", err, "it holds the files of %s and nothing else",
                     builder.dir);
    return read_limit(&builder, "after", &builder.after, err) &&
           read_limit(&builder, "up_to", &builder.up_to, err) && read_files(&builder, err) &&
           add_steps(&builder, err);
}
