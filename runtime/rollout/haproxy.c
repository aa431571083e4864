/* Talking to HAProxy. Its answers are tables of words; the second line of "show servers state"
 * names the columns. */
#include "rollout/haproxy.h"

#include "base/arena.h"
#include "base/text.h"
#include "loop/socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_BYTES_MAX = 1024 * 1024, TIMEOUT_MS = 5000, COLUMNS_MAX = 64, RUNNING = 2 };

static bool ask(Loop *loop, const RolloutHaproxy *haproxy, const char *question, char **ret_answer,
                Error *err)
{
    SocketAsk wanted = {.address = haproxy->socket,
                        .question = question,
                        .max_bytes = ANSWER_BYTES_MAX,
                        .timeout_ms = TIMEOUT_MS};
    if (socket_ask(loop, &wanted, ret_answer, err))
        return true;
    if (err->kind == ERROR_UNREACHABLE)
        err->kind = ERROR_INTERNAL; /* UNREACHABLE is for databases: it ends the process */
    return error_wrap(err, "HAProxy");
}

/* ------------------------------------------------------------------ reading */

/* Where the columns are that matter. */
typedef struct Columns {
    int name;
    int op_state;
    int admin_state;
    int weight;
} Columns;

static size_t split(char *line, char *words[COLUMNS_MAX])
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word != NULL && count < COLUMNS_MAX;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    return count;
}

static bool find_columns(char *line, Columns *ret_columns)
{
    char *words[COLUMNS_MAX];
    size_t count = split(line + 1, words); /* "# be_id be_name …" */
    *ret_columns = (Columns){-1, -1, -1, -1};
    for (size_t i = 0; i < count; i++) {
        int *column = strcmp(words[i], "srv_name") == 0          ? &ret_columns->name
                      : strcmp(words[i], "srv_op_state") == 0    ? &ret_columns->op_state
                      : strcmp(words[i], "srv_admin_state") == 0 ? &ret_columns->admin_state
                      : strcmp(words[i], "srv_uweight") == 0     ? &ret_columns->weight
                                                                 : NULL;
        if (column != NULL)
            *column = (int)i;
    }
    return ret_columns->name >= 0 && ret_columns->op_state >= 0 && ret_columns->admin_state >= 0 &&
           ret_columns->weight >= 0;
}

typedef struct Found {
    RolloutServers servers;
    bool blue;
    bool green;
} Found;

static bool take_server(const RolloutHaproxy *haproxy, const Columns *columns, char *line,
                        Found *found, Error *err)
{
    char *words[COLUMNS_MAX] = {0};
    int count = (int)split(line, words);
    if (columns->name >= count || columns->op_state >= count || columns->admin_state >= count ||
        columns->weight >= count)
        return error_set(err, ERROR_INPUT, "HAProxy's list of servers has a short line");
    const char *name = words[columns->name];
    int weight = (int)strtol(words[columns->weight], NULL, 10);
    bool up = strtol(words[columns->op_state], NULL, 10) == RUNNING &&
              strtol(words[columns->admin_state], NULL, 0) == 0;
    if (strcmp(name, haproxy->blue) == 0) {
        found->blue = true;
        found->servers.blue_up = up;
        found->servers.weights.blue = weight;
    } else if (strcmp(name, haproxy->green) == 0) {
        found->green = true;
        found->servers.green_up = up;
        found->servers.weights.green = weight;
    } else if (up && weight > 0) {
        return error_set(err, ERROR_REFUSED,
                         "HAProxy's backend %s has a third server \"%.60s\" that takes traffic: "
                         "weights of two would be no shares",
                         haproxy->backend, name);
    }
    return true;
}

static bool parse(const RolloutHaproxy *haproxy, char *text, Found *found, Error *err)
{
    Columns columns = {0};
    bool headed = false;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\r\n", &rest); line != NULL;
         line = strtok_r(NULL, "\r\n", &rest)) {
        bool head = line[0] == '#';
        if (!headed && !head && strspn(line, "0123456789") == strlen(line))
            continue; /* the format's version */
        if (!headed && !(head && find_columns(line, &columns)))
            return error_set(err, ERROR_REFUSED, "HAProxy says: %.200s", line);
        if (headed && !head && !take_server(haproxy, &columns, line, found, err))
            return false;
        headed = true;
    }
    return headed || error_set(err, ERROR_INPUT, "HAProxy's list of servers is empty");
}

bool rollout_haproxy_parse(const RolloutHaproxy *haproxy, const char *answer,
                           RolloutServers *ret_servers, Error *err)
{
    AUTO(base_free) char *text = base_strdup(answer);
    Found found = {0};
    if (!parse(haproxy, text, &found, err))
        return false;
    if (!found.blue || !found.green)
        return error_set(err, ERROR_REFUSED, "HAProxy's backend %s has no server \"%s\"",
                         haproxy->backend, found.blue ? haproxy->green : haproxy->blue);
    *ret_servers = found.servers;
    return true;
}

bool rollout_haproxy_read(Loop *loop, const RolloutHaproxy *haproxy, RolloutServers *ret_servers,
                          Error *err)
{
    AUTO(base_free) char *question = base_printf("show servers state %s\n", haproxy->backend);
    AUTO(base_free) char *answer = NULL;
    return ask(loop, haproxy, question, &answer, err) &&
           rollout_haproxy_parse(haproxy, answer, ret_servers, err);
}

/* ------------------------------------------------------------------ writing */

static char *set_command(const RolloutHaproxy *haproxy, const char *server, int weight)
{
    return base_printf("set server %s/%s weight %d", haproxy->backend, server, weight);
}

bool rollout_haproxy_write(Loop *loop, const RolloutHaproxy *haproxy, PlanWeights weights,
                           PlanWeights before, Error *err)
{
    bool green_first = weights.green > before.green;
    AUTO(base_free) char *blue = set_command(haproxy, haproxy->blue, weights.blue);
    AUTO(base_free) char *green = set_command(haproxy, haproxy->green, weights.green);
    AUTO(base_free)
    char *question = base_printf("%s;%s\n", green_first ? green : blue, green_first ? blue : green);
    AUTO(base_free) char *answer = NULL;
    if (!ask(loop, haproxy, question, &answer, err))
        return false;
    const char *said = answer + strspn(answer, " \t\r\n");
    return said[0] == '\0' ||
           error_set(err, ERROR_REFUSED, "HAProxy says: %.*s", (int)strcspn(said, "\r\n"), said);
}
