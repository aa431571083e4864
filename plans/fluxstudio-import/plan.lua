-- FluxStudio's file store becomes a PostgreSQL database, and can become files again: no write is lost in either direction.
local transform = require "transform"

local function names(from, to)
  local result = {}
  for i = from, to or #transform.collections do result[#result + 1] = transform.collections[i][1] end
  return result
end
local core, messaging, filing, business = names(1, 6), names(7, 11), names(12, 15), names(16)

-- One import for each collection of the list.
local function imports(list, ticks)
  local steps = {}
  for _, name in ipairs(list) do
    steps[#steps + 1] = import(name) {
      data = "fluxstudio", from = name == "messages" and "messages/*.ndjson" or name .. ".json", ticks = ticks[name] or ticks[1],
      map = function(record)
        local row, why = transform.row(name, record)
        if row == nil then return reject(why) end
        return row
      end,
    }
  end
  return steps
end

-- What the manifest says of a collection against what its table holds. Records that the store itself calls bad are left out
-- on both sides: people have repaired or dropped them.
local function against_manifest(what, list)
  local parts = {}
  for i, name in ipairs(list) do
    local found = what == "rows" and "count(*)"
      or "coalesce(sum(('x' || left(encode(sha256(convert_to(" .. transform.text(name) .. ", 'UTF8')), 'hex'), 13))::bit(52)::bigint), 0)"
    local said = what == "rows" and "good" or "digest"
    parts[i] = ("SELECT '%s' AS collection, m.%s AS in_the_files, f.found FROM (VALUES (1)) AS one LEFT JOIN store_manifest AS m"
      .. " ON m.collection = '%s', LATERAL (SELECT %s AS found FROM %s AS t%s) AS f WHERE m.%s IS DISTINCT FROM f.found"):format(
      name, said, name, found, name, transform.has_id(name) and " WHERE NOT m.bad_ids ? t.id::text" or "", said)
  end
  return table.concat(parts, "\nUNION ALL\n")
end

local function admin(path) return { method = "POST", url = "${app}/admin/" .. path, timeout = "10m" } end
local studio, probe = "00000002-0000-4000-8000-000000000001", "0000000d-0000-4000-8000-00000000beef"
local package = "${app}/api/service_packages/" .. probe

plan "fluxstudio-import" {
  doc    = "Move FluxStudio from its file store to PostgreSQL while it works: the files are imported, what is written meanwhile "
    .. "follows in a short downtime, and until the end everything can go back into files",
  target = "app",
  document = file "document.md",
  budgets = { downtime = "10m", rollback = "15m" }, -- the document's numbers
  allow = { no_reverse = "every table of the application is remembered; store_manifest and store_journal are the plan's own" },

  phase "prepare" {
    check "PostgreSQL 15 or newer" {
      sql = "SHOW server_version_num", at_least = 150000, ticks = "Install PostgreSQL dependencies",
    },
    check "the database speaks UTF-8" { sql = "SHOW server_encoding", equals = "UTF8", ticks = "Create production database" },
    check "nothing of it is there yet" { absent = { tables = names(1) } },
    check "the application reaches the database" {
      http = { url = "${app}/health", pointer = "/database" }, equals = true, ticks = "Test database connectivity",
    },
    check "its pool fits" {
      http = { url = "${app}/health", pointer = "/pool" }, at_most = 80, ticks = "Configure database connection pooling",
      doc = "max_connections is 100 where nobody has changed it",
    },
    check "it works with files" { http = { url = "${app}/health", pointer = "/backend" }, equals = "files" },
    check "every hour is kept" {
      wal_archiving = { max_age = "1h" }, ticks = "Set up automated backups",
      doc = "a dump an hour is no incremental backup: WAL archiving is, and it goes on between the hours",
    },
    backup "before" {
      retain = { daily = 30, weekly = 12, monthly = 12, yearly = 5 }, restore_test = { digests = true },
      ticks = { "Set up backup utilities", "Set up automated backups" },
    },
  },

  gate "start" { ask = "Build the schema and import the files?", approvers = "dba", evidence = { "prepare" } },

  phase "schema" {
    step "bookkeeping" { up = file "sql/bookkeeping.up.sql", down = file "sql/bookkeeping.down.sql" },
    migrations "schema" { dir = "sql/migrations", ticks = "Create migration system" },
    verify "001 core" { exists = { tables = core, enums = "project_status" }, ticks = "Run migration 001 (Core tables)" },
    verify "002 messaging" { exists = { tables = messaging }, ticks = "Run migration 002 (Messaging system)" },
    verify "003 files" { exists = { tables = filing }, ticks = "Run migration 003 (File management)" },
    verify "004 business" { exists = { tables = business }, ticks = "Run migration 004 (Business operations)" },
    verify "references" {
      exists = {
        foreign_keys = {
          "projects.organization_id -> organizations.id", "projects.created_by -> users.id", "conversations.project_id -> projects.id",
          "messages.conversation_id -> conversations.id", "messages.author_id -> users.id", "messages.reply_to_id -> messages.id",
          "message_reactions.message_id -> messages.id", "files.project_id -> projects.id", "file_permissions.file_id -> files.id",
          "invoices.project_id -> projects.id", "portfolio_items.portfolio_id -> portfolios.id",
        },
        indexes = { "messages_conversation_idx", "messages_search_idx", "projects_organization_idx", "files_project_idx" },
      },
      ticks = "Verify schema integrity",
    },
  },

  phase "freeze" {
    doc = "The application goes on working: its files stand still, and what it writes goes to its journal",

    http "freeze the files" {
      url = "${app}/admin/freeze", timeout = "10m", repeatable = true, undo = { http = admin "thaw" },
      ticks = "Export existing file-based data",
      doc = "The store says what it holds (manifest.json). The way back puts the journal into the files",
    },
    import "store_manifest" {
      data = "fluxstudio", from = "manifest.json", ticks = "Export existing file-based data",
      map = function(line)
        return { collection = line.collection, records = line.records, good = line.good, digest = line.digest, bad_ids = line.badIds }
      end,
    },
  },

  -- Parents before what refers to them.
  phase "import core"(imports(core, {
    "Import user accounts and organizations", projects = "Migrate project data and relationships",
  })),
  phase "import messaging"(imports(messaging, {
    "Import message history", conversations = "Migrate project data and relationships",
  })),
  phase "import files"(imports(filing, {
    "Migrate file references and permissions", project_members = "Migrate project data and relationships",
    project_milestones = "Migrate project data and relationships",
  })),
  phase "import business"(imports(business, { "Migrate project data and relationships" })),

  phase "compare" {
    verify "as many rows as good records" {
      no_rows = against_manifest("rows", names(1)), ticks = "Transform data to PostgreSQL format",
    },
    verify "the same content" {
      no_rows = against_manifest("digest", names(1)), ticks = "Transform data to PostgreSQL format",
      doc = "a sum over the rows, which the store worked out by itself",
    },
    verify "nothing waits for a decision" { ambiguous = 0 },
  },

  gate "cut-over" {
    ask = "Stop the application and switch to PostgreSQL?", approvers = { "devops", "development" }, need = 2,
    evidence = { "compare" },
  },

  phase "cut over" {
    downtime = true,
    ticks = "Deploy with zero downtime",
    doc   = "Not zero, but short, and measured: what was written into the journal follows, and from here on the database remembers "
      .. "what is written, for the way back",

    http "stop" { url = "${app}/admin/stop", repeatable = true, undo = { http = admin "start" } },
    import "store_journal" { data = "fluxstudio", from = "journal/*.ndjson", columns = { "seq", "collection", "key", "row" } },
    step "journal" {
      up = file "sql/journal.up.sql", down = "SELECT 'the tables go with their migrations, the journal into the files'",
    },
    step "remember what is written" { up = file "sql/reverse.up.sql", down = file "sql/reverse.down.sql" },
    http "switch" {
      url = "${app}/admin/backend/postgres", repeatable = true, undo = { http = admin "backend/files" },
      ticks = { "Update server-auth.js to use PostgreSQL", "Update server-messaging.js for database backend", "Modify file upload handlers" },
      doc = "The way back writes into the files what has been written into the database since",
    },
    http "start" { url = "${app}/admin/start", repeatable = true, undo = { http = admin "stop" } },
  },

  phase "application" {
    verify "an account is served from PostgreSQL" {
      http = { url = "${app}/health", pointer = "/backend" }, equals = "postgres", ticks = "Update server-auth.js to use PostgreSQL",
    },
    verify "an organization reads as before" {
      http = { url = "${app}/api/organizations/" .. studio, pointer = "/slug" }, equals = "studio-1",
    },
    verify "messages are read" {
      http = { url = "${app}/api/conversations/00000005-0000-4000-8000-000000000000", has = "About project 0" },
      ticks = "Update server-messaging.js for database backend",
    },
    verify "files are read" {
      http = { url = "${app}/api/files/00000007-0000-4000-8000-000000000000", pointer = "/sizeBytes" }, equals = 4294967296,
      ticks = "Modify file upload handlers",
    },
    http "create and change" {
      url = package, method = "PUT", body = [[{"name": "Headgate tries it", "priceCents": 1, "isActive": false}]],
      repeatable = true, undo = { http = { method = "DELETE", url = package } }, ticks = "Test all CRUD operations",
    },
    verify "read" {
      http = { url = package, pointer = "/name" }, equals = "Headgate tries it", holds_until = "delete",
      ticks = "Test all CRUD operations",
    },
    http "delete" {
      url = package, method = "DELETE", repeatable = true, no_effect = "it deletes what the step before made",
      ticks = "Test all CRUD operations",
    },
    verify "deleted" { http = { url = package, status = 404 }, ticks = "Test all CRUD operations" },
    verify "the way back is open" {
      exists = {
        tables = "written_since",
        triggers = { "users.remember", "projects.remember", "messages.remember", "files.remember", "invoices.remember" },
      },
      ticks = "Rollback plan if needed",
    },
    verify "a conversation comes by its index" {
      plan_uses_index = {
        sql = "SELECT * FROM messages WHERE conversation_id = $1 ORDER BY sent_at DESC LIMIT 50",
        params = { "00000005-0000-4000-8000-000000000000" }, index = "messages_conversation_idx", enable_seqscan = false,
      },
      ticks = "Index tuning",
    },
    verify "a search comes by its index" {
      plan_uses_index = {
        sql = "SELECT id FROM messages WHERE to_tsvector('english', content) @@ plainto_tsquery('english', 'logo')",
        index = "messages_search_idx", enable_seqscan = false,
      },
      ticks = "Index tuning",
    },
    manual "Update frontend API calls" {
      role = "development", evidence = "a link to the release", ticks = "Update frontend API calls",
    },
  },

  rollout "postgres_search" {
    flag   = sql_flag { table = "application_flags", name = "name", percent = "percentage", enabled = "enabled" },
    guards = thresholds "performance", -- the document's performance targets
    ticks  = { query_avg = "Query optimization", error_rate = "Monitor error logs", api_p95 = "Monitor performance metrics" },
    stage { percent = 10, watch = "1h" },
    stage { percent = 50, watch = "4h" },
    stage { percent = 100, watch = "24h" },
    on_breach = "rollback", on_no_data = "hold",
  },

  phase "day 1" {
    backup "after" {
      retain = { daily = 30, weekly = 12, monthly = 12, yearly = 5 }, restore_test = { digests = true },
      ticks = "Check backup completion",
    },
    manual "Verify all features working" {
      role = "development", evidence = "a link to the run of the application's tests", ticks = "Verify all features working",
    },
    manual "User acceptance testing" { role = "support", evidence = "who has accepted it", ticks = "User acceptance testing" },
  },

  soak "one week" { lasts = "7d" },
  manual "Performance optimization" {
    role = "dba", evidence = "what pg_stat_statements says, and what was done about it", ticks = "Performance optimization",
  },
  manual "User feedback collection" { role = "support", evidence = "a link to what users say", ticks = "User feedback collection" },

  soak "one month" { lasts = "23d", doc = "until then the switch back to files stays open" },
  checklist "Long-term (Month 1)" {
    role = "devops", "Analytics review", "Capacity planning", "Documentation updates", "Team training completion",
  },
}
