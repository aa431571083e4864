/** The main job end to end, through the supervisor: people approve, guards watch, rollback gives everything back. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { type Api, ApiError, type RunPage } from "../lib/api";
import { Cluster } from "../lib/cluster";
import { fsckLines } from "../lib/fsck";
import { canonicalPlan } from "../lib/paths";
import { attend, hasEnded } from "../lib/people";
import { copyPlan } from "../lib/plan";
import { Application, loadStory, STORY_FAULTS, storyConfig, storyContent } from "../lib/story";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

// The demo's own configuration with shorter windows, and metrics that do not need an application where there is none.
const config = (errorRate: string): string => storyConfig("test", { errorRate, watch: "2s", guardInterval: "500ms" });
const MEASURED =
  "SELECT 100.0 * count(*) FILTER (WHERE NOT ok) / nullif(count(*), 0) FROM request_log WHERE at > clock_timestamp() - interval '2 seconds'";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

interface Stage {
  database: string;
  plan: string;
  supervisor: Supervisor;
  alice: Api;
  approvers: Api[];
  id: string;
}

async function begin(t: TestContext, errorRate: string, prepare?: (database: string) => Promise<void>): Promise<Stage> {
  const database = await cluster.database();
  await loadStory(cluster, database, 1005);
  await prepare?.(database);
  const plan = copyPlan(canonicalPlan, { "headgate.yaml": config(errorRate) });
  const supervisor = await Supervisor.start({
    env: cluster.env(database),
    config: plan,
    plans: dirname(plan),
    environment: "test",
    people: ["alice", "bob", "carol", "dave"],
  });
  t.after(() => supervisor.stop());
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun(plan.slice(dirname(plan).length + 1), "test");
  return { database, plan, supervisor, alice, approvers: [supervisor.as("bob"), supervisor.as("carol")], id };
}

/** The ledger's invariants hold. */
async function assertSound({ database, plan }: Stage): Promise<void> {
  assert.deepEqual(await fsckLines(cluster.env(database), plan, "test"), []);
}

/** Does what the run asks for until reached says so. */
async function play({ id, alice, approvers }: Stage, what: string, reached: (page: RunPage) => boolean): Promise<RunPage> {
  return waitUntil(
    what,
    async () => {
      const page = await alice.run(id);
      if (reached(page)) return page;
      if (hasEnded(page)) throw new Error(`the run is ${page.state}: ${JSON.stringify(page.reason)}`);
      await attend(page, alice, approvers);
      return false;
    },
    { timeoutMs: 180_000, everyMs: 100 },
  );
}

test("the whole plan while the application works", async (t) => {
  const stage = await begin(t, MEASURED);
  const application = await Application.start(cluster, stage.database, { pauseMs: 50 });
  t.after(() => application.stop());

  const atGate = await waitUntil("the run waits for a person", async () => {
    const page = await stage.alice.run(stage.id);
    return page.state === "waiting" && page;
  }, { timeoutMs: 90_000 });
  assert.equal(atGate.review.open, 2, "the ambiguous campaign and the one with nothing");
  await play(stage, "the first gate is open", (page) => page.gates.some(({ path, state }) => path === "start-rollout" && state === "open"));
  await assert.rejects(stage.alice.approve(stage.id, "start-rollout"), (error: ApiError) => error.status === 403, "nobody approves their own run");

  await play(stage, "the run is done", ({ state }) => state === "done");
  await application.stop();
  assert.deepEqual(application.errors, [], "no request of the application failed because of us");
  for (const [fault, sql] of Object.entries(STORY_FAULTS)) assert.deepEqual(await cluster.query(stage.database, sql), [], fault);
  const paths = await cluster.query(stage.database, "SELECT v2, bool_or(NOT ok) AS failed FROM request_log GROUP BY v2 ORDER BY v2");
  assert.deepEqual(paths.map(({ v2 }) => v2), [false, true], "both paths were taken");
  assert.equal(paths[1]?.["failed"], false, "no V2 request found an event without its canonical form");
  await assertSound(stage);
});

test("a rollback before the contract gives schema and data back", async (t) => {
  let before: { dump: string; content: Record<string, string> } | undefined;
  const look = async (database: string): Promise<{ dump: string; content: Record<string, string> }> => ({
    dump: cluster.dump(database),
    content: await storyContent(cluster, database),
  });
  const stage = await begin(t, "SELECT 0.1", async (database) => {
    before = await look(database);
  });
  await play(stage, "the last gate is open", (page) => page.gates.some(({ path, state }) => path === "contract/remove-legacy" && state === "open"));
  assert.notEqual(cluster.dump(stage.database), before?.dump);
  await stage.alice.request(stage.id, "rollback");
  await waitUntil("it is rolled back", async () => (await stage.alice.run(stage.id)).state === "rolled_back", { timeoutMs: 90_000 });
  assert.deepEqual(await look(stage.database), before);
  await assertSound(stage);
});

test("a breach at 50 % takes the rollout back by itself", async (t) => {
  const stage = await begin(t, MEASURED, async (database) => {
    await cluster.query(database, "UPDATE app_setting SET value = 50 WHERE name = 'fail_at_percent'");
  });
  const application = await Application.start(cluster, stage.database, { pauseMs: 50 });
  t.after(() => application.stop());
  const page = await play(stage, "it is rolled back", ({ state }) => state === "rolled_back");
  assert.equal(page.gates.some(({ path }) => path === "contract/remove-legacy"), false);
  const reached = await cluster.query(stage.database, "SELECT max((data ->> 'percent')::numeric)::int AS n FROM headgate.event WHERE type = 'rollout.flag'");
  assert.equal(reached[0]?.["n"], 50);
  const flags = await cluster.query(stage.database, "SELECT to_regclass('feature_flags')::text AS t");
  assert.equal(flags[0]?.["t"], null, "the table of flags is gone with everything else");
  await assertSound(stage);
});
