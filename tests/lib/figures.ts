/** Files in build/figures that several scripts or tests write: each its own part, and the totals are made of all parts. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { figures } from "./paths";

export type Values = Record<string, unknown>;

function read(path: string): Record<string, Values> {
  try {
    const text: unknown = JSON.parse(readFileSync(path, "utf8"));
    return (text as { parts?: Record<string, Values> }).parts ?? {};
  } catch {
    return {};
  }
}

/** Longest times are compared, everything else is added. */
function total(name: string, before: unknown, value: number): number {
  if (typeof before !== "number") return value;
  return /_max_|_p99_/.test(name) ? Math.max(before, value) : before + value;
}

/** Writes one part of build/figures/FILE in place of what it was. Without an await, so that no other test of the process
 * comes between reading and writing; tests in other processes write other parts, and a lost one comes back with the next run. */
export function mergeFigures(file: string, part: string, values: Values): void {
  const path = join(figures, file);
  const parts = read(path);
  parts[part] = values;
  const totals: Values = {};
  for (const each of Object.values(parts)) {
    for (const [name, value] of Object.entries(each)) {
      if (typeof value === "number" && name !== "seed" && name !== "factor") totals[name] = total(name, totals[name], value);
    }
  }
  mkdirSync(figures, { recursive: true });
  writeFileSync(`${path}.${process.pid}`, `${JSON.stringify({ ...totals, parts }, null, 2)}\n`);
  renameSync(`${path}.${process.pid}`, path);
}
