-- Steps that go wrong until somebody has made what they miss: the table named by each.
plan "trouble" {
  doc = "Everything that can stop a run, one cause a table",

  phase "first" {
    check "allowed" { no_rows = "SELECT 1 FROM forbidden" },
    step "base" { up = "CREATE TABLE base (id bigint PRIMARY KEY)", down = "DROP TABLE base; SELECT * FROM needed_by_down" },
    step "change" { up = "ALTER TABLE needed_by_up ADD COLUMN done boolean", down = "ALTER TABLE needed_by_up DROP COLUMN done" },
    task "task" {
      run  = function(db) db:exec("INSERT INTO needed_by_task VALUES (1)") end,
      undo = function(db) db:exec("DELETE FROM needed_by_task") end,
    },
    backup "before" {},
    backfill "items.label" {
      where = "label IS NULL", on_error = "fail",
      map   = function(row) if row.id == 3 and row.note == "bad" then error("a bad row") end return { label = "x" } end,
    },
    verify "labelled" { no_rows = "SELECT id FROM items WHERE label IS NULL OR note = 'unverified'" },
  },

  gate "go on" { approvers = "owner", ask = "Go on?" },

  phase "last" {
    step "end" { up = "CREATE TABLE done_with (id int)", down = "DROP TABLE done_with" },
  },
}
