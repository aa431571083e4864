import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, RunDetail, RunEvent } from "../wire/types";
import { replayOf } from "./replay";

const detail = {
  id: "7", state: "done", node: "b", seq: "6", created_at: "2026-11-21T10:00:00Z", steps: [{ path: "a" }], gates: [{ path: "g" }], progress: null,
  review: { open: 3, applied: 1, skipped: 0 },
  rollouts: [{ path: "r", percent: 100, enabled: true, guards: [{}], samples: [{}], stages: [{ path: "r/10%", percent: 10, state: "done", window_us: 5, counted_us: 5, left_us: 0 }] }],
} as unknown as RunDetail;

const event = (seq: number, type: string, node: string, data: JsonObject): RunEvent =>
  ({ run: "7", seq: String(seq), at: `2026-11-21T10:00:0${seq % 10}Z`, type, node, data });
const STORY = [
  event(1, "run.created", "", {}),
  event(2, "run.state", "", { from: "pending", to: "running" }),
  event(3, "step.state", "a", { kind: "step", to: "running" }),
  event(4, "step.state", "a", { kind: "step", to: "done" }),
  event(5, "rollout.flag", "r", { percent: 10, enabled: true }),
  event(6, "run.state", "", { from: "running", to: "rolling_back", direction: "back" }),
];

test("a run is seen as it was after each entry, forwards and backwards", () => {
  const replay = replayOf(detail, STORY);
  const states = [6, 0, 3, 4, 5, 2].map((count) => {
    const { detail: at, steps } = replay.at(count);
    return [count, at.state, at.direction, steps.get("a")?.state, at.rollouts[0]!.percent];
  });
  assert.deepEqual(states, [
    [6, "rolling_back", "back", "done", 10],
    [0, "pending", "forward", undefined, 0],
    [3, "running", "forward", "running", 0],
    [4, "running", "forward", "done", 0],
    [5, "running", "forward", "done", 10],
    [2, "running", "forward", undefined, 0],
  ]);
});

test("what is known of the end does not show before it", () => {
  const before = replayOf(detail, STORY).at(0).detail;
  assert.deepEqual([before.gates, before.steps, before.review.open, before.node, before.rollouts[0]!.stages[0]!.state], [[], [], 0, null, "pending"]);
});

test("thousands of entries, old ones pruned, a ledger that went back: each count has its view", () => {
  const many = Array.from({ length: 1_000 }, (_, index) =>
    event(501 + index, index === 600 ? "rewind" : "step.progress", "a", index === 600 ? { to: 1_000 } : { done: index, total: 1_000 }));
  const replay = replayOf(detail, many);
  assert.equal(replay.at(1_000).progress.get("a")?.done, 999);
  assert.equal(replay.at(450).progress.get("a")?.done, 449);
  assert.equal(replay.at(700).broken, null);
  assert.equal(replay.at(5_000).seq, "1500");
});
