-- One of every kind of node, small: what tests/crash/enumerate.ts kills and rolls back at every point.
plan "all-kinds" {
  doc = "Labels and prices in cents for all items, let out by a flag",

  phase "expand" {
    check  "there are items" { sql = "SELECT count(*) FROM items", at_least = 1 },
    backup "before" { retain = "1d" },
    step   "columns" {
      up   = "ALTER TABLE items ADD COLUMN label text; ALTER TABLE items ADD COLUMN cents bigint",
      down = "ALTER TABLE items DROP COLUMN cents; ALTER TABLE items DROP COLUMN label",
    },
    step   "table" { up = file "sql/kinds.up.sql", down = file "sql/kinds.down.sql" },
    step   "label index" { up = "CREATE INDEX CONCURRENTLY items_label ON items (label)" },
    task   "kinds" {
      run  = function(db) db:exec("INSERT INTO kinds SELECT DISTINCT kind FROM items") end,
      undo = function(db) db:exec("DELETE FROM kinds") end,
    },
  },

  gate "how" { approvers = "owner", fields = { mark = { default = ":" } } },

  phase "import" {
    import "goods" {
      data = "shop", from = { "*.ndjson", "*.csv" }, batch = 20, workers = 2,
      map  = function(record)
        if record.id == "none" then return reject "it has no number" end
        if record.kind == "either" then
          return ambiguous("two kinds fit", { choices = { { id = record.id, kind = "kind 1" }, { id = record.id, kind = "kind 2" } } })
        end
        return { id = record.id, kind = record.kind, part_of = record.part_of, mark = answer("how", "mark") }
      end,
    },
  },

  phase "backfill" {
    backfill "items.label" {
      where = "label IS NULL", keep = "name", batch = 40, workers = 2,
      sync  = trigger(file "sql/label_sync.sql"),
      map   = function(row)
        if row.name == "odd one" then return ambiguous("two labels fit", { choices = { { label = "odd" }, { label = "one" } } }) end
        return { label = row.kind .. answer("how", "mark") .. row.name }
      end,
    },
    -- Overwrites what was there: its undo needs the old values.
    backfill "items.note" {
      where = "note <> upper(note)", batch = 30, workers = 1,
      map   = function(row)
        if row.note == "leave me" then return skip "it asks for it" end
        return { note = row.note:upper() }
      end,
    },
    backfill "items.cents" { where = "cents IS NULL", batch = 50, set = { cents = "(price * 100)::bigint" } },
    verify "every item has its cents" { no_rows = "SELECT id FROM items WHERE cents IS DISTINCT FROM (price * 100)::bigint" },
    verify "no row waits" { ambiguous = 0 },
    verify "no item was lost" { counts = { "items" } },
    verify "nobody touched the shops" { checksums = { "shops" } },
  },

  gate "start" { approvers = "owner", evidence = { "backfill" } },

  rollout "new_labels" {
    flag   = sql_flag { table = "flags", name = "name", percent = "percent", enabled = "enabled" },
    guards = "errors < 1%",
    -- People end it before its time.
    stage { percent = 50,  watch = "1h" },
    stage { percent = 100, watch = "1h" },
  },

  checklist "after" { role = "owner", "The logs are quiet", "Nobody complained" },
  manual "Tell the team" { role = "owner" },

  phase "outside" {
    exec "program" {
      argv = { "bin/effect.sh", "do", "program up" }, env = { EFFECTS = "${effects}" },
      done = { exec = { "bin/effect.sh", "ask", "program up" } },
      undo = { exec = { "bin/effect.sh", "do", "program down" } },
    },
    http "request" {
      url = "${service}/things", body = [[{"name": "labels"}]], repeatable = true,
      undo = { http = { method = "DELETE", url = "${service}/things/labels" } },
    },
    task "tally" {
      transaction = false, done = { sql = "SELECT count(*) > 0 FROM tally" },
      run  = function(db) db:exec("INSERT INTO tally SELECT kind, count(*) FROM items GROUP BY kind ON CONFLICT DO NOTHING") end,
      undo = function(db) db:exec("DELETE FROM tally") end,
    },
    notify "the labels are there" { url = "${service}/chat" },
    soak   "a moment" { lasts = "1h" },
  },

  phase "settle" {
    step "labels are asked for" {
      up   = "ALTER TABLE items ADD CONSTRAINT items_cents CHECK (cents IS NOT NULL)",
      down = "ALTER TABLE items DROP CONSTRAINT items_cents",
    },
  },
}
