/** A runner dies when a step has failed, or a gate was refused, and before its run followed: nothing is done or asked again unless a person wants it. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type CliProcess, headgate, start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { noFaults } from "../lib/faults";
import { fsckLines } from "../lib/fsck";
import { temporary, writePlan } from "../lib/plan";
import { processesOf } from "../lib/processes";
import { waitUntil } from "../lib/wait";

const CONFIG = `
version: 1
variables: { service: "\${SERVICE}" }
environments:
  test: { approvers: { dba: [bob] } }
`;
const only = { skip: noFaults || false };

let cluster: Cluster;
let service: Server;
let address = "";
let posts = 0;
const started: CliProcess[] = [];

before(async () => {
  cluster = await Cluster.start();
  service = createServer((request) => {
    posts++; // and never answers
    request.resume();
  });
  await new Promise<void>((ready) => service.listen(0, "127.0.0.1", ready));
  address = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
});
after(async () => {
  for (const process of started) process.kill("SIGKILL");
  service.closeAllConnections();
  service.close();
  await cluster.stop();
});

interface Stage {
  process: CliProcess;
  folder: string;
  env: Record<string, string>;
  /** What faults leave behind: once.0 and on, one each. */
  once: string;
  /** The runner died where it should. */
  died(): boolean;
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** headgate with these words, on the run. */
  ask(...words: string[]): ReturnType<typeof headgate>;
}

/** Starts a plan whose runner is killed at the fault, once. */
async function begin(plan: string, fault: string): Promise<Stage> {
  const database = await cluster.database();
  const once = join(temporary("faults"), "once");
  const folder = writePlan({ "headgate.yaml": CONFIG, "plan.lua": plan });
  const env = {
    ...cluster.env(database),
    HEADGATE_HOME: temporary("home"),
    HEADGATE_FAULT: fault,
    HEADGATE_FAULT_ONCE: once,
    SERVICE: address,
  };
  posts = 0;
  const process = start(["run", folder, "-e", "test", "--yes"], { env });
  started.push(process);
  return {
    process,
    folder,
    env,
    once,
    died: () => existsSync(`${once}.0`),
    query: (sql) => cluster.query(database, sql),
    ask: (...words) => headgate([...words, "-e", "test"], { env, cwd: folder }),
  };
}

/** The state of the run, and how often each thing was told. */
async function told(stage: Stage): Promise<{ state: unknown; opened: number; checked: number; failed: number }> {
  const [row] = await stage.query(`
    SELECT r.state, (SELECT count(*)::int FROM headgate.event WHERE type = 'gate.opened') AS opened,
           (SELECT count(*)::int FROM headgate.event WHERE type = 'check.result') AS checked,
           (SELECT count(*)::int FROM headgate.event WHERE type = 'step.state' AND data ->> 'to' = 'failed') AS failed
    FROM headgate.run AS r`);
  return row as Awaited<ReturnType<typeof told>>;
}

const POST = `plan "p" { doc = "d", phase "f" {
  http "order" { url = "\${service}/orders", body = "{}", timeout = "300ms", one_way = "an order is an order" },
} }`;

// The third transition is that of the failure: the plan's own, the intent, the failure.
for (const fault of ["runner/step.committed:3", "runner/run.flushed:2"]) {
  test(`a request without an answer is sent once, though its runner dies at ${fault}`, only, async () => {
    const stage = await begin(POST, fault);
    const run = await stage.process.ended;
    assert.ok(stage.died(), run.text);
    assert.equal(run.code, 1, run.text);
    assert.equal(posts, 1, run.text);
    assert.equal((await told(stage)).state, "failed");
    assert.match(run.text, /headgate retry 1/);
    const retry = await stage.ask("retry", "1");
    assert.equal(retry.code, 1, retry.text);
    assert.equal(posts, 2, "a person said retry");
    assert.deepEqual(await fsckLines(stage.env, stage.folder, "test"), []);
  });
}

test("resume of a run whose runner died is no answer to a failure that nobody has seen", only, async () => {
  const stage = await begin(POST, "runner/run.flushed:2,runner/runner.lease:1+");
  await waitUntil("the runner died", () => stage.died());
  stage.process.kill("SIGKILL");
  await stage.process.exited;
  await waitUntil("nobody is left", () => processesOf(stage.env["HEADGATE_HOME"] ?? "").length === 0);
  writeFileSync(`${stage.once}.mended`, "");
  assert.equal((await told(stage)).state, "running");
  await stage.query("UPDATE headgate.lease SET until = clock_timestamp() - interval '1 second'");
  const resume = await stage.ask("resume", "1");
  assert.equal(resume.code, 1, resume.text);
  assert.equal((await told(stage)).state, "failed");
  assert.equal(posts, 1);
});

test("a verification that failed takes the run back, with what it found", only, async () => {
  const stage = await begin(
    `plan "p" { doc = "d", phase "f" {
       step "mark" { up = "CREATE TABLE mark (id int)", down = "DROP TABLE mark" },
       verify "none" { no_rows = "SELECT 7 AS seven" },
     } }`,
    "runner/run.flushed:2",
  );
  const run = await stage.process.ended;
  assert.ok(stage.died(), run.text);
  const { state, checked } = await told(stage);
  assert.deepEqual({ state, checked }, { state: "rolled_back", checked: 1 }, run.text);
  const [head] = await stage.query("SELECT rollback_why FROM headgate.run");
  assert.match(String(head?.["rollback_why"]), /verification "none" failed: .*seven = 7/);
});

const gate = (on_expire: string): string => `plan "p" { doc = "d",
  phase "f" { step "mark" { up = "CREATE TABLE mark (id int)", down = "DROP TABLE mark" } },
  gate "agree" { approvers = "dba", ask = "Go on?", expires = "300ms", on_expire = "${on_expire}" },
  phase "then" { step "end" { up = "CREATE TABLE after (id int)", down = "DROP TABLE after" } },
}`;

// Transitions: the plan's own, the step, the gate's start, its failure.
for (const fault of ["runner/gate_close.after:1", "runner/step.committed:4"]) {
  test(`a gate that expired is not asked again, though its runner dies at ${fault}`, only, async () => {
    const back = await begin(gate("rollback"), fault);
    const run = await back.process.ended;
    assert.ok(back.died(), run.text);
    assert.deepEqual(await told(back), { state: "rolled_back", opened: 1, checked: 0, failed: 1 }, run.text);
    assert.deepEqual(await fsckLines(back.env, back.folder, "test"), []);

    for (const on of ["hold", "reject"]) {
      const stage = await begin(gate(on), fault);
      await waitUntil("the run is held", async () => stage.died() && (await told(stage)).state === "held");
      assert.deepEqual(await told(stage), { state: "held", opened: 1, checked: 0, failed: 1 });
      await stage.ask("resume", "1", "--detach");
      await waitUntil("it is asked again", async () => (await told(stage)).opened === 2);
      await waitUntil("and held again", async () => (await told(stage)).failed === 2 && (await told(stage)).state === "held");
      stage.process.kill("SIGTERM");
      await stage.process.exited;
    }
  });
}
