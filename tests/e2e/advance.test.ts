/** The watch of a rollout's stage, ended before its window is over: asked with a reason, approved by others, only while every guard
 *  holds, once, and on the record. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Api, RunPage } from "../lib/api";
import { type CliResult, headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { fsckLines } from "../lib/fsck";
import { noFaults } from "../lib/faults";
import { temporary, writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const PLAN = `plan "out" { doc = "Let it out", rollout "new" {
  flag = sql_flag { table = "flags", name = "name", percent = "percent", enabled = "enabled" },
  guards = { "errors < 5" }, on_breach = "hold",
  stage { percent = 10, watch = "1h" },
  stage { percent = 50, watch = "2h" },
} }`;
const CONFIG = `
version: 1
metrics:
  errors: { sql: "SELECT n FROM readings" }
environments:
  test:
    gates: auto
    guard_interval: 1s
  people:
    approvers: { admin: [alice, bob, dave], product: [carol] }
    guard_interval: 1s
`;
const STAGE = "new/10%";
const GATE = `${STAGE}/advance`;

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

interface Advanced {
  by: string;
  why: string;
  approved_by: string[];
  counted_us: number;
  window_us: number;
}

interface Page extends RunPage {
  rollouts: { percent: number; stages: { path: string; state: string; advanced: Advanced | null }[] }[];
}

interface Scene {
  supervisor: Supervisor;
  database: string;
  folder: string;
  id: string;
  alice: Api;
  page(): Promise<Page>;
  /** Until a stage is watched and every guard was sampled. */
  watched(stage: string): Promise<Page>;
  /** The same as the browser asks it. */
  ask(path?: string, person?: string): Promise<unknown>;
  asked(): Promise<unknown>;
  cli(...args: string[]): Promise<CliResult>;
  query(sql: string): Promise<Record<string, unknown>[]>;
}

async function begin(t: TestContext, environment: string, more: Record<string, string> = {}): Promise<Scene> {
  const database = await cluster.database();
  const query = (sql: string) => cluster.query(database, sql);
  await query(`CREATE TABLE flags (name text PRIMARY KEY, percent int, enabled bool); INSERT INTO flags VALUES ('new', 0, false);
    CREATE TABLE readings AS SELECT 1 AS n`);
  const folder = writePlan({ "plan.lua": PLAN, "headgate.yaml": CONFIG });
  const env = { ...cluster.env(database), ...more };
  const supervisor = await Supervisor.start({ env, config: folder, plans: dirname(folder), environment, people: ["alice", "bob", "carol", "dave"] });
  t.after(() => supervisor.stop());
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun(basename(folder), environment);
  const page = () => alice.get<Page>(`/api/runs/${id}`);
  const scene: Scene = {
    supervisor, database, folder, id, alice, page, query,
    watched: (stage) => waitUntil(`${stage} is watched`, async () => {
      const now = await page();
      return now.state === "watching" && now.reason?.path === stage ? now : undefined;
    }),
    ask: async (path = STAGE, person = "alice") => {
      const { version } = await page();
      return supervisor.as(person).post(`/api/runs/${id}/requests`, { kind: "advance", path, why: "the release waits" }, { "If-Match": `"${version}"` });
    },
    asked: () => waitUntil("the gate is open", async () => (await page()).gates.some((gate) => gate.path === GATE && gate.state === "open")),
    cli: (...args) => headgate([...args, "-e", environment], { env: { ...supervisor.env, HEADGATE_PERSON: "alice" }, cwd: folder }),
  };
  await scene.watched(STAGE);
  return scene;
}

const percent = async (scene: Scene): Promise<unknown> => (await scene.query("SELECT percent FROM flags"))[0]?.["percent"];
const told = async (scene: Scene, type: string): Promise<Record<string, unknown>[]> =>
  (await scene.query(`SELECT data FROM headgate.event WHERE type = '${type}' ORDER BY seq`)).map((row) => row["data"] as Record<string, unknown>);
const closed = (scene: Scene, state: string): Promise<Record<string, unknown>> =>
  waitUntil(`the gate is ${state}`, async () => (await told(scene, "gate.closed")).find((data) => data["state"] === state));

/** Nothing went on, and the ledger holds together. */
async function assertStays(scene: Scene): Promise<void> {
  assert.equal(await percent(scene), 10);
  assert.deepEqual(await told(scene, "rollout.advanced"), []);
  assert.deepEqual(await scene.query("SELECT stage, closed_at FROM headgate.watch"), [{ stage: STAGE, closed_at: null }]);
}

test("asked with a reason, approved by two who did not start the run: the next stage begins, and the record says who and why", async (t) => {
  const scene = await begin(t, "people");
  const { supervisor, id } = scene;
  const status = await scene.cli("status", id);
  assert.ok(status.text.includes(`headgate advance ${id} "${STAGE}" --message WHY; `), status.text);
  const silent = await scene.cli("advance", id);
  assert.equal(silent.code, 1, silent.text);
  assert.match(silent.text, /--message WHY/);
  const told1 = await scene.cli("advance", id, "-m", "the release waits");
  assert.equal(told1.code, 0, told1.text);
  assert.ok(told1.text.includes(`headgate approve ${id} "${GATE}"`), told1.text);
  await scene.asked();
  const gate = (await supervisor.as("bob").gate(id, GATE)) as unknown as { question: string; need: number; evidence: { text: string }[]; may: { break_glass: boolean } };
  assert.match(gate.question, /^End the watch of "new" at 10 % after \S+ of 1h, and go to 50 %\?$/);
  assert.match(gate.evidence[0]!.text, /^watched \S+ of 1h; its guard holds; alice says: the release waits$/);
  assert.equal(gate.need, 2);
  assert.equal(gate.may.break_glass, false);
  const { needs_you } = await supervisor.as("bob").get<{ needs_you: { kind: string; path: string; mine: boolean }[] }>("/api/runs");
  assert.deepEqual(needs_you.map(({ kind, path, mine }) => ({ kind, path, mine })), [{ kind: "gate", path: GATE, mine: true }]);

  await assert.rejects(supervisor.as("alice").approve(id, GATE), /403.*you started this run/);
  await assert.rejects(supervisor.as("carol").approve(id, GATE), /403.*needs role admin/);
  await supervisor.as("bob").approve(id, GATE);
  const before = (await scene.page()).rollouts[0]!.stages[0]!;
  assert.equal(before.state, "watching", "one approval is not enough");
  await supervisor.as("dave").approve(id, GATE);
  const { rollouts } = await scene.watched("new/50%");
  const { advanced, state } = rollouts[0]!.stages[0]!;
  assert.equal(state, "done");
  assert.deepEqual({ by: advanced!.by, why: advanced!.why, approved_by: [...advanced!.approved_by].sort() }, { by: "alice", why: "the release waits", approved_by: ["bob", "dave"] });
  assert.ok(advanced!.counted_us < advanced!.window_us && advanced!.window_us === 3_600_000_000);
  assert.equal(await percent(scene), 50);

  const [event] = await told(scene, "rollout.advanced");
  assert.deepEqual(event, advanced);
  const { entries } = await supervisor.as("bob").get<{ entries: { who: string; what: string; why: string }[] }>("/api/audit");
  assert.ok(entries.some(({ who, what, why }) => who === "alice" && what === "rollout.advanced" && why === "the release waits"));
  const report = await scene.cli("report", id);
  assert.match(report.text, /stage "new\/10%" ended early after \S+ of 1h: the release waits \(asked by alice, approved by (bob, dave|dave, bob)\)/);
  assert.equal((await scene.cli("audit", "verify", id)).code, 0);
  assert.deepEqual(await fsckLines(supervisor.env, scene.folder, "people"), []);
  await scene.query("UPDATE headgate.gate SET state = 'rejected'");
  assert.match((await fsckLines(supervisor.env, scene.folder, "people")).join("\n"), /I12.*new\/10%.*no gate let it/);
});

test("what makes no sense is refused with the next command: no operator, no reason, another stage, no stage at all", async (t) => {
  const scene = await begin(t, "people");
  await assert.rejects(scene.ask(STAGE, "bob"), /403/);
  await assert.rejects(scene.ask("new/50%"), /409.*not a stage that is watched/);
  await assert.rejects(scene.alice.post(`/api/runs/${scene.id}/requests`, { kind: "advance", path: STAGE }, { "If-Match": "\"1\"" }), /400.*why/);
  const other = await scene.cli("advance", scene.id, "new/50%", "-m", "x");
  assert.match(other.text, /"new\/50%" is not watched: "new\/10%" is/);
  await scene.alice.request(scene.id, "pause");
  await waitUntil("it is paused", async () => (await scene.page()).state === "paused");
  await assert.rejects(scene.ask(), /409.*the run is paused: it cannot advance/);
  const paused = await scene.cli("advance", scene.id, "-m", "x");
  assert.match(paused.text, /is paused: only a stage that is watched can be ended early/);
  assert.ok(paused.text.includes(`headgate resume ${scene.id}`), paused.text);
  assert.deepEqual((await scene.page()).gates, []);
  await assertStays(scene);
});

test("a guard that does not hold: asking is refused, and an approved request is withdrawn, never done", async (t) => {
  const scene = await begin(t, "people");
  const { supervisor, id } = scene;
  await scene.ask();
  await scene.asked();
  await supervisor.as("bob").approve(id, GATE);
  await scene.query("UPDATE readings SET n = 9");
  await supervisor.as("dave").approve(id, GATE);
  const data = await closed(scene, "withdrawn");
  assert.match(String(data["why"]), /errors/);
  await waitUntil("the run is held", async () => (await scene.page()).state === "held");
  await assert.rejects(scene.ask(), /409.*the run is held: it cannot advance/);
  await scene.query("DELETE FROM readings");
  await waitUntil("nobody can say", async () => (await scene.query("SELECT 1 FROM headgate.sample WHERE verdict = 'no_data'")).length > 0);
  await assertStays(scene);

  await scene.query("INSERT INTO readings VALUES (1)");
  await scene.watched(STAGE);
  assert.equal((await supervisor.as("bob").gate(id, GATE)).state, "withdrawn", "a guard that holds again does not bring it back");
  await assertStays(scene);
  assert.deepEqual(await fsckLines(supervisor.env, scene.folder, "people"), []);
});

test("what was approved is what ends: rejected, changed in the table, over by itself, rolled back", async (t) => {
  const scene = await begin(t, "people");
  const { supervisor, id } = scene;
  const bob = supervisor.as("bob");
  await scene.ask();
  await scene.asked();
  const { digest } = await bob.gate(id, GATE);
  await bob.post(`/api/runs/${id}/gates/${encodeURIComponent(GATE)}/reject`, { comment: "too early" }, { "If-Match": `"${digest}"` });
  await closed(scene, "rejected");

  await scene.ask();
  await scene.asked();
  await bob.approve(id, GATE);
  await scene.query(`UPDATE headgate.gate SET evidence = jsonb_set(evidence, '{0,why}', '"another reason"')`);
  assert.match(String((await closed(scene, "withdrawn"))["why"]), /has changed/);
  await assertStays(scene);

  await scene.ask();
  await scene.asked();
  await bob.approve(id, GATE);
  await scene.query("UPDATE headgate.watch SET counted_us = window_us");
  await scene.watched("new/50%");
  await assert.rejects(supervisor.as("dave").approve(id, GATE), /409.*the gate is withdrawn already/);
  assert.deepEqual(await told(scene, "rollout.advanced"), [], "the clock ended it");

  await scene.ask("new/50%");
  await waitUntil("its gate is open", async () => (await scene.page()).gates.some((gate) => gate.path === "new/50%/advance" && gate.state === "open"));
  await scene.alice.request(id, "rollback");
  await waitUntil("it is rolled back", async () => (await scene.page()).state === "rolled_back");
  await assert.rejects(bob.approve(id, "new/50%/advance"), /409.*the gate is withdrawn already/);
  assert.deepEqual(await fsckLines(supervisor.env, scene.folder, "people"), []);
});

test("where gates pass by policy it takes effect at once, on the record; a runner that dies on the way does it once", { skip: noFaults || false }, async (t) => {
  const once = join(temporary("faults"), "once");
  const scene = await begin(t, "test", {
    HEADGATE_FAULT: "runner/gate_open.after:1,runner/watch_advance.before:1,runner/watch_advance.after_commit:1",
    HEADGATE_FAULT_ONCE: once,
  });
  await scene.ask();
  const { rollouts } = await scene.watched("new/50%");
  const { advanced } = rollouts[0]!.stages[0]!;
  assert.deepEqual({ by: advanced!.by, approved_by: advanced!.approved_by }, { by: "alice", approved_by: ["policy"] });
  assert.equal((await told(scene, "rollout.advanced")).length, 1);
  assert.equal((await told(scene, "gate.opened")).length, 1);
  assert.deepEqual((await told(scene, "gate.closed")).map((data) => data["state"]), ["passed"]);
  assert.deepEqual((await told(scene, "request")).map((data) => data["kind"]), ["advance"]);
  assert.deepEqual([0, 1, 2].map((nth) => existsSync(`${once}.${nth}`)), [true, true, true], "each runner died where it should");
  assert.deepEqual(await fsckLines(scene.supervisor.env, scene.folder, "test"), []);
});
