/** Kill -9 at every fault point (docs/faults.md), forward and back; pairs of points; failing calls and writes.
 *
 * A scene runs once undisturbed and tells its points; then once for each point and pass with a kill there. Whoever is left goes
 * on, and the end must be the same: content, schema, ledger. node tests/run.mjs --script crash/enumerate.ts --help */
import { join } from "node:path";
import { Arguments } from "../lib/arguments";
import { Cluster } from "../lib/cluster";
import { canonicalPlan, helloPlan, root } from "../lib/paths";
import { random, seedRandom } from "../lib/random";
import { demoFiles, type Done, HELLO_FILES, play, prepareScene, preparedBack, type Scene } from "./drive";
import { writeFigures } from "./figures";
import { differences, type Outcome } from "./judge";
import { type Point, passesToTry } from "./points";
import { inParallel } from "./pool";

const options = new Arguments();
const PLANS = "hello,canonical-events,all-kinds";
const PARTS = "kills,stops,pairs,errors,lasting,memory";
options.help(`Kills at every fault point of docs/faults.md; the build needs -DHEADGATE_FAULTS=ON (HEADGATE_BIN).
  --only ${PLANS}  scenes
  --parts ${PARTS}  kinds of cases
  --point TEXT,…    only points whose name holds one of these
  --passes 2        passes of a point between the first and the last that are tried too
  --limit CASES     --seconds 60   where to stop
  --jobs 3          cases at once
  --seed 1          what is drawn, and in which order
  --allocations N   failing allocations tried of each point
  --list            prints the points and tries none
  --no-figures      writes no build/figures`);
const only = options.text("only", PLANS).split(",");
const parts = options.text("parts", PARTS).split(",");
const pointFilter = options.text("point", "").split(",");
const between = options.number("passes", 2);
const limit = options.number("limit", 1e9);
const seconds = options.number("seconds", 1e9);
const jobs = options.number("jobs", 3);
const seed = seedRandom(options.number("seed", 1));

function shuffled<T>(items: T[]): T[] {
  return items.map((item) => ({ item, at: random() })).sort((a, b) => a.at - b.at).map(({ item }) => item);
}

interface Case {
  scene: Scene;
  part: string;
  spec: string;
  /** The points whose acting this case is about. */
  points: string[];
  wanted: Outcome;
}

const figures = {
  points: 0,
  points_hit: 0,
  cases: 0,
  /** The fault's pass did not come in this run: nothing was tried. */
  cases_without_fault: 0,
  wrong_runs: 0,
  next_commands_tried: 0,
  next_commands_worked: 0,
  seconds: 0,
};
const listed = new Set<string>();
const hit = new Set<string>();
const byPart: Record<string, { cases: number; wrong: number; ms: number }> = {};

const nameOf = (scene: Scene, point: string): string => `${scene.name}: ${point}`;

/** The undisturbed run and its points. */
async function look(scene: Scene): Promise<{ wanted: Outcome; points: Point[] }> {
  const { outcome, faults, text } = await play(scene, "list");
  const end = scene.direction === "forward" ? "done" : "rolled_back";
  if (outcome.state !== end || outcome.faults.length > 0) {
    throw new Error(`${scene.name}: the undisturbed run went wrong: ${outcome.state} ${outcome.faults.join("; ")}\n${text}`);
  }
  if (faults.passed.length === 0) {
    console.log("SKIPPED: this binary has no fault points (-DHEADGATE_FAULTS=ON)");
    process.exit(77);
  }
  const points = faults.passed.filter(({ name }) => pointFilter.some((text) => name.includes(text)));
  return { wanted: outcome, points };
}

const isCall = ({ name }: Point): boolean => name.includes("/libpq.");
const isAllocation = ({ name }: Point): boolean => name.endsWith("/memory.alloc");
/** Statements' and other places of their own, where a process is killed; not what is passed everywhere. */
const isPlace = (point: Point): boolean => !isCall(point) && !isAllocation(point);
const mayFail = ({ name }: Point): boolean => name.includes("/file.");

/** The clock decides whether these are passed: the runner is held until one is due. */
const HELD = "runner/runner.open";
const isTimed = (name: string): boolean => /^runner\/lease(\.turn|_renew\.)/.test(name);

function killCases(scene: Scene, wanted: Outcome, points: Point[]): Case[] {
  return points
    .filter(isPlace)
    .flatMap(({ name, ...point }) => {
      if (isTimed(name)) return [{ scene, part: "kills", wanted, points: [HELD, name], spec: `${HELD}:1:delay=700,${name}:1:kill` }];
      return passesToTry({ name, ...point }, between).map((pass) => ({ scene, part: "kills", wanted, points: [name], spec: `${name}:${pass}:kill` }));
    });
}

/** The runner stands still, its parent dies; a successor finishes the run, then the runner wakes up. */
function stopCases(scene: Scene, wanted: Outcome, points: Point[]): Case[] {
  return points
    .filter((point) => isPlace(point) && point.name.startsWith("runner/"))
    .map(({ name }) => ({ scene, part: "stops", wanted, points: [name], spec: `${name}:1:stop` }));
}

/** A kill in the first life, and one in whoever goes on: before and after every commit (one that was sent is either), and at
 * everything that is no statement. */
function pairCases(scene: Scene, wanted: Outcome, points: Point[]): Case[] {
  const names = points.map(({ name }) => name).filter((name) => /(before|after)_commit|\/(runner|run|step|worker|child)\.[a-z]+$/.test(name));
  return names.flatMap((first) =>
    names.map((second) => ({ scene, part: "pairs", wanted, points: [first, second], spec: `${first}:1:kill,${second}:1:kill` })),
  );
}

function errorCases(scene: Scene, wanted: Outcome, points: Point[]): Case[] {
  const calls = points.filter(isCall).flatMap((point) => {
    const tries = options.number("calls", 40);
    return passesToTry(point, tries).map((pass) => `${point.name}:${pass}:dropconn`);
  });
  const writes = points.filter(mayFail).flatMap(({ name }) => [`${name}:1:enospc`, `${name}:1:eio`]);
  return [...calls, ...writes].map((spec) => caseOf(scene, "errors", wanted, spec));
}

/** Calls and writes that fail for ever from a pass on, until somebody mends them. */
function lastingCases(scene: Scene, wanted: Outcome, points: Point[]): Case[] {
  const calls = points.filter(isCall).flatMap((point) => passesToTry(point, 1).map((pass) => `${point.name}:${pass}+:dropconn`));
  const writes = points.filter(mayFail).flatMap(({ name }) => [`${name}:1+:enospc`, `${name}:1+:eio`]);
  return [...calls, ...writes].map((spec) => caseOf(scene, "lasting", wanted, spec));
}

/** An allocation fails once, at passes spread over the life of each kind of process; a few for ever. */
function memoryCases(scene: Scene, wanted: Outcome, points: Point[]): Case[] {
  const between = options.number("allocations", scene.direction === "forward" ? 40 : 10);
  return points.filter(isAllocation).flatMap((point) => [
    ...passesToTry(point, between).map((pass) => caseOf(scene, "memory", wanted, `${point.name}:${pass}:enomem`)),
    ...passesToTry(point, 1).map((pass) => caseOf(scene, "memory", wanted, `${point.name}:${pass}+:enomem`)),
  ]);
}

function caseOf(scene: Scene, part: string, wanted: Outcome, spec: string): Case {
  return { scene, part, wanted, spec, points: [spec.slice(0, spec.indexOf(":"))] };
}

function note(one: Case, done: Done): void {
  const needed = one.points.length;
  const part = (byPart[one.part] ??= { cases: 0, wrong: 0, ms: 0 });
  for (const point of one.points.slice(0, done.struck)) hit.add(nameOf(one.scene, point));
  figures.next_commands_tried += done.nexts.length;
  figures.next_commands_worked += done.nexts.filter(({ worked }) => worked).length;
  if (done.struck === 0) figures.cases_without_fault++;
  else figures.cases++;
  part.cases += done.struck > 0 ? 1 : 0;
  part.ms += done.ms;
  const wrong = differences(done.outcome, one.wanted, done.retried);
  if (done.struck === 0 && wrong.length === 0) return;
  if (wrong.length > 0) {
    figures.wrong_runs++;
    part.wrong++;
    console.log(`WRONG ${one.scene.name}, ${one.spec} (${done.struck} of ${needed} struck, ${done.ms} ms): ${wrong.join("; ")}`);
    if (options.flag("verbose")) console.log(done.text.replace(/^/gm, "  | "));
  } else if (options.flag("verbose")) console.log(`right ${one.scene.name}, ${one.spec} (${done.struck} of ${needed}, ${done.ms} ms)`);
}

/** One case of every point first, then the rest by chance: a run that is cut short has seen as many points as it could. */
function inOrder(cases: Case[]): Case[] {
  const seen = new Set<string>();
  const first: Case[] = [];
  const rest: Case[] = [];
  for (const one of shuffled(cases)) {
    const key = `${one.part} ${one.scene.name} ${one.points[0]}`;
    (seen.has(key) || one.part === "pairs" ? rest : first).push(one);
    seen.add(key);
  }
  return [...first, ...rest];
}

const cluster = await Cluster.start({ settings: { max_connections: "200" } });
const begun = Date.now();
const scenes: Scene[] = [];
if (only.includes("hello")) scenes.push(await prepareScene(cluster, helloPlan, false, HELLO_FILES));
if (only.includes("canonical-events")) {
  // Its contract is one-way: what is taken back at every point is the other two.
  scenes.push({ ...(await prepareScene(cluster, canonicalPlan, true, demoFiles())), reversible: false });
}
if (only.includes("all-kinds")) scenes.push(await prepareScene(cluster, join(root, "tests/crash/plans/all-kinds"), true));

const cases: Case[] = [];
for (const forward of scenes) {
  const both = forward.reversible ? [forward, await preparedBack(forward)] : [forward];
  for (const scene of both.filter(({ direction }) => options.text("direction", direction) === direction)) {
    const { wanted, points } = await look(scene);
    for (const point of points.filter(isPlace)) listed.add(nameOf(scene, point.name));
    if (options.flag("list")) for (const { name, passes } of points) console.log(`${scene.name}: ${name} ${passes}`);
    if (parts.includes("kills")) cases.push(...killCases(scene, wanted, points));
    if (parts.includes("pairs") && scene.name === "hello") cases.push(...pairCases(scene, wanted, points));
    if (parts.includes("stops") && scene.name === "hello") cases.push(...stopCases(scene, wanted, points));
    if (parts.includes("errors") && scene.reversible) cases.push(...errorCases(scene, wanted, points));
    if (parts.includes("lasting") && scene.reversible) cases.push(...lastingCases(scene, wanted, points));
    if (parts.includes("memory") && scene.reversible) cases.push(...memoryCases(scene, wanted, points));
  }
}
const chosen = inOrder(cases).slice(0, options.flag("list") ? 0 : limit);
console.log(`${listed.size} points, ${chosen.length} of ${cases.length} cases`);
let ended = 0;
const toldEvery = setInterval(() => {
  const spent = (Date.now() - begun) / 60_000;
  const left = ended === 0 ? "" : `, about ${((spent * (chosen.length - ended)) / ended).toFixed(0)} more at this speed`;
  console.log(`${ended} of ${chosen.length} cases, ${figures.wrong_runs} wrong, ${spent.toFixed(0)} min${left}`);
}, 60_000);
await inParallel(chosen, jobs, async (one) => {
  if ((Date.now() - begun) / 1000 > seconds) return;
  note(one, await play(one.scene, one.spec));
  ended++;
});
clearInterval(toldEvery);
await cluster.stop();

figures.points = listed.size;
figures.points_hit = [...hit].filter((point) => listed.has(point)).length;
figures.seconds = Math.round((Date.now() - begun) / 1000);
const missed = [...listed].filter((point) => !hit.has(point));
if (missed.length > 0 && seconds >= 1e9 && !options.flag("list")) console.log(`never struck: ${missed.join(", ")}`);
console.log(JSON.stringify({ ...figures, parts: byPart }));
// A part of the plans is a part of its own, so that plans can be tried one by one.
const part = only.join(",") === PLANS ? "enumerate" : `enumerate ${only.join(",")}`;
if (!options.flag("no-figures")) writeFigures(part, { ...figures, by: byPart, seed });
process.exit(figures.wrong_runs === 0 ? 0 : 1);
