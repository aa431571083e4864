-- Every type of event has words of its own on the command line: a row in runtime/cli/line.c for each in the shapes of the API, and no
-- row for what does not exist. Usage: lua5.4 lines.lua ROOT
local root = arg[1]
package.path = root .. "/tests/style/?.lua"
local source = require "source"

local SHAPES, LINES = "runtime/server/shapes/api.json", "runtime/cli/line.c"

local events = source.read(root, SHAPES):match('\n  "events": {\n(.-)\n  }\n') or error(SHAPES .. ": no events")
local said, seen, known = source.read(root, LINES), 0, {}
for type in ("\n" .. events):gmatch('\n    "([%w.]+)":') do
  seen, known[type] = seen + 1, true
  if not said:find('{"' .. type .. '", ', 1, true) then source.complain(LINES, 1, "no line for %s", type) end
end
for type in said:gmatch('{"([%w.]+)", %l') do
  if not known[type] then source.complain(LINES, 1, "a line for %s, which is no type of event", type) end
end
source.finish(seen, "types of events")
