/** Statements outside transactions: valid or gone, whatever happens, and what is not ours is not touched. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { INDEX_CASES, IndexBench, runIndexCase, titleOf } from "../lib/index-cases";
import { writePlan } from "../lib/plan";

let cluster: Cluster;
let bench: IndexBench;
before(async () => {
  cluster = await Cluster.start();
  bench = await IndexBench.start(cluster);
});
after(() => cluster.stop());

// All of them: make crash. The step is prime to the numbers of moments and kinds, so that the sample meets each of both.
const all = process.env["HEADGATE_FULL"] !== undefined || process.env["HEADGATE_INDEX_CASES"] === "all";
const only = process.env["HEADGATE_INDEX_ONLY"];
const sample = INDEX_CASES.filter((one, index) => (only === undefined ? all || index % 11 === 1 : titleOf(one).includes(only)));

describe("disturbed", () => {
  for (const one of sample) test(titleOf(one), () => runIndexCase(bench, one));
});
