// A plan with its source and findings, and what a dry run of it says.
import { graph } from "./story.mjs";

const LUA = `-- Every event gets a canonical form; then the V2 system is let out gradually.
plan "canonical-events" {
  doc = "Give every event a canonical form, then let the V2 system out gradually",
  target = "app",
  document = file "document.md",

  phase "expand" {
    check "PostgreSQL 15 or newer" { sql = "SHOW server_version_num", at_least = 150000 },
    backup "before" { retain = "30d" },
    step "canonical_event column" { up = file "sql/001.up.sql", down = file "sql/001.down.sql" },
  },
${Array.from({ length: 28 }, (_, index) => `  -- line ${index + 12}`).join("\n")}
  step "a line that is longer than any window is wide, so that it has to be scrolled in a box of its own and not with the page" { up = "SELECT 1" },
}
`;
const UP = `-- lz4: large payloads compress faster than with pglz
ALTER TABLE events
  ADD COLUMN canonical_event jsonb;
/* over
   two lines */
ALTER TABLE campaigns ADD COLUMN data_sources_v2 jsonb NOT NULL DEFAULT '[]';
`;
const finding = (level, file, line, rule, text, advice, allowed = null) => ({ level, file, line, rule, path: "expand/canonical_event column", text, advice, allowed });
export const FINDINGS = [
  finding("warning", "sql/001.up.sql", 2, "lock_queue", "ALTER TABLE events waits behind open transactions, and everybody behind it", "lock_timeout ends the wait; the step tries again"),
  finding("note", "sql/001.up.sql", 6, "not_null_default", "a constant DEFAULT does not rewrite the table since PostgreSQL 11", ""),
  finding("error", "plan.lua", 10, "no_down", "<script>document.title='owned'</script> cannot be undone", "write a down, or say one_way", "the column is dropped in contract"),
];

export function planDetail(entry) {
  const broken = entry.error !== null;
  return {
    ...entry, graph: broken ? null : graph, findings: broken ? [] : FINDINGS, boxes: null,
    files: [
      { path: "picture.png", bytes: 61_440, text: null }, { path: "plan.lua", bytes: LUA.length, text: LUA }, { path: "sql/001.up.sql", bytes: UP.length, text: UP },
    ],
  };
}

const item = (path, kind, line, outcome, text, more = {}) => ({ path, kind, file: "plan.lua", line, outcome, text, ...more });

export const dryReport = (environment, params) => ({
  plan: "canonical-events", hash: "7f3c9e0042b1d4a09c55", environment, target: "app", params, wrote: false, warnings: FINDINGS,
  items: [
    item("expand/PostgreSQL 15 or newer", "check", 8, "pass", "150020 is at least 150000"),
    item("expand/before", "backup", 9, "would_run", "pg_dump in custom format, verified by listing it"),
    item("expand/canonical_event column", "step", 10, "would_run", "2 statement(s)", { statements: [
      { class: "ddl", what: "ALTER TABLE … ADD COLUMN", sql: "ALTER TABLE events\n  ADD COLUMN canonical_event jsonb;", tables: ["events"], locks: [{ table: '"public"."events"', mode: "ACCESS EXCLUSIVE" }] },
      { class: "ddl", what: "ALTER TABLE … ADD COLUMN", sql: "ALTER TABLE campaigns\n  ADD COLUMN data_sources_v2 jsonb NOT NULL DEFAULT '[]';", tables: ["campaigns"], locks: [{ table: '"public"."campaigns"', mode: "ACCESS EXCLUSIVE" }] },
    ] }),
    item("backfill/campaigns.data_sources_v2", "backfill", 14, "would_run", "3 rows: 1 migrate, 0 skip, 2 ambiguous, 0 errors", {
      tables: ["campaigns"], rows: 3, migrate: 1, skip: 0, ambiguous: 2, errors: 0,
      changes: [{ key: "id=campaign-1", before: { id: "campaign-1", data_source: "stripe" }, after: { data_sources_v2: '[{"integration_id": "int-9", "provider": "stripe"}]', data_source: null } }],
      samples: [{ key: "id=campaign-2", kind: "ambiguous", reason: "2 integrations match shopify" }, { key: "id=campaign-3", kind: "ambiguous", reason: "neither data_source nor native_config" }],
    }),
    item("backfill/events.canonical_event", "backfill", 21, "error", "plan.lua:25: attempt to index a nil value (field 'customer')", { tables: ["events"] }),
    item("backfill/every event is canonical", "verify", 30, "not_simulated", "it looks at what the steps before would have made"),
    item("start-rollout", "gate", 34, "would_run", "needs 1 × admin"),
  ],
});
