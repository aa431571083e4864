/** Every invariant that fsck names is found when it is broken by hand, and none is where nothing is broken. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { fsck } from "../lib/fsck";
import { helloPlan } from "../lib/paths";
import { copyPlan } from "../lib/plan";

const AUTO_GATES = "version: 1\nenvironments:\n  test:\n    gates: auto\n    approvers: { owner: [bob] }\n";

let cluster: Cluster;
let folder: string;
/** Databases with one finished run: done, and taken back. Copied for every case. */
let done: string;
let back: string;

async function run(database: string): Promise<void> {
  await cluster.query(database, readFileSync(join(helloPlan, "demo/schema.sql"), "utf8"));
  const ended = await headgate(["run", folder, "-e", "test", "--yes"], { env: cluster.env(database) });
  assert.equal(ended.code, 0, ended.text);
}

before(async () => {
  cluster = await Cluster.start();
  folder = copyPlan(helloPlan, { "headgate.yaml": AUTO_GATES });
  done = await cluster.database();
  await run(done);
  back = await cluster.database();
  await run(back);
  const undone = await headgate(["rollback", "1", "-e", "test", "-m", "the test wants it"], { env: cluster.env(back), cwd: folder });
  assert.equal(undone.code, 0, undone.text);
});
after(() => cluster.stop());

/** A copy of a database whose run knows that it is one. */
async function copy(template: string): Promise<string> {
  const database = await cluster.database(template);
  await cluster.query(database, "UPDATE headgate.run SET database = current_database()");
  return database;
}

test("a run that is done and one that was taken back are sound", async () => {
  for (const database of [await copy(done), await copy(back)]) {
    assert.deepEqual(await fsck(cluster.env(database), folder, "test"), []);
    const said = await headgate(["fsck", "1", "-e", "test"], { env: cluster.env(database), cwd: folder });
    assert.equal(said.stdout, "1 run: all invariants hold\n");
  }
});

test("a run in a database that the environment does not name is not passed over in silence", async () => {
  const database = await cluster.database(done);
  const said = await headgate(["fsck", "-e", "test"], { env: cluster.env(database), cwd: folder });
  assert.equal(said.code, 0, said.text);
  assert.match(said.stdout, /1 of 1 runs work on databases that this environment does not name/);
});

test("an event of a runner that was replaced is refused by the database", async () => {
  const database = await copy(done);
  await cluster.query(database, "UPDATE headgate.lease SET epoch = epoch + 1");
  const append = "SELECT headgate.event_append(1, $1, 'log', 1, 'log', '', '{}')";
  await assert.rejects(cluster.query(database, append, [1]), (error: { code?: string }) => error.code === "HG001");
  await cluster.query(database, append, [2]);
  assert.deepEqual(await fsck(cluster.env(database), folder, "test"), []);
});

const event = (type: string, node: string, data: string, source = "by hand"): string =>
  `SELECT headgate.event_append(1, 0, '${source}', 1, '${type}', '${node}', '${data}')`;
const COLUMN = "greet/greeting column";
const BACKFILL = "greet/people.greeting";
const VERIFY = "greet/everybody has a greeting";

/** What a hand or a bug could do, which invariant says so, and how. All of a list is done to one database. */
type Broken = [string, RegExp, string];
const DONE: Broken[] = [
  ["I1", /this step is failed/, `UPDATE headgate.step SET state = 'failed' WHERE path = '${VERIFY}'`],
  [
    "I1",
    /both say that it was done/,
    `UPDATE headgate.event SET data = data || '{"to": "done"}' WHERE type = 'step.state' AND node = '${BACKFILL}' AND source = node`,
  ],
  ["I2", /although "greet\/greeting column" is running/, `UPDATE headgate.step SET state = 'running' WHERE path = '${COLUMN}'`],
  ["I2", /stands behind it in the plan/, `UPDATE headgate.step SET start_order = 100 WHERE path = '${BACKFILL}'`],
  ["I3", /range 0: .*(not|bound)/, `UPDATE headgate.cursor SET done = false`],
  [
    "I4",
    /is of epoch 1, after one of epoch 2/,
    `UPDATE headgate.event SET epoch = 2 WHERE seq = 3; UPDATE headgate.lease SET epoch = 2`,
  ],
  ["I4", /written in epoch 9, and the fence stands at 7/, `UPDATE headgate.step SET epoch = 9 WHERE path = 'keep'`],
  ["I4", /stands at 7, and the lease at 2/, `UPDATE headgate.fence SET epoch = 7`],
  ["I5", /the last one should be/, `DELETE FROM headgate.event WHERE seq = 4`],
  ["I5", /was never told/, `UPDATE headgate.step SET version = version + 1 WHERE path = 'keep'`],
  ["I6", /passed with 0 of 1/, `UPDATE headgate.step SET detail = '{"approved_by": []}' WHERE path = 'keep'`],
  [
    "I10",
    /keeps its lease/,
    `UPDATE headgate.run SET state_since = state_since - interval '1 hour'; UPDATE headgate.lease SET until = now() + interval '1 hour'`,
  ],
  [
    "I10",
    /INVALID index .*half_there/,
    `CREATE INDEX half_there ON people (name); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'half_there'::regclass;
     UPDATE headgate.step SET detail = '{"index": "half_there"}' WHERE path = '${COLUMN}'`,
  ],
  ["I12", /from 50 % to 10 %/, `${event("rollout.flag", "flag", '{"percent": 50}')}; ${event("rollout.flag", "flag", '{"percent": 10}', "again")}`],
  [
    "I12",
    /headgate\.bucket\('a:b', 'c'\) is 1, not 8856/,
    `CREATE OR REPLACE FUNCTION headgate.bucket(flag text, id text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1'`,
  ],
];
const approvedBy = (person: string, role: string): string =>
  `INSERT INTO headgate.approval (run, gate, digest, person, roles, decision, at, signature)
   SELECT g.run, g.path, g.digest, ${person}, '["${role}"]', 'approve', '2026-01-01T00:00:00Z', '' FROM headgate.gate g JOIN headgate.run r ON r.id = g.run`;
const FAILED: Broken[] = [
  ["I3", /the last one has an upper bound/, `UPDATE headgate.cursor SET upper = '{500}'`],
  ["I6", /the gate was not passed/, `UPDATE headgate.gate SET state = 'rejected'`],
  ["I11", /started the run/, approvedBy("r.started_by", "owner")],
  ["I11", /mallory: has none of the roles/, approvedBy("'mallory'", "guest")],
  ["I16", /the run is failed, and nothing says why/, `UPDATE headgate.run SET state = 'failed', reason = '{}'`],
];
const BACK: Broken[] = [
  ["I7", /says running while the run rolls back/, event("step.state", COLUMN, '{"to": "running"}')],
  ["I8", /undone before "greet\/people.greeting"/, `UPDATE headgate.step SET finished_at = finished_at - interval '1 hour' WHERE path = '${COLUMN}'`],
  ["I9", /it was never started/, event("step.state", "never heard of", '{"to": "undo_failed"}', "again")],
  ["I13", /nobody was told so/, `UPDATE headgate.event SET data = data || '{"to": "running"}' WHERE data ->> 'to' IN ('undone', 'undoing')`],
];

for (const [name, template, cases] of [
  ["done", () => done, DONE],
  ["failed", () => done, FAILED],
  ["rolled back", () => back, BACK],
] as const) {
  test(`what is broken in a run that is ${name} is found, each with what to do`, async () => {
    const database = await copy(template());
    for (const [, , sql] of cases) await cluster.administer(database, `SET allow_system_table_mods = on; ${sql}`);
    const found = await fsck(cluster.env(database), folder, "test");
    for (const [id, text, sql] of cases) {
      assert.ok(found.some((fault) => fault.id === id && text.test(fault.text)), `${sql}\nfound only ${JSON.stringify(found, undefined, 1)}`);
    }
    const said = await headgate(["fsck", "-e", "test"], { env: cluster.env(database), cwd: folder });
    assert.equal(said.code, 4);
    for (const [id] of cases) assert.match(said.stdout, new RegExp(`^${id} violated: .*\\n    next: .`, "m"));
  });
}
