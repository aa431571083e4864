/** The table of docs/plans.md, from what the tests of the plans measured.
 *
 * node tests/run.mjs --script bench/plans.ts [--write]
 * reads build/figures/plans.json and plans-large.json (make test, make test-large); prints the tables, or puts them into the
 * page between its two marks. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { figures, root } from "../lib/paths";
import { showTables } from "./page";

type Part = Record<string, number | undefined>;

const COLUMNS = ["plan", "boxes", "automatic", "seen to fail", "rows", "forward", "back", "kills"];

function parts(file: string): Record<string, Part> {
  const path = join(figures, file);
  if (!existsSync(path)) return {};
  return (JSON.parse(readFileSync(path, "utf8")) as { parts: Record<string, Part> }).parts;
}

const count = (value: number | undefined): string => (value === undefined ? "–" : value.toLocaleString("en"));
const time = (seconds: number | undefined): string => (seconds === undefined ? "–" : `${seconds.toFixed(1)} s`);

/** A plan's part, with that of its boxes where a test of its own breaks them ("citadelbuy-boxes"). */
function partOf(of: Record<string, Part>, plan: string): Part {
  const own = Object.keys(of).find((name) => name.endsWith("-boxes") && plan.startsWith(name.slice(0, -"boxes".length)));
  return { ...of[plan], ...(own === undefined ? {} : of[own]) };
}

/** Plans that have a document; the sums leave out what was not measured. */
function table(of: Record<string, Part>): string[] {
  const plans = readdirSync(join(root, "plans")).filter((name) => of[name] !== undefined && existsSync(join(root, "plans", name, "document.md")));
  const sum = (name: string): number => plans.reduce((all, plan) => all + (partOf(of, plan)[name] ?? 0), 0);
  const line = (name: string, part: Part): string =>
    `| ${[name, count(part["boxes"]), count(part["boxes_automatic"]), count(part["boxes_broken"]), count(part["rows"]), time(part["forward_s"]), time(part["back_s"]), count(part["kills"])].join(" | ")} |`;
  const all = Object.fromEntries(["boxes", "boxes_automatic", "boxes_broken", "rows", "forward_s", "back_s", "kills"].map((name) => [name, sum(name)]));
  return [
    `| ${COLUMNS.join(" | ")} |`,
    `| --- |${" --: |".repeat(COLUMNS.length - 1)}`,
    ...plans.map((plan) => line(`\`${plan}\``, partOf(of, plan))),
    line("all", all),
  ];
}

const small = parts("plans.json");
const large = parts("plans-large.json");
const text = [
  "At the documents' sizes:", "", ...table(small),
  ...(Object.keys(large).length > 0 ? ["", "At 100 times those:", "", ...table(large)] : []),
].join("\n");

showTables("docs/plans.md", "tests/bench/plans.ts", text);
