/* init: a new project that runs as it is. */
#include "base/embed.h"
#include "base/text.h"
#include "bind/docs.h"
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char PLAN[] = "-- The first plan: one step, one check, one gate.\n"
                           "plan \"first\" {\n"
                           "  doc = \"Add a table for notes\",\n\n"
                           "  phase \"expand\" {\n"
                           "    check \"PostgreSQL 13 or newer\" { sql = \"SHOW "
                           "server_version_num\", at_least = 130000 },\n"
                           "    step  \"notes table\" {\n"
                           "      up   = \"CREATE TABLE notes (id bigint GENERATED ALWAYS AS "
                           "IDENTITY PRIMARY KEY, body text NOT NULL)\",\n"
                           "      down = \"DROP TABLE notes\",\n"
                           "    },\n"
                           "    verify \"notes is there\" { sql = \"SELECT count(*) FROM pg_tables "
                           "WHERE tablename = 'notes'\", equals = 1 },\n"
                           "  },\n\n"
                           "  gate \"keep\" { ask = \"Keep the new table?\", approvers = "
                           "\"admin\", evidence = { \"expand\" } },\n"
                           "}\n";
static const char CONFIG[] =
    "# Who, where and how much; what a plan does stands in its plan.lua.\n"
    "version: 1\n\n"
    "targets:\n"
    "  app:                    # DATABASE_URL, PGHOST, PGSERVICE and ~/.pgpass say which database\n"
    "    lock_timeout: 2s\n\n"
    "environments:\n"
    "  dev:\n"
    "    gates: auto           # recorded as approved by \"policy: dev\"\n"
    "    approvers:\n"
    "      admin: [alice]\n"
    "  production:\n"
    "    approvers:\n"
    "      admin: [alice, bob]  # nobody approves their own run\n";
static const char LUARC[] = "{\n  \"runtime.version\": \"Lua 5.4\",\n  \"workspace.library\": "
                            "[\"types\"],\n  \"diagnostics.disable\": [\"lowercase-global\"]\n}\n";

static bool write_file(const char *folder, const char *name, const char *text, Error *err)
{
    AUTO(base_free) char *path = base_printf("%s/%s", folder, name);
    FILE *file = fopen(path, "wxe");
    if (file == NULL)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    bool ok = fputs(text, file) >= 0;
    ok = fclose(file) == 0 && ok;
    if (ok)
        printf("  %s\n", path);
    return ok || error_set(err, ERROR_INTERNAL, "%s: %s", path, strerror(errno));
}

static bool make_folder(const char *folder, const char *name, Error *err)
{
    AUTO(base_free) char *path = base_printf("%s/%s", folder, name);
    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return true;
    return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
}

CliExit cli_init(Cli *cli)
{
    Error err = {0};
    const char *folder = cli_argument(cli, 0) == NULL ? "." : cli_argument(cli, 0);
    AUTO(text_done) Text types;
    text_init(&types, (size_t)1 << 20);
    bind_docs_types(&types);
    bool ok = make_folder(folder, "", &err) && make_folder(folder, "plans", &err) &&
              make_folder(folder, "plans/first", &err) && make_folder(folder, "types", &err) &&
              write_file(folder, "plans/first/plan.lua", PLAN, &err) &&
              write_file(folder, "headgate.yaml", CONFIG, &err) &&
              write_file(folder, ".luarc.json", LUARC, &err) &&
              write_file(folder, "types/headgate.d.lua", text_string(&types), &err);
    if (!ok)
        return cli_fail(&err);
    puts("next: headgate check plans/first; headgate plan plans/first -e dev; headgate run "
         "plans/first -e dev");
    return CLI_OK;
}
