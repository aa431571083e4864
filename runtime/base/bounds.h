/* Every limit of the platform in one place. A buffer, queue, table or message without a line here
 * is a bug. */
#ifndef HEADGATE_BASE_BOUNDS_H
#define HEADGATE_BASE_BOUNDS_H

enum {
    /* bundles and scripts */
    BOUND_BUNDLE_BYTES = 16 * 1024 * 1024, ///< a plan's folder
    BOUND_BUNDLE_FILES = 10000,
    BOUND_SCRIPT_BYTES = 64 * 1024 * 1024, ///< Lua heap of one state
    BOUND_SCRIPT_LOAD_MS = 5000,           ///< evaluating a plan
    BOUND_SCRIPT_SLICE_MS = 1000,          ///< Lua between two waits, one map call, one check
    BOUND_SCRIPT_KILL_MARGIN_MS = 250, ///< after its deadline a process without a beat is killed
    BOUND_SCRIPT_RESTARTS = 3,
    BOUND_PLAN_NODES = 20000,
    BOUND_PLAN_DEPTH = 8,
    BOUND_PLAN_LIST = 1000, ///< items of one list in a plan
    BOUND_PLAN_STAGES = 100,
    BOUND_PLAN_PARAMS = 64,
    BOUND_BOX_DOCUMENT_BYTES = 1024 * 1024, ///< a plan's check-list document
    BOUND_BOXES = 20000,                    ///< in it
    BOUND_NAME_BYTES = 200,                 ///< of a phase, step, gate, ...

    /* configuration */
    BOUND_YAML_BYTES = 1024 * 1024,
    BOUND_YAML_DEPTH = 64,
    BOUND_YAML_NODES = 100000,
    BOUND_YAML_ENTRIES = 1000, ///< of one map or list of headgate.yaml

    /* messages */
    BOUND_JSON_BYTES = 64 * 1024 * 1024,
    BOUND_JSON_DEPTH = 100, ///< lists and objects in each other; bounds the stack of every walk
    BOUND_JSON_VALUES = 1000000, ///< made from one Lua value (which may share parts without end)
    BOUND_HTTP_BODY_BYTES = 1024 * 1024,
    BOUND_HTTP_HEADERS_BYTES = 64 * 1024, ///< of an answer to our client
    BOUND_HTTP_TIMEOUT_MS = 30000,        ///< of our client, unless the request says otherwise
    BOUND_HTTP_CONNECTIONS = 2000,
    BOUND_HTTP_PER_ADDRESS = 1000,
    BOUND_HTTP_UNSENT_BYTES = 16 * 1024 * 1024, ///< answers that one token has not read yet
    BOUND_WS_PER_PERSON = 20,
    BOUND_WS_MESSAGE_BYTES = 64 * 1024,
    BOUND_WS_QUEUE_BYTES =
        256 * 1024, ///< unsent frames of one viewer; beyond it the viewer is reset
    BOUND_WS_FRAME_BYTES = 128 * 1024,
    BOUND_WS_FLUSH_MS = 20,
    BOUND_EVENT_BYTES = 16 * 1024, ///< what a runner tells; the rest of it is cut
    BOUND_EVENT_PAGE = 1000,
    BOUND_LOG_LINE_BYTES = 2000, ///< of a run's log

    /* database */
    BOUND_QUERY_ROWS = 100000, ///< rows a plan's db:query may fetch
    BOUND_REVIEW_PAGE = 500,
    BOUND_BATCH_ROWS_MIN = 1,
    BOUND_BATCH_ROWS_MAX = 50000,
    BOUND_BATCH_TARGET_MS = 300,
    BOUND_BATCH_LIMIT_MS = 5000, ///< no batch transaction stays open longer
    BOUND_IMPORT_TARGET_MS =
        2000,              ///< of an import's transactions: their rows are nobody else's yet
    BOUND_ROW_RETRIES = 5, ///< a row that keeps moving under us in one batch
    BOUND_BACKFILL_PASSES = 10,
    BOUND_SQL_BYTES = 16 * 1024 * 1024,  ///< one SQL text of a plan
    BOUND_BATCH_BYTES = 6 * 1024 * 1024, ///< memory of one batch, as far as rows can be foreseen
    BOUND_BATCH_READ_BYTES = 2 * BOUND_BATCH_BYTES, ///< rows that come larger than foreseen end it
    BOUND_DOCUMENT_BYTES = 256 * 1024 * 1024,       ///< one JSON value of a row
    BOUND_IMPORT_RECORD_BYTES = 8 * 1024 * 1024,    ///< one record of a file
    BOUND_IMPORT_CHUNK_BYTES = 1024 * 1024,         ///< of records, read before they are written
    BOUND_IMPORT_TRANSACTION_BYTES = 64 * 1024 * 1024, ///< of records, written in one
    BOUND_IMPORT_FILES = 100000,                       ///< that one import reads
    BOUND_DOCUMENT_DEPTH = 1000,
    BOUND_CONNECT_MS = 10000,
    BOUND_LOCK_TIMEOUT_MS = 2000,
    BOUND_LOCK_BUDGET_MS = 600000,   ///< tries of one step to get its locks
    BOUND_LOCK_VICTIMS = 20,         ///< sessions behind a statement of ours that waits for a lock
    BOUND_LOCK_VICTIM_WAIT_MS = 100, ///< the longest one of them waits
    BOUND_LOCK_MAX_BLOCK_MS = 5000,  ///< the longest a session waits for a lock that we hold
    BOUND_KEPT_COUNT_MS = 15000,     ///< counting what a rollback would keep, one statement
    BOUND_STATEMENT_TIMEOUT_MS = 600000,
    BOUND_OUTSIDE_TIMEOUT_MS = 12 * 3600 * 1000, ///< CREATE INDEX CONCURRENTLY and its like

    /* lease */
    BOUND_LEASE_MS = 10000,
    BOUND_LEASE_RENEW_MS = 3000,
    BOUND_LEASE_STOP_MS = 8000,

    /* processes */
    BOUND_WORKERS = 16,
    BOUND_WORKER_DEATHS = 10, ///< workers ended by a signal in a row, without a batch between
    BOUND_FIBERS = 4096,
    BOUND_FIBER_STACK_BYTES =
        1024 * 1024, ///< Lua nests 200 C calls (gsub in gsub), which is 500 KiB
};

#endif
