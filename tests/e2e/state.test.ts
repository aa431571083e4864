/** The state database may be another one than the target's: effects and their ledger in one, runs, gates and events in the other. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { canonicalPlan, helloPlan } from "../lib/paths";
import { attend, hasEnded } from "../lib/people";
import { copyPlan } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { loadStory, STORY_FAULTS, storyConfig } from "../lib/story";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

const targets = (app: string, state: string): string => `state: { target: ledger }
targets:
  app: { url: "dbname=${app}" }
  ledger: { url: "dbname=${state}" }
`;

const count = async (database: string, table: string): Promise<number> =>
  Number((await cluster.query(database, `SELECT count(*)::int AS n FROM headgate.${table}`))[0]?.["n"]);

test("each database has what is its own, and a second run has nothing to do", async () => {
  const [app, state] = [await cluster.database(), await cluster.database()];
  await cluster.query(app, readFileSync(join(helloPlan, "demo/schema.sql"), "utf8"));
  const config = `version: 1\n${targets(app, state)}environments:\n  test: { gates: auto, approvers: { owner: [bob] } }\n`;
  const folder = copyPlan(helloPlan, { "headgate.yaml": config });
  const before = cluster.dump(app);
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env: cluster.env(app) });
  assert.equal(run.code, 0, run.text);
  assert.deepEqual(await cluster.query(app, "SELECT id FROM people WHERE greeting IS DISTINCT FROM 'Hello, ' || name || '!'"), []);
  for (const table of ["step", "cursor", "fence"]) {
    assert.ok((await count(app, table)) > 0, `${table} in the target`);
    assert.equal(await count(state, table), 0, `no ${table} in the state database`);
  }
  for (const table of ["run", "event", "plan"]) {
    assert.ok((await count(state, table)) > 0, `${table} in the state database`);
    assert.equal(await count(app, table), 0, `no ${table} in the target`);
  }
  const again = await headgate(["run", folder, "-e", "test", "--yes"], { env: cluster.env(app) });
  assert.match(again.text, /nothing to do: run 1/);
  const back = await headgate(["rollback", "1", "-e", "test", "-m", "the test wants it"], { env: cluster.env(app), cwd: folder });
  assert.equal(back.code, 0, back.text);
  assert.doesNotMatch(back.text, /could not be counted/);
  assert.equal(cluster.dump(app), before);
});

test("what looks at a run finds its steps in the target, or says why not", async () => {
  const [app, state] = [await cluster.database(), await cluster.database()];
  await cluster.query(app, readFileSync(join(helloPlan, "demo/schema.sql"), "utf8"));
  // the target's own search_path counts, in workers too
  await cluster.query(app, "CREATE SCHEMA far; ALTER TABLE people SET SCHEMA far");
  await cluster.query(app, `ALTER DATABASE "${app}" SET search_path = far`);
  const config = `version: 1\n${targets(app, state)}environments:\n  test: { gates: auto, approvers: { owner: [bob] } }\n`;
  const folder = copyPlan(helloPlan, { "headgate.yaml": config });
  const call = (...args: string[]) => headgate([...args, "-e", "test"], { env: cluster.env(app), cwd: folder });
  const before = cluster.dump(app);
  const dry = await call("run", folder, "--dry-run", "--yes");
  assert.equal(dry.code, 0, dry.text);
  assert.equal(cluster.dump(app), before);
  assert.equal((await call("run", folder, "--yes")).code, 0);
  assert.equal((await call("doctor")).code, 0);
  assert.match((await call("status", "1")).text, /done +step/);
  const report = JSON.parse((await call("report", "1", "--format", "json")).stdout) as { steps: unknown[]; unavailable: null };
  assert.ok(report.steps.length > 2);
  assert.equal(report.unavailable, null);
  assert.match((await call("fsck")).text, /^1 run: all invariants hold/m);
  assert.equal((await call("ledger", "check")).text.match(/as this binary needs it/g)?.length, 2);
  await cluster.query("postgres", `ALTER DATABASE "${app}" RENAME TO "${app}_away"`);
  const away = await call("status", "1");
  assert.equal(away.code, 0, away.text);
  assert.match(away.text, /its steps are not known: target "app" unreachable: /);
  assert.match((await call("report", "1")).text, /its steps are not known: target "app" unreachable: /);
  await cluster.query("postgres", `ALTER DATABASE "${app}_away" RENAME TO "${app}"`);
  const gone = await call("ledger", "uninstall");
  assert.equal(gone.code, 0, gone.text);
  for (const database of [app, state])
    assert.deepEqual(await cluster.query(database, "SELECT to_regnamespace('headgate') AS found"), [{ found: null }]);
});

async function play(t: TestContext): Promise<{ app: string; state: string; supervisor: Supervisor; id: string }> {
  const [app, state] = [await cluster.database(), await cluster.database()];
  await loadStory(cluster, app, 200);
  const folder = copyPlan(canonicalPlan, { "headgate.yaml": storyConfig("test", { targets: targets(app, state) }) });
  const plans = join(folder, "..");
  const supervisor = await Supervisor.start({
    env: cluster.env(app),
    config: folder,
    plans,
    environment: "test",
    people: ["alice", "bob", "carol", "dave"],
  });
  t.after(() => supervisor.stop());
  const { id } = await supervisor.as("alice").startRun(folder.slice(plans.length + 1), "test");
  return { app, state, supervisor, id };
}

test("the main job with its people goes on after its runner and its supervisor were killed", async (t) => {
  const { app, state, supervisor, id } = await play(t);
  const victims = ["runner", "serve"];
  const page = await waitUntil(
    "the run has ended",
    async () => {
      try {
        const seen = await supervisor.as("alice").run(id);
        if (hasEnded(seen)) return seen;
        const victim = seen.state === "watching" || seen.state === "waiting" ? victims.shift() : undefined;
        for (const { pid, command } of processesOf(supervisor.known.home)) if (command === victim) killNow(pid);
        if (victim === "serve") {
          await supervisor.stop();
          await supervisor.restart();
        }
        await attend(seen, supervisor.as("alice"), ["bob", "carol"].map((person) => supervisor.as(person)));
      } catch {
        // the supervisor is down at this moment
      }
      return false;
    },
    { timeoutMs: 180_000, everyMs: 100 },
  );
  assert.equal(page.state, "done");
  for (const [fault, sql] of Object.entries(STORY_FAULTS)) assert.deepEqual(await cluster.query(app, sql), [], fault);
  assert.deepEqual(
    await cluster.query(state, "SELECT 1 FROM headgate.event HAVING count(*) <> max(seq) OR min(seq) <> 1"),
    [],
    "no gap in the stream",
  );
});
