/** Parameters of a plan: declared in it, given at the start, read by its functions, part of what is approved. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ApiError } from "../lib/api";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { TEST_CONFIG, temporary, writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const PLAN = `plan "owners" {
  doc = "Give every file an owner",
  params = {
    owner  = { type = "integer", doc = "the user who owns what nobody owns" },
    label  = { default = "adopted", doc = "written beside it" },
    mode   = { type = "choice", choices = { "gentle", "thorough" }, default = "gentle" },
    share  = { type = "number", default = 0.5 },
    loud   = { type = "boolean", default = false },
    after  = { type = "duration", required = false },
  },
  phase "own" {
    task "assign" {
      run = function(db)
        db:exec("INSERT INTO seen VALUES ($1, $2)", "task", json.encode {
          owner = params.owner, label = params.label, mode = params.mode, share = params.share, loud = params.loud,
          after = params.after == nil,
        })
      end,
      undo = function(db) db:exec("DELETE FROM seen WHERE who = $1", "task") end,
    },
    backfill "files.owner_id" {
      where = "owner_id IS NULL",
      map = function(row) return { owner_id = params.owner } end,
    },
  },
  gate "keep" { approvers = "admin" },
}
`;
const SCHEMA = `CREATE TABLE seen (who text, what json);
  CREATE TABLE files (id int PRIMARY KEY, owner_id int); INSERT INTO files (id) SELECT generate_series(1, 20)`;

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

async function prepared(plan = PLAN): Promise<{ database: string; env: Record<string, string>; folder: string }> {
  const database = await cluster.database();
  await cluster.query(database, SCHEMA);
  return { database, env: cluster.env(database), folder: writePlan({ "plan.lua": plan }) };
}

test("values reach tasks and maps, in their types, with defaults for the rest", async () => {
  const { database, env, folder } = await prepared();
  const given = ["-p", "owner=7", "--param", "label=a = b", "--param", "loud=true"];
  const run = await headgate(["run", folder, "-e", "test", "--yes", ...given], { env });
  assert.equal(run.code, 0, run.text);
  assert.match(run.text, /param owner = 7/);
  const seen = await cluster.query(database, "SELECT what FROM seen");
  assert.deepEqual(seen[0]?.["what"], { owner: 7, label: "a = b", mode: "gentle", share: 0.5, loud: true, after: true });
  assert.deepEqual(await cluster.query(database, "SELECT DISTINCT owner_id FROM files"), [{ owner_id: 7 }]);
  const stored = await cluster.query(database, "SELECT params FROM headgate.run");
  assert.deepEqual(stored[0]?.["params"], { owner: 7, label: "a = b", mode: "gentle", share: 0.5, loud: true });

  const status = await headgate(["status", "1", "-e", "test"], { env, cwd: folder });
  assert.match(status.stdout, /param owner = 7/);
  const same = await headgate(["run", folder, "-e", "test", "--yes", ...given], { env });
  assert.match(same.text, /nothing to do/);
  const other = await headgate(["run", folder, "-e", "test", "--yes", "-p", "owner=8"], { env });
  assert.equal(other.code, 0, other.text);
  assert.equal((await cluster.query(database, "SELECT count(*)::int AS n FROM seen"))[0]?.["n"], 2, "other values are another run");
});

test("a dry run uses them and writes nothing", async () => {
  const plan = PLAN.replace("owner_id = params.owner", 'owner_id = params.mode == "gentle" and params.owner or error("thorough")');
  const { database, env, folder } = await prepared(plan);
  const gentle = await headgate(["plan", folder, "-e", "test", "--param", "owner=7"], { env });
  assert.equal(gentle.code, 0, gentle.text);
  assert.match(gentle.text, /20 rows: 20 migrate, 0 skip, 0 ambiguous, 0 errors/);
  const thorough = await headgate(["plan", folder, "-e", "test", "-p", "owner=7", "-p", "mode=thorough"], { env });
  assert.match(thorough.text, /20 rows: 0 migrate, 0 skip, 0 ambiguous, 20 errors/);
  assert.deepEqual(await cluster.query(database, "SELECT to_regnamespace('headgate')::text AS n"), [{ n: null }]);
});

const WRONG: [name: string, given: string[], says: RegExp][] = [
  ["a missing one", [], /plan\.lua:4:\d+: parameter "owner" is required: the user who owns what nobody owns.*--param owner=/s],
  ["an unknown one", ["owner=1", "lable=x"], /plan\.lua:3:\d+: plan "owners" has no parameter "lable" \(did you mean label\?\)/],
  ["a wrong type", ["owner=seven"], /plan\.lua:4:\d+: parameter "owner" must be a whole number, got "seven"/],
  ["a fraction", ["owner=1.5"], /parameter "owner" must be a whole number, got "1.5"/],
  ["a wrong choice", ["owner=1", "mode=gentel"], /plan\.lua:6:\d+: parameter "mode" must be one of gentle, thorough, got "gentel" \(did you mean gentle\?\)/],
  ["a wrong boolean", ["owner=1", "loud=yes"], /parameter "loud" must be true or false, got "yes"/],
  ["a wrong duration", ["owner=1", "after=5"], /parameter "after" must be a duration like "24h", got "5"/],
  ["one twice", ["owner=1", "owner=2"], /parameter "owner" is given twice/],
  ["one without a value", ["owner"], /--param takes NAME=VALUE, not "owner"/],
];
for (const [name, given, says] of WRONG) {
  test(`${name} is refused before anything happens`, async () => {
    const { database, env, folder } = await prepared();
    const run = await headgate(["run", folder, "-e", "test", "--yes", ...given.flatMap((text) => ["--param", text])], { env });
    assert.notEqual(run.code, 0);
    assert.match(run.text, says);
    assert.deepEqual(await cluster.query(database, "SELECT to_regnamespace('headgate')::text AS n"), [{ n: null }]);
  });
}

const DECLARED: [name: string, params: string, says: RegExp][] = [
  ["a default of another type", 'a = { type = "integer", default = "x" }', /plan\.lua:4:\d+: parameter "a": its default must be a whole number, got text/],
  ["a default that is no choice", 'a = { type = "choice", choices = { "x" }, default = "y" }', /plan\.lua:4:\d+: parameter "a": its default must be one of its choices/],
  ["choices without the type", 'a = { choices = { "x" } }', /plan\.lua:4:\d+: parameter "a": choices and type = "choice" belong together/],
  ["a choice without choices", 'a = { type = "choice" }', /plan\.lua:4:\d+: parameter "a": choices and type = "choice" belong together/],
  ["a required one with a default", "a = { required = true, default = \"x\" }", /plan\.lua:4:\d+: parameter "a" has a default, so it is not required/],
  ["an unknown type", 'a = { type = "integr" }', /plan\.lua:4:\d+: .*"integr" \(did you mean integer\?\)/],
  ["an unknown field", 'a = { defualt = 1 }', /plan\.lua:4:\d+: parameter "a" has no field "defualt" \(did you mean default\?\)/],
  ["a name that Lua cannot say", '["a-b"] = { default = "x" }', /plan\.lua:4:\d+: parameter "a-b": a name is letters, digits and _/],
];
for (const [name, params, says] of DECLARED) {
  test(`check refuses ${name}`, async () => {
    const plan = `plan "p" {\n  doc = "d",\n  params = {\n    ${params},\n  },\n  phase "a" { step "s" { up = "SELECT 1", one_way = "test" } },\n}\n`;
    const check = await headgate(["check", writePlan({ "plan.lua": plan }), "-e", "test"]);
    assert.notEqual(check.code, 0, check.text);
    assert.match(check.text, says);
  });
}

test("the parts of a plan cannot depend on them", async () => {
  const folder = writePlan({ "plan.lua": PLAN.replace('where = "owner_id IS NULL"', 'where = "id < " .. params.owner') });
  const check = await headgate(["check", folder, "-e", "test"]);
  assert.match(check.text, /plan\.lua:22: params\.owner cannot be read while the plan is loaded/);
});

test("a misspelt one in a function fails the step with its line", async () => {
  const { env, folder } = await prepared(PLAN.replace("label = params.label", "label = params.lable"));
  const run = await headgate(["run", folder, "-e", "test", "--yes", "-p", "owner=7"], { env });
  assert.match(run.text, /plan\.lua:15: the plan declares no parameter "lable" \(did you mean label\?\)/);
});

test("the server lists them, takes them typed or as text, and shows them on the run", async (t) => {
  const database = await cluster.database();
  await cluster.query(database, SCHEMA);
  const plans = temporary("plans");
  mkdirSync(join(plans, "owners"));
  writeFileSync(join(plans, "owners/plan.lua"), PLAN);
  writeFileSync(join(plans, "headgate.yaml"), TEST_CONFIG);
  const supervisor = await Supervisor.start({ env: cluster.env(database), config: plans, plans, environment: "people", people: ["alice", "bob"] });
  t.after(() => supervisor.stop());
  const alice = supervisor.as("alice");

  const listed = await alice.get<{ plans: { name: string; params: unknown[]; parts: { path: string; kind: string }[] }[] }>("/api/plans");
  const entry = listed.plans.find((plan) => plan.name === "owners");
  assert.deepEqual(entry?.params.slice(0, 3), [
    { name: "owner", type: "integer", doc: "the user who owns what nobody owns", required: true, default: null, choices: null },
    { name: "label", type: "text", doc: "written beside it", required: false, default: "adopted", choices: null },
    { name: "mode", type: "choice", doc: null, required: false, default: "gentle", choices: ["gentle", "thorough"] },
  ]);
  assert.deepEqual(entry?.parts.map((part) => [part.kind, part.path]), [
    ["phase", "own"], ["task", "own/assign"], ["backfill", "own/files.owner_id"], ["gate", "keep"],
  ]);

  const start = (params: unknown) => alice.post<{ id: string }>("/api/runs", { plan: "owners", environment: "people", params });
  await assert.rejects(start({ owner: "x" }), (error: ApiError) => error.status === 400 && /must be a whole number/.test(error.message));
  await assert.rejects(start({}), (error: ApiError) => error.status === 400 && /owner.* is required/.test(error.message));
  const { id } = await start({ owner: "9", loud: true, share: 1 });
  const run = await waitUntil("the run is at its gate", async () => {
    const now = await alice.run(id);
    return now.state === "waiting" ? now : undefined;
  });
  assert.deepEqual((run as unknown as { params: unknown }).params, { owner: 9, label: "adopted", mode: "gentle", share: 1, loud: true });

  // P11: the digest of a gate covers them
  const bob = supervisor.as("bob");
  const { digest } = await bob.gate(id, "keep");
  await cluster.query(database, "UPDATE headgate.run SET params = params || '{\"owner\": 10}'");
  await alice.request(id, "pause");
  await waitUntil("paused", async () => (await alice.run(id)).state === "paused");
  await alice.request(id, "resume");
  await waitUntil("the gate asks again", async () => (await bob.gate(id, "keep")).digest !== digest);
});
