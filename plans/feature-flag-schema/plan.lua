-- Feature flags for organizations: 8 tables, what keeps them right, what they start with, and the proof that all of it works.
local demo = "d3300000-0000-4000-8000-000000000001" -- the organization of 007_demo_organization.up.sql
local nobody = "00000000-0000-0000-0000-000000000000" -- has no features, now and later

local tables = {
  "feature_definitions", "organization_feature_settings", "user_dashboard_preferences", "feature_templates",
  "feature_change_logs", "template_application_logs", "widget_library", "user_feature_usage",
}

plan "feature-flag-schema" {
  doc    = "Create the schema of the feature flags with its default features, widgets and templates, "
    .. "and try it on a demo organization",
  target = "app",
  document = file "document.md", -- the check-list; "ticks" below says what ticks which box

  phase "prepare" {
    check "PostgreSQL 15 or newer" { sql = "SHOW server_version_num", at_least = 150000 },
    check "organizations have what the demo needs" {
      exists = { columns = { "organizations.id", "organizations.name", "organizations.industry", "organizations.tier" } },
    },
    check "nothing of it is there yet" { absent = { tables = tables } },
    check "the application answers" { http = { url = "${app}/health", status = 200 } },
    backup "before" { retain = "30d", ticks = "PostgreSQL 15+ client installed" },
  },

  gate "start" {
    ask = "Create the feature flag schema here?", approvers = "dba", evidence = { "prepare" },
  },

  phase "schema" {
    ticks = "Migration script created",

    step "tables" {
      up    = file "sql/001_tables.up.sql",
      down  = file "sql/001_tables.down.sql",
      ticks = "Feature flags schema file prepared",
    },
    step "validation functions" { up = file "sql/002_validation.up.sql", down = file "sql/002_validation.down.sql" },
    step "templates"            { up = file "sql/003_templates.up.sql", down = file "sql/003_templates.down.sql" },
    step "default data" {
      up    = file "sql/004_data.up.sql",
      down  = file "sql/004_data.down.sql",
      ticks = "Sample data prepared",
    },
    step "foreign keys"         { up = file "sql/005_foreign_keys.up.sql", down = file "sql/005_foreign_keys.down.sql" },
    step "triggers"             { up = file "sql/006_triggers.up.sql", down = file "sql/006_triggers.down.sql" },
  },

  phase "health" {
    verify "all 8 tables" {
      exists = { tables = tables },
      ticks  = { "All 8 tables created without errors", "Feature flags schema file prepared" },
    },
    verify "3 trigger functions active" {
      exists = {
        functions = { "update_updated_at_column()", "check_feature_change()", "log_feature_change()" },
        triggers  = {
          "feature_definitions.feature_definitions_updated",
          "organization_feature_settings.organization_feature_settings_updated",
          "user_dashboard_preferences.user_dashboard_preferences_updated",
          "feature_templates.feature_templates_updated",
          "widget_library.widget_library_updated",
          "organization_feature_settings.organization_feature_settings_checked",
          "organization_feature_settings.organization_feature_settings_logged",
        },
      },
      ticks = "3 trigger functions active",
    },
    verify "3 validation functions" {
      exists = {
        functions = {
          "validate_feature_dependencies(uuid, text)", "validate_feature_conflicts(uuid, text)",
          "validate_feature_change(uuid, text, boolean)",
        },
      },
      ticks = "3 validation functions working",
    },
    verify "a feature that needs another is refused" {
      sql = "SELECT validate_feature_change('" .. nobody .. "', 'ai-insights', true)",
      equals = "ai-insights needs usage-analytics",
      ticks = { "3 validation functions working", "Validation functions tested" },
    },
    verify "dependencies are found" {
      sql = "SELECT validate_feature_dependencies('" .. nobody .. "', 'ai-forecasts')::text",
      equals = "{ai-insights,market-data}",
      ticks = { "3 validation functions working", "Validation functions tested" },
    },
    verify "no conflict where nothing is on" {
      sql = "SELECT cardinality(validate_feature_conflicts('" .. nobody .. "', 'batch-updates'))", equals = 0,
      ticks = { "3 validation functions working", "Validation functions tested" },
    },
    verify "default features are loaded" {
      sql = "SELECT count(*) FROM feature_definitions WHERE feature_id IN ('dashboard-core', 'real-time-updates') AND default_enabled",
      equals = 2,
      ticks = { "Default features loaded (dashboard-core, real-time-updates, etc.)", "Sample data prepared" },
    },
    verify "every feature that is named exists" {
      no_rows = [[
        SELECT feature_id, other FROM feature_definitions, unnest(dependencies || conflicts) AS other
         WHERE other NOT IN (SELECT feature_id FROM feature_definitions)
        UNION ALL
        SELECT name, feature FROM feature_templates, unnest(features) AS feature
         WHERE feature NOT IN (SELECT feature_id FROM feature_definitions)]],
    },
    verify "every feature but one has a widget" {
      sql = "SELECT count(*) FROM feature_definitions AS d WHERE NOT EXISTS (SELECT FROM widget_library AS w WHERE w.feature_id = d.feature_id)",
      equals = 1, doc = "batch-updates has none", ticks = "Widget library populated",
    },
  },

  phase "demo organization" {
    step "Demo Energy Corp" {
      up   = file "sql/007_demo_organization.up.sql",
      down = file "sql/007_demo_organization.down.sql",
    },
    verify "the template is on, all of it" {
      no_rows = [[
        SELECT feature FROM feature_templates AS t, unnest(t.features) AS feature
         WHERE t.name = 'Energy Trader Enterprise'
           AND NOT EXISTS (SELECT FROM organization_feature_settings AS s
                            WHERE s.organization_id = ']] .. demo .. [[' AND s.feature_id = feature AND s.enabled)]],
    },
    verify "each change is in the audit trail" {
      sql = "SELECT count(*) FROM feature_change_logs WHERE organization_id = '" .. demo .. "' AND is_enabled", equals = 8,
      holds_until = "api",
    },
    verify "the application of the template is logged" {
      sql = "SELECT features_applied FROM template_application_logs WHERE organization_id = '" .. demo .. "'", equals = 8,
      holds_until = "api",
    },
    verify "what excludes another is refused" {
      sql = "SELECT validate_feature_change('" .. demo .. "', 'batch-updates', true)",
      equals = "batch-updates excludes real-time-updates",
    },
    verify "what others need stays" {
      sql = "SELECT validate_feature_change('" .. demo .. "', 'market-data', false)",
      equals = "market-data is needed by ai-forecasts, energy-trading-desk",
    },
  },

  phase "api" {
    doc   = "The end points that the document lists, asked as the application asks them",
    ticks = "API endpoints responding",

    verify "GET features"   { http = { url = "${app}/api/features", pointer = "/count" }, equals = 12 },
    verify "GET templates"  { http = { url = "${app}/api/features/templates", pointer = "/count" }, equals = 4 },
    verify "GET the demo organization" {
      http = { url = "${app}/api/features/" .. demo, pointer = "/features/bid-optimizer" }, equals = true,
    },
    verify "an organization that is not there is not found" {
      http = { url = "${app}/api/features/00000000-0000-0000-0000-000000000000", status = 404 },
    },
    http "PUT switches one feature off" {
      url = "${app}/api/features/" .. demo .. "/bid-optimizer", method = "PUT", body = [[{"enabled": false}]],
      headers = { ["Content-Type"] = "application/json" },
      repeatable = true, no_effect = "it is about the demo organization, which its own step takes away",
    },
    verify "it is off" {
      http = { url = "${app}/api/features/" .. demo, pointer = "/features/bid-optimizer" }, equals = false,
      holds_until = "POST changes several",
    },
    http "POST changes several" {
      url = "${app}/api/features/" .. demo, body = [[{"features": {"bid-optimizer": true, "team-workspaces": true}}]],
      headers = { ["Content-Type"] = "application/json" },
      repeatable = true, no_effect = "it is about the demo organization, which its own step takes away",
    },
    verify "both are on" {
      http = { url = "${app}/api/features/" .. demo, pointer = "/enabled" }, equals = 9,
      holds_until = "POST applies a template",
    },
    http "POST applies a template" {
      url = "${app}/api/features/templates/apply",
      body = '{"organizationId": "' .. demo .. '", "template": "Collaboration"}',
      headers = { ["Content-Type"] = "application/json" },
      repeatable = true, no_effect = "it is about the demo organization, which its own step takes away",
    },
    verify "the template is on too" {
      http = { url = "${app}/api/features/" .. demo, pointer = "/features/shared-annotations" }, equals = true,
    },
    verify "the service refuses what the database refuses" {
      http = {
        url = "${app}/api/features/" .. demo .. "/batch-updates", method = "PUT", body = [[{"enabled": true}]], status = 409,
      },
    },
  },

  manual "FeatureFlagProvider renders without errors" {
    role = "frontend", evidence = "a link to the page, or to the run of its tests",
    ticks = "FeatureFlagProvider renders without errors",
  },

  gate "activate" {
    ask = "Hand the feature flags over to the organizations?", approvers = { "dba", "product" }, need = 2,
    evidence = { "health", "demo organization", "api" },
  },
}
