/** Ten times the rows: ten times the time, and no more memory? Narrow rows (a key and two integers), made by one INSERT, so that making
 * them takes less than measuring them; not logged and held in memory as a whole, because what exceeds that is a question to the disk. */
import { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";
import type { Figures } from "./figures";
import { measureStep, settle, type StepRun } from "./run";

const CONFIG = "version: 1\nenvironments:\n  bench: { gates: auto }\n";
const PLAN = `plan "bench" {
  doc = "A column is filled, measured",
  phase "fill" {
    backfill "narrow.b" {
      key = "id", where = "b IS NULL", columns = { "id", "a" }, sync = "application", one_way = "a copy that is thrown away",
      map = function(row) return { b = row.a * 2 + 1 } end,
    },
  },
}`;

/** Rows are updated in place, as long as their page has room: half of it. */
async function fill(cluster: Cluster, rows: number): Promise<StepRun> {
  const database = await cluster.database();
  await cluster.query(
    database,
    `CREATE UNLOGGED TABLE narrow (id bigint PRIMARY KEY, a int NOT NULL, b int) WITH (fillfactor = 50);
     INSERT INTO narrow SELECT n, n % 1000 FROM generate_series(1, ${rows}) AS n`,
  );
  await cluster.query(database, "VACUUM (ANALYZE) narrow");
  await settle(cluster, database);
  const run = await measureStep(cluster, database, writePlan({ "headgate.yaml": CONFIG, "plan.lua": PLAN }), "backfill");
  const [left] = await cluster.query(database, "SELECT count(*)::int AS n FROM narrow WHERE b IS DISTINCT FROM a * 2 + 1");
  if (left?.["n"] !== 0) throw new Error(`${String(left?.["n"])} rows are wrong`);
  await cluster.drop(database);
  return run;
}

const millions = (rows: number): string => `${rows / 1_000_000}m`;

export async function measureLinear(figures: Figures, rows: number): Promise<void> {
  const many = rows * 10;
  const cluster = await Cluster.start({ settings: { autovacuum: "off", shared_buffers: "3GB", max_wal_size: "8GB", checkpoint_timeout: "30min" } });
  const small = await fill(cluster, rows);
  const large = await fill(cluster, many);
  await cluster.stop();
  figures.add({
    name: `rows_${millions(many)}_vs_${millions(rows)}_time_per_row`,
    value: large.seconds / many / (small.seconds / rows),
    goal: "≤ 1.15",
    detail: `${many} narrow rows in ${large.seconds.toFixed(1)} s against ${rows} in ${small.seconds.toFixed(1)} s`,
  });
  figures.add({
    name: `rows_${millions(many)}_vs_${millions(rows)}_peak_memory`,
    value: large.peakMb / small.peakMb,
    goal: "≤ 1.2",
    detail: `resident in the largest worker: ${large.peakMb.toFixed(1)} MB against ${small.peakMb.toFixed(1)} MB`,
  });
}
