/* Every command and option. In alphabetical order, the internal ones last. */
#include "cli/commands.h"

#define JSON_OPTION                                                                                \
    {                                                                                              \
        .name = "json", .doc = "JSON for programs, one document or one line an event"              \
    }
#define MESSAGE_OPTION                                                                             \
    {                                                                                              \
        .name = "message", .letter = 'm', .value = "WHY", .doc = "why; kept with the run"          \
    }
#define PARAM_OPTION                                                                               \
    {                                                                                              \
        .name = "param", .letter = 'p', .value = "NAME=VALUE",                                     \
        .doc = "a value for a parameter of the plan; may be repeated"                              \
    }
#define DETACH_OPTION                                                                              \
    {                                                                                              \
        .name = "detach", .doc = "only ask; whoever drives the run (or the supervisor) does it"    \
    }
#define SERVER_OPTIONS                                                                             \
    {.name = "server",                                                                             \
     .value = "URL",                                                                               \
     .variable = "HEADGATE_SERVER",                                                                \
     .doc = "the supervisor (default http://127.0.0.1:8080)"},                                     \
        {.name = "ca-file",                                                                        \
         .value = "FILE",                                                                          \
         .variable = "HEADGATE_CA_FILE",                                                           \
         .doc =                                                                                    \
             "who signed an https supervisor's certificate, if not an authority of this machine"}, \
    {                                                                                              \
        .name = "token-file", .value = "FILE", .variable = "HEADGATE_TOKEN_FILE",                  \
        .doc = "file with the token; or set HEADGATE_TOKEN"                                        \
    }
#define OPTIONS_END                                                                                \
    {                                                                                              \
        .name = NULL                                                                               \
    }

const CliOption CLI_GLOBAL_OPTIONS[] = {
    {.name = "config",
     .letter = 'c',
     .value = "FILE",
     .variable = "HEADGATE_CONFIG",
     .doc = "headgate.yaml (default: the plan's, or ./headgate.yaml)"},
    {.name = "env",
     .letter = 'e',
     .value = "ENV",
     .variable = "HEADGATE_ENV",
     .doc = "environment of headgate.yaml"},
    {.name = "log",
     .value = "LEVEL",
     .variable = "HEADGATE_LOG",
     .doc = "debug, info, warn (default) or error, on standard error"},
    {.name = "help", .letter = 'h', .doc = "how the command is used"},
    OPTIONS_END,
};

static const CliOption NONE[] = {OPTIONS_END};
static const CliOption JSON[] = {JSON_OPTION, OPTIONS_END};
static const CliOption AUDIT_OPTIONS[] = {
    {.name = "heads",
     .value = "FILE",
     .doc = "exported heads, a line of JSON each (default: .headgate/heads.ndjson)"},
    {.name = "person", .value = "PERSON", .doc = "list: only what this person did"},
    {.name = "limit", .value = "N", .doc = "list: how many entries (default 100)"},
    JSON_OPTION,
    OPTIONS_END,
};

#define STRICT_OPTION                                                                              \
    {                                                                                              \
        .name = "strict", .doc = "warnings (docs/lint.md) count as errors"                         \
    }
static const CliOption CHECK_OPTIONS[] = {STRICT_OPTION, JSON_OPTION, OPTIONS_END};
static const CliOption RUN_OPTIONS[] = {
    PARAM_OPTION,
    {.name = "dry-run", .doc = "change nothing, not even the ledger: report what would be done"},
    {.name = "again", .doc = "run although this very plan has been done on this database"},
    {.name = "yes", .letter = 'y', .doc = "do not ask before the start"},
    {.name = "no-wait", .doc = "stop at the first gate with exit code 6"},
    {.name = "quiet", .letter = 'q', .doc = "no progress"},
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption VERIFY_OPTIONS[] = {
    {.name = "box",
     .value = "TEXT",
     .doc = "only the boxes with TEXT in theirs, and what ticks them"},
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption PLAN_OPTIONS[] = {
    PARAM_OPTION,
    {.name = "samples", .value = "N", .doc = "how many ambiguous rows to show (default 5)"},
    STRICT_OPTION,
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption ASK_OPTIONS[] = {
    MESSAGE_OPTION,
    DETACH_OPTION,
    {.name = "quiet", .letter = 'q', .doc = "no progress"},
    {.name = "no-wait", .doc = "stop at the first gate"},
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption ANSWER_OPTIONS[] = {
    MESSAGE_OPTION,
    {.name = "item", .value = "N", .doc = "which box of a check-list is done, from 1"},
    DETACH_OPTION,
    {.name = "quiet", .letter = 'q', .doc = "no progress"},
    {.name = "no-wait", .doc = "stop at the first gate"},
    SERVER_OPTIONS,
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption TUNE_OPTIONS[] = {
    {.name = "speed",
     .value = "PERCENT",
     .doc = "the share of the time to work at most; 100 = all"},
    {.name = "batch-time", .value = "TIME", .doc = "how long a batch should take, like 100ms"},
    {.name = "pause", .value = "TIME", .doc = "the rest between two batches of a worker"},
    {.name = "workers", .value = "N", .doc = "how many workers there are"},
    MESSAGE_OPTION,
    OPTIONS_END,
};
static const CliOption PAUSE_OPTIONS[] = {MESSAGE_OPTION, OPTIONS_END};
#define DIGEST_OPTION                                                                              \
    {                                                                                              \
        .name = "digest", .value = "PREFIX",                                                       \
        .doc =                                                                                     \
            "of the gate that you read, at least 8 hex digits: nothing is decided about another"   \
    }
static const CliOption APPROVE_OPTIONS[] = {
    {.name = "message", .letter = 'm', .value = "WHY", .doc = "your comment"},
    DIGEST_OPTION,
    {.name = "field",
     .value = "NAME=VALUE",
     .doc = "an answer to a field of the gate; may be repeated"},
    SERVER_OPTIONS,
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption GATE_OPTIONS[] = {
    {.name = "message", .letter = 'm', .value = "WHY", .doc = "why; it is needed"},
    DIGEST_OPTION,
    SERVER_OPTIONS,
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption REVOKE_OPTIONS[] = {
    {.name = "message", .letter = 'm', .value = "WHY", .doc = "why"},
    SERVER_OPTIONS,
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption RECHECK_OPTIONS[] = {SERVER_OPTIONS, JSON_OPTION, OPTIONS_END};
static const CliOption SKIP_OPTIONS[] = {
    {.name = "reason", .value = "WHY", .doc = "why it can stay as it is; approvers read it"},
    DETACH_OPTION,
    {.name = "quiet", .letter = 'q', .doc = "no progress"},
    OPTIONS_END,
};
static const CliOption ADVANCE_OPTIONS[] = {
    {.name = "message", .letter = 'm', .value = "WHY", .doc = "why it need not last its time"},
    DETACH_OPTION,
    {.name = "quiet", .letter = 'q', .doc = "no progress"},
    OPTIONS_END,
};
static const CliOption REPAIR_OPTIONS[] = {
    {.name = "sql", .value = "FILE", .doc = "the SQL to run instead of the step's undo"},
    MESSAGE_OPTION,
    DETACH_OPTION,
    {.name = "quiet", .letter = 'q', .doc = "no progress"},
    OPTIONS_END,
};
static const CliOption WATCH_OPTIONS[] = {
    {.name = "since", .value = "SEQ", .doc = "only events after this one"},
    {.name = "exit-status", .doc = "end with the run's exit code"},
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption LOG_OPTIONS[] = {
    {.name = "type", .value = "TYPE", .doc = "only events of this type (log, step.state, …)"},
    {.name = "node", .value = "PATH", .doc = "only events of this node"},
    {.name = "since", .value = "SEQ", .doc = "only events after this one"},
    {.name = "follow", .letter = 'f', .doc = "go on printing new ones"},
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption REVIEW_OPTIONS[] = {
    {.name = "step", .value = "PATH", .doc = "of this backfill only"},
    {.name = "reason", .value = "TEXT", .doc = "all open rows with this reason"},
    {.name = "key", .value = "KEY", .doc = "the row with this key (parts separated by commas)"},
    {.name = "choice", .value = "N", .doc = "decide: the N-th choice, from 1"},
    {.name = "skip", .doc = "decide: leave the row as it is"},
    {.name = "set", .value = "JSON", .doc = "decide: write these columns"},
    {.name = "csv", .doc = "the open rows as CSV, with a column for decisions"},
    {.name = "import", .value = "FILE", .doc = "what a filled-in CSV would decide"},
    {.name = "yes", .letter = 'y', .doc = "decide as that file says: all of it, or nothing"},
    SERVER_OPTIONS,
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption REPORT_OPTIONS[] = {
    {.name = "format", .value = "FORMAT", .doc = "text (default), md, html, json or junit"},
    {.name = "output", .letter = 'o', .value = "FILE", .doc = "into a file"},
    OPTIONS_END,
};
static const CliOption SERVE_OPTIONS[] = {
    {.name = "listen",
     .value = "ADDRESS",
     .variable = "HEADGATE_LISTEN",
     .doc = "address and port (default 127.0.0.1:8080; port 0 = any)"},
    {.name = "public-url", .value = "URL", .doc = "what browsers see, behind a proxy"},
    {.name = "tls-cert",
     .value = "FILE",
     .doc = "speak TLS (1.2 or newer) with this certificate: PEM, with those that signed it"},
    {.name = "tls-key", .value = "FILE", .doc = "its key"},
    {.name = "trust-header",
     .value = "NAME",
     .doc = "the proxies' header that says who somebody is (X-Forwarded-User); the proxy must "
            "replace what clients send in it"},
    {.name = "trusted-proxy",
     .value = "NETWORKS",
     .doc = "whose header and X-Forwarded-For are believed: 10.0.0.0/8,::1"},
    {.name = "plans", .value = "DIR", .doc = "folder whose plans can be started (default plans)"},
    {.name = "web-root",
     .value = "DIR",
     .doc = "serve the dashboard from this folder (development)"},
    OPTIONS_END,
};
static const CliOption DEMO_OPTIONS[] = {
    {.name = "breach", .doc = "the application fails at 50 %: the rollout goes back by itself"},
    {.name = "events", .value = "N", .doc = "how many events to load (default 1005)"},
    {.name = "listen",
     .value = "ADDRESS",
     .doc = "address and port of the dashboard (default 127.0.0.1:8080, or any free port)"},
    {.name = "directory",
     .value = "DIR",
     .doc = "where its database lives (default: a temporary folder, removed at the end)"},
    {.name = "auto",
     .doc = "approve by itself, as the demo's people do (what happens without a terminal)"},
    {.name = "stay", .doc = "keep the dashboard up after the run has ended"},
    {.name = "plan", .value = "DIR", .doc = "folder of the plan (default: plans/canonical-events)"},
    OPTIONS_END,
};
static const CliOption BACKUP_OPTIONS[] = {
    {.name = "yes", .letter = 'y', .doc = "prune: delete, instead of saying what would be deleted"},
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption LEDGER_OPTIONS[] = {
    {.name = "accept",
     .doc = "install although a FOR ALL TABLES publication would send the tables to subscribers"},
    {.name = "days",
     .value = "N",
     .doc = "prune: events, samples and notes of what steps wrote, of runs that ended more than N "
            "days ago (default 90)"},
    {.name = "force",
     .doc = "uninstall although runs are unfinished; tables that rollbacks kept are never dropped"},
    OPTIONS_END,
};
static const CliOption USER_OPTIONS[] = {
    {.name = "role", .value = "ROLE", .doc = "viewer, operator or administrator"},
    {.name = "stdin", .doc = "passwd: read the password from standard input, one line"},
    JSON_OPTION,
    OPTIONS_END,
};
static const CliOption TOKEN_OPTIONS[] = {
    {.name = "once", .doc = "a log-in link for the browser, good for one use"},
    {.name = "label", .value = "TEXT", .doc = "what it is for"},
    {.name = "lasts",
     .value = "DURATION",
     .doc = "how long it is good (default 30d; 1h with --once)"},
    JSON_OPTION,
    OPTIONS_END,
};
#define HOME_OPTION                                                                                \
    {                                                                                              \
        .name = "home", .value = "DIR", .doc = "folder of keys and backups"                        \
    }
static const CliOption RUNNER_OPTIONS[] = {
    {.name = "owner", .value = "OWNER", .doc = "who takes the lease"},
    {.name = "hung", .doc = "runners before it hung in a script: the task fails"},
    HOME_OPTION,
    OPTIONS_END,
};
static const CliOption ROWS_OPTIONS[] = {
    {.name = "step", .value = "PATH", .doc = "the backfill"},
    {.name = "epoch", .value = "N", .doc = "the epoch it works for"},
    {.name = "name", .value = "NAME", .doc = "how it is called in the ledger"},
    {.name = "joined", .doc = "the run's own runner did not start it"},
    HOME_OPTION,
    OPTIONS_END,
};
static const CliOption WORKER_OPTIONS[] = {
    {.name = "workers", .value = "N", .doc = "how many at once (default 1)"},
    OPTIONS_END,
};

const CliCommand CLI_COMMANDS[] = {
    {"abort", "RUN", 1, 1, "end a run where it is; nothing is undone", NULL, ASK_OPTIONS, cli_abort,
     false, false},
    {"advance", "RUN [STAGE]", 1, 2,
     "end the watch of a stage before its time; needs two approvals",
     "Opens the gate STAGE/advance (of the stage that is watched). When it is approved and every "
     "guard holds, the rollout goes on; who asked, why and who approved is kept with the run.",
     ADVANCE_OPTIONS, cli_advance, false, false},
    {"answer", "RUN PATH yes|no|done", 3, 3,
     "say that a manual step is done, or whether something outside the database happened",
     "yes (it happened: goes on) and no (does it again) answer the run that asks. done is said of "
     "a "
     "manual step, or of one box of a check-list, as the person the token belongs to: the "
     "supervisor asks for the step's role.",
     ANSWER_OPTIONS, cli_answer, false, false},
    {"approve", "RUN GATE", 2, 2, "approve a gate, as the person the token belongs to",
     "On a terminal it shows what is asked, what was found and what follows, and asks. Scripts "
     "give "
     "--digest of what was read (headgate status and the gate's page say it): when the gate has "
     "become another since, nothing is decided. Without either, what stands there at that moment "
     "is approved, and the answer says its digest.",
     APPROVE_OPTIONS, cli_approve, false, false},
    {"audit", "ACTION [RUN]", 1, 2,
     "verify: is all that was told and decided what was written? heads: what to keep elsewhere; "
     "list: what people did",
     "Events are chained by hashes; verify names the first entry of a run that is not what was "
     "written, also by the rows of approvals, answers and decisions, and compares with the heads "
     "that runners exported. Exit code 4 when something is broken. list tells the newest first, "
     "with "
     "the door that somebody came by.",
     AUDIT_OPTIONS, cli_audit, false, false},
    {"backup", "ACTION", 1, 1, "the dumps that backup steps made: list, prune",
     "Every dump of a series (one step of one plan on one database) with what becomes of it by the "
     "retain of its step and by that of the newest dump. Only files that the ledger names are ever "
     "deleted, in this machine's folder, of runs that have ended, and only with --yes.",
     BACKUP_OPTIONS, cli_backup, false, false},
    {"break-glass", "RUN GATE", 2, 2,
     "pass a gate without its approvers: two administrators together",
     "For when nobody who may approve can be reached and waiting does more harm. Each of two "
     "administrators says it, with --message; not the run's starter nor the plan's author. Clocks "
     "of the gate are passed over, its evidence is looked at again all the same. The run's report "
     "owes an answer until somebody else says what was looked at.",
     GATE_OPTIONS, cli_break_glass, false, false},
    {"check", "PLAN", 1, 16, "find mistakes in plans without a database", NULL, CHECK_OPTIONS,
     cli_check, false, false},
    {"completion", "SHELL", 0, 1, "completions for bash", NULL, NONE, cli_completion, false, false},
    {"demo", "", 0, 0, "the whole thing on a private PostgreSQL: dashboard, gates, rollout", NULL,
     DEMO_OPTIONS, cli_demo, false, false},
    {"docs", "PAGE", 0, 1,
     "print a generated page: cli, man, plan, config, lua, types, sql, lint, states, routes", NULL,
     NONE, cli_docs, false, false},
    {"doctor", "", 0, 0,
     "check versions, privileges, programs and the target before the first effect", NULL, JSON,
     cli_doctor, false, false},
    {"fsck", "[RUN]", 0, 1, "check the ledger's invariants; nothing is changed",
     "Asks the database what must be true of every run (I1 to I16): steps done once and in order, "
     "epochs, gapless events, approvals, undo order, nothing left over. Prints what is violated "
     "and "
     "what to do; exit code 4 when something is.",
     JSON, cli_fsck, false, false},
    {"help", "[COMMAND]", 0, 1, "this list, or one command; `help exit-codes`", NULL, NONE,
     cli_help, false, false},
    {"init", "[DIR]", 0, 1, "a new project: a plan, headgate.yaml, editor types", NULL, NONE,
     cli_init, false, false},
    {"ledger", "ACTION", 1, 1,
     "the schema headgate: install, upgrade, check, prune, uninstall, ddl",
     "In the state database, and in those of the environment's other targets that have it: the "
     "first "
     "run puts it there.",
     LEDGER_OPTIONS, cli_ledger, false, false},
    {"log", "[RUN]", 0, 1, "the events of a run", NULL, LOG_OPTIONS, cli_log, false, false},
    {"pause", "RUN", 1, 1, "finish the batch and stop", NULL, PAUSE_OPTIONS, cli_pause, false,
     false},
    {"plan", "PLAN", 1, 1, "what a run would do here: counts, ambiguous rows, no effect", NULL,
     PLAN_OPTIONS, cli_plan, false, false},
    {"recheck", "RUN GATE", 2, 2, "look at the evidence of an open gate again", NULL,
     RECHECK_OPTIONS, cli_recheck, false, false},
    {"reject", "RUN GATE", 2, 2, "reject a gate, with a reason", NULL, GATE_OPTIONS, cli_reject,
     false, false},
    {"repair", "RUN PATH", 2, 2, "other SQL instead of an undo that failed; needs an approval",
     "Opens the gate PATH/repair, which binds the SQL. When it is approved, headgate retry runs "
     "it.",
     REPAIR_OPTIONS, cli_repair, false, false},
    {"report", "[RUN]", 0, 1, "the filled-in check-list of a run", NULL, REPORT_OPTIONS, cli_report,
     false, false},
    {"resume", "RUN", 1, 1, "go on with a run that was paused, held or lost its runner", NULL,
     ASK_OPTIONS, cli_resume, false, false},
    {"retry", "RUN", 1, 1, "try the failed step (or undo) again", NULL, ASK_OPTIONS, cli_retry,
     false, false},
    {"review", "[RUN]", 0, 1,
     "rows that wait for a decision; with --choice, --skip or --set, decide", NULL, REVIEW_OPTIONS,
     cli_review, false, false},
    {"revoke", "RUN GATE", 2, 2, "take your approval of a gate back, until what follows it begins",
     NULL, REVOKE_OPTIONS, cli_revoke, false, false},
    {"rollback", "RUN", 1, 1, "undo what was done, in reverse order", NULL, ASK_OPTIONS,
     cli_rollback, false, false},
    {"run", "PLAN", 1, 1, "run a plan and show its progress",
     "The first Ctrl-C finishes the batch and pauses; the third ends the process, and the run "
     "waits for `headgate resume`. While the state database is away the command says so and waits; "
     "the first Ctrl-C then leaves the run as it is. Where the run's database is away and no "
     "runner "
     "can pause, it stores the wish and ends. The exit code is 130 in all of these.",
     RUN_OPTIONS, cli_run, false, false},
    {"schema", "[TARGET]", 0, 1, "what a database is made of, one line an object or part of one",
     "The file that `verify { schema_equal = { file = file \"…\" } }` compares a database with. "
     "TARGET is a target of headgate.yaml, app if none is given.",
     JSON, cli_schema, false, false},
    {"serve", "", 0, 0,
     "the supervisor: HTTP API, WebSocket, dashboard; starts and watches runners", NULL,
     SERVE_OPTIONS, cli_serve, false, false},
    {"skip", "RUN PATH", 2, 2, "leave out an undo that failed; needs two approvals",
     "Opens the gate PATH/skip. When it is approved, headgate retry leaves the undo out and goes "
     "on.",
     SKIP_OPTIONS, cli_skip, false, false},
    {"status", "[RUN]", 0, 1, "one run, or all of them", NULL, JSON, cli_status, false, false},
    {"token", "ACTION [NAME]", 1, 2, "tokens: create NAME, list, revoke ID", NULL, TOKEN_OPTIONS,
     cli_token, false, false},
    {"tune", "RUN [PATH]", 1, 2, "change the pace of a backfill or import while it runs",
     "What is not named stays as it is. headgate.yaml says what slows it by itself "
     "(targets.NAME.throttle). PATH: only if that step is at work.",
     TUNE_OPTIONS, cli_tune, false, false},
    {"user", "ACTION [NAME]", 1, 2,
     "people: add NAME, change NAME, passwd NAME, disable NAME, list",
     "passwd asks for a password on the terminal, twice and without showing it; at least 12 "
     "characters. Nobody has one until then. Whoever may change the state database makes the first "
     "administrator: headgate user add NAME --role administrator, headgate user passwd NAME.",
     USER_OPTIONS, cli_user, false, false},
    {"verify", "[RUN]", 0, 1, "does what a run verified still hold? looks again, changes nothing",
     "Evaluates every verify, every backup's file, every rollout's guards and each check that "
     "ticks "
     "a box against the database as it is now, and says what that means for the boxes of the "
     "document: pass, fail, open (the run has not come there), recorded (done, and nothing that "
     "could be evaluated again: a gate, a message), past (what came later may have changed it: a "
     "check, a verify with `holds_until`). Ends with 4 when something fails.",
     VERIFY_OPTIONS, cli_verify, false, false},
    {"version", "", 0, 0, "versions of headgate and its libraries", NULL, JSON, cli_version, false,
     false},
    {"watch", "[RUN]", 0, 1, "follow a run live; leaving does not disturb it", NULL, WATCH_OPTIONS,
     cli_watch, false, false},
    {"worker", "RUN", 1, 1, "join the row work of a run, from this or another machine",
     "Takes ranges of the backfill or import that is under way beside the workers of the run's own "
     "runner, and of those that come after it, until the run has ended. May be started and killed "
     "at any "
     "time: each batch is one transaction, and what a dead worker held is given to others. Needs "
     "headgate.yaml and its databases, and the files of an import; plan and parameters come from "
     "the "
     "ledger.",
     WORKER_OPTIONS, cli_worker, false, false},
    {"dry", "PLAN", 1, 1, "internal: evaluates and simulates a plan; parameters on standard input",
     NULL, PLAN_OPTIONS, cli_dry, true, true},
    {"graph", "", 0, 0, "internal: evaluates the bundle on standard input", NULL, NONE, cli_graph,
     true, true},
    {"runner", "RUN", 1, 1, "internal: drives one run", NULL, RUNNER_OPTIONS, cli_runner, true,
     true},
    {"rows", "RUN", 1, 1, "internal: a worker, the row work of one step", NULL, ROWS_OPTIONS,
     cli_rows, true, true},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, false, false},
};
