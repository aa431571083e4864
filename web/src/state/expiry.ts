// When the session ends, by the server's clock, and the warning before it: a time limit that people are told of while
// there is time to do something about it (WCAG 2.2.1). The stream counts as use: while it is live nobody idles.

import { signal } from "@preact/signals";
import type { Connection } from "../wire/socket";
import type { Me } from "../wire/types";

/** How long before its end a session's warning is shown. */
export const WARN_MS = 5 * 60_000;
/** A machine that slept looks again at the latest after this. */
const LOOK_MS = 30_000;

/** end: 12 hours after the log-in, whatever one does. idle: unless something is asked before. */
export type Ending = { kind: "end" | "idle"; at: string };
export const ending = signal<Ending | null>(null);

export interface Limits {
  /** Live: the server hears of us without our asking. */
  connection: () => Connection["state"];
  /** Asks the server, which counts as use. */
  renew: () => Promise<void>;
}

/** What is due at a moment of the server's clock, and how long until something else may be. */
export function due(session: NonNullable<Me["session"]>, at: number): { ending: Ending | null; nextMs: number } {
  const untilEnd = Date.parse(session.ends_at) - WARN_MS - at;
  const untilIdle = Date.parse(session.idle_at) - WARN_MS - at;
  if (untilEnd <= 0) return { ending: { kind: "end", at: session.ends_at }, nextMs: Infinity };
  if (untilIdle <= 0) return { ending: { kind: "idle", at: session.idle_at }, nextMs: LOOK_MS };
  return { ending: null, nextMs: Math.min(untilEnd, untilIdle, LOOK_MS) };
}

let timer: ReturnType<typeof setTimeout> | undefined;
let look = (): void => undefined;
/** When we asked by ourselves last: an end that is near all the same is told. */
let asked = 0;

export function forgetSession(): void {
  clearTimeout(timer);
  look = () => undefined;
  ending.value = null;
}

/** The connection is another: what idling means may be, too. */
export const lookAtSession = (): void => look();

export function watchSession(me: Me, limits: Limits): void {
  forgetSession();
  const { session } = me;
  if (session === null) return;
  const ahead = Date.parse(me.now) - Date.now();
  look = () => {
    clearTimeout(timer);
    const found = due(session, Date.now() + ahead);
    const idles = found.ending?.kind === "idle";
    if (idles && limits.connection() === "live" && Date.now() - asked >= LOOK_MS) {
      asked = Date.now();
      limits.renew().catch(look);
      return;
    }
    // a page that has just come is about to be live
    if (!idles || limits.connection() !== "connecting") ending.value = found.ending;
    if (found.nextMs < Infinity) timer = setTimeout(look, found.nextMs);
  };
  look();
}
