/** Statements outside transactions under every disturbance of lib/index-cases.ts: valid or gone.
 *
 * node tests/run.mjs --script crash/index.ts [--only text] [--reader-s 60] [--no-figures] writes its part of
 * build/figures/crash.json: index_cases, invalid_left, reader_added_p99_ms. */
import { Arguments } from "../lib/arguments";
import { Cluster } from "../lib/cluster";
import { INDEX_CASES, IndexBench, runIndexCase, titleOf } from "../lib/index-cases";
import { readersBeside } from "../lib/readers";
import { writeFigures } from "./figures";

const options = new Arguments();
const only = options.text("only", "");
const cluster = await Cluster.start();
const bench = await IndexBench.start(cluster);
const begun = Date.now();
const wrong: string[] = [];
const chosen = INDEX_CASES.filter((one) => titleOf(one).includes(only));
for (const one of chosen) {
  const from = Date.now();
  try {
    await runIndexCase(bench, one);
    console.log(`${titleOf(one)}: right, ${Date.now() - from} ms`);
  } catch (error) {
    wrong.push(titleOf(one));
    console.log(`${titleOf(one)}: WRONG: ${error instanceof Error ? error.message : String(error)}`);
  }
}
const seconds = Math.round((Date.now() - begun) / 1000);
const readers = await readersBeside(cluster, { seconds: options.number("reader-s", 60), perSecond: 50 });
await cluster.stop();

const result = {
  index_cases: chosen.length,
  wrong_runs: wrong.length,
  invalid_left: bench.invalidLeft,
  seconds,
  reader_s: readers.seconds,
  reader_queries: readers.queries,
  reader_p99_ms: readers.p99Ms,
  reader_alone_p99_ms: readers.aloneP99Ms,
  reader_added_p99_ms: readers.addedP99Ms,
};
console.log(JSON.stringify(result));
if (!options.flag("no-figures") && only === "") writeFigures("index", result);
process.exit(wrong.length === 0 && bench.invalidLeft === 0 && readers.addedP99Ms <= 150 ? 0 : 1);
