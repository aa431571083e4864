// HTTP for the pages that are fetched when they are first shown: one function per address, as in api.ts.

import { call, post, query, runPath } from "./api";
import type { JsonObject, RunEvent } from "./types";

export type Level = "error" | "warn" | "info" | "debug";

export interface LogLine {
  seq: string;
  at: string;
  level: Level;
  path: string;
  type: string;
  text: string;
}

export type LevelledEvent = RunEvent & { level: Level; data: JsonObject };

/** Which entries of a run; undefined and "" = all. */
export interface EntryQuery {
  type?: string;
  path?: string;
  level?: string;
  q?: string;
}

export interface PageQuery {
  since?: string;
  before?: string;
  limit?: number;
  count?: 1;
}

export interface AuditEntry {
  run: string;
  seq: string;
  at: string;
  plan: string;
  environment: string;
  who: string;
  /** The type of the event. */
  what: string;
  node: string;
  why: string | null;
  data: JsonObject;
}

export interface AuditFilter {
  q?: string;
  person?: string;
  what?: string;
  run?: string;
  since?: string;
  until?: string;
}

/** What verifying the chain of a run found. */
export interface Chain {
  run: string;
  /** null: too many to be verified here; why says so. */
  entries: number | null;
  head: string;
  pruned: boolean;
  broken: { seq: number | null; node: string; text: string } | null;
  faults: number;
  verified_at?: string;
  why?: string;
}

export const pagesApi = {
  audit: (filter: AuditFilter, after?: string, limit?: number) =>
    call<{ entries: AuditEntry[]; next: string | null }>(`audit${query({ ...filter, after, limit })}`),
  chain: (id: string) => call<Chain>(`${runPath(id)}/audit`),
  events: (id: string, filter: EntryQuery, page: PageQuery) =>
    call<{ events: LevelledEvent[]; seq: string; total: number | null }>(`${runPath(id)}/events${query({ ...filter, ...page })}`),
  log: (id: string, filter: EntryQuery, page: PageQuery) =>
    call<{ lines: LogLine[]; seq: string; total: number | null }>(`${runPath(id)}/log${query({ ...filter, ...page })}`),
};

/** A flag, or the traffic of a load balancer, that a rollout sets. */
export interface Flag {
  flag: string;
  /** How it is set: sql_flag, haproxy, … */
  kind: string;
  environment: string;
  database: string;
  /** null: its run has not set it yet. */
  percent: number | null;
  enabled: boolean | null;
  at: string | null;
  run: string;
  plan: string;
  state: string;
  path: string;
}

export interface EnvironmentShown {
  environment: string;
  gates: "auto" | "people";
  targets: Record<string, { url: string | null; run_as: string | null }>;
  approvers: Record<string, string[]>;
  thresholds: { kind: "alert" | "goal"; group: string | null; metric: string; limit: string }[];
  metrics: Record<string, JsonObject>;
  variables?: Record<string, string>;
  stores?: Record<string, string>;
}

export interface Measured {
  guard: string;
  value: number | null;
  verdict: string;
  at: string;
  run: string;
}

export interface Token {
  id: string;
  kind: "api" | "once";
  label: string;
  created_at: string;
  seen_at: string | null;
  expires_at: string;
  used_at: string | null;
}

export const settingsApi = {
  flags: () => call<{ flags: Flag[] }>("flags"),
  settings: () => call<{ environments: EnvironmentShown[]; measured: Measured[] }>("settings"),
  tokens: () => call<{ tokens: Token[] }>("tokens"),
  createToken: (label: string, days: number) => post<{ token: string }>("tokens", { label, days }),
  revokeToken: (id: string) => post<unknown>(`tokens/${encodeURIComponent(id)}/revoke`, {}),
};
