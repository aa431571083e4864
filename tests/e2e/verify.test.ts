/** `headgate verify`: what a run verified, looked at again against the database as it is now; nothing is changed by it. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";
import { type Box, verifyAgain } from "../lib/verify";

const DOCUMENT = `# List
- [ ] The server is new enough
- [ ] A backup is there
- [ ] Rows are right
  - [ ] none is empty
  - [ ] there are enough
- [ ] Errors are few
- [ ] Latency is low
- [ ] The boss agrees
- [ ] Nobody knows
`;
const PLAN = `
plan "again" {
  doc = "Looked at again",
  document = file "document.md",
  phase "before" {
    check "new" { sql = "SHOW server_version_num", at_least = 130000, ticks = "The server is new enough" },
    check "not there yet" { absent = { columns = { "items.extra" } } },
    backup "before" { retain = "1d", ticks = "A backup is there" },
  },
  phase "fill" {
    step "column" { up = "ALTER TABLE items ADD COLUMN extra text DEFAULT 'x'", down = "ALTER TABLE items DROP COLUMN extra" },
    verify "none is empty" { no_rows = "SELECT id FROM items WHERE extra IS NULL", ticks = "none is empty" },
    verify "enough" { sql = "SELECT count(*) FROM items", at_least = 40, ticks = "there are enough" },
    verify "extra is text" { exists = { columns = { "items.extra" } }, holds_until = "rename" },
  },
  gate "release" { approvers = "admin", ticks = "The boss agrees" },
  rollout "flag" {
    flag = sql_flag { table = "flags", name = "name", percent = "percent", enabled = "enabled" },
    guards = { "error_rate < 1%", "latency < 100ms" },
    stage { percent = 100, watch = "1s" },
    ticks = { error_rate = "Errors are few", latency = "Latency is low" },
  },
  phase "rename" {
    step "to more" { up = "ALTER TABLE items RENAME COLUMN extra TO more", down = "ALTER TABLE items RENAME COLUMN more TO extra" },
  },
  manual "look" { role = "admin" },
}`.replace(`no_rows = "SELECT id FROM items WHERE extra IS NULL"`, `no_rows = "SELECT id FROM items WHERE to_jsonb(items) ->> 'more' IS NULL AND to_jsonb(items) ->> 'extra' IS NULL"`);
const CONFIG = `
version: 1
environments:
  test: { gates: auto, approvers: { admin: [bob] }, guard_interval: 1s }
metrics:
  error_rate: { sql: "SELECT value FROM measured WHERE name = 'error_rate'", unit: "%" }
  latency: { sql: "SELECT value FROM measured WHERE name = 'latency'", unit: ms }
`;
const SCHEMA = `
  CREATE TABLE items (id int PRIMARY KEY); INSERT INTO items SELECT generate_series(1, 40);
  CREATE TABLE flags (name text PRIMARY KEY, percent int NOT NULL DEFAULT 0, enabled boolean NOT NULL DEFAULT false); INSERT INTO flags VALUES ('flag');
  CREATE TABLE measured (name text PRIMARY KEY, value float8); INSERT INTO measured VALUES ('error_rate', 0.1), ('latency', 12)`;

let cluster: Cluster;
let folder = "";
let database = "";
let env: Record<string, string> = {};

before(async () => {
  cluster = await Cluster.start({ settings: { autovacuum: "off" } }); // it takes transaction numbers too
  database = await cluster.database();
  await cluster.query(database, SCHEMA);
  folder = writePlan({ "plan.lua": PLAN, "document.md": DOCUMENT, "headgate.yaml": CONFIG });
  env = { ...cluster.env(database), HEADGATE_HOME: temporary("home") };
  // It stops at the manual step, which nobody does: a run need not be over to be looked at again.
  const run = await headgate(["run", folder, "-e", "test", "--yes", "--no-wait"], { env });
  assert.equal(run.code, 6, run.text);
  assert.match(run.text, /next: headgate serve, and say it on the run's page; /);
});
after(() => cluster.stop());

const again = (...args: string[]): ReturnType<typeof verifyAgain> => verifyAgain("1", { env, cwd: folder, environment: "test" }, ...args);
const failing = (boxes: Box[]): string[] => boxes.filter(({ result }) => result === "fail").map(({ text }) => text);

/** Everything that a look could have changed. */
const state = (): Promise<unknown> =>
  cluster.query(database, `SELECT (SELECT count(*) FROM headgate.event) AS events, (SELECT jsonb_agg(s) FROM headgate.step AS s) AS steps,
    (SELECT jsonb_agg(r) FROM headgate.run AS r) AS runs, (SELECT count(*) FROM headgate.sample) AS samples, pg_snapshot_xmax(pg_current_snapshot())::text AS next`);

test("all that was verified still holds, and looking changes nothing, not even a transaction number", async () => {
  const before = await state();
  const { code, report } = await again();
  assert.equal(code, 0, JSON.stringify(report));
  assert.deepEqual(await state(), before);
  assert.equal(report.ok, true);
  assert.deepEqual(report.boxes?.boxes.map(({ text, result }) => `${text}: ${result}`), [
    "The server is new enough: pass", "A backup is there: pass", "Rows are right: pass", "none is empty: pass", "there are enough: pass",
    "Errors are few: pass", "Latency is low: pass", "The boss agrees: recorded", "Nobody knows: unbound",
  ]);
  const result = (path: string): string | undefined => report.items.find((item) => item.path === path)?.result;
  assert.equal(result("before/not there yet"), "past", "a check is about the moment before");
  assert.equal(result("fill/extra is text"), "past", "holds_until: the step that it names has begun");
  assert.equal(result("fill/column"), "recorded");
  assert.equal(result("look"), "open");
});

test("what is broken fails its box and no other; mended, it holds again", async () => {
  for (const [broken, mended, boxes] of [
    ["UPDATE items SET more = NULL WHERE id = 7", "UPDATE items SET more = 'x'", ["Rows are right", "none is empty"]],
    ["DELETE FROM items WHERE id = 40", "INSERT INTO items VALUES (40)", ["Rows are right", "there are enough"]],
    ["UPDATE measured SET value = 2 WHERE name = 'error_rate'", "UPDATE measured SET value = 0 WHERE name = 'error_rate'", ["Errors are few"]],
    ["DELETE FROM measured WHERE name = 'latency'", "INSERT INTO measured VALUES ('latency', 3)", ["Latency is low"]],
  ] as const) {
    await cluster.query(database, broken);
    const { code, report } = await again();
    assert.equal(code, 4, broken);
    assert.deepEqual(failing(report.boxes?.boxes ?? []), boxes, broken);
    await cluster.query(database, mended);
    assert.equal((await again()).code, 0, mended);
  }
});

test("people read which step fails which box, with why", async () => {
  await cluster.query(database, "UPDATE measured SET value = 250 WHERE name = 'latency'");
  const shown = await headgate(["verify", "1", "-e", "test"], { env, cwd: folder });
  await cluster.query(database, "UPDATE measured SET value = 3 WHERE name = 'latency'");
  assert.equal(shown.code, 4);
  assert.match(shown.stdout, /✗ fail +rollout flag: latency < 100ms: 250ms/);
  assert.match(shown.stdout, /✗ fail +Latency is low\n +rollout flag, latency: latency < 100ms/);
  assert.match(shown.stdout, /– recorded The boss agrees\n +gate release: cannot be evaluated again; the run recorded it/);
  assert.match(shown.stdout, /boxes: {2}1 fail {2}6 pass {2}1 recorded {2}1 unbound/);
});

test("--box looks only at what ticks it", async () => {
  const { code, report } = await again("--box", "enough");
  assert.equal(code, 0);
  assert.deepEqual(report.items.map(({ path }) => path), ["before/new", "fill/enough"]);
  assert.deepEqual(report.boxes?.boxes.map(({ text }) => text), ["The server is new enough", "there are enough"]);
  const none = await headgate(["verify", "1", "-e", "test", "--box", "nonsense"], { env, cwd: folder });
  assert.match(none.text, /no box of the document has "nonsense" in its text/);
});

test("a backup whose file is gone fails its box", async () => {
  rmSync(`${env["HEADGATE_HOME"]}/backups`, { recursive: true });
  const { code, report } = await again();
  assert.equal(code, 4);
  assert.deepEqual(failing(report.boxes?.boxes ?? []), ["A backup is there"]);
});

test("holds_until names a node that comes later", async () => {
  for (const [until, message] of [
    ["column", /plan\.lua:\d+:\d+: verify "extra is text": holds_until "column" does not come after it/],
    ["renam", /holds_until "renam" is no phase or step of this plan \(did you mean rename\?\)/],
  ] as const) {
    const wrong = writePlan({ "plan.lua": PLAN.replace('holds_until = "rename"', `holds_until = "${until}"`), "document.md": DOCUMENT, "headgate.yaml": CONFIG });
    const checked = await headgate(["check", wrong, "-e", "test"], { env });
    assert.notEqual(checked.code, 0);
    assert.match(checked.text, message);
  }
});

test("what cannot be counted when a run starts fails the run, which is counted again at a retry", async () => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE items (id int); INSERT INTO items VALUES (0), (1); CREATE VIEW inverse AS SELECT id FROM items WHERE 1 / id > 0");
  const env = cluster.env(database);
  const cwd = writePlan({ "plan.lua": 'plan "counted" {\n  doc = "a test",\n  phase "p" {\n    step "s" { up = "DELETE FROM items WHERE id = 2", one_way = "a test" },\n    verify "v" { counts = { "inverse" } },\n  },\n}\n' });
  const run = await headgate(["run", cwd, "-e", "test", "--yes"], { env });
  assert.notEqual(run.code, 0, run.text);
  assert.match(run.text, /counting what is there at the start: .*division by zero/);
  assert.deepEqual(await cluster.query(database, "SELECT state FROM headgate.run"), [{ state: "failed" }]);
  await cluster.query(database, "UPDATE items SET id = 3 WHERE id = 0");
  const again = await headgate(["retry", "1", "-e", "test"], { env, cwd });
  assert.equal(again.code, 0, again.text);
  assert.deepEqual(await cluster.query(database, "SELECT detail -> 'counts' AS counts FROM headgate.step WHERE path = ''"), [{ counts: { inverse: 1 } }]);
});
