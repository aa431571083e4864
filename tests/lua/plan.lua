-- The plan that runs specs: `run` requires one spec file, whose name the host defines, and runs it.
local runner = require "runner"

plan "specs" {
  doc = "Runs the specs of tests/lua in the sandbox they speak of",
  phase "specs" {
    task "run" {
      run = function()
        require(spec_name)
        runner.run()
      end,
      no_effect = "specs have no database",
    },
  },
}
