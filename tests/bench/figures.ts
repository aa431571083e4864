/** The table that make bench prints and the part of build/figures/bench.json that it writes. */
import { mergeFigures } from "../lib/figures";

export interface Figure {
  name: string;
  value: number;
  /** "≥ 0.55", "70..90": what the figure must be; empty = only told. */
  goal: string;
  /** Where it comes from: "1.9 s against 1.3 s". */
  detail: string;
}

export function goalHolds({ value, goal }: Figure): boolean {
  const [op, limit] = goal.split(" ");
  const [least, most] = goal.split("..");
  if (most !== undefined) return value >= Number(least) && value <= Number(most);
  if (op === "≥") return value >= Number(limit);
  if (op === "≤") return value <= Number(limit);
  return true;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The smallest value that p of all (0 … 1) do not exceed. */
export function percentile(values: number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

/** Rounds of one measurement each, so that a busy minute of the machine hurts all of them alike: the seconds of each, by round. Each
 * round begins with another of them: what comes behind a long one may pay for what the disk still writes. */
export async function rounds(times: number, measurements: (() => Promise<number>)[]): Promise<number[][]> {
  const all: number[][] = measurements.map(() => []);
  for (let round = 0; round < times; round++) {
    for (const place of measurements.keys()) {
      const index = (place + round) % measurements.length;
      const seconds = await (measurements[index] as () => Promise<number>)();
      all[index]?.push(seconds);
      console.error(`round ${round + 1} of ${times}, ${index + 1} of ${measurements.length}: ${seconds.toPrecision(4)}`);
    }
  }
  return all;
}

/** The middle of the rounds' own ratios, and how far they lie apart: a disk whose speed changes from round to round hurts both sides of one. */
export function ratio(ours: number[], theirs: number[]): { value: number; spread: string } {
  const each = ours.map((one, round) => one / (theirs[round] ?? Number.NaN));
  const spread = each.length < 2 ? "" : `; rounds ${Math.min(...each).toFixed(2)} to ${Math.max(...each).toFixed(2)}`;
  return { value: median(each), spread };
}

export interface Comparison {
  name: string;
  rows: number;
  /** Seconds, by round. */
  ours: number[];
  theirs: number[];
  /** speed: how many times as fast we are; time: how many times as long we take. */
  of: "speed" | "time";
  goal: string;
  /** Not measured in rounds with each other: the ratio of the medians. */
  apart?: boolean;
}

export class Figures {
  private readonly all: Figure[] = [];
  private written = 0;

  add(figure: Figure): void {
    this.all.push({ ...figure, value: Math.round(figure.value * 1000) / 1000 });
    console.log(this.row(this.all[this.all.length - 1] as Figure));
  }

  compare({ name, rows, ours, theirs, of, goal, apart = false }: Comparison): void {
    const [mine, other] = apart ? [[median(ours)], [median(theirs)]] : [ours, theirs];
    const { value, spread } = of === "time" ? ratio(mine, other) : ratio(other, mine);
    this.add({ name, value, goal, detail: `${rows} rows: ${median(ours).toFixed(2)} s against ${median(theirs).toFixed(2)} s${spread}` });
  }

  header(): void {
    console.log(`${"figure".padEnd(34)}${"value".padStart(10)}   ${"goal".padEnd(10)}from`);
  }

  /** What was added since the last part: the other parts of the file stay as an earlier run left them. */
  write(part: string, setting: Record<string, unknown>): void {
    const fresh = this.all.slice(this.written);
    this.written = this.all.length;
    const values = Object.fromEntries(fresh.map(({ name, value }) => [name, value]));
    const details = Object.fromEntries(fresh.map(({ name, goal, detail }) => [name, { goal, detail }]));
    mergeFigures("bench.json", part, { ...values, details, setting });
  }

  get missed(): Figure[] {
    return this.all.filter((figure) => !goalHolds(figure));
  }

  private row(figure: Figure): string {
    const mark = figure.goal === "" ? " " : goalHolds(figure) ? "✔" : "✘";
    return `${figure.name.padEnd(34)}${String(figure.value).padStart(10)} ${mark} ${figure.goal.padEnd(10)}${figure.detail}`;
  }
}
