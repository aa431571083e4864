-- Words that may not stand in code, each with the reason and, where there is one, the place that may.
-- Usage: lua5.4 banned.lua ROOT
local root = arg[1]
package.path = root .. "/tests/style/?.lua"
local source = require "source"

local C = { "*.c", "*.h" }
local NODE = { "*.ts", "*.tsx", "*.mjs" }

--- call: a function of that name; else a plain Lua pattern. bare: comments and texts do not count.
---@class Ban
---@field call string?      names, separated by blanks
---@field pattern string?
---@field why string
---@field folders string[]
---@field files string[]    shell patterns
---@field allowed string[]?   beginnings of paths that may
local BANS = {
  { call = "strcpy strcat sprintf vsprintf gets stpcpy", why = "it writes without a limit", files = C,
    folders = { "runtime", "tests" } },
  { call = "strncpy", why = "it may leave the text without its end", files = C, folders = { "runtime", "tests" } },
  { call = "strtok", why = "it keeps its place in a global: use strtok_r", files = C, folders = { "runtime", "tests" } },
  { call = "atoi atol atof", why = "it cannot fail: use strtol, strtod", files = C, folders = { "runtime" } },
  { call = "system popen", why = "it runs a shell: use loop/child.h", files = C, folders = { "runtime", "tests" } },
  { call = "alloca", why = "fibers have small stacks", files = C, folders = { "runtime" } },
  { call = "tmpnam tempnam mktemp", why = "another process may take the name: use mkstemp, mkdtemp", files = C,
    folders = { "runtime", "tests" } },
  { call = "rand srand random", why = "use clock_random()", files = C, folders = { "runtime" } },
  { call = "clock_gettime gettimeofday time uv_hrtime getrandom drand48", why = "use base/clock.h: tests give it a seed",
    files = C, folders = { "runtime" }, allowed = { "runtime/base/clock.c" } },
  { call = "printf puts putchar vprintf", why = "only cli/ writes to the standard output", files = C,
    folders = { "runtime" }, allowed = { "runtime/cli/" } },
  { call = "sleep usleep nanosleep", why = "wait on the loop (loop/fiber.h)", files = C, folders = { "runtime" } },
  { call = "sleep usleep nanosleep", why = "a test waits for the event, not for time", files = C,
    folders = { "tests" }, allowed = { "tests/unit/loop/test_child.c" } }, -- plays a child that is busy
  { call = "setTimeout setInterval", why = "a test waits for the event: use tests/lib/wait.ts", files = NODE,
    folders = { "tests" }, allowed = { "tests/lib/", "tests/crash/" } }, -- crashes come at moments of chance
  { call = "malloc calloc realloc strdup strndup asprintf vasprintf",
    why = "use base_alloc() and its kin, or an arena: they end the process when there is no memory",
    files = { "*.c" }, folders = { "runtime" },
    allowed = { "runtime/base/", "runtime/script/state.c" } }, -- Lua has a limit of its own
  { call = "PQexec PQexecParams PQconnectdb PQprepare", why = "it blocks the loop: use db/conn.h", files = C,
    folders = { "runtime" }, allowed = { "runtime/db/" } },
  { call = "eval", why = "no code from text", files = NODE, folders = { "web/src" } },
  { pattern = "%f[%w]innerHTML", why = "text becomes markup", files = NODE, folders = { "web/src" } },
  { pattern = ":%s*any%f[%W]", why = "no any", files = { "*.ts", "*.tsx" }, folders = { "web/src", "tests" } },
}

-- Left-over marks, in every kind of file; spelt apart so that this file does not hold them.
local MARKS = { "TO" .. "DO", "FIX" .. "ME", "XX" .. "X", "HA" .. "CK" }
local MARKED = { "*.c", "*.h", "*.lua", "*.sql", "*.ts", "*.tsx", "*.mjs", "*.cmake", "CMakeLists.txt", "*.md",
  "*.yaml", "*.sh" }
local PLACES = { "runtime", "scripts", "plans", "web", "tests", "docs", "cmake" }

local function patterns(ban)
  if ban.pattern then return { ban.pattern } end
  local list = {}
  -- A member (x.printf, x->printf) and a longer name (text_printf) are others' functions.
  for name in ban.call:gmatch("%S+") do list[#list + 1] = "%f[%w_]" .. name .. "%s*%(" end
  return list
end

local function is_member(line, at)
  local before = line:sub(1, at - 1)
  return before:find("%.%s*$") or before:find("%->%s*$") or before:find("::%s*$")
end

local function allowed(ban, path)
  for _, beginning in ipairs(ban.allowed or {}) do
    if path:sub(1, #beginning) == beginning then return true end
  end
  return false
end

local bare = {}
local function bare_lines(path)
  bare[path] = bare[path] or source.lines(source.bare_c(source.read(root, path)))
  return bare[path]
end

local seen = 0
for _, ban in ipairs(BANS) do
  for _, path in ipairs(source.files(root, ban.folders, ban.files)) do
    seen = seen + 1
    for number, line in ipairs(allowed(ban, path) and {} or bare_lines(path)) do
      for _, pattern in ipairs(patterns(ban)) do
        local at = line:find(pattern)
        if at and not (ban.call and is_member(line, at)) then
          source.complain(path, number, "%s: %s", line:match("^[^(]*", at):gsub("%s+$", ""), ban.why)
        end
      end
    end
  end
end
for _, path in ipairs(source.files(root, PLACES, MARKED)) do
  seen = seen + 1
  for number, line in ipairs(source.lines(source.read(root, path))) do
    for _, mark in ipairs(MARKS) do
      if line:find("%f[%w]" .. mark .. "%f[%W]") then
        source.complain(path, number, "%s: finish it, or write an issue", mark)
      end
    end
  end
end
source.finish(seen, "readings")
