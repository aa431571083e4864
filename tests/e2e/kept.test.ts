/** What the application wrote into things that a rollback removes is copied first, and counted (P8). */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { headgate, start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";
import { waitUntil } from "../lib/wait";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
  await cluster.administer("postgres", `CREATE ROLE changer; GRANT changer TO ${cluster.role}`);
});
after(() => cluster.stop());

const config = (target = ""): string => `
version: 1
targets:
  app: { lock_timeout: 60s${target} }
environments:
  test: { gates: auto }
`;

async function prepared(): Promise<{ database: string; env: Record<string, string> }> {
  const database = await cluster.database();
  await cluster.query(
    database,
    `CREATE TABLE items (id integer PRIMARY KEY, name text);
     INSERT INTO items SELECT i, 'n' || i FROM generate_series(1, 100) AS i;
     GRANT ALL ON SCHEMA public TO changer; ALTER TABLE items OWNER TO changer`,
  );
  return { database, env: cluster.env(database) };
}

const COLUMN = `
plan "kept" {
  doc = "A column that a backfill fills",
  phase "change" {
    step "extra" { up = "ALTER TABLE items ADD COLUMN extra text, ADD COLUMN grade integer NOT NULL DEFAULT 3",
                   down = "ALTER TABLE items DROP COLUMN extra, DROP COLUMN grade" },
    backfill "items.extra" { where = "extra IS NULL", batch = 30, map = function(row) return { extra = "ours " .. row.id } end },
  },
}`;

const TABLE = `
plan "kept" {
  doc = "A table of our own",
  phase "change" {
    step "notes" { up = [[CREATE TABLE "Notes, old" (id integer PRIMARY KEY, body json); INSERT INTO "Notes, old" VALUES (1, '{"by": "us"}')]],
                   down = [[DROP TABLE "Notes, old"]] },
  },
}`;

async function finished(env: Record<string, string>, lua: string, target = ""): Promise<string> {
  const folder = writePlan({ "headgate.yaml": config(target), "plan.lua": lua });
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env });
  assert.equal(run.code, 0, run.text);
  return folder;
}

const kept = (database: string): Promise<Record<string, unknown>[]> =>
  cluster.query(database, "SELECT step, relation, key, columns FROM headgate.kept_1 ORDER BY key ->> 'id'");

for (const role of ["", ", run_as: changer"]) {
  test(`a column: the application's values are kept, the backfill's are not${role}`, async () => {
    const { database, env } = await prepared();
    const before = cluster.dump(database);
    const folder = await finished(env, COLUMN, role);
    await cluster.query(
      database,
      `UPDATE items SET extra = 'theirs' WHERE id = 7;
       UPDATE items SET extra = NULL WHERE id = 8;
       UPDATE items SET grade = 5 WHERE id = 9;
       INSERT INTO items (id, name, extra) VALUES (101, 'new', E'two\\nlines');
       INSERT INTO items (id, name) VALUES (102, 'nothing')`,
    );
    const back = await headgate(["rollback", "1", "-e", "test", "-m", "the test wants it"], { env, cwd: folder });
    assert.equal(back.code, 0, back.text);
    assert.match(back.stderr, /public.items: 3 row\(s\) that the application wrote are copied to headgate.kept_1 before "change\/extra" is undone/);
    assert.equal(cluster.dump(database), before);
    assert.deepEqual(await kept(database), [
      { step: "change/extra", relation: "public.items", key: { id: "101" }, columns: { extra: "two\nlines", grade: "3" } },
      { step: "change/extra", relation: "public.items", key: { id: "7" }, columns: { extra: "theirs", grade: "3" } },
      { step: "change/extra", relation: "public.items", key: { id: "9" }, columns: { extra: "ours 9", grade: "5" } },
    ]);
    const detail = await cluster.query(database, "SELECT detail -> 'kept' AS kept FROM headgate.step WHERE path = 'change/extra'");
    assert.deepEqual(detail[0]?.["kept"], [{ relation: "public.items", columns: ["extra", "grade"], rows: 3 }]);
    const report = await headgate(["report", "1", "-e", "test"], { env, cwd: folder });
    assert.match(report.text, /3 row\(s\) that the application wrote were copied to headgate.kept_1 first/);
  });
}

test("a table: what its own step wrote is not kept, everything else is", async () => {
  const { database, env } = await prepared();
  const folder = await finished(env, TABLE, ", run_as: changer");
  await cluster.query(database, `INSERT INTO "Notes, old" VALUES (2, '{"by":  "them"}'), (3, NULL)`);
  const back = await headgate(["rollback", "1", "-e", "test", "-m", "the test wants it"], { env, cwd: folder });
  assert.equal(back.code, 0, back.text);
  assert.deepEqual(await kept(database), [
    { step: "change/notes", relation: 'public."Notes, old"', key: { id: "2" }, columns: { id: "2", body: '{"by":  "them"}' } },
    { step: "change/notes", relation: 'public."Notes, old"', key: { id: "3" }, columns: { id: "3", body: null } },
  ]);
});

test("when nobody wrote anything, nothing is kept and no table is left", async () => {
  const { database, env } = await prepared();
  const folder = await finished(env, COLUMN);
  const back = await headgate(["rollback", "1", "-e", "test", "-m", "the test wants it"], { env, cwd: folder });
  assert.equal(back.code, 0, back.text);
  assert.deepEqual(await cluster.query(database, "SELECT to_regclass('headgate.kept_1')::text AS kept"), [{ kept: null }]);
});

test("a write that is under way when the rollback begins is kept too", async () => {
  const { database, env } = await prepared();
  const folder = await finished(env, COLUMN);
  const writer = await cluster.connect(database);
  await writer.query("BEGIN");
  await writer.query("UPDATE items SET extra = 'late' WHERE id = 50");
  const back = start(["rollback", "1", "-e", "test", "-m", "the test wants it"], { env, cwd: folder });
  await waitUntil("the undo waits for the table", async () => {
    const waits = await cluster.query(database, "SELECT 1 FROM pg_locks WHERE relation = 'items'::regclass AND NOT granted AND mode = 'AccessExclusiveLock'");
    return waits.length > 0;
  });
  await writer.query("COMMIT");
  await writer.end();
  const ended = await back.ended;
  assert.equal(ended.code, 0, ended.text);
  assert.deepEqual((await kept(database)).map((row) => [row["key"], (row["columns"] as { extra: string }).extra]), [[{ id: "50" }, "late"]]);
});

test("an undo that would drop what was there before is refused", async () => {
  const { database, env } = await prepared();
  await cluster.query(database, "ALTER TABLE items ADD COLUMN extra text; CREATE TABLE old (id integer)");
  const lua = `
plan "kept" {
  doc = "Two things that may be there already",
  phase "change" {
    step "replace old" { up = "DROP TABLE old; CREATE TABLE old (id bigint)", down = "DROP TABLE old; CREATE TABLE old (id integer)" },
    step "extra" { up = "ALTER TABLE items ADD COLUMN IF NOT EXISTS extra text", down = "ALTER TABLE items DROP COLUMN extra" },
  },
}`;
  const folder = await finished(env, lua);
  await cluster.query(database, "UPDATE items SET extra = 'theirs'");
  const back = await headgate(["rollback", "1", "-e", "test", "-m", "the test wants it"], { env, cwd: folder });
  assert.notEqual(back.code, 0, back.text);
  assert.match(back.text, /its undo would drop column extra of "items", which was there before the step/);
  const left = await cluster.query(database, "SELECT count(extra)::int AS n FROM items");
  assert.equal(left[0]?.["n"], 100);
  // what the first step made anew is its own, although the name was taken
  const skipped = writePlan({ "headgate.yaml": config(), "plan.lua": lua.replace(/step "extra".*/, "").replace('"kept"', '"other"') });
  const other = await headgate(["run", skipped, "-e", "test", "--yes"], { env });
  assert.equal(other.code, 0, other.text);
  const undone = await headgate(["rollback", "2", "-e", "test", "-m", "the test wants it"], { env, cwd: skipped });
  assert.equal(undone.code, 0, undone.text);
});

test("uninstall does not drop what was kept", async () => {
  const { database, env } = await prepared();
  const folder = await finished(env, COLUMN);
  await cluster.query(database, "UPDATE items SET extra = 'theirs' WHERE id = 7");
  const back = await headgate(["rollback", "1", "-e", "test", "-m", "the test wants it"], { env, cwd: folder });
  assert.equal(back.code, 0, back.text);
  for (const args of [["uninstall"], ["uninstall", "--force"]]) {
    const gone = await headgate(["ledger", ...args, "-e", "test"], { env, cwd: folder });
    assert.notEqual(gone.code, 0, gone.text);
    assert.match(gone.text, /headgate.kept_1/);
  }
  const wrote = async () => (await cluster.query(database, "SELECT DISTINCT run::int AS run FROM headgate.wrote ORDER BY run")).map((row) => row["run"]);
  await cluster.query(database, "INSERT INTO headgate.wrote (run, step, xid) VALUES (99, 'of a run that has not ended', pg_current_xact_id())");
  assert.deepEqual(await wrote(), [1, 99]);
  const young = await headgate(["ledger", "prune", "-e", "test"], { env, cwd: folder });
  assert.equal(young.code, 0, young.text);
  assert.deepEqual(await wrote(), [1, 99], "it ended less than 90 days ago");
  const events = () => cluster.query(database, "SELECT count(*)::int AS n FROM headgate.event WHERE run = 1");
  const told = await events();
  for (const days of ["abc", "", "-1", "9O", "0x10", "4294967296"]) {
    const refused = await headgate(["ledger", "prune", "--days", days, "-e", "test"], { env, cwd: folder });
    assert.notEqual(refused.code, 0, `--days "${days}"\n${refused.text}`);
    assert.match(refused.text, /--days is a number from 0 to 36500/);
  }
  assert.deepEqual([await wrote(), await events()], [[1, 99], told], "what is no number of days deletes nothing");
  const prune = await headgate(["ledger", "prune", "--days", "0", "-e", "test"], { env, cwd: folder });
  assert.equal(prune.code, 0, prune.text);
  assert.match(prune.text, /headgate.kept_1/);
  assert.match(prune.text, /\d+ notes of what steps wrote deleted/);
  assert.deepEqual(await wrote(), [99]);
  assert.equal((await kept(database)).length, 1);
  await cluster.query(database, "DROP TABLE headgate.kept_1");
  const gone = await headgate(["ledger", "uninstall", "-e", "test"], { env, cwd: folder });
  assert.equal(gone.code, 0, gone.text);
});
