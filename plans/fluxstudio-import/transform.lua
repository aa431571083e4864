-- How a record of the file store becomes a row: names in snake_case, times from milliseconds, e-mail addresses and states
-- in lower case. What cannot become a row says why.
local statuses = { planning = true, in_progress = true, on_hold = true, completed = true, cancelled = true }

-- columns: "name?" may be missing in a record.
local collections = {
  { "users", "id email name user_type password_hash created_at" },
  { "organizations", "id name slug created_at" },
  { "organization_members", "organization_id user_id role joined_at" },
  { "teams", "id organization_id name created_at" },
  { "team_members", "team_id user_id role joined_at" },
  { "projects", "id organization_id team_id? name status created_by created_at" },
  { "conversations", "id project_id name created_at" },
  { "conversation_participants", "conversation_id user_id joined_at" },
  { "messages", "id conversation_id author_id reply_to_id? content sent_at" },
  { "message_reactions", "id message_id user_id emoji created_at" },
  { "notifications", "id user_id kind body is_read created_at" },
  { "project_members", "project_id user_id role" },
  { "project_milestones", "id project_id name status due_at" },
  { "files", "id project_id uploaded_by name size_bytes version storage_path created_at" },
  { "file_permissions", "file_id user_id permission" },
  { "invoices", "id organization_id project_id number amount_cents status issued_at" },
  { "time_entries", "id project_id user_id minutes note? started_at" },
  { "service_packages", "id name price_cents is_active" },
  { "client_requests", "id email subject status created_at" },
  { "portfolios", "id user_id title" },
  { "portfolio_items", "id portfolio_id project_id title position" },
}

-- Milliseconds since 1970 as PostgreSQL reads them. Days to a date: H. Hinnant, "chrono-compatible low-level date algorithms".
local function instant(ms)
  local days, rest = ms // 86400000 + 719468, ms % 86400000
  local era, day = days // 146097, days % 146097
  local year = (day - day // 1460 + day // 36524 - day // 146096) // 365
  day = day - (365 * year + year // 4 - year // 100)
  local shifted = (5 * day + 2) // 153
  local month = shifted < 10 and shifted + 3 or shifted - 9
  return string.format("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year + era * 400 + (month <= 2 and 1 or 0), month,
    day - (153 * shifted + 2) // 5 + 1, rest // 3600000, rest // 60000 % 60, rest // 1000 % 60, rest % 1000)
end

local by_name = {}
for _, collection in ipairs(collections) do
  local fields = {}
  for column, optional in collection[2]:gmatch "([%w_]+)(%??)" do
    fields[#fields + 1] = {
      column = column, optional = optional ~= "", time = column:find "_at$" ~= nil,
      field = column:gsub("_(%l)", function(letter) return letter:upper() end),
    }
  end
  by_name[collection[1]] = fields
end

-- The row, or nil and why there is none.
local function row(name, record)
  local result = {}
  if type(record) ~= "userdata" then return nil, "no record, but a " .. type(record) end -- records are read lazily
  for _, field in ipairs(by_name[name]) do
    local value = record[field.field]
    if value == json.null then value = nil end
    if value == nil then
      if not field.optional then return nil, "no " .. field.field end
    elseif field.time then
      if math.type(value) ~= "integer" then return nil, field.field .. " is no time in milliseconds" end
      value = instant(value)
    elseif field.column == "email" then
      value = value:lower()
    elseif field.column == "status" then
      value = value:lower():gsub(" ", "_")
    end
    result[field.column] = value
  end
  if (name == "projects" or name == "project_milestones") and not statuses[result.status] then
    return nil, "no status " .. tostring(record.status)
  end
  return result
end

-- SQL: how a row of that table is one text, the same that demo/store.mjs makes of a record.
local function text(name)
  local parts = {}
  for i, field in ipairs(by_name[name]) do
    local value = field.time and "(extract(epoch FROM " .. field.column .. ") * 1000)::bigint" or field.column
    parts[i] = "coalesce(" .. value .. "::text, '')"
  end
  return "concat_ws(E'\\x1f', " .. table.concat(parts, ", ") .. ")"
end

return { collections = collections, row = row, text = text, has_id = function(name) return by_name[name][1].column == "id" end }
