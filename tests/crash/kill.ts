/** Kill -9 at random moments of a plan of killed.ts: runner, worker, joined worker, supervisor, PostgreSQL backend.
 *
 * Every run is disturbed a few times and must end like the undisturbed one: same content, same schema, no row twice,
 * no event missing. node tests/run.mjs --script crash/kill.ts [--only story,rows] [--kills 100] [--seed 1] [--events 10000]
 * [--order runner,backend --within 500] [--no-figures]
 * writes build/figures/crash.json. The seed makes the moments and victims repeat, as far as a machine can. */
import { dirname } from "node:path";
import { Arguments } from "../lib/arguments";
import { Cluster } from "../lib/cluster";
import { fsckLines } from "../lib/fsck";
import { attend, hasEnded } from "../lib/people";
import { killNow, processesOf } from "../lib/processes";
import { seedRandom } from "../lib/random";
import { type Disturb, striker, type Victim, VICTIMS } from "../lib/strike";
import { type Known, Supervisor } from "../lib/supervisor";
import { pause } from "../lib/wait";
import { explain } from "./explain";
import { writeFigures } from "./figures";
import { KILLED, type Killed } from "./killed";

const KILLS_A_RUN = 3;
const RUN_LIMIT_MS = 90_000;
const PEOPLE = ["alice", "bob", "carol", "dave"];

const options = new Arguments();
const only = options.text("only", Object.keys(KILLED).join(",")).split(",");
const wantedKills = options.number("kills", 100);
const seed = seedRandom(options.number("seed", Date.now() % 1_000_000));
const events = options.number("events", 10_000);
// To chase one kind of fault: these victims in this order in every run, each within so many ms of the one before.
const order = options.text("order", "").split(",").filter((word): word is Victim => [...VICTIMS, "joined"].includes(word as Victim));
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
  what: Killed,
  known: Known,
  disturb?: Disturb,
): Promise<Outcome> {
  const { plan } = what;
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
    const beside = what.beside?.(supervisor, id, cluster, database, () => over);
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
    await beside;
    const ms = Date.now() - begun;
    if (timedOut || last !== "done") {
      await explain(cluster, database, id, supervisor);
      return { ...NOTHING, state: timedOut ? `${last} after ${RUN_LIMIT_MS / 1000} s` : last, ms, killed };
    }
    await supervisor.stop("SIGKILL");
    return { ...(await judge(cluster, database, what)), state: last, ms, killed };
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
  what: Killed,
): Promise<Pick<Outcome, "content" | "dump" | "rowsChanged" | "faults">> {
  const faults = await fsckLines(cluster.env(database), what.plan, "crash");
  for (const [fault, sql] of Object.entries(what.faults)) {
    const rows = await cluster.query(database, sql);
    if (rows.length > 0) faults.push(`${rows.length} × ${fault}`);
  }
  const changed = await cluster.query(
    database,
    "SELECT string_agg(step || ' ' || n, ', ' ORDER BY step) AS text FROM (SELECT step, sum(rows_changed) AS n FROM headgate.cursor GROUP BY step) c",
  );
  return {
    content: await what.content(cluster, database),
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

/** One plan, until enough was killed; false when something went wrong. */
async function killAll(cluster: Cluster, name: string, what: Killed): Promise<boolean> {
  const { plan } = what;
  const template = await cluster.database();
  await what.load(cluster, template);
  const prepared = await Supervisor.prepare({
    env: cluster.env(template),
    config: plan,
    plans: dirname(plan),
    environment: "crash",
    people: PEOPLE,
  });
  const reference = await runOnce(cluster, template, what, prepared.known);
  console.log(`${name} undisturbed: ${reference.state} in ${reference.ms} ms; ${reference.rowsChanged}`);
  if (reference.state !== "done" || reference.faults.length > 0) {
    console.error(`the undisturbed run went wrong: ${reference.state} ${reference.faults.join(", ")}`);
    return false;
  }

  const begun = Date.now();
  const by: Partial<Record<Victim, number>> = Object.fromEntries(what.among.map((victim) => [victim, 0]));
  let kills = 0;
  let runs = 0;
  let wrongRuns = 0;
  let idle = 0;
  while (kills < wantedKills && idle < 5) {
    const disturb = striker(cluster, {
      kills: Math.min(KILLS_A_RUN, wantedKills - kills),
      lengthMs: reference.ms,
      among: what.among,
      order,
      withinMs: within,
    });
    const outcome = await runOnce(cluster, template, what, prepared.known, disturb);
    const wrong = differences(outcome, reference);
    runs++;
    kills += outcome.killed.length;
    idle = outcome.killed.length === 0 ? idle + 1 : 0;
    for (const victim of outcome.killed) by[victim] = (by[victim] ?? 0) + 1;
    if (wrong.length > 0) wrongRuns++;
    console.log(`${name} ${runs}: killed ${outcome.killed.join(", ") || "nobody"}; ${outcome.ms} ms; ${wrong.length === 0 ? "right" : `WRONG: ${wrong.join("; ")}`}`);
  }
  const result = { kills, wrong_runs: wrongRuns, runs, by, ...(name === "story" ? { events } : {}), seed, seconds: Math.round((Date.now() - begun) / 1000) };
  console.log(JSON.stringify(result));
  if (!options.flag("no-figures")) writeFigures(name === "story" ? "kill" : `kill ${name}`, result);
  return wrongRuns === 0 && kills >= wantedKills;
}

const cluster = await Cluster.start();
let right = true;
for (const [name, make] of Object.entries(KILLED)) {
  if (only.includes(name)) right = (await killAll(cluster, name, make(events))) && right;
}
await cluster.stop();
process.exit(right ? 0 : 1);
