/** The tables of docs/benchmarks.md, from what make bench measured.
 *
 * node tests/run.mjs --script bench/table.ts [--write]
 * reads build/figures/bench.json; prints the tables, or puts them into the page between its two marks. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { figures } from "../lib/paths";
import { goalHolds } from "./figures";
import { showTables } from "./page";

interface Part {
  details: Record<string, { goal: string; detail: string }>;
  setting: { times: number; cpus: number; postgres?: string };
  [figure: string]: unknown;
}

const { parts } = JSON.parse(readFileSync(join(figures, "bench.json"), "utf8")) as { parts: Record<string, Part> };

function row(part: Part, name: string): string {
  const value = part[name] as number;
  const { goal, detail } = part.details[name] as { goal: string; detail: string };
  const mark = goal === "" ? "" : goalHolds({ name, value, goal, detail }) ? " ✔" : " ✘";
  return `| \`${name}\` | ${value.toLocaleString("en")} | ${goal}${mark} | ${detail.replaceAll("|", "\\|")} |`;
}

function table([name, part]: [string, Part]): string {
  const { cpus, postgres } = part.setting;
  return [
    `### ${name}`, "",
    `${cpus} cores, PostgreSQL ${String(postgres).split(" ")[0]}.`, "",
    "| figure | value | must be | from |",
    "| --- | --: | --- | --- |",
    ...Object.keys(part.details).map((figure) => row(part, figure)),
  ].join("\n");
}

showTables("docs/benchmarks.md", "tests/bench/table.ts", Object.entries(parts).map(table).join("\n\n"));
