/* audit: is what was told and decided what stands in the tables? And who did what? */
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/line.h"
#include "ledger/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 64 * 1024, ENTRY_BYTES = 2000, ENTRIES = 100 };

typedef struct Audit {
    Cli *cli;
    CliContext context;
    DbConn *state;
    int64_t run; /* 0 = all */
} Audit;

/* The heads that runners exported here, or the file that was named; there need not be one. */
static bool read_heads(const Audit *audit, json_t *heads, Error *err)
{
    const char *given = cli_option(audit->cli, "heads");
    const char *path =
        given != NULL ? given
                      : arena_printf(audit->context.arena, "%s/heads.ndjson", audit->context.home);
    FILE *file = fopen(path, "re");
    char *line = base_alloc(LINE_BYTES);
    bool ok = file != NULL || given == NULL ||
              error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    for (int number = 1; ok && file != NULL && fgets(line, LINE_BYTES, file) != NULL; number++) {
        json_t *head = json_parse(line, strlen(line), err);
        ok = head != NULL || error_wrap(err, "%s:%d", path, number);
        if (ok)
            json_array_append_new(heads, head);
    }
    if (file != NULL && fclose(file) != 0 && ok)
        ok = error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    free(line);
    return ok;
}

static void print_run(const json_t *run)
{
    const json_t *broken = json_object_get(run, "broken");
    int64_t faults = json_get_int(run, "faults", 0);
    int64_t rewound = json_get_int(run, "rewound", 0);
    int64_t heads = json_get_int(run, "heads", 0);
    const char *id = json_get_string(run, "run", "");
    if (json_is_object(broken)) {
        const char *node = json_get_string(broken, "node", "");
        printf("run %s is BROKEN: %s%s%s%s\n", id, json_get_string(broken, "text", ""),
               node[0] == '\0' ? "" : " at \"", node, node[0] == '\0' ? "" : "\"");
        if (faults > 1)
            printf("    and %" PRId64 " more\n", faults - 1);
    } else {
        printf("run %s: %" PRId64 " entries%s, head %s\n", id, json_get_int(run, "entries", 0),
               json_get_bool(run, "pruned", false) ? " (pruned: only the head is left)" : "",
               json_get_string(run, "head", ""));
    }
    if (heads > 0)
        printf("    compared with %" PRId64 " exported head%s\n", heads, heads == 1 ? "" : "s");
    if (rewound > 0)
        printf("    %" PRId64 " of them were lost in a failover, as the chain tells\n", rewound);
}

static bool verify(Audit *audit, CliExit *ret_code, Error *err)
{
    AUTO(json_auto) json_t *heads = json_array();
    AUTO(json_auto) json_t *runs = NULL;
    if (!read_heads(audit, heads, err) ||
        !ledger_audit_verify(audit->state, audit->run, heads, &runs, err))
        return false;
    if (audit->run > 0 && json_array_size(runs) == 0)
        return error_set(err, ERROR_INPUT, "there is no run %" PRId64 " here", audit->run);
    bool json = cli_flag(audit->cli, "json");
    size_t i;
    json_t *run;
    json_array_foreach (runs, i, run) {
        if (json_is_object(json_object_get(run, "broken")))
            *ret_code = CLI_CHECK_FAILED;
        if (!json)
            print_run(run);
    }
    if (json) {
        cli_print_json(runs);
    } else if (*ret_code == CLI_CHECK_FAILED) {
        puts("next: keep the database as it is; compare with a backup, and ask who may write it");
    }
    return true;
}

static bool print_heads(Audit *audit, CliExit *ret_code, Error *err)
{
    AUTO(json_auto) json_t *heads = NULL;
    UNUSED(ret_code);
    if (!ledger_audit_heads(audit->state, audit->run, &heads, err))
        return false;
    size_t i;
    json_t *head;
    json_array_foreach (heads, i, head) {
        cli_print_json(head);
    }
    return true;
}

/* "  gate "keep" approved by bob" as a run that is followed tells it. */
static void print_entry(const json_t *entry)
{
    const json_t *via = json_object_get(json_object_get(entry, "data"), "via");
    const char *why = json_get_string(entry, "why", "");
    const char *from = json_get_string(via, "from", "");
    AUTO(json_auto) json_t *event = json_object();
    AUTO(text_done) Text line;
    text_init(&line, ENTRY_BYTES);
    json_object_set(event, "type", json_object_get(entry, "what"));
    json_object_set(event, "node", json_object_get(entry, "node"));
    json_object_set(event, "data", json_object_get(entry, "data"));
    cli_line(event, &line);
    printf("%.19sZ run %s %s: %s: %s", json_get_string(entry, "at", ""),
           json_get_string(entry, "run", ""), json_get_string(entry, "plan", ""),
           json_get_string(entry, "who", ""), text_string(&line) + strspn(text_string(&line), " "));
    if (why[0] != '\0' && strstr(text_string(&line), why) == NULL)
        printf(", \"%s\"", why);
    if (via != NULL)
        printf(" [%s%s%s]", json_get_string(via, "door", ""), from[0] == '\0' ? "" : ", ", from);
    putchar('\n');
}

static bool list(Audit *audit, CliExit *ret_code, Error *err)
{
    const CliNumber limit = {
        .option = "limit", .otherwise = ENTRIES, .least = 1, .most = INT64_MAX};
    LedgerAuditFilter filter = {.run = audit->run, .person = cli_option(audit->cli, "person")};
    AUTO(json_auto) json_t *entries = NULL;
    UNUSED(ret_code);
    if (!cli_option_number(audit->cli, &limit, &filter.limit, err) ||
        !ledger_audit_list(audit->state, &filter, &entries, err))
        return false;
    size_t i;
    json_t *entry;
    json_array_foreach (entries, i, entry) {
        json_object_del(entry, "cursor");
        if (!cli_flag(audit->cli, "json"))
            print_entry(entry);
    }
    if (cli_flag(audit->cli, "json"))
        cli_print_json(entries);
    return true;
}

static const struct {
    const char *name;
    bool (*act)(Audit *audit, CliExit *ret_code, Error *err);
} ACTIONS[] = {{"verify", verify}, {"heads", print_heads}, {"list", list}};

static bool act(Audit *audit, CliExit *ret_code, Error *err)
{
    const char *name = cli_argument(audit->cli, 0);
    const char *run = cli_argument(audit->cli, 1);
    size_t action = 0;
    while (action < COUNT_OF(ACTIONS) && !text_equal(name, ACTIONS[action].name))
        action++;
    if (action == COUNT_OF(ACTIONS))
        return error_set(err, ERROR_INPUT, "audit verify, audit heads or audit list, not %s", name);
    return cli_context_open(audit->cli, NULL, &audit->context, err) &&
           cli_context_connect(audit->cli, &audit->context, false, &audit->state, err) &&
           (run == NULL || cli_context_run(audit->state, run, &audit->run, err)) &&
           ACTIONS[action].act(audit, ret_code, err);
}

CliExit cli_audit(Cli *cli)
{
    Error err = {0};
    Audit audit = {.cli = cli};
    CliExit code = CLI_OK;
    bool ok = act(&audit, &code, &err);
    db_close(audit.state);
    if (audit.context.arena != NULL)
        cli_context_done(&audit.context);
    return ok ? code : cli_fail(&err);
}
