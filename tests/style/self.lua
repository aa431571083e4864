-- The checks find what they look for: each runs over a small tree with one fault. Usage: lua5.4 self.lua ROOT
local root = arg[1]

local HEAD = "/* A file. */\n"
local GUARD = "#ifndef HEADGATE_DB_X_H\n#define HEADGATE_DB_X_H\n#endif\n"
local long_body = ("    f();\n"):rep(61)

-- check, path, text, what the complaint must say ("" = none)
local CASES = {
  { "floors", "runtime/db/x.c", HEAD .. '#include "loop/loop.h"\n', "" },
  { "floors", "runtime/db/x.c", HEAD .. '#include "ledger/run.h"\n', "db (floor 2) may not see ledger (floor 3)" },
  { "floors", "runtime/db/x.c", HEAD .. '#include "sql/split.h"\n', "may not see sql" },
  { "floors", "runtime/db/x.c", HEAD .. '#include "x.h"\n', "by its full path" },
  { "floors", "runtime/run/x.c", HEAD .. "#include <libpq-fe.h>\n", "only db may include" },
  { "floors", "runtime/other/x.c", HEAD, "has no floor" },
  { "banned", "runtime/db/x.c", HEAD .. "void f(void) { strcpy(a, b); }\n", "strcpy: it writes without a limit" },
  { "banned", "runtime/db/x.c", HEAD .. '/* strcpy() */ f("printf(x)");\n', "" },
  { "banned", "runtime/db/x.c", HEAD .. "text_printf(t, x); api.printf(x);\n", "" },
  { "banned", "runtime/db/x.c", HEAD .. "f('\"', printf(x));\n", "only cli/ writes" },
  { "banned", "runtime/cli/x.c", HEAD .. "printf(x);\n", "" },
  { "banned", "runtime/db/x.sql", "-- TO" .. "DO later\n", "finish it" },
  { "banned", "tests/e2e/x.ts", "// x\nsetTimeout(f, 5);\n", "waits for the event" },
  { "sizes", "runtime/db/x.c", HEAD .. "void f(void)\n{\n" .. long_body .. "}\n", "a function of 61 lines" },
  { "sizes", "runtime/db/x.c", HEAD .. ("int a;\n"):rep(600), "601 lines" },
  { "heads", "runtime/db/x.c", "int a;\n", "no comment at the head" },
  { "heads", "runtime/db/x.h", HEAD .. GUARD, "" },
  { "heads", "runtime/db/y.h", HEAD .. GUARD, "the include guard is not HEADGATE_DB_Y_H" },
  { "heads", "runtime/db/x.c", HEAD .. "int a; \n", "blanks at the end" },
  { "approvals", "runtime/db/sql/x.sql", "-- X\nINSERT INTO headgate.approval (run) VALUES (1)\n", "writes headgate.approval: only" },
  { "approvals", "runtime/cli/x.c", HEAD .. 'ledger_call(c, "server_approval_add", p);\n', "calls server_approval_add: only" },
  { "approvals", "runtime/run/x.c", HEAD .. "access_sign(s, r, t);\n", "signs: only" },
  { "lines", "runtime/cli/line.c", HEAD .. 'row = {\n    {"run.made", f},\n};\n', "no line for run.created" },
  { "lines", "runtime/cli/line.c", HEAD .. 'row = {\n    {"run.made", f},\n};\n', "a line for run.made, which is no type" },
  { "lines", "runtime/cli/line.c", HEAD .. 'row = {\n    {"run.created", f}, {"run.made", f},\n};\n', "a line for run.made, which is no type" },
  { "epochs", "runtime/db/sql/x.sql", "-- X\nDELETE FROM headgate.gate\n", "writes headgate.gate without an epoch" },
  { "oldest", "runtime/db/sql/x.sql", "-- X\nSELECT pg_terminate_backend(a.pid, 5000)\n", "x.sql:2: pg_terminate_backend with a time to wait: only since PostgreSQL 14" },
  { "oldest", "runtime/db/sql/x.sql", "SELECT pg_catalog.date_bin($1, $2, $3)\n", "date_bin: only since" },
  { "oldest", "runtime/db/sql/x.sql", "-- not date_bin()\nSELECT pg_terminate_backend(a.pid), to_jsonb(l) ->> 'waitstart'\n", "" },
}

--- What a check compares the tree with.
local BESIDE = { epochs = "runtime/db/sql/schema_001.sql", lines = "runtime/server/shapes/api.json", oldest = "runtime/db/conn.c" }

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read("a")
  return output, pipe:close() == true
end

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
end

local failures = 0
for number, case in ipairs(CASES) do
  local check, path, text, wanted = table.unpack(case)
  local tree = run("mktemp -d"):gsub("%s+$", "")
  run(("mkdir -p '%s/%s' '%s/tests/style'"):format(tree, path:match("^(.*)/"), tree))
  run(("cp '%s'/tests/style/source.lua '%s'/tests/style/"):format(root, tree))
  if BESIDE[check] then
    run(("mkdir -p '%s/%s'"):format(tree, BESIDE[check]:match("^(.*)/")))
    run(("cp '%s/%s' '%s/%s'"):format(root, BESIDE[check], tree, BESIDE[check]))
  end
  write(tree .. "/" .. path, text)
  local output, passed = run(("lua5.4 '%s/tests/style/%s.lua' '%s'"):format(root, check, tree))
  run(("rm -rf '%s'"):format(tree))
  if passed ~= (wanted == "") or not output:find(wanted, 1, true) then
    failures = failures + 1
    print(("case %d (%s): wanted \"%s\", got %s\n%s"):format(number, check, wanted, passed, output))
  end
end
print(("%d cases, %d failed"):format(#CASES, failures))
os.exit(failures == 0)
