// What `headgate plan` and `headgate check` say of a plan, as HTTP gives it.

import { call, post, runPath } from "./api";
import type { Json, JsonObject, NodeKind, PlanEntry, PlanNode } from "./types";

export interface Finding {
  file: string;
  line: number;
  rule: string;
  level: "error" | "warning" | "note";
  path: string;
  text: string;
  advice: string;
  /** The reason where the plan allows it. */
  allowed?: string | null;
}

export interface PlanFile {
  path: string;
  bytes: number;
  /** null: no text, or too long to be shown. */
  text: string | null;
}

export interface PlanDetail extends PlanEntry {
  graph: PlanNode | null;
  findings: Finding[];
  files: PlanFile[];
}

export interface DryStatement {
  class: string;
  what: string;
  sql: string;
  tables?: string[];
  locks?: { table: string; mode: string }[];
}

export interface DryItem {
  path: string;
  kind: NodeKind;
  file: string;
  line: number;
  outcome: "would_run" | "pass" | "fail" | "not_simulated" | "passed_over" | "error";
  text: string;
  tables?: string[];
  statements?: DryStatement[];
  rows?: number;
  migrate?: number;
  skip?: number;
  ambiguous?: number;
  errors?: number;
  /** Rows that would be written: the first ones, long values cut. */
  changes?: { key: string; before: JsonObject | null; after: JsonObject }[];
  samples?: { key: string; kind: string; reason: string }[];
}

/** The report of a dry run. */
export interface DryReport {
  plan: string;
  hash: string;
  environment: string;
  target: string;
  server?: Json;
  params: JsonObject;
  items: DryItem[];
  warnings: Finding[];
  wrote: boolean;
}

export const dryApi = {
  plan: (name: string) => call<PlanDetail>(`plans/${encodeURIComponent(name)}`),
  preview: (plan: string, environment: string, params: Record<string, Json>) =>
    post<DryReport>(`plans/${encodeURIComponent(plan)}/preview`, { environment, params }),
  previewRun: (id: string) => post<DryReport>(`${runPath(id)}/preview`, {}),
};
