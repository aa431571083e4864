/** Every plan of lib/plans, beyond what its own test does:
 *   node tests/run.mjs --script plans/plans.ts               rolled back from every boundary, killed at random moments
 *   node tests/run.mjs --script plans/plans.ts --large       at 100 times the document's sizes, forward, verified, and back
 * --only PLAN: that one; --kills N: how many in all (20); --factor N: instead of 100; --seed N. */
import assert from "node:assert/strict";
import { Arguments } from "../lib/arguments";
import type { GraphNode, RunPage } from "../lib/api";
import { mergeFigures } from "../lib/figures";
import { forgottenPlans, type PlanCase, PLANS } from "../lib/plans";
import { type Look, PlanBench, type PlanRun } from "../lib/plan-bench";
import { seedRandom } from "../lib/random";
import { striker } from "../lib/strike";

/** In one run; more would find nobody left to kill. */
const KILLS_IN_ONE = 5;

type Values = Record<string, number>;

const args = new Arguments();
const large = args.flag("large");
const only = args.text("only", "");
const kills = args.number("kills", 20);
const factor = large ? args.number("factor", 100) : 1;
const seed = seedRandom(args.number("seed", Date.now() % 1_000_000));

const say = (plan: string, text: string): void => console.log(`${plan}: ${text}`);
const seconds = (ms: number): number => Math.round(ms) / 1000;

/** Does what with a run, and ends what belongs to it whatever happens. */
async function withRun<T>(bench: PlanBench, what: (run: PlanRun) => Promise<T>): Promise<T> {
  const run = await bench.begin();
  try {
    return await what(run);
  } finally {
    await run.close();
  }
}

/** To the end, or as far as there is a way back. */
async function goFar(run: PlanRun, { lastGate }: PlanCase): Promise<number> {
  return lastGate === undefined ? (await run.forward()).ms : (await run.toGate(lastGate)).ms;
}

/* ------------------------------------------------------------------ boundaries */

const within = (node: GraphNode, path: string): boolean => path === node.path || path.startsWith(`${node.path}/`);

/** Is the run beyond that part of its plan? */
function beyond(page: RunPage, index: number): boolean {
  const at = page.graph.children.findIndex((child) => within(child, page.node ?? ""));
  return page.state === "done" || at > index;
}

/** Which of the plan's own parts a run can be taken back from: those before the last gate. */
function boundaries(graph: GraphNode, lastGate: string | undefined): number[] {
  const end = lastGate === undefined ? graph.children.length : graph.children.findIndex((child) => within(child, lastGate));
  return Array.from({ length: end }, (_, index) => index);
}

async function backFromBoundaries(bench: PlanBench, plan: PlanCase, graph: GraphNode, values: Values): Promise<void> {
  for (const index of boundaries(graph, plan.lastGate)) {
    const name = graph.children[index]?.path ?? "?";
    values["plans_boundaries"] = (values["plans_boundaries"] ?? 0) + 1;
    try {
      await withRun(bench, async (run) => {
        await run.play(`${name} is over`, (page) => beyond(page, index));
        await run.back();
        await run.assertAsBefore();
      });
      values["plans_boundaries_identical"] = (values["plans_boundaries_identical"] ?? 0) + 1;
      say(plan.plan, `back from behind ${name}: as before`);
    } catch (error) {
      values["wrong_runs"] = (values["wrong_runs"] ?? 0) + 1;
      say(plan.plan, `WRONG, back from behind ${name}: ${String(error)}`);
    }
  }
}

/* ------------------------------------------------------------------ kills */

async function killAgainAndAgain(bench: PlanBench, plan: PlanCase, undisturbed: { look: Look; ms: number }, values: Values): Promise<void> {
  for (let left = kills, runs = 0; left > 0 && runs < kills; runs++) {
    const disturb = striker(bench.cluster, { kills: Math.min(left, KILLS_IN_ONE), lengthMs: undisturbed.ms });
    try {
      left -= await withRun(bench, async (run) => {
        const { killed } = await run.disturbed(disturb);
        values["kills"] = (values["kills"] ?? 0) + killed.length;
        say(plan.plan, `killed ${killed.join(", ")}`);
        assert.deepEqual(await run.look(true), undisturbed.look);
        await run.assertSound();
        return killed.length;
      });
    } catch (error) {
      values["wrong_runs"] = (values["wrong_runs"] ?? 0) + 1;
      say(plan.plan, `WRONG, killed: ${String(error)}`);
      left -= KILLS_IN_ONE;
    }
  }
}

/* ------------------------------------------------------------------ a plan */

async function full(plan: PlanCase, bench: PlanBench): Promise<Values> {
  const values: Values = { plans: 1, plans_boundaries: 0, plans_boundaries_identical: 0, kills: 0, wrong_runs: 0, seed };
  const undisturbed = await withRun(bench, async (run) => {
    const { page, ms } = await run.forward();
    await run.assertSound();
    return { graph: page.graph, ms, look: await run.look(true) };
  });
  await backFromBoundaries(bench, plan, undisturbed.graph, values);
  await killAgainAndAgain(bench, plan, undisturbed, values);
  return values;
}

async function atSize(plan: PlanCase, bench: PlanBench): Promise<Values> {
  const values: Values = { plans: 1, plans_forward_ok: 0, plans_rollback_identical: 0, wrong_runs: 0, factor };
  await withRun(bench, async (run) => {
    values["forward_s"] = seconds(await goFar(run, plan));
    await run.assertSound();
    values["plans_forward_ok"] = 1;
    values["back_s"] = seconds((await run.back()).ms);
    await run.assertAsBefore();
    values["plans_rollback_identical"] = 1;
  });
  return values;
}

async function go(plan: PlanCase): Promise<boolean> {
  const began = Date.now();
  const bench = await PlanBench.start(plan.options(factor));
  let values: Values = { plans: 1, wrong_runs: 1 };
  try {
    values = await (large ? atSize : full)(plan, bench);
  } catch (error) {
    say(plan.plan, `WRONG: ${String(error)}`);
  } finally {
    await bench.stop();
  }
  values["seconds"] = seconds(Date.now() - began);
  mergeFigures(large ? "plans-large.json" : "plans-full.json", plan.plan, values);
  say(plan.plan, JSON.stringify(values));
  return values["wrong_runs"] === 0;
}

let wrong = 0;
for (const name of forgottenPlans()) {
  wrong += 1;
  say(name, "WRONG: it has no row in tests/lib/plans.ts");
}
for (const plan of PLANS.filter(({ plan }) => only === "" || only === plan)) wrong += (await go(plan)) ? 0 : 1;
process.exit(wrong === 0 ? 0 : 1);
