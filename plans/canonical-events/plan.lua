-- Gives every event and campaign its V2 form, then lets the V2 system out: 10 % → 50 % → 100 %.
local normalize = require "normalize"
local campaigns = require "campaigns"

plan "canonical-events" {
  doc    = "Give every event a canonical form and every campaign its list of data sources, "
    .. "then let the V2 system out gradually",
  target = "app",
  document = file "document.md",      -- the check-list; "ticks" below says what ticks which box

  phase "expand" {
    doc = "New columns and tables beside the old ones; the running code does not see them",

    check  "PostgreSQL 15 or newer" { sql = "SHOW server_version_num", at_least = 150000 },
    backup "before" { retain = "30d" },
    step   "V2 columns" { up = file "sql/001_columns.up.sql", down = file "sql/001_columns.down.sql" },
    step   "feature flags" {
      up   = file "sql/002_feature_flags.up.sql",
      down = file "sql/002_feature_flags.down.sql",
    },
    verify "the four system flags are off" {
      sql = [[
        SELECT count(*) FROM feature_flags
         WHERE name IN ('v2_canonical_system', 'testimonial_system', 'playlist_orchestration', 'multi_integration_campaigns')
           AND NOT enabled AND rollout_percentage = 0]],
      equals = 4,
      holds_until = "v2_canonical_system",
    },
  },

  phase "backfill" {
    doc = "Every old row gets its V2 form; the application goes on writing",

    backfill "campaigns.data_sources_v2" {
      key = "id", where = "data_sources_v2 IS NULL",
      columns = { "id", "user_id", "data_source", "integration_id", "integration_settings", "native_config" },
      keep = { "data_source", "integration_settings", "native_config" },
      sync = "application",                              -- nothing creates campaigns without it any more
      map  = campaigns.data_sources,
    },
    backfill "events.canonical_event" {
      key = "id", where = "canonical_event IS NULL",
      columns = { "id", "integration_type", "event_type", "event_data", "created_at" },
      keep = { "event_data" },
      sync = trigger(file "sql/canonical_sync.sql"),
      map  = function(row) return { canonical_event = normalize(row) } end,
    },

    verify "review queue is empty"    { ambiguous = 0 },
    verify "every event is canonical" {
      no_rows = "SELECT id FROM events WHERE canonical_event IS NULL",
      ticks   = "All events have canonical format",
    },
    verify "every campaign has its sources" {
      no_rows = [[
        SELECT id FROM campaigns
         WHERE data_sources_v2 IS NULL AND (data_source IS NOT NULL OR native_config IS NULL)]],
      ticks   = "All legacy campaigns migrated",
    },
    verify "payload is the original"  {
      no_rows = "SELECT id FROM events WHERE canonical_event -> 'payload' IS DISTINCT FROM event_data",
    },
    verify "every data source has its integration" {
      no_rows = [[
        SELECT c.id, s ->> 'integration_id'
          FROM campaigns c, jsonb_array_elements(c.data_sources_v2) s
         WHERE s ->> 'integration_id' IS NOT NULL
           AND NOT EXISTS (SELECT FROM integrations i WHERE i.id = s ->> 'integration_id')]],
    },
    verify "no campaign was lost" { counts = { "campaigns", "integrations" } },
  },

  gate "start-rollout" {
    ask       = "Let the V2 system out to the first 10 % of users?",
    approvers = "admin", need = 1, evidence = { "backfill" },
    ticks     = {
      "Migration scripts tested on development data", "Dry run mode verified",
      "Rollback procedures documented", "Load testing for large datasets (pending)",
    },
  },

  rollout "v2_canonical_system" {
    doc    = "The application asks the flag for each user and takes the V2 path for those it lets in",
    flag   = sql_flag { table = "feature_flags", name = "name", percent = "rollout_percentage", enabled = "enabled" },
    guards = thresholds "application",
    stage { percent = 10,  watch = "24h", guards = { "error_rate < 1%" } },
    stage { percent = 50,  watch = "48h" },
    stage {
      percent = 100, watch = "7d",
      gate  = { ask = "Let everybody in?", approvers = "product" },
      ticks = "Performance metrics stable",
    },
    ticks = {
      error_rate        = "Error rates per feature flag",
      response_time_p95 = "Performance metrics (response times)",
    },
    on_breach = "rollback", on_no_data = "hold",
  },

  checklist "monitoring" {
    role = "admin",
    "User adoption rates",
    "Support ticket correlation",
    "Database query performance",
    "Widget rendering performance",
  },

  phase "contract" {
    doc = "The old way goes. After the last step there is no way back, and the run ends only when all is cleaned up",

    soak "two weeks at 100 %" {
      lasts = "14d",
      doc   = "By the database's clock, also while no runner runs",
    },
    gate "remove-legacy" {
      ask       = "Remove the legacy code path for good?",
      approvers = { "admin", "product" }, need = 2, evidence = { "backfill" },
      ticks     = { "No related support tickets", "All tests passing" },
    },
    manual "Remove CampaignWizard and the flag checks from the code" { role = "admin" },
    step "canonical_event is asked for" {
      doc  = "NOT VALID: new rows are checked, old ones not yet, and the lock is short",
      up   = "ALTER TABLE events ADD CONSTRAINT events_canonical CHECK (canonical_event IS NOT NULL) NOT VALID",
      down = "ALTER TABLE events DROP CONSTRAINT events_canonical",
    },
    step "canonical_event is never null" {
      doc  = "The validated constraint spares SET NOT NULL its scan under the exclusive lock",
      up   = file "sql/003_not_null.up.sql",
      down = file "sql/003_not_null.down.sql",
    },
    step "drop the flag" {
      up      = "DELETE FROM feature_flags WHERE name = 'v2_canonical_system'",
      one_way = "the code no longer asks",
      proof   = {
        soak    = "14d",
        no_rows = [[
          SELECT 'event ' || id FROM events WHERE canonical_event IS NULL
          UNION ALL
          SELECT 'the flag at ' || rollout_percentage || ' %' FROM feature_flags
           WHERE name = 'v2_canonical_system' AND NOT (enabled AND rollout_percentage = 100)]],
      },
      ticks   = "Feature flags at 100% for 2 weeks",
    },
    checklist "cleanup" {
      role = "admin",
      doc  = "What the run still owes: it is done only when somebody has said of each that it is",
      "Old integration connector components and deprecated API end points are gone",
      "API documentation, integration guides, template documentation and onboarding are up to date",
      "Commented-out code, stale types and imports are gone; the linter has no warnings",
    },
  },
}
