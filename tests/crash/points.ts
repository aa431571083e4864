/** Fault points: what a process passed, and what shall happen where (docs/faults.md). */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporary } from "../lib/plan";

export interface Point {
  /** runner/step_change.before */
  name: string;
  /** The most that one process passed it. */
  passes: number;
}

/** A folder for the log and the markers of one case. */
export class Faults {
  private readonly folder = temporary("fault");

  constructor(private readonly spec: string) {}

  /** For every process of the case. */
  get env(): Record<string, string> {
    return {
      HEADGATE_FAULT: this.spec,
      HEADGATE_FAULT_LOG: join(this.folder, "log"),
      HEADGATE_FAULT_ONCE: join(this.folder, "once"),
      HEADGATE_FAULT_HASTE: "10",
      HEADGATE_SEED: "1",
    };
  }

  /** Does something stand still, instead of dying? */
  get stops(): boolean {
    return this.spec.includes(":stop");
  }

  /** Does it go wrong for ever, until it is mended? */
  get lasting(): boolean {
    return /:\d+\+/.test(this.spec);
  }

  /** Does something fail that a run may rightly stop at, for a person to try again? Memory that is there for no process: each worker
   * that is started falls over, and after some of them the step has failed. */
  get fails(): boolean {
    return /:(enospc|eio)\b/.test(this.spec) || (this.lasting && /:enomem\b/.test(this.spec));
  }

  /** From here on nothing goes wrong any more. */
  mend(): void {
    writeFileSync(join(this.folder, "once.mended"), "");
  }

  get mended(): boolean {
    return existsSync(join(this.folder, "once.mended"));
  }

  /** Is it the command itself that dies, whom its person sees dying and calls again? */
  get strikesCommand(): boolean {
    return /(^|,)(run|rollback)\//.test(this.spec);
  }

  /** How many faults of the list have struck. */
  get struck(): number {
    if (this.lasting) return Math.min(1, this.acts);
    let count = 0;
    while (existsSync(join(this.folder, `once.${count}`))) count++;
    return count;
  }

  private get lines(): string[][] {
    const path = join(this.folder, "log");
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n").map((line) => line.split(" ")) : [];
  }

  /** How often anything went wrong. */
  get acts(): number {
    return this.lines.filter(([what]) => what === "act").length;
  }

  /** What was passed, in the order of the first passes. */
  get passed(): Point[] {
    const points = new Map<string, number>();
    for (const [what, name, passes] of this.lines) {
      if (what === "pass" && name !== undefined) points.set(name, Math.max(points.get(name) ?? 0, Number(passes)));
    }
    return [...points].map(([name, passes]) => ({ name, passes }));
  }
}

/** First, last, and up to between more passes of a point. */
export function passesToTry(point: Point, between: number): number[] {
  const chosen = new Set([1, point.passes]);
  for (let i = 1; i <= between; i++) chosen.add(Math.max(1, Math.round((point.passes * i) / (between + 1))));
  return [...chosen].sort((a, b) => a - b);
}
