-- The words as authors write them. What keys may hold is tested in tests/data/plans.
local spec = require "runner"

local function problem(text, files)
  files = files or {}
  files["plan.lua"] = text
  return evaluate(files).message or "loaded"
end

local function in_phase(text)
  return ('plan "p" { doc = "d",\n phase "f" {\n%s\n}}'):format(text)
end

local step = 'step "x" { up = "SELECT 1", one_way = "no" }'

spec.describe("words", function(it)
  it("make a graph with positions", function(expect)
    local graph = evaluate { ["plan.lua"] = in_phase(step) }.graph
    local node = graph.children[1].children[1]
    expect(node.kind).is("step")
    expect(node.name).is("x")
    expect({ node.file, node.line, node.column }).is { "plan.lua", 3, 1 }
    expect(node.key_positions).is { up = { 3, 12 }, one_way = { 3, 29 } }
    expect(node.keys.up).is { ["$"] = "sql", text = "SELECT 1", file = "plan.lua", line = 3 }
  end)
  it("may be made by loops and modules", function(expect)
    local graph = evaluate {
      ["plan.lua"] = [[
        local indexes = require "lib.indexes"
        plan "p" { doc = "d", phase "f" (indexes { "b", "a" }) }]],
      ["lib/indexes.lua"] = [[
        return function(names)
          local steps = {}
          for i, name in ipairs(names) do
            steps[i] = step("index " .. name) { up = "CREATE INDEX " .. name, one_way = "cheap" }
          end
          return steps
        end]],
    }.graph
    local steps = graph.children[1].children
    expect(steps[1].name).is("index b")
    expect(steps[2].name).is("index a")
    expect({ steps[2].file, steps[2].line, steps[2].column }).is { "lib/indexes.lua", 4, 24 }
  end)
  it("are a fixed order under pairs", function(expect)
    local text = [[
      local steps = { doc = "d" }
      for name in pairs { c = 1, a = 1, b = 1, [2] = 1, [1] = 1 } do
        steps[#steps + 1] = manual("m" .. name)
      end
      plan "p" { doc = "d", phase "f" (steps) }]]
    local names = {}
    for i, node in ipairs(evaluate { ["plan.lua"] = text }.graph.children[1].children) do
      names[i] = node.name
    end
    expect(table.concat(names, " ")).is("m1 m2 ma mb mc")
  end)
  it("need a plan, and only one", function(expect)
    expect(problem("")).has("there is no plan")
    expect(problem(in_phase(step) .. '\nplan "q" {}')).is(
      'plan.lua:5:1: a second plan "q"; the first one is in line 1')
  end)
  it("must stand somewhere", function(expect)
    expect(problem('phase "lost" {}\n' .. in_phase(step))).is(
      'plan.lua:1:1: phase "lost" stands nowhere in the plan')
  end)
end)

spec.describe("mistakes", function(it)
  it("in words are suggested", function(expect)
    expect(problem('\n\nrolout "x" {}')).is(
      'plan.lua:3: unknown name "rolout" (did you mean rollout?)')
  end)
  it("in keys are suggested, with line and column", function(expect)
    expect(problem(in_phase('gate "g" {\n  approvers = "a", nede = 1 }'))).is(
      'plan.lua:4:20: gate "g" has no field "nede" (did you mean need?)')
  end)
  it("in entries are counted", function(expect)
    expect(problem(in_phase(step .. ', "text"'))).has(
      'plan.lua:2:2: phase "f": entry 2 is a string')
    expect(problem(in_phase(step .. ", nil, " .. step))).has("entry 2 is nil")
  end)
  it("in calls say how the word is written", function(expect)
    expect(problem("plan {}")).is('plan.lua:1: plan is written plan "name" { … }')
    expect(problem(in_phase('stage "x" {}'))).is("plan.lua:3: stage is written stage { … }")
    expect(problem("local x = trigger {}")).is('plan.lua:1: trigger is written trigger(file "…")')
    expect(problem("local x = file {}")).is('plan.lua:1: file is written file "…"')
    expect(problem("local x = sql_flag 'x'")).is("plan.lua:1: sql_flag is written sql_flag { … }")
    expect(problem("local x = ambiguous {}")).is(
      'plan.lua:1: ambiguous is written ambiguous("why", { … })')
  end)
  it("in files are suggested", function(expect)
    local files = { ["sql/2.sql"] = "SELECT 1" }
    expect(problem(in_phase('step "x" { up = file "sql/1.sql" }'), files)).is(
      'plan.lua:3: the plan has no file "sql/1.sql" (did you mean sql/2.sql?)')
  end)
  it("in Lua itself keep their position", function(expect)
    expect(problem("plan 'p' {")).has("plan.lua:1: ")
    expect(problem("\nlocal x = nil + 1")).has("plan.lua:2: attempt to perform arithmetic")
    expect(problem("require 'm'", { ["m.lua"] = "\n\nx = = 1" })).has("m.lua:3: unexpected symbol")
  end)
  it("while loading: nothing may wait or tell", function(expect)
    expect(problem("sleep '1s'")).has("sleep cannot be used while the plan is loaded")
    expect(problem("log 'x'")).has("log cannot be used while the plan is loaded")
    expect(problem("local x = answer('gate', 'field')")).has(
      'plan.lua:1: answer("gate", …) cannot be read while the plan is loaded')
  end)
end)

spec.describe("answers of gates", function(it)
  -- what the task behind the gate reads, what the plan's modules read, and what is wrong
  local function reads(run, files)
    files = files or {}
    files["plan.lua"] = ([[plan "p" { doc = "d",
      gate "g" { approvers = "a", fields = { f = {} } },
      phase "f" { task "t" { no_effect = "none", run = %s } } }]]):format(run)
    local found = evaluate(files)
    if not found.graph then return found.message end
    return found.graph.children[2].children[1].answers, found.graph.answers
  end
  it("that a function names are in the graph, with their place", function(expect)
    expect(reads('function(db)\n log(answer("g", "f")) end')).is {
      { gate = "g", field = "f", file = "plan.lua", line = 4, column = 6 } }
  end)
  it("that only stand near it, or are computed, are not", function(expect)
    expect(reads('function(db)\n x.answer("g", "no") answer("g" .. x, "no") log \'answer("g", "no")\' end')).is(nil)
  end)
  it("that a module reads belong to the plan", function(expect)
    local module = 'local function used()\nreturn answer("g", "%s") end\nreturn function() used() end'
    local _, rest = reads('require "m"', { ["m.lua"] = module:format("f") })
    expect(rest).is { { gate = "g", field = "f", file = "m.lua", line = 2, column = 8 } }
    expect(reads('require "m"', { ["m.lua"] = module:format("ff") })).is(
      'm.lua:2:8: answer("g", "ff"): that gate does not ask for it (did you mean "f"?)')
  end)
end)

spec.describe("values of map", function(it)
  it("are tagged", function(expect)
    expect(skip("why")["$"]).is("skip")
    expect(skip("why").reason).is("why")
    local choice = ambiguous("two fit", { choices = { 1, 2 } })
    expect({ choice["$"], choice.reason, choice.choices }).is { "ambiguous", "two fit", { 1, 2 } }
  end)
  it("know their fields", function(expect)
    expect(function() ambiguous("x", { choises = {} }) end).raises(
      'ambiguous has no field "choises"')
  end)
end)
