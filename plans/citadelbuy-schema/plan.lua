-- The seven pending migrations of CitadelBuy, in an order that works: the document's fourth refers to tables of its seventh.
local objects = require "objects"
local owners = require "owners"
local rehearsal = require "rehearsal"

-- A sign-off of the document: the name on its line, the role that signs.
local function sign_off(title, role)
  return gate("sign-off of the " .. title) {
    ask = "Does the " .. title .. " agree that the seven migrations are applied here?",
    approvers = role, evidence = { "prepare" }, ticks = title .. ": _______________",
  }
end

-- A message that is a box of the document: it is not ticked unless the message was taken.
local function tell(name, url, text, box)
  return notify(name) { url = url, text = text, on_error = "fail", ticks = box }
end

-- One of the build server's verdicts on the version that will use the new schema.
local function build(box, pointer)
  return check(box) { http = { url = "${build}/ci", pointer = pointer }, equals = "passed", ticks = box }
end

plan "citadelbuy-schema" {
  doc      = "Add marketplace, vendors, organizations, privacy and 35 indexes to CitadelBuy, give every organization its owner, "
    .. "and let the new version take the traffic",
  target   = "app",
  document = file "document.md",
  params   = {
    rehearsal = {
      type = "integer", default = 0,
      doc = "How many times the rows of the document's estimates are filled in, to rehearse: 1 or 100; never in production",
    },
  },

  phase "prepare" {
    check "PostgreSQL 15 or newer" { sql = "SHOW server_version_num", at_least = 150000 },
    check "nothing of it is there yet" { absent = { tables = objects.tables, enums = objects.enums } },
    build("All unit tests passing", "/unit"),
    build("E2E tests passing", "/e2e"),
    build("Integration tests passing", "/integration"),
    manual "Load tests on staging" {
      role = "devops", evidence = "a link to the report", ticks = "Load tests on staging",
    },
    backup "before" {
      doc = "Kept for 30 days, and really restored once, beside: a backup that was never restored is a hope",
      retain = "30d", restore_test = { digests = true },
    },
  },

  sign_off("Database Administrator", "dba"),
  sign_off("Backend Lead", "backend"),
  sign_off("DevOps Engineer", "devops"),
  sign_off("Product Manager", "product"),
  sign_off("Engineering Manager", "engineering"),

  tell("team", "${chat}", "CitadelBuy: the schema migration begins in 24 hours", "Notify team 24 hours before"),
  tell("status page", "${status}", "Maintenance of the database in 24 hours; no downtime is expected",
    "Update status page"),
  tell("users", "${chat}", "No downtime is expected, so users get no message",
    "Send user notification (if downtime expected)"),
  manual "Prepare support team" { role = "product", ticks = "Prepare support team" },
  soak "24 hours after the announcement" { lasts = "24h" },

  phase "schema" {
    doc = "Only additions: the running version does not see them",

    tell("it begins", "${status}", "The migration begins", "Status page updates"),
    migrations "tables" {
      dir = "sql/migrations", up_to = "004", ticks = "All migrations applied without errors",
    },
    task "rows to rehearse with" {
      doc = "Nothing unless the run is given rehearsal=1 or more",
      run = function(db)
        if params.rehearsal < 1 then return end
        for _, sql in ipairs(rehearsal.fill) do
          if sql == "ANALYZE" then db:exec(sql) else db:exec(sql, params.rehearsal) end
        end
      end,
      undo = function(db)
        if params.rehearsal > 0 then db:exec(rehearsal.clear) end
      end,
    },
    migrations "owners and privacy" {
      dir = "sql/migrations", after = "004", up_to = "006", ticks = "All migrations applied without errors",
    },
    tell("tables are there", "${chat}", "The tables are there; indexes come next",
      "Real-time updates in team channel"),
    migrations "indexes" {
      dir = "sql/migrations", after = "006", up_to = "007", ticks = "All migrations applied without errors",
    },
  },

  phase "owners" {
    doc = "The document says that no data is migrated; organizations need owners all the same",

    backfill "organizations.ownerId" {
      where = '"ownerId" IS NULL', columns = "id", keep = { "id", "name" }, sync = "application",
      map = owners.owner,
    },
    verify "nobody waits for a decision" { ambiguous = 0 },
    verify "every organization has an owner" { no_rows = 'SELECT id FROM organizations WHERE "ownerId" IS NULL' },
    verify "every owner is a member" {
      no_rows = [[
        SELECT o.id FROM organizations AS o
         WHERE NOT EXISTS (SELECT FROM organization_members AS m
                            WHERE m."organizationId" = o.id AND m."userId" = o."ownerId")]],
    },
    migrations "owner is a user" { dir = "sql/migrations", after = "007", ticks = "All migrations applied without errors" },
  },

  phase "verification" {
    verify "Connection" {
      http = { url = "${app}/connection", pointer = "/answer" }, equals = 1, -- as the application connects
      ticks = 'Connection test: `npx prisma db execute --stdin <<< "SELECT 1;"`',
    },
    verify "all 62 tables and 10 enums" {
      exists = { tables = objects.tables, enums = objects.enums },
      ticks = { "Table count verification", "All tables created successfully" },
    },
    verify "all 35 indexes, valid" {
      exists = { indexes = objects.indexes }, ticks = { "Index verification", "All indexes created successfully" },
    },
    verify "the foreign keys that the document names" {
      exists = {
        foreign_keys = {
          'organizations."ownerId" -> users.id',
          'role_permissions."roleId" -> organization_roles.id',
          'role_permissions."permissionId" -> permissions.id',
        },
      },
      ticks = "Foreign keys established correctly",
    },
    verify "no foreign key is left unvalidated" {
      no_rows = [[
        SELECT conrelid::regclass, conname FROM pg_constraint
         WHERE contype = 'f' AND NOT convalidated AND connamespace = 'public'::regnamespace]],
      ticks = "Foreign key integrity check",
    },
    verify "the product list uses its index" {
      plan_uses_index = {
        sql = [[SELECT id FROM products WHERE "categoryId" = $1 AND status = 'ACTIVE' ORDER BY "createdAt" DESC LIMIT 20]],
        params = { "category-7" }, index = "idx_products_category_status_created", enable_seqscan = false,
      },
      ticks = "Query performance improved or maintained",
    },
    verify "the search by tag uses its index" {
      plan_uses_index = {
        sql = "SELECT id FROM products WHERE tags @> ARRAY['tag-7']", index = "idx_products_tags_gin", enable_seqscan = false,
      },
      ticks = "Query performance improved or maintained",
    },
    verify "the order history uses its index" {
      plan_uses_index = {
        sql = [[SELECT id FROM orders WHERE "userId" = $1 AND status = 'PAID' ORDER BY "createdAt" DESC LIMIT 20]],
        params = { "user-7" }, index = "idx_orders_user_status_created", enable_seqscan = false,
      },
      ticks = "Query performance improved or maintained",
    },
    verify "prisma validate" {
      http = { url = "${build}/prisma", pointer = "/validate" }, equals = "valid",
      ticks = "Schema validation: `npx prisma validate`",
    },
    verify "prisma generate" {
      http = { url = "${build}/prisma", pointer = "/generate" }, equals = "generated",
      ticks = "Client generation: `npx prisma generate`",
    },
    verify "prisma migrate status" {
      http = { url = "${build}/prisma", pointer = "/status" }, equals = "up to date",
      ticks = "`npx prisma migrate status` shows up to date",
    },
  },

  phase "application" {
    doc = "The new version, before it takes any traffic",

    verify "it has started" { http = { url = "${app}/health", status = 200 }, ticks = "Application starts successfully" },
    verify "health" { http = { url = "${app}/health", pointer = "/ok" }, equals = true, ticks = "Health checks passing" },
    verify "GET products" { http = { url = "${app}/api/products", pointer = "/count" }, at_least = 0, ticks = "All API endpoints responding" },
    verify "GET orders" { http = { url = "${app}/api/orders", pointer = "/count" }, at_least = 0, ticks = "All API endpoints responding" },
    verify "GET organizations" {
      http = { url = "${app}/api/organizations", pointer = "/count" }, at_least = 0, ticks = "All API endpoints responding",
    },
    verify "smoke tests" {
      http = { url = "${app}/smoke", pointer = "/passed" }, equals = 3,
      ticks = { "Application smoke tests", "Critical user flows working" },
    },
  },

  rollout "cut-over" {
    doc       = "Blue is the version that runs, green the new one: HAProxy's weights say who gets how much",
    traffic   = haproxy { socket = "${haproxy}", backend = "app", blue = "blue", green = "green" },
    guards    = thresholds "production", -- everywhere: what is rehearsed is what counts
    on_breach = "rollback", on_no_data = "hold",
    ticks     = {
      error_rate        = { "Monitor error reports", "No errors in logs" },
      response_time_p95 = "No significant increase in response times",
      cpu_usage         = "Database metrics within normal range",
      memory_usage      = "Database metrics within normal range",
      connection_pool   = "No connection pool exhaustion",
    },
    stage { percent = 10, watch = "1h" },
    stage { percent = 50, watch = "4h" },
    stage { percent = 100, watch = "24h" },
  },

  tell("it is done", "${chat}", "CitadelBuy: the migration is complete", "Announce completion"),
  tell("summary", "${status}", "The migration is complete; the report is in Headgate", "Send summary report"),
  checklist "after" { "Update documentation", "Schedule retrospective", role = "engineering" },
}
