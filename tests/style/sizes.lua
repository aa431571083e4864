-- Lengths: a file is one thing, a function fits a screen. Widths are clang-format's (format.sh). Usage: lua5.4 sizes.lua ROOT
local root = arg[1]
package.path = root .. "/tests/style/?.lua"
local source = require "source"

local FILE_LINES, FUNCTION_LINES = 600, 60

-- Files that are one long table, and may be.
local TABLES = { ["runtime/plan/word.c"] = true, ["runtime/sql/rule.c"] = true, ["runtime/cli/table.c"] = true }

local function check_file(path, lines, limit)
  if #lines > limit and not TABLES[path] then
    source.complain(path, limit + 1, "%d lines; is it still one thing?", #lines)
  end
end

-- With the house's format a function opens with "{" in column one and closes with "}" there.
local function check_functions(path, lines)
  local opened
  for number, line in ipairs(lines) do
    if line == "{" then
      opened = number
    elseif opened and line:sub(1, 1) == "}" then
      local length = number - opened - 1
      if length > FUNCTION_LINES then source.complain(path, opened, "a function of %d lines", length) end
      opened = nil
    end
  end
end

local seen = 0
local function each(folders, names, check)
  for _, path in ipairs(source.files(root, folders, names)) do
    seen = seen + 1
    check(path, source.lines(source.read(root, path)))
  end
end

each({ "runtime", "tests" }, { "*.c", "*.h" }, function(path, lines)
  check_file(path, lines, FILE_LINES)
  check_functions(path, lines)
end)
each({ "scripts", "plans", "web/src", "tests" }, { "*.lua", "*.ts", "*.tsx", "*.mjs" }, function(path, lines)
  if not path:find("%.d%.") then check_file(path, lines, FILE_LINES) end
end)
source.finish(seen, "readings")
