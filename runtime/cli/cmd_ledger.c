/* ledger: the life of the schema headgate. */
#include "cli/action.h"
#include "cli/commands.h"
#include "ledger/run.h"
#include "ledger/schema.h"

#include <inttypes.h>
#include <stdio.h>

enum { DATABASES_MAX = 32, DAYS_USUAL = 90, DAYS_MAX = 36500 };

/* The state database first, then the environment's other databases that have the schema: runs put
 * the ledger of their effects there. */
typedef struct Database {
    const ConfigTarget *target;
    DbConn *conn;
    const char *system;
    const char *name;
} Database;

typedef struct Databases {
    Arena *arena;
    Database items[DATABASES_MAX];
    size_t count;
} Databases;

static void databases_done(Databases *all)
{
    for (size_t i = 1; i < all->count; i++)
        db_close(all->items[i].conn);
    arena_free(all->arena);
}

static bool is_known(const Databases *all, const Database *database)
{
    for (size_t i = 0; i < all->count; i++) {
        if (text_equal(all->items[i].system, database->system) &&
            text_equal(all->items[i].name, database->name))
            return true;
    }
    return false;
}

/* One that cannot be reached is said and left alone: it may be for metrics only. */
static bool add_other(Cli *cli, Databases *all, const ConfigTarget *target, Error *err)
{
    Error why = {0};
    int version = 0;
    Database other = {.target = target};
    if (all->count == DATABASES_MAX)
        return error_set(err, ERROR_REFUSED, "more than %d databases", (int)DATABASES_MAX);
    if (!cli_context_target(cli, target, false, &other.conn, &why)) {
        fprintf(stderr, "headgate: not looked at: %s\n", why.message);
        return true;
    }
    bool ok = ledger_run_identity(other.conn, all->arena, &other.system, &other.name, err) &&
              (is_known(all, &other) || ledger_schema_version(other.conn, &version, err));
    if (ok && version > 0)
        all->items[all->count++] = other;
    else
        db_close(other.conn);
    return ok;
}

static bool find_databases(Cli *cli, const CliContext *context, DbConn *state, Databases *all,
                           Error *err)
{
    Database *first = &all->items[0];
    all->count = 1;
    *first = (Database){.target = context->state, .conn = state};
    if (!ledger_run_identity(state, all->arena, &first->system, &first->name, err))
        return false;
    for (size_t i = 0; i < context->environment->targets_count; i++) {
        const ConfigTarget *target = &context->environment->targets[i];
        if (target != context->state && !add_other(cli, all, target, err))
            return error_wrap(err, "target \"%s\"", target->name);
    }
    return true;
}

static bool ledger_install(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    AUTO(databases_done) Databases all = {.arena = arena_new()};
    LedgerSchemaOptions options = {.accept_publication = cli_flag(cli, "accept")};
    if (!find_databases(cli, context, state, &all, err))
        return false;
    for (size_t i = 0; i < all.count; i++) {
        if (!ledger_schema_install(all.items[i].conn, &options, err))
            return error_wrap(err, "target \"%s\"", all.items[i].target->name);
        printf("schema headgate, version %d, is in %s\n", LEDGER_SCHEMA_VERSION,
               all.items[i].target->shown);
    }
    return true;
}

static bool ledger_check(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    AUTO(databases_done) Databases all = {.arena = arena_new()};
    if (!find_databases(cli, context, state, &all, err))
        return false;
    for (size_t i = 0; i < all.count; i++) {
        if (!ledger_schema_check(all.items[i].conn, err))
            return error_wrap(err, "target \"%s\"", all.items[i].target->name);
        printf("schema headgate, version %d, in %s: as this binary needs it\n",
               LEDGER_SCHEMA_VERSION, all.items[i].target->shown);
    }
    return true;
}

/* A target: what steps wrote goes, what rollbacks kept stays. */
static bool prune_target(DbConn *state, int days, const Database *database, Error *err)
{
    int64_t rows = 0;
    const LedgerTarget target = {database->conn, database->system, database->name};
    AUTO(text_done) Text kept;
    text_init(&kept, (size_t)1 << 20);
    if (!ledger_schema_prune_wrote(state, days, &target, &rows, err) ||
        !ledger_schema_kept(database->conn, &kept, err))
        return error_wrap(err, "target \"%s\"", database->target->name);
    if (rows > 0)
        printf("%" PRId64 " notes of what steps wrote deleted\n", rows);
    if (kept.length_bytes > 0)
        printf("what rollbacks kept stays: %s\n", text_string(&kept));
    return true;
}

static bool ledger_prune(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    const CliNumber number = {
        .option = "days", .otherwise = DAYS_USUAL, .least = 0, .most = DAYS_MAX};
    int64_t given = 0;
    int64_t events = 0;
    AUTO(databases_done) Databases all = {.arena = arena_new()};
    if (!cli_option_number(cli, &number, &given, err))
        return false;
    int days = (int)given;
    if (!ledger_schema_check(state, err) || !ledger_schema_prune(state, days, &events, err))
        return false;
    printf("%" PRId64 " events deleted\n", events);
    if (!find_databases(cli, context, state, &all, err))
        return false;
    for (size_t i = 0; i < all.count; i++) {
        if (!prune_target(state, days, &all.items[i], err))
            return false;
    }
    return true;
}

/* All or none: each in a transaction, and nothing is committed before all were allowed. */
static bool ledger_uninstall(Cli *cli, const CliContext *context, DbConn *state, Error *err)
{
    AUTO(databases_done) Databases all = {.arena = arena_new()};
    if (!find_databases(cli, context, state, &all, err))
        return false;
    for (size_t i = 0; i < all.count; i++) {
        if (!db_begin(all.items[i].conn, err) ||
            !ledger_schema_uninstall(all.items[i].conn, cli_flag(cli, "force"), err))
            return error_wrap(err, "target \"%s\"", all.items[i].target->name);
    }
    for (size_t i = all.count; i > 0; i--) {
        if (!db_commit(all.items[i - 1].conn, err))
            return error_wrap(err, "target \"%s\"", all.items[i - 1].target->name);
        printf("the schema headgate is gone from %s\n", all.items[i - 1].target->shown);
    }
    return true;
}

CliExit cli_ledger(Cli *cli)
{
    static const CliAction ROWS[] = {{"install", ledger_install},     {"upgrade", ledger_install},
                                     {"check", ledger_check},         {"prune", ledger_prune},
                                     {"uninstall", ledger_uninstall}, {NULL, NULL}};
    if (text_equal(cli_argument(cli, 0), "ddl")) {
        AUTO(text_done) Text ddl;
        text_init(&ddl, (size_t)1 << 20);
        ledger_schema_ddl(&ddl);
        fputs(text_string(&ddl), stdout);
        return CLI_OK;
    }
    return cli_action(cli, ROWS, true);
}
