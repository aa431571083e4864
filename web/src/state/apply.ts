// What an event does to what we know of a run: pure, so that a live view, a reconnect and a replay of a
// finished run all come to the same picture.

import { compareSeq, nextSeq } from "../wire/decode";
import type {
  Advanced,
  Approval, Gate, GateDecision, GateStatus, Guard, GuardVerdict, Json, JsonObject, LockWait, Message, NodeKind, Pace,
  Progress, Reason, Rollout, Run, RunDetail, RunEvent, RunStatus, SamplePoint, Stage, StageStatus, Step, StepError,
  StepStatus, Verdict,
} from "../wire/types";

/** Events kept in memory for a run; older ones are fetched by the page. */
export const EVENTS_KEPT = 20_000;
/** Points kept for one guard's line, and for one step's. */
export const POINTS_KEPT = 240;

export interface CheckResult {
  verdict: Verdict;
  text: string;
  value: Json;
  expected: Json;
  at: string;
}

/** Rows a second at a moment (ms). */
export interface RatePoint {
  at: number;
  value: number;
}

export interface RunView {
  detail: RunDetail;
  /** In order of seq, without gaps; the first one may not be the run's first. */
  events: readonly RunEvent[];
  /** Newest event that is applied here. */
  seq: string;
  steps: ReadonlyMap<string, Step>;
  progress: ReadonlyMap<string, Progress>;
  rates: ReadonlyMap<string, readonly RatePoint[]>;
  checks: ReadonlyMap<string, CheckResult>;
  /** Steps that wait for a lock. */
  locks: ReadonlyMap<string, LockWait>;
  answers: ReadonlyMap<string, ReadonlyMap<number, string>>;
  caughtUp: boolean;
  /** Why this has to be fetched again before it can be believed; null = it is whole. */
  broken: string | null;
}

export function viewOf(detail: RunDetail): RunView {
  const progress = new Map<string, Progress>();
  if (detail.progress?.path) progress.set(detail.progress.path, detail.progress);
  return {
    detail,
    events: [],
    seq: detail.seq,
    steps: new Map(detail.steps.map((step) => [step.path, step])),
    progress,
    rates: new Map(),
    checks: new Map(),
    locks: new Map(),
    answers: new Map(),
    caughtUp: false,
    broken: null,
  };
}

const text = (value: Json | undefined, otherwise = ""): string => (typeof value === "string" ? value : otherwise);
const number = (value: Json | undefined): number | null => (typeof value === "number" ? value : null);
const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
const object = (value: Json | undefined): JsonObject | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
const withEntry = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> =>
  new Map(map).set(key, value);
const withDetail = (view: RunView, change: Partial<RunDetail>): RunView => ({
  ...view,
  detail: { ...view.detail, ...change },
});

/** A reason that says nothing is none. */
function reasonOf(value: Json | undefined): Reason | null {
  const reason = object(value);
  return reason && typeof reason["text"] === "string" && reason["text"] !== "" ? (reason as unknown as Reason) : null;
}

const FINAL_RUN: ReadonlySet<string> = new Set(["done", "rolled_back", "aborted"]);
const FINAL_STEP: ReadonlySet<string> = new Set(["done", "failed", "undone", "undo_failed", "skipped"]);

/** A stage is held with its run, and watched again when the run goes on; no event of its own says so. */
function holdStages(view: RunView, state: RunStatus): RunView {
  if (state !== "held" && state !== "watching") return view;
  const from = state === "held" ? "watching" : "held";
  if (!view.detail.rollouts.some((rollout) => rollout.stages.some((stage) => stage.state === from))) return view;
  return changeRollout(view, () => true, (rollout) => ({
    ...rollout,
    automation: rollout.automation === from ? state : rollout.automation,
    stages: rollout.stages.map((stage) => (stage.state === from ? { ...stage, state } : stage)),
  }));
}

function runState(before: RunView, { at, data }: RunEvent): RunView {
  const state = text(data["to"]) as RunStatus;
  if (!state) return before;
  const view = holdStages(before, state);
  return withDetail(view, {
    state,
    state_since: at,
    reason: reasonOf(data["reason"]),
    finished_at: FINAL_RUN.has(state) ? at : null,
  });
}

function errorOf(value: Json | undefined): StepError | null {
  if (typeof value === "string") return { message: value };
  const error = object(value);
  return error && typeof error["message"] === "string" ? (error as unknown as StepError) : null;
}

function stepState(view: RunView, { at, node, data }: RunEvent): RunView {
  const before = view.steps.get(node);
  const state = text(data["to"]) as StepStatus;
  const step: Step = {
    path: node,
    kind: text(data["kind"], before?.kind ?? "step") as NodeKind,
    state,
    attempt: number(data["attempt"]) ?? before?.attempt ?? 1,
    started_at: before?.started_at ?? at,
    finished_at: FINAL_STEP.has(state) ? at : null,
    detail: object(data["detail"]) ?? before?.detail ?? {},
    error: errorOf(data["error"]),
  };
  const started = state === "running" || state === "intent";
  return { ...withDetail(view, started ? { node } : {}), steps: withEntry(view.steps, node, step) };
}

function withRate(rates: RunView["rates"], { node, at, data }: RunEvent): RunView["rates"] {
  const value = number(data["rows_per_s"]);
  const last = rates.get(node) ?? [];
  const ms = Date.parse(at);
  // a chart's times only go up
  if (value === null || !(ms > (last.at(-1)?.at ?? 0))) return rates;
  return withEntry(rates, node, [...last, { at: ms, value }].slice(-POINTS_KEPT));
}

function stepProgress(view: RunView, event: RunEvent): RunView {
  const { node, data } = event;
  const progress = { ...(data as unknown as Progress), path: node };
  return {
    ...withDetail(view, { progress }),
    progress: withEntry(view.progress, node, progress),
    rates: withRate(view.rates, event),
  };
}

/** Who waits for a lock after these events. A step that ended waits for none. */
function locksAfter(before: ReadonlyMap<string, LockWait>, { type, node, data }: RunEvent): ReadonlyMap<string, LockWait> {
  const ended = type === "step.state" && FINAL_STEP.has(text(data["to"]));
  if (ended || (type === "step.lock" && data["state"] !== "waiting")) {
    if (!before.has(node)) return before;
    const left = new Map(before);
    left.delete(node);
    return left;
  }
  if (type !== "step.lock") return before;
  const wait = { waits: null, victims_total: 0, ...data, blockers: list(data["blockers"]), victims: list(data["victims"]) };
  return withEntry(before, node, wait as unknown as LockWait);
}

function shifted(at: string, us: number): string {
  const ms = Date.parse(at) + us / 1000;
  return Number.isFinite(ms) ? new Date(ms).toISOString() : at;
}

/** What the step at work waits for after an event. Steps are done one by one: whatever it or the run does ends the wait. */
function waitsAfter(before: Reason | null | undefined, { type, at, node, data }: RunEvent): Reason | null {
  if (type !== "step.lock") return type === "step.state" || type === "run.state" ? null : before ?? null;
  if (data["state"] !== "waiting") return null;
  const spent = number(data["spent_us"]) ?? 0;
  const who = list(data["blockers"]).map(object).map((session) => `pid ${String(session?.["pid"])}${session?.["application"] ? ` (${text(session["application"])})` : ""}`);
  return {
    kind: "locks", path: node, text: text(data["text"]), who,
    since: shifted(at, -spent), expires: shifted(at, (number(data["budget_us"]) ?? 0) - spent), on_expire: "fail",
  };
}

function checkResult(view: RunView, { at, node, data }: RunEvent): RunView {
  const check: CheckResult = {
    verdict: text(data["verdict"], "not_run") as Verdict,
    text: text(data["text"]),
    value: data["value"] ?? null,
    expected: data["expected"] ?? null,
    at,
  };
  return { ...view, checks: withEntry(view.checks, node, check) };
}

function changeGate(view: RunView, path: string, change: (gate: Gate | undefined) => Gate | undefined): RunView {
  const before = view.detail.gates.find((gate) => gate.path === path);
  const after = change(before);
  if (!after) return view;
  const gates = before
    ? view.detail.gates.map((gate) => (gate === before ? after : gate))
    : [...view.detail.gates, after];
  return withDetail(view, { gates });
}

/** The stage behind a gate waits while the gate is open. */
function waitStage(view: RunView, gate: string, from: StageStatus, to: StageStatus): RunView {
  const holds = (stage: Stage) => stage.gate === gate && stage.state === from;
  return changeRollout(view, (rollout) => rollout.stages.some(holds), (rollout) => ({
    ...rollout,
    automation: to === "waiting" ? "waiting" : rollout.automation,
    stages: rollout.stages.map((stage) => (holds(stage) ? { ...stage, state: to } : stage)),
  }));
}

const gateOpened = (view: RunView, { run, at, node, data }: RunEvent): RunView =>
  changeGate(waitStage(view, node, "pending", "waiting"), node, () => ({
    run,
    path: node,
    state: "open",
    question: text(data["question"]),
    digest: text(data["digest"]),
    approvers: list(data["approvers"]).map((role) => text(role)),
    need: number(data["need"]) ?? 1,
    opened_at: at,
    expires_at: text(data["expires_at"]) || null,
    on_expire: text(data["on_expire"]) || null,
    closed_at: null,
    approvals: [],
  }));

const gateApproval = (view: RunView, { at, node, data }: RunEvent): RunView =>
  changeGate(view, node, (gate) => {
    const approval: Approval = {
      person: text(data["person"]),
      roles: list(data["roles"]).map((role) => text(role)),
      decision: text(data["decision"]) as GateDecision,
      comment: text(data["comment"]),
      at,
    };
    // what a person said last stands
    const others = (gate?.approvals ?? []).filter(({ person }) => person !== approval.person);
    return gate && { ...gate, approvals: approval.decision === "revoke" ? others : [...others, approval] };
  });

const gateWaiting = (view: RunView, { node, data }: RunEvent): RunView =>
  changeGate(view, node, (gate) => gate && { ...gate, state: text(data["state"]) as GateStatus, passes_at: text(data["passes_at"]) || null });

const gateClosed = (view: RunView, { at, node, data }: RunEvent): RunView =>
  changeGate(waitStage(view, node, "waiting", "pending"), node, (gate) => gate && { ...gate, state: text(data["state"]) as GateStatus, closed_at: at });

function changeRollout(view: RunView, holds: (rollout: Rollout) => boolean, change: (r: Rollout) => Rollout): RunView {
  const rollouts = view.detail.rollouts.map((rollout) => (holds(rollout) ? change(rollout) : rollout));
  return withDetail(view, { rollouts });
}

const hasStage = (path: string) => (rollout: Rollout) => rollout.stages.some((stage) => stage.path === path);

function rolloutStage(view: RunView, { at, node, data }: RunEvent): RunView {
  const state = text(data["state"]) as StageStatus;
  const enter = (stage: Stage): Stage => {
    const window_us = number(data["window_us"]) ?? stage.window_us;
    const counted_us = state === "watching" && stage.state === "pending" ? 0 : stage.counted_us;
    return {
      ...stage,
      state,
      window_us,
      counted_us,
      left_us: state === "done" ? 0 : Math.max(0, window_us - counted_us),
      opened_at: stage.opened_at ?? (state === "watching" ? at : null),
      closed_at: state === "done" || state === "rolled_back" ? at : null,
    };
  };
  return changeRollout(view, hasStage(node), (rollout) => ({
    ...rollout,
    automation: state === "pending" ? rollout.automation : state,
    stages: rollout.stages.map((stage) => (stage.path === node ? enter(stage) : stage)),
  }));
}

function rolloutSample(view: RunView, { at, node, data }: RunEvent): RunView {
  const seen = new Map(list(data["guards"]).map((row) => [text(object(row)?.["guard"]), object(row)!]));
  // the guards of a sample are those of the stage that is watched
  const sampled = (known: Guard | undefined, name: string, row: JsonObject): Guard => ({
    guard: name,
    metric: text(row["metric"], known?.metric ?? name),
    limit: number(row["limit"]) ?? known?.limit ?? 0,
    op: text(row["op"], known?.op),
    alert: row["alert"] === true,
    unit: text(row["unit"], known?.unit),
    value: number(row["value"]),
    verdict: text(row["verdict"], "no_data") as GuardVerdict,
    at,
    breaches: number(row["breaches"]) ?? known?.breaches ?? 0,
    breaches_max: number(row["breaches_max"]) ?? known?.breaches_max ?? 0,
  });
  return changeRollout(view, hasStage(node), (rollout) => {
    const samples = [...rollout.samples];
    for (const [guard, row] of seen) {
      const point: SamplePoint = [at, number(row["value"]), text(row["verdict"], "no_data") as GuardVerdict];
      const index = samples.findIndex((line) => line.guard === guard);
      const points = [...(samples[index]?.points ?? []), point].slice(-POINTS_KEPT);
      if (index < 0) samples.push({ guard, points });
      else samples[index] = { guard, points };
    }
    return {
      ...rollout,
      samples,
      guards: [...seen].map(([name, row]) => sampled(rollout.guards.find((guard) => guard.guard === name), name, row)),
      stages: rollout.stages.map((stage) =>
        stage.path === node
          ? {
              ...stage,
              counted_us: number(data["counted_us"]) ?? stage.counted_us,
              left_us: number(data["left_us"]) ?? stage.left_us,
            }
          : stage,
      ),
    };
  });
}

const rolloutAdvanced = (view: RunView, { node, data }: RunEvent): RunView =>
  changeRollout(view, hasStage(node), (rollout) => ({
    ...rollout,
    stages: rollout.stages.map((stage) => (stage.path === node ? { ...stage, advanced: data as unknown as Advanced, counted_us: number(data["counted_us"]) ?? stage.counted_us } : stage)),
  }));

const rolloutFlag = (view: RunView, { node, data }: RunEvent): RunView =>
  changeRollout(view, (rollout) => rollout.path === node, (rollout) => ({
    ...rollout,
    percent: number(data["percent"]) ?? rollout.percent,
    intended_percent: number(data["percent"]) ?? rollout.intended_percent,
    enabled: typeof data["enabled"] === "boolean" ? data["enabled"] : rollout.enabled,
  }));

function reviewOpen(view: RunView, { data }: RunEvent): RunView {
  return withDetail(view, { review: { ...view.detail.review, open: number(data["open"]) ?? view.detail.review.open } });
}

function manualAnswer(view: RunView, { node, data }: RunEvent): RunView {
  const item = number(data["item"]) ?? 0;
  const given = new Map(view.answers.get(node)).set(item, text(data["by"]));
  return { ...view, answers: withEntry(view.answers, node, given) };
}

const stepThrottle = (view: RunView, { at, node, data }: RunEvent): RunView =>
  withDetail(view, { pace: { ...(data as unknown as Pace), path: node, at } });

const same = (view: RunView): RunView => view;

/** What each type of event changes; a type that is not here only enters the history. */
const EFFECT: Record<string, (view: RunView, event: RunEvent) => RunView> = {
  "run.created": same,
  "run.state": runState,
  "step.state": stepState,
  "step.progress": stepProgress,
  "step.lock": same,
  "step.throttle": stepThrottle,
  "check.result": checkResult,
  "gate.opened": gateOpened,
  "gate.approval": gateApproval,
  "gate.waiting": gateWaiting,
  "gate.asked": same,
  "gate.checked": same,
  "gate.closed": gateClosed,
  "review.open": reviewOpen,
  "review.decided": same,
  "review.again": same,
  "rollout.stage": rolloutStage,
  "rollout.sample": rolloutSample,
  "rollout.advanced": rolloutAdvanced,
  "rollout.flag": rolloutFlag,
  "manual.answer": manualAnswer,
  "request": same,
  "budget.over": same,
  "log": same,
  "rewind": (view) => ({ ...view, broken: "the ledger went back" }),
};

function applyEvent(view: RunView, event: RunEvent): RunView {
  const effect = Object.hasOwn(EFFECT, event.type) ? EFFECT[event.type] : undefined;
  const after = withDetail((effect ?? same)(view, event), { waits: waitsAfter(view.detail.waits, event) });
  return { ...after, locks: locksAfter(view.locks, event), seq: event.seq };
}

const GROUPS: ReadonlySet<string> = new Set(["plan", "phase", "rollout"]);

/** A head of the stream comes from the state database alone, which does not know the steps: they are counted here. */
function stepsDone({ detail, steps }: RunView): number | null {
  if (detail.steps_done === null) return null;
  return [...steps.values()].filter(({ kind, state }) => (state === "done" || state === "skipped") && !GROUPS.has(kind)).length;
}

/** The head of a run as the server last said it: newer than what we have, or nothing changes. */
export function applyHead(view: RunView, run: Run): RunView {
  if (run.id !== view.detail.id || compareSeq(run.version, view.detail.version) < 0) return view;
  return { ...view, detail: { ...view.detail, ...run, steps_done: run.steps_done ?? stepsDone(view), progress: run.progress ?? view.detail.progress } };
}

/** Applies a frame of messages to a run. Events seen before are left out; a missing one breaks the view. */
export function apply(view: RunView, messages: readonly Message[]): RunView {
  const id = view.detail.id;
  const fresh: RunEvent[] = [];
  for (const message of messages) {
    switch (message.t) {
      case "run":
        view = applyHead(view, message.run);
        break;
      case "event":
        if (message.run !== id || view.broken !== null || compareSeq(message.seq, view.seq) <= 0) break;
        if (message.seq !== nextSeq(view.seq)) {
          view = { ...view, broken: "events are missing" };
          break;
        }
        fresh.push(eventOf(message));
        view = applyEvent(view, message);
        break;
      case "caught_up":
        if (message.run === id) view = { ...view, caughtUp: true };
        break;
      case "reset":
        if (message.run === id) view = { ...view, broken: message.why || "fell behind" };
        break;
      case "hello":
      case "tick":
        break;
      default:
        message satisfies never;
    }
  }
  return fresh.length === 0 ? view : { ...view, events: [...view.events, ...fresh].slice(-EVENTS_KEPT) };
}

const eventOf = ({ run, seq, at, type, node, data }: RunEvent): RunEvent => ({ run, seq, at, type, node, data });

/** Puts a fetched page of older events before those that are there; fills in what only events tell. */
export function withHistory(view: RunView, page: readonly RunEvent[]): RunView {
  const first = view.events[0]?.seq;
  const older = page.filter((event) =>
    first === undefined ? compareSeq(event.seq, view.seq) <= 0 : compareSeq(event.seq, first) < 0);
  let { checks, answers, progress } = view;
  let past: RunView["rates"] = new Map();
  for (const event of older) {
    const told = event.type === "check.result" ? checkResult(view, event) : null;
    if (told && !view.checks.has(event.node)) checks = withEntry(checks, event.node, told.checks.get(event.node)!);
    if (event.type === "manual.answer") answers = manualAnswer({ ...view, answers }, event).answers;
    if (event.type === "step.progress") {
      if (!view.progress.has(event.node))
        progress = withEntry(progress, event.node, { ...(event.data as unknown as Progress), path: event.node });
      past = withRate(past, event);
    }
  }
  let { rates } = view;
  for (const [node, points] of past) rates = withEntry(rates, node, [...points, ...(rates.get(node) ?? [])].slice(-POINTS_KEPT));
  const events = [...older, ...view.events];
  return { ...view, checks, rates, answers, progress, locks: events.reduce(locksAfter, new Map()), events };
}
