/** make bench: ratios taken in one run on a private cluster, never absolute times of another day.
 *
 * node tests/run.mjs --script bench/bench.ts [--rows 1000000] [--only backfill,import,…] [--times 3] [--runs 100] [--load-seconds 30]
 * prints a table and writes each part into build/figures/bench.json in place of what it was. Exit code 1 = a goal was missed. Measure a release build. */
import { execFileSync } from "node:child_process";
import { copyFileSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { Arguments } from "../lib/arguments";
import { Cluster } from "../lib/cluster";
import { headgateBinary } from "../lib/paths";
import { temporary } from "../lib/plan";
import { measureBackfill, measureLz4, measureOffset, measureSet } from "./backfill";
import { digests, drilldown } from "./digest";
import { measureEta } from "./eta";
import { Figures } from "./figures";
import { importMemory, imports } from "./import";
import { measureLoad } from "./load";
import { measureMigrations } from "./migrations";
import { measurePeers } from "./peers";
import { measureLinear } from "./scale";
import { fastestStream, measureStream } from "./stream";
import { measureIdle, measureViewers } from "./viewers";

const options = new Arguments();
const rows = options.number("rows", 1_000_000);
const times = options.number("times", 3);
const loadSeconds = options.number("load-seconds", 30);
const runs = options.number("runs", 100);

/** Megabytes of the binary without its debug symbols. */
function strippedMb(): number {
  const copy = join(temporary("binary"), "headgate");
  copyFileSync(headgateBinary, copy);
  execFileSync("strip", [copy]);
  return statSync(copy).size / 1e6;
}

const backfill = (cluster: Cluster, figures: Figures): Promise<void> => measureBackfill(cluster, figures, rows, times);
const set = (cluster: Cluster, figures: Figures): Promise<void> => measureSet(cluster, figures, rows, times);
const lz4 = (cluster: Cluster, figures: Figures): Promise<void> => measureLz4(cluster, figures, rows, times);
const offset = (cluster: Cluster, figures: Figures): Promise<void> => measureOffset(cluster, figures, rows, times);
const load = (_cluster: Cluster, figures: Figures): Promise<void> => measureLoad(figures, rows, loadSeconds, times);
const linear = (_cluster: Cluster, figures: Figures): Promise<void> => measureLinear(figures, rows);

async function migrations(cluster: Cluster, figures: Figures): Promise<void> {
  for (const { count, goal, noop, noopGoal } of [
    { count: 200, goal: "≤ 1.3", noop: "noop_ms", noopGoal: "≤ 60" },
    { count: 1000, goal: "≤ 1.05", noop: "noop_1000_ms", noopGoal: "≤ 20" },
  ]) {
    const { psqlMs, headgateMs, against, noopMs, minimalMs } = await measureMigrations(cluster, count, times);
    const detail = `${headgateMs.toFixed(0)} ms against ${psqlMs.toFixed(0)} ms of one psql${against.spread}`;
    figures.add({ name: `migrations_${count}_vs_psql`, value: against.value, goal, detail });
    figures.add({ name: noop, value: noopMs, goal: noopGoal, detail: `the ${count} again, nothing to do, from exec to exit` });
    if (minimalMs === undefined) continue;
    const least = `against ${minimalMs.toFixed(1)} ms of a C program that reads the ${2 * count} files and asks one question`;
    figures.add({ name: `noop_${count}_vs_minimal`, value: noopMs / minimalMs, goal: "", detail: least });
  }
}

const PEER_MIGRATIONS = 200;

async function peers(cluster: Cluster, figures: Figures): Promise<void> {
  const { found, missing } = await measurePeers(cluster, PEER_MIGRATIONS, times);
  for (const name of missing) console.log(`${name} is not installed: make bench-peers`);
  if (found.length === 0) return;
  const { psqlMs } = await measureMigrations(cluster, PEER_MIGRATIONS, times);
  for (const { name, firstMs, againMs } of found) {
    const detail = `${firstMs.toFixed(0)} ms against ${psqlMs.toFixed(0)} ms of one psql`;
    figures.add({ name: `${name}_${PEER_MIGRATIONS}_vs_psql`, value: firstMs / psqlMs, goal: "", detail });
    figures.add({ name: `${name}_noop_${PEER_MIGRATIONS}_ms`, value: againMs, goal: "", detail: "the same again, nothing to do" });
  }
}

async function viewers(cluster: Cluster, figures: Figures): Promise<void> {
  const seen = await measureViewers(cluster, 200);
  const detail = `${seen.events} events to ${seen.viewers} viewers, p50 ${seen.p50Ms.toFixed(0)} ms`;
  figures.add({ name: "event_p99_ms_200_viewers", value: seen.p99Ms, goal: "≤ 100", detail });
}

async function stream(cluster: Cluster, figures: Figures): Promise<void> {
  const calm = await measureStream(cluster, 1000, 100, 10);
  const told = `${calm.made} events to 1000 viewers, p50 ${calm.seen.p50_ms.toFixed(0)} ms, ${calm.cpuS.toFixed(2)} s of the supervisor's processor`;
  figures.add({ name: "ws_p99_ms_1000_viewers", value: calm.seen.p99_ms, goal: "≤ 35", detail: told });
  figures.add({ name: "ws_viewer_kb", value: calm.viewerKb, goal: "≤ 6", detail: "resident memory of the supervisor that one of 1000 viewers adds" });
  for (const viewers of [200, 1000]) {
    const { seen, made, cpuS, offered, wireS, appendS } = await fastestStream(cluster, viewers, 700_000);
    const spent = `${cpuS.toFixed(2)} s of the processor in the supervisor, ${appendS.toFixed(2)} in what appends the events, ${wireS.toFixed(2)} in the viewers`;
    const detail = `${made} events, ${offered} a second offered, p99 ${seen.p99_ms.toFixed(0)} ms; ${spent}`;
    figures.add({ name: `ws_events_per_s_${viewers}_viewers`, value: seen.events / seen.seconds, goal: "≥ 700000", detail });
  }
}

async function eta(cluster: Cluster, figures: Figures): Promise<void> {
  const seen = await measureEta(cluster, runs);
  const detail = `intervals that held the truth, of ${seen.intervals} in ${runs} runs: ${seen.detail}`;
  figures.add({ name: "eta_coverage_pct", value: seen.percent, goal: "70..90", detail });
}

async function idle(cluster: Cluster, figures: Figures): Promise<void> {
  const { runnerMb, supervisorMb } = await measureIdle(cluster);
  figures.add({ name: "idle_runner_mb", value: runnerMb, goal: "≤ 20", detail: "resident, waiting at a gate" });
  figures.add({ name: "idle_supervisor_mb", value: supervisorMb, goal: "≤ 20", detail: "resident, nobody looks" });
}

function binary(_cluster: Cluster, figures: Figures): Promise<void> {
  figures.add({ name: "binary_mb", value: strippedMb(), goal: "", detail: "stripped" });
  return Promise.resolve();
}

const PARTS = {
  backfill, set, lz4, offset, load, linear, import: imports, memory: importMemory, digest: digests, drilldown, migrations, peers, viewers, stream, idle, eta, binary,
};
const only = options.text("only", Object.keys(PARTS).join(",")).split(",");

const figures = new Figures();
const cluster = await Cluster.start({
  durable: true,
  settings: { autovacuum: "off", shared_buffers: "1GB", max_wal_size: "8GB", checkpoint_timeout: "30min" },
});
const [server] = await cluster.query("postgres", "SHOW server_version");
figures.header();
for (const [part, measure] of Object.entries(PARTS)) {
  if (!only.includes(part)) continue;
  await measure(cluster, figures);
  figures.write(part, { rows, times, cpus: cpus().length, node: process.version, postgres: server?.["server_version"] });
}
await cluster.stop();
for (const { name, value, goal } of figures.missed) console.error(`missed: ${name} is ${value}, must be ${goal}`);
process.exit(figures.missed.length === 0 ? 0 : 1);
