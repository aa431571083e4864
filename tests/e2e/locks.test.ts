/** Locks: short tries within a budget, the blocker's name, nobody kept waiting behind us, and proofs under their locks. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import type pg from "pg";
import { type CliProcess, headgate, start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";
import { waitUntil } from "../lib/wait";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

/** What a test that failed has left open would keep the others, and this file, from ending. */
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of open.splice(0).reverse()) await end();
});

async function connect(database: string): Promise<pg.Client> {
  const client = await cluster.connect(database);
  open.push(() => client.end().catch(() => undefined));
  return client;
}

function begin(folder: string, env: Record<string, string>): CliProcess {
  const run = start(["run", folder, "-e", "test", "--yes"], { env });
  open.push(() => run.alive && run.kill("SIGKILL"));
  return run;
}

const config = (target: string): string => `
version: 1
targets:
  app: { ${target} }
environments:
  test: { gates: auto }
`;

/** One step on the table items; target are settings of headgate.yaml. */
function plan(up: string, { target = "lock_timeout: 2s", more = "" } = {}): string {
  return writePlan({
    "headgate.yaml": config(target),
    "plan.lua": `
plan "locks" {
  doc = "One step that needs a lock",
  phase "change" {
    step "change items" { up = [[${up}]], down = "ALTER TABLE items DROP COLUMN IF EXISTS extra", ${more} },
  },
}`,
  });
}

async function prepared(): Promise<{ database: string; env: Record<string, string> }> {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE items (id integer PRIMARY KEY, name text); INSERT INTO items SELECT i, 'n' || i FROM generate_series(1, 100) AS i");
  return { database, env: cluster.env(database) };
}

/** Somebody who looked and went for a coffee. */
async function reader(database: string, sql = "SELECT count(*) FROM items WHERE name <> 'hunter2'"): Promise<pg.Client> {
  const client = await connect(database);
  await client.query("SET application_name = 'coffee'");
  await client.query("BEGIN");
  await client.query(sql);
  return client;
}

interface Waits {
  kind: string;
  path: string;
  who: string[];
  since: string;
  expires: string;
}

interface Lock {
  state: string;
  why: string;
  text: string;
  victims_total?: number;
  blockers?: { pid: number; application: string; query: string; state: string }[];
  waits?: { object: string; mode: string };
}

const locks = async (database: string): Promise<Lock[]> =>
  (await cluster.query(database, "SELECT data FROM headgate.event WHERE type = 'step.lock' ORDER BY seq").catch(() => [])).map((row) => row["data"] as Lock);

const columns = async (database: string): Promise<unknown[]> =>
  (await cluster.query(database, "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = 'items'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum")).map((row) => row["name"]);

test("a step that cannot have its locks names the blocker, changes nothing, and its next command works", async () => {
  const { database, env } = await prepared();
  const coffee = await reader(database);
  const pid = (await coffee.query("SELECT pg_backend_pid() AS pid")).rows[0].pid as number;
  await coffee.query("SELECT count(*) FROM items WHERE name <> 'hunter2'");
  const folder = plan("ALTER TABLE items ADD COLUMN extra integer", { more: 'lock_budget = "2s"' });
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env });
  assert.notEqual(run.code, 0, run.text);
  assert.match(run.text, /did not get its locks within 2s/);
  assert.match(run.text, new RegExp(`ACCESS EXCLUSIVE on public.items, behind pid ${pid} \\(coffee, user ${cluster.role}, idle in transaction`));
  assert.match(run.text, /SELECT count\(\*\) FROM items WHERE name <> \$1/, "the query is shown without its values");
  assert.doesNotMatch(run.text, /hunter2/);
  assert.deepEqual(await columns(database), ["id", "name"]);
  const error = await cluster.query(database, "SELECT error FROM headgate.step WHERE path = 'change/change items'");
  assert.match(JSON.stringify(error), new RegExp(`pg_terminate_backend\\(${pid}\\); then: headgate retry 1`), "the error says what to do");

  await cluster.query(database, `SELECT pg_terminate_backend(${pid})`);
  const retry = await headgate(["retry", "1", "-e", "test"], { env, cwd: folder });
  assert.equal(retry.code, 0, retry.text);
  assert.deepEqual(await columns(database), ["id", "name", "extra"]);
  await coffee.end().catch(() => undefined);
});

test("while it waits the run says for whom, and it goes on when the blocker is gone", async () => {
  const { database, env } = await prepared();
  const coffee = await reader(database);
  const folder = plan("ALTER TABLE items ADD COLUMN extra integer");
  const status = (...more: string[]) => headgate(["status", "1", "-e", "test", ...more], { env, cwd: folder });
  const waits = async () => (JSON.parse((await status("--json")).stdout) as { state: string; waits: Waits | null });
  const run = begin(folder, env);
  const [first] = await waitUntil("a try was refused", async () => {
    const told = await locks(database);
    return told.some((lock) => lock.blockers !== undefined && lock.blockers.length > 0) ? told.filter((lock) => lock.blockers?.length) : undefined;
  });
  assert.equal(first?.state, "waiting");
  assert.equal(first?.why, "lock_timeout");
  assert.deepEqual(first?.waits?.object, "public.items");
  assert.equal(first?.blockers?.[0]?.application, "coffee");
  assert.doesNotMatch(JSON.stringify(first), /hunter2/);
  const shown = await waits();
  assert.equal(shown.state, "running");
  assert.equal(shown.waits?.kind, "locks");
  assert.equal(shown.waits?.path, "change/change items");
  assert.match(shown.waits?.who[0] ?? "", /^pid \d+ \(coffee\)$/);
  assert.ok(Date.parse(shown.waits?.since ?? "") <= Date.now() && Date.parse(shown.waits?.expires ?? "") > Date.now(), "since when, and until when");
  assert.match((await status()).text, /change items waits since .* until .* at most: then the step fails/);
  await coffee.query("COMMIT");
  await coffee.end();
  const ended = await run.ended;
  assert.equal(ended.code, 0, ended.text);
  assert.deepEqual(await columns(database), ["id", "name", "extra"]);
  assert.equal((await waits()).waits, null);
});

test("a statement that others queue behind is withdrawn and tried again", async () => {
  const { database, env } = await prepared();
  const coffee = await reader(database);
  // waits of ours could last a minute: only the watch ends them
  const folder = plan("ALTER TABLE items ADD COLUMN extra integer", { target: "lock_timeout: 60s, victims: 2, victim_wait: 30s" });
  const run = begin(folder, env);
  const clients = await Promise.all([1, 2].map(() => connect(database)));
  let longestMs = 0;
  let stop = false;
  const loops = clients.map(async (client) => {
    while (!stop) {
      const began = Date.now();
      await client.query("SELECT count(*) FROM items");
      longestMs = Math.max(longestMs, Date.now() - began);
    }
  });
  await waitUntil("a try was withdrawn for its victims", async () => (await locks(database)).some((lock) => lock.why === "victims"), { timeoutMs: 60_000 });
  const told = (await locks(database)).find((lock) => lock.why === "victims");
  assert.equal(told?.victims_total, 2);
  assert.match(told?.text ?? "", /withdrawn, because 2 session\(s\) waited behind it; waits for ACCESS EXCLUSIVE on public.items, behind pid/);
  stop = true;
  await Promise.all(loops);
  assert.ok(longestMs < 20_000, `a reader waited ${longestMs} ms`);
  await coffee.query("COMMIT");
  const ended = await run.ended;
  assert.equal(ended.code, 0, ended.text);
  await Promise.all([...clients, coffee].map((client) => client.end()));
});

test("a statement that holds its lock while others wait is stopped at max_block", async () => {
  const { database, env } = await prepared();
  const folder = plan("ALTER TABLE items ADD COLUMN extra integer; SELECT pg_sleep(120)", { target: "max_block: 300ms" });
  const run = begin(folder, env);
  await waitUntil("our statement holds its lock", async () => {
    const held = await cluster.query(database, "SELECT 1 FROM pg_locks WHERE relation = 'items'::regclass AND mode = 'AccessExclusiveLock' AND granted");
    return held.length > 0;
  });
  const began = Date.now();
  const seen = await cluster.query(database, "SELECT count(*)::int AS n FROM items");
  assert.equal(seen[0]?.["n"], 100);
  assert.ok(Date.now() - began < 60_000, "the reader was not kept until the end");
  const ended = await run.ended;
  assert.notEqual(ended.code, 0, ended.text);
  assert.match(ended.text, /it held locks that 1 session\(s\) waited for.*max_block is 300ms/);
  assert.deepEqual(await columns(database), ["id", "name"]);
});

test("a proof is asked under its locks: a writer that began before cannot slip in", async () => {
  const { database, env } = await prepared();
  const folder = plan("ALTER TABLE items DROP COLUMN name", {
    target: "lock_timeout: 60s",
    more: 'proof = { no_rows = "SELECT id FROM items WHERE id > 100" }',
  });
  const writer = await connect(database);
  await writer.query("BEGIN");
  await writer.query("INSERT INTO items VALUES (101, 'in between')");
  const run = begin(folder, env);
  // the fifth try waits long: the writer commits inside of it, when a proof asked before the lock would have passed already
  await waitUntil("the fifth try waits for its lock", async () => {
    const waits = await cluster.query(database, "SELECT 1 FROM pg_locks WHERE relation = 'items'::regclass AND NOT granted");
    return waits.length > 0 && (await locks(database)).filter((lock) => lock.state === "waiting").length >= 4;
  }, { timeoutMs: 60_000 });
  await writer.query("COMMIT");
  await writer.end();
  const ended = await run.ended;
  assert.notEqual(ended.code, 0, ended.text);
  assert.match(ended.text, /its proof does not hold: 1 row\(s\) found, the first has id = 101/);
  assert.deepEqual(await columns(database), ["id", "name"]);
});

test("the tables that only the proof reads stand still too", async () => {
  const { database, env } = await prepared();
  await cluster.query(database, "CREATE TABLE orders (item integer); CREATE VIEW open_orders AS SELECT item FROM orders");
  const folder = plan("ALTER TABLE items DROP COLUMN name", { more: 'proof = { no_rows = "SELECT item FROM open_orders" }' });
  const writer = await connect(database);
  await writer.query("BEGIN");
  await writer.query("INSERT INTO orders VALUES (1)");
  const run = begin(folder, env);
  await waitUntil("the step waits for its lock", async () => (await locks(database)).some((lock) => lock.waits?.object === "public.orders"));
  await writer.query("ROLLBACK");
  await writer.end();
  const ended = await run.ended;
  assert.equal(ended.code, 0, ended.text);
  assert.deepEqual(await columns(database), ["id"]);
  const detail = await cluster.query(database, "SELECT detail -> 'proof' AS proof FROM headgate.step WHERE path = 'change/change items'");
  assert.deepEqual(detail[0]?.["proof"], { locked: ["public.items: ACCESS EXCLUSIVE", "public.open_orders: SHARE"], verdict: "pass" });
});

test("a proof whose statements run outside a transaction is refused", async () => {
  const { env } = await prepared();
  const folder = plan("CREATE INDEX CONCURRENTLY items_name ON items (name)", { more: 'transaction = false, proof = { no_rows = "SELECT 1 FROM items WHERE false" }' });
  const check = await headgate(["check", folder, "-e", "test"], { env });
  assert.notEqual(check.code, 0, check.text);
  assert.match(check.text, /proof.no_rows needs a transaction/);
});
