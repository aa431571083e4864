/** From the event's row to the viewer's screen: 200 WebSocket viewers of one run that makes events as fast as it can. */
import { dirname } from "node:path";
import WebSocket from "ws";
import type { Cluster } from "../lib/cluster";
import { processesOf, residentMb } from "../lib/processes";
import { writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";
import { migrationsPlan } from "./migrations";
import { percentile } from "./figures";

const CONFIG = `version: 1
environments:
  bench:
    approvers: { admin: [bob] }
`;

/** The server takes no more. */
const STREAMS_A_PERSON = 20;

interface Message {
  t: string;
  at?: string;
  seq?: string;
  type?: string;
}

class Viewer {
  /** Milliseconds from the event's time in the database to its arrival here. */
  readonly latencies: number[] = [];
  seqs: number[] = [];

  private constructor(private readonly socket: WebSocket) {
    socket.on("message", (frame: Buffer) => {
      const now = Date.now();
      for (const message of JSON.parse(frame.toString("utf8")) as Message[]) {
        if (message.t !== "event" || message.at === undefined) continue;
        this.seqs.push(Number(message.seq));
        this.latencies.push(now - Date.parse(message.at));
      }
    });
  }

  static async open(url: string, authorization: string): Promise<Viewer> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/api/stream`, "headgate.v1", {
      headers: { Authorization: authorization, Origin: url },
      perMessageDeflate: false,
    });
    const viewer = new Viewer(socket);
    await new Promise<void>((done, fail) => socket.once("open", done).once("error", fail));
    return viewer;
  }

  watch(run: string): void {
    this.socket.send(JSON.stringify({ t: "watch", run, since: "0" }));
  }

  close(): void {
    this.socket.terminate();
  }
}

export interface Viewed {
  p99Ms: number;
  p50Ms: number;
  events: number;
  viewers: number;
}

/** A run of many small steps behind a gate: the viewers come first, then bob approves. */
export async function measureViewers(cluster: Cluster, count: number): Promise<Viewed> {
  const database = await cluster.database();
  const watchers = Array.from({ length: Math.ceil(count / STREAMS_A_PERSON) }, (_, at) => `w${at}`);
  const folder = migrationsPlan(200, CONFIG, '  gate "go" { approvers = "admin" },\n');
  const supervisor = await Supervisor.start({
    env: cluster.env(database),
    config: folder,
    plans: dirname(folder),
    environment: "bench",
    people: ["alice", "bob", ...watchers],
  });
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun(folder.slice(dirname(folder).length + 1), "bench");
  await waitUntil("the gate is open", async () => (await alice.run(id)).state === "waiting");
  const viewers = await Promise.all(
    Array.from({ length: count }, (_, at) => Viewer.open(supervisor.url, supervisor.as(watchers[at % watchers.length] as string).authorization)),
  );
  for (const viewer of viewers) viewer.watch(id);
  const before = Number((await alice.run(id)).seq);
  await waitUntil("all have caught up", () => viewers.every(({ seqs }) => (seqs[seqs.length - 1] ?? 0) >= before));
  for (const viewer of viewers) viewer.latencies.length = 0;

  await supervisor.as("bob").approve(id, "go");
  await waitUntil("the run is done", async () => (await alice.run(id)).state === "done", { timeoutMs: 120_000, everyMs: 200 });
  const last = Number((await alice.run(id)).seq);
  await waitUntil("all have seen the end", () => viewers.every(({ seqs }) => seqs[seqs.length - 1] === last));
  for (const { seqs } of viewers) {
    if (seqs.length !== last || seqs.some((seq, at) => seq !== at + 1)) throw new Error("a viewer missed an event");
  }
  const latencies = viewers.flatMap(({ latencies }) => latencies);
  for (const viewer of viewers) viewer.close();
  await supervisor.stop();
  await cluster.drop(database);
  return { p99Ms: percentile(latencies, 0.99), p50Ms: percentile(latencies, 0.5), events: last - before, viewers: count };
}

/** Memory of a supervisor nobody looks at, and of a runner that waits at a gate. */
export async function measureIdle(cluster: Cluster): Promise<{ supervisorMb: number; runnerMb: number }> {
  const database = await cluster.database();
  const folder = writePlan({
    "headgate.yaml": CONFIG,
    "plan.lua": 'plan "idle" { doc = "waits", gate "go" { approvers = "admin" } }',
  });
  const supervisor = await Supervisor.start({
    env: cluster.env(database),
    config: folder,
    plans: dirname(folder),
    environment: "bench",
    people: ["alice", "bob"],
  });
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun(folder.slice(dirname(folder).length + 1), "bench");
  await waitUntil("the gate is open", async () => (await alice.run(id)).state === "waiting");
  const found = processesOf(supervisor.known.home);
  const memory = (command: string): number => Math.max(...found.filter((one) => one.command === command).map(({ pid }) => residentMb(pid) ?? 0));
  const result = { supervisorMb: memory("serve"), runnerMb: memory("runner") };
  await alice.request(id, "abort");
  await supervisor.stop();
  await cluster.drop(database);
  return result;
}
