/** Tasks and checks that go wrong: a timeout, an error that pcall caught, SQL that ends in ";" or a comment. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type CliResult, headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

/** Runs a plan with one phase "p" of these nodes, in a database of its own with a table `seen`. */
async function runOf(nodes: string): Promise<{ run: CliResult; database: string; seen: unknown[]; state: unknown }> {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE seen (what text PRIMARY KEY)");
  const folder = writePlan({ "plan.lua": `plan "p" {\n  doc = "a test",\n  phase "p" {\n${nodes}\n  },\n}\n` });
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env: cluster.env(database) });
  const seen = (await cluster.query(database, "SELECT what FROM seen ORDER BY what")).map((row) => row["what"]);
  const steps = await cluster.query(database, "SELECT state FROM headgate.step WHERE path = 'p/t'");
  return { run, database, seen, state: steps[0]?.["state"] };
}

const insert = (what: string): string => `db:exec("INSERT INTO seen VALUES ('${what}')")`;
const task = (body: string, more = ""): string => `    task "t" {\n      run = function(db)\n${body}\n      end,\n      one_way = "a test",${more}\n    },`;

test("a task that waits for SQL longer than its timeout fails, and nothing of it stays", async () => {
  const { run, seen, state } = await runOf(task(`${insert("before")}\n db:query("SELECT pg_sleep(3600)")`, '\n timeout = "300ms",'));
  assert.notEqual(run.code, 0);
  assert.match(run.text, /plan\.lua:10:\d+: the task took longer than its timeout of 300ms: its transaction was rolled back/);
  assert.deepEqual(seen, []);
  assert.equal(state, "failed");
});

test("no pcall holds a task whose time is up", async () => {
  const { run, seen } = await runOf(
    task(`${insert("before")}\n while true do pcall(db.query, db, "SELECT pg_sleep(3600)") end`, '\n timeout = "300ms",'),
  );
  assert.match(run.text, /longer than its timeout of 300ms/);
  assert.deepEqual(seen, []);
});

test("a task outside of a transaction is ended while it sleeps", async () => {
  const { run, seen, state } = await runOf(task(`${insert("before")}\n sleep "1h"`, '\n timeout = "300ms", transaction = false,'));
  assert.match(run.text, /longer than its timeout of 300ms: what it did until then stays/);
  assert.deepEqual(seen, ["before"]);
  assert.equal(state, "failed");
});

test("a task within its timeout is done", async () => {
  const { run, seen, state } = await runOf(task(insert("in time"), '\n timeout = "1m",'));
  assert.equal(run.code, 0, run.text);
  assert.deepEqual(seen, ["in time"]);
  assert.equal(state, "done");
});

test("what a task returns and a check finds is kept whole with its step, and events tell that it is large", async () => {
  const check = `    check "c" { sql = "SELECT repeat('y', 200000)", equals = string.rep("y", 200000) },`;
  const { run, database } = await runOf(`${task(' return string.rep("x", 200000)')}\n${check}`);
  assert.equal(run.code, 0, run.text);
  const [kept] = await cluster.query(
    database,
    "SELECT length(detail ->> 'run') AS returned, (SELECT length(detail ->> 'value') FROM headgate.step WHERE path = 'p/c') AS found FROM headgate.step WHERE path = 'p/t'",
  );
  assert.deepEqual(kept, { returned: 200_000, found: 200_000 });
  const told = await cluster.query(
    database,
    `SELECT type, node, octet_length(data::text) <= 16384 AS fits, ARRAY(SELECT jsonb_object_keys(data -> 'cut')) AS cut
     FROM headgate.event WHERE data ? 'cut' OR octet_length(data::text) > 16384 ORDER BY seq`,
  );
  assert.deepEqual(told, [
    { type: "step.state", node: "p/t", fits: true, cut: ["detail"] },
    { type: "check.result", node: "p/c", fits: true, cut: ["value"] },
    { type: "step.state", node: "p/c", fits: true, cut: ["detail"] },
  ]);
});

test("a database error that pcall caught is no success: nothing is committed, and the statement is named", async () => {
  const { run, seen, state } = await runOf(task(`${insert("kept?")}\n pcall(function() ${insert("kept?")} end)\n return "fine"`));
  assert.notEqual(run.code, 0);
  assert.match(run.text, /plan\.lua:7: duplicate key.*caught, but the transaction it failed in is aborted/);
  assert.deepEqual(seen, []);
  assert.equal(state, "failed");
});

test("a long line of the log is kept as far as the reference says, and one in another encoding is not lost", async () => {
  const { run, database } = await runOf(task(`log(("я"):rep(600)) log(("я"):rep(1100)) log("Gr\\xfc\\xdfe")`));
  assert.equal(run.code, 0, run.text);
  const lines = await cluster.query(database, "SELECT data->>'text' AS text FROM headgate.event WHERE type = 'log' ORDER BY seq");
  assert.deepEqual(lines.map((row) => row["text"]), ["я".repeat(600), "я".repeat(1000), "Gr??e"]);
});

test("a check tells as much of a long value as fits", async () => {
  const found = await runOf(`check "t" { no_rows = "SELECT repeat('标题', 100)" },`);
  assert.match(found.run.text, /1 row\(s\) where none may be; the first has repeat = (标题){20}/);
  const compared = await runOf(`check "t" { sql = "SELECT repeat('я', 300) || 'x'", equals = "x" .. ("я"):rep(300) },`);
  assert.match(compared.run.text, /я{20}.*; it must be xя{20}/);
  for (const { database } of [found, compared]) {
    const [told] = await cluster.query(database, "SELECT data->>'text' AS text FROM headgate.event WHERE data->>'verdict' = 'fail'");
    assert.match(String(told?.["text"]), /标题|яя/);
  }
});

test("checks take SQL that ends in a semicolon and a comment", async () => {
  const { run } = await runOf(`
    check "one" { no_rows = "SELECT * FROM seen;" },
    check "two" { no_rows = [[
      -- nobody was seen
      SELECT * FROM seen -- at all; really
    ]] },
    check "three" { no_rows = "SELECT * FROM seen; -- done" },
    check "four" { sql = "SELECT count(*) FROM seen; -- done", equals = 0 },
    step "five" {
      up = "ALTER TABLE seen ADD COLUMN n int", down = "ALTER TABLE seen DROP COLUMN n",
      proof = { no_rows = "SELECT * FROM seen; -- still nobody" },
    },
    verify "six" { no_rows = "SELECT 1 AS a, 1 AS a WHERE false /* none */;" },`);
  assert.equal(run.code, 0, run.text);
});
