/* Chains are read in pages and hashed here, not by the server. */
#include "ledger/audit.h"

#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 2000 };

typedef struct Rewind {
    struct Rewind *next;
    int64_t seq; /* of the event that tells of it */
    int64_t to;  /* the newest event that was left */
} Rewind;

typedef struct Chain {
    DbConn *state;
    Arena *arena;
    int64_t run;
    int64_t last_seq; /* as the run's row says */
    const char *head;
    json_t *exported; /* "seq hash" of each; what is found in the chain goes */
    uint8_t before[HASH_BYTES];
    int64_t entries;
    Rewind *rewinds;
    json_t *result;
    int64_t broken_seq; /* 0 = none so far */
} Chain;

static void fault(Chain *chain, int64_t seq, const char *node, const char *text)
{
    json_t *result = chain->result;
    json_set_int(result, "faults", json_get_int(result, "faults", 0) + 1);
    bool first = json_is_null(json_object_get(result, "broken")) ||
                 (seq > 0 && (chain->broken_seq == 0 || seq < chain->broken_seq));
    if (!first)
        return;
    json_t *broken = json_object();
    if (seq > 0)
        json_set_int(broken, "seq", seq);
    else
        json_object_set_new(broken, "seq", json_null());
    json_set_string(broken, "node", node);
    json_set_string(broken, "text", text);
    json_object_set_new(result, "broken", broken);
    chain->broken_seq = seq;
}

static void fault_entry(Chain *chain, int64_t seq, const char *type, const char *node,
                        const char *what)
{
    char text[400];
    snprintf(text, sizeof(text), "entry %" PRId64 "%s%.80s%s %s", seq, type[0] == '\0' ? "" : " (",
             type, type[0] == '\0' ? "" : ")", what);
    fault(chain, seq, node, text);
}

/* hash = SHA-256(0 ‖ hash before ‖ text) */
static void link_hash(const uint8_t before[HASH_BYTES], const char *text, size_t size,
                      uint8_t ret[HASH_BYTES])
{
    uint8_t *bytes = base_alloc(1 + HASH_BYTES + size);
    bytes[0] = 0;
    memcpy(bytes + 1, before, HASH_BYTES);
    memcpy(bytes + 1 + HASH_BYTES, text, size);
    hash_sha256(bytes, 1 + HASH_BYTES + size, ret);
    free(bytes);
}

static void take_rewind(Chain *chain, int64_t seq, const char *text, size_t size)
{
    enum { DATA = 8 };
    Error ignored = {0};
    AUTO(json_auto) json_t *entry = json_parse(text, size, &ignored);
    Rewind *rewind = arena_alloc(chain->arena, sizeof(*rewind));
    *rewind = (Rewind){chain->rewinds, seq,
                       strtoll(json_get_string(json_array_get(entry, DATA), "to", "0"), NULL, 10)};
    chain->rewinds = rewind;
}

/* What was exported of this entry must be its hash; what differs stays in exported. */
static void compare_exported(Chain *chain, int64_t seq, const char *hash)
{
    char key[HASH_HEX_BYTES + 24];
    snprintf(key, sizeof(key), "%" PRId64 " %s", seq, hash);
    json_object_del(chain->exported, key);
}

/* One entry; false when the chain is broken here. */
static bool verify_entry(Chain *chain, const DbResult *page, int row)
{
    enum { SEQ, HASH, TEXT, TYPE, NODE };
    uint8_t hash[HASH_BYTES];
    char hex[HASH_HEX_BYTES];
    int64_t seq = db_int(page, row, SEQ);
    const char *text = db_value(page, row, TEXT);
    size_t size = (size_t)db_value_bytes(page, row, TEXT);
    if (seq != chain->entries + 1) {
        fault_entry(chain, chain->entries + 1, "", "", "is missing");
        return false;
    }
    link_hash(chain->before, text, size, hash);
    hash_hex(hash, hex);
    if (strcmp(hex, db_value(page, row, HASH)) != 0) {
        fault_entry(chain, seq, db_value(page, row, TYPE), db_value(page, row, NODE),
                    seq == 1 ? "is not what was written, or the run or its plan is not"
                             : "is not what was written, or does not follow from the one before");
        return false;
    }
    if (strcmp(db_value(page, row, TYPE), "rewind") == 0)
        take_rewind(chain, seq, text, size);
    compare_exported(chain, seq, hex);
    memcpy(chain->before, hash, sizeof(hash));
    chain->entries = seq;
    return true;
}

static bool verify_events(Chain *chain, bool *ret_whole, Error *err)
{
    *ret_whole = true;
    for (int rows = PAGE; rows == PAGE && *ret_whole;) {
        AUTO(db_result_auto) DbResult *page = NULL;
        LedgerParams params = {0};
        ledger_param_int(&params, chain->run);
        ledger_param_int(&params, chain->entries);
        ledger_param_int(&params, PAGE);
        if (!ledger_call(chain->state, "audit_events", &params, &page, err))
            return false;
        rows = db_rows(page);
        for (int i = 0; i < rows && *ret_whole; i++)
            *ret_whole = verify_entry(chain, page, i);
    }
    return true;
}

static void verify_end(Chain *chain)
{
    char hex[HASH_HEX_BYTES];
    hash_hex(chain->before, hex);
    if (chain->entries < chain->last_seq)
        fault_entry(chain, chain->entries + 1, "", "", "is missing");
    else if (chain->entries > chain->last_seq)
        fault_entry(chain, chain->last_seq + 1, "", "", "was put behind the end");
    else if (chain->entries > 0 && strcmp(hex, chain->head) != 0)
        fault_entry(chain, chain->entries, "", "", "is not the one that the run's head says");
}

/* A failover to an asynchronous standby loses entries that were exported; the supervisor tells of
 * it. */
static bool is_rewound(const Chain *chain, int64_t seq)
{
    for (const Rewind *rewind = chain->rewinds; rewind != NULL; rewind = rewind->next) {
        if (seq > rewind->to)
            return true;
    }
    return false;
}

static void judge_exported(Chain *chain, bool whole)
{
    const char *key;
    json_t *hash;
    int64_t rewound = 0;
    json_object_foreach (chain->exported, key, hash) {
        int64_t seq = strtoll(key, NULL, 10);
        if (is_rewound(chain, seq))
            rewound++;
        else if (whole && seq > chain->entries)
            fault_entry(chain, seq, "", "", "was exported, and is missing");
        else if (whole || seq <= chain->entries)
            fault_entry(chain, seq, "", "",
                        "or one before it was written anew: its hash was exported");
    }
    json_set_int(chain->result, "rewound", rewound);
}

/* run → {"seq hash": true} of what was exported: after a failover a number may have two. */
static json_t *by_run(const json_t *heads)
{
    json_t *runs = json_object();
    size_t i;
    json_t *head;
    json_array_foreach (heads, i, head) {
        const char *run = json_get_string(head, "run", "");
        const char *seq = json_get_string(head, "seq", "0");
        json_t *known = json_object_get(runs, run);
        if (strcmp(seq, "0") == 0)
            continue; /* before the first entry there is no hash */
        if (known == NULL) {
            known = json_object();
            json_object_set_new(runs, run, known);
        }
        AUTO(base_free) char *key = base_printf("%s %s", seq, json_get_string(head, "hash", ""));
        json_object_set_new(known, key, json_true());
    }
    return runs;
}

static void hash_of_hex(const char *hex, uint8_t ret[HASH_BYTES])
{
    for (size_t i = 0; i < HASH_BYTES; i++) {
        char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        ret[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
}

/* Without its events only the last hash is left to compare. */
static void verify_pruned(Chain *chain)
{
    chain->entries = chain->last_seq;
    compare_exported(chain, chain->last_seq, chain->head);
    const char *key;
    json_t *hash;
    void *next;
    json_object_foreach_safe(chain->exported, next, key, hash)
    {
        if (strtoll(key, NULL, 10) < chain->last_seq)
            json_object_del(chain->exported, key);
    }
}

static bool verify_run(DbConn *state, const DbResult *runs, int row, const json_t *heads,
                       json_t *result, Error *err)
{
    enum { RUN, LAST_SEQ, HEAD, GENESIS, PRUNED };
    AUTO(arena_auto) Arena *arena = arena_new();
    json_t *known = json_object_get(heads, db_value(runs, row, RUN));
    AUTO(json_auto) json_t *exported = known == NULL ? json_object() : json_incref(known);
    bool pruned = db_bool(runs, row, PRUNED) && db_int(runs, row, LAST_SEQ) > 0;
    bool whole = true;
    Chain chain = {.state = state,
                   .arena = arena,
                   .run = db_int(runs, row, RUN),
                   .last_seq = db_int(runs, row, LAST_SEQ),
                   .head = db_value(runs, row, HEAD),
                   .exported = exported,
                   .result = result};
    json_set_id(result, "run", chain.run);
    json_object_set_new(result, "pruned", json_boolean(pruned));
    json_object_set_new(result, "broken", json_null());
    json_set_int(result, "faults", 0);
    json_set_string(result, "head", chain.head);
    hash_of_hex(db_value(runs, row, GENESIS), chain.before);
    json_set_int(result, "heads", (int64_t)json_object_size(exported));
    if (pruned)
        verify_pruned(&chain);
    else if (!verify_events(&chain, &whole, err))
        return false;
    if (whole && !pruned)
        verify_end(&chain);
    judge_exported(&chain, whole);
    json_set_int(result, "entries", chain.entries);
    return true;
}

/* What the chain says of the rows of decisions. */
static bool verify_records(DbConn *state, json_t *results, Error *err)
{
    enum { RUN, NODE, TEXT, SEQ };
    AUTO(db_result_auto) DbResult *wrong = NULL;
    LedgerParams params = {0};
    ledger_param_json(&params, results);
    if (!ledger_call(state, "fsck_i15_records", &params, &wrong, err))
        return false;
    for (int i = 0; i < db_rows(wrong); i++) {
        size_t n;
        json_t *result;
        json_array_foreach (results, n, result) {
            if (strcmp(json_get_string(result, "run", ""), db_value(wrong, i, RUN)) != 0)
                continue;
            const json_t *broken = json_object_get(result, "broken");
            Chain chain = {.result = result, .broken_seq = json_get_int(broken, "seq", 0)};
            fault(&chain, db_is_null(wrong, i, SEQ) ? 0 : db_int(wrong, i, SEQ),
                  db_value(wrong, i, NODE), db_value(wrong, i, TEXT));
        }
    }
    return true;
}

static bool verify_all(DbConn *state, int64_t run, const json_t *heads, json_t *results, Error *err)
{
    enum { RESTS = 5 };
    AUTO(db_result_auto) DbResult *runs = NULL;
    LedgerParams params = {0};
    ledger_param_above_0(&params, run);
    if (!ledger_call(state, "audit_runs", &params, &runs, err))
        return false;
    for (int i = 0; i < db_rows(runs); i++) {
        json_t *result = json_object();
        json_array_append_new(results, result);
        json_object_set_new(result, "rests", json_boolean(db_bool(runs, i, RESTS)));
        if (!verify_run(state, runs, i, heads, result, err))
            return false;
    }
    return verify_records(state, results, err);
}

bool ledger_audit_verify(DbConn *state, int64_t run, const json_t *heads, json_t **ret_runs,
                         Error *err)
{
    AUTO(json_auto) json_t *results = json_array();
    AUTO(json_auto) json_t *exported = by_run(heads);
    bool ok = db_begin_snapshot(state, err) && verify_all(state, run, exported, results, err);
    db_rollback(state);
    if (ok)
        *ret_runs = json_incref(results);
    return ok;
}

bool ledger_audit_heads(DbConn *state, int64_t run, json_t **ret_heads, Error *err)
{
    LedgerParams params = {0};
    ledger_param_above_0(&params, run);
    return ledger_call_json(state, "audit_head", &params, ret_heads, err);
}

/* ------------------------------------------------------------------ what people did */

bool ledger_audit_list(DbConn *state, const LedgerAuditFilter *filter, json_t **ret_entries,
                       Error *err)
{
    LedgerParams params = {0};
    ledger_param_text(&params, filter->person);
    ledger_param_text(&params, filter->what);
    ledger_param_int(&params, filter->run);
    ledger_param_text(&params, filter->plan);
    ledger_param_text(&params, filter->text);
    ledger_param_above_0(&params, filter->since_us);
    ledger_param_above_0(&params, filter->until_us);
    ledger_param_above_0(&params, filter->after[0]);
    ledger_param_int(&params, filter->after[1]);
    ledger_param_int(&params, filter->after[2]);
    ledger_param_int(&params, filter->limit);
    return ledger_call_json(state, "audit_list", &params, ret_entries, err);
}
