/** What the measurements of the stream share: a supervisor with people, runs and events for them, and bench/wire.c as their clients. */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { atExit } from "../lib/cleanup";
import type { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";
import { statOf } from "../lib/processes";
import { compose, UPGRADE } from "../lib/raw";
import { Supervisor } from "../lib/supervisor";
import { pause, waitUntil } from "../lib/wait";
import { compiled } from "./compile";

/** The server takes no more. */
export const STREAMS_A_PERSON = 20;
const EVERY_MS = 20;
/** In one transaction, where the events come late: a longer one would be news all at once. */
const MOST_AT_ONCE = 100;

const CONFIG = "version: 1\nenvironments:\n  bench: { gates: auto }\n";
const PLAN = `plan "fill" {
  doc = "Fills a column",
  phase "p" {
    backfill "rows.twice" { where = "twice IS NULL", set = { twice = "id * 2" } },
  },
}
`;

/** Where the wire, its requests and its frames are. */
export const tools = temporary("wire");
const wire = compiled(tools, "wire");

/** A wire process; ready once it has printed its first line. */
export class Wire {
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

  get pid(): number {
    return this.child.pid as number;
  }

  private get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }

  get first(): string {
    return this.lines[0] ?? "";
  }

  /** What comes from now on is counted. */
  mark(): void {
    this.child.kill("SIGUSR1");
  }

  async end<T>(signal = true): Promise<T> {
    if (signal) this.child.kill("SIGTERM");
    return JSON.parse(await waitUntil("wire says what came", () => this.lines[1], { timeoutMs: 120_000 })) as T;
  }
}

export interface Drained {
  frames: number;
  bytes: number;
  events: number;
  gaps: number;
  resets: number;
  lost: number;
  /** From the first event to the last. */
  seconds: number;
  p50_ms: number;
  p99_ms: number;
}

/** Seconds of the processor that a process has used. */
export function cpuSeconds(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export class Stage {
  private constructor(
    readonly cluster: Cluster,
    readonly database: string,
    readonly supervisor: Supervisor,
    private readonly viewers: number,
    private readonly people: string[],
  ) {}

  static async open(cluster: Cluster, database: string, viewers: number): Promise<Stage> {
    const plans = writePlan({ "fill/plan.lua": PLAN, "headgate.yaml": CONFIG });
    const people = Array.from({ length: Math.ceil(viewers / STREAMS_A_PERSON) }, (_, at) => `w${at}`);
    const supervisor = await Supervisor.start({ env: cluster.env(database), config: plans, plans, environment: "bench", people: ["alice", ...people] });
    return new Stage(cluster, database, supervisor, viewers, people);
  }

  /** All viewers, of one run; the first `silent` do not read. */
  async watch(run: string, silent = 0): Promise<Wire> {
    const { host, port } = new URL(this.supervisor.url);
    const heads = Array.from({ length: this.viewers }, (_, at) => {
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

  async finishedRun(): Promise<string> {
    const alice = this.supervisor.as("alice");
    const { id } = await alice.startRun("fill", "bench");
    await waitUntil("the run is done", async () => (await alice.run(id)).state === "done", { timeoutMs: 300_000, everyMs: 50 });
    return id;
  }

  /** Events of a run at an even pace, as a busy run makes them: how many, and the seconds of the processor that the backend took for them. */
  async makeEvents(run: string, seconds: number, perSecond: number): Promise<{ made: number; appendS: number }> {
    const client = await this.cluster.connect(this.database);
    const backend = (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]?.pid as number;
    const began = performance.now();
    let made = 0;
    for (let ms = 0; ms < seconds * 1000; ms = performance.now() - began) {
      const due = Math.min(Math.ceil((ms / 1000) * perSecond), made + MOST_AT_ONCE);
      if (due > made) {
        await client.query(
          `SELECT headgate.event_append($1::bigint, 0, 'bench', n, 'step.progress', 'p/rows.twice', '{"done": 1000, "total": 200000, "rows_changed": 1000, "rows_per_s": 12000.0, "eta_s": 15.5, "batches": 7, "pass": 1}')
           FROM generate_series($2::bigint, $3::bigint) AS n`,
          [run, made + 1, due],
        );
        await client.query("SELECT pg_notify('headgate', $1)", [run]);
        made = due;
      }
      if (made >= (ms / 1000) * perSecond) await pause(EVERY_MS);
    }
    const appendS = cpuSeconds(backend);
    await client.end();
    return { made, appendS };
  }
}

/** A database with the rows that the plan fills. */
export async function makeRows(cluster: Cluster, count: number): Promise<string> {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE rows (id bigint PRIMARY KEY, name text, twice bigint)");
  await cluster.query(database, "INSERT INTO rows SELECT n, 'row ' || n FROM generate_series(1, $1::int) AS n", [count]);
  await cluster.query(database, "VACUUM ANALYZE rows");
  return database;
}
