/** For every state in which a run stops: the commands that were printed as the next ones are executed as they were printed, each in
 * a copy of the database, and must do what they say. node tests/run.mjs --script crash/next.ts [--only case] [--verbose]
 * [--no-figures] */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Arguments } from "../lib/arguments";
import { type CliResult, start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { root } from "../lib/paths";
import { copyPlan, temporary } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { Supervisor } from "../lib/supervisor";
import { writeFigures } from "./figures";

const LIMIT_MS = 40_000;

/** How a run gets into a state, and what removes the cause again. */
interface Trouble {
  state: string;
  environment?: "auto" | "people";
  /** Before the run. */
  breaks?: string;
  fault?: string;
  /** Commands after `headgate run`, words by blanks; "kill" ends every process. */
  then?: string[];
  runs?: string[];
  /** Before the next command: what a person would have repaired. */
  mends?: string;
  /** How the run ends after a command, if not as usual. */
  ends?: Record<string, string>;
}

const TROUBLES: Record<string, Trouble> = {
  "a check fails": { state: "failed", breaks: "INSERT INTO forbidden VALUES (1)", mends: "DELETE FROM forbidden" },
  "a step fails": { state: "failed", breaks: "DROP TABLE needed_by_up", mends: "CREATE TABLE public.needed_by_up (id int)" },
  "a task fails": { state: "failed", breaks: "DROP TABLE needed_by_task", mends: "CREATE TABLE public.needed_by_task (id int)" },
  // The first folder is that of the audit, without which a run goes on.
  "the disk of the backup is full": { state: "failed", fault: "runner/file.folder:2:enospc" },
  "the disk of the backup is broken": { state: "failed", fault: "runner/file.folder:2:eio" },
  "a row fails": { state: "failed", breaks: "UPDATE items SET note = 'bad' WHERE id = 3", mends: "UPDATE items SET note = 'fine' WHERE id = 3" },
  "a verification fails": { state: "rolled_back", breaks: "UPDATE items SET note = 'unverified' WHERE id = 1" },
  "an undo fails": {
    state: "rollback_blocked",
    breaks: "DROP TABLE needed_by_down; UPDATE items SET note = 'unverified' WHERE id = 1",
    mends: "CREATE TABLE public.needed_by_down (id int)",
  },
  "a gate waits": { state: "waiting", environment: "people", then: ["kill"], ends: { resume: "waiting" } },
  "it was paused": { state: "paused", environment: "people", runs: ["--no-wait"] },
  "it is done": { state: "done" },
  "it was aborted": { state: "aborted", breaks: "DROP TABLE needed_by_up", then: ["abort 1"] },
  "everything died before it began": { state: "pending", fault: "runner/runner.lease:1+:kill", then: ["kill"], ends: { resume: "done" } },
  "everything died at work": { state: "running", fault: "runner/step.committed:3+:kill", then: ["kill"], ends: { resume: "done" } },
  "everything died on the way back": {
    state: "rolling_back",
    breaks: "UPDATE items SET note = 'unverified' WHERE id = 1",
    fault: "runner/data_undo_begin.before:1+:kill",
    then: ["kill"],
    ends: { resume: "rolled_back", retry: "rolled_back" },
  },
};

/** What each command brings about. */
const ENDS: Record<string, string> = {
  retry: "done",
  resume: "done",
  rollback: "rolled_back",
  repair: "rolled_back",
  skip: "rolled_back",
  abort: "aborted",
};

const options = new Arguments();
const cluster = await Cluster.start();
const plan = copyPlan(join(root, "tests/crash/plans/trouble"));
const begun = Date.now();
const figures = { next_commands_tried: 0, next_commands_worked: 0, states: 0, seconds: 0 };
const wrong: string[] = [];

function envOf(database: string, home: string, trouble: Trouble, fault: string | undefined): Record<string, string> {
  return {
    ...cluster.env(database),
    HEADGATE_HOME: home,
    HEADGATE_ENV: trouble.environment ?? "auto",
    HEADGATE_FAULT_HASTE: "10",
    ...(fault === undefined ? {} : { HEADGATE_FAULT: fault, HEADGATE_FAULT_LOG: join(home, "faults") }),
  };
}

async function command(words: string[], env: Record<string, string>, limitMs = LIMIT_MS): Promise<CliResult> {
  const running = start(words, { env, cwd: plan });
  const timer = setTimeout(() => running.kill("SIGKILL"), limitMs);
  await running.exited;
  clearTimeout(timer);
  // Runners that live on share its output.
  const patience = new Promise<void>((wake) => setTimeout(wake, 500));
  await Promise.race([running.ended, patience]);
  if (!running.child.stdout?.readableEnded) await endAll(String(env["HEADGATE_HOME"]));
  return running.ended;
}

async function endAll(home: string): Promise<void> {
  for (const { pid } of processesOf(home)) killNow(pid);
}

async function stateOf(database: string): Promise<string> {
  const rows = await cluster.query(database, "SELECT state FROM headgate.run ORDER BY id DESC LIMIT 1");
  return String(rows[0]?.["state"]);
}

/** Words of a command line, with quotes. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
}

/** As printed last by any command, or by status. */
function printed(text: string): string[] {
  const lines = text.split("\n").filter((line) => /(next: |nobody drives this run: )headgate /.test(line));
  return [...new Set(lines.flatMap((line) => line.replace(/^.*?(next|run): /, "").split("; ")))].map((each) => each.replace(/^headgate /, ""));
}

/** Brings a new database into the state; gives it and what was printed then. */
async function reach(name: string, trouble: Trouble, home: string): Promise<{ database: string; commands: string[] }> {
  const database = await cluster.database(prepared);
  if (trouble.breaks !== undefined) await cluster.query(database, trouble.breaks);
  const env = envOf(database, home, trouble, trouble.fault);
  const text: string[] = [];
  const first = command(["run", plan, "--yes", ...(trouble.runs ?? [])], env, trouble.then?.includes("kill") ? 4_000 : LIMIT_MS);
  text.push((await first).text);
  for (const each of trouble.then ?? []) {
    if (each === "kill") await endAll(home);
    else text.push((await command(words(each), envOf(database, home, trouble, undefined))).text);
  }
  await endAll(home);
  const status = await command(["status", "1"], envOf(database, home, trouble, undefined));
  const state = await stateOf(database);
  if (state !== trouble.state) throw new Error(`${name}: it is ${state}, not ${trouble.state}\n${text.join("")}`);
  return { database, commands: printed(status.text) };
}

/** Placeholders for people become what a person would write. */
function filled(line: string, folder: string): string[] {
  writeFileSync(join(folder, "repair.sql"), "DROP TABLE base");
  return words(line).map((word) => (word === "FILE" ? join(folder, "repair.sql") : word === "WHY" ? "because" : word));
}

async function attempt(name: string, trouble: Trouble, from: string, home: string, line: string): Promise<void> {
  const database = await cluster.database(from);
  const [verb = "", ...rest] = filled(line, home);
  let server: Served | undefined;
  try {
    await cluster.query(database, "UPDATE headgate.run SET database = current_database()");
    if (trouble.mends !== undefined && verb !== "skip" && verb !== "repair") await cluster.query(database, trouble.mends);
    const ends = trouble.ends?.[verb] ?? (trouble.state === "rollback_blocked" && verb === "retry" ? "rolled_back" : ENDS[verb]);
    server = SERVED.has(verb) ? await serve(database, home, trouble) : undefined;
    const env = { ...envOf(database, home, trouble, undefined), ...server?.login };
    const result = await command([verb, ...rest], env, verb === "watch" || ends === "waiting" ? 3_000 : LIMIT_MS);
    const state = await stateOf(database);
    const works = does(trouble, verb, result, state, ends);
    figures.next_commands_tried++;
    if (works) figures.next_commands_worked++;
    else wrong.push(`${name}: headgate ${line}: exit ${result.code ?? result.signal}, the run is ${state}`);
    if (!works || options.flag("verbose")) console.log(`${works ? "worked" : "FAILED"} ${name} (${trouble.state}): headgate ${line} → ${result.code ?? result.signal}, ${state}${works ? "" : `\n${result.text}`}`);
  } finally {
    await server?.stop();
    for (const { pid } of processesOf(home)) killNow(pid);
    await cluster.drop(database);
  }
}

/** Following a run that stands still ends when we end it. */
function does(trouble: Trouble, verb: string, result: CliResult, state: string, ends: string | undefined): boolean {
  if (verb === "watch") return result.code === 0 || result.signal === "SIGKILL";
  return ends === undefined ? result.code === 0 : state === ends || waits(trouble, verb, state);
}

interface Served {
  login: Record<string, string>;
  stop(): Promise<void>;
}

/** Commands that speak to a supervisor, as a person with a token. */
const SERVED = new Set(["approve", "reject", "review"]);

async function serve(database: string, home: string, trouble: Trouble): Promise<Served> {
  const supervisor = await Supervisor.start({
    env: cluster.env(database),
    config: plan,
    plans: dirname(plan),
    environment: trouble.environment ?? "auto",
    people: ["alice", "bob"],
    known: { home, tokens },
  });
  const login = { HEADGATE_TOKEN: tokens.get("bob") ?? "", HEADGATE_SERVER: supervisor.url };
  return { login, stop: () => supervisor.stop("SIGKILL") };
}

/** With people, going on means waiting for them; headgate then follows until it is told not to. */
function waits(trouble: Trouble, verb: string, state: string): boolean {
  return trouble.environment === "people" && (verb === "resume" || verb === "retry") && state === "waiting";
}

const prepared = await cluster.database();
await cluster.query(prepared, readFileSync(join(plan, "setup.sql"), "utf8"));
const people = { env: cluster.env(prepared), config: plan, plans: dirname(plan), environment: "people", people: ["alice", "bob"] };
const { tokens } = (await Supervisor.prepare(people)).known;
for (const [name, trouble] of Object.entries(TROUBLES)) {
  if (!name.includes(options.text("only", ""))) continue;
  const home = temporary("home");
  mkdirSync(join(home, "keys"), { recursive: true });
  try {
    const { database, commands } = await reach(name, trouble, home);
    figures.states++;
    if (commands.length === 0) wrong.push(`${name}: no next command is printed`);
    for (const line of commands) await attempt(name, trouble, database, home, line);
    await cluster.drop(database);
  } catch (error) {
    wrong.push(error instanceof Error ? error.message : String(error));
  }
  rmSync(home, { recursive: true, force: true });
}
await cluster.stop();

figures.seconds = Math.round((Date.now() - begun) / 1000);
for (const line of wrong) console.log(`WRONG ${line}`);
console.log(JSON.stringify(figures));
if (!options.flag("no-figures")) writeFigures("next", { ...figures, wrong_runs: wrong.length });
process.exit(wrong.length === 0 ? 0 : 1);
