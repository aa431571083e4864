-- Scripts that must be stopped: each ends as an ordinary error of the plan, and soon.
local spec = require "runner"

local function problem(text)
  local result = evaluate { ["plan.lua"] = text }
  return result.message or "loaded"
end

local runaways = {
  ["an endless loop"] = "while true do end",
  ["a loop round pcall"] = "while true do pcall(function() while true do end end) end",
  ["pcall in pcall"] = "local function f() while true do pcall(f) end end f()",
  ["tail calls"] = "local function f() return f() end f()",
  ["a loop in a sort"] = "table.sort({ 3, 2, 1 }, function() while true do end end)",
  ["a loop in gsub"] = "('xxx'):gsub('x', function() while true do end end)",
  ["a loop in __index"] = [[
    local t = setmetatable({}, { __index = function() while true do end end })
    return t.x]],
  ["a loop in __close"] = [[
    local c <close> = setmetatable({}, { __close = function() while true do end end })
    while true do end]],
  ["a loop in a module"] = "repeat until false",
}

local hogs = {
  ["a rep bomb"] = "return ('x'):rep(1 << 29)",
  ["doubling concat"] = "local s = 'x' while true do s = s .. s end",
  ["a table bomb"] = "local t = {} for i = 1, 1e9 do t[i] = {} end",
  ["a string bomb"] = "local t = {} for i = 1, 1e9 do t[i] = 'x' .. i end",
  ["deep recursion"] = "local function f() return 1 + f() end f()",
  ["a closure bomb"] = "local f while true do local g = f f = function() return g end end",
}

spec.describe("runaways", function(it)
  for name, text in pairs(runaways) do
    it(name .. " is stopped", function(expect)
      expect(problem(text)).has("plan.lua:")
      expect(problem(text)).has("ran longer than 200 ms")
    end)
  end
end)

spec.describe("memory", function(it)
  for name, text in pairs(hogs) do
    it(name .. " is stopped", function(expect)
      local message = problem(text) -- near the limit the collector may use up the time first
      if not message:find("ran longer than", 1, true) then
        expect(message).has("out of memory: a script may use 2 MiB")
      end
    end)
  end
  it("a huge unpack is refused", function(expect)
    expect(problem("return table.unpack({}, 1, 1e7)")).has("too many results")
  end)
  it("text without end in a graph is refused", function(expect)
    local text = [[
      local t = { "x" }
      for i = 1, 40 do t = { t, t } end
      plan "p" { doc = "d", phase "f" { check "c" { equals = t, sql = "SELECT 1" } } }]]
    expect(problem(text)).has("more values than JSON may hold")
  end)
  it("nested C calls are refused", function(expect)
    expect(problem("local function f(s) return s:gsub('.', f) end f('x')")).has("C stack overflow")
  end)
end)

spec.describe("compiled code", function(it)
  it("is not loaded as a plan", function(expect)
    expect(problem("\27Lua\84\0\25\147\r\n\26\n")).has("this is compiled Lua")
  end)
  it("is not loaded as a module", function(expect)
    local result = evaluate { ["plan.lua"] = "require 'm'", ["m.lua"] = "\27Lua" }
    expect(result.message).has("m.lua: this is compiled Lua")
  end)
  it("cannot be made", function(expect)
    expect(problem("string.dump(function() end)")).has("field 'dump'")
  end)
  it("has no load", function(expect)
    for _, name in ipairs { "load", "loadfile", "loadstring", "dofile" } do
      expect(problem(name .. "('return 1')")).has(('"%s" is not available to plans'):format(name))
    end
  end)
end)

spec.describe("ways out", function(it)
  it("finalizers are refused", function(expect)
    expect(problem("setmetatable({}, { __gc = function() end })")).has("finalizers (__gc)")
  end)
  it("paths are no modules", function(expect)
    for _, name in ipairs { "../x", "/etc/passwd", "a..b", ".a", "a.", "", "a/b", "a\\b" } do
      expect(problem(("require %q"):format(name))).has("a module is a dotted name")
    end
  end)
  it("files are those of the plan", function(expect)
    for _, path in ipairs { "../x", "/etc/passwd", "", "." } do
      expect(problem(("local x = file %q"):format(path))).has("the plan has no file")
    end
  end)
  it("globals cannot be set", function(expect)
    expect(problem("x = 1")).is("plan.lua:1: plans may not set globals; write `local x`")
    expect(problem("function x() end")).has("plans may not set globals; write `local x`")
    expect(problem("plan = 1")).has("plans may not set globals")
    expect(problem("rawset(_ENV, 'x', 1)")).has("plans may not set globals")
    expect(problem("_ENV.plan = 1")).has("plans may not set globals")
  end)
  it("withheld libraries say what to do", function(expect)
    local names = {
      "io", "os", "debug", "coroutine", "package", "collectgarbage", "xpcall", "print",
    }
    for _, name in ipairs(names) do
      local message = ('plan.lua:1: "%s" is not available to plans: '):format(name)
      expect(problem("return " .. name)).has(message)
    end
  end)
  it("string methods are the allowed ones", function(expect)
    expect(problem("getmetatable('').__index.rep = nil")).has("attempt to index a boolean value")
  end)
end)
