-- The quick start: one step, one backfill, one gate.
plan "hello" {
  doc = "Give everybody a greeting of their own",

  phase "greet" {
    step "greeting column" {
      up   = "ALTER TABLE people ADD COLUMN greeting text",
      down = "ALTER TABLE people DROP COLUMN greeting",
    },
    backfill "people.greeting" {
      where = "greeting IS NULL", keep = "name",
      map   = function(row) return { greeting = "Hello, " .. row.name .. "!" } end,
    },
    verify "everybody has a greeting" { no_rows = "SELECT id FROM people WHERE greeting IS NULL" },
  },

  gate "keep" {
    ask       = "Keep the greetings? A reject takes them back.",
    approvers = "owner", evidence = { "greet" },
  },
}
