/** normalize.lua and its twin in SQL give every golden row the same canonical form, to the last byte. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { canonicalPlan, root } from "../lib/paths";
import { writePlan } from "../lib/plan";

const golden = readFileSync(join(root, "tests/data/events/golden.json"), "utf8");
const read = (path: string): string => readFileSync(join(canonicalPlan, path), "utf8");

const PLAN = `
local normalize = require "normalize"
plan "normalise" {
  doc = "Only the events of the main job",
  phase "events" {
    step "columns" { up = file "sql/up.sql", down = "ALTER TABLE events DROP COLUMN canonical_event" },
    backfill "events.canonical_event" {
      key = "id", where = "canonical_event IS NULL", keep = { "event_data" },
      columns = { "id", "integration_type", "event_type", "event_data", "created_at" },
      sync = trigger(file "sql/canonical_sync.sql"),
      map = function(row) return { canonical_event = normalize(row) } end,
    },
  },
}`;

// The files are text all the way into the server: JSON.parse would round what is tested here.
const MISMATCHES = `
  SELECT c ->> 'name' AS name, e.canonical_event::text AS found, (c -> 'canonical_event')::text AS wanted
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS g (c, n)
    LEFT JOIN events e ON e.id = n
   WHERE e.canonical_event::text IS DISTINCT FROM (c -> 'canonical_event')::text`;

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

test("Lua and SQL agree with the golden rows", async () => {
  const database = await cluster.database();
  await cluster.query(database, read("demo/schema.sql"));
  await cluster.query(
    database,
    `INSERT INTO events (id, user_id, integration_type, event_type, event_data, created_at)
     SELECT n, 'user-1', c ->> 'integration_type', c ->> 'event_type', c -> 'event_data', (c ->> 'created_at')::timestamptz
       FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS g (c, n)`,
    [golden],
  );
  const folder = writePlan({
    "plan.lua": PLAN,
    "normalize.lua": read("normalize.lua"),
    "sql/up.sql": "ALTER TABLE events ADD COLUMN canonical_event jsonb",
    "sql/canonical_sync.sql": read("sql/canonical_sync.sql"),
  });
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env: cluster.env(database) });
  assert.equal(run.code, 0, run.text);
  assert.deepEqual(await cluster.query(database, MISMATCHES, [golden]), [], "by Lua");

  await cluster.query(database, "UPDATE events SET canonical_event = NULL");
  await cluster.query(database, "UPDATE events SET event_data = event_data");
  assert.deepEqual(await cluster.query(database, MISMATCHES, [golden]), [], "by the trigger");
});
