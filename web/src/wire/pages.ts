// HTTP for the pages that are fetched when they are first shown: one function per address, as in api.ts.

import { call, query, runPath } from "./api";
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
