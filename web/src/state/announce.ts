// What is said to people who listen: one polite region, at most every 5 s and only the newest word of each
// run; one alert region for breaches and failures. Progress is never said.

import { signal } from "@preact/signals";
import { RUN_LOOK, lookOf } from "../lib/status";
import type { Run, RunEvent } from "../wire/types";

export const POLITE_MS = 5_000;
export const polite = signal("");
export const alerted = signal("");

const waiting = new Map<string, string>();
let timer: ReturnType<typeof setTimeout> | null = null;

function flush(): void {
  timer = null;
  if (waiting.size === 0) return;
  polite.value = [...waiting.values()].join(" ");
  waiting.clear();
  timer = setTimeout(flush, POLITE_MS);
}

/** Says text politely; a later text under the same key takes its place. */
export function say(key: string, text: string): void {
  waiting.set(key, text);
  timer ??= setTimeout(flush, 100);
}

export function sayNow(text: string): void {
  alerted.value = text;
}

/** A line across the page, for a while: what became of the connection. */
export const told = signal("");
export const TOLD_MS = 12_000;
let toldTimer: ReturnType<typeof setTimeout> | null = null;

export function tell(text: string): void {
  told.value = text;
  if (toldTimer !== null) clearTimeout(toldTimer);
  toldTimer = text === "" ? null : setTimeout(() => tell(""), TOLD_MS);
}

const BAD = new Set(["failed", "held", "rollback_blocked"]);

/** A run entered another state. */
export function tellOfHead(before: Run | undefined, run: Run): void {
  if (!before || before.state === run.state) return;
  const text = `${run.plan} #${run.id}: ${lookOf(RUN_LOOK, run.state).label}${run.reason?.text ? `, ${run.reason.text}` : ""}.`;
  if (BAD.has(run.state)) sayNow(text);
  else say(run.id, text);
}

/** A guard was breached or a step failed in the run that is looked at. */
export function tellOfEvents(run: Run, events: readonly RunEvent[]): void {
  for (const event of events) {
    if (event.run !== run.id || event.type !== "rollout.sample") continue;
    const guards = Array.isArray(event.data["guards"]) ? event.data["guards"] : [];
    for (const row of guards)
      if (typeof row === "object" && row !== null && !Array.isArray(row) && row["verdict"] === "breach" && row["breaches"] === 1)
        sayNow(`Breach: ${String(row["guard"])}.`);
  }
}
