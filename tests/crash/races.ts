/** Two runners for one run: exactly one writes. And how long a run is without a runner when both it and its supervisor are
 * killed or stopped.
 *
 * node tests/run.mjs --script crash/races.ts [--races 500] [--takeovers 10] [--jobs 4] [--seed 1]
 * [--no-figures]
 * A trigger on every table that effects write compares the connection's epoch with the fence: a write of another epoch is
 * a second writer. Writes its part of build/figures/crash.json. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Arguments } from "../lib/arguments";
import { type CliProcess, headgate, start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { fsckLines } from "../lib/fsck";
import { helloPlan } from "../lib/paths";
import { copyPlan, temporary } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { random, seedRandom } from "../lib/random";
import { type Known, Supervisor } from "../lib/supervisor";
import { pause, waitUntil } from "../lib/wait";
import { writeFigures } from "./figures";
import { inParallel } from "./pool";

const LEASE_MS = 10_000;
const ENVIRONMENT = "race";
/** A runner's exit code to its parent: start another. */
const AGAIN = 75;

const options = new Arguments();
const wantedRaces = options.number("races", 500);
const wantedTakeovers = options.number("takeovers", 10);
const takeoverMs = options.number("takeover-ms", LEASE_MS + 5_000);
const jobs = options.number("jobs", 4);
const seed = seedRandom(options.number("seed", Date.now() % 1_000_000));

const CONFIG = `version: 1\nenvironments:\n  ${ENVIRONMENT}:\n    gates: auto\n    approvers: { owner: [bob] }\n`;
const GATED = CONFIG.replace("    gates: auto\n", "");
// Many small batches, so that there is much to interrupt.
const PLAN = readFileSync(join(helloPlan, "plan.lua"), "utf8").replace('keep = "name",', 'keep = "name", batch = 20, batch_time = "1ms", pause = "5ms",');

/** Every write of an effect with another epoch than the fence's is written down where no rollback of ours reaches. */
const WITNESS = `
CREATE TABLE public.second_writer (who text, fence bigint, what text);
CREATE FUNCTION public.witness() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ours bigint := split_part(current_setting('application_name'), ':', 3)::bigint;
    stands bigint;
BEGIN
    SELECT epoch INTO stands FROM headgate.fence WHERE run = NEW.run;
    IF ours IS DISTINCT FROM stands THEN
        INSERT INTO public.second_writer VALUES (current_setting('application_name'), stands, TG_TABLE_NAME);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER witness BEFORE INSERT OR UPDATE ON headgate.step FOR EACH ROW EXECUTE FUNCTION public.witness();
CREATE TRIGGER witness BEFORE INSERT OR UPDATE ON headgate.cursor FOR EACH ROW EXECUTE FUNCTION public.witness();
`;
/** A second run of the plan that the first one registered; nobody drives it yet. */
const PENDING_RUN = `
WITH made AS (
    INSERT INTO headgate.run (plan, plan_name, environment, params, config, system_identifier, database, state, started_by)
    SELECT plan, plan_name, environment, params, config, system_identifier, current_database(), 'pending', started_by
    FROM headgate.run WHERE id = 1 RETURNING id
), leased AS (INSERT INTO headgate.lease (run, epoch, until) SELECT id, 0, now() FROM made)
SELECT id FROM made`;

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended
  }
}

const cluster = await Cluster.start();
const auto = copyPlan(helloPlan, { "headgate.yaml": CONFIG, "plan.lua": PLAN });

/** A database in which the plan was run and taken back once, so that it is registered, with the witness. */
async function prepare(): Promise<string> {
  const database = await cluster.database();
  const env = { ...cluster.env(database), HEADGATE_HOME: temporary("home") };
  await cluster.query(database, readFileSync(join(helloPlan, "demo/schema.sql"), "utf8"));
  for (const args of [["run", auto, "--yes", "-e", ENVIRONMENT], ["rollback", "1", "-e", ENVIRONMENT, "-m", "again"]]) {
    const ended = await headgate(args, { env, cwd: auto });
    if (ended.code !== 0) throw new Error(`headgate ${args[0]}: ${ended.text}`);
  }
  await cluster.query(database, WITNESS);
  return database;
}

type Kind = "start" | "kill" | "stop";
const KINDS: Kind[] = ["start", "kill", "stop"];

/** Who holds the lease, and when it says so. */
async function owner(database: string, run: string): Promise<string | undefined> {
  const rows = await cluster.query(database, "SELECT owner FROM headgate.lease WHERE run = $1 AND owner IS NOT NULL", [run]);
  return rows[0] === undefined ? undefined : String(rows[0]["owner"]);
}

async function stateOf(database: string, run: string): Promise<string> {
  return String((await cluster.query(database, "SELECT state FROM headgate.run WHERE id = $1", [run]))[0]?.["state"]);
}

/** The one who drives is killed or stopped, and its lease is over at once: what happens next needs no ten seconds. */
async function disturb(kind: Kind, runners: Map<string, CliProcess>, database: string, run: string): Promise<CliProcess | undefined> {
  const first = await waitUntil("somebody has the lease", async () => (await owner(database, run)) ?? (await stateOf(database, run)) === "done");
  await pause(random() * 400);
  const victim = typeof first === "string" ? runners.get(first) : undefined;
  if (kind === "start" || victim === undefined || (await stateOf(database, run)) === "done") return undefined;
  victim.kill(kind === "kill" ? "SIGKILL" : "SIGSTOP");
  await cluster.query(database, "UPDATE headgate.lease SET until = now() WHERE run = $1 AND owner = $2", [run, first]);
  return kind === "stop" ? victim : undefined;
}

async function judge(database: string, run: string, env: Record<string, string>): Promise<{ wrong: string[]; second: boolean }> {
  const wrong = await fsckLines(env, auto, ENVIRONMENT);
  const second = await cluster.query(database, "SELECT * FROM second_writer");
  if (second.length > 0) wrong.push(`a second writer: ${JSON.stringify(second[0])}`);
  const bad = await cluster.query(database, "SELECT count(*)::int AS n FROM people WHERE greeting IS DISTINCT FROM 'Hello, ' || name || '!'");
  if (bad[0]?.["n"] !== 0) wrong.push(`${bad[0]?.["n"]} people are not greeted`);
  const changed = await cluster.query(database, "SELECT sum(rows_changed)::int AS n FROM headgate.cursor WHERE run = $1", [run]);
  if (changed[0]?.["n"] !== 1000) wrong.push(`${changed[0]?.["n"]} rows were changed, not 1000`);
  return { wrong, second: second.length > 0 || wrong.some((line) => line.startsWith("fsck I4")) };
}

async function race(template: string, kind: Kind): Promise<{ wrong: string[]; second: boolean }> {
  const database = await cluster.database(template);
  const home = temporary("home");
  const env = { ...cluster.env(database), HEADGATE_HOME: home };
  await cluster.query(database, "UPDATE headgate.run SET database = current_database()");
  const run = String((await cluster.query(database, PENDING_RUN))[0]?.["id"]);
  await cluster.query(database, "SELECT headgate.event_append($1, 0, 'run', 1, 'run.created', '', '{}')", [run]);
  const runners = new Map<string, CliProcess>();
  let over = false;
  // As its parent does: a runner that says "start another" is followed by one.
  const keep = (name: string): void => {
    const runner = start(["runner", run, "-e", ENVIRONMENT, "--owner", name, "--home", home], { env, cwd: auto });
    runners.set(name, runner);
    void runner.exited.then(() => {
      if (runner.child.exitCode === AGAIN && !over) keep(name);
    });
  };
  keep("a");
  keep("b");
  try {
    const stopped = await disturb(kind, runners, database, run);
    await waitUntil(`run ${run} is done (${kind})`, async () => (await stateOf(database, run)) === "done", { timeoutMs: 60_000 });
    over = true;
    if (stopped !== undefined) stopped.kill("SIGCONT");
    await waitUntil("both runners have ended", () => [...runners.values()].every(({ alive }) => !alive), { timeoutMs: 40_000 });
    return await judge(database, run, env);
  } catch (error) {
    const texts = [...runners].map(([name, { stderr }]) => `${name}: ${stderr.trim().split("\n").slice(-3).join(" | ")}`);
    return { wrong: [`${String(error)}; ${texts.join("; ")}`], second: false };
  } finally {
    over = true;
    for (const runner of runners.values()) runner.kill("SIGKILL");
    await cluster.drop(database);
  }
}

/** How long the run of a dead (or stopped) supervisor and runner waits for the other supervisor; the stopped ones go on later. */
async function takeover(how: "SIGKILL" | "SIGSTOP"): Promise<{ ms: number; wrong: string[] }> {
  const database = await cluster.database();
  await cluster.query(database, readFileSync(join(helloPlan, "demo/schema.sql"), "utf8"));
  const folder = copyPlan(helloPlan, { "headgate.yaml": GATED, "plan.lua": PLAN });
  const serve = { env: cluster.env(database), config: folder, plans: join(folder, ".."), environment: ENVIRONMENT, people: ["alice", "bob"] };
  const first = await Supervisor.start(serve);
  const known: Known = { home: temporary("home"), tokens: first.known.tokens };
  const { id } = await first.as("alice").startRun(folder.slice(join(folder, "..").length + 1), ENVIRONMENT);
  await waitUntil("the gate is open", async () => (await stateOf(database, id)) === "waiting");
  const second = await Supervisor.start({ ...serve, known });
  const wrong: string[] = [];
  try {
    const old = processesOf(first.known.home);
    const before = Number((await cluster.query(database, "SELECT epoch FROM headgate.lease"))[0]?.["epoch"]);
    const struck = Date.now();
    for (const { pid } of old) signal(pid, how);
    await waitUntil("another runner drives the run", async () => {
      const now = await cluster.query(database, "SELECT f.epoch FROM headgate.fence f JOIN headgate.lease l USING (run) WHERE f.epoch = l.epoch AND f.epoch > $1", [before]);
      return now.length > 0;
    }, { timeoutMs: 60_000 });
    const ms = Date.now() - struck;
    for (const { pid } of old) signal(pid, "SIGCONT");
    if (how === "SIGSTOP") await waitUntil("the runner that was stopped has ended", () => !processesOf(first.known.home).some(({ pid, command }) => command === "runner" && old.some((was) => was.pid === pid)));
    await waitUntil("the run waits at its gate again", async () => (await stateOf(database, id)) === "waiting");
    wrong.push(...(await fsckLines(cluster.env(database), folder, ENVIRONMENT)));
    if (ms > takeoverMs) wrong.push(`taken over after ${ms} ms`);
    return { ms, wrong };
  } finally {
    for (const home of [first.known.home, known.home]) for (const { pid } of processesOf(home)) killNow(pid);
    await first.stop("SIGKILL");
    await second.stop("SIGKILL");
    await cluster.drop(database);
  }
}

const begun = Date.now();
let wrongRuns = 0;
let twoWriters = 0;
const by: Record<Kind, number> = { start: 0, kill: 0, stop: 0 };
if (wantedRaces > 0) {
  const template = await prepare();
  let raced = 0;
  await inParallel(Array.from({ length: wantedRaces }, (_, n) => KINDS[n % KINDS.length] ?? "start"), jobs, async (kind) => {
    const { wrong, second } = await race(template, kind);
    raced++;
    by[kind]++;
    if (wrong.length > 0) wrongRuns++;
    if (second) twoWriters++;
    if (wrong.length > 0 || raced % 50 === 0) console.log(`race ${raced} (${kind}): ${wrong.length === 0 ? "one writer" : `WRONG: ${wrong.join("; ")}`}`);
  });
}
let takeoverMaxMs = 0;
for (let n = 0; n < wantedTakeovers; n++) {
  const how = n % 2 === 0 ? "SIGKILL" : "SIGSTOP";
  const { ms, wrong } = await takeover(how);
  takeoverMaxMs = Math.max(takeoverMaxMs, ms);
  if (wrong.length > 0) wrongRuns++;
  console.log(`take-over after ${how}: ${ms} ms${wrong.length === 0 ? "" : `; WRONG: ${wrong.join("; ")}`}`);
}
await cluster.stop();

const result = {
  races: wantedRaces,
  races_two_writers: twoWriters,
  races_by: by,
  takeovers: wantedTakeovers,
  takeover_max_s: Math.round(takeoverMaxMs / 100) / 10,
  wrong_runs: wrongRuns,
  seed,
  seconds: Math.round((Date.now() - begun) / 1000),
};
console.log(JSON.stringify(result));
if (!options.flag("no-figures")) writeFigures("races", result);
process.exit(wrongRuns === 0 ? 0 : 1);
