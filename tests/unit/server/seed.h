/* A run in the middle of everything, for the tests of views and approvals: a plan with a gate, a
 * check-list, a rollout and a review queue. Started by alice, registered by wendy. */
#ifndef HEADGATE_TESTS_UNIT_SERVER_SEED_H
#define HEADGATE_TESTS_UNIT_SERVER_SEED_H

#include "served.h"

static const char GRAPH[] =
    "{\"kind\": \"plan\", \"name\": \"events\", \"path\": \"\", \"keys\": {}, \"children\": ["
    "{\"kind\": \"phase\", \"name\": \"expand\", \"path\": \"expand\", \"keys\": {}, \"children\": "
    "["
    "{\"kind\": \"step\", \"name\": \"column\", \"path\": \"expand/column\", \"keys\": {}, "
    "\"children\": []}]},"
    "{\"kind\": \"phase\", \"name\": \"backfill\", \"path\": \"backfill\", \"keys\": {}, "
    "\"children\": ["
    "{\"kind\": \"backfill\", \"name\": \"rows\", \"path\": \"backfill/rows\", \"keys\": {}, "
    "\"children\": []},"
    "{\"kind\": \"verify\", \"name\": \"all\", \"path\": \"backfill/all\", \"keys\": {}, "
    "\"children\": []}]},"
    "{\"kind\": \"gate\", \"name\": \"start\", \"path\": \"start\", \"keys\": {\"on_expire\": "
    "\"hold\"}, \"children\": "
    "[]},"
    "{\"kind\": \"rollout\", \"name\": \"v2\", \"path\": \"v2\", \"keys\": {}, \"children\": ["
    "{\"kind\": \"stage\", \"name\": \"10%\", \"path\": \"v2/10%\", \"keys\": {\"percent\": 10, "
    "\"watch\": \"24h\"}, "
    "\"children\": []},"
    "{\"kind\": \"stage\", \"name\": \"100%\", \"path\": \"v2/100%\", \"keys\": {\"percent\": 100, "
    "\"watch\": \"1h\"}, "
    "\"children\": [{\"kind\": \"gate\", \"name\": \"100%\", \"path\": \"v2/100%/100%\", \"keys\": "
    "{}, \"children\": "
    "[]}]}]},"
    "{\"kind\": \"checklist\", \"name\": \"after\", \"path\": \"after\", \"keys\": {\"items\": "
    "[\"logs\", "
    "\"alerts\"]}, \"children\": []}]}";

static const char SEED[] =
    "INSERT INTO headgate.run (id, plan, plan_name, environment, system_identifier, database, "
    "state, started_by, node, "
    "    reason) OVERRIDING SYSTEM VALUE VALUES (7, 'p7', 'events', 'demo', 's', 'app', 'waiting', "
    "'alice', 'start', "
    "    '{\"kind\": \"gate\", \"path\": \"start\", \"text\": \"waits\", \"who\": [\"admin\"]}');"
    "INSERT INTO headgate.lease (run, epoch, owner, until) VALUES (7, 3, 'x', now() + interval '1 "
    "hour');"
    "INSERT INTO headgate.gate (run, path, state, digest, question, approvers, need, evidence, "
    "next) VALUES "
    "    (7, 'start', 'open', 'd1', 'Let v2 out?', '[\"admin\"]', 1, '[{\"path\": "
    "\"backfill/all\", \"kind\": "
    "\"verify\", \"verdict\": \"pass\", \"text\": \"0 rows\", \"at\": null}]', '[{\"kind\": "
    "\"stage\", \"path\": "
    "\"v2/10%\", \"text\": \"set v2 to 10 %\", \"then\": \"go to 10%\"}]');"
    "INSERT INTO headgate.step (run, path, kind, state, epoch, start_order, detail) VALUES "
    "    (7, '', 'plan', 'running', 3, 1, '{}'), (7, 'expand/column', 'step', 'done', 3, 2, '{}'), "
    "    (7, 'backfill/rows', 'backfill', 'done', 3, 3, '{\"changed\": 5}'), "
    "    (7, 'backfill/all', 'verify', 'done', 3, 4, '{}'), "
    "    (7, 'v2', 'rollout', 'running', 3, 5, '{\"percent\": 10, \"enabled\": true, \"stage\": "
    "\"v2/10%\"}'), "
    "    (7, 'v2/10%', 'stage', 'running', 3, 6, '{}');"
    "INSERT INTO headgate.watch (run, stage, window_us, counted_us) VALUES (7, 'v2/10%', 5000000, "
    "1200000);"
    "INSERT INTO headgate.sample (run, stage, guard, value, verdict) VALUES (7, 'v2/10%', "
    "'error_rate < 1%', 0.2, 'ok');"
    "INSERT INTO headgate.queued_row (run, step, key, kind, reason, choices, before) VALUES "
    "    (7, 'backfill/rows', '{c1}', 'ambiguous', 'two match', '[{\"label\": \"a\"}, {\"label\": "
    "\"b\"}]', '{\"id\": 1, \"\": \"its digest\"}'), "
    "    (7, 'backfill/rows', '{\"c,2\"}', 'ambiguous', 'two match', '[{\"label\": \"a\"}, "
    "{\"label\": \"b\"}]', '{}'), "
    "    (7, 'backfill/rows', '{c3}', 'error', 'broken', NULL, '{}');"
    "SELECT headgate.event_append(7, 3, 'run', 1, 'run.state', '', '{\"from\": \"pending\", "
    "\"to\": \"running\"}');"
    "SELECT headgate.event_append(7, 3, 'rollout.sample', 1, 'rollout.sample', 'v2/10%', "
    "'{\"guards\": [{\"guard\": "
    "\"error_rate < 1%\", \"metric\": \"error_rate\", \"op\": \"<\", \"alert\": false, \"limit\": "
    "1.0, \"unit\": \"%\", \"value\": "
    "0.2, \"verdict\": "
    "\"ok\", \"breaches\": 0, \"breaches_max\": 3}]}');"
    "SELECT headgate.event_append(7, 3, 'check', 1, 'check.result', 'backfill/all', '{\"verdict\": "
    "\"pass\"}');";

static inline int serve_seeded(void **state)
{
    if (serve(state) != 0)
        return -1;
    const char *const values[] = {GRAPH};
    PGresult *plan = PQexecParams(
        served.pg,
        "INSERT INTO headgate.plan (hash, name, bytes, graph, graph_text, graph_hash, language, "
        "registered_by) VALUES ('p7', 'events', '', $1::jsonb, $1, '', 1, 'wendy')",
        1, NULL, values, NULL, NULL, 0);
    bool ok = PQresultStatus(plan) == PGRES_COMMAND_OK;
    PQclear(plan);
    if (!ok)
        return -1;
    sql(SEED);
    return 0;
}

#endif
