/** End-to-end tests with headgate as the role of docs/access.md instead of a superuser: all of them, or the files that are named.
 *
 *   node tests/run.mjs --script role/least.ts [FILE …] [-j N] [--no-figures]
 *
 * What a test itself prepares as an administrator it does as one (Cluster.administer). A test of what only a superuser may
 * do is skipped, and says so. Figures: least_role_tests, least_role_failures, least_role_skipped. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { RUNNER_ROLE } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { root } from "../lib/paths";

const files = process.argv.slice(2).filter((argument) => argument !== "--no-figures");
const run = spawn(process.execPath, [join(root, "tests/run.mjs"), "e2e", ...files], {
  env: { ...process.env, HEADGATE_TEST_ROLE: RUNNER_ROLE },
  stdio: ["ignore", "pipe", "inherit"],
});
let said = "";
run.stdout.setEncoding("utf8").on("data", (part: string) => {
  process.stdout.write(part);
  said += part;
});
await once(run, "close");

/** From the summary at the end. */
function count(name: string): number {
  return Number([...said.matchAll(new RegExp(`^ℹ ${name} (\\d+)$`, "gm"))].at(-1)?.[1] ?? NaN);
}

const result = { least_role_tests: count("tests"), least_role_failures: count("fail") + count("cancelled"), least_role_skipped: count("skipped") };
console.log(JSON.stringify(result));
if (!process.argv.includes("--no-figures") && !Number.isNaN(result.least_role_tests)) mergeFigures("dashboard.json", "least-role", result);
process.exit(run.exitCode ?? 1);
