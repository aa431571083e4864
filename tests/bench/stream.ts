/** The stream as a crowd sees it: how many events a second reach 200 and 1,000 viewers, how late they come, what a viewer takes. */
import type { Cluster } from "../lib/cluster";
import { residentMb } from "../lib/processes";
import { pause } from "../lib/wait";
import { cpuSeconds, type Drained, makeRows, Stage } from "./stage";

const SETTLE_MS = 2000;

export interface Streamed {
  seen: Drained;
  made: number;
  /** Events a second that were to be made. */
  offered: number;
  /** Seconds of the processor: of the supervisor until the last event had come, */
  cpuS: number;
  /** of the backend that appends the events, */
  appendS: number;
  /** and of the process that reads for all viewers. */
  wireS: number;
  /** Resident memory of the supervisor that one viewer adds, once it watches. */
  viewerKb: number;
}

/** Viewers of one run, for which events are made at that pace. */
export async function measureStream(cluster: Cluster, viewers: number, offered: number, seconds: number): Promise<Streamed> {
  const stage = await Stage.open(cluster, await makeRows(cluster, 10), viewers);
  const run = await stage.finishedRun();
  const idleMb = residentMb(stage.pid) as number;
  const drain = await stage.watch(run);
  await pause(SETTLE_MS);
  const viewerKb = (((residentMb(stage.pid) as number) - idleMb) * 1024) / viewers;
  drain.mark();
  const before = [cpuSeconds(stage.pid), cpuSeconds(drain.pid)] as const;
  const { made, appendS } = await stage.makeEvents(run, seconds, offered);
  const wireS = cpuSeconds(drain.pid) - before[1];
  const seen = await drain.end<Drained>();
  const cpuS = cpuSeconds(stage.pid) - before[0];
  await stage.close();
  if (seen.gaps > 0 || seen.lost > 0) throw new Error(`viewers missed something: ${JSON.stringify(seen)}`);
  return { seen, made, offered, cpuS, appendS, wireS, viewerKb };
}

const SECONDS = 5;
const FIRST = 1.3; // of the goal is offered
const STEP = 0.85;
const TRIES = 6;
const SOON_MS = 250;

/** Each saw all of it, soon after it happened. */
const keptUp = ({ seen, made }: Streamed, viewers: number): boolean => seen.resets === 0 && seen.events >= made * viewers && seen.p99_ms <= SOON_MS;

/** The stream at the highest rate of those tried, from above the goal downwards, at which no viewer falls behind; else the last one tried. */
export async function fastestStream(cluster: Cluster, viewers: number, goal: number): Promise<Streamed> {
  let rate = (goal * FIRST) / viewers;
  for (let left = TRIES; ; left--, rate *= STEP) {
    const streamed = await measureStream(cluster, viewers, Math.round(rate), SECONDS);
    if (keptUp(streamed, viewers) || left === 1) return streamed;
  }
}
