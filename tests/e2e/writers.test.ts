/** An application that goes on writing all through the backfill loses nothing (P8). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { canonicalPlan } from "../lib/paths";
import { writePlan } from "../lib/plan";
import { Application, loadStory, STORY_FAULTS } from "../lib/story";
import { waitUntil } from "../lib/wait";

const read = (path: string): string => readFileSync(join(canonicalPlan, path), "utf8");

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

function plan(sync: string, more = ""): string {
  return writePlan({
    "plan.lua": `
local normalize = require "normalize"
plan "writers" {
  doc = "The events of the main job, while writers write",
  phase "events" {
    step "columns" {
      up = "ALTER TABLE events ADD COLUMN canonical_event jsonb", down = "ALTER TABLE events DROP COLUMN canonical_event",
    },
    backfill "events.canonical_event" {
      key = "id", where = "canonical_event IS NULL", keep = { "event_data" }, batch = 50, batch_time = "50ms",
      sync = ${sync},${more}
      map = function(row) return { canonical_event = normalize(row) } end,
    },
    verify "every event is canonical" { no_rows = "SELECT id FROM events WHERE canonical_event IS NULL" },
  },
}`,
    "normalize.lua": read("normalize.lua"),
    "sql/canonical_sync.sql": read("sql/canonical_sync.sql"),
  });
}

test("with a trigger that keeps new rows right", async (t) => {
  const database = await cluster.database();
  await loadStory(cluster, database, 8000);
  const application = await Application.start(cluster, database, { writers: 3, requests: 20, pauseMs: 0 });
  t.after(() => application.stop());
  const run = await headgate(["run", plan('trigger(file "sql/canonical_sync.sql")', " workers = 2,"), "-e", "test", "--yes"], {
    env: cluster.env(database),
    timeoutMs: 180_000,
  });
  await application.stop();
  assert.equal(run.code, 0, run.text);
  assert.deepEqual(application.errors, [], "no request of the application failed because of us");
  for (const [fault, sql] of Object.entries(STORY_FAULTS)) assert.deepEqual(await cluster.query(database, sql), [], fault);
  const written = await cluster.query(
    database,
    "SELECT count(*) FILTER (WHERE event_data ? 'changed')::int AS changed, count(*) FILTER (WHERE id > 8000)::int AS inserted FROM events",
  );
  assert.ok(Number(written[0]?.["changed"]) > 0 && Number(written[0]?.["inserted"]) > 0, "the writers did write");
});

test("without one, passes repeat until none is left", async () => {
  const database = await cluster.database();
  await loadStory(cluster, database, 4000);
  // Resets the column when the data changes: a row behind the cursor is left to the next pass.
  const reset = `CREATE FUNCTION reset() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.canonical_event := NULL; RETURN NEW; END $$;
    CREATE TRIGGER reset BEFORE UPDATE OF event_data ON events FOR EACH ROW EXECUTE FUNCTION reset()`;
  const folder = plan(`trigger [[${reset}]]`, ' pause = "10ms",');
  const running = headgate(["run", folder, "-e", "test", "--yes"], { env: cluster.env(database), timeoutMs: 180_000 });
  await waitUntil("the first row is canonical", async () => {
    const rows = await cluster.query(database, "SELECT canonical_event IS NOT NULL AS done FROM events WHERE id = 1").catch(() => []);
    return rows[0]?.["done"] === true;
  });
  await cluster.query(database, `UPDATE events SET event_data = event_data || '{"late": true}' WHERE id = 1`);
  const run = await running;
  assert.equal(run.code, 0, run.text);
  for (const [fault, sql] of Object.entries(STORY_FAULTS)) assert.deepEqual(await cluster.query(database, sql), [], fault);
  const passes = await cluster.query(database, "SELECT max(pass)::int AS n FROM headgate.cursor");
  assert.ok(Number(passes[0]?.["n"]) >= 2, "a second pass was needed");
});
