/** A database that is gone while a command follows its run: the command says what it waits for, and one Ctrl-C ends it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { headgate, start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { processesOf } from "../lib/processes";
import { temporary, writePlan } from "../lib/plan";
import { waitUntil } from "../lib/wait";

const PLAN = `plan "away" {
  doc = "A task that takes its time",
  phase "p" {
    backfill "items.upper" {
      where = "upper IS NULL", batch = 10, batch_time = "30ms", one_way = "a test",
      map = function(row) return { upper = row.name:upper() } end,
    },
  },
}
`;
const SCHEMA = `CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, upper text);
  INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, 400) AS i;
  CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END $$;
  CREATE TRIGGER slow BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION slow(); ANALYZE items`;

test("the database is gone: one Ctrl-C ends the command, and the run goes on later", async (t) => {
  const cluster = await Cluster.start();
  t.after(() => cluster.stop());
  const database = await cluster.database();
  await cluster.query(database, SCHEMA);
  const home = temporary("home");
  const env = { ...cluster.env(database), HEADGATE_HOME: home };
  const folder = writePlan({ "plan.lua": PLAN });
  const run = start(["run", folder, "-e", "test", "--yes"], { env });
  t.after(() => run.kill("SIGKILL"));
  await waitUntil("rows are written", async () => ((await cluster.query(database, "SELECT 1 FROM items WHERE upper IS NOT NULL LIMIT 1")).length > 0));

  await cluster.halt();
  await waitUntil("it says what it waits for", () => /the state database cannot be reached: .*\n {2}waiting for it; Ctrl-C leaves the run as it is/.test(run.stderr));
  const asked = Date.now();
  run.kill("SIGINT");
  const ended = await run.ended;
  assert.equal(ended.code, 130, ended.text);
  assert.ok(Date.now() - asked < 10_000, `it took ${Date.now() - asked} ms`);
  assert.match(ended.stderr, /run 1 is left as it is: without its database no pause can be stored\n {2}next: headgate resume 1, when the database is back/);
  await waitUntil("no process of it is left", () => processesOf(home).length === 0);

  await cluster.resume();
  await cluster.query(database, "ALTER TABLE items DISABLE TRIGGER slow");
  await waitUntil("the lease of the runner that is gone has run out", async () => (await cluster.query(database, "SELECT 1 FROM headgate.lease WHERE until < now()")).length > 0);
  const resumed = await headgate(["resume", "1", "-e", "test"], { env, cwd: folder });
  assert.equal(resumed.code, 0, resumed.text);
  assert.deepEqual(await cluster.query(database, "SELECT count(*)::int AS n FROM items WHERE upper IS NULL"), [{ n: 0 }]);
});

test("the target is gone and the state database is not: one Ctrl-C ends the command, and the pause is stored", async (t) => {
  const [cluster, far] = [await Cluster.start(), await Cluster.start()];
  t.after(() => cluster.stop());
  t.after(() => far.stop());
  const [database, state] = [await far.database(), await cluster.database()];
  await far.query(database, SCHEMA);
  const { PGHOST, PGPORT, PGUSER } = far.env(database);
  const config = `version: 1
state: { target: ledger }
targets:
  app: { url: "host=${PGHOST} port=${PGPORT} user=${PGUSER} dbname=${database}" }
  ledger: { url: "dbname=${state}" }
environments:
  test: { gates: auto }
`;
  const folder = writePlan({ "plan.lua": PLAN, "headgate.yaml": config });
  const run = start(["run", folder, "-e", "test", "--yes"], { env: cluster.env(state) });
  t.after(() => run.kill("SIGKILL"));
  await waitUntil("rows are written", async () => ((await far.query(database, "SELECT 1 FROM items WHERE upper IS NOT NULL LIMIT 1")).length > 0));
  await far.halt();
  run.kill("SIGINT");
  const ended = await run.ended;
  assert.equal(ended.code, 130, ended.text);
  assert.match(ended.stderr, /run 1 is left as it is: its runners cannot work now; a pause is asked\n {2}next: headgate resume 1\n/);
  assert.deepEqual(await cluster.query(state, "SELECT kind, via->>'door' AS door FROM headgate.request WHERE handled_at IS NULL"), [{ kind: "pause", door: "cli" }]);

  await far.resume();
  await far.query(database, "ALTER TABLE items DISABLE TRIGGER slow");
  await waitUntil("the lease of the runner that is gone has run out", async () => (await cluster.query(state, "SELECT 1 FROM headgate.lease WHERE until < now()")).length > 0);
  const resumed = await headgate(["resume", "1", "-e", "test"], { env: cluster.env(state), cwd: folder });
  assert.equal(resumed.code, 0, resumed.text);
  assert.deepEqual(
    await cluster.query(state, "SELECT kind, outcome FROM headgate.request ORDER BY id"),
    [{ kind: "pause", outcome: "it goes on already" }, { kind: "resume", outcome: "it goes on already" }],
  );
});

test("a database that comes back is waited for", async (t) => {
  const cluster = await Cluster.start();
  t.after(() => cluster.stop());
  const database = await cluster.database();
  await cluster.query(database, SCHEMA);
  const run = start(["run", writePlan({ "plan.lua": PLAN }), "-e", "test", "--yes"], { env: cluster.env(database) });
  t.after(() => run.kill("SIGKILL"));
  await waitUntil("rows are written", async () => ((await cluster.query(database, "SELECT 1 FROM items WHERE upper IS NOT NULL LIMIT 1")).length > 0));
  await cluster.halt();
  await waitUntil("it says that it waits", () => run.stderr.includes("waiting for it"));
  await cluster.resume();
  await cluster.query(database, "ALTER TABLE items DISABLE TRIGGER slow");
  const ended = await run.ended;
  assert.equal(ended.code, 0, ended.text);
  assert.match(ended.stderr, /the state database is back/);
});
