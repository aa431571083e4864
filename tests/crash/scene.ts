/** A plan under a supervisor that reaches its database through whatever the case puts in between, with an application
 * that writes all along; and the verdict. */
import { dirname } from "node:path";
import type { Cluster } from "../lib/cluster";
import { fsckLines } from "../lib/fsck";
import { writePlan } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { type Known, Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";
import { Writes, WRITES_SCHEMA } from "../lib/writes";

/** headgate.yaml of both environments: gates pass by themselves, or bob is asked. */
const CONFIG = `version: 1
environments:
  net: { gates: auto, approvers: { owner: [bob] } }
  gated: { approvers: { owner: [bob] } }
`;
/** Slow enough to be disturbed: fifty batches with a rest after each. */
const PLAN = `plan "net" {
  doc = "A column, its values, an index",
  phase "greet" {
    step "greeting column" {
      up   = "ALTER TABLE people ADD COLUMN greeting text",
      down = "ALTER TABLE people DROP COLUMN greeting",
    },
    backfill "people.greeting" {
      where = "greeting IS NULL", keep = "name", batch = 20, batch_time = "1ms", pause = "30ms",
      map   = function(row) return { greeting = "Hello, " .. row.name .. "!" } end,
    },
    verify "everybody has a greeting" { no_rows = "SELECT id FROM people WHERE greeting IS NULL" },
    step "greeting index" {
      up   = "CREATE INDEX CONCURRENTLY people_greeting ON people (greeting)",
      down = "DROP INDEX CONCURRENTLY people_greeting",
    },
  },
  gate "keep" { ask = "Keep the greetings?", approvers = "owner", evidence = { "greet" } },
}
`;
export type Environment = "net" | "gated";
export interface Prepared {
  plan: string;
  template: string;
  known: Known;
}

/** A database to be copied, with the tables, the ledger and people. */
export async function prepareNet(cluster: Cluster): Promise<Prepared> {
  const plan = writePlan({ "headgate.yaml": CONFIG, "plan.lua": PLAN });
  const template = await cluster.database();
  await cluster.query(template, WRITES_SCHEMA);
  const prepared = await Supervisor.prepare({
    env: cluster.env(template),
    config: plan,
    plans: dirname(plan),
    environment: "net",
    people: ["alice", "bob"],
  });
  return { plan, template, known: prepared.known };
}

export interface Scene {
  supervisor: Supervisor;
  cluster: Cluster;
  database: string;
  run: string;
  home: string;
}

export interface Verdict {
  wrong: string[];
  acknowledged: number;
  lost: number;
  ms: number;
}

export interface SceneOptions {
  cluster: Cluster;
  prepared: Prepared;
  database: string;
  /** The PG* variables that headgate gets; those of the cluster unless told. */
  env?: Record<string, string>;
  environment?: Environment;
  application?: boolean;
  limitMs?: number;
  /** What happens while the plan runs; everything must be well again when it resolves. Gives where the run is judged. */
  act: (scene: Scene) => Promise<Cluster | void>;
}

export async function stateOf(cluster: Cluster, database: string, run: string): Promise<string> {
  const rows = await cluster.query(database, "SELECT state FROM headgate.run WHERE id = $1", [run]);
  return String(rows[0]?.["state"] ?? "gone");
}

async function judge(cluster: Cluster, options: SceneOptions): Promise<string[]> {
  const wrong = await fsckLines(cluster.env(options.database), options.prepared.plan, options.environment ?? "net");
  const bad = await cluster.query(options.database, "SELECT count(*)::int AS n FROM people WHERE greeting IS DISTINCT FROM 'Hello, ' || name || '!'");
  if (bad[0]?.["n"] !== 0) wrong.push(`${bad[0]?.["n"]} people are not greeted`);
  const changed = await cluster.query(options.database, "SELECT sum(rows_changed)::int AS n FROM headgate.cursor");
  if (changed[0]?.["n"] !== 1000) wrong.push(`${changed[0]?.["n"]} rows were changed, not 1000`);
  const index = await cluster.query(options.database, "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('people_greeting')");
  if (index[0]?.["indisvalid"] !== true) wrong.push("the index is not there, or not valid");
  return wrong;
}

/** The run has ended well, whatever the connection of this test says in between. Failed and held ones are tried again. */
async function ended(scene: Scene, cluster: Cluster, limitMs: number): Promise<void> {
  let seen = "";
  let asked = 0;
  await waitUntil(
    `run ${scene.run} is done`,
    async () => {
      seen = await stateOf(cluster, scene.database, scene.run).catch((error: Error) => error.message);
      const alice = scene.supervisor.as("alice");
      if (seen === "waiting") {
        const bob = scene.supervisor.as("bob");
        const gate = await bob.gate(scene.run, "keep").catch(() => undefined);
        if (gate?.may.approve) await bob.approve(scene.run, "keep").catch(() => undefined);
      }
      if (seen === "failed" && asked < 10) {
        asked++;
        await alice.request(scene.run, "retry").catch(() => undefined);
      }
      return seen === "done";
    },
    { timeoutMs: limitMs, everyMs: 200 },
  ).catch(() => {
    throw new Error(`the run is ${seen} after ${limitMs} ms`);
  });
}

export async function play(options: SceneOptions): Promise<Verdict> {
  const begun = Date.now();
  const { cluster, prepared, database } = options;
  const supervisor = await Supervisor.start({
    env: { ...(options.env ?? cluster.env(database)) },
    config: prepared.plan,
    plans: dirname(prepared.plan),
    environment: options.environment ?? "net",
    people: ["alice", "bob"],
    known: prepared.known,
  });
  const writes = options.application === false ? undefined : Writes.start(cluster, database);
  const scene: Scene = { supervisor, cluster, database, run: "", home: prepared.known.home };
  const verdict: Verdict = { wrong: [], acknowledged: 0, lost: 0, ms: 0 };
  try {
    scene.run = (await supervisor.as("alice").startRun(prepared.plan.slice(dirname(prepared.plan).length + 1), options.environment ?? "net")).id;
    const at = (await options.act(scene)) ?? cluster;
    await ended(scene, at, options.limitMs ?? 90_000);
    await supervisor.stop("SIGKILL");
    if (writes !== undefined) {
      verdict.lost = await writes.lost();
      verdict.acknowledged = writes.acknowledged;
    }
    if (verdict.lost > 0) verdict.wrong.push(`${verdict.lost} acknowledged writes of the application are lost`);
    verdict.wrong.push(...(await judge(at, options)));
  } catch (error) {
    verdict.wrong.push(`${String(error)}\n${supervisor.text.split("\n").slice(-12).join("\n")}`);
  } finally {
    await supervisor.stop("SIGKILL");
    for (const { pid } of processesOf(scene.home)) killNow(pid);
    if (verdict.wrong.length > 0) await writes?.lost().catch(() => 0);
  }
  verdict.ms = Date.now() - begun;
  return verdict;
}
