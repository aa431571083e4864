/** The plan of seed 001 at the document's size: forward with its flag, killed and resumed, taken back from before the one-way
 * step; its boxes fail when what they are about is broken. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { breakEachBox } from "../lib/box-bench";
import { assertEndsAsUndisturbed } from "../lib/killed";
import { canonicalPlan } from "../lib/paths";
import { type Look, PlanBench, type PlanRun, writePlanFigures } from "../lib/plan-bench";
import { loadStory } from "../lib/story";

const EVENTS = 1005;
const SEED = 20250708;
const KILLS = 3;

/** The demo's environment, without its pauses for people who watch. */
const config = readFileSync(join(canonicalPlan, "headgate.yaml"), "utf8")
  .replace("watch: { 10: 6s, 50: 6s, 100: 6s }", "watch: { 10: 1s, 50: 1s, 100: 1s }")
  .replace("soak: 3s", "soak: 1s")
  .replace("guard_interval: 1s", "guard_interval: 250ms");

/** What an application logged; dated ahead, so that the metrics see it however long the test takes. */
const LOGGED = `INSERT INTO request_log (at, user_id, kind, v2, ok, ms)
  SELECT now() + interval '1 day', 'user-' || n, 'show', n % 2 = 0, true, 20 FROM generate_series(1, 100) AS n`;

let bench: PlanBench;
let done: { run: PlanRun; stable: Look; ms: number } | undefined;
const figures: Record<string, number> = { plans_forward_ok: 0, plans_rollback_identical: 0, kills: 0, wrong_runs: 0 };

before(async () => {
  bench = await PlanBench.start({
    plan: "canonical-events",
    environment: "demo",
    people: ["alice", "bob", "carol", "dave"],
    limitMs: 180_000,
    files: { "headgate.yaml": config },
    prepare: async (cluster, database) => {
      await loadStory(cluster, database, EVENTS);
      await cluster.query(database, LOGGED);
    },
  });
});
after(async () => {
  await done?.run.close();
  writePlanFigures("canonical-events", figures);
  await bench.stop();
});

test("every check-box of the document is bound", async () => {
  const boxes = await bench.boxes();
  Object.assign(figures, boxes);
  assert.deepEqual(boxes, { boxes: 16, boxes_automatic: 6, boxes_unbound: 0 });
});

test("forward: every event canonical, the flag gone; the last step is one-way", async () => {
  const run = await bench.begin();
  const { page, ms } = await run.forward();
  assert.deepEqual(page.steps.filter(({ kind, state }) => kind === "verify" && state !== "done"), []);
  const counts = await run.query(
    `SELECT (SELECT count(canonical_event)::int FROM events) AS events, (SELECT count(data_sources_v2)::int FROM campaigns) AS campaigns,
            (SELECT count(*)::int FROM feature_flags WHERE name = 'v2_canonical_system') AS flags`,
  );
  assert.deepEqual(counts[0], { events: EVENTS, campaigns: 3, flags: 0 });
  await run.assertSound();
  done = { run, stable: await run.look(true), ms };
  figures["rows"] = EVENTS + 3;
  figures["plans_forward_ok"] = 1;
  figures["forward_s"] = ms / 1000;
});

test("taken back before the legacy way is removed, everything is as before", async (t) => {
  const run = await bench.begin();
  t.after(() => run.close());
  await run.toGate("contract/remove-legacy");
  const back = await run.back();
  await run.assertAsBefore();
  figures["plans_rollback_identical"] = 1;
  figures["back_s"] = back.ms / 1000;
});

test("each automatic box fails when its subject is broken", async (t) => {
  assert.ok(done, "the undisturbed run comes first");
  const nullable = (table: string, column: string, key: string): { break: string; mend: string } => ({
    break: `CREATE TABLE spoilt AS SELECT * FROM ${table} WHERE id = ${key};
      ALTER TABLE ${table} ALTER COLUMN ${column} DROP NOT NULL; UPDATE ${table} SET ${column} = NULL WHERE id = ${key}`,
    mend: `UPDATE ${table} AS t SET ${column} = s.${column} FROM spoilt AS s WHERE t.id = s.id; DROP TABLE spoilt`,
  });
  const slow = { break: "UPDATE request_log SET ms = 900 WHERE v2", mend: "UPDATE request_log SET ms = 20" };
  figures["boxes_broken"] = await breakEachBox(t, bench, {
    subjects: [
      { box: "Error rates per feature flag", break: "UPDATE request_log SET ok = false WHERE v2", mend: "UPDATE request_log SET ok = true" },
      { box: "Performance metrics (response times)", ...slow },
      { box: "Performance metrics stable", ...slow },
      { box: "All events have canonical format", ...nullable("events", "canonical_event", "7") },
      { box: "All legacy campaigns migrated", ...nullable("campaigns", "data_sources_v2", "(SELECT min(id) FROM campaigns)") },
    ],
    unticked: [
      {
        box: "Feature flags at 100% for 2 weeks",
        at: "contract/remove-legacy",
        environment: "demo",
        break: "UPDATE feature_flags SET rollout_percentage = 50 WHERE name = 'v2_canonical_system'",
      },
    ],
  }, done.run);
});

test(`killed ${KILLS} times at random moments it ends as undisturbed`, async (t) => {
  await assertEndsAsUndisturbed(t, bench, figures, { seed: SEED, kills: KILLS, among: ["runner", "supervisor", "backend"], done });
});
