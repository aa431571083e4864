/** A stage that is watched: how often its guards are asked, what holds it, and when it is over. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Api, RunPage } from "../lib/api";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { pause, waitUntil } from "../lib/wait";

interface Wanted {
  /** What is set, as keys of the rollout; a flag unless told. */
  share?: string;
  guard?: string;
  /** How long an answer of the metric may take. */
  timeout?: string;
  /** guard_interval. */
  interval?: string;
  /** Of the first stage. */
  watch?: string;
}

const FLAG = 'flag = sql_flag { table = "flags", name = "name", percent = "percent", enabled = "enabled" }';
const plan = ({ share = FLAG, guard = "errors < 5", watch = "1h" }: Wanted): string => `plan "out" { doc = "Let it out", rollout "new" {
  ${share},
  guards = { "${guard}" },
  stage { percent = 10, watch = "${watch}" },
  stage { percent = 50, watch = "1h" },
} }`;
/** Its session keeps the lock, and is found by it. */
const ERRORS = "SELECT n FROM readings WHERE pg_try_advisory_lock_shared(7)";
const config = ({ interval = "1s", timeout = "5s" }: Wanted): string => `
version: 1
metrics:
  errors: { sql: "${ERRORS}", timeout: ${timeout} }
environments:
  test:
    gates: auto
    guard_interval: ${interval}
`;
const STAGE = "new/10%";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

interface Scene {
  database: string;
  id: string;
  alice: Api;
  page(): Promise<RunPage>;
  query(sql: string): Promise<Record<string, unknown>[]>;
  reached(what: string, is: (page: RunPage) => boolean): Promise<RunPage>;
  watched(stage: string): Promise<RunPage>;
  /** What the first stage's samples said, oldest first. */
  verdicts(): Promise<string[]>;
  /** What the flag was set to, in order. */
  percents(): Promise<number[]>;
}

/** Until the first stage is watched and was sampled. */
async function begin(t: TestContext, wanted: Wanted = {}): Promise<Scene> {
  const database = await cluster.database();
  const query = (sql: string) => cluster.query(database, sql);
  await query(`CREATE TABLE flags (name text PRIMARY KEY, percent int, enabled bool); INSERT INTO flags VALUES ('new', 0, false);
    CREATE TABLE readings AS SELECT 1 AS n`);
  const folder = writePlan({ "plan.lua": plan(wanted), "headgate.yaml": config(wanted) });
  const supervisor = await Supervisor.start({ env: cluster.env(database), config: folder, plans: dirname(folder), environment: "test", people: ["alice"] });
  t.after(() => supervisor.stop());
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun(basename(folder), "test");
  const page = () => alice.run(id);
  const reached = (what: string, is: (page: RunPage) => boolean) =>
    waitUntil(what, async () => {
      const now = await page();
      return is(now) ? now : undefined;
    });
  const scene: Scene = {
    database, id, alice, page, query, reached,
    watched: (stage) => reached(`${stage} is watched`, ({ state, reason }) => state === "watching" && reason?.path === stage),
    verdicts: async () => (await query(`SELECT verdict FROM headgate.sample WHERE stage = '${STAGE}' ORDER BY at`)).map((row) => String(row["verdict"])),
    percents: async () => (await query("SELECT data ->> 'percent' AS percent FROM headgate.event WHERE type = 'rollout.flag' ORDER BY seq")).map((row) => Number(row["percent"])),
  };
  await scene.watched(STAGE);
  await waitUntil("it was sampled", async () => (await scene.verdicts()).length > 0);
  return scene;
}

test("guards are asked once a guard_interval, whatever wakes the runner: a value that was bad for less is no breach", async (t) => {
  const scene = await begin(t, { interval: "3s", watch: "7s" });
  await scene.query("UPDATE readings SET n = 9");
  for (const until = Date.now() + 1_500; Date.now() < until; ) {
    await scene.query("SELECT pg_notify('headgate_run', 'x')"); // as for a request of any run
    await pause(100);
  }
  await scene.query("UPDATE readings SET n = 1");
  await scene.reached("the stage is over", ({ state, reason }) => state === "rolled_back" || reason?.path === "new/50%");
  assert.deepEqual(await scene.percents(), [10, 50]);
  const [told] = await scene.query(`SELECT count(*)::int AS samples, extract(epoch FROM max(at) - min(at))::float AS seconds FROM headgate.sample WHERE stage = '${STAGE}'`);
  const { samples, seconds } = told as { samples: number; seconds: number };
  assert.ok(seconds >= 6.9, `${seconds} s`);
  assert.ok(samples >= 3 && samples <= seconds / 3 + 3, `${samples} samples in ${seconds} s`); // the last when the window is full
});

test("who wants the watch to end is answered at once, however long it is to the next look", async (t) => {
  const scene = await begin(t, { interval: "1h" });
  const { version } = await scene.page();
  await scene.alice.post(`/api/runs/${scene.id}/requests`, { kind: "advance", path: STAGE, why: "the release waits" }, { "If-Match": `"${version}"` });
  await scene.watched("new/50%");
  assert.deepEqual(await scene.verdicts(), ["ok"]);
});

test("a flag that cannot be read for a while holds the run; it is watched again by itself", async (t) => {
  const scene = await begin(t, { timeout: "1500ms" }); // shorter than lock_timeout: it is the metric's alone
  const stopped = async (what: RegExp): Promise<void> => {
    const { state, reason } = await scene.reached("it is not watched", ({ state }) => state !== "watching");
    assert.deepEqual([state, reason?.kind], ["held", "no_data"], reason?.text);
    assert.match(reason?.text ?? "", what);
  };
  const application = await cluster.connect(scene.database);
  await application.query("BEGIN; LOCK TABLE flags IN ACCESS EXCLUSIVE MODE");
  await stopped(/reading the flag: .*lock timeout/);
  await application.query("ROLLBACK");
  await application.end();
  await scene.watched(STAGE);
  await scene.query("UPDATE flags SET name = 'moved'");
  await stopped(/0 rows of "public"."flags" have the flag's name/);
  await scene.query("UPDATE flags SET name = 'new'");
  await scene.watched(STAGE);
  assert.deepEqual(await scene.percents(), [10]);
});

test("a stage whose window is full does not end while a guard is breached: three in a row take it back", async (t) => {
  const scene = await begin(t, { interval: "2s" });
  await scene.query("UPDATE readings SET n = 9");
  await waitUntil("it is breached", async () => (await scene.verdicts()).includes("breach"));
  await scene.query("UPDATE headgate.watch SET counted_us = window_us");
  await scene.reached("it is taken back, or went on", ({ state, reason }) => state === "rolled_back" || reason?.path === "new/50%");
  assert.deepEqual(await scene.percents(), [10, 0]);
});

test("the time in which a guard is breached is no time of the window; when it holds again, the stage ends", async (t) => {
  const scene = await begin(t, { guard: "errors < 5 for 1h" });
  const counted = async (): Promise<unknown> => (await scene.query(`SELECT counted_us FROM headgate.watch WHERE stage = '${STAGE}'`))[0]?.["counted_us"];
  await scene.query("UPDATE readings SET n = 9");
  const asked = (count: number) => waitUntil(`it was breached ${count} times`, async () => (await scene.verdicts()).filter((verdict) => verdict === "breach").length >= count);
  await asked(1);
  const before = await counted();
  await asked(3);
  assert.equal(await counted(), before);
  await scene.query("UPDATE headgate.watch SET counted_us = window_us");
  await asked(5);
  assert.deepEqual(await scene.percents(), [10]);
  await scene.query("UPDATE readings SET n = 1");
  await scene.watched("new/50%");
  assert.deepEqual(await scene.percents(), [10, 50]);
});

/** Answers about two servers as HAProxy's socket does, for what does not depend on any traffic. Gives its path. */
async function startSocket(t: TestContext): Promise<string> {
  const path = join(temporary("haproxy"), "admin.sock");
  const weights = new Map([["blue", 100], ["green", 0]]);
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    connection.once("data", (question: Buffer) => {
      const asked = question.toString();
      for (const [, name, weight] of asked.matchAll(/set server app\/(\w+) weight (\d+)/g)) weights.set(name!, Number(weight));
      const rows = [...weights].map(([name, weight]) => `3 app ${name} 2 0 ${weight}`);
      connection.end(asked.startsWith("show") ? `1\n# be_id be_name srv_name srv_op_state srv_admin_state srv_uweight\n${rows.join("\n")}\n` : "\n");
    });
  });
  await new Promise<void>((ready) => server.listen(path, ready));
  t.after(() => server.close());
  return path;
}

test("a session of the guards that somebody ended is opened again: it is no lack of data, and nothing is taken back", async (t) => {
  const share = `traffic = haproxy { socket = "${await startSocket(t)}", backend = "app", blue = "blue", green = "green" }, on_no_data = "rollback"`;
  const scene = await begin(t, { share });
  const before = (await scene.verdicts()).length;
  const ended = await scene.query("SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE l.locktype = 'advisory' AND l.objid = 7 AND d.datname = current_database()");
  assert.equal(ended.length, 1);
  await waitUntil("they were asked again", async () => (await scene.verdicts()).length >= before + 3 || (await scene.page()).state !== "watching");
  assert.deepEqual([...new Set(await scene.verdicts())], ["ok"]);
  assert.deepEqual(await scene.percents(), [10]);
});
