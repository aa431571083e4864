/** Targets that are not fit, and steps that fail on them: a clear error, and nothing is lost. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { type CliResult, headgate, start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";
import { waitUntil } from "../lib/wait";
import { oldServer, pooler } from "../lib/wire";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

const planOf = (body: string): string => writePlan({ "plan.lua": `plan "p" {\n  doc = "test",\n  phase "a" {\n${body}\n  },\n}\n` });
const STEP = '    step "s" { up = "CREATE TABLE made (id int)", down = "DROP TABLE made" },';

async function run(folder: string, env: Record<string, string>): Promise<CliResult> {
  return headgate(["run", folder, "-e", "test", "--yes"], { env });
}

async function refused(folder: string, env: Record<string, string>, says: RegExp): Promise<CliResult> {
  const result = await run(folder, env);
  assert.notEqual(result.code, 0, `accepted: ${result.text}`);
  assert.equal(result.signal, null, result.text);
  assert.match(result.text, says);
  return result;
}

test("a target that is unreachable", async () => {
  await refused(planOf(STEP), { PGHOST: "/nonexistent", PGDATABASE: "x" }, /cannot reach|unreachable|No such file or directory/i);
});

test("a database that does not exist", async () => {
  await refused(planOf(STEP), cluster.env("nowhere"), /database "nowhere" does not exist/);
});

test("a server of an older version", async () => {
  const host = await oldServer("12.3");
  await refused(planOf(STEP), { PGHOST: host, PGUSER: "x", PGDATABASE: "x" }, /PostgreSQL 12\.3 is too old: Headgate needs 13 or newer/);
});

test("a server behind a pooler", async () => {
  const database = await cluster.database();
  const host = await pooler(cluster.folder);
  await refused(planOf(STEP), { ...cluster.env(database), PGHOST: host }, /pooler/);
  assert.deepEqual(await cluster.query(database, "SELECT to_regclass('made')::text AS t"), [{ t: null }]);
});

test("a role without privileges", async () => {
  const database = await cluster.database();
  await cluster.administer(database, "CREATE ROLE nobody_special LOGIN");
  await refused(planOf(STEP), { ...cluster.env(database), PGUSER: "nobody_special" }, /permission|privilege|CREATE on database/i);
});

test("a role that does not exist", async () => {
  const database = await cluster.database();
  await refused(planOf(STEP), { ...cluster.env(database), PGUSER: "no_such_role" }, /role "no_such_role" does not exist/);
});

test("a step that fails half-way leaves nothing, and goes on after retry", async () => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE given (id int); INSERT INTO given VALUES (1), (1)");
  const folder = writePlan({
    "plan.lua": 'plan "p" { doc = "d", phase "a" { step "s" { up = file "sql/1.sql", one_way = "test" } } }',
    "sql/1.sql": "CREATE TABLE made (id int);\n\nCREATE UNIQUE INDEX given_id ON given (id);\n",
  });
  const result = await refused(folder, cluster.env(database), /sql\/1\.sql:3.*could not create unique index "given_id"/s);
  assert.match(result.text, /headgate (retry|resume|rollback)/, "says how to go on");
  assert.deepEqual(await cluster.query(database, "SELECT to_regclass('made')::text AS t"), [{ t: null }]);

  await cluster.query(database, "DELETE FROM given");
  const retry = await headgate(["retry", "1", "-e", "test"], { env: cluster.env(database), cwd: folder });
  assert.equal(retry.code, 0, retry.text);
  assert.deepEqual(await cluster.query(database, "SELECT to_regclass('made')::text AS t"), [{ t: "made" }]);
});

test("COMMIT hidden in a procedure is noticed before the ledger is written", async () => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE PROCEDURE sneaky() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$");
  await refused(planOf('    step "s" { up = "CALL sneaky()", one_way = "test" },'), cluster.env(database), /invalid transaction termination|transaction/);
});

test("row-level security that would hide rows", async () => {
  const database = await cluster.database();
  await cluster.administer(database, "CREATE ROLE limited LOGIN");
  await cluster.query(
    database,
    `GRANT CREATE ON DATABASE ${database} TO limited; GRANT ALL ON SCHEMA public TO limited;
     CREATE TABLE t (id int PRIMARY KEY, c int); INSERT INTO t SELECT n FROM generate_series(1, 10) n;
     ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY three ON t USING (id <= 3); GRANT ALL ON t TO limited`,
  );
  const folder = planOf('    backfill "t.c" { where = "c IS NULL", map = function(row) return { c = row.id } end },');
  await refused(folder, { ...cluster.env(database), PGUSER: "limited" }, /row-level security|row security/i);
  const rows = await cluster.query(database, "SELECT count(c)::int AS n FROM t");
  assert.equal(rows[0]?.["n"], 0, "not a silent 3 of 10");
});

test("a table without a usable key", async () => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE t (id int, c int); CREATE UNIQUE INDEX t_id ON t (id)");
  const backfill = (key: string): string =>
    planOf(`    backfill "t.c" { ${key}where = "c IS NULL", map = function(row) return { c = 1 } end },`);
  await refused(backfill(""), cluster.env(database), /t.*primary key/);
  await cluster.drop(database);
  const other = await cluster.database();
  await cluster.query(other, "CREATE TABLE t (id int, c int); CREATE UNIQUE INDEX t_id ON t (id)");
  await refused(backfill('key = "id", '), cluster.env(other), /id.*(null|NOT NULL)/i);
});

test("a row whose map raises goes to the review queue with file and line", async () => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE t (id int PRIMARY KEY, c int); INSERT INTO t SELECT n FROM generate_series(1, 10) n");
  const folder = planOf(`    backfill "t.c" {
      where = "c IS NULL",
      map = function(row)
        if row.id == 7 then error("seven is bad") end
        return { c = row.id }
      end,
    },
    verify "queue" { ambiguous = 0 },`);
  const result = await headgate(["run", folder, "-e", "test", "--yes", "--no-wait"], { env: cluster.env(database) });
  assert.ok(result.code === 6 || result.code === 7, `exit ${result.code}: ${result.text}`);
  const done = await cluster.query(database, "SELECT count(c)::int AS n FROM t");
  assert.equal(done[0]?.["n"], 9);
  const log = await headgate(["log", "1", "-e", "test", "--json"], { env: cluster.env(database), cwd: folder });
  assert.match(log.text, /plan\.lua:7: seven is bad/);
  const queue = await cluster.query(database, "SELECT key::text, kind, before ->> 'id' AS id FROM headgate.queued_row");
  assert.deepEqual(queue, [{ key: "{7}", kind: "error", id: "7" }]);
});

test("a map that hangs in a pattern is ended, and said", async () => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE t (id int PRIMARY KEY, c int); INSERT INTO t VALUES (1)");
  const folder = planOf(`    backfill "t.c" {
      where = "c IS NULL",
      map = function() return { c = ("a"):rep(40):find(("a-"):rep(40) .. "b") } end,
    },`);
  const result = await headgate(["run", folder, "-e", "test", "--yes"], { env: cluster.env(database), timeoutMs: 120_000 });
  assert.notEqual(result.code, 0, result.text);
  assert.notEqual(result.signal, "SIGKILL", "it ended by itself");
  assert.match(result.text, /worker|silent|killed|longer than/);
});

test("a state database that goes away during a run", async () => {
  const own = await Cluster.start();
  try {
    const database = await own.database();
    await own.query(database, "CREATE TABLE t (id int PRIMARY KEY, c int); INSERT INTO t SELECT n FROM generate_series(1, 400) n");
    const folder = planOf('    backfill "t.c" { where = "c IS NULL", batch = 1, pause = "20ms", map = function(row) return { c = row.id } end },');
    const running = start(["run", folder, "-e", "test", "--yes"], { env: own.env(database) });
    await waitUntil("some rows are done", async () => {
      const exists = await own.query(database, "SELECT to_regclass('headgate.cursor')::text AS t").catch(() => []);
      if (!exists[0]?.["t"]) return false;
      return Number((await own.query(database, "SELECT count(c)::int AS n FROM t"))[0]?.["n"]) > 20;
    });
    await own.crash();
    const result = await running.ended;
    if (result.code !== 0) {
      assert.match(result.text, /headgate resume/, "says how to go on");
      const resumed = await headgate(["resume", "1", "-e", "test"], { env: own.env(database), cwd: folder });
      assert.equal(resumed.code, 0, resumed.text);
    }
    assert.deepEqual(await own.query(database, "SELECT id FROM t WHERE c IS DISTINCT FROM id"), []);
    const twice = await own.query(database, "SELECT sum(rows_changed)::int AS n FROM headgate.cursor");
    assert.equal(twice[0]?.["n"], 400);
  } finally {
    await own.stop();
  }
});

test("a port that is in use", async () => {
  const database = await cluster.database();
  const taken = createServer().listen(0, "127.0.0.1");
  await waitUntil("the port is taken", () => taken.listening);
  const { port } = taken.address() as AddressInfo;
  const result = await headgate(["serve", "-e", "test", "--listen", `127.0.0.1:${port}`], { env: cluster.env(database), cwd: planOf(STEP) });
  taken.close();
  assert.notEqual(result.code, 0, result.text);
  assert.match(result.text, new RegExp(`port ${port} is in use`));
});
