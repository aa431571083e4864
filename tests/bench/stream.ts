/** The stream as a crowd sees it: how many events a second reach 200 and 1,000 viewers, how late they come, what a viewer takes. */
import type { Cluster } from "../lib/cluster";
import { residentMb } from "../lib/processes";
import { pause } from "../lib/wait";
import { cpuSeconds, type Drained, makeRows, Stage } from "./stage";

const SETTLE_MS = 2000;

export interface Streamed {
  seen: Drained;
  made: number;
  /** Of the supervisor, until the last event had come. */
  cpuS: number;
  /** Resident memory of the supervisor that one viewer adds, once it watches. */
  viewerKb: number;
}

/** Viewers of one run, for which events are made at that pace. */
export async function measureStream(cluster: Cluster, viewers: number, perSecond: number, seconds: number): Promise<Streamed> {
  const stage = await Stage.open(cluster, await makeRows(cluster, 10), viewers);
  const run = await stage.finishedRun();
  const idleMb = residentMb(stage.pid) as number;
  const drain = await stage.watch(run);
  await pause(SETTLE_MS);
  const viewerKb = (((residentMb(stage.pid) as number) - idleMb) * 1024) / viewers;
  drain.mark();
  const before = cpuSeconds(stage.pid);
  const made = await stage.makeEvents(run, seconds, perSecond);
  const seen = await drain.end<Drained>();
  const cpuS = cpuSeconds(stage.pid) - before;
  await stage.close();
  if (seen.gaps > 0 || seen.lost > 0) throw new Error(`viewers missed something: ${JSON.stringify(seen)}`);
  return { seen, made, cpuS, viewerKb };
}
