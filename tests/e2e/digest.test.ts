/** Digests of large tables: read in parts, with progress; the next runner goes on where the one before it died. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type CliResult, headgate } from "../lib/cli";
import { Cluster, needsSuperuser } from "../lib/cluster";
import { noFaults } from "../lib/faults";
import { fsckLines } from "../lib/fsck";
import { temporary, writePlan } from "../lib/plan";

const ROWS = 20_000;

/** Two tables that say they are large: read in parts of some of their about hundred ranges. */
const TABLES = `
  CREATE TABLE event (id int PRIMARY KEY, note text NOT NULL) WITH (autovacuum_enabled = false);
  INSERT INTO event SELECT n, 'n' || n FROM generate_series(1, ${ROWS}) AS n;
  CREATE TABLE copy (LIKE event INCLUDING ALL) WITH (autovacuum_enabled = false);
  INSERT INTO copy SELECT * FROM event ORDER BY id;
  ANALYZE event; ANALYZE copy;
  UPDATE pg_class SET reltuples = 3000000 WHERE oid IN ('event'::regclass, 'copy'::regclass)`;
const SKIP = needsSuperuser("tables that say they are larger than they are");

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

interface Scene {
  database: string;
  folder: string;
  env: Record<string, string>;
}

async function prepare(steps: string): Promise<Scene> {
  const database = await cluster.database();
  await cluster.query(database, TABLES);
  const folder = writePlan({ "plan.lua": `plan "large" { doc = "Large tables", phase "p" { ${steps} } }` });
  const env = cluster.env(database);
  const installed = await headgate(["ledger", "install", "-e", "test"], { env, cwd: folder });
  assert.equal(installed.code, 0, installed.text);
  return { database, folder, env };
}

const run = (scene: Scene, env: Record<string, string> = {}): Promise<CliResult> =>
  headgate(["run", scene.folder, "-e", "test", "--yes"], { env: { ...scene.env, ...env } });

/** Runs sql in the transaction that keeps the first part: after it was read, before the runner dies or goes on. */
async function whenFirstPartIsKept(scene: Scene, sql: string): Promise<void> {
  await cluster.query(
    scene.database,
    `CREATE FUNCTION public.between() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$ BEGIN ${sql}; RETURN NULL; END $$;
     CREATE TRIGGER between AFTER INSERT ON headgate.digest FOR EACH ROW EXECUTE FUNCTION public.between()`,
  );
}

interface Progress {
  phase: string | null;
  epoch: number;
  done: number;
  total: number;
}

const progress = async (scene: Scene): Promise<Progress[]> =>
  (await cluster.query(scene.database, "SELECT data->>'phase' AS phase, epoch::int, (data->>'done')::int AS done, (data->>'total')::int AS total FROM headgate.event WHERE type = 'step.progress' ORDER BY seq")) as unknown as Progress[];
const verdict = async (scene: Scene): Promise<string> =>
  String((await cluster.query(scene.database, "SELECT data ->> 'text' AS text FROM headgate.event WHERE type = 'check.result' ORDER BY seq DESC LIMIT 1"))[0]?.["text"]);

test("progress is told part by part, and ends with all rows", { skip: SKIP }, async () => {
  const scene = await prepare('verify "same" { checksums = { table = "event", equals = "copy" } }');
  const ran = await run(scene);
  assert.equal(ran.code, 0, ran.text);
  assert.equal(await verdict(scene), `event and copy hold the same ${ROWS} rows`);
  const told = await progress(scene);
  assert.deepEqual(told.at(0), { phase: null, epoch: 1, done: 0, total: 6_000_000 });
  assert.deepEqual(told.at(-1), { phase: null, epoch: 1, done: 2 * ROWS, total: 2 * ROWS });
  assert.ok(told.length >= 4, JSON.stringify(told));
  assert.match(ran.text, /same \d+\/6000000 rows/);
});

test("what is there when the run starts is read part by part too", { skip: SKIP }, async () => {
  const scene = await prepare('verify "same" { checksums = { "event", "copy" } }');
  const ran = await run(scene);
  assert.equal(ran.code, 0, ran.text);
  assert.equal(await verdict(scene), `event: ${ROWS} rows as when the run started; copy: ${ROWS} rows as when the run started`);
  const all = { epoch: 1, done: ROWS, total: 3_000_000 };
  const told = await progress(scene);
  const bases = told.filter(({ phase }) => phase !== null);
  assert.deepEqual(bases.filter(({ done }) => done === ROWS), [1, 2].map(() => ({ phase: "reading what is there at the start", ...all })));
  assert.ok(bases.length >= 4, JSON.stringify(bases));
  assert.deepEqual(told.at(-1), { phase: null, epoch: 1, done: 2 * ROWS, total: 2 * ROWS });
});

/** The first runner dies behind the first part, the second loses a connection behind the second. */
async function killedOnTheWay(scene: Scene, what: Partial<Record<"behind" | "ahead", string>>): Promise<CliResult> {
  await whenFirstPartIsKept(scene, [what.behind, what.ahead].filter(Boolean).join("; ") || "NULL");
  const once = join(temporary("faults"), "once");
  const ran = await run(scene, {
    HEADGATE_FAULT: "runner/data_digest_keep.after_commit:1,runner/data_digest_keep.before:1:dropconn",
    HEADGATE_FAULT_ONCE: once,
  });
  assert.deepEqual([0, 1].map((nth) => existsSync(`${once}.${nth}`)), [true, true], "both runners were stopped where they should be");
  return ran;
}

/** The last runner began with what was kept, and read only the rest. */
async function assertWentOn(scene: Scene, kept: number, all: number): Promise<void> {
  const everything = await progress(scene);
  const last = Math.max(...everything.map(({ epoch }) => Number(epoch)));
  const told = everything.filter(({ epoch }) => Number(epoch) === last);
  assert.equal(told.at(0)?.done, kept, JSON.stringify(told));
  assert.equal(told.at(-1)?.done, all, JSON.stringify(told));
  assert.deepEqual(await fsckLines(scene.env, scene.folder, "test"), []);
}

test("two tables: parts that were compared are not read again, whoever dies; each range is judged as it was when it was read", { skip: SKIP || noFaults || false }, async () => {
  const pair = 'check "same" { checksums = { table = "event", equals = "copy" } }'; // a check that fails can be retried
  const behind = "UPDATE copy SET note = 'changed' WHERE id = 3";
  const unseen = await prepare(pair);
  const good = await killedOnTheWay(unseen, { behind });
  assert.equal(good.code, 0, good.text);
  const text = await verdict(unseen);
  assert.match(text, /^event and copy hold the same 20000 rows; \d+ rows were compared before an interruption, from \d{4}-\d\d-\d\dT[0-9:.]+Z on$/);
  const kept = Number(/; (\d+) rows/.exec(text)?.[1]);
  assert.ok(kept > 500 && kept < 5000, text);
  await assertWentOn(unseen, 2 * kept, 2 * ROWS);
  const seen = await prepare(pair);
  const bad = await killedOnTheWay(seen, { behind, ahead: "UPDATE copy SET note = 'changed' WHERE id = 19000" });
  assert.notEqual(bad.code, 0);
  assert.match(await verdict(seen), /^event and copy differ: 20000 and 20000 rows; 19000 differs; \d+ rows were compared before/);
  // somebody asks for another attempt: all of it is read again, and both rows are found
  const retried = await headgate(["retry", "1", "-e", "test"], { env: seen.env, cwd: seen.folder });
  assert.notEqual(retried.code, 0, retried.text);
  assert.equal(await verdict(seen), "event and copy differ: 20000 and 20000 rows; 3 differs, 19000 differs");
});

test("one table, as when the run started: the next runner goes on, and a row changed ahead of it is found", { skip: SKIP || noFaults || false }, async () => {
  const same = 'verify "same" { checksums = "event" }';
  const unseen = await prepare(same);
  const good = await killedOnTheWay(unseen, {});
  assert.equal(good.code, 0, good.text);
  const kept = Number(/^event: 20000 rows as when the run started; (\d+) rows were compared before an interruption/.exec(await verdict(unseen))?.[1]);
  await assertWentOn(unseen, kept, ROWS);
  const seen = await prepare(same);
  const bad = await killedOnTheWay(seen, { ahead: "UPDATE event SET note = 'changed' WHERE id = 19000" });
  assert.notEqual(bad.code, 0);
  assert.match(await verdict(seen), /^event is not as when the run started: 20000 rows, as then; it differs behind \d+ up to \d+; \d+ rows were compared before/);
});
