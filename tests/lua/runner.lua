-- describe / it / expect for specs that run inside the sandbox, as a task of a plan.
--
--     local spec = require "runner"
--     spec.describe("pairs", function(it)
--       it("has a fixed order", function(expect) expect(x).is(1) end)
--     end)

local runner = {}

local cases = {}

---@param value any
---@return string
local function shown(value)
  if type(value) == "table" then
    local ok, text = pcall(json.encode, value)
    return ok and text or tostring(value)
  end
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return rawequal(a, b) end
  for key, value in next, a do
    if not same(value, b[key]) then return false end
  end
  for key in next, b do
    if a[key] == nil then return false end
  end
  return true
end

local LINE_OF_EXPECT = 3

local function fail(message, ...)
  error(message:format(...), LINE_OF_EXPECT)
end

---@class Expectation
---@field is fun(wanted: any)  equal, tables by content
---@field has fun(part: string)  a text that contains part
---@field raises fun(part: string)  a function whose error contains part

---@param value any
---@return Expectation
local function expect(value)
  return {
    is = function(wanted)
      if not same(value, wanted) then fail("got %s, wanted %s", shown(value), shown(wanted)) end
    end,
    has = function(part)
      if type(value) ~= "string" or not value:find(part, 1, true) then
        fail("got %s, wanted it to have %s", shown(value), shown(part))
      end
    end,
    raises = function(part)
      local ok, problem = pcall(value)
      if ok then fail("raised nothing, wanted %s", shown(part)) end
      if not tostring(problem):find(part, 1, true) then
        fail("raised %s, wanted %s", shown(tostring(problem)), shown(part))
      end
    end,
  }
end

---@param subject string
---@param body fun(it: fun(behaviour: string, test: fun(expect: fun(value: any): Expectation)))
function runner.describe(subject, body)
  body(function(behaviour, test)
    cases[#cases + 1] = { name = subject .. ": " .. behaviour, test = test }
  end)
end

---Runs every case that was described; raises when one failed. Each has its own slice of time.
---@async
function runner.run()
  local failed = 0
  for number, case in ipairs(cases) do
    local ok, problem = pcall(case.test, expect)
    if not ok then failed = failed + 1 end
    log(("%s %d - %s"):format(ok and "ok" or "not ok", number, case.name))
    if not ok then log("  " .. tostring(problem)) end
  end
  log(("1..%d"):format(#cases))
  if failed > 0 then error(("%d of %d failed"):format(failed, #cases), 0) end
  if #cases == 0 then error("no cases were described", 0) end
end

return runner
