/** A rollout that is taken back: its stages are undone like it, and pages say so; what may be asked and undone comes from the server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ApiError } from "../lib/api";
import { Cluster } from "../lib/cluster";
import { fsckLines } from "../lib/fsck";
import { writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const PLAN = `plan "out" {
  doc = "Let it out",
  phase "p" {
    step "column" { up = "ALTER TABLE flags ADD COLUMN note text", down = "ALTER TABLE flags DROP COLUMN note" },
    check "there" { no_rows = "SELECT 1 WHERE false" },
  },
  rollout "new" {
    flag = sql_flag { table = "flags", name = "name", percent = "percent", enabled = "enabled" },
    guards = { thresholds "test", "errors < 5" },
    stage { percent = 10, watch = "1s" },
    stage { percent = 50, watch = "1h" },
  },
}
`;
const CONFIG = `
version: 1
metrics:
  errors: { sql: "SELECT 1" }
  load: { sql: "SELECT 2" }
environments:
  test:
    gates: auto
    approvers: { admin: [bob] }
    guard_interval: 1s
    alerts: { load: "> 80" }
`;

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

interface Page {
  state: string;
  node: string | null;
  may: Record<string, string[]>;
  undo: { steps: { path: string; how: string }[]; no_way_back: unknown[] };
  rollouts: { stages: { state: string }[]; guards: { guard: string; alert: boolean; op: string }[] }[];
}

test("stages of an undone rollout are undone; the server says what may be asked and what a rollback does", async (t) => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE flags (name text PRIMARY KEY, percent int, enabled bool); INSERT INTO flags VALUES ('new', 0, false)");
  const plans = writePlan({ "out/plan.lua": PLAN, "headgate.yaml": CONFIG });
  const supervisor = await Supervisor.start({ env: cluster.env(database), config: plans, plans, environment: "test", people: ["alice"] });
  t.after(() => supervisor.stop());
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun("out", "test");
  const page = () => alice.get<Page>(`/api/runs/${id}`);
  const watching = await waitUntil("50 % is watched", async () => {
    const now = await page();
    const sampled = now.rollouts[0]?.stages[1]?.state === "watching" && now.rollouts[0].guards.length === 2;
    return sampled && now.state === "watching" && now.node === "new/50%" ? now : undefined;
  });
  assert.deepEqual(watching.rollouts[0]?.guards.map(({ guard, alert, op }) => [guard, alert, op]), [
    ["breach when load > 80", true, ">"],
    ["errors < 5", false, "<"],
  ]);
  assert.ok(watching.may["rollback"]?.includes("watching"));
  assert.ok(!watching.may["resume"]?.includes("watching"));
  assert.deepEqual(watching.undo, {
    steps: [
      { path: "new", kind: "rollout", name: "new", state: "running", how: "0 % and off" },
      { path: "p/column", kind: "step", name: "column", state: "done", how: "its down" },
    ],
    no_way_back: [],
  });

  await alice.request(id, "rollback");
  await waitUntil("rolled back", async () => (await page()).state === "rolled_back");
  const after = await page();
  assert.deepEqual(after.rollouts[0]?.stages.map((stage) => stage.state), ["rolled_back", "rolled_back"]);
  assert.deepEqual(after.undo.steps, []);
  const states = await cluster.query(database, "SELECT path, state FROM headgate.step WHERE path LIKE 'new%' ORDER BY path");
  assert.deepEqual(states, [{ path: "new", state: "undone" }, { path: "new/10%", state: "undone" }, { path: "new/50%", state: "undone" }]);
  await assert.rejects(alice.request(id, "pause"), (error: ApiError) => error.status === 409 && /it cannot pause/.test(error.message));
});

const FLAGS = "CREATE TABLE flags (name text PRIMARY KEY, percent int, enabled bool)";
const NEVER_SET: Record<string, string> = {
  "a flag that is not there": `${FLAGS}; INSERT INTO flags VALUES ('other', 70, true)`,
  "a flag that a trigger of the application does not let us set": `${FLAGS}; INSERT INTO flags VALUES ('new', 70, true);
    CREATE FUNCTION twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.percent := 2 * NEW.percent; RETURN NEW; END $$;
    CREATE TRIGGER twice BEFORE UPDATE ON flags FOR EACH ROW EXECUTE FUNCTION twice()`,
};

for (const [what, sql] of Object.entries(NEVER_SET)) {
  test(`${what}: the rollout fails; a rollback undoes what was done before it, and leaves flags as they are`, async (t) => {
    const database = await cluster.database();
    await cluster.query(database, sql);
    const flags = () => cluster.query(database, "SELECT * FROM flags");
    const before = await flags();
    const plans = writePlan({ "out/plan.lua": PLAN, "headgate.yaml": CONFIG });
    const supervisor = await Supervisor.start({ env: cluster.env(database), config: plans, plans, environment: "test", people: ["alice"] });
    t.after(() => supervisor.stop());
    const alice = supervisor.as("alice");
    const { id } = await alice.startRun("out", "test");
    const ended = async (states: string[]): Promise<string> =>
      waitUntil(`it is ${states.join(" or ")}`, async () => {
        const { state } = await alice.run(id);
        return states.includes(state) ? state : undefined;
      });
    await ended(["failed"]);
    assert.notDeepEqual(await flags(), before, "the step before it added a column");
    await alice.request(id, "rollback");
    assert.equal(await ended(["rolled_back", "rollback_blocked"]), "rolled_back");
    assert.deepEqual(await flags(), before);
    assert.deepEqual(await cluster.query(database, "SELECT data FROM headgate.event WHERE type = 'rollout.flag'"), []);
    assert.deepEqual(await fsckLines(supervisor.env, plans, "test"), []);
  });
}
