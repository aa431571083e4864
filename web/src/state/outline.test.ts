import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlanNode, RunDetail, Step, StepStatus } from "../wire/types";
import { viewOf } from "./apply";
import { findNode, outline } from "./outline";

const node = (kind: PlanNode["kind"], path: string, children: PlanNode[] = []): PlanNode =>
  ({ kind, path, name: path.split("/").at(-1)!, children });
const graph = node("plan", "", [
  node("phase", "expand", [node("check", "expand/version"), node("step", "expand/column")]),
  node("gate", "start"),
]);
const step = (path: string, state: StepStatus): Step =>
  ({ path, kind: "step", state, attempt: 1, started_at: "1", finished_at: state === "running" ? null : "2", detail: {}, error: null });
const detail = (change: Partial<RunDetail>): RunDetail => ({
  id: "1", plan: "p", hash: "h", environment: "e", target: "app", database: "d", unavailable: null, state: "running", direction: "forward", reason: null,
  node: null, params: {}, started_by: "a", created_at: "0", state_since: "0", finished_at: null, version: "1", seq: "1", steps_done: 0,
  steps_total: 2, alive: true, lease_until: null, progress: null, graph, steps: [], gates: [], rollouts: [],
  review: { open: 0, applied: 0, skipped: 0 }, active_us: 0, waiting_us: 0, watching_us: 0, part_times: [], may: {}, pace: null, tunes: [], undo: { steps: [], no_way_back: [] }, ...change,
});
const looks = (change: Partial<RunDetail>) =>
  Object.fromEntries(["expand", "expand/column", "start"].map((path) => [path, findNode(outline(viewOf(detail(change))), path)?.look.label]));

test("nothing has begun", () => {
  assert.deepEqual(looks({}), { expand: "Pending", "expand/column": "Pending", start: "Pending" });
});

test("a phase is what its steps are", () => {
  assert.equal(looks({ steps: [step("expand/version", "done")] })["expand"], "Begun");
  assert.equal(looks({ steps: [step("expand/version", "done"), step("expand/column", "running")] })["expand"], "Running");
  assert.equal(looks({ steps: [step("expand/version", "done"), step("expand/column", "failed")] })["expand"], "Failed");
  assert.equal(looks({ steps: [step("expand/version", "done"), step("expand/column", "done")] })["expand"], "Done");
  assert.equal(looks({ steps: [step("expand/version", "undone"), step("expand/column", "undone")] })["expand"], "Undone");
});

test("the run's state says why its step does not go on", () => {
  const steps = [step("expand/version", "done"), step("expand/column", "running")];
  assert.equal(looks({ steps, node: "expand/column", state: "paused" })["expand/column"], "Paused");
});

test("a check has no row of the ledger before it has ended: the run says that it is at work", () => {
  const at = (state: RunDetail["state"]) => findNode(outline(viewOf(detail({ node: "expand/version", state }))), "expand/version")?.look.label;
  assert.equal(at("running"), "Running");
  assert.equal(at("paused"), "Pending");
});

test("an open gate is open, a plan without a graph has no outline", () => {
  const gate = { run: "1", path: "start", state: "open" as const, question: "", digest: "", approvers: [], need: 1,
    opened_at: "1", expires_at: null, on_expire: null, closed_at: null, approvals: [] };
  assert.equal(looks({ gates: [gate] })["start"], "Open");
  assert.deepEqual(outline(viewOf(detail({ graph: null }))), []);
});
