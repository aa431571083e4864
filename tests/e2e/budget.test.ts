/** Budgets of time: measured while the run works, told once when exceeded, and holding the run where the plan says so. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { headgate, start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";
import { waitUntil } from "../lib/wait";

interface Budget {
  name: string;
  measured_us: number | null;
  budget_us: number;
  over: boolean;
}

const plan = (budgets: string): string => `
plan "budgets" {
  doc = "Time is measured",
  budgets = { ${budgets} },
  phase "short" {
    step "a" { up = "CREATE TABLE a (id int)", down = "DROP TABLE a" },
  },
  phase "stop" {
    downtime = true,
    step "b" { up = "CREATE TABLE b AS SELECT pg_sleep(0.3)::text AS slept", down = "DROP TABLE b" },
  },
}`;

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

interface Made {
  folder: string;
  database: string;
  env: Record<string, string>;
}

async function made(budgets: string): Promise<Made> {
  const database = await cluster.database();
  return { folder: writePlan({ "plan.lua": plan(budgets) }), database, env: cluster.env(database) };
}

async function budgets(of: Made): Promise<Budget[]> {
  const result = await headgate(["report", "1", "-e", "test", "--format", "json"], { env: of.env, cwd: of.folder });
  assert.equal(result.code, 0, result.text);
  return (JSON.parse(result.stdout) as { budgets: Budget[] }).budgets;
}

const told = (of: Made): Promise<Record<string, unknown>[]> =>
  cluster.query(of.database, "SELECT data->>'name' AS name, data->>'text' AS text FROM headgate.event WHERE type = 'budget.over' ORDER BY seq");

test("what stays within its budget is measured and not told", async () => {
  const of = await made('downtime = "1h", rollback = "1h", duration = "1h"');
  const run = await headgate(["run", of.folder, "-e", "test", "--yes"], { env: of.env });
  assert.equal(run.code, 0, run.text);
  const found = await budgets(of);
  assert.deepEqual(found.map(({ name, over }) => [name, over]), [["downtime", false], ["rollback", false], ["duration", false]]);
  assert.ok((found[0]?.measured_us ?? 0) >= 150_000, "the application was stopped while b slept");
  assert.equal(found[1]?.measured_us, null, "nothing was rolled back");
  assert.deepEqual(await told(of), []);
});

test("what is exceeded is told once, with how much, and the run goes on", async () => {
  const of = await made('downtime = "10ms", rollback = "1ms"');
  const run = await headgate(["run", of.folder, "-e", "test", "--yes"], { env: of.env });
  assert.equal(run.code, 0, run.text);
  assert.match(run.stdout, /downtime is over budget: \S+ of 10ms/);
  assert.deepEqual((await told(of)).map(({ name }) => name), ["downtime"]);
  const back = await headgate(["rollback", "1", "-e", "test", "-m", "the test wants it"], { env: of.env, cwd: of.folder });
  assert.equal(back.code, 0, back.text);
  assert.deepEqual((await told(of)).map(({ name }) => name), ["downtime", "rollback"]);
  assert.deepEqual((await budgets(of)).map(({ name, over }) => [name, over]), [["downtime", true], ["rollback", true]]);
});

test('on_over = "hold" holds the run once before a step, until somebody lets it go on', async () => {
  const of = await made('duration = "1ms", on_over = "hold"');
  const running = start(["run", of.folder, "-e", "test", "--yes"], { env: of.env });
  await waitUntil("the run is held", async () => {
    const [row] = await cluster.query(of.database, "SELECT state, reason->>'kind' AS kind, reason->>'text' AS text FROM headgate.run").catch(() => []);
    if (row?.["state"] !== "held") return false;
    assert.equal(row["kind"], "budget");
    assert.match(String(row["text"]), /^duration is over budget: \S+ of 1ms$/);
    return true;
  });
  const resumed = await headgate(["resume", "1", "-e", "test"], { env: of.env, cwd: of.folder });
  assert.equal(resumed.code, 0, resumed.text);
  const ended = await running.ended;
  assert.equal(ended.code, 0, ended.text);
  const held = await cluster.query(of.database, "SELECT FROM headgate.event WHERE type = 'run.state' AND data->>'to' = 'held'");
  assert.equal(held.length, 1);
  assert.deepEqual((await told(of)).map(({ name }) => name), ["duration"]);
});
