-- The words of the plan language. Runs inside the sandbox before the plan. The words themselves are
-- data in runtime/plan/word.c, so this file knows how words are written and not which there are.
--
-- A node is a table { word, name, body, file, line, nth } that keeps the author's table as it is;
-- the runtime makes the graph from it (runtime/bind/graph.c) and checks it. A value is a table with
-- its word under "$".

---@class headgate.Host  what the runtime gives to this file only
---@field words headgate.Word[]
---@field node table  the metatable of nodes
---@field value table  the metatable of values
---@field define fun(name: string, value: any)  makes a global
---@field made fun(node: table)  remembers a node
---@field here fun(level: integer): string, integer  file and line of the function at level
---@field fail fun(level: integer, message: string)  raises at the line of the function at level
---@field file_text fun(path: string, level: integer): string

---@class headgate.Word
---@field name string
---@field form "node"|"plain"|"text"|"table"|"sql"|"case"
---@field keys table<string, true>  what its table may hold

---@type headgate.Host
local host = ...

local Node, Value = host.node, host.value

-- Levels count from the function that calls host.*: 2 is the author's line.
local AUTHOR = 2

local function is_plain_table(value)
  return type(value) == "table" and getmetatable(value) == nil
end

-- How often a word of that name was met in a line: several stages may stand in one.
local met = {}

local function new_node(word, name, file, line)
  local place = table.concat({ file, line, word.name, name or "" }, "\0")
  met[place] = (met[place] or 0) + 1
  local node = setmetatable(
    { word = word.name, name = name, file = file, line = line, nth = met[place] }, Node)
  host.made(node)
  return node
end

local function usage(word)
  if word.form == "plain" then return word.name .. " { … }" end
  if word.form == "text" then return word.name .. ' "…"' end
  if word.form == "table" then return word.name .. " { … }" end
  if word.form == "sql" then return word.name .. '(file "…")' end
  if word.form == "case" then return word.name .. '("why", { … })' end
  return word.name .. ' "name" { … }'
end

local function wrong_use(word, level)
  host.fail(level + 1, ("%s is written %s"):format(word.name, usage(word)))
end

-- step "name" { … }: the first call keeps the name, the second one (below) the table.
local function node_word(word)
  return function(name, extra)
    if type(name) ~= "string" or extra ~= nil then wrong_use(word, AUTHOR) end
    if name:find("\0", 1, true) then host.fail(AUTHOR, word.name .. " has a name with a zero byte") end
    local file, line = host.here(AUTHOR)
    return new_node(word, name, file, line)
  end
end

function Node.__call(node, body, extra)
  local label = ('%s "%s"'):format(node.word, node.name or "")
  if rawget(node, "body") ~= nil then
    host.fail(AUTHOR, label .. " has two tables; is a comma missing?")
  end
  if not is_plain_table(body) or extra ~= nil then
    host.fail(AUTHOR, ("%s takes one table: %s { … }"):format(label, label))
  end
  rawset(node, "body", body)
  return node
end

function Node.__tostring(node)
  return ('%s "%s"'):format(node.word, node.name or "")
end

-- local s = step "x"; s.up = "…" would be lost without a word.
function Node.__newindex(node)
  local label = tostring(node)
  host.fail(AUTHOR, ("%s is described by its table: %s { … }"):format(label, label))
end

Node.__name = "node"
Node.__metatable = false

-- stage { … }
local function plain_word(word)
  return function(body, extra)
    if not is_plain_table(body) or extra ~= nil then wrong_use(word, AUTHOR) end
    local file, line = host.here(AUTHOR)
    local node = new_node(word, nil, file, line)
    rawset(node, "body", body)
    return node
  end
end

function Value.__tostring(value)
  return value["$"]
end

Value.__name = "value"
Value.__metatable = false

local function new_value(word, fields)
  fields["$"] = word.name
  return setmetatable(fields, Value)
end

-- Under which name a text word keeps its text.
local text_field = { skip = "reason", reject = "reason", thresholds = "name" }

-- thresholds "production", skip "why"
local function text_word(word)
  local field = text_field[word.name] or "text"
  return function(text, extra)
    if type(text) ~= "string" or extra ~= nil then wrong_use(word, AUTHOR) end
    return new_value(word, { [field] = text })
  end
end

-- file "sql/001.up.sql": the text, and where it comes from.
local function file_word(word)
  return function(path, extra)
    if type(path) ~= "string" or extra ~= nil then wrong_use(word, AUTHOR) end
    local text = host.file_text(path, AUTHOR)
    return new_value({ name = "sql" }, { text = text, file = path, line = 1 })
  end
end

-- sql_flag { table = … }
local function table_word(word)
  return function(fields, extra)
    if not is_plain_table(fields) or extra ~= nil then wrong_use(word, AUTHOR) end
    local copy = {}
    for key, value in pairs(fields) do copy[key] = value end
    return new_value(word, copy)
  end
end

-- trigger(file "…")
local function sql_word(word)
  return function(sql, extra)
    local is_sql = type(sql) == "string" or (type(sql) == "table" and rawget(sql, "$") == "sql")
    if not is_sql or extra ~= nil then wrong_use(word, AUTHOR) end
    return new_value(word, { sql = sql })
  end
end

-- ambiguous("why", { choices = … })
local function case_word(word)
  return function(reason, fields, extra)
    if type(reason) ~= "string" or extra ~= nil then wrong_use(word, AUTHOR) end
    if fields ~= nil and not is_plain_table(fields) then wrong_use(word, AUTHOR) end
    local value = { reason = reason }
    for key, field in pairs(fields or {}) do
      if not word.keys[key] then
        host.fail(AUTHOR, ('%s has no field "%s"'):format(word.name, tostring(key)))
      end
      value[key] = field
    end
    return new_value(word, value)
  end
end

local forms = {
  node = node_word,
  plain = plain_word,
  text = text_word,
  table = table_word,
  sql = sql_word,
  case = case_word,
}

for _, word in ipairs(host.words) do
  local make = word.name == "file" and file_word or forms[word.form]
  host.define(word.name, make(word))
end
