// The plan's tree with what is known of each node: its look, its times, how far it is. Pure.

import { GATE_LOOK, lookOf, type Look, RUN_LOOK, STAGE_LOOK, STEP_LOOK, VERDICT_LOOK } from "../lib/status";
import type { Gate, NodeKind, PlanNode, Stage, Step } from "../wire/types";
import type { RunView } from "./apply";

export interface OutlineNode {
  node: PlanNode;
  kind: NodeKind;
  path: string;
  name: string;
  look: Look;
  /** The run is here now. */
  current: boolean;
  /** Nothing of it has begun. */
  untouched: boolean;
  startedAt: string | null;
  finishedAt: string | null;
  /** Between 0 and 1, while it can be told. */
  part: number | null;
  oneWay: boolean;
  children: OutlineNode[];
}

const PENDING = STEP_LOOK.pending;

function gateLook(gate: Gate): Look {
  return lookOf(GATE_LOOK, gate.state);
}

/** What a phase looks like by its children: the worst that needs someone, or how far they are. */
function groupLook(children: OutlineNode[]): Look {
  const first = (...tones: Look["tone"][]) => children.find((child) => tones.includes(child.look.tone))?.look;
  const stopped = first("bad") ?? first("person", "caution") ?? first("active", "clock");
  if (stopped) return stopped;
  if (children.length > 0 && children.every((child) => child.look === STEP_LOOK.undone || child.untouched) && children.some((child) => !child.untouched))
    return STEP_LOOK.undone;
  const undoing = children.find((child) => child.look === STEP_LOOK.undoing);
  if (undoing) return undoing.look;
  if (children.every((child) => child.look.tone === "good" || child.look === STEP_LOOK.skipped)) return STEP_LOOK.done;
  return children.every((child) => child.untouched) ? PENDING : { label: "Begun", icon: "ring", tone: "active" };
}

const earliest = (times: (string | null)[]): string | null =>
  times.reduce((a, b) => (a === null ? b : b === null ? a : a < b ? a : b), null);
const latest = (times: (string | null)[]): string | null =>
  times.some((time) => time === null) ? null : times.reduce((a, b) => (a! > b! ? a : b), "");

interface Known {
  view: RunView;
  gates: ReadonlyMap<string, Gate>;
  stages: ReadonlyMap<string, Stage>;
}

function leafLook(node: PlanNode, step: Step | undefined, { view, gates, stages }: Known): Look {
  const gate = gates.get(node.path);
  if (gate && (gate.state !== "passed" || !step)) return gateLook(gate);
  const stage = stages.get(node.path);
  if (stage) return lookOf(STAGE_LOOK, stage.state);
  if (step) {
    // a finished check that failed says so itself; its step only says that it ran
    const check = view.checks.get(node.path);
    if (check && step.state === "done" && check.verdict !== "pass") return lookOf(VERDICT_LOOK, check.verdict);
    return lookOf(STEP_LOOK, step.state);
  }
  return PENDING;
}

function outlineOf(node: PlanNode, known: Known): OutlineNode {
  const { view } = known;
  const children = (node.children ?? []).map((child) => outlineOf(child, known));
  const step = view.steps.get(node.path);
  const gate = known.gates.get(node.path);
  const stage = known.stages.get(node.path);
  const groups = node.kind === "phase" || node.kind === "migrations" || node.kind === "plan";
  const rollout = node.kind === "rollout";
  let look = groups ? groupLook(children) : leafLook(node, step, known);
  if (rollout && look.tone === "active") look = groupLook(children);
  const { node: at, state } = view.detail;
  const current = node.path !== "" && at === node.path;
  // a check has no row of the ledger before it has ended
  if (current && !groups && look === PENDING && state === "running") look = STEP_LOOK.running;
  // the run's own state is more precise than the step's "running": it waits, is held, is paused
  if (current && !groups && look === STEP_LOOK.running && state !== "running") look = lookOf(RUN_LOOK, state);
  const progress = view.progress.get(node.path);
  return {
    node,
    kind: node.kind,
    path: node.path,
    name: node.name || (node.kind === "stage" ? `${String(node.keys?.["percent"] ?? "")}%` : node.kind),
    look,
    current,
    untouched: look === PENDING || look === STAGE_LOOK.pending,
    startedAt: groups ? earliest(children.map((child) => child.startedAt)) : step?.started_at ?? gate?.opened_at ?? stage?.opened_at ?? null,
    finishedAt: groups ? latest(children.map((child) => child.finishedAt)) || null : step?.finished_at ?? gate?.closed_at ?? stage?.closed_at ?? null,
    part: progress && progress.total ? Math.min(1, progress.done / progress.total)
      : stage && stage.window_us > 0 && stage.state === "watching" ? stage.counted_us / stage.window_us : null,
    oneWay: typeof node.keys?.["one_way"] === "string" || node.keys?.["one_way"] === true,
    children,
  };
}

/** The top nodes of the plan; empty while the graph is not known. */
export function outline(view: RunView): OutlineNode[] {
  if (!view.detail.graph) return [];
  const known: Known = {
    view,
    gates: new Map(view.detail.gates.map((gate) => [gate.path, gate])),
    stages: new Map(view.detail.rollouts.flatMap((rollout) => rollout.stages.map((stage) => [stage.path, stage]))),
  };
  return outlineOf(view.detail.graph, known).children;
}

/** A node of the plan by its path, as the plan has it. */
export function planNode({ detail }: RunView, path: string): PlanNode | null {
  const find = (node: PlanNode): PlanNode | null => {
    if (node.path === path) return node;
    for (const child of node.children ?? []) {
      const found = find(child);
      if (found) return found;
    }
    return null;
  };
  return detail.graph ? find(detail.graph) : null;
}

export function findNode(nodes: readonly OutlineNode[], path: string): OutlineNode | null {
  for (const node of nodes) {
    const found = node.path === path ? node : findNode(node.children, path);
    if (found) return found;
  }
  return null;
}
