/* Files of a store as what a table is compared with. */
#include "run/form.h"

#include "data/stage.h"
#include "ledger/call.h"
#include "run/kind.h"

static const json_t *files_of(const PlanNode *node)
{
    const json_t *form = json_object_get(node->keys, "checksums");
    return json_object_get(form, "data") == NULL ? NULL : form;
}

bool run_form_files_named(const PlanNode *node)
{
    const char *table;
    json_t *rows;
    json_object_foreach (json_object_get(node->keys, "counts"), table, rows) {
        if (json_is_object(rows))
            return true;
    }
    return files_of(node) != NULL;
}

static bool root_of(const ConfigEnvironment *environment, DataImport *files, Error *err)
{
    if (environment == NULL)
        return error_set(err, ERROR_INPUT, "the files cannot be read here");
    return config_store_path(environment, files->store, &files->root, err);
}

/* Not in the check's own transaction, which only reads; what is filled is gone with the session. */
static bool fill(Run *run, const PlanNode *node, DbConn *conn, json_t **ret_problems,
                 int64_t *ret_refused, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(json_auto) json_t *problems = json_array();
    DataSpec spec;
    DataStaged staged = {.problems = problems, .problems_max = RUN_FORM_PROBLEMS};
    data_spec_beside(node, files_of(node), arena, &spec);
    if (!root_of(run->options.environment, spec.import, err) ||
        !data_stage(conn, &spec, &staged, err))
        return false;
    *ret_problems = json_incref(problems);
    *ret_refused = staged.refused;
    return true;
}

bool run_form_files_open(Run *run, const PlanNode *node, DbConn **ret_conn, json_t **ret_problems,
                         int64_t *ret_refused, Error *err)
{
    DbConn *conn = NULL;
    if (files_of(node) == NULL)
        return true;
    if (!run_connect_as_plan(run, run->options.target, false, &conn, err))
        return false;
    if (fill(run, node, conn, ret_problems, ret_refused, err) && db_begin_snapshot(conn, err)) {
        *ret_conn = conn;
        return true;
    }
    db_close(conn);
    return false;
}

bool run_form_files_count(const RunLook *look, const json_t *files, int64_t *ret_records,
                          Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    DataImport *import = data_spec_files(files, arena);
    return root_of(look->environment, import, err) && data_stage_count(import, ret_records, err);
}
