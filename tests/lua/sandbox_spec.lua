-- What Lua itself gives to plans.
local spec = require "runner"

spec.describe("texts of values", function(it)
  it("have no addresses", function(expect)
    expect(tostring({})).is("table")
    expect(tostring(pairs)).is("function")
    for _, whole in ipairs { 0, 7, -7, 10, -1000, math.maxinteger, math.mininteger } do
      expect(tostring(whole)).is(("%d"):format(whole))
    end
    expect(tostring(1.0)).is("1.0")
    expect(("%s and %s"):format({}, error)).is("table and function")
  end)
end)

spec.describe("json", function(it)
  it("keeps 64-bit integers", function(expect)
    expect(json.encode { id = 820982911946154508 }).is('{"id":820982911946154508}')
    expect(json.decode("9223372036854775807")).is(9223372036854775807)
  end)
  it("tells [] from {}", function(expect)
    expect(json.encode { a = {}, b = json.array {} }).is('{"a":{},"b":[]}')
    expect(json.encode(json.decode('{"a":[],"b":{}}'))).is('{"a":[],"b":{}}')
  end)
  it("sorts keys", function(expect)
    expect(json.encode { c = 1, a = 2, b = 3 }).is('{"a":2,"b":3,"c":1}')
  end)
  it("writes numbers as short as they read back", function(expect)
    expect(json.encode { 0.1, 1 / 3, 2.0, 1e100 }).is("[0.1,0.3333333333333333,2.0,1e+100]")
  end)
  it("knows null", function(expect)
    expect(json.decode("[null]")[1]).is(json.null)
    expect(json.encode { json.null }).is("[null]")
    expect(tostring(json.null)).is("null")
  end)
  it("refuses what is no data", function(expect)
    expect(function() json.encode(pairs) end).raises("json.encode: a function, which is not data")
    expect(function() json.encode { a = { 1, [3] = 2 } } end).raises("holes, at .a")
    expect(function() json.encode { 0 / 0 } end).raises("not finite")
    expect(function() json.decode("{") end).raises("json.decode: ")
    expect(function() json.decode("[1e999]") end).raises("json.decode: ")
    expect(function() json.decode(('['):rep(200)) end).raises("nested deeper than 100")
    local t = {}
    t.t = t
    expect(function() json.encode(t) end).raises("nested too deeply (or in itself)")
  end)
end)

spec.describe("errors", function(it)
  it("are objects with a kind and a position", function(expect)
    local ok, problem = pcall(json.decode, "{")
    expect(ok).is(false)
    expect(problem.kind).is("script")
    local _, raised = pcall(function() json.decode("{") end)
    expect(tostring(raised)).has("sandbox_spec.lua:")
    expect(raised.message).has("json.decode: JSON line 1")
  end)
  it("may be any value", function(expect)
    local _, problem = pcall(error, { a = 1 })
    expect(problem).is { a = 1 }
  end)
end)

spec.describe("waiting", function(it)
  it("works inside pcall", function(expect)
    expect(pcall(sleep, "1ms")).is(true)
  end)
  it("is refused where Lua cannot wait", function(expect)
    local function wait() sleep "1ms" end
    expect(function() table.sort({ 2, 1 }, wait) end).raises("cannot wait here")
    expect(function() ("x"):gsub("x", wait) end).raises("cannot wait here")
  end)
  it("works in iterators, metamethods and <close>", function(expect)
    local slept = 0
    local object = setmetatable({}, {
      __index = function() sleep "1ms"; slept = slept + 1; return 1 end,
      __close = function() sleep "1ms"; slept = slept + 1 end,
    })
    do
      local held <close> = object
      expect(held.anything).is(1)
    end
    for _ in function(_, last) sleep "1ms"; slept = slept + 1; return not last or nil end do end
    expect(slept).is(4)
  end)
  it("needs a duration", function(expect)
    expect(function() sleep(5) end).raises('sleep needs a duration like "5s"')
    expect(function() sleep "5 parsecs" end).raises("sleep: ")
  end)
end)
