/** The stream at scale: what 500 viewers cost the supervisor and a run, and when their events come.
 *
 * node tests/run.mjs --script bench/viewers-scale.ts [--viewers 500] [--silent 50] [--seconds 15] [--pairs 11] [--rows 200000] [--rounds 3]
 *   [--only cpu,rows] [--no-figures]
 * Its clients are bench/wire.c, compiled by the machine's C compiler. Measure a release build on a quiet machine. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Arguments } from "../lib/arguments";
import { atExit } from "../lib/cleanup";
import { Cluster } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { root } from "../lib/paths";
import { temporary } from "../lib/plan";
import { residentMb } from "../lib/processes";
import { compose, frame, Raw, UPGRADE } from "../lib/raw";
import { Supervisor } from "../lib/supervisor";
import { pause, waitUntil } from "../lib/wait";
import { Figures, median } from "./figures";

const STREAMS_A_PERSON = 20;
const EVERY_MS = 20;
const EVENTS_AT_ONCE = 2;

const options = new Arguments();
const viewers = options.number("viewers", 500);
const silent = options.number("silent", 50);
const seconds = options.number("seconds", 15);
const pairs = options.number("pairs", 11);
const rows = options.number("rows", 200_000);
const rounds = options.number("rounds", 3);
const only = options.text("only", "cpu,rows").split(",");

const CONFIG = "version: 1\nenvironments:\n  bench: { gates: auto }\n";
const PLAN = `plan "fill" {
  doc = "Fills a column",
  phase "p" {
    backfill "rows.twice" { where = "twice IS NULL", set = { twice = "id * 2" } },
  },
}
`;

const tools = temporary("wire");
const wire = join(tools, "wire");
execFileSync(process.env["CC"] ?? "cc", ["-O2", "-o", wire, join(root, "tests/bench/wire.c")]);

/** A wire process; ready once it has printed its first line. */
class Wire {
  private text = "";
  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding("utf8").on("data", (part: string) => (this.text += part));
    atExit(() => child.kill("SIGKILL"));
  }

  static async start(...args: string[]): Promise<Wire> {
    const self = new Wire(spawn(wire, args, { stdio: ["ignore", "pipe", "inherit"] }));
    await waitUntil(`wire ${args[0]} is ready`, () => self.lines.length > 0 || self.child.exitCode !== null, { timeoutMs: 60_000 });
    return self;
  }

  private get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }

  get first(): string {
    return this.lines[0] ?? "";
  }

  async end<T>(signal = true): Promise<T> {
    if (signal) this.child.kill("SIGTERM");
    return JSON.parse(await waitUntil("wire says what came", () => this.lines[1], { timeoutMs: 120_000 })) as T;
  }
}

interface Drained {
  frames: number;
  events: number;
  gaps: number;
  resets: number;
  lost: number;
  p50_ms: number;
  p99_ms: number;
}

/** Seconds of the processor that a process has used. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

class Stage {
  private constructor(
    readonly cluster: Cluster,
    readonly database: string,
    readonly supervisor: Supervisor,
    private readonly people: string[],
  ) {}

  static async open(cluster: Cluster, database: string): Promise<Stage> {
    const plans = temporary("plans");
    mkdirSync(join(plans, "fill"));
    writeFileSync(join(plans, "fill/plan.lua"), PLAN);
    writeFileSync(join(plans, "headgate.yaml"), CONFIG);
    const people = Array.from({ length: Math.ceil(viewers / STREAMS_A_PERSON) }, (_, at) => `w${at}`);
    const supervisor = await Supervisor.start({ env: cluster.env(database), config: plans, plans, environment: "bench", people: ["alice", ...people] });
    return new Stage(cluster, database, supervisor, people);
  }

  /** All viewers, of one run; the first do not read. */
  async watch(run: string): Promise<Wire> {
    const { host, port } = new URL(this.supervisor.url);
    const heads = Array.from({ length: viewers }, (_, at) => {
      const person = this.people[at % this.people.length] as string;
      return compose("GET", "/api/stream", [["Host", host], ["Authorization", this.supervisor.as(person).authorization], ...UPGRADE]);
    });
    const file = join(tools, "heads");
    writeFileSync(file, `${heads.join("")}\n${JSON.stringify({ t: "watch", run, since: "0" })}`);
    return Wire.start("drain", port, file, String(silent));
  }

  get pid(): number {
    return this.supervisor.pid as number;
  }

  async close(): Promise<void> {
    await this.supervisor.stop();
    await this.cluster.drop(this.database);
  }
}

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

/** Events of a run at an even pace, as a busy run makes them. */
async function makeEvents({ cluster, database }: Stage, run: string): Promise<number> {
  const client = await cluster.connect(database);
  let made = 0;
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await pause(EVERY_MS)) {
    await client.query(
      `SELECT headgate.event_append($1::bigint, 0, 'bench', n, 'step.progress', 'p/rows.twice', '{"done": 1000, "total": 200000, "rows_changed": 1000, "rows_per_s": 12000.0, "eta_s": 15.5, "batches": 7, "pass": 1}')
       FROM generate_series($2::bigint, $3::bigint) AS n`,
      [run, made + 1, made + EVENTS_AT_ONCE],
    );
    await client.query("SELECT pg_notify('headgate', $1)", [run]);
    made += EVENTS_AT_ONCE;
  }
  await client.end();
  return made;
}

async function finishedRun(stage: Stage): Promise<string> {
  const alice = stage.supervisor.as("alice");
  const { id } = await alice.startRun("fill", "bench");
  await waitUntil("the run is done", async () => (await alice.run(id)).state === "done", { timeoutMs: 300_000, everyMs: 50 });
  return id;
}

async function makeRows(cluster: Cluster, count: number): Promise<string> {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE rows (id bigint PRIMARY KEY, name text, twice bigint)");
  await cluster.query(database, "INSERT INTO rows SELECT n, 'row ' || n FROM generate_series(1, $1::int) AS n", [count]);
  await cluster.query(database, "VACUUM ANALYZE rows");
  return database;
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
  const run = await finishedRun(stage);
  const drain = await stage.watch(run);
  const tape = await Tape.open(stage, run);
  await pause(2000);
  const before = cpuSeconds(stage.pid);
  tape.start();
  const made = await makeEvents(stage, run);
  const ours_s = cpuSeconds(stage.pid) - before;
  await pause(500);
  const { file, frames } = tape.stop();
  const seen = await drain.end<Drained>();
  if (seen.gaps > 0 || seen.lost > 0 || seen.resets > 0) throw new Error(`viewers missed something: ${JSON.stringify(seen)}`);

  const unwatched = await finishedRun(stage);
  const floor = await Wire.start("floor", "0", String(viewers), file);
  const sink = await Wire.start("sink", floor.first, String(viewers), String(silent));
  await makeEvents(stage, unwatched);
  const floor_s = (await floor.end<{ cpu_s: number }>(false)).cpu_s;
  await sink.end();
  return { ours_s, floor_s, frames, made, seen };
}

async function measureCpu(cluster: Cluster, figures: Figures): Promise<Record<string, number>> {
  const stage = await Stage.open(cluster, await makeRows(cluster, 10));
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
  const stage = await Stage.open(cluster, await cluster.database(template));
  const alice = stage.supervisor.as("alice");
  const drain = watched ? await stage.watch("1") : undefined;
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
