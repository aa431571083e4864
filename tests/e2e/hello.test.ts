/** The first milestone: one step, one backfill, one gate, from the command line. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { helloPlan } from "../lib/paths";
import { copyPlan, writePlan } from "../lib/plan";

const SCHEMA = readFileSync(join(helloPlan, "demo/schema.sql"), "utf8");
const AUTO_GATES = "version: 1\nenvironments:\n  test:\n    gates: auto\n    approvers: { owner: [bob] }\n";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start({ settings: { autovacuum: "off" } }); // it takes transaction numbers too
});
after(() => cluster.stop());

async function prepared(): Promise<{ database: string; env: Record<string, string>; folder: string }> {
  const database = await cluster.database();
  await cluster.query(database, SCHEMA);
  return { database, env: cluster.env(database), folder: copyPlan(helloPlan, { "headgate.yaml": AUTO_GATES }) };
}

test("check needs no database and finds nothing wrong", async () => {
  const check = await headgate(["check", helloPlan, "-e", "demo"], { env: { PGHOST: "/nonexistent" } });
  assert.equal(check.code, 0, check.text);
});

test("run greets everybody once, and a second run has nothing to do", async () => {
  const { database, env, folder } = await prepared();
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env });
  assert.equal(run.code, 0, run.text);
  const wrong = await cluster.query(database, "SELECT * FROM people WHERE greeting IS DISTINCT FROM 'Hello, ' || name || '!'");
  assert.deepEqual(wrong, []);
  const changed = await cluster.query(database, "SELECT sum(rows_changed)::int AS n FROM headgate.cursor");
  assert.equal(changed[0]?.["n"], 1000);

  const status = await headgate(["status", "--json"], { env, cwd: folder });
  assert.equal(status.code, 0, status.text);
  assert.match(status.stdout, /"state": ?"done"/);
});

test("rollback gives the schema back", async () => {
  const { database, env, folder } = await prepared();
  const before = cluster.dump(database);
  const content = await cluster.query(database, "SELECT * FROM people ORDER BY id");
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env });
  assert.equal(run.code, 0, run.text);
  assert.notEqual(cluster.dump(database), before);
  const back = await headgate(["rollback", "1", "-e", "test", "-m", "the test wants it"], { env, cwd: folder });
  assert.equal(back.code, 0, back.text);
  assert.equal(cluster.dump(database), before);
  assert.deepEqual(await cluster.query(database, "SELECT * FROM people ORDER BY id"), content);
});

test("dry run says what it would do and writes nothing at all", async () => {
  const { database, env, folder } = await prepared();
  const before = { dump: cluster.dump(database), xid: await cluster.query(database, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS x") };
  const dry = await headgate(["run", folder, "-e", "test", "--dry-run"], { env });
  assert.equal(dry.code, 0, dry.text);
  assert.match(dry.text, /1,?000/);
  assert.equal(cluster.dump(database), before.dump);
  assert.deepEqual(await cluster.query(database, "SELECT to_regnamespace('headgate')::text AS n"), [{ n: null }]);
  const xid = await cluster.query(database, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS x");
  assert.deepEqual(xid, before.xid, "a transaction id was assigned");
});

test("a step and a check that have only one row of the ledger say how long they took", async () => {
  const { database, env } = await prepared();
  const folder = writePlan({
    "plan.lua": `plan "naps" { doc = "Both take their time", phase "naps" {
      step "nap" { up = "SELECT pg_sleep(0.3)", down = "SELECT 1" },
      check "naps" { sql = "SELECT 1 FROM pg_sleep(0.3)", equals = 1 },
    } }`,
    "headgate.yaml": AUTO_GATES,
  });
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env });
  assert.equal(run.code, 0, run.text);
  const short = await cluster.query(database, "SELECT path FROM headgate.step WHERE path LIKE 'naps/%' AND finished_at - started_at < interval '0.3 s'");
  assert.deepEqual(short, []);
});
