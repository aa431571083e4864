/** The stream at scale: what 500 viewers cost the supervisor and a run, and when their events come.
 *
 * node tests/run.mjs --script bench/viewers-scale.ts [--viewers 500] [--silent 50] [--seconds 15] [--pairs 11] [--rows 200000] [--rounds 3]
 *   [--only cpu,rows] [--no-figures]
 * Its clients are bench/wire.c, compiled by the machine's C compiler. Measure a release build on a quiet machine. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Arguments } from "../lib/arguments";
import { Cluster } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { residentMb } from "../lib/processes";
import { compose, frame, Raw, UPGRADE } from "../lib/raw";
import { pause, waitUntil } from "../lib/wait";
import { Figures, median } from "./figures";
import { cpuSeconds, type Drained, makeRows, Stage, tools, Wire } from "./stage";

const EVENTS_A_SECOND = 100;

const options = new Arguments();
const viewers = options.number("viewers", 500);
const silent = options.number("silent", 50);
const seconds = options.number("seconds", 15);
const pairs = options.number("pairs", 11);
const rows = options.number("rows", 200_000);
const rounds = options.number("rounds", 3);
const only = options.text("only", "cpu,rows").split(",");

/** One viewer that keeps what came, with its times: what the floor sends again. */
class Tape {
  private readonly parts: Buffer[] = [];
  private began = 0;
  private recording = false;

  private constructor(readonly raw: Raw) {}

  static async open({ supervisor }: Stage, run: string): Promise<Tape> {
    const raw = await Raw.open(supervisor.url);
    raw.send(compose("GET", "/api/stream", [["Host", new URL(supervisor.url).host], ["Authorization", supervisor.as("alice").authorization], ...UPGRADE]));
    await raw.reply();
    raw.send(frame(1, JSON.stringify({ t: "watch", run, since: "0" })));
    const tape = new Tape(raw);
    void tape.listen();
    return tape;
  }

  private async listen(): Promise<void> {
    for (let next = await this.raw.frame(600_000); next?.text !== undefined; next = await this.raw.frame(600_000)) {
      if (!this.recording) continue;
      const bytes = frame(1, next.text, { masked: false });
      this.parts.push(Buffer.from(`${Math.round((performance.now() - this.began) * 1000)} ${bytes.length}\n`), bytes);
    }
  }

  start(): void {
    this.began = performance.now();
    this.recording = true;
  }

  stop(): { file: string; frames: number } {
    this.recording = false;
    this.raw.close();
    const file = join(tools, "frames");
    writeFileSync(file, Buffer.concat(this.parts));
    return { file, frames: this.parts.length / 2 };
  }
}

interface CpuRound {
  ours_s: number;
  floor_s: number;
  frames: number;
  made: number;
  seen: Drained;
}

/** The same frames from the supervisor, then from a plain socket program; beside both, the same events are made in the database. */
async function cpuRound(stage: Stage): Promise<CpuRound> {
  const run = await stage.finishedRun();
  const drain = await stage.watch(run, silent);
  const tape = await Tape.open(stage, run);
  await pause(2000);
  const before = cpuSeconds(stage.pid);
  tape.start();
  const { made } = await stage.makeEvents(run, seconds, EVENTS_A_SECOND);
  const ours_s = cpuSeconds(stage.pid) - before;
  await pause(500);
  const { file, frames } = tape.stop();
  const seen = await drain.end<Drained>();
  if (seen.gaps > 0 || seen.lost > 0 || seen.resets > 0) throw new Error(`viewers missed something: ${JSON.stringify(seen)}`);

  const unwatched = await stage.finishedRun();
  const floor = await Wire.start("floor", "0", String(viewers), file);
  const sink = await Wire.start("sink", floor.first, String(viewers), String(silent));
  await stage.makeEvents(unwatched, seconds, EVENTS_A_SECOND);
  const floor_s = (await floor.end<{ cpu_s: number }>(false)).cpu_s;
  await sink.end();
  return { ours_s, floor_s, frames, made, seen };
}

async function measureCpu(cluster: Cluster, figures: Figures): Promise<Record<string, number>> {
  const stage = await Stage.open(cluster, await makeRows(cluster, 10), viewers);
  const idleMb = residentMb(stage.pid) as number;
  const all: CpuRound[] = [];
  for (let at = 0; at < rounds; at++) all.push(await cpuRound(stage));
  const eachKb = (((residentMb(stage.pid) as number) - idleMb) * 1024) / viewers;
  await stage.close();
  const ratios = all.map(({ ours_s, floor_s }) => ours_s / floor_s);
  const last = all.at(-1) as CpuRound;
  const cpu = median(ratios);
  const p99 = median(all.map(({ seen }) => seen.p99_ms));
  figures.add({ name: "viewers_cpu_vs_floor", value: cpu, goal: "≤ 1.2", detail: `${rounds} rounds, ${ratios.map((ratio) => ratio.toFixed(2)).join(" ")}; the last ${last.ours_s.toFixed(2)} s against ${last.floor_s.toFixed(2)} s for ${last.frames} frames to ${viewers}, ${silent} of them silent` });
  figures.add({ name: "event_p99_ms_500_viewers", value: p99, goal: "≤ 250", detail: `${last.made} events, ${viewers} viewers, p50 ${last.seen.p50_ms.toFixed(0)} ms` });
  figures.add({ name: "viewer_kb", value: eachKb, goal: "≤ 256", detail: "resident memory a viewer" });
  return { viewers_cpu_vs_floor: cpu, event_p99_ms_500_viewers: p99, viewer_kb: eachKb, viewers, viewers_silent: silent };
}

/** Rows a second of a backfill, from its first to its last batch as its events tell. */
async function rowsPerSecond(cluster: Cluster, template: string, watched: boolean): Promise<number> {
  const stage = await Stage.open(cluster, await cluster.database(template), viewers);
  const alice = stage.supervisor.as("alice");
  const drain = watched ? await stage.watch("1", silent) : undefined;
  const began = performance.now();
  const { id } = await alice.startRun("fill", "bench");
  await waitUntil("the run is done", async () => (await alice.run(id)).state === "done", { timeoutMs: 300_000, everyMs: 50 });
  const [took] = await cluster.query(stage.database, "SELECT extract(epoch FROM max(at) - min(at))::float8 AS s FROM headgate.event WHERE type IN ('step.state', 'step.progress') AND node = 'p/rows.twice'");
  if (drain !== undefined) await drain.end();
  await stage.close();
  return rows / (Number(took?.["s"]) || (performance.now() - began) / 1000);
}

async function measureRows(cluster: Cluster, figures: Figures): Promise<Record<string, number>> {
  const template = await makeRows(cluster, rows);
  const slower: number[] = [];
  const plain: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? [false, true] : [true, false];
    const speed = new Map<boolean, number>();
    for (const watched of order) speed.set(watched, await rowsPerSecond(cluster, template, watched));
    plain.push(speed.get(false) as number);
    slower.push((1 - (speed.get(true) as number) / (speed.get(false) as number)) * 100);
  }
  const value = median(slower);
  figures.add({ name: "viewers_slowdown_pct", value, goal: "", detail: `${pairs} pairs of ${rows} rows, ${median(plain).toFixed(0)} rows/s without viewers, from ${Math.min(...slower).toFixed(1)} to ${Math.max(...slower).toFixed(1)} %` });
  return { viewers_slowdown_pct: value, viewers_pairs: pairs };
}

const figures = new Figures();
const cluster = await Cluster.start({ durable: true, settings: { autovacuum: "off", shared_buffers: "512MB", max_wal_size: "4GB" } });
figures.header();
const values: Record<string, number> = {};
if (only.includes("cpu")) Object.assign(values, await measureCpu(cluster, figures));
if (only.includes("rows")) Object.assign(values, await measureRows(cluster, figures));
await cluster.stop();
if (!options.flag("no-figures")) mergeFigures("dashboard.json", "viewers", values);
for (const { name, value, goal } of figures.missed) console.error(`missed: ${name} is ${value}, must be ${goal}`);
process.exit(figures.missed.length === 0 ? 0 : 1);
