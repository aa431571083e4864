// HTTP: one function per address of docs/protocol.md. A failed call throws ApiError; a command carries the
// CSRF token of the session and an idempotency key, so that a repeated try has one effect.

import { parseExact, stringifyExact } from "../lib/json";
import type {
  Budget, Checklist, Gate, GateWord, Json, JsonObject, Kept, Me, AskedKind, PlanEntry, RequestKind, ReviewDecision,
  ReviewPage, ReviewTaken, Rollout, RunDetail, RunEvent, RunList, TuneName,
} from "./types";

export class ApiError extends Error {
  constructor(
    /** 0: the server could not be reached. */
    readonly status: number,
    readonly kind: string,
    message: string,
    readonly hint: string,
    readonly body: unknown,
  ) {
    super(message);
  }
}

let csrf = "";
let onLoggedOut: () => void = () => undefined;

export function setCsrf(token: string): void {
  csrf = token;
}

/** Called when a session turned out to be over. */
export function setLoggedOut(run: () => void): void {
  onLoggedOut = run;
}

/** Random text for an Idempotency-Key; randomUUID exists only in secure contexts. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const STATUS_TEXT: Record<number, string> = {
  401: "You are not logged in.",
  403: "You are not allowed to do this.",
  404: "This does not exist.",
  409: "Something changed meanwhile.",
  429: "Too many requests: wait a moment.",
  503: "The state database cannot be reached. The server tries again by itself.",
};

async function failure(response: Response): Promise<ApiError> {
  let body: unknown = null;
  try {
    body = await response.json();
  } catch {
    // a proxy's page: the status says enough
  }
  const error = (body as { error?: { kind?: unknown; message?: unknown; hint?: unknown } } | null)?.error;
  const fallback = STATUS_TEXT[response.status] ?? `The server answered ${response.status}.`;
  return new ApiError(
    response.status,
    typeof error?.kind === "string" ? error.kind : "",
    typeof error?.message === "string" && error.message !== "" ? error.message : fallback,
    typeof error?.hint === "string" ? error.hint : "",
    body,
  );
}

export async function call<T>(path: string, options: RequestInit = {}, parse: (text: string) => unknown = JSON.parse): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/${path}`, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The server cannot be reached.", "", null);
  }
  if (!response.ok) {
    const error = await failure(response);
    if (error.status === 401 && path !== "login") onLoggedOut();
    throw error;
  }
  return (response.status === 204 ? null : parse(await response.text())) as T;
}

interface PostOptions {
  ifMatch?: string;
  key?: string;
}

function posted(path: string, body: unknown, { ifMatch, key = newKey() }: PostOptions): [path: string, options: RequestInit] {
  const headers: Record<string, string> = {
    "Content-Type": "application/json",
    "X-Headgate-CSRF": csrf,
    "Idempotency-Key": key,
  };
  if (ifMatch !== undefined) headers["If-Match"] = `"${ifMatch}"`;
  return [path, { method: "POST", headers, body: stringifyExact(body) }];
}

export const post = <T>(path: string, body: unknown, options: PostOptions = {}): Promise<T> => call<T>(...posted(path, body, options));

export function query(values: Record<string, string | number | undefined>): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs.map(([key, value]) => [key, String(value)]))}`;
}

export const runPath = (id: string) => `runs/${encodeURIComponent(id)}`;
const gatePath = (id: string, path: string) => `${runPath(id)}/gates/${encodeURIComponent(path)}`;

export interface RunFilter {
  state?: string;
  plan?: string;
  env?: string;
  q?: string;
  before?: string;
  limit?: number;
}

export interface EventQuery {
  since?: string;
  before?: string;
  limit?: number;
  type?: string;
}

export interface ReviewQuery {
  state?: string;
  step?: string;
  reason?: string;
  limit?: number;
  after?: string;
}

export const api = {
  me: () => call<Me>("me"),
  login: (proof: { token: string } | { person: string; password: string } | { proxy: true }) => post<Me>("login", proof),
  logout: () => post<unknown>("logout", {}),
  runs: (filter: RunFilter = {}) => call<RunList>(`runs${query({ ...filter })}`),
  run: (id: string) => call<RunDetail>(runPath(id)),
  plans: () => call<{ plans: PlanEntry[] }>("plans"),
  start: (plan: string, environment: string, params: Record<string, Json>, key: string) =>
    post<{ id: string }>("runs", { plan, environment, params }, { key }),
  request: (id: string, version: string, kind: RequestKind, why: string, key: string) =>
    post<unknown>(`${runPath(id)}/requests`, { kind, why }, { ifMatch: version, key }),
  ask: (id: string, version: string, asked: { kind: AskedKind; path: string; why: string; sql?: string }, key: string) =>
    post<unknown>(`${runPath(id)}/requests`, asked, { ifMatch: version, key }),
  tune: (id: string, version: string, tune: { path: string; why: string } & Partial<Record<TuneName, number>>, key: string) =>
    post<unknown>(`${runPath(id)}/requests`, { kind: "tune", ...tune }, { ifMatch: version, key }),
  events: (id: string, options: EventQuery) =>
    call<{ events: RunEvent[]; seq: string }>(`${runPath(id)}/events${query({ ...options })}`),
  /** The text as well: what is downloaded is what the server sent. */
  report: (id: string) => call<{ text: string; report: Json }>(`${runPath(id)}/report`, {}, (text) => ({ text, report: JSON.parse(text) })),
  /** Where the report is downloaded as html, json, junit, md or text. */
  reportFile: (id: string, format: string) => `/api/${runPath(id)}/report?format=${format}`,
  checklist: (id: string) => call<{ checklist: Checklist | null; budgets: Budget[] }>(`${runPath(id)}/checklist`),
  gate: (id: string, path: string) => call<Gate>(gatePath(id, path)),
  decide: (gate: Gate, word: GateWord, comment: string, fields: JsonObject, key: string) =>
    post<Gate>(`${gatePath(gate.run, gate.path)}/${word}`, Object.keys(fields).length > 0 ? { comment, fields } : { comment }, { ifMatch: gate.digest, key }),
  recheck: (id: string, path: string) => post<Gate>(`${gatePath(id, path)}/recheck`, {}),
  kept: (id: string) => call<{ kept: Kept[] }>(`${runPath(id)}/kept`),
  rollout: (id: string) => call<Rollout | Rollout[] | { rollouts: Rollout[] }>(`${runPath(id)}/rollout`),
  review: (id: string, options: ReviewQuery) => call<ReviewPage>(`${runPath(id)}/review${query({ ...options })}`, {}, parseExact),
  decideRows: (id: string, decisions: ReviewDecision[], key: string) =>
    post<{ decided: number }>(`${runPath(id)}/review`, { decisions }, { key }),
  /** Where the open rows are downloaded, with a column to fill in. */
  reviewFile: (id: string, options: ReviewQuery) => `/api/${runPath(id)}/review${query({ ...options, format: "csv" })}`,
  takeReview: (id: string, csv: string, apply: boolean, key: string) =>
    call<ReviewTaken>(...posted(`${runPath(id)}/review/file`, { csv, apply }, { key }), parseExact),
  answer: (id: string, path: string, item: number, note: string, key: string) =>
    post<unknown>(`${runPath(id)}/answers`, { path, item, note }, { key }),
};
