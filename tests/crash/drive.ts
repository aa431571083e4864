/** One run in a database of its own, by the command line or by a supervisor with people, with faults; to its end. */
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Api, ApiError, type RunPage } from "../lib/api";
import { type CliProcess, type CliResult, headgate, start } from "../lib/cli";
import type { Cluster } from "../lib/cluster";
import { fsckLines } from "../lib/fsck";
import { attend, hasEnded } from "../lib/people";
import { copyPlan, temporary } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { storyConfig, storySql } from "../lib/story";
import { type Known, Supervisor } from "../lib/supervisor";
import { pause } from "../lib/wait";
import { judge, type Outcome } from "./judge";
import { outsideEffects, outsideEnv } from "./outside";
import { Faults } from "./points";

const LIMIT_MS = 60_000;
const TRIES = 8;
/** Whoever wants a watch to end asks again when no gate has opened so long after: its runner died, or refused. */
const ASK_AGAIN_MS = 1_500;
/** Watches longer than a scene lasts, which people end. */
const ENDED_EARLY = new Set(["new_labels/50%"]);
/** States in which a run waits for a person who tries again. */
const STOPPED = new Set(["failed", "rollback_blocked"]);
/** What goes wrong for ever is mended after so long. */
const LASTS_MS = 1_500;
const PEOPLE = ["alice", "bob", "carol", "dave"];
const ENVIRONMENT = "crash";

/** What plans/hello needs to be a scene without people. */
export const HELLO_FILES = {
  "headgate.yaml": "version: 1\nenvironments:\n  crash:\n    gates: auto\n    approvers: { owner: [bob] }\n",
  "setup.sql":
    "CREATE TABLE people (id bigint PRIMARY KEY, name text NOT NULL);\n" +
    "INSERT INTO people SELECT g, 'person ' || g FROM generate_series(1, 60) AS g",
};

/** The main job with few rows and windows as short as a scene needs; nobody's requests are written down, so its metrics are made up. */
export function demoFiles(): Record<string, string> {
  return { "headgate.yaml": storyConfig(ENVIRONMENT, { watch: "300ms", guardInterval: "50ms" }), "setup.sql": storySql(200) };
}

type Files = Record<string, string>;
export type Direction = "forward" | "back";

/** Something to run, prepared so that copies of its database can be run at once. */
export interface Scene {
  name: string;
  cluster: Cluster;
  plan: string;
  direction: Direction;
  /** A supervisor drives it and people act; otherwise `headgate run` does, and the gates pass by policy. */
  people: boolean;
  template: string;
  known: Known;
  /** The run to roll back. */
  run: string;
  /** Is there a way back once it is done? */
  reversible: boolean;
}

export interface Done {
  outcome: Outcome;
  struck: number;
  acts: number;
  ms: number;
  /** What was printed, for people. */
  text: string;
  /** Commands that were printed as the next ones, executed because the run had stopped, and whether they worked. */
  nexts: { command: string; worked: boolean }[];
  /** Did a run stop, so that a person had to try again? */
  retried: boolean;
}

/** The plan's folder from tests/crash/plans or plans/, its setup.sql in a database with ledger and people. */
export async function prepareScene(cluster: Cluster, from: string, people: boolean, files: Files = {}, env: Files = {}): Promise<Scene> {
  const plan = copyPlan(from, files);
  const template = await cluster.database();
  const setup = files["setup.sql"] ?? readFileSync(join(plan, "setup.sql"), "utf8");
  await cluster.query(template, setup);
  const prepared = people
    ? await Supervisor.prepare({ env: { ...cluster.env(template), ...(await outsideEnv(temporary("home"))), ...env }, config: plan, plans: dirname(plan), environment: ENVIRONMENT, people: PEOPLE })
    : undefined;
  const known = prepared?.known ?? { home: temporary("home"), tokens: new Map<string, string>() };
  return { name: basename(from), cluster, plan, direction: "forward", people, template, known, run: "1", reversible: true };
}

export class NotDone extends Error {}

/** The same scene after its run is done, to be rolled back. */
export async function preparedBack(scene: Scene, env: Files = {}): Promise<Scene> {
  const database = await scene.cluster.database(scene.template);
  const home = copyHome(scene.known);
  const faults = new Faults("");
  const { state } = await finish({ ...scene, known: home }, database, faults, env, LIMIT_MS);
  if (state !== "done") {
    const [head] = await scene.cluster.query(database, "SELECT node, reason FROM headgate.run ORDER BY id DESC LIMIT 1").catch(() => []);
    throw new NotDone(`${scene.name} does not get done: ${state} ${JSON.stringify(head)}`);
  }
  return { ...scene, name: `${scene.name} back`, direction: "back", template: database, known: home };
}

/** Keys are shared by copies; backups and sockets are not. */
function copyHome(known: Known): Known {
  const home = temporary("home");
  if (readdirSync(known.home).length > 0) cpSync(known.home, home, { recursive: true });
  return { ...known, home };
}

/** Runs a copy of the scene with these faults (HEADGATE_FAULT) and says what came out. */
export async function play(scene: Scene, spec: string, env: Files = {}, limitMs = LIMIT_MS): Promise<Done & { faults: Faults }> {
  const database = await scene.cluster.database(scene.template);
  if (scene.direction === "back") {
    // The copy is another database, which the run would refuse.
    await scene.cluster.query(database, "UPDATE headgate.run SET database = current_database()");
  }
  const faults = new Faults(spec);
  const known = copyHome(scene.known);
  const begun = Date.now();
  try {
    const quiet = { ...scene.cluster.env(database), ...(await outsideEnv(known.home)), ...env, HEADGATE_HOME: known.home };
    const mending = mendInTime(faults, async () => {
      const { state } = await newest(scene.cluster, database);
      return state === "nowhere" ? [] : fsckLines(quiet, scene.plan, ENVIRONMENT);
    });
    const { text, nexts, retried } = await finish({ ...scene, known }, database, faults, env, limitMs);
    mending.over();
    await wake(known.home);
    await endAll(known.home);
    const outcome = await judge(scene.cluster, database, (await newest(scene.cluster, database)).run, faults.acts > 0);
    outcome.facts["effects outside"] = outsideEffects(known.home);
    outcome.faults.push(...(await mending.found));
    if (outcome.state !== "nowhere") outcome.faults.push(...(await fsckLines(quiet, scene.plan, ENVIRONMENT)));
    return { outcome, struck: faults.struck, acts: faults.acts, ms: Date.now() - begun, text, nexts, retried, faults };
  } finally {
    await endAll(known.home);
    await scene.cluster.drop(database);
  }
}

/** Mends what lasts when it has lasted a while, and gives what the ledger's invariants said of the time before. */
function mendInTime(faults: Faults, look: () => Promise<string[]>): { found: Promise<string[]>; over: () => void } {
  let over = !faults.lasting;
  const watch = async (): Promise<string[]> => {
    while (!over && faults.acts === 0) await pause(50);
    const until = Date.now() + LASTS_MS;
    while (!over && Date.now() < until) await pause(50);
    const first = over ? [] : await look();
    if (first.length > 0) await pause(400);
    // Processes are at work: what a second look does not find was only under way.
    const again = new Set(first.length > 0 && !over ? await look() : []);
    if (faults.lasting) faults.mend();
    return first.filter((line) => again.has(line)).map((line) => `while it went wrong: ${line}`);
  };
  return { found: watch(), over: () => (over = true) };
}

/** Whoever stood still goes on, as if nothing had happened: it must do no harm. */
async function wake(home: string): Promise<void> {
  const sleepers = stoppedIn(home);
  for (const pid of sleepers) process.kill(pid, "SIGCONT");
  const deadline = Date.now() + 3_000;
  while (sleepers.length > 0 && Date.now() < deadline && processesOf(home).length > 0) await pause(100);
}

/** Runners live on without their parents for a moment. */
async function endAll(home: string): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const left = processesOf(home);
    if (left.length === 0) return;
    if (tries > 0) for (const { pid } of left) killNow(pid);
    await pause(100);
  }
}

interface Finished {
  state: string;
  text: string;
  nexts: { command: string; worked: boolean }[];
  retried: boolean;
}

async function finish(scene: Scene, database: string, faults: Faults, env: Files, limitMs: number): Promise<Finished> {
  const outside = await outsideEnv(scene.known.home);
  const all = { ...scene.cluster.env(database), ...faults.env, ...outside, ...env, HEADGATE_HOME: scene.known.home, HEADGATE_ENV: ENVIRONMENT };
  return scene.people ? finishWithPeople(scene, database, faults, all, limitMs) : finishByCommands(scene, database, faults, all, limitMs);
}

// ------------------------------------------------------------------ by commands

/** The newest run: one that was about to be created leaves a gap in the numbers. */
async function newest(cluster: Cluster, database: string): Promise<{ run: string; state: string }> {
  const nothing = { run: "1", state: "nowhere" };
  try {
    const rows = await cluster.query(database, "SELECT id AS run, state FROM headgate.run ORDER BY id DESC LIMIT 1");
    return { ...nothing, ...(rows[0] as Partial<typeof nothing> | undefined) };
  } catch {
    return nothing; // there is no ledger yet
  }
}

/** Is the rollback written down? Then it must come, without being asked for again. */
async function wasAsked(scene: Scene, database: string, run: string): Promise<boolean> {
  return (await scene.cluster.query(database, "SELECT FROM headgate.request WHERE run = $1 AND kind = 'rollback'", [run])).length > 0;
}

/** What `headgate` printed last as the next commands. */
export function nextCommands(text: string): string[] {
  const line = text.split("\n").filter((each) => /^\s*(next|hint): .*headgate /.test(each)).pop() ?? "";
  return [...line.matchAll(/headgate ([a-z]+ \d+)/g)].map(([, command]) => command ?? "");
}

/** Until the command has ended. One whose runner stands still is killed: it would kill the runner.
 * Looking for processes takes long: a loop that did it all the time would leave no time for anything else. */
async function ended(command: CliProcess, faults: Faults | undefined, home: string, deadline: number): Promise<CliResult> {
  let over = false;
  void command.exited.then(() => (over = true));
  while (!over && Date.now() < deadline) {
    if (faults !== undefined && faults.struck > 0 && stoppedIn(home).length > 0) command.kill("SIGKILL");
    await pause(40);
  }
  command.kill("SIGKILL");
  await command.exited;
  // Children that live on share its output.
  return Promise.race([command.ended, pause(200).then(() => ({ code: null, signal: "SIGKILL" as const, stdout: command.stdout, stderr: command.stderr, text: command.stdout + command.stderr }))]);
}

/** Processes that stand still. */
function stoppedIn(home: string): number[] {
  return processesOf(home).map(({ pid }) => pid).filter((pid) => {
    try {
      return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  });
}

/** Until the run has ended: what died is started again by a command, the one that was printed if one was. */
async function finishByCommands(scene: Scene, database: string, faults: Faults, env: Files, limitMs: number): Promise<Finished> {
  const wanted = scene.direction === "forward" ? "done" : "rolled_back";
  const first = scene.direction === "forward" ? ["run", scene.plan, "--yes"] : ["rollback", scene.run];
  const deadline = Date.now() + limitMs;
  const nexts: Finished["nexts"] = [];
  let text = "";
  let command = first;
  let retried = false;
  for (let tries = 1; ; tries++) {
    while (faults.lasting && !faults.mended && faults.acts > 0 && tries > 2) await pause(50);
    const hopeful = !faults.lasting || faults.mended;
    const process = start(command, { env, cwd: scene.plan });
    const result = await ended(process, tries === 1 && faults.stops ? faults : undefined, scene.known.home, deadline);
    const { run, state } = await newest(scene.cluster, database);
    text += `$ headgate ${command.join(" ")} → ${result.code ?? result.signal}, ${state}\n${result.text}`;
    if (command !== first && hopeful) nexts.push({ command: command.join(" "), worked: result.code === 0 || state === wanted });
    if (state !== wanted && faults.stops) await pause(300); // until its lease has run out
    if (state === wanted || tries === (faults.stops ? 4 * TRIES : TRIES) || Date.now() > deadline) return { state, text, retried, nexts: nexts.filter(({ command: c }) => text.includes(`headgate ${c}`)) };
    const printed = nextCommands(result.text).find((each) => /^(resume|retry)/.test(each));
    // Nothing was created, or the rollback was not even asked for: the same command again.
    const again = state === "nowhere" || (scene.direction === "back" && state === "done" && (faults.strikesCommand || !(await wasAsked(scene, database, run))));
    command = again ? first : (printed?.split(" ") ?? ["resume", run]);
    retried ||= command[0] === "retry";
  }
}

// ------------------------------------------------------------------ with people

async function finishWithPeople(scene: Scene, database: string, faults: Faults, env: Files, limitMs: number): Promise<Finished> {
  const options = { env, config: scene.plan, plans: dirname(scene.plan), environment: ENVIRONMENT, people: PEOPLE, known: scene.known };
  const supervisor = await Supervisor.prepare(options);
  const deadline = Date.now() + limitMs;
  const wanted = scene.direction === "forward" ? "done" : "rolled_back";
  let asked = false;
  let state = "pending";
  const retries = new Retries(scene, env);
  const early = new Early();
  try {
    while (state !== wanted && Date.now() < deadline) {
      try {
        await supervisor.ensure();
        const alice = supervisor.as("alice");
        const approvers = PEOPLE.slice(1).map((person) => supervisor.as(person));
        if (!asked) asked = await ask(scene, alice);
        const page = await alice.run((await newest(scene.cluster, database)).run);
        state = page.state;
        if (scene.direction === "back" && state === "done") asked = false;
        else if (STOPPED.has(page.state) && faults.fails) await retries.retry(page.id, !faults.lasting || faults.mended);
        else if (hasEnded(page)) break;
        else {
          await attend(page, alice, approvers);
          await early.end(page, alice);
        }
      } catch (error) {
        // The supervisor died at this moment. 409: what we asked for before it died has happened.
        asked ||= error instanceof ApiError && error.status === 409;
      }
      await pause(20);
    }
    await quiet(scene.known.home);
    return { state, text: supervisor.text + retries.text, nexts: retries.nexts(state === wanted), retried: retries.called.length > 0 };
  } finally {
    retries.stop();
    await supervisor.stop(state === wanted ? "SIGTERM" : "SIGKILL");
  }
}

/** A person who wants watches to end before their time. */
class Early {
  private askedAt = 0;

  async end({ id, version, state, reason, gates }: RunPage, operator: Api): Promise<void> {
    const stage = reason?.path ?? "";
    const open = gates.some((gate) => gate.path === `${stage}/advance` && gate.state === "open");
    if (state !== "watching" || !ENDED_EARLY.has(stage) || open || Date.now() - this.askedAt < ASK_AGAIN_MS) return;
    await operator.post(`/api/runs/${id}/requests`, { kind: "advance", path: stage, why: "to see it" }, { "If-Match": `"${version}"` });
    this.askedAt = Date.now();
  }
}

/** A person who calls the command that is printed as the next one when the run has failed. */
class Retries {
  text = "";
  private following: CliProcess | undefined;
  readonly called: { command: string; hopeful: boolean }[] = [];

  constructor(
    private readonly scene: Scene,
    private readonly env: Files,
  ) {}

  /** hopeful: what made it fail is mended. A command that still follows the run is not called again. */
  async retry(run: string, hopeful: boolean): Promise<void> {
    if (this.following?.alive || this.called.length === TRIES) return;
    const at = { env: this.env, cwd: this.scene.plan };
    const status = await headgate(["status", run], at);
    const command = nextCommands(status.text).find((each) => each.startsWith("retry"));
    if (command === undefined) throw new NotDone(`the run has failed, and no retry is printed:\n${status.text}`);
    this.called.push({ command, hopeful });
    this.following = start(command.split(" "), at);
    await Promise.race([this.following.exited, pause(500)]);
    this.text += `$ headgate ${command}\n${this.following.stdout}${this.following.stderr}`;
  }

  /** The last one must have brought the run to its end, and each before it was called while nothing was mended. */
  nexts(ended: boolean): Finished["nexts"] {
    return this.called.filter(({ hopeful }) => hopeful).map(({ command }, index, all) => ({ command, worked: ended && index === all.length - 1 }));
  }

  stop(): void {
    this.following?.kill("SIGKILL");
  }
}

/** Waits for the runner that a successor started to see that there is nothing to do. */
async function quiet(home: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (Date.now() < deadline && processesOf(home).some(({ command }) => command === "runner" || command === "worker")) await pause(100);
}

/** Starts the run or asks for its rollback; the key makes it one, however often it is asked. */
async function ask(scene: Scene, operator: ReturnType<Supervisor["as"]>): Promise<boolean> {
  const key = { "Idempotency-Key": `crash-${scene.direction}` };
  if (scene.direction === "forward") {
    await operator.post("/api/runs", { plan: basename(scene.plan), environment: ENVIRONMENT, params: {} }, key);
  } else {
    const { version } = await operator.run(scene.run);
    await operator.post(`/api/runs/${scene.run}/requests`, { kind: "rollback", why: "to see it" }, { ...key, "If-Match": `"${version}"` });
  }
  return true;
}
