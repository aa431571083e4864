/** One plan in two environments: each has its own database, people, gates, watch windows, soak times, limits and variables;
 * what the plan does is the same in both, and what one run does is not seen in the other. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";

const PLAN = `plan "out" {
  doc = "Let it out",
  phase "p" { step "note" { up = "ALTER TABLE flags ADD COLUMN note text", down = "ALTER TABLE flags DROP COLUMN note" } },
  gate "start" { approvers = "admin", ask = "Let it out here?" },
  rollout "new" {
    flag   = sql_flag { table = "flags", name = "name", percent = "percent", enabled = "enabled" },
    guards = "load < 5",
    stage { percent = 50, watch = "24h" },
    stage { percent = 100, watch = "7d" },
  },
  phase "contract" {
    step "unused" { up = "DROP TABLE old", one_way = "nobody reads it", proof = { soak = "14d" } },
  },
}
`;

let cluster: Cluster;
let development: string;
let production: string;
let folder: string;

before(async () => {
  cluster = await Cluster.start();
  development = await cluster.database();
  production = await cluster.database();
  for (const database of [development, production]) {
    await cluster.query(database, "CREATE TABLE flags (name text PRIMARY KEY, percent int, enabled bool); INSERT INTO flags VALUES ('new', 0, false)");
    await cluster.query(database, "CREATE TABLE old (id int)");
  }
  folder = writePlan({
    "plan.lua": PLAN,
    "headgate.yaml": `version: 1
metrics:
  load: { sql: "SELECT 1" }
targets:
  app: { url: "${cluster.conninfo(production)}" }
environments:
  dev:
    targets:
      app: { url: "${cluster.conninfo(development)}" }
    gates: auto
    watch: { 50: 300ms, 100: 300ms }
    soak: 100ms
    guard_interval: 100ms
    approvers: { admin: [bob] }
  production:
    approvers: { admin: [carol, dave] }
    alerts: { load: "> 80" }
`,
  });
});
after(() => cluster.stop());

const run = (command: string[], environment: string) => headgate([...command, "-e", environment], { cwd: folder, timeoutMs: 120_000 });
const flag = async (database: string) => (await cluster.query(database, "SELECT percent, enabled FROM flags"))[0];
const columns = async (database: string) => cluster.query(database, "SELECT attname FROM pg_attribute WHERE attrelid = 'flags'::regclass AND attname = 'note'");

test("the dry run says which gates pass by policy", async () => {
  assert.match((await run(["plan", folder], "dev")).text, /start: needs 1 × admin; passed by policy/);
  assert.doesNotMatch((await run(["plan", folder], "production")).text, /by policy/);
});

test("development: gates pass by policy, windows are short, and the plan is done in seconds", async () => {
  const done = await run(["run", folder, "--yes"], "dev");
  assert.equal(done.code, 0, done.text);
  assert.deepEqual(await flag(development), { percent: 100, enabled: true });
  const windows = await cluster.query(development, "SELECT stage, window_us / 1000 AS ms FROM headgate.watch ORDER BY window_us, stage");
  assert.deepEqual(windows.map((row) => ({ ...row, ms: Number(row["ms"]) })), [{ stage: "new/100%", ms: 300 }, { stage: "new/50%", ms: 300 }]);
  assert.deepEqual(await cluster.query(development, "SELECT environment, state FROM headgate.run"), [{ environment: "dev", state: "done" }]);
  assert.deepEqual(await cluster.query(development, "SELECT path, state FROM headgate.gate"), [{ path: "start", state: "passed" }]);
  const log = await cluster.query(development, "SELECT 1 AS found FROM headgate.event AS e WHERE to_jsonb(e)::text LIKE '%policy: dev%'");
  assert.ok(log.length > 0, "who let it pass is in the log");
  assert.deepEqual(await columns(production), [], "production was not touched");
  assert.deepEqual(await cluster.query(production, "SELECT to_regclass('headgate.run') AS ledger"), [{ ledger: null }]);
});

test("production: the same plan stops at its gate until one of the people there approves", async () => {
  const waiting = await run(["run", folder, "--yes", "--no-wait"], "production");
  assert.equal(waiting.code, 6, waiting.text);
  assert.deepEqual((await columns(production)).length, 1);
  assert.deepEqual(await flag(production), { percent: 0, enabled: false });
  const runs = await cluster.query(production, "SELECT environment, state FROM headgate.run");
  assert.deepEqual(runs, [{ environment: "production", state: "paused" }]); // --no-wait
  const gates = await cluster.query(production, "SELECT path, state, approvers FROM headgate.gate");
  assert.deepEqual(gates, [{ path: "start", state: "open", approvers: ["admin"] }]);
  const status = await run(["status", "1"], "production");
  assert.match(status.text, /start/);
  assert.deepEqual(await cluster.query(production, "SELECT count(*)::int AS n FROM headgate.approval"), [{ n: 0 }]);
});

test("an environment that is not named, or not there, is refused with the ones that are", async () => {
  const unnamed = await headgate(["check", folder]);
  assert.notEqual(unnamed.code, 0);
  assert.match(unnamed.text, /which environment\? .*headgate\.yaml has dev, production/);
  const unknown = await headgate(["check", folder, "-e", "prod"]);
  assert.notEqual(unknown.code, 0);
  assert.match(unknown.text, /prod.*\n?.*(dev|production)/);
  const lost = await headgate(["verify"], { cwd: temporary("nothing"), env: cluster.env(development) });
  assert.notEqual(lost.code, 0);
  assert.match(lost.text, /no headgate\.yaml was found here, and without one there is no environment "dev"\n.*-c /);
});
