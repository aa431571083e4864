/* Reading HEADGATE_FAULT, counting passes, and going wrong. Compiled to nothing without
 * HEADGATE_FAULTS. */
#include "base/fault.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HEADGATE_FAULTS

static const char ALLOCATION[] = "memory.alloc";

enum { FAULTS_MAX = 8, COUNTED_MAX = 2048, NAME_BYTES = 96, EXIT_BAD_FAULT = 99 };

/* [KIND/]POINT[:N[+]][:ACTION] */
typedef struct Fault {
    char kind[32]; /* "" = any process */
    char point[NAME_BYTES];
    long at;
    bool always; /* from the n-th pass on, in every process */
    char action[32];
    long passes;
    bool acted;
} Fault;

typedef struct Counted {
    char point[NAME_BYTES];
    long passes;
} Counted;

static struct {
    bool ready;
    bool lists;
    char kind[32];
    Fault faults[FAULTS_MAX];
    size_t count;
    Counted counted[COUNTED_MAX];
    size_t counted_count;
    bool fails_allocations;
    long allocations;
    long allocations_told; /* the next number to be listed */
} plan;

static const struct Action {
    const char *name;
    int result; /* what the caller is told */
} ACTIONS[] = {
    {"kill", FAULT_NONE}, {"stop", FAULT_NONE}, {"dropconn", FAULT_DROP_CONNECTION},
    {"enospc", ENOSPC},   {"eio", EIO},         {"exit", FAULT_NONE},
    {"enomem", ENOMEM},
};

static void refuse(const char *text)
{
    fprintf(stderr, "HEADGATE_FAULT: cannot understand %s\n", text);
    _exit(EXIT_BAD_FAULT);
}

static bool action_known(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(ACTIONS); i++) {
        if (text_equal(ACTIONS[i].name, name))
            return true;
    }
    return text_starts(name, "delay=");
}

static void read_one(const char *text, Fault *fault)
{
    char copy[256];
    snprintf(copy, sizeof(copy), "%s", text);
    char *rest = copy;
    char *head = strsep(&rest, ":");
    char *slash = strchr(head, '/');
    *fault = (Fault){.at = 1, .action = "kill"};
    if (slash != NULL) {
        *slash = '\0';
        snprintf(fault->kind, sizeof(fault->kind), "%s", head);
        head = slash + 1;
    }
    snprintf(fault->point, sizeof(fault->point), "%s", head);
    for (char *word = strsep(&rest, ":"); word != NULL; word = strsep(&rest, ":")) {
        char *end = NULL;
        long number = strtol(word, &end, 10);
        if (end != word && (*end == '\0' || text_equal(end, "+"))) {
            fault->at = number;
            fault->always = *end == '+';
        } else if (action_known(word)) {
            snprintf(fault->action, sizeof(fault->action), "%s", word);
        } else {
            refuse(text);
        }
    }
}

static void read_plan(void)
{
    const char *spec = getenv("HEADGATE_FAULT");
    plan.ready = true;
    if (text_empty(spec))
        return;
    plan.lists = text_equal(spec, "list");
    if (plan.lists)
        return;
    char copy[1024];
    snprintf(copy, sizeof(copy), "%s", spec);
    char *rest = copy;
    for (char *one = strsep(&rest, ","); one != NULL; one = strsep(&rest, ",")) {
        if (plan.count == FAULTS_MAX)
            refuse(spec);
        read_one(one, &plan.faults[plan.count++]);
        if (text_equal(plan.faults[plan.count - 1].point, ALLOCATION))
            plan.fails_allocations = true;
    }
}

/* What a process is called where it is not called as its command. */
static const struct Called {
    const char *command;
    const char *process;
} CALLED[] = {{"serve", "supervisor"}, {"rows", "worker"}, {"worker", "joined"}};

void fault_process(const char *command)
{
    const char *name = command;
    for (size_t i = 0; i < COUNT_OF(CALLED); i++) {
        if (text_equal(CALLED[i].command, command))
            name = CALLED[i].process;
    }
    memset(&plan, 0, sizeof(plan));
    snprintf(plan.kind, sizeof(plan.kind), "%s", name);
}

int fault_haste(void)
{
    const char *text = getenv("HEADGATE_FAULT_HASTE");
    int times = text_empty(text) ? 1 : (int)strtol(text, NULL, 10);
    return times > 0 ? times : 1;
}

/* One write: lines of several processes do not mix. */
static void note(const char *what, const char *point, long passes)
{
    const char *path = getenv("HEADGATE_FAULT_LOG");
    char line[256];
    int length = snprintf(line, sizeof(line), "%s %s/%s %ld %d\n", what,
                          plan.kind[0] == '\0' ? "-" : plan.kind, point, passes, (int)getpid());
    int fd = text_empty(path) ? STDERR_FILENO
                              : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, line, (size_t)length) != length)
        refuse("HEADGATE_FAULT_LOG");
    if (fd != STDERR_FILENO)
        close(fd);
}

static void list_pass(const char *point)
{
    size_t i = 0;
    while (i < plan.counted_count && !text_equal(plan.counted[i].point, point))
        i++;
    if (i == COUNTED_MAX)
        refuse("so many points");
    if (i == plan.counted_count)
        snprintf(plan.counted[plan.counted_count++].point, NAME_BYTES, "%s", point);
    note("pass", point, ++plan.counted[i].passes);
}

/* The marker of the fault at this place in the list, or "" when none were asked for. */
static const char *marker(size_t place, char *out, size_t size)
{
    const char *once = getenv("HEADGATE_FAULT_ONCE");
    out[0] = '\0';
    if (!text_empty(once))
        snprintf(out, size, "%s.%zu", once, place);
    return out;
}

/* With HEADGATE_FAULT_ONCE the faults come in the order of the list, each once for all processes
 * together. */
static bool armed(size_t place)
{
    char before[4096];
    return place == 0 || text_empty(marker(place - 1, before, sizeof(before))) ||
           access(before, F_OK) == 0;
}

static bool claim(size_t place)
{
    char path[4096];
    if (plan.faults[place].always || text_empty(marker(place, path, sizeof(path))))
        return true;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Is whatever went wrong mended? Only asked where something would go wrong. */
static bool mended(void)
{
    char path[4096];
    const char *once = getenv("HEADGATE_FAULT_ONCE");
    if (text_empty(once))
        return false;
    snprintf(path, sizeof(path), "%s.mended", once);
    return access(path, F_OK) == 0;
}

/* The whole process stands still, as if starved: also when a timer of its own signals meanwhile. */
static void stand_still(int64_t ms)
{
    int64_t until_us = clock_monotonic_us() + ms * 1000;
    for (int64_t left_us; (left_us = until_us - clock_monotonic_us()) > 0;)
        poll(NULL, 0, (int)(left_us / 1000) + 1);
}

static int act(Fault *fault)
{
    fault->acted = true;
    note("act", fault->point, fault->passes);
    if (text_equal(fault->action, "kill"))
        kill(getpid(), SIGKILL);
    if (text_equal(fault->action, "stop"))
        raise(SIGSTOP);
    if (text_equal(fault->action, "exit"))
        _exit(EXIT_BAD_FAULT);
    if (text_starts(fault->action, "delay="))
        stand_still(strtol(fault->action + strlen("delay="), NULL, 10));
    for (size_t i = 0; i < COUNT_OF(ACTIONS); i++) {
        if (text_equal(ACTIONS[i].name, fault->action))
            return ACTIONS[i].result;
    }
    return FAULT_NONE;
}

int fault_pass(const char *point)
{
    if (!plan.ready)
        read_plan();
    if (plan.lists)
        list_pass(point);
    for (size_t i = 0; i < plan.count; i++) {
        Fault *fault = &plan.faults[i];
        if ((fault->kind[0] != '\0' && !text_equal(fault->kind, plan.kind)) ||
            !text_equal(fault->point, point) || !armed(i))
            continue;
        fault->passes++;
        bool now = fault->always ? fault->passes >= fault->at
                                 : fault->passes == fault->at && !fault->acted;
        if (now && !mended() && claim(i))
            return act(fault);
    }
    return FAULT_NONE;
}

bool fault_fails(const char *point)
{
    int result = fault_pass(point);
    if (result <= 0)
        return false;
    errno = result;
    return true;
}

/* There are far too many to list every one: each is told that is a sixteenth above the last. */
bool fault_alloc_fails(void)
{
    if (!plan.ready)
        read_plan();
    if (plan.lists && ++plan.allocations >= plan.allocations_told) {
        note("pass", ALLOCATION, plan.allocations);
        plan.allocations_told = plan.allocations + plan.allocations / 16 + 1;
    }
    return plan.fails_allocations && fault_fails(ALLOCATION);
}

#endif

#ifdef HEADGATE_BUGS
bool fault_bug(const char *name)
{
    return text_equal(getenv("HEADGATE_BUG"), name);
}
#endif
