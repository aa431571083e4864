-- A file says first what lives in it, in its language's comment. Usage: lua5.4 heads.lua ROOT
local root = arg[1]
package.path = root .. "/tests/style/?.lua"
local source = require "source"

local KINDS = {
  { names = { "*.c", "*.h" }, folders = { "runtime", "tests" }, head = "^/%* " },
  { names = { "*.lua" }, folders = { "scripts", "plans", "tests" }, head = "^%-%-" },
  { names = { "*.sql" }, folders = { "runtime" }, head = "^%-%- " },
  { names = { "*.ts", "*.tsx", "*.mjs" }, folders = { "web", "tests" }, head = "^/[/*]" },
  { names = { "*.cmake", "CMakeLists.txt" }, folders = { "cmake", "runtime", "tests", "web" }, head = "^# " },
}

-- Every header guards itself by its path: runtime/db/conn.h is HEADGATE_DB_CONN_H.
local function check_guard(path, text)
  local guard = "HEADGATE_" .. path:gsub("^runtime/", ""):gsub("[/.]", "_"):upper()
  if not text:find("#ifndef " .. guard .. "\n#define " .. guard .. "\n", 1, true) then
    source.complain(path, 1, "the include guard is not %s", guard)
  end
end

-- A test beside its source needs no head: it is about the file of the same name.
local function stands_beside(path) return path:find("^web/.*%.test%.ts$") ~= nil end

local seen = 0
for _, kind in ipairs(KINDS) do
  for _, path in ipairs(source.files(root, kind.folders, kind.names)) do
    seen = seen + 1
    local text = source.read(root, path)
    if not stands_beside(path) and not text:gsub("^#![^\n]*\n", ""):find(kind.head) then
      source.complain(path, 1, "no comment at the head says what this file is for")
    end
    if path:find("^runtime/.*%.h$") then check_guard(path, text) end
    if text:find("[ \t]\n") then source.complain(path, 1, "blanks at the end of a line") end
  end
end
source.finish(seen, "files")
