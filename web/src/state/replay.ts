// A run as it was after each of its entries: the same events applied to the same view, from the first one on. Pure.

import type { JsonObject, RunDetail, RunEvent, Stage } from "../wire/types";
import { apply, type RunView, viewOf } from "./apply";

/** A view is kept after each so many entries: going back begins there. */
const EVERY = 200;

const unbegun = (stage: Stage): Stage => ({ ...stage, state: "pending", counted_us: 0, left_us: stage.window_us, opened_at: null, closed_at: null, advanced: null });

/** The run before anything was told of it. */
function beginning(detail: RunDetail, first: RunEvent | undefined): RunView {
  const seq = first ? (BigInt(first.seq) - 1n).toString() : "0";
  return viewOf({
    ...detail, seq, state: "pending", state_since: detail.created_at, direction: "forward", reason: null, waits: null, node: null, finished_at: null, alive: true,
    progress: null, steps: [], steps_done: 0, gates: [], review: { open: 0, applied: 0, skipped: 0 },
    rollouts: detail.rollouts.map((rollout) => ({
      ...rollout, percent: 0, intended_percent: 0, enabled: false, automation: "pending", guards: [], samples: [], stages: rollout.stages.map(unbegun),
    })),
  });
}

export interface Replay {
  events: readonly RunEvent[];
  /** The view after the first count entries; 0 = before the first one. */
  at: (count: number) => RunView;
}

const directionOf = (data: JsonObject): Partial<RunDetail> => (data["direction"] === "back" || data["direction"] === "forward" ? { direction: data["direction"] } : {});

/** A view that was sent on by events alone; what only live views are told (a ledger that went back) is no break here. */
function onward(view: RunView, events: readonly RunEvent[]): RunView {
  return events.reduce((before, event) => {
    const after = apply({ ...before, events: [] }, [{ t: "event", ...event }]);
    const turned = event.type === "run.state" ? directionOf(event.data) : {};
    return { ...after, detail: { ...after.detail, ...turned }, broken: null, seq: event.seq };
  }, view);
}

export function replayOf(detail: RunDetail, events: readonly RunEvent[]): Replay {
  const kept: RunView[] = [beginning(detail, events[0])];
  const at = (count: number): RunView => {
    const wanted = Math.max(0, Math.min(events.length, count));
    const page = Math.floor(wanted / EVERY);
    while (kept.length <= page) kept.push(onward(kept.at(-1)!, events.slice((kept.length - 1) * EVERY, kept.length * EVERY)));
    return onward(kept[page]!, events.slice(page * EVERY, wanted));
  };
  return { events, at };
}
