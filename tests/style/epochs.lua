-- A runner that was replaced writes nothing: every statement that writes into a STATE table finds the writer's epoch in
-- headgate.lease, or stands here with the reason why it need not. Usage: lua5.4 epochs.lua ROOT
local root = arg[1]
package.path = root .. "/tests/style/?.lua"
local source = require "source"

local FOLDER = "runtime/db/sql/"
local SCHEMA = FOLDER .. "schema_001.sql"

--- Statements that write STATE without an epoch. A runner calls none of them.
local EXEMPT = {
  { why = "people and their tokens: written by the supervisor and by commands",
    names = "access_identify access_login access_logout access_person_add access_person_change access_password_renew access_password_set access_person_disable access_session access_still_good access_token_create access_token_revoke schema_002" },
  { why = "there is no runner yet: a plan is registered, a run is created", names = "plan_register run_create run_create_key run_create_lease" },
  { why = "takes the lease: this is what makes the epoch", names = "lease_take" },
  { why = "people ask, approve, decide and answer whoever drives the run",
    names = "request_add server_request_add server_approval_add server_gate_ask server_decide server_answer_add" },
  { why = "what webhooks were told: by supervisors, of which several may be at work",
    names = "notice_open notice_take notice_told notice_failed notice_heads" },
  { why = "runs that have ended have no runner", names = "schema_prune schema_prune_samples" },
}

local function without_comments(text) return (text:gsub("%-%-[^\n]*", "")) end

--- The tables of the schema's STATE part.
local function state_tables()
  local text = source.read(root, SCHEMA)
  local part = text:match("%-+ STATE\n(.-)%-+ functions\n") or error(SCHEMA .. ": no STATE part")
  local tables = {}
  for name in part:gmatch("CREATE TABLE headgate%.([%w_]+)") do tables[name] = true end
  return tables
end

--- The STATE table that a statement writes into, or nil.
local function written(text, tables)
  for _, pattern in ipairs { "INSERT%s+INTO", "UPDATE", "DELETE%s+FROM", "MERGE%s+INTO", "TRUNCATE" } do
    for name in text:gmatch(pattern .. "%s+headgate%.([%w_]+)") do
      if tables[name] then return name end
    end
  end
end

--- Compared with a parameter, in a statement that reads or writes the lease.
local function has_epoch(text)
  return text:find("headgate%.lease") ~= nil and text:find("epoch%s*=%s*%$%d") ~= nil
end

local exempt = {}
for _, group in ipairs(EXEMPT) do
  for name in group.names:gmatch("%S+") do exempt[name] = group.why end
end

local tables, seen = state_tables(), 0
for _, path in ipairs(source.files(root, { "runtime/db/sql" }, { "*.sql" })) do
  local name = path:match("([%w_]+)%.sql$")
  local text = without_comments(source.read(root, path))
  local into = path ~= SCHEMA and written(text, tables)
  if into then seen = seen + 1 end
  if into and not has_epoch(text) and not exempt[name] then
    source.complain(path, 1, "writes headgate.%s without an epoch: a runner that was replaced could", into)
  elseif exempt[name] and (not into or has_epoch(text)) then
    source.complain("tests/style/epochs.lua", 1, "%s needs no exemption", name)
  end
  exempt[name] = nil
end
for name in pairs(exempt) do source.complain("tests/style/epochs.lua", 1, "there is no %s.sql", name) end
source.finish(seen, "statements that write STATE")
