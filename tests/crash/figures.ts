/** build/figures/crash.json, which several scripts write: each its own part, and the totals are made of all parts. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { figures } from "../lib/paths";

type Values = Record<string, unknown>;

const path = join(figures, "crash.json");

function read(): { parts: Record<string, Values> } {
  try {
    const text: unknown = JSON.parse(readFileSync(path, "utf8"));
    const parts = (text as { parts?: Record<string, Values> }).parts;
    return { parts: parts ?? {} };
  } catch {
    return { parts: {} };
  }
}

/** Longest times are compared, everything else is added. */
function total(name: string, before: unknown, value: number): number {
  if (typeof before !== "number") return value;
  return /_max_|_p99_/.test(name) ? Math.max(before, value) : before + value;
}

/** Writes one script's figures in place of its last ones. */
export function writeFigures(part: string, values: Values): void {
  const { parts } = read();
  parts[part] = values;
  const totals: Values = {};
  for (const each of Object.values(parts)) {
    for (const [name, value] of Object.entries(each)) {
      if (typeof value === "number" && name !== "seed") totals[name] = total(name, totals[name], value);
    }
  }
  mkdirSync(figures, { recursive: true });
  writeFileSync(`${path}.${process.pid}`, `${JSON.stringify({ ...totals, parts }, null, 2)}\n`);
  renameSync(`${path}.${process.pid}`, path);
}
