// The messages of docs/protocol.md as types. Ids and sequence numbers are text (64 bits), times are
// RFC 3339 text, durations are microseconds in fields that end in _us.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type RunStatus =
  | "pending" | "running" | "waiting" | "watching" | "held" | "throttled" | "paused" | "rolling_back"
  | "rolled_back" | "rollback_blocked" | "done" | "failed" | "aborted";
export type StepStatus =
  | "pending" | "intent" | "running" | "done" | "failed" | "undoing" | "undone" | "undo_failed" | "skipped";
export type StageStatus = "pending" | "waiting" | "watching" | "held" | "done" | "rolled_back";
export type GateStatus = "open" | "approved" | "rejected" | "expired" | "withdrawn" | "passed";
export type Verdict = "pass" | "fail" | "warn" | "error" | "not_run";
export type GuardVerdict = "ok" | "breach" | "no_data";
export type NodeKind =
  | "plan" | "phase" | "step" | "migrations" | "backfill" | "import" | "task" | "check" | "verify" | "backup"
  | "gate" | "rollout" | "stage" | "soak" | "manual" | "checklist" | "notify" | "exec";
export type Role = "viewer" | "operator" | "administrator";

export interface Me {
  person: string;
  role: Role;
  roles: Record<string, string[]>;
  csrf: string;
  version: string;
  now: string;
  /** When the session ends whatever one does, and when it does by idling; null: none ends. */
  session: { ends_at: string; idle_at: string } | null;
}

export interface Reason {
  kind: string;
  text: string;
  path?: string | null;
  who?: string[] | null;
  /** Until the clock it waits for has run down, as of the head that says it. */
  left_us?: number | null;
  since?: string | null;
  expires?: string | null;
  on_expire?: string | null;
  /** Of did_it_happen: the number of the question. */
  item?: number;
  /** Of undo_failed: what is still to be undone, in that order. */
  left?: { path: string; kind: NodeKind; state: StepStatus }[];
}

export interface Progress {
  path?: string;
  done: number;
  total: number | null;
  rows_per_s?: number | null;
  eta_s?: number | null;
  /** P10 and P90 of what is left. */
  eta_low_s?: number | null;
  eta_high_s?: number | null;
  rows_changed?: number;
  rows_skipped?: number;
  rows_queued?: number;
  batches?: number;
  batch_rows?: number;
  pass?: number;
  workers?: number;
  /** A statement outside transactions (an index build) has a phase and a unit instead of rows. */
  phase?: string;
  unit?: string;
  object?: string | null;
  running_s?: number;
  limit_s?: number;
  statement?: number;
  statements?: number;
  /** A runner before this one began it. */
  adopted?: boolean;
  waits_for?: WaitsFor[];
}

/** A session that a statement of ours waits for. */
export interface WaitsFor {
  pid: number;
  user: string | null;
  application: string | null;
  state: string | null;
  for_s: number | null;
  query: string | null;
}

/** A session of the database in the lock queue of a step. */
export interface LockSession {
  pid: number;
  application: string | null;
  user: string | null;
  state: string | null;
  query: string | null;
  transaction_us: number | null;
  holds: string | null;
  wants: string | null;
  object: string | null;
  waited_us: number | null;
  waits_for: number[] | null;
}

/** What a step that waits for a lock has seen (step.lock). */
export interface LockWait {
  state: "waiting" | "working";
  why: string;
  text: string;
  try: number;
  spent_us: number;
  budget_us: number;
  waits: { pid: number; object: string; mode: string; waited_us: number; waits_for: number[] } | null;
  blockers: LockSession[];
  victims: LockSession[];
  victims_total: number;
}

/** How fast the row work goes (step.throttle). 0 of batch_us and workers, and a pause_us below 0: as the plan says. */
export interface Pace {
  path: string;
  at: string;
  state: "free" | "slowed" | "paused";
  /** The share of the time that workers work, and what a person allows of it at most. */
  duty: number;
  most: number;
  batch_us: number;
  pause_us: number;
  workers: number;
  why: string;
  /** What ends it. */
  until: string;
}

export type TuneName = "speed" | "batch_us" | "pause_us" | "workers";
/** What a person may change of it, within which bounds. */
export interface Tune {
  name: TuneName;
  least: number;
  most: number;
  unit: string;
  doc: string;
}

/** What a rollback would copy of a relation before it removes it, or these columns of it. */
export interface Kept {
  path: string;
  relation: string;
  columns: string[] | null;
  rows: number;
}

/** The head of a run. */
export interface Run {
  id: string;
  plan: string;
  hash: string;
  environment: string;
  target: string;
  database: string;
  /** Why its target could not be asked: then steps, review and undo are not known. */
  unavailable: string | null;
  state: RunStatus;
  direction: "forward" | "back";
  reason: Reason | null;
  /** What the step at work waits for beside the run's state (locks). */
  waits?: Reason | null;
  node: string | null;
  params: JsonObject;
  started_by: string;
  created_at: string;
  state_since: string;
  finished_at: string | null;
  version: string;
  seq: string;
  steps_done: number | null;
  steps_total: number;
  alive: boolean;
  lease_until: string | null;
  progress: Progress | null;
}

export interface PlanNode {
  kind: NodeKind;
  name: string;
  path: string;
  file?: string;
  line?: number;
  column?: number;
  keys?: JsonObject;
  children?: PlanNode[];
}

export interface StepError {
  message: string;
  sqlstate?: string;
  detail?: string;
  hint?: string;
  kind?: string;
}

export interface Step {
  path: string;
  kind: NodeKind;
  state: StepStatus;
  attempt: number;
  started_at: string | null;
  finished_at: string | null;
  detail: JsonObject;
  error: StepError | null;
}

export interface Evidence {
  path: string;
  kind: string;
  verdict: Verdict;
  text: string;
  at: string | null;
}

export interface NextStep {
  kind: string;
  path: string;
  text: string;
  sql?: string | null;
  /** Why there is no way back after it. */
  one_way?: string;
}

export type GateDecision = "approve" | "reject" | "revoke" | "break_glass";

export interface Approval {
  person: string;
  roles: string[];
  decision: GateDecision;
  comment: string;
  fields?: JsonObject;
  at: string;
}

/** What can be said about a gate, as the address spells it. */
export type GateWord = "approve" | "reject" | "revoke" | "break-glass";

/** When what follows a gate may begin, by the clock of zone. */
export interface Hours {
  days: string[];
  from: string;
  to: string;
  zone: string;
}

/** A gate; evidence, next and may come only from the gate's own address. */
export interface Gate {
  run: string;
  path: string;
  state: GateStatus;
  question: string;
  digest: string;
  approvers: string[];
  need: number;
  opened_at: string;
  expires_at: string | null;
  on_expire: string | null;
  closed_at: string | null;
  approvals: Approval[];
  revoked?: Approval[];
  /** What an approver is asked besides. */
  fields?: PlanParam[];
  wait_us?: number;
  hours?: Hours | null;
  /** While it is approved and waits for its clock. */
  passes_at?: string | null;
  checked_at?: string | null;
  /** Two administrators passed it without its approvers, and somebody has to look. */
  obligation?: { open: boolean; by?: string; note?: string; at?: string } | null;
  evidence?: Evidence[];
  next?: NextStep[];
  then?: string;
  may?: { approve: boolean; reject?: boolean; revoke?: boolean; break_glass?: boolean; answer?: boolean; why: string };
}

export interface Stage {
  path: string;
  percent: number;
  state: StageStatus;
  window_us: number;
  counted_us: number;
  left_us: number;
  opened_at: string | null;
  closed_at: string | null;
  gate: string | null;
  /** Its watch was ended before its window was over. */
  advanced?: Advanced | null;
}

export interface Advanced {
  gate: string;
  by: string;
  why: string;
  /** Names, or "policy". */
  approved_by: string[];
  counted_us: number;
  window_us: number;
}

export interface Guard {
  guard: string;
  metric: string;
  limit: number;
  op: string;
  /** True: a breach when it is true. False: it must hold. */
  alert: boolean;
  unit: string;
  value: number | null;
  verdict: GuardVerdict;
  at: string | null;
  breaches: number;
  breaches_max: number;
}

export type SamplePoint = [at: string, value: number | null, verdict: GuardVerdict];

export interface Rollout {
  path: string;
  flag: string;
  percent: number;
  intended_percent: number;
  enabled: boolean;
  automation: string;
  stages: Stage[];
  guards: Guard[];
  samples: { guard: string; points: SamplePoint[] }[];
}

/** null where the target could not be asked. */
export interface ReviewCounts {
  open: number | null;
  applied: number | null;
  skipped: number | null;
}

/** What a rollback would undo, in its order; steps without a way back make it refused. */
export interface UndoList {
  steps: { path: string; kind: NodeKind; name: string; state: StepStatus; how: string }[];
  no_way_back: { path: string; kind: NodeKind; name: string; why: string }[];
}

export interface RunDetail extends Run, Times {
  /** In which states each request makes sense. */
  may: Partial<Record<RequestKind | AskedKind | "tune", RunStatus[]>>;
  /** Of the row work at hand; null: nothing was told, it goes as the plan says. */
  pace: Pace | null;
  tunes: Tune[];
  /** Who would have to approve what mends a failed undo, or ends a watch. */
  mend?: AskedWay[];
  undo: UndoList | null;
  graph: PlanNode | null;
  steps: Step[];
  gates: Gate[];
  rollouts: Rollout[];
  review: ReviewCounts;
  /** The same by the plan's parts, in the order in which they began; path is "" before the first. */
  part_times: PartTimes[];
}

/** How long a run worked, waited for people, and watched. */
export interface Times {
  active_us: number;
  waiting_us: number;
  watching_us: number;
}

export interface PartTimes extends Times {
  path: string;
}

export type BoxState = "ticked" | "failed" | "open" | "taken_back" | "skipped" | "unbound";

/** What ticks a box, and what it says. */
export interface BoxTick {
  path: string;
  kind: string;
  name: string;
  state: BoxState;
  text: string | null;
  by: string[];
  at: string | null;
  metric?: string;
}

export interface Box {
  text: string;
  line: number;
  headings: string[];
  /** The index of the box around it. */
  outer: number | null;
  claimed: boolean;
  class: "automatic" | "metric" | "sign-off" | "unbound";
  state: BoxState;
  ticks: BoxTick[];
}

/** The plan's document, filled in. */
export interface Checklist {
  file: string;
  counts: Record<string, number>;
  boxes: Box[];
}

export interface Budget {
  name: string;
  measured_us: number | null;
  budget_us: number;
  over: boolean;
}

export interface NeedsYou {
  run: string;
  plan: string;
  environment: string;
  kind: "gate" | "review" | "manual" | "held" | "obligation";
  path: string | null;
  text: string;
  since: string;
  mine: boolean;
}

export interface RunList {
  now: string;
  needs_you: NeedsYou[];
  /** Targets that could not be asked what waits for a decision there. */
  unavailable: { environment: string; target: string; text: string }[];
  runs: Run[];
}

export type ParamType = "text" | "integer" | "number" | "boolean" | "choice" | "duration";

/** A parameter that a run of the plan may be given. */
export interface PlanParam {
  name: string;
  type: ParamType;
  doc: string | null;
  required: boolean;
  default: Json;
  choices: string[] | null;
}

/** What a run would go through, in order. */
export interface PlanPart {
  path: string;
  kind: NodeKind;
  name: string;
  doc: string | null;
  one_way: string | null;
}

export interface PlanEntry {
  name: string;
  doc: string | null;
  hash: string | null;
  error: string | null;
  environments: string[];
  params: PlanParam[];
  parts: PlanPart[];
}

export interface ReviewChoice {
  /** What the plan calls it; without a name the columns say it. */
  label: string | null;
  set?: JsonObject;
}

export interface ReviewRow {
  step: string;
  key: string[];
  kind: "ambiguous" | "error" | "skip";
  reason: string;
  choices: ReviewChoice[] | null;
  before: JsonObject | null;
  state: "open" | "applied" | "skipped";
  decision: Json;
}

export interface ReviewReason {
  step: string;
  kind: string;
  reason: string;
  count: number;
}

export interface ReviewPage {
  /** null where the target could not be asked. */
  total: number | null;
  unavailable: string | null;
  reasons: ReviewReason[];
  rows: ReviewRow[];
  next: string | null;
}

export type ReviewVerdict = { choice: number } | { skip: true } | { set: JsonObject };
export type ReviewDecision =
  | { step: string; key: string[]; decision: ReviewVerdict }
  | { step: string; reason: string; decision: ReviewVerdict };

/** What a filled-in file would decide, or has decided. */
export interface ReviewTaken {
  applied: boolean;
  /** Lines behind the first. */
  rows: number;
  decided: number;
  changes: { line: number; step: string; key: string[]; decision: ReviewVerdict; choice: ReviewChoice | null }[];
  problems: { line: number; text: string }[];
}

/** What gets a blocked rollback on: the failed undo is left out, or other SQL stands in for it. */
export type MendKind = "skip" | "repair";
/** What opens a gate of its own. */
export type AskedKind = MendKind | "advance";
export interface AskedWay {
  kind: AskedKind;
  need: number;
  /** Empty: nobody could approve. */
  approvers: string[];
  /** Gates of this environment pass by policy. */
  auto: boolean;
}

export type RequestKind = "pause" | "resume" | "retry" | "rollback" | "abort";

/** One entry of a run's history. data depends on type; state/apply.ts and lib/describe.ts read it. */
export interface RunEvent {
  run: string;
  seq: string;
  at: string;
  type: string;
  node: string;
  data: JsonObject;
}

export type Message =
  | { t: "hello"; version: string; now: string; person: string }
  | { t: "run"; run: Run }
  | ({ t: "event" } & RunEvent)
  | { t: "caught_up"; run: string; seq: string }
  | { t: "reset"; run: string; seq: string; why: string }
  | { t: "tick"; now: string };
