/* What cannot be read as a proof is none: whatever the program does, the run goes on only with a
 * time that is young enough. */
#include "run/proof_external.h"

#include "base/clock.h"
#include "base/pointer.h"
#include "db/sql.h"
#include "run/act.h"
#include "run/kind.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* How far the clock of the other machine may be ahead. */
static const int64_t AHEAD_US = 300000000;
enum { LINES_MAX = 1000 };
enum { TIME, AGE_US };

typedef struct Asked {
    Run *run;
    const PlanNode *node;
    const json_t *proof;
    const char *program;
    json_t *detail;
    Arena *arena;
    const char *times[LINES_MAX + 1];
    size_t count;
    const char *id; /* NULL = it names none */
} Asked;

bool run_proof_external_wanted(const PlanNode *node)
{
    return node->kind == PLAN_BACKUP && json_object_get(node->keys, "proof") != NULL;
}

static bool no_proof(const Asked *asked, const char *why, Error *err)
{
    AUTO(base_free)
    char *text = base_printf("no proof of a backup: %s. Make one (or mend the program), then "
                             "headgate retry %s",
                             why, asked->run->id_text);
    return run_kind_check_verdict(asked->detail, false, text, err);
}

/* ------------------------------------------------------------------ what it said */

static const char *scalar(const Asked *asked, const json_t *value)
{
    if (json_is_integer(value))
        return arena_printf(asked->arena, "%" PRId64, (int64_t)json_integer_value(value));
    if (json_is_real(value))
        return arena_printf(asked->arena, "%.6f", json_real_value(value));
    return json_string_value(value);
}

static bool read_json(Asked *asked, const char *text, Error *err)
{
    Error why = {0};
    AUTO(json_auto) json_t *answer = json_parse(text, strlen(text), &why);
    const char *pointer = json_get_string(asked->proof, "time", "/time");
    if (answer == NULL)
        return no_proof(
            asked, arena_printf(asked->arena, "%s prints %s", asked->program, why.message), err);
    const char *time = scalar(asked, pointer_find(answer, pointer));
    const char *id =
        scalar(asked, pointer_find(answer, json_get_string(asked->proof, "id", "/id")));
    if (time == NULL)
        return no_proof(
            asked,
            arena_printf(asked->arena, "the JSON of %s has no time at %s", asked->program, pointer),
            err);
    asked->times[asked->count++] = arena_strdup(asked->arena, time);
    asked->id = id == NULL ? NULL : arena_strdup(asked->arena, id);
    return true;
}

static bool read_lines(Asked *asked, char *text, Error *err)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\r\n", &rest); line != NULL && asked->count < LINES_MAX;
         line = strtok_r(NULL, "\r\n", &rest)) {
        size_t length = strlen(line);
        while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t'))
            line[--length] = '\0';
        if (line[strspn(line, " \t")] != '\0')
            asked->times[asked->count++] = arena_strdup(asked->arena, line + strspn(line, " \t"));
    }
    return asked->count > 0 ||
           no_proof(asked, arena_printf(asked->arena, "%s prints no time", asked->program), err);
}

static bool ask(Asked *asked, Error *err)
{
    AUTO(json_auto) json_t *ran = json_object();
    AUTO(base_free) char *printed = NULL;
    Error why = {0};
    int code = 0;
    RunActExec exec = {.argv = json_object_get(asked->proof, "command"),
                       .env = json_object_get(asked->proof, "env"),
                       .folder = "proof",
                       .ret_stdout = &printed};
    if (!duration_parse(json_get_string(asked->proof, "timeout", "30s"), &exec.timeout_us, err))
        return false;
    if (!run_act_exec(asked->run, asked->node, &exec, &code, ran, &why))
        return no_proof(asked, why.message, err);
    if (code != 0)
        return no_proof(asked,
                        arena_printf(asked->arena, "%s ended with exit code %d: %.200s",
                                     asked->program, code, json_get_string(ran, "output", "")),
                        err);
    const char *start = printed + strspn(printed, " \t\r\n");
    return *start == '{' || *start == '[' ? read_json(asked, start, err)
                                          : read_lines(asked, printed, err);
}

/* ------------------------------------------------------------------ how old it is */

static bool judge(const Asked *asked, const DbResult *newest, int64_t max_us, Error *err)
{
    char age[32];
    char most[32];
    int64_t age_us = db_int(newest, 0, AGE_US);
    int64_t shown_us = age_us < 0 ? -age_us : age_us;
    duration_text(shown_us - shown_us % 1000000, age, sizeof(age));
    duration_text(max_us, most, sizeof(most));
    const char *what = arena_printf(asked->arena, "%s says that backup %s%swas taken at %s",
                                    asked->program, asked->id == NULL ? "" : asked->id,
                                    asked->id == NULL ? "" : " ", db_value(newest, 0, TIME));
    if (age_us < -AHEAD_US)
        return no_proof(
            asked, arena_printf(asked->arena, "%s, which is %s from now: clocks differ", what, age),
            err);
    if (age_us > max_us)
        return no_proof(asked,
                        arena_printf(asked->arena, "%s, %s ago; at most %s", what, age, most), err);
    return run_kind_check_verdict(
        asked->detail, true,
        arena_printf(asked->arena, "%s, %s ago; at most %s", what, age_us < 0 ? "0s" : age, most),
        err);
}

static bool compare(const Asked *asked, Error *err)
{
    AUTO(db_result_auto) DbResult *newest = NULL;
    int64_t max_us = 0;
    const char *list = db_array_text(asked->arena, asked->times, asked->count);
    if (!duration_parse(json_get_string(asked->proof, "max_age", ""), &max_us, err))
        return false;
    if (!db_query(asked->run->ledger, db_sql("backup_age"), DB_PARAMS(list), &newest, err)) {
        Error why = *err;
        return why.kind == ERROR_DATABASE && strncmp(why.sqlstate, "22", 2) == 0 &&
               no_proof(asked,
                        arena_printf(asked->arena, "%s prints what is no time: %s", asked->program,
                                     why.message),
                        err);
    }
    json_t *proof = json_object();
    json_object_set_new(asked->detail, "proof", proof);
    json_set_string(proof, "time", db_value(newest, 0, TIME));
    json_object_set_new(proof, "id", asked->id == NULL ? json_null() : json_string(asked->id));
    json_set_int(proof, "age_s", db_int(newest, 0, AGE_US) / 1000000);
    return judge(asked, newest, max_us, err);
}

bool run_proof_external(Run *run, const PlanNode *node, json_t *detail, Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    const json_t *proof = json_object_get(node->keys, "proof");
    Asked *asked = arena_alloc(arena, sizeof(*asked));
    *asked =
        (Asked){.run = run,
                .node = node,
                .proof = proof,
                .program = json_string_value(json_array_get(json_object_get(proof, "command"), 0)),
                .detail = detail,
                .arena = arena};
    return ask(asked, err) && compare(asked, err);
}
