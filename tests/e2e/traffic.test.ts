/** Traffic through a real HAProxy: stages are weights, measured in requests; somebody's hand holds the run; rollback is 0 %. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Api } from "../lib/api";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { type Haproxy, noHaproxy, startHaproxy } from "../lib/haproxy";
import { noFaults } from "../lib/faults";
import { temporary, writePlan } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const PLAN = `plan "cut-over" {
  doc = "Lets the new version take the traffic",
  rollout "new-version" {
    traffic = haproxy { socket = "\${haproxy}", backend = "app", blue = "blue", green = "green" },
    guards = "errors < 5",
    stage { percent = 10, watch = "1s" },
    stage { percent = 50, watch = "1s", gate = { approvers = "admin" } },
    stage { percent = 100, watch = "1h", gate = { approvers = "admin" } },
  },
}
`;
const CONFIG = `
version: 1
variables: { haproxy: "\${HAPROXY_SOCKET}" }
metrics:
  errors: { sql: "SELECT errors FROM health" }
environments:
  test:
    approvers: { admin: [bob] }
    guard_interval: 500ms
  dev:
    gates: auto
    traffic: none
    guard_interval: 500ms
`;

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

interface Page {
  state: string;
  node: string | null;
  reason: { kind?: string; text?: string } | null;
  gates: { path: string; state: string }[];
  rollouts: { percent: number; stages: { state: string }[] }[];
}

interface Stage {
  haproxy: Haproxy;
  database: string;
  home: string;
  alice: Api;
  bob: Api;
  id: string;
  page(): Promise<Page>;
  reached(what: string, is: (page: Page) => boolean): Promise<Page>;
}

async function begin(t: TestContext, environment = "test", env: Record<string, string> = {}): Promise<Stage> {
  const haproxy = await startHaproxy();
  t.after(() => haproxy.stop());
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE health (errors int); INSERT INTO health VALUES (0)");
  const plans = temporary("plans");
  mkdirSync(join(plans, "cut-over"));
  writeFileSync(join(plans, "cut-over/plan.lua"), PLAN);
  writeFileSync(join(plans, "headgate.yaml"), CONFIG);
  const supervisor = await Supervisor.start({
    env: { ...cluster.env(database), HAPROXY_SOCKET: haproxy.socket, ...env },
    config: plans,
    plans,
    environment,
    people: ["alice", "bob"],
  });
  t.after(() => supervisor.stop());
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun("cut-over", environment);
  const page = (): Promise<Page> => alice.get<Page>(`/api/runs/${id}`);
  const reached = (what: string, is: (page: Page) => boolean): Promise<Page> =>
    waitUntil(what, async () => {
      const now = await page();
      return is(now) ? now : undefined;
    });
  return { haproxy, database, home: supervisor.known.home, alice, bob: supervisor.as("bob"), id, page, reached };
}

const atGate = (stage: Stage, percent = 50): Promise<Page> =>
  stage.reached(`the gate of ${percent} %`, ({ gates }) => gates.some(({ path, state }) => path === `new-version/${percent}%/gate` && state === "open"));
const approve = (stage: Stage, percent = 50): Promise<unknown> => stage.bob.approve(stage.id, `new-version/${percent}%/gate`);
const watched = (stage: Stage, percent: number): Promise<Page> =>
  stage.reached(`${percent} % is watched`, ({ state, node }) => state === "watching" && node === `new-version/${percent}%`);

test("10, 50, 100 % of the requests; a breach takes all of them back", { skip: noHaproxy || false }, async (t) => {
  const stage = await begin(t);
  await atGate(stage);
  const ten = await stage.haproxy.requests(200);
  assert.ok(ten["green"]! >= 17 && ten["green"]! <= 23, JSON.stringify(ten)); // the round begins anywhere
  await approve(stage);
  await atGate(stage, 100);
  const fifty = await stage.haproxy.requests(100);
  assert.ok(fifty["green"]! >= 47 && fifty["green"]! <= 53, JSON.stringify(fifty));
  await approve(stage, 100);
  await watched(stage, 100);
  assert.deepEqual(await stage.haproxy.requests(50), { blue: 0, green: 50 });

  await cluster.query(stage.database, "UPDATE health SET errors = 9");
  const back = await stage.reached("rolled back", ({ state }) => state === "rolled_back");
  assert.deepEqual(await stage.haproxy.requests(50), { blue: 50, green: 0 });
  assert.equal(back.rollouts[0]?.percent, 0);
  const told = await cluster.query(
    stage.database,
    "SELECT array_agg((data ->> 'percent')::numeric::int ORDER BY seq) AS percents FROM headgate.event WHERE type = 'rollout.flag'",
  );
  assert.deepEqual(told[0]?.["percents"], [10, 50, 100, 0]);
});

test("somebody's weight, a restart and a server that is down hold the run", { skip: noHaproxy || false }, async (t) => {
  const stage = await begin(t);
  await atGate(stage);
  await stage.haproxy.tell("set server app/green weight 30; set server app/blue weight 70");
  await approve(stage);
  const held = await stage.reached("held at 30 %", ({ state }) => state === "held");
  assert.match(held.reason?.text ?? "", /^someone set new-version to 30 % .*resume sets it again, rollback takes it to 0 %/);
  await stage.alice.request(stage.id, "resume");
  await atGate(stage, 100);
  await approve(stage, 100);
  await watched(stage, 100);

  await stage.haproxy.restart(); // weights of its configuration
  const restarted = await stage.reached("held at 0 %", ({ state }) => state === "held");
  assert.match(restarted.reason?.text ?? "", /(someone set new-version to 0 %.*a restart of HAProxy)|HAProxy: /);
  if (!/someone/.test(restarted.reason?.text ?? "")) await stage.reached("held by the weights", ({ reason }) => /someone/.test(reason?.text ?? ""));
  await stage.alice.request(stage.id, "resume");
  await watched(stage, 100);
  assert.deepEqual(await stage.haproxy.requests(20), { blue: 0, green: 20 });

  await stage.haproxy.tell("set server app/green state maint");
  const down = await stage.reached("held: green is down", ({ state }) => state === "held");
  assert.match(down.reason?.text ?? "", /server app\/green takes no traffic now/);
  await stage.haproxy.tell("set server app/green state ready");
  await watched(stage, 100); // by itself
  await stage.alice.request(stage.id, "rollback");
  await stage.reached("rolled back", ({ state }) => state === "rolled_back");
  assert.deepEqual(await stage.haproxy.requests(20), { blue: 20, green: 0 });
});

test("an environment without a load balancer passes over it, and says so", { skip: noHaproxy || false }, async (t) => {
  const stage = await begin(t, "dev");
  await stage.reached("done", ({ state }) => state === "done");
  assert.deepEqual(await stage.haproxy.requests(10), { blue: 10, green: 0 });
  const steps = await cluster.query(stage.database, "SELECT path, state, detail ->> 'why' AS why FROM headgate.step WHERE path LIKE 'new%' ORDER BY path");
  assert.ok(steps.length === 4 && steps.every(({ state, why }) => state === "skipped" && why === "traffic: none in this environment"), JSON.stringify(steps));
});

test("the dry run says what an environment without a load balancer passes over", async () => {
  const folder = writePlan({ "plan.lua": PLAN, "headgate.yaml": CONFIG });
  const dry = await headgate(["plan", folder, "-e", "dev"], { env: cluster.env(await cluster.database()) });
  assert.equal(dry.code, 0, dry.text);
  assert.equal(dry.text.match(/passed_over +new-version\/.*no load balancer in this environment/g)?.length, 5, dry.text);
});

test("a runner that dies later: the next one goes on with the share that is there", { skip: noHaproxy || false }, async (t) => {
  const stage = await begin(t);
  await atGate(stage);
  const runner = processesOf(stage.home).find(({ command }) => command === "runner");
  assert.ok(runner !== undefined && killNow(runner.pid));
  await stage.alice.request(stage.id, "rollback");
  await stage.reached("rolled back", ({ state }) => state === "rolled_back");
  assert.deepEqual(await stage.haproxy.requests(20), { blue: 20, green: 0 });
});

test("a runner that dies before and after the weights are set: they are read back, and set once more or not at all", { skip: noHaproxy || noFaults || false }, async (t) => {
  const once = join(temporary("faults"), "once");
  const stage = await begin(t, "test", { HEADGATE_FAULT: "runner/traffic.intent:1,runner/traffic.set:1", HEADGATE_FAULT_ONCE: once });
  await atGate(stage);
  assert.ok(existsSync(`${once}.0`) && existsSync(`${once}.1`), "both runners died where they should");
  const rows = await cluster.query(stage.database, "SELECT detail -> 'weights' AS weights, detail -> 'intent' AS intent FROM headgate.step WHERE path = 'new-version'");
  assert.deepEqual(rows, [{ weights: { blue: 90, green: 10 }, intent: null }]);
  assert.match(await stage.haproxy.tell("get weight app/green"), /^10 /);
  await stage.alice.request(stage.id, "rollback");
  await stage.reached("rolled back", ({ state }) => state === "rolled_back");
  assert.match(await stage.haproxy.tell("get weight app/green"), /^0 /);
});
