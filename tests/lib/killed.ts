/** A plan's run that is killed again and again, beside one that was not. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Look, PlanBench, PlanRun } from "./plan-bench";
import { seedRandom } from "./random";
import { striker, type StrikeOptions } from "./strike";

export interface Killed extends Omit<StrikeOptions, "lengthMs"> {
  seed: number;
  environment?: string;
  /** What an undisturbed run left, and how long it took. */
  done: { stable: Look; ms: number } | undefined;
  /** What follows once the run has ended as the undisturbed one did: the way back. */
  then?(run: PlanRun): Promise<void>;
}

/** Runs the plan while its processes are killed at random moments: it ends as undisturbed, and what follows holds. */
export async function assertEndsAsUndisturbed(t: TestContext, bench: PlanBench, figures: Record<string, number>, options: Killed): Promise<void> {
  const { seed, environment, done, then, ...strikes } = options;
  assert.ok(done, "the undisturbed run comes first");
  figures["seed"] = seedRandom(seed);
  const run = await bench.begin(environment);
  t.after(() => run.close());
  figures["wrong_runs"] = 1;
  const { killed } = await run.disturbed(striker(bench.cluster, { ...strikes, lengthMs: done.ms }));
  figures["kills"] = killed.length;
  t.diagnostic(`killed ${killed.join(", ")}`);
  assert.deepEqual(await run.look(true), done.stable);
  await run.assertSound();
  await then?.(run);
  figures["wrong_runs"] = 0;
  assert.equal(killed.length, options.kills);
}
