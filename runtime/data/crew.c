/* Worker processes. */
#include "data/crew.h"

#include "base/json.h"
#include "data/worker.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { OUTPUT_BYTES = 64 * 1024, ARGS_MAX = 64, SILENCE_MS = 5000 };

void data_crew_init(DataCrew *crew, Loop *loop, const char *const *argv, int64_t epoch)
{
    *crew = (DataCrew){.loop = loop, .argv = argv, .prefix = "", .epoch = epoch};
}

int data_crew_size(const DataCrew *crew)
{
    int size = 0;
    for (size_t i = 0; i < COUNT_OF(crew->places); i++)
        size += crew->places[i].child != NULL;
    return size;
}

static void watch(void *arg)
{
    DataCrewPlace *place = arg;
    Error err;
    if (!child_wait(place->child, -1, &place->exit, &err))
        place->exit = (ChildExit){.code = -1, .signum = SIGKILL};
    place->ended = true;
    fiber_event_broadcast(&place->crew->changed);
}

static DataCrewPlace *free_place(DataCrew *crew)
{
    for (size_t i = 0; i < COUNT_OF(crew->places); i++) {
        if (crew->places[i].child == NULL)
            return &crew->places[i];
    }
    return NULL;
}

bool data_crew_start_one(DataCrew *crew, Error *err)
{
    const char *argv[ARGS_MAX];
    size_t count = 0;
    DataCrewPlace *place = free_place(crew);
    invariant(place != NULL);
    *place = (DataCrewPlace){.crew = crew};
    snprintf(place->name, sizeof(place->name), "%.30s%" PRId64 ":%u", crew->prefix, crew->epoch,
             ++crew->started);
    for (; crew->argv[count] != NULL; count++) {
        invariant(count < ARGS_MAX - 2);
        argv[count] = crew->argv[count];
    }
    argv[count++] = place->name;
    argv[count] = NULL;
    ChildOptions options = {.argv = argv,
                            .output = CHILD_CAPTURE,
                            .capture_max_bytes = OUTPUT_BYTES,
                            .beats = true,
                            .silence_ms = SILENCE_MS,
                            .own_group = true};
    if (!child_start(crew->loop, &options, &place->child, err))
        return error_wrap(err, "starting a worker");
    fiber_start(crew->loop, "worker", watch, place);
    return true;
}

void data_crew_end_one(DataCrew *crew)
{
    DataCrewPlace *last = NULL;
    for (size_t i = 0; i < COUNT_OF(crew->places); i++) {
        DataCrewPlace *place = &crew->places[i];
        if (place->child == NULL)
            continue;
        if (place->asked)
            return;
        last = place->ended ? last : place;
    }
    if (last == NULL)
        return;
    last->asked = true;
    child_kill(last->child, SIGTERM);
}

DataCrewPlace *data_crew_ended(DataCrew *crew)
{
    for (size_t i = 0; i < COUNT_OF(crew->places); i++) {
        if (crew->places[i].child != NULL && crew->places[i].ended)
            return &crew->places[i];
    }
    return NULL;
}

void data_crew_bury(DataCrewPlace *place)
{
    child_free(place->child);
    place->child = NULL;
}

/* Until all have ended, or grace_ms went by (< 0: for ever). */
static bool all_ended(DataCrew *crew, int64_t grace_ms)
{
    bool in_time = true;
    for (size_t i = 0; i < COUNT_OF(crew->places); i++) {
        while (crew->places[i].child != NULL && !crew->places[i].ended && in_time)
            in_time = fiber_event_wait(&crew->changed, grace_ms);
    }
    return in_time;
}

static void signal_all(DataCrew *crew, int signum)
{
    for (size_t i = 0; i < COUNT_OF(crew->places); i++) {
        if (crew->places[i].child != NULL && !crew->places[i].ended)
            child_kill(crew->places[i].child, signum);
    }
}

void data_crew_end(DataCrew *crew, int signum, int64_t grace_ms)
{
    bool shielded = fiber_shield(true); /* the watching fibers use our memory */
    signal_all(crew, signum);
    if (!all_ended(crew, grace_ms)) {
        signal_all(crew, SIGKILL);
        all_ended(crew, -1);
    }
    for (size_t i = 0; i < COUNT_OF(crew->places); i++) {
        if (crew->places[i].child != NULL)
            data_crew_bury(&crew->places[i]);
    }
    fiber_shield(shielded);
}

/* ---------------------------------------------------------------- why */

/* The last line of text. */
static const char *last_line(const char *text, size_t *ret_bytes)
{
    size_t bytes = strlen(text);
    while (bytes > 0 && (text[bytes - 1] == '\n' || text[bytes - 1] == '\r'))
        bytes--;
    const char *at = text + bytes;
    while (at > text && at[-1] != '\n')
        at--;
    *ret_bytes = (size_t)(text + bytes - at);
    return at;
}

/* The error that a worker printed before it ended. */
static bool printed_error(const DataCrewPlace *place, Error *ret)
{
    size_t bytes;
    const char *line = last_line(child_stdout(place->child), &bytes);
    AUTO(json_auto) json_t *object = bytes == 0 ? NULL : json_parse(line, bytes, NULL);
    if (json_get_string(object, "message", NULL) == NULL)
        return false;
    json_to_error(object, ret);
    return true;
}

Error data_crew_why(const DataCrewPlace *place)
{
    const ChildExit *exit = &place->exit;
    Error why = {0};
    size_t bytes;
    const char *said = last_line(child_stderr(place->child), &bytes);
    if (exit->code == WORKER_DONE || printed_error(place, &why))
        return why;
    if (exit->silent)
        error_set(
            &why, ERROR_SCRIPT,
            "a worker gave no sign of life and was ended: a map that hangs (a string pattern?)");
    else if (exit->signum != 0)
        error_set(&why, ERROR_UNREACHABLE, "a worker was ended by signal %d", exit->signum);
    else
        error_set(&why, ERROR_INTERNAL, "a worker ended with exit code %d: %.*s", exit->code,
                  (int)bytes, said);
    return why;
}
