-- The day the feature planner is no longer needed: everything that plans/feature-planner-schema moved goes, for good.
plan "feature-planner-removal" {
  doc    = "Drop the schema feature_planner and everything in it",
  target = "app",

  phase "before" {
    check "nobody has worked with it for 30 days" {
      no_rows = "SELECT id, updated_at FROM feature_planner.feature_plans WHERE updated_at > now() - interval '30 days'",
    },
    check "nothing outside depends on it" { no_rows = file "sql/outside.sql" },
    backup "the last" { retain = "365d" },
  },

  gate "remove" {
    ask = "Drop the feature planner and all its rows for good?", approvers = { "dba", "owner" }, need = 2, evidence = { "before" },
  },

  phase "removal" {
    step "schema" {
      doc     = "No CASCADE: an object that is not named here stops it. The proof is asked after the tables are locked",
      up      = file "sql/removal.up.sql",
      one_way = "the rows are gone; the backup before is the only copy",
      proof   = {
        no_rows = "SELECT id FROM feature_planner.feature_plans WHERE updated_at > now() - interval '30 days'",
      },
    },
    verify "it is gone" { sql = "SELECT to_regnamespace('feature_planner') IS NULL", equals = true },
  },
}
