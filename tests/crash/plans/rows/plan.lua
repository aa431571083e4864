-- Row work of every kind, long enough to be disturbed: files and rows through Lua maps by two workers each, slowed and paused by a
-- metric, helped by a joined worker. tests/crash/kill.ts kills whoever works.
plan "rows" {
  doc = "Goods from files, and labels for all items",

  gate "how" { approvers = "owner", fields = { mark = { default = ":" } } },

  phase "rows" {
    import "goods" {
      data = "shop", from = { "*.ndjson", "*.csv" }, batch = 50, batch_time = "30ms", workers = 2,
      map  = function(record)
        local id = tonumber(record.id)
        if id % 500 == 7 then return reject "nobody wants it" end
        if id % 1000 == 13 then return ambiguous("two names fit", { choices = { { id = id, name = "one" }, { id = id, name = "other" } } }) end
        return { id = id, name = record.name .. answer("how", "mark") }
      end,
    },
    backfill "items.label" {
      where = "label IS NULL", keep = "name", batch = 50, batch_time = "30ms", workers = 2,
      map   = function(row)
        if row.id % 2000 == 99 then return skip "it asks for it" end
        return { label = row.name:upper() .. answer("how", "mark") }
      end,
    },
    verify "every item has a label" { no_rows = "SELECT id FROM items WHERE label IS NULL AND id % 2000 <> 99" },
    verify "nobody touched the shops" { checksums = { "shops" } },
  },
}
