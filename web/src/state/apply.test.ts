import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, Message, RunDetail } from "../wire/types";
import { apply, viewOf, withHistory } from "./apply";

const detail: RunDetail = {
  id: "42", plan: "canonical-events", hash: "7f3c", environment: "demo", target: "app", database: "app", unavailable: null, state: "running",
  direction: "forward", reason: null, node: null, params: {}, started_by: "alice", created_at: "a", state_since: "a",
  finished_at: null, version: "3", seq: "10", steps_done: 0, steps_total: 3, alive: true, lease_until: null,
  progress: null, graph: null, steps: [], gates: [], review: { open: 0, applied: 0, skipped: 0 },
  active_us: 0, waiting_us: 0, watching_us: 0, part_times: [], may: {}, pace: null, tunes: [], undo: { steps: [], no_way_back: [] },
  rollouts: [{
    path: "v2", flag: "v2", percent: 0, intended_percent: 0, enabled: false, automation: "pending", samples: [],
    stages: [{ path: "v2/10%", percent: 10, state: "pending", window_us: 5e6, counted_us: 0, left_us: 5e6,
      opened_at: null, closed_at: null, gate: null }],
    guards: [{ guard: "error_rate < 1%", metric: "error_rate", limit: 1, op: "<", alert: false, unit: "%", value: null,
      verdict: "no_data", at: null, breaches: 0, breaches_max: 3 }],
  }],
};
const event = (seq: number, type: string, node: string, data: JsonObject = {}): Message =>
  ({ t: "event", run: "42", seq: String(seq), at: `t${seq}`, type, node, data });

test("the pace is the newest that was told, of the step that it says", () => {
  const pace = { path: "backfill/events", at: "t11", state: "slowed", duty: 0.4, most: 0.5, batch_us: 0, pause_us: -1, workers: 3, why: "w", until: "u" };
  const { path, at, ...told } = pace;
  const view = apply(viewOf(detail), [event(11, "step.throttle", path, told)]);
  assert.equal(at, "t11");
  assert.deepEqual(view.detail.pace, pace);
});

test("a step starts, tells progress and ends", () => {
  let view = apply(viewOf(detail), [
    event(11, "step.state", "backfill/events", { kind: "backfill", from: "pending", to: "running", attempt: 1 }),
    event(12, "step.progress", "backfill/events", { done: 500, total: 1005, rows_per_s: 1000 }),
  ]);
  assert.equal(view.detail.node, "backfill/events");
  assert.equal(view.progress.get("backfill/events")?.done, 500);
  view = apply(view, [event(13, "step.state", "backfill/events", { to: "done" })]);
  const step = view.steps.get("backfill/events");
  assert.equal(step?.state, "done");
  assert.equal(step?.kind, "backfill");
  assert.equal(step?.started_at, "t11");
  assert.equal(step?.finished_at, "t13");
  assert.equal(view.seq, "13");
  assert.equal(view.events.length, 3);
});

test("a head of the stream does not know the steps: they are counted, unless nobody knows them", () => {
  const { graph: _graph, ...head } = { ...detail, version: "4", steps_done: null };
  const done = event(11, "step.state", "backfill/events", { kind: "backfill", from: "running", to: "done" });
  assert.equal(apply(viewOf(detail), [done, { t: "run", run: head }]).detail.steps_done, 1);
  const away = { ...detail, steps_done: null, unavailable: "the target is away" };
  assert.equal(apply(viewOf(away), [done, { t: "run", run: head }]).detail.steps_done, null);
});

test("a step that waits for a lock says for whom, until it has it or ends", () => {
  const path = "expand/column";
  const data = { state: "waiting", why: "lock_timeout", text: "waits for people", try: 1, spent_us: 1e6, budget_us: 3e6, blockers: [{ pid: 4711, application: "psql" }] };
  const waiting: Message = { t: "event", run: "42", seq: "12", at: "2026-11-21T12:00:05.000Z", type: "step.lock", node: path, data };
  let view = apply(viewOf(detail), [event(11, "step.state", path, { kind: "step", from: "pending", to: "running" }), waiting]);
  assert.equal(view.locks.get(path)?.blockers[0]?.pid, 4711);
  assert.deepEqual(view.locks.get(path)?.victims, []);
  assert.deepEqual(view.detail.waits, {
    kind: "locks", path, text: "waits for people", who: ["pid 4711 (psql)"],
    since: "2026-11-21T12:00:04.000Z", expires: "2026-11-21T12:00:07.000Z", on_expire: "fail",
  });
  assert.equal(apply(view, [event(13, "step.lock", path, { state: "working" })]).detail.waits, null);
  assert.equal(apply(view, [event(13, "step.lock", path, { state: "working" })]).locks.size, 0);
  view = apply(view, [event(13, "step.state", path, { to: "done" })]);
  assert.equal(view.locks.size, 0);
  assert.equal(view.detail.waits, null);
});

test("a page that is opened while a step waits learns it from the history", () => {
  const wait = { run: "42", seq: "10", at: "t", type: "step.lock", node: "expand/column", data: { state: "waiting", blockers: [] } };
  const view = withHistory(viewOf(detail), [wait]);
  assert.equal(view.locks.size, 1);
  const later = apply(viewOf(detail), [event(11, "step.state", "expand/column", { to: "failed" })]);
  assert.equal(withHistory(later, [wait]).locks.size, 0);
});

test("an event seen before changes nothing", () => {
  const once = apply(viewOf(detail), [event(11, "log", "", { text: "x" })]);
  const twice = apply(once, [event(11, "log", "", { text: "x" }), event(9, "log", "")]);
  assert.deepEqual(twice.events, once.events);
});

test("a missing event breaks the view, and nothing behind the hole is applied", () => {
  const view = apply(viewOf(detail), [event(12, "run.state", "", { to: "done" }), event(13, "log", "")]);
  assert.equal(view.broken, "events are missing");
  assert.equal(view.detail.state, "running");
  assert.equal(view.events.length, 0);
});

test("reset and rewind break the view", () => {
  assert.equal(apply(viewOf(detail), [{ t: "reset", run: "42", seq: "900", why: "fell behind" }]).broken, "fell behind");
  assert.equal(apply(viewOf(detail), [event(11, "rewind", "", { to: "5" })]).broken, "the ledger went back");
  assert.equal(apply(viewOf(detail), [{ t: "reset", run: "43", seq: "1", why: "" }]).broken, null);
});

test("an older head does not overwrite a newer one", () => {
  const { graph: _graph, ...run } = detail;
  const view = apply(viewOf(detail), [
    { t: "run", run: { ...run, version: "4", state: "paused" } },
    { t: "run", run: { ...run, version: "3", state: "running" } },
  ]);
  assert.equal(view.detail.state, "paused");
});

test("an approval that was taken back is none", () => {
  const view = apply(viewOf(detail), [
    event(11, "gate.opened", "start", { question: "Go?", approvers: ["admin"], need: 2, digest: "d" }),
    event(12, "gate.approval", "start", { person: "bob", decision: "approve" }),
    event(13, "gate.approval", "start", { person: "dave", decision: "approve" }),
    event(14, "gate.approval", "start", { person: "bob", decision: "revoke", comment: "wait" }),
  ]);
  assert.deepEqual(view.detail.gates[0]?.approvals.map(({ person }) => person), ["dave"]);
});

test("a gate opens, is approved and closes", () => {
  const view = apply(viewOf(detail), [
    event(11, "gate.opened", "start", { question: "Go?", approvers: ["admin"], need: 1, digest: "d" }),
    event(12, "gate.approval", "start", { person: "bob", decision: "approve", comment: "fine" }),
    event(13, "gate.approval", "start", { person: "bob", decision: "revoke", comment: "wait" }),
    event(14, "gate.approval", "start", { person: "bob", decision: "approve", comment: "now" }),
    event(15, "gate.waiting", "start", { state: "approved", passes_at: "2026-11-23T08:00:00.000000Z" }),
  ]);
  const [gate] = view.detail.gates;
  assert.equal(gate?.state, "approved");
  assert.equal(gate?.approvals.length, 1);
  assert.equal(gate?.approvals[0]?.person, "bob");
});

test("a stage is watched: samples move its clock and its guards", () => {
  const view = apply(viewOf(detail), [
    event(11, "rollout.flag", "v2", { percent: 10, enabled: true, from: 0 }),
    event(12, "rollout.stage", "v2/10%", { percent: 10, state: "watching", window_us: 5e6 }),
    event(13, "rollout.sample", "v2/10%", {
      guards: [{ guard: "error_rate < 1%", value: 2.5, verdict: "breach", breaches: 1 }], counted_us: 1e6, left_us: 4e6,
    }),
  ]);
  const [rollout] = view.detail.rollouts;
  assert.equal(rollout?.percent, 10);
  assert.equal(rollout?.automation, "watching");
  assert.equal(rollout?.stages[0]?.left_us, 4e6);
  assert.deepEqual(rollout?.guards[0], { ...detail.rollouts[0]!.guards[0], value: 2.5, verdict: "breach", breaches: 1, at: "t13" });
  assert.deepEqual(rollout?.samples, [{ guard: "error_rate < 1%", points: [["t13", 2.5, "breach"]] }]);
});

test("a watch that was ended early keeps who and why, and how long it was", () => {
  const advanced = { percent: 10, gate: "v2/10%/advance", by: "alice", why: "ship", approved_by: ["bob"], counted_us: 2e6, window_us: 5e6 };
  const view = apply(viewOf(detail), [
    event(11, "rollout.stage", "v2/10%", { percent: 10, state: "watching", window_us: 5e6 }),
    event(12, "rollout.advanced", "v2/10%", advanced),
    event(13, "rollout.stage", "v2/10%", { percent: 10, state: "done", window_us: 5e6, why: "its watch was ended early" }),
  ]);
  const [stage] = view.detail.rollouts[0]!.stages;
  assert.deepEqual(stage?.advanced, advanced);
  assert.equal(stage?.counted_us, 2e6);
  assert.equal(stage?.state, "done");
});

test("a stage waits for its gate, and is held with its run", () => {
  const gated = { ...detail, rollouts: [{ ...detail.rollouts[0]!, stages: [{ ...detail.rollouts[0]!.stages[0]!, gate: "v2/10%/gate" }] }] };
  const states = (...messages: Message[]) => apply(viewOf(gated), messages).detail.rollouts[0]!.stages[0]!.state;
  const opened = event(11, "gate.opened", "v2/10%/gate", { need: 1 });
  const watching = event(13, "rollout.stage", "v2/10%", { state: "watching", window_us: 5e6 });
  const closed = event(12, "gate.closed", "v2/10%/gate", { state: "passed" });
  assert.equal(states(opened), "waiting");
  assert.equal(states(opened, closed), "pending");
  assert.equal(states(opened, closed, watching, event(14, "run.state", "", { to: "held" })), "held");
  assert.equal(states(opened, closed, watching, event(14, "run.state", "", { to: "held" }), event(15, "run.state", "", { to: "watching" })), "watching");
});

test("a guard that only the sample names is there", () => {
  const view = apply(viewOf(detail), [event(11, "rollout.sample", "v2/10%", {
    guards: [{ guard: "breach when p95 > 500ms", metric: "p95", op: ">", alert: true, limit: 500, unit: "ms", value: null, verdict: "no_data", breaches: 0, breaches_max: 3 }],
  })]);
  assert.deepEqual(view.detail.rollouts[0]?.guards, [{ guard: "breach when p95 > 500ms", metric: "p95", limit: 500, op: ">", alert: true, unit: "ms",
    value: null, verdict: "no_data", at: "t11", breaches: 0, breaches_max: 3 }]);
});

test("a type named like an object's own method is only history", () => {
  const view = apply(viewOf(detail), [event(11, "toString", ""), event(12, "__proto__", "")]);
  assert.equal(view.seq, "12");
  assert.equal(view.events.length, 2);
});

test("history is put before what is there, without doubles", () => {
  const page = [8, 9, 10, 11].map((seq) => {
    const { t: _t, ...rest } = event(seq, "check.result", "c", { verdict: "pass", text: `n${seq}` }) as Extract<Message, { t: "event" }>;
    return rest;
  });
  const view = withHistory(apply(viewOf(detail), [event(11, "log", "")]), page);
  assert.deepEqual(view.events.map((entry) => entry.seq), ["8", "9", "10", "11"]);
  assert.equal(view.checks.get("c")?.text, "n10");
});

test("rates are a line in time, whether told live or fetched later", () => {
  const progress = (seq: number, at: string, rows_per_s: number | null) => {
    const { t: _t, ...told } = event(seq, "step.progress", "b", { done: seq, total: 100, rows_per_s }) as Extract<Message, { t: "event" }>;
    return { ...told, at };
  };
  const live = apply(viewOf(detail), [{ t: "event", ...progress(11, "2026-11-21T14:00:11Z", 110) }, { t: "event", ...progress(12, "2026-11-21T14:00:12Z", null) }]);
  const view = withHistory(live, [progress(9, "2026-11-21T14:00:09Z", 90), progress(10, "2026-11-21T14:00:09Z", 95)]);
  assert.deepEqual(view.rates.get("b"), [
    { at: Date.parse("2026-11-21T14:00:09Z"), value: 90 }, { at: Date.parse("2026-11-21T14:00:11Z"), value: 110 },
  ], "one value a moment, in order");
});
