/** Kill -9 at random moments of a run: runner, worker, supervisor, PostgreSQL backend. */
import type { Cluster } from "./cluster";
import { killNow, processesOf } from "./processes";
import { random } from "./random";
import type { Supervisor } from "./supervisor";
import { pause } from "./wait";

/** joined: a process of `headgate worker`, where there is one. */
export type Victim = "runner" | "worker" | "joined" | "supervisor" | "backend";
export const VICTIMS: Victim[] = ["runner", "worker", "supervisor", "backend"];

const TAKE_OVER_MS = 20_000;

/** Kills one of that kind now; false when there is none. A supervisor is started again. */
export async function strike(victim: Victim, supervisor: Supervisor, cluster: Cluster, database: string): Promise<boolean> {
  if (victim === "supervisor") {
    const { pid } = supervisor;
    if (pid === undefined || !killNow(pid)) return false;
    await supervisor.stop(); // waits for its end
    await supervisor.restart();
    return true;
  }
  if (victim === "backend") {
    const rows = await cluster.query(
      "postgres",
      "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE 'headgate%' ORDER BY pid",
      [database],
    );
    const pid = rows[Math.floor(random() * rows.length)]?.["pid"];
    return pid !== undefined && killNow(Number(pid)); // the server ends all sessions and recovers
  }
  const found = processesOf(supervisor.known.home).filter(({ command }) => command === victim);
  const chosen = found[Math.floor(random() * found.length)];
  return chosen !== undefined && killNow(chosen.pid);
}

/** Disturbs a run until over() or it has done all; gives whom it killed. */
export type Disturb = (supervisor: Supervisor, database: string, over: () => boolean) => Promise<Victim[]>;

export interface StrikeOptions {
  kills: number;
  /** How long an undisturbed run takes: the moments are spread over that. */
  lengthMs: number;
  /** Who may be drawn; all unless told. */
  among?: Victim[];
  /** These, in this order, each within so many milliseconds of the one before, instead of drawn ones. */
  order?: Victim[];
  withinMs?: number;
}

/** Kills a few times, at moments drawn from lib/random. Workers live shortly and early: they come first, a moment after
 * one has appeared. */
export function striker(cluster: Cluster, options: StrikeOptions): Disturb {
  const { kills, lengthMs, among = VICTIMS, order = [], withinMs = 500 } = options;
  const drawn = Array.from({ length: kills }, () => among[Math.floor(random() * among.length)] ?? "runner").sort(
    (a, b) => Number(b === "worker") - Number(a === "worker"),
  );
  const spread = (victim: Victim): number => (victim === "worker" ? 150 : lengthMs / kills);
  const victims = (order.length > 0 ? order : drawn).map((victim) => ({
    victim,
    delayMs: random() * (order.length > 0 ? withinMs : spread(victim)),
  }));
  return async (supervisor, database, over) => {
    const killed: Victim[] = [];
    const worker = (): boolean => processesOf(supervisor.known.home).some(({ command }) => command === "worker");
    for (const { victim, delayMs } of victims) {
      // after a kill nobody is there for a lease's time, however short the run is
      const giveUp = Date.now() + (victim === "worker" ? lengthMs : Math.max(lengthMs, TAKE_OVER_MS));
      while (victim === "worker" && !worker() && !over() && Date.now() < giveUp) await pause(5);
      await pause(delayMs);
      let struck = false;
      while (!over() && !struck && Date.now() < giveUp) {
        struck = await strike(victim, supervisor, cluster, database).catch(() => false);
        if (!struck) await pause(5);
      }
      if (struck) killed.push(victim);
    }
    return killed;
  };
}
