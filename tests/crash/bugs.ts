/** Does the harness notice? Bugs that a build with -DHEADGATE_BUGS=ON can switch on (runtime/db/bug.c, BUG("name")), each of
 * which a scene of the enumeration or a unit test has to catch. node tests/run.mjs --script crash/bugs.ts
 * [--only name,name] [--jobs 2] [--no-figures] */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Arguments } from "../lib/arguments";
import { start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { type IndexCase, IndexBench, runIndexCase } from "../lib/index-cases";
import { headgateBinary, helloPlan, root } from "../lib/paths";
import { pause, waitUntil } from "../lib/wait";
import { type Direction, type Done, HELLO_FILES, NotDone, play, preparedBack, prepareScene, type Scene } from "./drive";
import { writeFigures } from "./figures";
import { differences } from "./judge";
import { Faults } from "./points";
import { inParallel } from "./pool";

/** A scene, its direction and what strikes there ("" = nothing: the bug shows by itself; pass "*": each one in turn, until it
 * shows); a unit test; a second runner that has no right to the lease; or a case of the index doctor. */
type Catcher =
  | { scene: "hello" | "all-kinds"; direction: Direction; fault: string }
  | { unit: string }
  | { rival: true }
  | { index: IndexCase };

const forward = (scene: "hello" | "all-kinds", fault: string): Catcher => ({ scene, direction: "forward", fault });
const back = (scene: "hello" | "all-kinds", fault: string): Catcher => ({ scene, direction: "back", fault });

const BUGS: Record<string, Catcher> = {
  // A checkpoint in a transaction of its own, an answer or an event before its commit
  checkpoint_apart: forward("hello", "worker/data_cursor_move.before:1:kill"),
  step_checkpoint_apart: forward("hello", "runner/step_change.before:*:kill"),
  told_before_commit: forward("hello", "runner/step_change.before_commit:*:kill"),
  answered_apart: back("hello", "runner/request_done.after_commit:1:kill"),
  // What a successor must know
  ledger_not_read: forward("hello", "runner/step.committed:*:kill"),
  missing_not_told: forward("hello", "runner/step.committed:*:kill"),
  events_not_keyed: forward("hello", "runner/events_append.sent:*:dropconn"),
  range_not_released: forward("hello", "worker/data_batch_update.before:*:kill"),
  lease_not_released: forward("hello", ""),
  lease_not_checked: { rival: true },
  // The way back
  undo_in_start_order: back("all-kinds", ""),
  old_value_not_kept: back("all-kinds", ""),
  sync_left_behind: back("all-kinds", ""),
  flag_left_on: back("all-kinds", ""),
  // Outside transactions
  if_not_exists: { index: { kind: "create", moment: "backend ended", direction: "forward" } },
  // Rows
  counted_twice: forward("hello", ""),
  queue_forgotten: forward("all-kinds", ""),
  decision_not_settled: forward("all-kinds", ""),
  // One statement's protection behind which another stands: the test of the statement itself
  no_compare_and_set: { unit: "data/test_batch" },
  epoch_not_checked: { unit: "data/test_batch" },
  version_not_checked: { unit: "data/test_batch" },
  old_value_overwritten: { unit: "data/test_batch" },
  ours_not_checked: { unit: "data/test_undo" },
  commit_assumed: { unit: "db/test_conn" },
  rollback_taken_for_commit: { unit: "db/test_conn" },
};

const options = new Arguments();
const only = options.text("only", Object.keys(BUGS).join(",")).split(",");
const jobs = options.number("jobs", 2);
const cluster = await Cluster.start({ settings: { max_connections: "200" } });
const begun = Date.now();

function prepared(name: string, env: Record<string, string>): Promise<Scene> {
  return name === "hello"
    ? prepareScene(cluster, helloPlan, false, HELLO_FILES, env)
    : prepareScene(cluster, join(root, "tests/crash/plans/all-kinds"), true, {}, env);
}

/** Scenes without a bug: how they end undisturbed, and what they pass. */
const wanted = new Map<string, { scene: Scene; undisturbed: Done & { faults: Faults } }>();
for (const name of ["hello", "all-kinds"]) {
  if (!only.some((bug) => (BUGS[bug] as { scene?: string } | undefined)?.scene === name)) continue;
  const scene = await prepared(name, {});
  for (const each of [scene, await preparedBack(scene)]) {
    wanted.set(`${name} ${each.direction}`, { scene: each, undisturbed: await play(each, "list") });
  }
}

/** What showed, or nothing. */
async function symptom(bug: string, catcher: Catcher): Promise<string | undefined> {
  const env = { HEADGATE_BUG: bug };
  if ("unit" in catcher) return failingTests(catcher.unit, bug);
  if ("index" in catcher) return (await indexSymptom(catcher.index, {})) === undefined ? indexSymptom(catcher.index, env) : undefined;
  if ("rival" in catcher) return (await leaseTaken({})) || !(await leaseTaken(env)) ? undefined : "a second runner got the lease of a run that nobody had left";
  const there = await prepared(catcher.scene, env);
  let scene = there;
  try {
    if (catcher.direction === "back") scene = await preparedBack(there, env);
  } catch (error) {
    if (error instanceof NotDone) return error.message;
    throw error;
  }
  const without = wanted.get(`${catcher.scene} ${catcher.direction}`);
  if (without === undefined) throw new Error(`${catcher.scene} was not run`);
  const should = without.undisturbed;
  for (const fault of everyPass(catcher.fault, should.faults)) {
    const { outcome, struck, text } = await play(scene, fault, fault === "" ? { ...UNHURRIED, ...env } : env, 20_000);
    if (options.flag("verbose")) console.log(text);
    if (fault !== "" && struck === 0) console.log(`${bug}: ${fault} was never passed`);
    const [wrong] = differences(outcome, should.outcome);
    if (wrong === undefined) continue;
    const [always] = fault === "" ? [] : differences((await play(without.scene, fault)).outcome, should.outcome);
    if (always === undefined) return `${fault}: ${wrong}`;
    console.log(`${bug}: ${fault} is wrong without the bug too: ${always}`);
  }
  return undefined;
}

/** The fault at each pass that an undisturbed run makes of its point. */
function everyPass(fault: string, undisturbed: Faults): string[] {
  if (!fault.includes(":*:")) return [fault];
  const point = undisturbed.passed.find(({ name }) => fault.startsWith(`${name}:`));
  if (point === undefined) throw new Error(`an undisturbed run does not pass ${fault}`);
  return Array.from({ length: point.passes }, (_, index) => fault.replace("*", String(index + 1)));
}

/** What a case of the index doctor finds. */
async function indexSymptom(index: IndexCase, env: Record<string, string>): Promise<string | undefined> {
  try {
    await runIndexCase(await IndexBench.start(cluster, env), index);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}

/** Leases as long as they are: a slow machine must not let one run out. */
const UNHURRIED = { HEADGATE_FAULT_HASTE: "1" };
/** A runner stands still so long, less than its parent bears; a rival that may has taken its lease a while before it goes on: then
 * it soon gives the lease back itself. */
const SLOW_MS = 2_500;
const AWAKE_MS = 500;

/** Does another runner get the lease of a run whose runner is only slow? */
async function leaseTaken(env: Record<string, string>): Promise<boolean> {
  const scene = await prepared("hello", env);
  const faults = new Faults(`runner/step_change.before:2:delay=${SLOW_MS}`);
  const all = { ...cluster.env(scene.template), ...faults.env, ...UNHURRIED, ...env, HEADGATE_HOME: scene.known.home, HEADGATE_ENV: "crash" };
  const running = start(["run", scene.plan, "--yes"], { env: all, cwd: scene.plan });
  await waitUntil("the runner is slow", () => faults.struck > 0, { everyMs: 5 });
  const until = Date.now() + SLOW_MS - AWAKE_MS;
  const rival = start(["runner", "1", "--owner", "rival", "--home", scene.known.home], { env: all, cwd: scene.plan });
  const takes = async (): Promise<boolean> => (await cluster.query(scene.template, "SELECT FROM headgate.lease WHERE owner = 'rival'")).length > 0;
  let taken = false;
  while (!taken && rival.alive && Date.now() < until) {
    taken = await takes();
    await pause(20);
  }
  rival.kill("SIGKILL");
  await running.ended;
  return taken;
}

/** The unit test without the bug passes (make test); with it, the names of those that do not. */
function failingTests(test: string, bug: string): string | undefined {
  const binary = join(dirname(headgateBinary), "tests/unit", `unit_${test.replace("/", "_")}`);
  if (!existsSync(binary)) throw new Error(`${binary} is not built`);
  const run = spawnSync(binary, { cwd: root, env: { ...process.env, HEADGATE_BUG: bug }, encoding: "utf8", timeout: 120_000 });
  const failed = [...`${run.stdout}${run.stderr}`.matchAll(/\[ {2}FAILED {2}\] (test_\w+|[a-z_]+)$/gm)].map(([, name]) => name);
  return run.status === 0 ? undefined : `${test}: ${[...new Set(failed)].join(", ") || `exit ${run.status ?? run.signal}`}`;
}

const missed: string[] = [];
let caught = 0;
const chosen = Object.entries(BUGS).filter(([bug]) => only.includes(bug));
await inParallel(chosen, jobs, async ([bug, catcher]) => {
  // A catcher that does not work catches nothing, and the others still do.
  const seen = await symptom(bug, catcher).catch((error: Error) => void console.log(`${bug}: ${error.stack ?? error.message}`));
  if (seen === undefined) missed.push(bug);
  else caught++;
  console.log(seen === undefined ? `MISSED ${bug}` : `caught ${bug}: ${seen.slice(0, 160)}`);
});
await cluster.stop();

const result = { seeded_bugs: chosen.length, seeded_bugs_caught: caught, seconds: Math.round((Date.now() - begun) / 1000) };
console.log(JSON.stringify({ ...result, missed }));
if (!options.flag("no-figures")) writeFigures("bugs", { ...result, missed });
process.exit(missed.length === 0 ? 0 : 1);
