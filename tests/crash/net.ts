/** What lies between headgate and its data goes wrong: the network, the server, its connections, its disks, the primary.
 *
 * node tests/run.mjs --script crash/net.ts [--rounds 2] [--stops 100] [--failovers 20] [--disks 1] [--only half-open]
 * [--seed 1] [--no-figures]
 * Every case runs a plan under a supervisor while an application writes; the run must end done without anybody's help,
 * fsck must find nothing, and every write that the application was told of must be there. Writes its part of
 * build/figures/crash.json. */
import { Arguments } from "../lib/arguments";
import { Cluster, type ClusterOptions } from "../lib/cluster";
import { processesOf } from "../lib/processes";
import { Proxy } from "../lib/proxy";
import { random, seedRandom } from "../lib/random";
import { Tmpfs } from "../lib/tmpfs";
import { pause, waitUntil } from "../lib/wait";
import { Viewer } from "../lib/viewer";
import { writeFigures } from "./figures";
import { play, type Prepared, prepareNet, type Scene, stateOf, type Verdict } from "./scene";

const HALF_OPEN_MS = 15_000;
const STOPS_A_RUN = 6;
const options = new Arguments();
const rounds = options.number("rounds", 2);
const wantedStops = options.number("stops", 100);
const wantedFailovers = options.number("failovers", 20);
const wantedDisks = options.number("disks", 1);
const only = options.text("only", "");
const seed = seedRandom(options.number("seed", Date.now() % 1_000_000));

const soon = (ms: number): Promise<void> => pause(random() * ms);

let cases = 0;
let wrongRuns = 0;
let halfOpenMaxMs = 0;
let stops = 0;
let failovers = 0;
let rewinds = 0;
let appWrites = 0;
let appWritesLost = 0;

function told(name: string, verdict: Verdict, extra = ""): void {
  cases++;
  if (verdict.wrong.length > 0) wrongRuns++;
  appWrites += verdict.acknowledged;
  appWritesLost += verdict.lost;
  console.log(`${name}: ${verdict.ms} ms, ${verdict.acknowledged} writes${extra}: ${verdict.wrong.length === 0 ? "right" : `WRONG: ${verdict.wrong.join("; ")}`}`);
}

async function batchesOf({ cluster, database }: Scene): Promise<number> {
  const rows = await cluster.query(database, "SELECT sum(batches)::int AS n FROM headgate.cursor").catch(() => []);
  return Number(rows[0]?.["n"] ?? 0);
}

/** The backfill is under way: so many more batches are done than now. False when the run has ended first. */
async function underWay(scene: Scene, more = 1): Promise<boolean> {
  const before = await batchesOf(scene);
  return waitUntil(
    "the backfill is under way",
    async () => {
      if ((await stateOf(scene.cluster, scene.database, scene.run).catch(() => "")) === "done") return "ended";
      return (await batchesOf(scene)) >= before + more && "live";
    },
    { timeoutMs: 60_000, everyMs: 5 },
  ).then((seen) => seen === "live");
}

/** Strikes so many times, each time in a run that is seen to work; gives how often it was. One that never was is no test. */
async function strikeLive(scene: Scene, times: number, strike: () => Promise<void> | void): Promise<number> {
  let struck = 0;
  while (struck < times && (await underWay(scene))) {
    await strike();
    struck++;
  }
  if (struck === 0) throw new Error("the run had ended before anything was disturbed");
  return struck;
}

/* ------------------------------------------------------------------ noticing */

/** Begins something that nobody is told of, and gives how long it took until runner, workers and supervisor had all noticed. */
async function noticed(scene: Scene, begin: () => void, wrong: string[]): Promise<void> {
  const drivers = processesOf(scene.home).filter(({ command }) => command === "runner" || command === "worker");
  const said = (): number => scene.supervisor.text.split("the feed stops until").length;
  const before = said();
  const struck = Date.now();
  const at: Record<string, number> = {};
  begin();
  await waitUntil(
    "everybody has noticed",
    () => {
      const alive = new Set(processesOf(scene.home).map(({ pid }) => pid));
      for (const { pid, command } of drivers) if (!alive.has(pid)) at[command] ??= Date.now() - struck;
      if (said() > before) at["supervisor"] ??= Date.now() - struck;
      return at["supervisor"] !== undefined && drivers.every(({ pid }) => !alive.has(pid));
    },
    { timeoutMs: 40_000 },
  ).catch((error: Error) => wrong.push(`${error.message} (${JSON.stringify(at)})`));
  const longest = Math.max(0, ...Object.values(at));
  halfOpenMaxMs = Math.max(halfOpenMaxMs, longest);
  if (longest > HALF_OPEN_MS) wrong.push(`noticed after ${longest} ms`);
  console.log(`  noticed after ${Object.entries(at).map(([who, ms]) => `${who} ${ms} ms`).join(", ")}`);
}

/* ------------------------------------------------------------------ cases over the proxy */

interface Behind {
  scene: Scene;
  proxy: Proxy;
  wrong: string[];
}
interface NetCase {
  name: string;
  gated?: boolean;
  limitMs?: number;
  act: (behind: Behind) => Promise<void>;
}

async function cut(side: "client" | "server", { scene, proxy }: Behind): Promise<void> {
  await strikeLive(scene, 4, async () => {
    const before = proxy.cuts;
    proxy.cutAfter(side, 1 + Math.floor(random() * 1500));
    await waitUntil("a connection was cut", async () => proxy.cuts > before || (await stateOf(scene.cluster, scene.database, scene.run)) === "done");
    await soon(200);
  });
}

async function atGate(scene: Scene): Promise<void> {
  await waitUntil("the run waits at its gate", async () => (await stateOf(scene.cluster, scene.database, scene.run)) === "waiting", { timeoutMs: 60_000 });
}

const NET_CASES: NetCase[] = [
  {
    name: "reset",
    act: async ({ scene, proxy }) => {
      await strikeLive(scene, 4, async () => {
        await soon(150);
        proxy.reset();
      });
    },
  },
  { name: "cut after k bytes of ours", act: (behind) => cut("client", behind) },
  { name: "cut after k bytes of the server", act: (behind) => cut("server", behind) },
  {
    name: "half-open, at work",
    act: async ({ scene, proxy, wrong }) => {
      await underWay(scene, 3);
      await noticed(scene, () => proxy.set("swallow"), wrong);
      proxy.set("pass");
    },
  },
  {
    name: "half-open, idle at a gate",
    gated: true,
    act: async ({ scene, proxy, wrong }) => {
      await atGate(scene);
      await noticed(scene, () => proxy.set("swallow"), wrong);
      proxy.set("pass");
    },
  },
  {
    name: "stopped server, at work",
    act: async ({ scene, wrong }) => {
      await underWay(scene, 3);
      await noticed(scene, () => scene.cluster.freeze(true), wrong);
      scene.cluster.freeze(false);
    },
  },
  {
    name: "held back for 3 s",
    act: async ({ scene, proxy }) => {
      await strikeLive(scene, 1, async () => {
        proxy.set("hold");
        await pause(3000);
        proxy.set("pass");
      });
    },
  },
  // The plan wants batches of a millisecond: over a slow network that is one row each, so this is many round trips.
  { name: "late by 5 ms", limitMs: 300_000, act: async ({ proxy }) => void (proxy.delayMs = 5) },
  { name: "one byte at a time", act: async ({ proxy }) => void (proxy.sliceBytes = 1) },
  {
    name: "each connection ended in turn",
    act: async ({ scene }) => {
      const ended = new Set<number>();
      await strikeLive(scene, 12, async () => {
        const rows = await scene.cluster.query(scene.database, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'headgate%' ORDER BY backend_start");
        const next = rows.map(({ pid }) => Number(pid)).find((pid) => !ended.has(pid));
        if (next === undefined) return;
        ended.add(next);
        await scene.cluster.query(scene.database, "SELECT pg_terminate_backend($1)", [next]);
      });
    },
  },
];

async function netCase(cluster: Cluster, prepared: Prepared, { name, gated, limitMs, act }: NetCase): Promise<void> {
  const proxy = await Proxy.start(cluster);
  const database = await cluster.database(prepared.template);
  const wrong: string[] = [];
  const verdict = await play({
    cluster,
    prepared,
    database,
    env: proxy.env(database),
    environment: gated ? "gated" : "net",
    ...(limitMs === undefined ? {} : { limitMs }),
    act: async (scene) => act({ scene, proxy, wrong }),
  });
  verdict.wrong.push(...wrong);
  proxy.stop();
  cluster.freeze(false);
  await cluster.drop(database);
  told(name, verdict);
}

/* ------------------------------------------------------------------ the server stops at once */

/** Without fsync: what a process has written outlives it, and only a machine that stops would lose it. */
async function stopCase(wanted: number): Promise<void> {
  const cluster = await Cluster.start();
  const prepared = await prepareNet(cluster);
  for (let done = 0; done < wanted; ) {
    const database = await cluster.database(prepared.template);
    let here = 0;
    const verdict = await play({
      cluster,
      prepared,
      database,
      act: async (scene) => {
        here = await strikeLive(scene, Math.min(STOPS_A_RUN, wanted - done), async () => {
          await soon(100);
          await cluster.halt();
          await soon(300);
          await cluster.resume();
        });
      },
    });
    done += Math.max(1, here); // a case in which no live run was struck is wrong, and not tried for ever
    stops += here;
    await cluster.drop(database);
    told("immediate stop", verdict, `, ${here} stops`);
  }
  await cluster.stop();
}

/* ------------------------------------------------------------------ failover */

/** The primary dies while the run goes on, its standby is promoted; in every second case the standby was behind. */
async function failoverCase(behind: boolean): Promise<void> {
  const primary = await Cluster.start();
  const prepared = await prepareNet(primary);
  const database = await primary.database(prepared.template);
  const standby = await Cluster.start({ standbyOf: primary });
  const env = { ...primary.env(database), PGHOST: `${primary.folder},${standby.folder}`, PGTARGETSESSIONATTRS: "read-write" };
  const wrong: string[] = [];
  const verdict = await play({
    cluster: primary,
    prepared,
    database,
    env,
    application: false, // an asynchronous standby may rightly lack what only the primary acknowledged
    act: async (scene) => {
      const viewer = await Viewer.open(scene.supervisor, "alice", scene.run);
      if (!(await underWay(scene))) wrong.push("the run had ended before the failover");
      if (behind) {
        await standby.query("postgres", "ALTER SYSTEM SET primary_conninfo = ''");
        await standby.query("postgres", "SELECT pg_reload_conf()");
        await waitUntil("the standby receives nothing more", async () => (await standby.query("postgres", "SELECT FROM pg_stat_wal_receiver")).length === 0);
        const told = viewer.types.length;
        await waitUntil("the viewer is told what the standby lacks", () => viewer.types.length > told);
        if (!(await underWay(scene))) wrong.push("the run had ended before the failover");
      } else {
        await soon(400);
      }
      await primary.halt();
      await standby.promote();
      if (behind) {
        await waitUntil("the viewer is told of a rewind", () => viewer.types.includes("rewind"), { timeoutMs: 30_000 }).then(
          () => rewinds++,
          (error: Error) => wrong.push(error.message),
        );
      }
      viewer.close();
      return standby;
    },
  });
  verdict.wrong.push(...wrong);
  failovers++;
  await primary.stop();
  await standby.stop();
  told(behind ? "failover to a standby that was behind" : "failover", verdict);
}

/* ------------------------------------------------------------------ full disks */

interface DiskCase {
  name: string;
  cluster: ClusterOptions;
  /** Before the run, in its database. */
  prepare: (cluster: Cluster, database: string) => Promise<void>;
  /** One write that takes room. */
  fill: string;
  /** The disk is full; what there is to do, until it is as before. */
  mend: (cluster: Cluster) => Promise<void>;
}

/** The table's tablespace is full for a while. */
const dataDisk = (disk: Tmpfs): DiskCase => ({
  name: "full data disk",
  cluster: {},
  prepare: async (cluster, database) => {
    await cluster.query("postgres", `CREATE TABLESPACE small LOCATION '${disk.folder}'`);
    await cluster.query(database, "ALTER TABLE people SET TABLESPACE small");
    await cluster.query(database, "CREATE TABLE filler (t text) TABLESPACE small");
  },
  fill: "INSERT INTO filler SELECT repeat('x', 100) FROM generate_series(1, 2000)",
  mend: async () => {
    await pause(3000);
    disk.grow(64);
  },
});

/** The disk of the write-ahead log is full: the server panics and cannot recover until there is room. */
const walDisk = (disk: Tmpfs): DiskCase => ({
  name: "full WAL disk",
  cluster: { walFolder: disk.folder, settings: { max_wal_size: "32MB", min_wal_size: "32MB", checkpoint_timeout: "1h" } },
  prepare: async (cluster, database) => {
    await cluster.query(database, "SELECT pg_create_physical_replication_slot('holds', true)");
    await cluster.query(database, "CREATE TABLE filler (t text)");
  },
  fill: "INSERT INTO filler SELECT repeat('x', 500) FROM generate_series(1, 5000)",
  mend: async (cluster) => {
    await pause(2000);
    disk.grow(512);
    if (!cluster.running) await cluster.resume();
    await waitUntil("the server is back", () => cluster.query("postgres", "SELECT pg_drop_replication_slot('holds')").then(() => true, () => false), { timeoutMs: 60_000 });
  },
});

async function diskCase(disk: DiskCase): Promise<void> {
  const cluster = await Cluster.start({ durable: true, ...disk.cluster });
  const prepared = await prepareNet(cluster);
  const database = await cluster.database(prepared.template);
  await disk.prepare(cluster, database);
  const full = (): boolean => cluster.log().includes("No space left on device");
  const verdict = await play({
    cluster,
    prepared,
    database,
    act: async (scene) => {
      await strikeLive(scene, 1, async () => {
        const deadline = Date.now() + 60_000;
        while (!full() && cluster.running && Date.now() < deadline) await cluster.query(database, disk.fill).catch(() => pause(20));
        await waitUntil("the disk is full", full);
        await disk.mend(cluster);
      });
    },
  });
  await cluster.stop();
  told(disk.name, verdict);
}

async function diskCases(): Promise<void> {
  const small = Tmpfs.mount(8);
  const wal = Tmpfs.mount(112);
  if (small === undefined || wal === undefined) {
    console.log("SKIPPED: full disks: this account may not mount a tmpfs");
    return;
  }
  await diskCase(dataDisk(small));
  await diskCase(walDisk(wal));
}

/* ------------------------------------------------------------------ all of them */

const begun = Date.now();
const chosen = (name: string): boolean => only === "" || only.split(",").some((part) => name.includes(part));
const picked = NET_CASES.filter(({ name }) => chosen(name));
if (rounds > 0 && picked.length > 0) {
  const cluster = await Cluster.start();
  const prepared = await prepareNet(cluster);
  for (let round = 0; round < rounds; round++) for (const each of picked) await netCase(cluster, prepared, each);
  await cluster.stop();
}
if (chosen("stops") && wantedStops > 0) await stopCase(wantedStops);
if (chosen("failovers")) for (let n = 0; n < wantedFailovers; n++) await failoverCase(n % 2 === 0);
if (chosen("disks")) for (let n = 0; n < wantedDisks; n++) await diskCases();

const result = {
  cases,
  wrong_runs: wrongRuns,
  pg_stops: stops,
  failovers,
  rewinds,
  half_open_max_s: Math.round(halfOpenMaxMs / 100) / 10,
  app_writes: appWrites,
  app_writes_lost: appWritesLost,
  seed,
  seconds: Math.round((Date.now() - begun) / 1000),
};
console.log(JSON.stringify(result));
if (!options.flag("no-figures")) writeFigures("net", result);
process.exit(wrongRuns === 0 && appWritesLost === 0 ? 0 : 1);
