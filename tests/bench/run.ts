/** headgate run of a plan with one step of row work: how long that took, and the memory of its workers. */
import { execFileSync } from "node:child_process";
import { start } from "../lib/cli";
import type { Cluster } from "../lib/cluster";
import { temporary } from "../lib/plan";
import { peakMb, processesOf } from "../lib/processes";
import { waitUntil } from "../lib/wait";

export interface StepRun {
  /** Of the step in the ledger, start of the workers included. */
  seconds: number;
  /** Of the largest worker process. */
  peakMb: number;
}

export async function measureStep(cluster: Cluster, database: string, folder: string, kind: "backfill" | "import"): Promise<StepRun> {
  const home = temporary("home");
  const run = start(["run", folder, "-e", "bench", "--yes", "--quiet"], { env: { ...cluster.env(database), HEADGATE_HOME: home } });
  let peak = 0;
  await waitUntil(
    "headgate run ended",
    () => {
      const workers = processesOf(home).filter(({ command }) => command === "worker");
      peak = Math.max(peak, ...workers.map(({ pid }) => peakMb(pid) ?? 0));
      return !run.alive;
    },
    { timeoutMs: 1_800_000, everyMs: 100 },
  );
  const { code, text } = await run.ended;
  if (code !== 0) throw new Error(`headgate run: exit ${code}\n${text}`);
  if (peak === 0) throw new Error("no worker process was seen, so its memory is not known");
  const [step] = await cluster.query(database, "SELECT extract(epoch FROM finished_at - started_at)::float8 AS seconds FROM headgate.step WHERE kind = $1", [kind]);
  return { seconds: Number(step?.["seconds"]), peakMb: peak };
}

/** How long work takes, in seconds. */
export async function secondsOf(work: () => unknown): Promise<number> {
  const begun = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - begun) / 1e9;
}

/** Nothing is left to write of what was before: a disk that is still busy with a copy of the data answers nobody in time. */
export async function settle(cluster: Cluster, database: string): Promise<void> {
  await cluster.query(database, "CHECKPOINT");
  execFileSync("sync");
}
