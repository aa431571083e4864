// How each state looks: the only place that gives a status its word, icon and tone.

import type { GateDecision, GateStatus, GuardVerdict, NodeKind, RunStatus, StageStatus, StepStatus, Verdict } from "../wire/types";

/** A tone is a pair of colours in styles/tokens.css. */
export type Tone = "muted" | "active" | "person" | "clock" | "caution" | "good" | "bad" | "undo";
export type IconName =
  | "dot" | "ring" | "spin" | "person" | "clock" | "hand" | "slow" | "pause" | "back" | "check" | "cross" | "skip"
  | "stop" | "dash" | "warn" | "unknown";

export interface Look {
  label: string;
  icon: IconName;
  tone: Tone;
}

export const RUN_LOOK: Record<RunStatus, Look> = {
  pending: { label: "Pending", icon: "ring", tone: "muted" },
  running: { label: "Running", icon: "spin", tone: "active" },
  waiting: { label: "Waiting", icon: "person", tone: "person" },
  watching: { label: "Watching", icon: "clock", tone: "clock" },
  held: { label: "Held", icon: "hand", tone: "caution" },
  throttled: { label: "Throttled", icon: "slow", tone: "caution" },
  paused: { label: "Paused", icon: "pause", tone: "muted" },
  rolling_back: { label: "Rolling back", icon: "back", tone: "undo" },
  rolled_back: { label: "Rolled back", icon: "back", tone: "undo" },
  rollback_blocked: { label: "Rollback blocked", icon: "warn", tone: "bad" },
  done: { label: "Done", icon: "check", tone: "good" },
  failed: { label: "Failed", icon: "cross", tone: "bad" },
  aborted: { label: "Aborted", icon: "stop", tone: "muted" },
};

export const STEP_LOOK: Record<StepStatus, Look> = {
  pending: { label: "Pending", icon: "ring", tone: "muted" },
  intent: { label: "About to run", icon: "spin", tone: "active" },
  running: { label: "Running", icon: "spin", tone: "active" },
  done: { label: "Done", icon: "check", tone: "good" },
  failed: { label: "Failed", icon: "cross", tone: "bad" },
  undoing: { label: "Undoing", icon: "back", tone: "undo" },
  undone: { label: "Undone", icon: "back", tone: "undo" },
  undo_failed: { label: "Undo failed", icon: "warn", tone: "bad" },
  skipped: { label: "Skipped", icon: "skip", tone: "muted" },
};

export const STAGE_LOOK: Record<StageStatus, Look> = {
  pending: { label: "Pending", icon: "ring", tone: "muted" },
  waiting: { label: "Waiting for its gate", icon: "person", tone: "person" },
  watching: { label: "Watching", icon: "clock", tone: "clock" },
  held: { label: "Held", icon: "hand", tone: "caution" },
  done: { label: "Done", icon: "check", tone: "good" },
  rolled_back: { label: "Rolled back", icon: "back", tone: "undo" },
};

export const GATE_LOOK: Record<GateStatus, Look> = {
  open: { label: "Open", icon: "person", tone: "person" },
  approved: { label: "Approved", icon: "check", tone: "good" },
  rejected: { label: "Rejected", icon: "cross", tone: "bad" },
  expired: { label: "Expired", icon: "clock", tone: "caution" },
  withdrawn: { label: "Withdrawn", icon: "stop", tone: "muted" },
  passed: { label: "Passed", icon: "check", tone: "good" },
};

/** What people say about a gate. */
export const WORD_LOOK: Record<GateDecision, Look> = {
  approve: { label: "approved", icon: "check", tone: "good" },
  reject: { label: "rejected", icon: "cross", tone: "bad" },
  revoke: { label: "took the approval back", icon: "back", tone: "muted" },
  break_glass: { label: "broke the glass", icon: "warn", tone: "caution" },
};

export const VERDICT_LOOK: Record<Verdict, Look> = {
  pass: { label: "Pass", icon: "check", tone: "good" },
  fail: { label: "Fail", icon: "cross", tone: "bad" },
  warn: { label: "Warning", icon: "warn", tone: "caution" },
  error: { label: "Error", icon: "cross", tone: "bad" },
  not_run: { label: "Not run", icon: "dash", tone: "muted" },
};

export const GUARD_LOOK: Record<GuardVerdict, Look> = {
  ok: { label: "OK", icon: "check", tone: "good" },
  breach: { label: "Breach", icon: "cross", tone: "bad" },
  no_data: { label: "No data", icon: "unknown", tone: "caution" },
};

/** A status of a newer server is shown as it is called. */
export function lookOf<S extends string>(table: Record<S, Look>, status: string): Look {
  if (Object.hasOwn(table, status)) return table[status as S];
  return { label: status, icon: "unknown", tone: "muted" };
}

export const KIND_WORD: Record<NodeKind, string> = {
  plan: "plan", phase: "phase", step: "step", migrations: "migrations", backfill: "backfill", import: "import",
  task: "task", check: "check", verify: "verify", backup: "backup", gate: "gate", rollout: "rollout", stage: "stage",
  soak: "soak", manual: "by hand", checklist: "check-list", notify: "notify", exec: "exec",
};

const FINISHED: ReadonlySet<RunStatus> = new Set(["done", "rolled_back", "aborted"]);
export const isFinished = (status: RunStatus): boolean => FINISHED.has(status);
/** No runner drives it, and none has to until somebody asks. */
const RESTING: ReadonlySet<RunStatus> = new Set(["paused", "failed", "rollback_blocked"]);
export const isResting = (status: RunStatus): boolean => RESTING.has(status);
/** Someone has to do something before it goes on. */
const STOPPED: ReadonlySet<RunStatus> = new Set(["waiting", "held", "failed", "rollback_blocked"]);
export const isStopped = (status: RunStatus): boolean => STOPPED.has(status);
