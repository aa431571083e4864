/** The processes of one headgate: found by the HEADGATE_HOME they were started with, so that nobody else's is touched. */
import { readdirSync, readFileSync } from "node:fs";

export interface Process {
  pid: number;
  /** runner, worker (rows, by its command), joined (a process that starts such workers), serve, … */
  command: string;
}

const CALLED: Record<string, string> = { rows: "worker", worker: "joined" };

/** All live headgate processes whose HEADGATE_HOME is home. */
export function processesOf(home: string): Process[] {
  const found: Process[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(entry)) continue;
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, "utf8").split("\0");
      if (!environment.includes(`HEADGATE_HOME=${home}`)) continue;
      const words = readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0");
      if (!words[0]?.includes("headgate")) continue; // pg_dump and others it started
      const command = words.find((word) => /^(runner|rows|worker|serve|run|graph|demo|resume|dry)$/.test(word));
      if (command !== undefined) found.push({ pid: Number(entry), command: CALLED[command] ?? command });
    } catch {
      // it ended while we looked
    }
  }
  return found;
}

/** kill -9; false when it was gone already. */
export function killNow(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}

/** What /proc says of a process behind its name, which may hold anything: state, parent, … (man 5 proc, from field 3 on); none when it is gone. */
export function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

/** Whether it has ended for good: what hangs on its life (PR_SET_PDEATHSIG) has had its signal. It may wait to be reaped. */
export const hasEnded = (pid: number): boolean => ["Z", "X", undefined].includes(statOf(pid)[0]);

/** Memory of a process in MB as /proc calls it, or undefined when it is gone. */
function memoryMb(pid: number, what: "VmRSS" | "VmHWM"): number | undefined {
  try {
    const kb = new RegExp(`^${what}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kb === undefined ? undefined : Number(kb) / 1024;
  } catch {
    return undefined;
  }
}

/** Resident memory in MB, now. */
export const residentMb = (pid: number): number | undefined => memoryMb(pid, "VmRSS");

/** The most that it ever was. */
export const peakMb = (pid: number): number | undefined => memoryMb(pid, "VmHWM");
