-- The folders of runtime/ are floors: a file includes its own folder and lower floors, by full path, and only
-- the owners of a library include its header. Usage: lua5.4 floors.lua ROOT
local root = arg[1]
package.path = root .. "/tests/style/?.lua"
local source = require "source"

local FLOORS = {
  base = 0,
  loop = 1,
  db = 2, sql = 2, http = 2, script = 2, plan = 2,
  ledger = 3, access = 3,
  data = 4,
  run = 5,
  rollout = 6,
  bind = 7, server = 7,
  cli = 8,
}

-- Headers of libraries, and the folders that may see them.
local OWNERS = {
  ["uv.h"] = { loop = true, db = true, http = true, server = true },
  ["libpq-fe.h"] = { db = true },
  ["lua.h"] = { script = true, bind = true },
  ["lauxlib.h"] = { script = true, bind = true },
  ["lualib.h"] = { script = true, bind = true },
  ["yaml.h"] = { plan = true },
  ["libwebsockets.h"] = { server = true },
  ["pg_query.h"] = { sql = true },
  ["curl/curl.h"] = { http = true },
  ["sodium.h"] = { access = true, base = true },
}

-- Single files that may see more, and why.
local EXCEPTIONS = {}

local function names(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return table.concat(list, ", ")
end

local function check_own(path, number, folder, target)
  local other = target:match("^(%w+)/")
  if not FLOORS[other] then
    source.complain(path, number, 'include "%s" by its full path from runtime/', target)
  elseif other ~= folder and FLOORS[other] >= FLOORS[folder] then
    source.complain(path, number, "%s (floor %d) may not see %s (floor %d)", folder, FLOORS[folder], other,
      FLOORS[other])
  end
end

local function check_include(path, number, folder, kind, target)
  local owners = OWNERS[target]
  if kind == '"' then
    check_own(path, number, folder, target)
  elseif owners and not owners[folder] and not (EXCEPTIONS[path] or {})[target] then
    source.complain(path, number, "only %s may include <%s>", names(owners), target)
  end
end

local paths = source.files(root, { "runtime" }, { "*.c", "*.h" })
for _, path in ipairs(paths) do
  local folder = path:match("^runtime/(%w+)/")
  if not FLOORS[folder] then
    source.complain(path, 1, "this folder has no floor")
  else
    for number, line in ipairs(source.lines(source.read(root, path))) do
      local kind, target = line:match('^%s*#%s*include%s+([<"])([^>"]+)')
      if kind then check_include(path, number, folder, kind, target) end
    end
  end
end
source.finish(#paths, "files")
