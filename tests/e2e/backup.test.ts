/** backup: what was dumped can be restored, and what cannot is found out before it is needed. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type CliResult, headgate, start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { waitUntil } from "../lib/wait";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start({ createdb: true });
});
after(() => cluster.stop());

interface Stage {
  folder: string;
  database: string;
  home: string;
  env: Record<string, string>;
}

const STEP = 'step "one" { up = "CREATE TABLE one (n int)", down = "DROP TABLE one" }';

async function prepare(backup: string, sql = ""): Promise<Stage> {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE items (id int PRIMARY KEY, name text)");
  await cluster.query(database, "INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 500) AS n");
  if (sql !== "") await cluster.query(database, sql);
  const home = temporary("home");
  const folder = writePlan({ "plan.lua": `plan "p" { doc = "d", phase "f" { ${STEP}, backup "before" ${backup} } }` });
  return { folder, database, home, env: { ...cluster.env(database), HEADGATE_HOME: home } };
}

const run = ({ folder, env }: Stage): Promise<CliResult> => headgate(["run", folder, "-e", "test", "--yes"], { env });
const scratch = async (): Promise<unknown[]> =>
  (await cluster.query("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'headgate_restore_%'")).map((row) => row["datname"]);
const detail = async ({ database }: Stage): Promise<Record<string, unknown>> =>
  (await cluster.query(database, "SELECT detail FROM headgate.step WHERE path = 'f/before'"))[0]?.["detail"] as Record<string, unknown>;

test("a restore test restores, compares, is evidence, and leaves nothing behind", async () => {
  for (const backup of ["{ restore_test = true }", "{ restore_test = { digests = true, jobs = 2 } }"]) {
    const stage = await prepare(backup, `
      CREATE TABLE "odd ""name" ("headgate_row" text);
      INSERT INTO "odd ""name" VALUES ('x'), (NULL);
      CREATE TABLE parts (n int) PARTITION BY LIST (n);
      CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
      INSERT INTO parts VALUES (1), (1)`);
    const result = await run(stage);
    assert.equal(result.code, 0, result.text);
    const { verdict, text, restore } = (await detail(stage)) as { verdict: string; text: string; restore: Record<string, unknown> };
    assert.equal(verdict, "pass");
    assert.match(text, /listed by pg_restore; restored into a scratch database in .*: 4 tables with 504 rows/);
    assert.match(text, backup.includes("digests") ? /all counts and contents as dumped/ : /all counts as dumped/);
    assert.equal(restore["rows"], 504);
    assert.deepEqual(await scratch(), []);
  }
});

test("writes of the application meanwhile change nothing about the verdict", async () => {
  const stage = await prepare("{ restore_test = { digests = true } }");
  let stop = false;
  const writes = (async () => {
    for (let id = 1000; !stop; id += 1) await cluster.query(stage.database, "INSERT INTO items VALUES ($1, 'new')", [String(id)]);
  })();
  const result = await run(stage);
  stop = true;
  await writes;
  assert.equal(result.code, 0, result.text);
});

test("a dump that cannot be restored fails the step, and says why", async () => {
  const stage = await prepare("{ restore_test = true }", `
    CREATE FUNCTION known(int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT 1 FROM items WHERE id = $1); END';
    CREATE TABLE uses (item int CHECK (known(item)));
    INSERT INTO uses VALUES (1)`);
  const result = await run(stage);
  assert.equal(result.code, 1, result.text);
  assert.match(result.text, /the restore test fails: pg_restore failed: .*relation "items" does not exist/s);
  assert.deepEqual(await scratch(), [], "dropped whatever happens");
});

test("a table whose rows are other ones after the restore fails the step", async () => {
  // a stored column that is said to be immutable, and is not
  const stage = await prepare("{ restore_test = { digests = true } }", `
    CREATE FUNCTION here(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.current_database()::text';
    CREATE TABLE liar (n int, place text GENERATED ALWAYS AS (here(n)) STORED);
    INSERT INTO liar VALUES (1), (2)`);
  const result = await run(stage);
  assert.equal(result.code, 4, result.text);
  assert.match(result.text, /the 2 rows of public\.liar are other ones after they were restored/);
  assert.deepEqual(await scratch(), []);
});

test("without CREATEDB nothing begins: the message says what to do", async () => {
  await cluster.administer("postgres", "CREATE ROLE plain LOGIN");
  const stage = await prepare("{ restore_test = true }");
  await cluster.query(stage.database, `GRANT ALL ON DATABASE "${stage.database}" TO plain`);
  await cluster.query(stage.database, "GRANT ALL ON SCHEMA public TO plain");
  await cluster.query(stage.database, "GRANT ALL ON ALL TABLES IN SCHEMA public TO plain");
  const user = { ...stage, env: { ...stage.env, PGUSER: "plain" } };
  const refused = await run(user);
  assert.equal(refused.code, 4, refused.text);
  assert.match(refused.text, /the role plain may not create databases: ALTER ROLE plain CREATEDB/);
  const there = await cluster.query(stage.database, "SELECT to_regclass('one') AS one");
  assert.equal(there[0]?.["one"], null, "the step before the backup was not done");
  await cluster.administer("postgres", "ALTER ROLE plain CREATEDB");
  const retried = await headgate(["retry", "1", "-e", "test"], { env: user.env, cwd: stage.folder });
  assert.equal(retried.code, 0, retried.text);
});

test("a runner dies in the middle: the next one drops what was left, and tests again", async () => {
  const stage = await prepare("{ restore_test = true }", `
    CREATE FUNCTION slow(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
      'BEGIN IF pg_catalog.current_database() LIKE ''headgate%'' THEN PERFORM pg_catalog.pg_sleep(600); END IF; RETURN true; END';
    CREATE TABLE slowly (n int CHECK (slow(n)));
    INSERT INTO slowly VALUES (1)`);
  const first = start(["run", stage.folder, "-e", "test", "--yes"], { env: stage.env });
  await waitUntil("it restores", async () => {
    assert.ok(first.alive, first.stdout + first.stderr);
    return (await cluster.query("postgres", "SELECT 1 FROM pg_stat_activity WHERE datname LIKE 'headgate_restore_%' AND query LIKE 'COPY%'")).length > 0;
  });
  for (const { pid } of processesOf(stage.home)) killNow(pid);
  await first.exited;
  const [left] = await scratch();
  assert.match(String(left), /^headgate_restore_1_[0-9a-f]{24}$/);
  await cluster.query(stage.database, "ALTER TABLE slowly DROP CONSTRAINT slowly_n_check");
  await cluster.query(stage.database, "UPDATE headgate.lease SET until = clock_timestamp() - interval '1 second'");
  const resumed = await headgate(["resume", "1", "-e", "test"], { env: stage.env, cwd: stage.folder });
  assert.equal(resumed.code, 0, resumed.text);
  assert.match(resumed.text, /drops the scratch database headgate_restore_1_/);
  assert.deepEqual(await scratch(), []);
});

test("the keys of a restore test are checked when the plan is loaded", async () => {
  for (const [keys, said] of [['{ restore_test = "yes" }', "true or false, or a table, got text"], ["{ restore_test = { digest = true } }", "did you mean digests?"], ["{ restore_test = { jobs = 0 } }", "at least 1"]] as const) {
    const folder = writePlan({ "plan.lua": `plan "p" { doc = "d", phase "f" { backup "b" ${keys} } }` });
    const check = await headgate(["check", folder, "-e", "test"], {});
    assert.notEqual(check.code, 0, keys);
    assert.match(check.text, /plan\.lua:1/);
    assert.ok(check.text.includes(said), check.text);
  }
});

/* ------------------------------------------------------------------ another tool's proof */

const ago = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();
const program = (lines: string): Record<string, string> => ({ "bin/last-backup": `#!/bin/sh\n${lines}\n` });

async function prepareProof(keys: string, files: Record<string, string>): Promise<Stage> {
  const stage = await prepare("{ }");
  const backup = `backup "before" { proof = { command = { "bin/last-backup" }, ${keys} } }`;
  return { ...stage, folder: writePlan({ "plan.lua": `plan "p" { doc = "d", phase "f" { ${backup}, ${STEP} } }`, ...files }) };
}

test("a proof that is young enough is accepted, as evidence with its time and name", async () => {
  for (const [keys, lines, said] of [
    ['max_age = "24h"', `echo '{"time": "${ago(3)}", "id": "20261121-F"}'`, /bin\/last-backup says that backup 20261121-F was taken at .*Z, 3h.* ago; at most 1d/],
    ['max_age = "24h", time = "/0/stop", id = "/0/label"', `echo '[{"stop": ${Math.floor(Date.now() / 1000) - 60}, "label": 7}]'`, /backup 7 was taken at .*Z, 1m.* ago/],
    ['max_age = "2h"', `printf '%s\\n' "${ago(50)}" " ${ago(1)}" "" "${ago(26)}"`, /backup was taken at .*Z, 1h.* ago; at most 2h/],
    ['max_age = "2h", env = { WHEN = "' + ago(0) + '" }', 'echo "$WHEN"', /backup was taken at/],
  ] as const) {
    const stage = await prepareProof(keys, program(lines));
    const result = await run(stage);
    assert.equal(result.code, 0, result.text);
    const found = await detail(stage);
    assert.equal(found["verdict"], "pass");
    assert.match(String(found["text"]), said);
    assert.match(String((found["proof"] as Record<string, unknown>)["time"]), /^20\d\d-.*Z$/);
    assert.equal(found["file"], undefined, "nothing was dumped");
  }
});

test("no proof, no run: too old, from the future, not there, not readable, late, or said by nobody", async () => {
  for (const [keys, lines, said] of [
    ['max_age = "24h"', `echo ${ago(25)}`, /was taken at .*Z, 1d1h.* ago; at most 1d\. Make one .*headgate retry 1/],
    ['max_age = "24h"', `echo ${ago(-2)}`, /from now: clocks differ/],
    ['max_age = "24h"', "echo no such stanza >&2; exit 3", /bin\/last-backup ended with exit code 3: no such stanza/],
    ['max_age = "24h"', "echo yesterday evening", /prints what is no time: .*yesterday evening/],
    ['max_age = "24h"', "", /prints no time/],
    ['max_age = "24h"', `echo '{"taken": "${ago(1)}"}'`, /has no time at \/time/],
    ['max_age = "24h"', `echo '{"time": "${ago(1)}"'`, /no proof of a backup: bin\/last-backup prints/],
    ['max_age = "24h", timeout = "300ms"', "exec sleep 600", /it ran longer than 300ms and was killed/],
  ] as const) {
    const stage = await prepareProof(keys, program(lines));
    const result = await run(stage);
    assert.equal(result.code, 4, result.text);
    assert.match(result.text, said);
    assert.equal((await cluster.query(stage.database, "SELECT to_regclass('one') AS one"))[0]?.["one"], null, "no effect without a backup");
  }
  const missing = await run(await prepareProof('max_age = "24h"', {}));
  assert.notEqual(missing.code, 0);
  assert.match(missing.text, /the plan has no file "bin\/last-backup"/);
});

test("after a backup was made, retry goes on", async () => {
  const stage = await prepareProof('max_age = "1h"', program('cat "$HOME/last"'));
  const env = { ...stage.env, HOME: stage.home };
  writeFileSync(join(stage.home, "last"), ago(30));
  assert.equal((await run({ ...stage, env })).code, 4);
  writeFileSync(join(stage.home, "last"), ago(0));
  const retried = await headgate(["retry", "1", "-e", "test"], { env, cwd: stage.folder });
  assert.equal(retried.code, 0, retried.text);
});

test("the keys of a proof and of retain are checked when the plan is loaded", async () => {
  for (const [keys, said] of [
    ['{ proof = { command = { "x" } } }', "max_age"],
    ['{ proof = { max_age = "1h" } }', "command"],
    ['{ proof = { command = { "x" }, max_age = "1h" }, restore_test = true }', "nothing is dumped here"],
    ["{ retain = 30 }", "a duration like"],
    ["{ retain = { } }", "retain names nothing to keep"],
    ["{ retain = { daily = 0 } }", "at least 1"],
    ["{ retain = { dayly = 3 } }", "did you mean daily?"],
  ] as const) {
    const folder = writePlan({ "plan.lua": `plan "p" { doc = "d", phase "f" { backup "b" ${keys} } }` });
    const check = await headgate(["check", folder, "-e", "test"], {});
    assert.notEqual(check.code, 0, keys);
    assert.match(check.text, /plan\.lua:1/);
    assert.ok(check.text.includes(said), check.text);
  }
});

/* ------------------------------------------------------------------ which of them stay */

interface Row {
  run: number;
  file: string;
  verdict: string;
}

/** A series of runs, each older than the next, that keep by the same rule. */
async function series(rule: string, daysAgo: number[]): Promise<Stage> {
  const stage = await prepare(`{ retain = ${rule} }`);
  for (const [index, days] of daysAgo.entries()) {
    const result = await headgate(["run", stage.folder, "-e", "test", "--yes", "--again"], { env: stage.env });
    assert.equal(result.code, 0, result.text);
    await cluster.query(stage.database, "DROP TABLE one");
    const parameters = [String(index + 1), String(days)];
    await cluster.query(stage.database, "UPDATE headgate.step SET finished_at = date_trunc('day', now()) - make_interval(days => $2) WHERE run = $1 AND kind = 'backup'", parameters);
  }
  return stage;
}
const backup = (stage: Stage, ...parts: string[]): Promise<CliResult> => headgate(["backup", ...parts, "-e", "test"], { env: stage.env, cwd: stage.folder });
async function rows(stage: Stage, ...parts: string[]): Promise<Row[]> {
  const result = await backup(stage, ...parts, "--json");
  assert.equal(result.code, 0, result.text);
  return JSON.parse(result.stdout) as Row[];
}
const verdicts = (all: Row[]): Record<number, string> => Object.fromEntries(all.map(({ run, verdict }) => [run, verdict]));

test("prune says what would go, deletes only with --yes, and only what the ledger knows", async () => {
  const stage = await series("{ daily = 2 }", [5, 5, 4, 3]);
  const foreign = join(stage.home, "backups/by-hand.dump");
  writeFileSync(foreign, "mine");
  const wanted = { 4: "kept", 3: "kept", 2: "goes", 1: "goes" };
  assert.deepEqual(verdicts(await rows(stage, "list")), wanted);
  const said = await backup(stage, "prune");
  assert.match(said.stdout, /p "f\/before" in .*: 2 daily\n  goes .*\n  goes .*\n2 backups stay; 2 would be deleted: headgate backup prune --yes does it\n1 other file is left alone in .*: not known to this ledger/);
  assert.equal(readdirSync(join(stage.home, "backups")).length, 5, "saying is not doing");

  const before = await rows(stage, "list");
  writeFileSync(before.find(({ run }) => run === 2)?.file ?? "", "somebody wrote over it");
  assert.match((await backup(stage, "prune", "--yes")).stdout, /2 backups stay; 1 deleted/);
  assert.deepEqual(verdicts(await rows(stage, "list")), { ...wanted, 2: "changed", 1: "gone" });
  assert.equal(readFileSync(foreign, "utf8"), "mine");
  assert.equal((await rows(stage, "prune", "--yes")).filter(({ verdict }) => verdict === "deleted").length, 0, "again changes nothing");
});

test("a dump stays while its run has not ended, while its step had no rule, and on another machine", async () => {
  const stage = await series('"3d"', [9, 2]);
  assert.deepEqual(verdicts(await rows(stage, "list")), { 2: "kept", 1: "goes" });
  await cluster.query(stage.database, "UPDATE headgate.run SET state = 'paused', finished_at = NULL WHERE id = 1");
  assert.deepEqual(verdicts(await rows(stage, "prune", "--yes")), { 2: "kept", 1: "unended" });
  await cluster.query(stage.database, "UPDATE headgate.run SET state = 'done' WHERE id = 1");
  const elsewhere = { ...stage, env: { ...stage.env, HEADGATE_HOME: temporary("home") } };
  assert.deepEqual(verdicts(await rows(elsewhere, "prune", "--yes")), { 2: "elsewhere", 1: "elsewhere" });
  await cluster.query(stage.database, "UPDATE headgate.step SET detail = detail - 'retain' WHERE run = 1 AND kind = 'backup'");
  assert.deepEqual(verdicts(await rows(stage, "prune", "--yes")), { 2: "kept", 1: "no_rule" });
});

test("what was promised when a dump was made holds although the rule is another one now", async () => {
  const stage = await series('"3d"', [9, 2]);
  await cluster.query(stage.database, `UPDATE headgate.step SET detail = jsonb_set(detail, '{retain}', '"365d"') WHERE run = 1 AND kind = 'backup'`);
  assert.deepEqual(verdicts(await rows(stage, "prune", "--yes")), { 2: "kept", 1: "kept" });
  assert.equal((await backup(stage, "remove")).code, 2);
});
