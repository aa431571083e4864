/* The demo's people: they read what waits and decide, through the same door as everybody. */
#include "cli/demo.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 300, REVIEW_PAGE = 500 };

struct CliDemoPeople {
    CliApi apis[CLI_DEMO_PEOPLE_MAX];
    char *tokens[CLI_DEMO_PEOPLE_MAX];
    char *url;
    size_t count;
    char run[24];
    bool stopping;
    bool ended;
    FiberEvent event;
};

static void approve(CliDemoPeople *people, const char *gate)
{
    for (size_t i = 0; i < people->count; i++) {
        AUTO(json_auto) json_t *now = NULL;
        AUTO(json_auto) json_t *answer = NULL;
        Error err = {0};
        CliApiWord word = {
            .run = people->run, .gate = gate, .action = "approve", .comment = "looks right"};
        bool ok = cli_api_gate(&people->apis[i], people->run, gate, &now, &err);
        word.digest = json_get_string(now, "digest", "");
        if (!ok || !cli_api_decide(&people->apis[i], &word, &answer, &err))
            log_debug("demo: %s: %s", gate, err.message);
    }
}

static json_t *decision_for(const json_t *row)
{
    json_t *one = json_object();
    json_t *decision = json_object();
    json_object_set(one, "step", json_object_get(row, "step"));
    json_object_set(one, "key", json_object_get(row, "key"));
    if (json_array_size(json_object_get(row, "choices")) > 0)
        json_set_int(decision, "choice", 0);
    else
        json_object_set_new(decision, "skip", json_true());
    json_object_set_new(one, "decision", decision);
    return one;
}

static void review(CliDemoPeople *people)
{
    Error err = {0};
    AUTO(base_free) char *path = base_printf("/api/runs/%s/review", people->run);
    AUTO(base_free) char *open = base_printf("%s?state=open&limit=%d", path, REVIEW_PAGE);
    AUTO(json_auto) json_t *queue = NULL;
    AUTO(json_auto) json_t *answer = NULL;
    AUTO(json_auto) json_t *body = json_object();
    if (!cli_api_call(&people->apis[0], &(CliApiCall){.method = "GET", .path = open}, &queue, &err))
        return;
    json_t *decisions = json_array();
    size_t i = 0;
    json_t *row = NULL;
    json_array_foreach (json_object_get(queue, "rows"), i, row) {
        if (!json_is_object(json_object_get(row, "decision")))
            json_array_append_new(decisions, decision_for(row));
    }
    json_object_set_new(body, "decisions", decisions);
    if (json_array_size(decisions) > 0 &&
        !cli_api_call(&people->apis[0], &(CliApiCall){.method = "POST", .path = path, .body = body},
                      &answer, &err))
        log_debug("demo: review: %s", err.message);
}

static const json_t *find_node(const json_t *node, const char *path)
{
    size_t i = 0;
    json_t *child = NULL;
    if (text_equal(json_get_string(node, "path", ""), path))
        return node;
    json_array_foreach (json_object_get(node, "children"), i, child) {
        const json_t *found = find_node(child, path);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static void answer_manual(CliDemoPeople *people, const json_t *run, const char *path)
{
    AUTO(base_free) char *url = base_printf("/api/runs/%s/answers", people->run);
    const json_t *node = find_node(json_object_get(run, "graph"), path);
    size_t items = json_array_size(json_object_get(json_object_get(node, "keys"), "items"));
    for (size_t item = 0; item < (items == 0 ? 1 : items); item++) {
        Error err = {0};
        AUTO(json_auto) json_t *answer = NULL;
        AUTO(json_auto) json_t *body = json_object();
        json_set_string(body, "path", path);
        json_set_int(body, "item", (int64_t)item);
        json_set_string(body, "note", "done in the demo");
        if (!cli_api_call(&people->apis[0],
                          &(CliApiCall){.method = "POST", .path = url, .body = body}, &answer,
                          &err))
            log_debug("demo: %s: %s", path, err.message);
    }
}

static void look(CliDemoPeople *people)
{
    Error err = {0};
    AUTO(base_free) char *path = base_printf("/api/runs/%s", people->run);
    AUTO(json_auto) json_t *run = NULL;
    if (!cli_api_call(&people->apis[0], &(CliApiCall){.method = "GET", .path = path}, &run, &err)) {
        log_debug("demo: %s", err.message);
        return;
    }
    const json_t *reason = json_object_get(run, "reason");
    const char *kind = json_get_string(reason, "kind", "");
    const char *node = json_get_string(reason, "path", "");
    if (!text_equal(json_get_string(run, "state", ""), "waiting"))
        return;
    if (text_equal(kind, "gate"))
        approve(people, node);
    else if (text_equal(kind, "review"))
        review(people);
    else if (text_equal(kind, "manual"))
        answer_manual(people, run, node);
}

static void people_main(void *arg)
{
    CliDemoPeople *people = arg;
    while (!people->stopping) {
        look(people);
        fiber_event_wait(&people->event, LOOK_MS);
    }
    people->ended = true;
    fiber_event_broadcast(&people->event);
}

CliDemoPeople *cli_demo_people_start(const Cli *cli, const char *url, const char *const *tokens,
                                     size_t count, int64_t run)
{
    CliDemoPeople *people = base_alloc(sizeof(*people));
    people->url = base_strdup(url);
    people->count = count;
    snprintf(people->run, sizeof(people->run), "%" PRId64, run);
    for (size_t i = 0; i < count; i++) {
        people->tokens[i] = base_strdup(tokens[i]);
        people->apis[i] =
            (CliApi){.loop = cli->loop, .url = people->url, .token = people->tokens[i]};
    }
    fiber_start(cli->loop, "demo people", people_main, people);
    return people;
}

void cli_demo_people_stop(CliDemoPeople *people)
{
    if (people == NULL)
        return;
    people->stopping = true;
    fiber_event_broadcast(&people->event);
    while (!people->ended)
        fiber_event_wait(&people->event, -1);
    for (size_t i = 0; i < people->count; i++)
        free(people->tokens[i]);
    free(people->url);
    free(people);
}
