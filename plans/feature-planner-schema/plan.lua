-- Moves the feature planner's 8 tables and 11 enums from public to a schema of their own. Nothing is copied; the old names go
-- on working until nobody needs them. Removing the planner for good is another plan: plans/feature-planner-removal.
local tables = {
  "feature_plans", "feature_refinements", "file_discovery_sessions", "discovered_files",
  "implementation_plan_generations", "plan_steps", "plan_step_templates", "plan_execution_logs",
}
local enums = {
  "complexity", "confidence_level", "estimated_scope", "execution_step", "file_discovery_status", "file_priority",
  "implementation_plan_status", "plan_status", "refinement_status", "risk_level", "technical_complexity",
}
local function quoted(names) return "'" .. table.concat(names, "', '") .. "'" end

-- The names with a schema before them.
local function of(schema, names)
  local result = {}
  for i, name in ipairs(names) do result[i] = schema .. "." .. name end
  return result
end
local function rows_of(schema)
  local parts = {}
  for i, name in ipairs(tables) do
    parts[i] = "SELECT '" .. name .. "' AS table_name, count(*) AS record_count FROM " .. schema .. "." .. name
  end
  return table.concat(parts, " UNION ALL ")
end
-- The document's three foreign keys across schemas.
local function to_users(schema)
  return {
    foreign_keys = {
      schema .. ".feature_plans.user_id -> public.users.id", schema .. ".discovered_files.added_by_user_id -> public.users.id",
      schema .. ".plan_step_templates.user_id -> public.users.id",
    },
  }
end
-- The old names work until then.
local contracted = "old names and enums"
local nobody = "00000000-0000-0000-0000-000000000000"

plan "feature-planner-schema" {
  doc    = "Move the feature planner from the schema public to feature_planner, without copying a row and without a moment in "
    .. "which a name does not work",
  target = "app",
  document = file "document.md",

  phase "before" {
    check "PostgreSQL 15 or newer" { sql = "SHOW server_version_num", at_least = 150000, doc = "views with security_invoker" },
    check "8 tables in public" { exists = { tables = of("public", tables) } },
    check "11 enums in public" { exists = { enums = of("public", enums) }, doc = "the document's heading says 8" },
    check "3 foreign keys to users" { exists = to_users "public" },
    check "nothing else refers to them" {
      sql = [[
        SELECT count(*) FROM pg_constraint AS c JOIN pg_class AS theirs ON theirs.oid = c.conrelid
         WHERE c.contype = 'f' AND c.confrelid::regclass::text IN (]] .. quoted(tables) .. [[)
           AND theirs.relname NOT IN (]] .. quoted(tables) .. [[)]],
      equals = 0,
    },
    check "the schema is not there yet" { absent = { schemas = "feature_planner" } },
    check "the application's role is there" {
      sql = "SELECT count(*) FROM pg_roles WHERE rolname = 'authenticated'", equals = 1,
    },
    backup "before" { retain = "30d" },
  },

  checklist "Approval & Sign-Off" {
    role = "owner",
    "Plan reviewed",
    "Timeline acceptable",
    "Rollback strategy understood",
    "Success criteria agreed upon",
    "Ready to proceed",
  },

  gate "start" { ask = "Move the feature planner here?", approvers = "dba", evidence = { "before", "Approval & Sign-Off" } },

  phase "move" {
    step "schema" { up = file "sql/001_schema.up.sql", down = file "sql/001_schema.down.sql" },
    step "tables" { up = file "sql/002_tables.up.sql", down = file "sql/002_tables.down.sql" },
  },

  phase "verify" {
    verify "the schema exists" { exists = { schemas = "feature_planner" } },
    verify "all 8 tables are in it" { exists = { tables = of("feature_planner", tables) } },
    verify "no table is left in public" { absent = { tables = of("public", tables) } },
    verify "the old names are views" { exists = { views = of("public", tables) }, holds_until = contracted },
    verify "the enums have the name that old code casts to" {
      exists = { enums = of("public", enums) }, holds_until = contracted,
    },
    verify "no row was lost" { counts = tables, holds_until = contracted },
    verify "both names show the same rows" {
      no_rows = "(" .. rows_of "feature_planner" .. ") EXCEPT (" .. rows_of "public" .. ")", holds_until = contracted,
    },
    verify "3 foreign keys to users" { exists = to_users "feature_planner" },
    verify "every foreign key within is valid" {
      sql = [[
        SELECT count(*) FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.confrelid
         WHERE c.contype = 'f' AND c.convalidated AND c.connamespace = to_regnamespace('feature_planner')
           AND t.relnamespace = to_regnamespace('feature_planner')]],
      equals = 6,
    },
    verify "all indexes came along, and are valid" {
      exists = {
        indexes = of("feature_planner", {
          "feature_plans_user_created_idx", "feature_plans_status_idx", "feature_refinements_plan_attempt_unique",
          "feature_refinements_open_idx", "file_discovery_sessions_plan_id_idx", "discovered_files_session_path_unique",
          "discovered_files_path_idx", "implementation_plan_generations_plan_id_idx", "plan_steps_generation_number_unique",
          "plan_steps_validation_idx", "plan_step_templates_user_name_unique", "plan_execution_logs_plan_id_idx",
        }),
      },
    },
    verify "and the check constraints" {
      exists = {
        constraints = of("feature_planner", {
          "feature_plans.feature_plans_original_request_not_empty", "feature_plans.feature_plans_dates_logic",
          "discovered_files.discovered_files_relevance_range",
        }),
      },
    },
    verify "the application may use all of it, and create nothing" {
      no_rows = [[
        SELECT c.oid::regclass FROM pg_class AS c
         WHERE c.relnamespace = to_regnamespace('feature_planner') AND c.relkind = 'r'
           AND NOT (has_schema_privilege('authenticated', c.relnamespace, 'USAGE')
                    AND has_table_privilege('authenticated', c.oid, 'SELECT')
                    AND has_table_privilege('authenticated', c.oid, 'INSERT')
                    AND has_table_privilege('authenticated', c.oid, 'UPDATE')
                    AND has_table_privilege('authenticated', c.oid, 'DELETE')
                    AND NOT has_schema_privilege('authenticated', c.relnamespace, 'CREATE'))]],
    },
    verify "a user's plans come by the index" {
      plan_uses_index = {
        sql    = "SELECT * FROM feature_planner.feature_plans WHERE user_id = $1 ORDER BY created_at DESC LIMIT 10",
        params = { nobody }, index = "feature_planner.feature_plans_user_created_idx", enable_seqscan = false,
      },
    },
    verify "completed plans come by the index" {
      plan_uses_index = {
        sql = [[
          SELECT fp.*, fr.refined_request
            FROM feature_planner.feature_plans fp
            LEFT JOIN feature_planner.feature_refinements fr ON fr.plan_id = fp.id
           WHERE fp.status = 'completed' ORDER BY fp.created_at DESC LIMIT 10]],
        index = "feature_planner.feature_plans_status_idx", enable_seqscan = false,
      },
    },
    verify "the old name comes by the index too" {
      plan_uses_index = {
        sql    = "SELECT * FROM public.feature_plans WHERE user_id = $1 ORDER BY created_at DESC LIMIT 10",
        params = { nobody }, index = "feature_planner.feature_plans_user_created_idx", enable_seqscan = false,
      },
      holds_until = contracted,
    },
    task "old names take writes" {
      run = function(db)
        -- In a transaction that is the task's own: what it tries is taken back by itself.
        local row = db:query([[
          INSERT INTO public.plan_step_templates (user_id, name)
          SELECT id, 'headgate tries the old name' FROM public.users ORDER BY id LIMIT 1 RETURNING id]])[1]
        if row == nil then return end -- no user, nobody who could write
        db:exec("UPDATE public.plan_step_templates SET usage_count = 1 WHERE id = $1", row.id)
        db:exec("DELETE FROM public.plan_step_templates WHERE id = $1", row.id)
      end,
      no_effect = "the row it writes is deleted in the same transaction",
    },
  },

  manual "The planner's pages and end points work" {
    role = "owner", evidence = "a link to the run of the application's tests",
    doc = "Create a plan, refine it, discover files, generate steps, look at old plans; all under the old names",
  },

  phase "contract" {
    doc = "The old names go, and the enums follow their tables. The way back stays open: the names can be made again",

    soak "compatibility" { lasts = "14d", doc = "for the application to be released with the new names" },
    gate "old-names" {
      ask = "Does everything use feature_planner.* now?", approvers = { "dba", "owner" }, need = 2, evidence = { "verify" },
    },
    check "nothing in the database uses an old name" {
      no_rows = [[
        SELECT DISTINCT users.relname FROM pg_depend AS d
          JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
          JOIN pg_class AS users ON users.oid = r.ev_class
          JOIN pg_class AS old ON old.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
         WHERE old.relkind = 'v' AND old.relnamespace = 'public'::regnamespace AND users.oid <> old.oid
           AND old.relname IN (]] .. quoted(tables) .. ")",
    },
    step "old names and enums" { up = file "sql/003_contract.up.sql", down = file "sql/003_contract.down.sql" },
    verify "all 11 enums are in it" { exists = { enums = of("feature_planner", enums) } },
    verify "public has none of the names" {
      absent = { tables = of("public", tables), views = of("public", tables), enums = of("public", enums) },
    },
  },
}
