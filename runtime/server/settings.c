/* What the server was told (headgate.yaml, without secrets), the flags that rollouts set, and the
 * tokens of whoever asks. */
#include "server/handlers.h"
#include "server/private.h"

#include "access/token.h"
#include "ledger/call.h"

#include <string.h>

enum { LABEL_BYTES = 80, DAYS_MAX = 365 };

static const int64_t DAY_US = INT64_C(86400) * 1000000;

/* Bundles keep what stands in headgate.yaml; everybody who may look sees only what cannot be a
 * secret, and no hash that a short one could be guessed by. */
static void mask_metric(json_t *metric)
{
    static const char *const HIDDEN[] = {"headers", "env", "argv", "url_sha256"};
    for (size_t i = 0; i < COUNT_OF(HIDDEN); i++)
        json_object_del(metric, HIDDEN[i]);
}

/* Only the name of a variable of the process's environment, nothing behind it. */
static bool only_refers(const char *written)
{
    const char *end = strchr(written, '}');
    return strncmp(written, "${", 2) == 0 && end != NULL && end[1] == '\0';
}

static json_t *environment_shown(const Config *config, const ConfigEnvironment *environment)
{
    json_t *shown = config_shown(config, environment);
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach (json_object_get(shown, "metrics"), name, value) {
        mask_metric(value);
    }
    json_t *variables = json_object_get(shown, "variables");
    json_object_foreach (variables, name, value) {
        const char *written = json_string_value(value);
        json_set_string(variables, name, only_refers(written) ? written : "(hidden)");
    }
    return shown;
}

bool get_settings(ServerRequest *request, json_t **ret_body, Error *err)
{
    const Config *config = request->server->config;
    json_t *last = NULL;
    LedgerParams params = {0};
    if (!ledger_call_json(request->conn, "server_metrics_last", &params, &last, err))
        return false;
    json_t *environments = json_array();
    for (size_t i = 0; config != NULL && i < config->environments_count; i++)
        json_array_append_new(environments, environment_shown(config, &config->environments[i]));
    *ret_body = json_object();
    json_object_set_new(*ret_body, "environments", environments);
    json_object_set_new(*ret_body, "measured", last);
    return true;
}

bool get_flags(ServerRequest *request, json_t **ret_body, Error *err)
{
    json_t *flags = NULL;
    LedgerParams params = {0};
    if (!ledger_call_json(request->conn, "server_flags", &params, &flags, err))
        return false;
    *ret_body = json_object();
    json_object_set_new(*ret_body, "flags", flags);
    return true;
}

/* ------------------------------------------------------------------ tokens */

/* Those of the person who asks. */
static bool own_tokens(ServerRequest *request, json_t **ret_tokens, Error *err)
{
    AUTO(json_auto) json_t *all = NULL;
    if (!access_token_list(request->conn, &all, err))
        return false;
    *ret_tokens = json_array();
    size_t i = 0;
    json_t *token = NULL;
    json_array_foreach (all, i, token) {
        if (text_equal(json_get_string(token, "person", NULL), request->who.person))
            json_array_append(*ret_tokens, token);
    }
    return true;
}

bool get_tokens(ServerRequest *request, json_t **ret_body, Error *err)
{
    json_t *tokens = NULL;
    if (!own_tokens(request, &tokens, err))
        return false;
    *ret_body = json_object();
    json_object_set_new(*ret_body, "tokens", tokens);
    return true;
}

/* A token must not outlive itself by making another, nor may a session that it was turned into:
 * only a person's log-in makes one. */
static bool check_log_in(ServerRequest *request, Error *err)
{
    if (!request->by_cookie)
        return request_fail(request, STATUS_FORBIDDEN, err, ERROR_REFUSED,
                            "a token is made by whoever has logged in, not by another token");
    if (!request->who.by_token)
        return true;
    request_fail(request, STATUS_FORBIDDEN, err, ERROR_REFUSED,
                 "you have logged in with an API token, and a token makes no other");
    return error_hint(err, "log in with your password or a log-in link");
}

bool post_tokens(ServerRequest *request, json_t **ret_body, Error *err)
{
    static const char *const KEYS[] = {"label", "days", NULL};
    AccessTokenNew wanted = {.person = request->who.person, .kind = "api"};
    char token[ACCESS_TOKEN_BYTES];
    if (!check_log_in(request, err) || !request_body_keys(request, KEYS, err) ||
        !request_body_text(request, "label", LABEL_BYTES, &wanted.label, err))
        return false;
    int64_t days = json_get_int(request->body, "days", 0);
    if (days < 1 || days > DAYS_MAX)
        return error_set(err, ERROR_INPUT, "\"days\" is a number from 1 to %d", (int)DAYS_MAX);
    wanted.lasts_us = days * DAY_US;
    if (!access_token_create(request->conn, &wanted, token, err))
        return false;
    request->answer.status = STATUS_CREATED;
    *ret_body = json_object();
    json_set_string(*ret_body, "token", token);
    return true;
}

bool post_token_revoke(ServerRequest *request, json_t **ret_body, Error *err)
{
    static const char *const NO_KEYS[] = {NULL};
    const char *id = request_value(request, "token");
    AUTO(json_auto) json_t *own = NULL;
    if (!request_body_keys(request, NO_KEYS, err) || !own_tokens(request, &own, err))
        return false;
    size_t i = 0;
    json_t *token = NULL;
    bool mine = false;
    json_array_foreach (own, i, token) {
        mine = mine || text_equal(json_get_string(token, "id", NULL), id);
    }
    if (!mine)
        return request_fail(request, STATUS_NOT_FOUND, err, ERROR_INPUT,
                            "you have no token \"%.20s\"", id);
    if (!access_token_revoke(request->conn, id, err))
        return false;
    *ret_body = json_object();
    json_set_string(*ret_body, "id", id);
    return true;
}
