/** Row work yields: to a metric, to a replica that falls behind, to a person; and it goes on by itself. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { root } from "../lib/paths";
import { temporary, writePlan } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { type Schema, Schemas } from "../lib/schema";
import { waitUntil } from "../lib/wait";

const ROWS = 4000;
const PLAN = `plan "names" {
  doc = "Fill a column while others work",
  phase "fill" {
    backfill "items.upper" {
      where = "upper IS NULL", batch = 50, batch_time = "100ms", pause = "10ms", workers = 2,
      map = function(row) return { upper = row.name:upper() } end,
    },
    verify "all filled" { no_rows = "SELECT id FROM items WHERE upper IS NULL" },
  },
}
`;
const schema = (rows: number, seconds: number): string => `CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, upper text);
  INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, ${rows}) AS i;
  CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(${seconds}); RETURN NEW; END $$;
  CREATE TRIGGER slow BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION slow();
  CREATE TABLE app (p95 float NOT NULL); INSERT INTO app VALUES (10); ANALYZE items`;

const config = (throttle: string): string => `
version: 1
targets:
  app:
    throttle: { ${throttle} }
metrics:
  app_p95: { sql: "SELECT p95 FROM app", unit: ms }
environments:
  test: { gates: auto, approvers: { admin: [bob] } }
`;

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

const AUTO = PLAN.replace("workers = 2", 'workers = "auto"');

interface Scene {
  rows: number;
  cluster: Cluster;
  database: string;
  folder: string;
  env: Record<string, string>;
  run: ReturnType<typeof headgate>;
}

/** A run whose backfill has begun. */
async function start(server: Cluster, throttle: string, rows = ROWS, seconds = 0.002, plan = PLAN): Promise<Scene> {
  const database = await server.database();
  await server.query(database, schema(rows, seconds));
  const folder = writePlan({ "plan.lua": plan, "headgate.yaml": config(throttle) });
  const env = { ...server.env(database), HEADGATE_HOME: temporary("home") };
  const run = headgate(["run", folder, "-e", "test", "--yes"], { env, timeoutMs: 180_000 });
  const scene = { rows, cluster: server, database, folder, env, run };
  await waitUntil("rows are filled", async () => (await filled(scene)) > 0);
  return scene;
}

const filled = async ({ cluster, database }: Scene): Promise<number> => {
  const rows = await cluster.query(database, "SELECT sum(rows_changed)::int AS n FROM headgate.cursor").catch(() => []);
  return Number(rows[0]?.["n"] ?? 0);
};

async function head({ cluster, database }: Scene): Promise<{ state: string; text: string }> {
  const [row] = await cluster.query(database, "SELECT state, reason ->> 'text' AS text FROM headgate.run");
  return { state: String(row?.["state"]), text: String(row?.["text"]) };
}

const inState = (scene: Scene, state: string): Promise<{ state: string; text: string }> =>
  waitUntil(`the run is ${state}`, async () => {
    const now = await head(scene);
    return now.state === state && now;
  });

/** Nothing is written between two renewals of the pause, which are two seconds apart. */
async function assertRests(scene: Scene): Promise<void> {
  const told = async (): Promise<unknown> =>
    (await scene.cluster.query(scene.database, "SELECT told_at::text AS at FROM headgate.pace WHERE duty = 0"))[0]?.["at"];
  const first = await waitUntil("the pause is written", told);
  const second = await waitUntil("it is renewed", async () => {
    const at = await told();
    return at !== first && at;
  });
  const before = await filled(scene);
  await waitUntil("it is renewed again", async () => (await told()) !== second);
  assert.equal(await filled(scene), before);
}

/** The rest need not be slow. */
async function assertDone(scene: Scene): Promise<void> {
  await scene.cluster.query(scene.database, "ALTER TABLE items DISABLE TRIGGER slow");
  const run = await scene.run;
  assert.equal(run.code, 0, run.text);
  assert.equal(await filled(scene), scene.rows, "each row once");
}

const throttles = async ({ cluster, database }: Scene): Promise<Record<string, unknown>[]> =>
  (await cluster.query(database, "SELECT data FROM headgate.event WHERE type = 'step.throttle' ORDER BY seq")).map(
    (row) => row["data"] as Record<string, unknown>,
  );

const working = ({ cluster, database }: Scene, workers: number): Promise<unknown> =>
  waitUntil(`${workers} at work`, async () => {
    const [row] = await cluster.query(database, "SELECT count(DISTINCT owner)::int AS n FROM headgate.cursor WHERE owner IS NOT NULL");
    return row?.["n"] === workers;
  });

const tune = (scene: Scene, ...args: string[]): ReturnType<typeof headgate> =>
  headgate(["tune", "1", ...args, "-c", `${scene.folder}/headgate.yaml`, "-e", "test"], { env: scene.env });

test("a metric at twice its limit pauses it, also when its runner dies; when it is well again it goes on", async () => {
  const scene = await start(cluster, 'metrics: { app_p95: "> 100ms" }');
  await cluster.query(scene.database, "UPDATE app SET p95 = 900");
  const { text } = await inState(scene, "throttled");
  assert.match(text, /^app_p95 is 900ms, its limit is 100ms; goes on below 120ms for 3 s$/);
  await assertRests(scene);
  const runner = processesOf(scene.env["HEADGATE_HOME"]!).find(({ command }) => command === "runner");
  assert.ok(runner && killNow(runner.pid));
  await cluster.query(scene.database, "UPDATE app SET p95 = 10");
  await assertDone(scene);
  const told = await throttles(scene);
  const stream = new Schemas(JSON.parse(readFileSync(join(root, "docs/asyncapi.json"), "utf8")) as Schema);
  const { payload } = stream.resolve("#/components/messages/step.throttle") as { payload: { properties: { data: Schema } } };
  for (const data of told) assert.deepEqual(stream.complaints(data, payload.properties.data), []);
  assert.deepEqual([told[0]?.["state"], told[0]?.["duty"], told[0]?.["why"]], ["slowed", 0.05, "it begins slowly"]);
  const paused = told.findIndex((data) => data["state"] === "paused" && data["duty"] === 0);
  assert.ok(paused > 0 && told.slice(paused + 1).some((data) => data["state"] !== "paused" && Number(data["duty"]) > 0));
});

test("a metric that cannot be read pauses it, and says why", async () => {
  const scene = await start(cluster, 'metrics: { app_p95: "> 100ms" }');
  await cluster.query(scene.database, "ALTER TABLE app RENAME TO gone");
  const { text } = await inState(scene, "throttled");
  assert.match(text, /^app_p95 cannot be read: .*relation "app" does not exist.*goes on when it can be read$/);
  await cluster.query(scene.database, "ALTER TABLE gone RENAME TO app");
  await assertDone(scene);
});

test("a replica that stands still pauses it", async (t: TestContext) => {
  const primary = await Cluster.start({ settings: { wal_level: "replica", max_wal_senders: "4" } });
  t.after(() => primary.stop());
  const standby = await Cluster.start({ standbyOf: primary });
  t.after(() => standby.stop());
  const scene = await start(primary, "replica_lag: 1s");
  await standby.query("postgres", "SELECT pg_wal_replay_pause()");
  const { text } = await inState(scene, "throttled");
  assert.match(text, /^the lag of replica walreceiver is [0-9.]+ s, its limit is 1 s; goes on below 0.8 s for 3 s$/);
  await assertRests(scene);
  await standby.query("postgres", "SELECT pg_wal_replay_resume()");
  await inState(scene, "running");
  assert.equal((await tune(scene, "--pause", "0ms")).code, 0);
  await assertDone(scene);
});

test("a person says how fast, how many and how large while it runs", async () => {
  const scene = await start(cluster, "blocked: 1s", 40_000, 0.0002); // enough for four ranges
  const wrong = await tune(scene, "--speed", "0");
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.text, /"speed" is a number from 1 to 100/);
  assert.match((await tune(scene)).text, /say what to change/);
  const asked = await tune(scene, "fill/items.upper", "--speed", "50%", "--workers", "3", "--batch-time", "40ms", "--pause", "0ms", "-m", "nightly window");
  assert.equal(asked.code, 0, asked.text);
  await working(scene, 3);
  const [pace] = await cluster.query(scene.database, "SELECT most, duty, workers, batch_us::int, pause_us::int FROM headgate.pace");
  assert.equal((await tune(scene, "--speed", "100")).code, 0);
  assert.deepEqual(pace, { most: 0.5, duty: 0.5, workers: 3, batch_us: 40_000, pause_us: 0 });
  await assertDone(scene);
  const requests = await cluster.query(scene.database, "SELECT kind, outcome FROM headgate.request");
  assert.deepEqual(requests, [{ kind: "tune", outcome: "tuned" }, { kind: "tune", outcome: "tuned" }]);
  const [event] = await cluster.query(scene.database, "SELECT data FROM headgate.event WHERE type = 'request' ORDER BY seq LIMIT 1");
  assert.equal((event?.["data"] as Record<string, unknown>)["why"], "nightly window");
  const late = await tune(scene, "--speed", "100");
  assert.match(late.text, /run 1 is done: only row work that runs can be tuned/);
});

test("auto takes one more worker where that brings more, and says so", async () => {
  const scene = await start(cluster, "blocked: 1s", 80_000, 0.02, AUTO);
  await working(scene, 3);
  const told = (): Promise<Record<string, unknown>[]> =>
    cluster.query(scene.database, "SELECT data ->> 'text' AS text FROM headgate.event WHERE data ->> 'text' LIKE 'workers: %' ORDER BY seq");
  const [first] = await waitUntil("it says so", async () => {
    const lines = await told();
    return lines.length > 0 && lines;
  });
  assert.match(String(first?.["text"]), /^workers: 3 write [0-9]+ rows\/s, 2 wrote [0-9]+; there are 3$/);
  await assertDone(scene);
});

test("slowed work has fewer workers before each does less, unless somebody said how many", async () => {
  const scene = await start(cluster, "blocked: 1s", 100_000, 0.0005, AUTO);
  await working(scene, 2);
  assert.equal((await tune(scene, "--speed", "40%")).code, 0);
  await working(scene, 1);
  const [pace] = await waitUntil("the one that is left does the part of both", async () => {
    const rows = await cluster.query(scene.database, "SELECT duty, each FROM headgate.pace");
    return Number(rows[0]?.["each"]) > 0.4 && rows;
  });
  assert.deepEqual(pace, { duty: 0.4, each: 0.8 });
  assert.equal((await tune(scene, "--speed", "40%", "--workers", "2")).code, 0);
  await working(scene, 2);
  assert.equal((await tune(scene, "--speed", "100")).code, 0);
  await assertDone(scene);
});
