/* The table of probes is at the end. What existed before the intent is never ours: it is refused,
 * not adopted. */
#include "run/probe.h"

#include "ledger/call.h"

#include <stdlib.h>
#include <string.h>

typedef struct Probing {
    Arena *arena;
    const RunProbeAsk *ask;
    RunProbe *ret;
} Probing;

static bool is_done(Probing *probing, const char *note, const char *oid)
{
    probing->ret->verdict = RUN_PROBE_DONE;
    probing->ret->note = note;
    probing->ret->oid = oid;
    return true;
}

static bool is_absent(Probing *probing)
{
    probing->ret->verdict = RUN_PROBE_ABSENT;
    return true;
}

static bool is_leftover(Probing *probing, const char *name)
{
    probing->ret->verdict = RUN_PROBE_LEFTOVER;
    probing->ret->leftover = arena_printf(probing->arena, "the INVALID index %s", name);
    probing->ret->removal = arena_printf(probing->arena, "DROP INDEX CONCURRENTLY %s", name);
    return true;
}

static const char *intended(const Probing *probing, const char *key)
{
    return json_get_string(probing->ask->intent, key, NULL);
}

/* ------------------------------------------------------------------ indexes */

typedef struct Index {
    DbResult *row;
    const char *relation_oid; /* NULL = there is no such table */
    const char *relation;
    const char *oid; /* NULL = there is no relation of that name */
    const char *name;
    bool on_relation;
    bool valid;
    const char *definition;
    const char *builder; /* the process that works on it, or NULL */
} Index;

static const char *field(const Probing *probing, const DbResult *row, int column)
{
    return db_is_null(row, 0, column) ? NULL
                                      : arena_strdup(probing->arena, db_value(row, 0, column));
}

static bool index_find(Probing *probing, const SqlOutsideName *relation,
                       const SqlOutsideName *object, Index *ret, Error *err)
{
    LedgerParams params = {0};
    ledger_param_text(&params, relation->schema);
    ledger_param_text(&params, relation->name);
    ledger_param_text(&params, object->schema);
    ledger_param_text(&params, object->name);
    AUTO(db_result_auto) DbResult *row = NULL;
    if (!ledger_call(probing->ask->conn, "outside_index", &params, &row, err))
        return error_wrap(err, "looking for index \"%s\"", object->name);
    *ret = (Index){.relation_oid = field(probing, row, 0),
                   .oid = field(probing, row, 2),
                   .on_relation = db_bool(row, 0, 4),
                   .valid = db_bool(row, 0, 5),
                   .definition = field(probing, row, 6),
                   .builder = field(probing, row, 7)};
    if (ret->relation_oid != NULL)
        ret->relation = field(probing, row, 1);
    if (ret->oid != NULL)
        ret->name = field(probing, row, 3);
    return true;
}

/* The definition as the server would print it: the same index on an empty copy of the table, in a
 * transaction that is rolled back. NULL when the server refuses it: the statement itself then says
 * why. */
static const char *definition_of(Probing *probing, const char *relation)
{
    const SqlOutside *outside = probing->ask->outside;
    DbConn *conn = probing->ask->conn;
    if (relation == NULL || outside->form == NULL)
        return NULL;
    AUTO(db_result_auto) DbResult *row = NULL;
    const char *copy =
        arena_printf(probing->arena, "CREATE TEMPORARY TABLE headgate_form (LIKE %s)", relation);
    const char *index = arena_printf(
        probing->arena, "CREATE %sINDEX headgate_form_index ON pg_temp.headgate_form%s",
        outside->unique ? "UNIQUE " : "", outside->form);
    Error why = {0};
    const char *definition = NULL;
    if (db_begin(conn, &why) && db_exec(conn, copy, NULL, NULL, &why) &&
        db_exec(conn, index, NULL, NULL, &why) &&
        ledger_call(conn, "outside_definition", NULL, &row, &why) && db_rows(row) == 1)
        definition = field(probing, row, 0);
    db_rollback(conn);
    return definition;
}

static bool foreign_index(const Probing *probing, const Index *index, const char *what, Error *err)
{
    error_set(err, ERROR_REFUSED, "%s %s: it is not this run's, so it is not touched", index->name,
              what);
    return error_hint(err,
                      index->on_relation && !index->valid
                          ? "DROP INDEX CONCURRENTLY %s, when nobody needs it; then headgate "
                            "retry"
                          : "rename or drop %s, or give the plan's index another name; then "
                            "headgate retry",
                      arena_strdup(probing->arena, index->name));
}

static const json_t *up_record(const Probing *probing, const char *kind, const char *key,
                               const char *value)
{
    size_t i = 0;
    json_t *record = NULL;
    json_array_foreach (probing->ask->ups, i, record) {
        if (value != NULL && text_equal(json_get_string(record, "kind", ""), kind) &&
            text_equal(json_get_string(record, key, NULL), value))
            return record;
    }
    return NULL;
}

static bool create_index_fresh(Probing *probing, const Index *index, bool same, Error *err)
{
    if (probing->ask->back && same)
        return is_done(probing, "the index is there", index->oid);
    if (probing->ask->back && !index->valid &&
        up_record(probing, "drop_index", "oid", index->oid) != NULL)
        return is_leftover(probing, index->name); /* half dropped by our own up */
    return foreign_index(probing, index,
                         index->valid ? "existed before this step began"
                                      : "is INVALID since before this step began",
                         err);
}

static bool create_index(Probing *probing, Error *err)
{
    const SqlOutside *outside = probing->ask->outside;
    Index index;
    if (!index_find(probing, &outside->relation, &outside->object, &index, err))
        return false;
    const char *definition = definition_of(probing, index.relation);
    json_t *facts = probing->ret->facts;
    json_set_string(facts, "relation", index.relation);
    json_set_string(facts, "relation_oid", index.relation_oid);
    json_set_string(facts, "definition", definition);
    if (index.oid == NULL)
        return is_absent(probing);
    bool like_ours =
        index.on_relation && (definition == NULL || text_equal(definition, index.definition));
    if (index.builder != NULL)
        return foreign_index(
            probing, &index,
            arena_printf(probing->arena, "is being built by process %s", index.builder), err);
    if (probing->ask->intent == NULL)
        return create_index_fresh(probing, &index, like_ours && index.valid, err);
    if (probing->ask->collided || !like_ours)
        return foreign_index(probing, &index,
                             like_ours ? "was made by somebody else meanwhile"
                                       : "is something else than this step makes",
                             err);
    return index.valid ? is_done(probing, NULL, index.oid) : is_leftover(probing, index.name);
}

/* Is the index the one that this step's up made? By oid, or by definition when it was rebuilt. */
static bool made_by_up(const json_t *record, const Index *index)
{
    const char *state = json_get_string(record, "state", "");
    if (!text_equal(state, "intent") && !text_equal(state, "done"))
        return false;
    const char *definition = json_get_string(record, "definition", NULL);
    return text_equal(json_get_string(record, "oid", NULL), index->oid) || definition == NULL ||
           text_equal(definition, index->definition);
}

static bool drop_index(Probing *probing, Error *err)
{
    const SqlOutside *outside = probing->ask->outside;
    const RunProbeAsk *ask = probing->ask;
    Index index;
    if (!index_find(probing, &outside->relation, &outside->object, &index, err))
        return false;
    if (index.oid == NULL) {
        bool missing_is_fine = ask->intent != NULL || ask->back || outside->if_exists;
        return missing_is_fine ? is_done(probing, NULL, NULL) : is_absent(probing);
    }
    const json_t *made = up_record(probing, "create_index", "name", outside->object.name);
    if (ask->back && made != NULL && !made_by_up(made, &index))
        return is_done(probing,
                       arena_printf(probing->arena, "%s is not this run's: it stays", index.name),
                       NULL);
    json_set_string(probing->ret->facts, "oid", index.oid);
    if (ask->intent != NULL && !text_equal(intended(probing, "oid"), index.oid))
        return is_done(probing, "another index has that name since", NULL);
    if (ask->intent != NULL && !index.valid)
        return is_leftover(probing, index.name); /* half dropped */
    if (outside->relation.name != NULL)          /* there is no statement: its up made the index */
        probing->ret->instead =
            arena_printf(probing->arena, "DROP INDEX CONCURRENTLY %s", index.name);
    return is_absent(probing);
}

static bool reindex_done(const Probing *probing, const json_t *now)
{
    const json_t *before = json_object_get(probing->ask->intent, "indexes");
    size_t i = 0;
    size_t k = 0;
    json_t *oid = NULL;
    json_t *old = NULL;
    if (json_array_size(before) == 0 || json_array_size(now) == 0)
        return false;
    json_array_foreach (now, i, oid) {
        json_array_foreach (before, k, old) {
            if (json_equal(oid, old))
                return false;
        }
    }
    return true;
}

/* The first leftover that the intent does not know from before. */
static const char *reindex_leftover(const Probing *probing, const json_t *leftovers)
{
    const json_t *before = json_object_get(probing->ask->intent, "leftovers");
    size_t i = 0;
    size_t k = 0;
    json_t *leftover = NULL;
    json_t *old = NULL;
    json_array_foreach (leftovers, i, leftover) {
        bool known = false;
        json_array_foreach (before, k, old)
            known =
                known || json_equal(json_object_get(leftover, "oid"), json_object_get(old, "oid"));
        if (!known)
            return json_get_string(leftover, "name", "");
    }
    return NULL;
}

static bool reindex(Probing *probing, const char *what, Error *err)
{
    LedgerParams params = {0};
    ledger_param_text(&params, what);
    ledger_param_text(&params, probing->ask->outside->object.schema);
    ledger_param_text(&params, probing->ask->outside->object.name);
    AUTO(json_auto) json_t *rows = NULL;
    if (!ledger_call_json(probing->ask->conn, "outside_reindex", &params, &rows, err))
        return error_wrap(err, "looking for what REINDEX left");
    const json_t *found = json_array_get(rows, 0);
    json_object_set(probing->ret->facts, "indexes", json_object_get(found, "indexes"));
    json_object_set(probing->ret->facts, "leftovers", json_object_get(found, "leftovers"));
    if (probing->ask->intent == NULL)
        return is_absent(probing);
    const char *leftover = reindex_leftover(probing, json_object_get(found, "leftovers"));
    if (leftover != NULL)
        return is_leftover(probing, leftover);
    return probing->ask->acted || reindex_done(probing, json_object_get(found, "indexes"))
               ? is_done(probing, NULL, NULL)
               : is_absent(probing);
}

static bool reindex_index(Probing *probing, Error *err)
{
    return reindex(probing, "index", err);
}

static bool reindex_table(Probing *probing, Error *err)
{
    return reindex(probing, "table", err);
}

static bool reindex_many(Probing *probing, Error *err)
{
    return reindex(probing, "many", err);
}

/* ------------------------------------------------------------------ others */

static bool detach(Probing *probing, Error *err)
{
    const SqlOutside *outside = probing->ask->outside;
    LedgerParams params = {0};
    ledger_param_text(&params, outside->relation.schema);
    ledger_param_text(&params, outside->relation.name);
    ledger_param_text(&params, outside->object.schema);
    ledger_param_text(&params, outside->object.name);
    AUTO(db_result_auto) DbResult *row = NULL;
    if (!ledger_call(probing->ask->conn, "outside_detach", &params, &row, err))
        return error_wrap(err, "looking for partition \"%s\"", outside->object.name);
    if (db_rows(row) == 0)
        return probing->ask->intent != NULL || probing->ask->back ? is_done(probing, NULL, NULL)
                                                                  : is_absent(probing);
    json_set_string(probing->ret->facts, "relation_oid", db_value(row, 0, 0));
    json_set_string(probing->ret->facts, "oid", db_value(row, 0, 1));
    if (probing->ask->intent == NULL || !db_bool(row, 0, 2))
        return is_absent(probing);
    probing->ret->verdict = RUN_PROBE_LEFTOVER;
    probing->ret->leftover =
        arena_printf(probing->arena, "the half detached partition %s", db_value(row, 0, 4));
    probing->ret->removal =
        arena_printf(probing->arena, "ALTER TABLE %s DETACH PARTITION %s FINALIZE",
                     db_value(row, 0, 3), db_value(row, 0, 4));
    return true;
}

static bool object_find(Probing *probing, const char *kind, const char **ret_oid, Error *err)
{
    LedgerParams params = {0};
    ledger_param_text(&params, kind);
    ledger_param_text(&params, probing->ask->outside->object.name);
    AUTO(db_result_auto) DbResult *row = NULL;
    if (!ledger_call(probing->ask->conn, "outside_object", &params, &row, err))
        return error_wrap(err, "looking for %s \"%s\"", kind, probing->ask->outside->object.name);
    *ret_oid = db_rows(row) == 0 ? NULL : field(probing, row, 0);
    return true;
}

static bool create_object(Probing *probing, const char *kind, Error *err)
{
    const char *oid = NULL;
    if (!object_find(probing, kind, &oid, err))
        return false;
    if (oid == NULL)
        return is_absent(probing);
    bool ours = probing->ask->intent != NULL && !probing->ask->collided;
    if (ours || probing->ask->back)
        return is_done(probing, ours ? NULL : "it is there", oid);
    error_set(err, ERROR_REFUSED, "%s \"%s\" existed before this step began", kind,
              probing->ask->outside->object.name);
    return error_hint(err,
                      "drop or rename it, or give the plan's another name; then headgate retry");
}

static bool drop_object(Probing *probing, const char *kind, const char *made_as, Error *err)
{
    const RunProbeAsk *ask = probing->ask;
    const char *oid = NULL;
    if (!object_find(probing, kind, &oid, err))
        return false;
    json_set_string(probing->ret->facts, "oid", oid);
    if (oid == NULL)
        return ask->intent != NULL || ask->back || ask->outside->if_exists
                   ? is_done(probing, NULL, NULL)
                   : is_absent(probing);
    const json_t *made = up_record(probing, made_as, "name", ask->outside->object.name);
    const char *made_oid = json_get_string(made, "oid", NULL);
    if (ask->back && made != NULL &&
        (text_equal(json_get_string(made, "state", ""), "gone") ||
         (made_oid != NULL && !text_equal(made_oid, oid))))
        return is_done(probing, "what has that name is not this run's: it stays", NULL);
    if (ask->intent != NULL && !text_equal(intended(probing, "oid"), oid))
        return is_done(probing, "something else has that name since", NULL);
    return is_absent(probing);
}

static bool create_database(Probing *probing, Error *err)
{
    return create_object(probing, "database", err);
}

static bool drop_database(Probing *probing, Error *err)
{
    return drop_object(probing, "database", "create_database", err);
}

static bool create_tablespace(Probing *probing, Error *err)
{
    return create_object(probing, "tablespace", err);
}

static bool drop_tablespace(Probing *probing, Error *err)
{
    return drop_object(probing, "tablespace", "create_tablespace", err);
}

static bool create_subscription(Probing *probing, Error *err)
{
    return create_object(probing, "subscription", err);
}

static bool drop_subscription(Probing *probing, Error *err)
{
    return drop_object(probing, "subscription", "create_subscription", err);
}

static bool repeatable(Probing *probing, Error *err)
{
    UNUSED(err);
    return probing->ask->acted ? is_done(probing, NULL, NULL) : is_absent(probing);
}

static bool unknown(Probing *probing, Error *err)
{
    if (probing->ask->acted || probing->ask->intent == NULL)
        return repeatable(probing, err);
    error_set(err, ERROR_REFUSED,
              "the runner died while this statement ran outside a transaction, and nobody can tell "
              "by the database whether it happened");
    return error_hint(err, "look; headgate retry runs it again, headgate rollback takes it back");
}

static bool (*const PROBES[SQL_OUTSIDE_KINDS])(Probing *probing, Error *err) = {
    [SQL_OUTSIDE_CREATE_INDEX] = create_index,
    [SQL_OUTSIDE_DROP_INDEX] = drop_index,
    [SQL_OUTSIDE_REINDEX_INDEX] = reindex_index,
    [SQL_OUTSIDE_REINDEX_TABLE] = reindex_table,
    [SQL_OUTSIDE_REINDEX_MANY] = reindex_many,
    [SQL_OUTSIDE_DETACH] = detach,
    [SQL_OUTSIDE_CREATE_DATABASE] = create_database,
    [SQL_OUTSIDE_DROP_DATABASE] = drop_database,
    [SQL_OUTSIDE_CREATE_TABLESPACE] = create_tablespace,
    [SQL_OUTSIDE_DROP_TABLESPACE] = drop_tablespace,
    [SQL_OUTSIDE_CREATE_SUBSCRIPTION] = create_subscription,
    [SQL_OUTSIDE_DROP_SUBSCRIPTION] = drop_subscription,
    [SQL_OUTSIDE_REPEATABLE] = repeatable,
    [SQL_OUTSIDE_SESSION] = repeatable,
    [SQL_OUTSIDE_UNKNOWN] = unknown,
};

bool run_probe(Arena *arena, const RunProbeAsk *ask, RunProbe *ret, Error *err)
{
    *ret = (RunProbe){.facts = json_object()};
    json_set_string(ret->facts, "schema", ask->outside->object.schema);
    json_set_string(ret->facts, "name", ask->outside->object.name);
    Probing probing = {.arena = arena, .ask = ask, .ret = ret};
    return PROBES[ask->outside->kind](&probing, err);
}
