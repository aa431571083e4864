-- An approval is written in one place, and only after one function has decided: one statement writes headgate.approval, one file
-- calls it, signs and asks. Usage: lua5.4 approvals.lua ROOT
local root = arg[1]
package.path = root .. "/tests/style/?.lua"
local source = require "source"

--- What may stand only in these files.
local ONLY = {
  { what = "writes headgate.approval", files = { "*.sql", "*.c", "*.h", "*.lua" }, folders = { "runtime", "scripts" },
    patterns = { "INTO%s+headgate%.approval%f[%W]", "UPDATE%s+headgate%.approval%f[%W]", "FROM%s+ONLY%s+headgate%.approval%f[%W]",
                 "DELETE%s+FROM%s+headgate%.approval%f[%W]", "TRUNCATE[^;]*headgate%.approval%f[%W]" },
    here = { ["runtime/db/sql/server_approval_add.sql"] = true } },
  { what = "calls server_approval_add", files = { "*.c", "*.h", "*.lua" }, folders = { "runtime", "scripts" },
    patterns = { '"server_approval_add"' }, here = { ["runtime/server/gates.c"] = true } },
  { what = "signs", files = { "*.c" }, folders = { "runtime" },
    patterns = { "%f[%w_]access_sign%(", "crypto_sign_detached%(" }, here = { ["runtime/server/gates.c"] = true, ["runtime/access/sign.c"] = true } },
}

local seen, found = 0, {}
for _, rule in ipairs(ONLY) do
  for _, path in ipairs(source.files(root, rule.folders, rule.files)) do
    local text = source.read(root, path):gsub("%-%-[^\n]*", "")
    seen = seen + 1
    for _, pattern in ipairs(rule.patterns) do
      if text:find(pattern) then
        if rule.here[path] then found[path] = true
        else source.complain(path, 1, "%s: only %s may", rule.what, next(rule.here)) end
      end
    end
  end
end
-- The checks themselves look at what is there.
if #source.files(root, { "runtime/server" }, { "gates.c" }) > 0 then
  for _, rule in ipairs(ONLY) do
    for path in pairs(rule.here) do
      if not found[path] then source.complain(path, 1, "nothing here %s any more", rule.what) end
    end
  end
end
source.finish(seen, "files")
