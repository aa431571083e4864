/** The plan of seed 001 worked with as the document wants it: dry run, report, decisions, apply, verify; windows, soak and cleanup;
 * who may see the flags. (Forward, back, kills and boxes: plan-canonical-events.test.ts.) */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { PlanBench, type PlanRun } from "../lib/plan-bench";
import { loadStory, STORY_FAULTS, storyConfig } from "../lib/story";

/** The document's number. */
const EVENTS = 1005;
const LAST_GATE = "contract/remove-legacy";

let bench: PlanBench;

before(async () => {
  bench = await PlanBench.start({
    plan: "canonical-events",
    environment: "test",
    people: ["alice", "bob", "carol", "dave"],
    prepare: (cluster, database) => loadStory(cluster, database, EVENTS),
    files: { "headgate.yaml": storyConfig("test", { watch: "500ms" }) },
    limitMs: 180_000,
  });
});
after(() => bench.stop());

/** What `headgate plan` says of a database on which nothing was run. */
async function dryRun(database: string): Promise<string> {
  const result = await headgate(["plan", bench.folder, "-e", "test", "--json"], { env: bench.env(database) });
  assert.equal(result.code, 0, result.text);
  return JSON.stringify(JSON.parse(result.stdout));
}

test("dry run, report, decisions, apply, verify", async (t) => {
  const fresh = await bench.fresh();
  const dry = await dryRun(fresh);
  assert.match(dry, /neither data_source nor native_config/, "the ambiguous rows are named before anything is done");
  assert.match(dry, /2 integrations match stripe/);
  assert.deepEqual(await bench.look(fresh), bench.before, "nothing was written");
  await bench.cluster.drop(fresh);

  const run = await bench.begin();
  t.after(() => run.close());
  const { page } = await run.toGate("start-rollout");
  assert.equal(page.review.open, 0, "no gate opens before the last row is decided");
  const flags = await run.query("SELECT name, enabled, rollout_percentage AS percent FROM feature_flags ORDER BY name");
  assert.deepEqual(flags.map(({ name }) => name), ["multi_integration_campaigns", "playlist_orchestration", "testimonial_system", "v2_canonical_system"]);
  assert.ok(flags.every(({ enabled, percent }) => enabled === false && percent === 0), "all four are off");
  await run.forward();
  for (const [fault, sql] of Object.entries(STORY_FAULTS)) assert.deepEqual(await run.query(sql), [], fault);
  await run.assertSound();

  const report = JSON.parse(await cli(run, ["report", run.id, "--format", "json"])) as { rows: { review: Record<string, number> } };
  assert.equal(report.rows.review["open"], 0);
  assert.ok((report.rows.review["applied"] ?? 0) >= 2, "the report counts what people decided");
  assert.match(await cli(run, ["verify", run.id]), /every event is canonical/);
});

async function cli(run: PlanRun, words: string[]): Promise<string> {
  const result = await headgate([...words, "-e", "test"], { env: bench.env(run.database), cwd: bench.folder });
  assert.equal(result.code, 0, result.text);
  return result.stdout;
}

test("windows, soak and cleanup: the run waits two weeks at 100 %, and owes what is not cleaned up", async (t) => {
  const run = await bench.begin();
  t.after(() => run.close());
  await run.toGate(LAST_GATE);
  const watched = await run.query("SELECT stage, closed_at IS NOT NULL AS closed FROM headgate.watch ORDER BY stage");
  assert.deepEqual(watched.map(({ closed }) => closed), [true, true, true], "10 %, 50 % and 100 % were watched to their end");
  const soaked = await run.query("SELECT state FROM headgate.step WHERE path = 'contract/two weeks at 100 %'");
  assert.equal(soaked[0]?.["state"], "done", "nobody is asked before the soak is over");
});

test("a flag that somebody took down at 100 % is not cleaned up", async (t) => {
  const run = await bench.begin();
  t.after(() => run.close());
  await run.toGate(LAST_GATE);
  await run.query("UPDATE feature_flags SET rollout_percentage = 30 WHERE name = 'v2_canonical_system'");
  const { page } = await run.play("the proof fails", ({ state }) => state === "failed");
  assert.match(JSON.stringify(page.reason), /drop the flag/);
  assert.equal((await run.query("SELECT FROM feature_flags WHERE name = 'v2_canonical_system'")).length, 1);
});

test("others than admins see what is on, and change nothing", async (t) => {
  const run = await bench.begin();
  t.after(() => run.close());
  await run.toGate("start-rollout");
  await bench.cluster.administer(run.database, `CREATE ROLE somebody NOLOGIN; GRANT somebody TO ${bench.cluster.role}`);
  await run.query("GRANT SELECT, UPDATE ON feature_flags TO somebody");
  await run.query("UPDATE feature_flags SET enabled = true WHERE name = 'testimonial_system'");
  const client = await bench.cluster.connect(run.database);
  try {
    await client.query("SET ROLE somebody");
    const seen = async (): Promise<number> => (await client.query("SELECT FROM feature_flags")).rowCount ?? -1;
    assert.equal(await seen(), 1);
    assert.equal((await client.query("UPDATE feature_flags SET enabled = false")).rowCount, 0);
    await client.query("SET app.role = 'admin'");
    assert.equal(await seen(), 4);
  } finally {
    await client.end();
    await run.query("DROP OWNED BY somebody").catch(() => undefined);
  }
});
