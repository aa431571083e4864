/** answer("gate", "field"): later steps read what people answered at a gate, and only what they signed. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Api, RunPage } from "../lib/api";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { TEST_CONFIG, temporary, writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const PLAN = `plan "shares" {
  doc = "Set a share that people name",
  gate "size" { approvers = "admin", ask = "How much?", fields = {
    percent = { type = "integer", doc = "How many are let in?" },
    ratio = { type = "number", default = 0.5 },
    loud = { type = "boolean", default = false },
    mode = { type = "choice", choices = { "gentle", "thorough" }, default = "gentle" },
    note = { required = false },
  } },
  phase "first" {
    task "note" {
      run = function(db)
        db:exec("INSERT INTO seen VALUES ('task', $1)", json.encode {
          percent = answer("size", "percent"), ratio = answer("size", "ratio"), loud = answer("size", "loud"),
          mode = answer("size", "mode"), none = answer("size", "note") == nil,
        })
      end,
      undo = function(db) db:exec("INSERT INTO seen VALUES ('undo', $1)", json.encode(answer("size", "percent"))) end,
    },
    backfill "files.share" { where = "share IS NULL", map = function(row) return { share = answer("size", "percent") } end },
  },
  gate "stop" { approvers = "admin" },
  phase "second" {
    task "again" {
      run = function(db) db:exec("INSERT INTO seen VALUES ('again', $1)", json.encode(answer("size", "percent"))) end,
      undo = function(db) end,
    },
  },
}
`;
const SCHEMA = `CREATE TABLE seen (who text, what json);
  CREATE TABLE files (id int PRIMARY KEY, share int); INSERT INTO files (id) SELECT generate_series(1, 20)`;

let cluster: Cluster;
let database: string;
let supervisor: Supervisor;
let alice: Api, bob: Api;

before(async () => {
  cluster = await Cluster.start();
  database = await cluster.database();
  await cluster.query(database, SCHEMA);
  const plans = temporary("plans");
  mkdirSync(join(plans, "shares"));
  writeFileSync(join(plans, "shares/plan.lua"), PLAN);
  writeFileSync(join(plans, "headgate.yaml"), TEST_CONFIG);
  supervisor = await Supervisor.start({ env: cluster.env(database), config: plans, plans, environment: "people", people: ["alice", "bob"] });
  [alice, bob] = ["alice", "bob"].map((person) => supervisor.as(person)) as [Api, Api];
});
after(async () => {
  await supervisor.stop();
  await cluster.stop();
});

const is = (id: string, state: string): Promise<RunPage> =>
  waitUntil(`run ${id} is ${state}`, async () => {
    const page = await alice.run(id);
    return page.state === state && page;
  });
const opens = (id: string, gate: string): Promise<unknown> =>
  waitUntil(`gate ${gate} of run ${id} is open`, async () => {
    const page = await alice.run(id);
    return page.state === "waiting" && page.gates.some(({ path, state }) => path === gate && state === "open");
  });
async function agree(id: string, gate: string, fields: Record<string, unknown> = {}): Promise<void> {
  const { digest } = await bob.gate(id, gate);
  await bob.post(`/api/runs/${id}/gates/${gate}/approve`, { fields }, { "If-Match": `"${digest}"` });
}
/** A run that has read percent and stands at its second gate. */
async function stopped(percent: number): Promise<string> {
  await cluster.query(database, "TRUNCATE seen; UPDATE files SET share = NULL");
  const { id } = await alice.startRun("shares", "people");
  await opens(id, "size");
  await agree(id, "size", { percent, mode: "thorough" });
  await opens(id, "stop");
  return id;
}
const seen = async (who: string): Promise<unknown[]> => (await cluster.query(database, "SELECT what FROM seen WHERE who = $1", [who])).map(({ what }) => what);
/** Somebody else drives the run from here on. */
async function resumed(id: string): Promise<void> {
  await alice.request(id, "pause");
  await is(id, "paused");
  await alice.request(id, "resume");
  await opens(id, "stop");
}

test("tasks, maps of workers, another runner and the undo read them in their types", async () => {
  const id = await stopped(7);
  assert.deepEqual(await seen("task"), [{ percent: 7, ratio: 0.5, loud: false, mode: "thorough", none: true }]);
  assert.deepEqual(await cluster.query(database, "SELECT DISTINCT share FROM files"), [{ share: 7 }]);
  await resumed(id);
  await agree(id, "stop");
  await is(id, "done");
  assert.deepEqual(await seen("again"), [7]);
  await supervisor.must("audit", "verify", id);

  const other = await stopped(9);
  await alice.request(other, "rollback");
  await is(other, "rolled_back");
  assert.deepEqual(await seen("undo"), [9]);
});

test("what was written into the step's row is not believed", async () => {
  const id = await stopped(3);
  await cluster.query(database, `UPDATE headgate.step SET detail = jsonb_set(detail::jsonb, '{answers,percent}', '99')::json WHERE run = $1 AND path = 'size'`, [id]);
  await resumed(id);
  await agree(id, "stop");
  await is(id, "done");
  assert.deepEqual(await seen("again"), [3]);
});

const FORGED: [what: string, sql: string, says: RegExp][] = [
  ["an answer changed in the approval", `UPDATE headgate.approval SET fields = '{"percent": 99}' WHERE run = $1 AND gate = 'size'`, /approvals that the gate was passed with do not count/],
  ["an approval that is gone", `DELETE FROM headgate.approval WHERE run = $1 AND gate = 'size'`, /what somebody said about gate "size" is gone/],
  ["another digest in the gate's row", `UPDATE headgate.gate SET digest = 'older' WHERE run = $1 AND path = 'size'`, /not of its newest opening/],
  ["a gate that was opened again by hand", `UPDATE headgate.gate SET state = 'open' WHERE run = $1 AND path = 'size'`, /the gate has not been passed yet/],
];
for (const [what, sql, says] of FORGED) {
  test(`${what}: no value, and the step fails`, async () => {
    const id = await stopped(4);
    await cluster.query(database, sql, [id]);
    await agree(id, "stop");
    const page = await is(id, "failed");
    assert.match(JSON.stringify(page).replaceAll('\\"', '"'), says);
    assert.deepEqual(await seen("again"), []);
    await alice.request(id, "abort");
    await is(id, "aborted");
  });
}

const part = (body: string): string => `plan "p" {
  doc = "d",
  phase "early" { task "soon" { no_effect = "none",
    run = function(db) ${body.includes("EARLY") ? body.replace("EARLY", "") : ""} end } },
  gate "size" { approvers = "admin", fields = { percent = { type = "integer" } } },
  gate "bare" { approvers = "admin" },
  phase "late" { task "later" { no_effect = "none",
    run = function(db) ${body.includes("EARLY") ? "" : body} end } },
}
`;
const WRONG: [name: string, body: string, says: RegExp][] = [
  ["an unknown gate", 'answer("sise", "percent")', /plan\.lua:8:24: answer\("sise", "percent"\): the plan has no such gate \(did you mean "size"\?\)/],
  ["an unknown field", 'answer("size", "precent")', /plan\.lua:8:24: answer\("size", "precent"\): that gate does not ask for it \(did you mean "percent"\?\)/],
  ["a gate that asks nothing", 'answer("bare", "percent")', /plan\.lua:8:24: .*that gate asks nothing/],
  ["a step before the gate", 'EARLY answer("size", "percent")', /plan\.lua:4:\d+: .*the gate does not stand before task "soon"/],
];
for (const [name, body, says] of WRONG) {
  test(`check refuses ${name}`, async () => {
    const check = await headgate(["check", writePlan({ "plan.lua": part(body) }), "-e", "test"]);
    assert.notEqual(check.code, 0, check.text);
    assert.match(check.text, says);
  });
}

test("a module's words are looked at too", async () => {
  const module = 'return function() return answer("size", "precent") end';
  const plan = part('require("lib")()');
  const check = await headgate(["check", writePlan({ "plan.lua": plan, "lib.lua": module }), "-e", "test"]);
  assert.match(check.text, /lib\.lua:1:26: answer\("size", "precent"\): .*did you mean "percent"/);
  const own = `local function answer(a, b) return a .. b end\n${plan.replace('require("lib")()', 'log(answer("any", "thing"))')}`;
  const mine = await headgate(["check", writePlan({ "plan.lua": own }), "-e", "test"]);
  assert.equal(mine.code, 0, mine.text);
});

test("a dry run says where it is asked", async () => {
  const fresh = await cluster.database();
  await cluster.query(fresh, SCHEMA);
  const plan = await headgate(["plan", writePlan({ "plan.lua": PLAN }), "-e", "people"], { env: cluster.env(fresh) });
  assert.match(plan.text, /reads percent, asked at gate "size"/);
  assert.match(plan.text, /its rows are not mapped/);
  assert.equal(plan.code, 0, plan.text);
});

test("a gate that is passed by policy gives defaults, and says what has none", async () => {
  const fresh = await cluster.database();
  await cluster.query(fresh, SCHEMA);
  const env = cluster.env(fresh);
  const bare = await headgate(["run", writePlan({ "plan.lua": PLAN }), "-e", "test", "--yes"], { env });
  assert.match(bare.text, /passed without an answer, and the field has no default: "percent" is not answered/);
  const other = await cluster.database();
  await cluster.query(other, SCHEMA);
  const given = PLAN.replace('percent = { type = "integer",', 'percent = { type = "integer", default = 5,');
  const run = await headgate(["run", writePlan({ "plan.lua": given }), "-e", "test", "--yes"], { env: cluster.env(other) });
  assert.equal(run.code, 0, run.text);
  assert.deepEqual(await cluster.query(other, "SELECT DISTINCT share FROM files"), [{ share: 5 }]);
});
