/** Readers of a table beside an index build that has to wait: what it costs them. */
import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import type pg from "pg";
import { start } from "./cli";
import type { Cluster } from "./cluster";
import { temporary, writePlan } from "./plan";
import { waitUntil } from "./wait";

export interface ReadersResult {
  seconds: number;
  queries: number;
  aloneP99Ms: number;
  p99Ms: number;
  addedP99Ms: number;
}

const CLIENTS = 5;
const round = (ms: number): number => Math.round(ms * 10) / 10;

/** The time that 99 of 100 keep. */
export function p99(times: number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0;
}

/** perSecond queries a second on a few connections, each at its own moment, until over(). Times count from the moment a query
 * was due, so that one that blocks the next ones is felt in all of them. */
async function read(clients: pg.Client[], perSecond: number, over: () => boolean): Promise<number[]> {
  const times: number[] = [];
  const begun = performance.now();
  await Promise.all(clients.map(async (client, index) => {
    for (let turn = 0; !over(); turn++) {
      const due = begun + ((turn * clients.length + index) * 1000) / perSecond;
      const early = due - performance.now();
      if (early > 0) await new Promise((wake) => setTimeout(wake, early));
      await client.query("SELECT count(*) FROM read_much WHERE id BETWEEN 1 AND 100");
      times.push(performance.now() - due);
    }
  }));
  return times;
}

/** One session reads the table in a transaction that stays open for so many seconds; a step wants an index meanwhile, and has
 * to wait. perSecond others read the same table. Afterwards the same without anybody building, for comparison. */
export async function readersBeside(cluster: Cluster, { seconds, perSecond }: { seconds: number; perSecond: number }): Promise<ReadersResult> {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE read_much (id int PRIMARY KEY, v int); INSERT INTO read_much SELECT n, n FROM generate_series(1, 200000) n");
  const env = { ...cluster.env(database), HEADGATE_HOME: temporary("home") };
  const folder = writePlan({
    "plan.lua": 'plan "p" { doc = "test", phase "a" { step "s" { up = "CREATE INDEX CONCURRENTLY read_much_v ON read_much (v)" } } }',
  });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => cluster.connect(database)));
  const holder = await cluster.connect(database);
  try {
    await read(clients, perSecond, after(1)); // everything is in memory then
    const alone = await read(clients, perSecond, after(Math.min(seconds, 15)));
    await holder.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await holder.query("SELECT count(*) FROM read_much");
    const run = start(["run", folder, "-e", "test", "--yes"], { env });
    await waitUntil("the build waits for the reader", async () =>
      (await cluster.query(database, "SELECT 1 FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting for%'")).length > 0);
    const beside = await read(clients, perSecond, after(seconds));
    await holder.query("COMMIT");
    const { code, text } = await run.ended;
    assert.equal(code, 0, text);
    const valid = await cluster.query(database, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'read_much_v'::regclass");
    assert.equal(valid[0]?.["indisvalid"], true);
    return {
      seconds,
      queries: beside.length,
      aloneP99Ms: round(p99(alone)),
      p99Ms: round(p99(beside)),
      addedP99Ms: Math.max(0, round(p99(beside) - p99(alone))),
    };
  } finally {
    await holder.end();
    await Promise.all(clients.map((client) => client.end()));
  }
}

function after(seconds: number): () => boolean {
  const until = performance.now() + seconds * 1000;
  return () => performance.now() >= until;
}
