/** Kill -9 at random moments of the demo plan: runner, worker, supervisor, PostgreSQL backend.
 *
 * Every run is disturbed a few times and must end like the undisturbed one: same content, same schema, no row twice,
 * no event missing. node tests/run.mjs --script crash/kill.ts [--kills 100] [--seed 1] [--events 10000]
 * [--order runner,backend --within 500] [--no-figures]
 * writes build/figures/crash.json. The seed makes the moments and victims repeat, as far as a machine can. */
import { dirname } from "node:path";
import { Arguments } from "../lib/arguments";
import { Cluster } from "../lib/cluster";
import { fsckLines } from "../lib/fsck";
import { canonicalPlan } from "../lib/paths";
import { attend, hasEnded } from "../lib/people";
import { copyPlan } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { seedRandom } from "../lib/random";
import { loadStory, STORY_FAULTS, storyConfig, storyContent } from "../lib/story";
import { type Disturb, striker, type Victim, VICTIMS } from "../lib/strike";
import { type Known, Supervisor } from "../lib/supervisor";
import { pause } from "../lib/wait";
import { explain } from "./explain";
import { writeFigures } from "./figures";

const KILLS_A_RUN = 3;
const RUN_LIMIT_MS = 90_000;
const PEOPLE = ["alice", "bob", "carol", "dave"];

// The plan as it is; the guards always have good data, because there is no application: its writes would differ.
const CONFIG = storyConfig("crash");

const options = new Arguments();
const wantedKills = options.number("kills", 100);
const seed = seedRandom(options.number("seed", Date.now() % 1_000_000));
const events = options.number("events", 10_000);
// To chase one kind of fault: these victims in this order in every run, each within so many ms of the one before.
const order = options.text("order", "").split(",").filter((word): word is Victim => VICTIMS.includes(word as Victim));
const within = options.number("within", 500);

interface Outcome {
  state: string;
  content: Record<string, string>;
  dump: string;
  rowsChanged: string;
  faults: string[];
  ms: number;
  killed: Victim[];
}

/** What is said of a run that is not done: there is nothing to compare. */
const NOTHING = { content: {}, dump: "", rowsChanged: "", faults: [] };

/** One run in a copy of the prepared database; killer, when given, disturbs it until it resolves. */
async function runOnce(
  cluster: Cluster,
  template: string,
  plan: string,
  known: Known,
  disturb?: Disturb,
): Promise<Outcome> {
  const database = await cluster.database(template);
  const begun = Date.now();
  const supervisor = await Supervisor.start({
    env: cluster.env(database),
    config: plan,
    plans: dirname(plan),
    environment: "crash",
    people: PEOPLE,
    known,
  });
  let over = false;
  try {
    const { id } = await supervisor.as("alice").startRun(plan.slice(dirname(plan).length + 1), "crash");
    const disturbed = disturb?.(supervisor, database, () => over) ?? Promise.resolve([]);
    let last = "pending";
    while (!over && Date.now() - begun < RUN_LIMIT_MS) {
      try {
        const page = await supervisor.as("alice").run(id);
        last = page.state;
        over = hasEnded(page);
        await attend(page, supervisor.as("alice"), ["bob", "carol"].map((person) => supervisor.as(person)));
      } catch {
        // the supervisor or the database is down at this moment
      }
      if (!over) await pause(100);
    }
    const timedOut = !over;
    over = true;
    const killed = await disturbed;
    const ms = Date.now() - begun;
    if (timedOut || last !== "done") {
      await explain(cluster, database, id, supervisor);
      return { ...NOTHING, state: timedOut ? `${last} after ${RUN_LIMIT_MS / 1000} s` : last, ms, killed };
    }
    await supervisor.stop("SIGKILL");
    return { ...(await judge(cluster, database, id, plan)), state: last, ms, killed };
  } finally {
    over = true;
    await supervisor.stop("SIGKILL");
    for (const { pid } of processesOf(known.home)) killNow(pid);
    await cluster.drop(database);
  }
}

async function judge(
  cluster: Cluster,
  database: string,
  run: string,
  plan: string,
): Promise<Pick<Outcome, "content" | "dump" | "rowsChanged" | "faults">> {
  const faults = await fsckLines(cluster.env(database), plan, "crash");
  for (const [fault, sql] of Object.entries(STORY_FAULTS)) {
    const rows = await cluster.query(database, sql);
    if (rows.length > 0) faults.push(`${rows.length} × ${fault}`);
  }
  const changed = await cluster.query(
    database,
    "SELECT string_agg(step || ' ' || n, ', ' ORDER BY step) AS text FROM (SELECT step, sum(rows_changed) AS n FROM headgate.cursor GROUP BY step) c",
  );
  return {
    content: await storyContent(cluster, database),
    dump: cluster.dump(database),
    rowsChanged: String(changed[0]?.["text"]),
    faults,
  };
}

function differences(outcome: Outcome, wanted: Outcome): string[] {
  const found = [...outcome.faults];
  if (outcome.state !== wanted.state) found.push(`it ended ${outcome.state}, not ${wanted.state}`);
  for (const [table, digest] of Object.entries(wanted.content)) {
    if (outcome.content[table] !== digest) found.push(`${table}: ${outcome.content[table]} instead of ${digest}`);
  }
  if (outcome.dump !== wanted.dump) found.push("another schema");
  if (outcome.rowsChanged !== wanted.rowsChanged) found.push(`rows changed: ${outcome.rowsChanged} instead of ${wanted.rowsChanged}`);
  return found;
}

const cluster = await Cluster.start();
const plan = copyPlan(canonicalPlan, { "headgate.yaml": CONFIG });
const template = await cluster.database();
await loadStory(cluster, template, events, false);
const prepared = await Supervisor.prepare({
  env: cluster.env(template),
  config: plan,
  plans: dirname(plan),
  environment: "crash",
  people: PEOPLE,
});

const reference = await runOnce(cluster, template, plan, prepared.known);
console.log(`undisturbed: ${reference.state} in ${reference.ms} ms; ${reference.rowsChanged}`);
if (reference.state !== "done" || reference.faults.length > 0) {
  console.error(`the undisturbed run went wrong: ${reference.state} ${reference.faults.join(", ")}`);
  process.exit(1);
}

const begun = Date.now();
const by: Record<Victim, number> = { runner: 0, worker: 0, supervisor: 0, backend: 0 };
let kills = 0;
let runs = 0;
let wrongRuns = 0;
let idle = 0;
while (kills < wantedKills && idle < 5) {
  const disturb = striker(cluster, {
    kills: Math.min(KILLS_A_RUN, wantedKills - kills),
    lengthMs: reference.ms,
    order,
    withinMs: within,
  });
  const outcome = await runOnce(cluster, template, plan, prepared.known, disturb);
  const wrong = differences(outcome, reference);
  runs++;
  kills += outcome.killed.length;
  idle = outcome.killed.length === 0 ? idle + 1 : 0;
  for (const victim of outcome.killed) by[victim]++;
  if (wrong.length > 0) wrongRuns++;
  console.log(`run ${runs}: killed ${outcome.killed.join(", ") || "nobody"}; ${outcome.ms} ms; ${wrong.length === 0 ? "right" : `WRONG: ${wrong.join("; ")}`}`);
}
await cluster.stop();

const result = { kills, wrong_runs: wrongRuns, runs, by, events, seed, seconds: Math.round((Date.now() - begun) / 1000) };
console.log(JSON.stringify(result));
if (!options.flag("no-figures")) writeFigures("kill", result);
process.exit(wrongRuns === 0 && kills >= wantedKills ? 0 : 1);
