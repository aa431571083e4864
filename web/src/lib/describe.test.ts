import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../wire/types";
import { describe } from "./describe";

const of = (type: string, data: JsonObject) => describe({ run: "1", seq: "1", at: "", node: "", type, data });

test("events are sentences", () => {
  const cases: [string, JsonObject, string][] = [
    ["step.state", { kind: "backfill", to: "running", attempt: 2 }, "Backfill running, attempt 2"],
    ["step.state", { kind: "step", to: "failed", error: { message: "no" } }, "Step failed: no"],
    ["step.progress", { phase: "waiting for old snapshots", object: "made", done: 0, total: 1, unit: "transactions", waits_for: [{ pid: 4711, application: "psql" }] },
      "made: waiting for old snapshots, 0 of 1 transactions, waits for process 4711 (psql)"],
    ["step.progress", { done: 500, total: 1005, rows_per_s: 1200, batches: 5 }, "500 of 1,005 rows, 1,200 rows/s, 5 batches"],
    ["gate.approval", { person: "bob", decision: "approve", comment: "go" }, "bob approved: “go”"],
    ["gate.approval", { person: "bob", decision: "revoke", comment: "" }, "bob took the approval back"],
    ["gate.approval", { person: "dora", decision: "break_glass", comment: "fire" }, "dora broke the glass: “fire”"],
    ["gate.waiting", { state: "approved", passes_at: "2026-11-23T08:00:00.000000Z" }, "Approved; passes at 2026-11-23T08:00Z"],
    ["rollout.stage", { percent: 10, state: "watching", window_us: 5e6 }, "10%: Watching for 5 s"],
    ["rollout.advanced", { percent: 10, counted_us: 3 * 3600e6, window_us: 24 * 3600e6, by: "alice", why: "ship", approved_by: ["bob", "dave"] }, "10%: ended early after 3 h of 1 d, asked by alice: “ship”, approved by bob, dave"],
    ["gate.closed", { state: "withdrawn", why: "the watch is over" }, "Gate closed: Withdrawn: the watch is over"],
    ["rollout.flag", { percent: 50, from: 10, enabled: true }, "Flag set to 50% (was 10%)"],
    ["run.state", { to: "held", why: "error_rate" }, "Run: Held: error_rate"],
    ["request", { by: "alice", kind: "pause", why: "lunch" }, "alice asked to pause: lunch"],
    ["request", { by: "alice", kind: "tune", why: "nightly", body: { why: "nightly", speed: 50, batch_us: 40_000, pause_us: 0, workers: 3 } },
      "alice asked for at most 50% of its speed, batches of 40 ms, a pause of 0 s between them, 3 workers: nightly"],
    ["step.throttle", { state: "free", duty: 1, why: "", until: "" }, "At full speed"],
    ["step.throttle", { state: "free", duty: 0.5, why: "", until: "" }, "At 50% of its speed"],
    ["step.throttle", { state: "paused", duty: 0, why: "the lag is 6 s", until: "goes on below 4 s" }, "Resting, the lag is 6 s, goes on below 4 s"],
    ["later", { a: 1 }, 'later {"a":1}'],
    ["constructor", {}, "constructor {}"],
  ];
  for (const [type, data, text] of cases) assert.equal(of(type, data).text, text);
});

test("a breach is bad, a sample within its limits is not", () => {
  assert.equal(of("rollout.sample", { guards: [{ guard: "e < 1%", value: 2, verdict: "breach" }] }).tone, "bad");
  assert.equal(of("rollout.sample", { guards: [{ guard: "e < 1%", value: 0.2, verdict: "ok" }] }).tone, "muted");
});
