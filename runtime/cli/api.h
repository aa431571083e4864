/* The supervisor's HTTP API as a client: what approve, reject, review and the demo's people use.
 * There is no other door. */
#ifndef HEADGATE_CLI_API_H
#define HEADGATE_CLI_API_H

#include "base/arena.h"
#include "base/json.h"
#include "cli/command.h"

typedef struct CliApi {
    Loop *loop;
    const char *url; ///< "http://127.0.0.1:8080"
    const char *token;
    const char *ca_file; ///< for https; NULL = the system's authorities
} CliApi;

/// --server, --ca-file and --token-file, HEADGATE_SERVER, HEADGATE_CA_FILE and HEADGATE_TOKEN.
/// Strings from arena. ERROR_REFUSED for plain HTTP to another machine: the token could be read on
/// the way.
NODISCARD bool cli_api_open(const Cli *cli, Arena *arena, CliApi *ret_api, Error *err);

/// "42" of "42" or "#42"; NULL of NULL.
const char *cli_api_run(const char *text);

typedef struct CliApiCall {
    const char *method;
    const char *path;     ///< "/api/runs/42"
    const json_t *body;   ///< NULL = none
    const char *text;     ///< instead of body: JSON whose numbers must keep their spelling
    const char *if_match; ///< without quotes; NULL = none
} CliApiCall;
/// Waits. *ret_answer is owned by the caller. A status >= 400 fails with the server's message: 401
/// and 403 as ERROR_REFUSED, 409 as ERROR_CONFLICT.
NODISCARD bool cli_api_call(const CliApi *api, const CliApiCall *call, json_t **ret_answer,
                            Error *err);
/// Waits. Appends what stands at path, which is no JSON.
NODISCARD bool cli_api_file(const CliApi *api, const char *path, Text *out, Error *err);
/// A path with node percent-encoded: "/api/runs/42/gates/<node>". From arena.
const char *cli_api_gate_path(Arena *arena, const char *run, const char *node, const char *action);

/// What to say about a gate.
typedef struct CliApiWord {
    const char *run;
    const char *gate;
    const char *action; ///< approve, reject, revoke, break-glass, recheck
    const char *comment;
    const char *digest; ///< of the gate that the person saw: about another, nothing is decided
    json_t *fields;     ///< answers by name; NULL = none
} CliApiWord;
/// Waits. *ret_gate is owned by the caller.
NODISCARD bool cli_api_gate(const CliApi *api, const char *run, const char *gate, json_t **ret_gate,
                            Error *err);
/// Waits. Says it as the token's person.
NODISCARD bool cli_api_decide(const CliApi *api, const CliApiWord *word, json_t **ret_gate,
                              Error *err);

#endif
