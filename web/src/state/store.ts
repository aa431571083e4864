// What the page knows, as signals: the session, the connection, the server's clock, the runs, and the one
// run that is being looked at. Views read signals and call the functions here; they never talk to wire/.

import { batch, computed, effect, signal } from "@preact/signals";
import { api, ApiError, setCsrf, setLoggedOut } from "../wire/api";
import { compareSeq, nextSeq } from "../wire/decode";
import { type Connection, Stream } from "../wire/socket";
import type { Me, Message, NeedsYou, Run, RunEvent } from "../wire/types";
import type { Zone } from "../lib/format";
import { apply, applyHead, type RunView, viewOf, withHistory } from "./apply";
import { say, tell, tellOfEvents, tellOfHead } from "./announce";
import { ending, forgetSession, type Limits, lookAtSession, watchSession } from "./expiry";
import { plural } from "../lib/format";

/** Something fetched: loading, failed or there, and there it may be older than a failed try. */
export interface Loaded<T> {
  value: T | null;
  error: ApiError | null;
  loading: boolean;
}
export const nothing = <T>(): Loaded<T> => ({ value: null, error: null, loading: true });

// ---------------------------------------------------------------- session

export const me = signal<Me | null | "unknown">("unknown");
/** Why the last log-in did not work, or why it is needed. */
export const loginError = signal("");
/** The server has another version than the one this page came from. */
export const otherVersion = signal(false);

export const canOperate = computed(() => {
  const session = me.value;
  return typeof session === "object" && session !== null && session.role !== "viewer";
});

function enter(session: Me): void {
  setCsrf(session.csrf);
  batch(() => {
    setClock(session.now);
    loginError.value = "";
    mayReturn.value = false;
    me.value = session;
  });
  watchSession(session, SESSION_LIMITS);
  stream.start();
  stream.watch("*");
}

function leave(why: string): void {
  if (me.peek() === null) return;
  stream.stop();
  forgetSession();
  batch(() => {
    me.value = null;
    loginError.value = why;
  });
}

const SESSION_LIMITS: Limits = { connection: () => connection.peek().state, renew: () => renewSession() };

/** The log-in is asked for while the session is still good. */
export const mayReturn = signal(false);

/** Asks the server who we are, which counts as use of the session. */
export async function renewSession(): Promise<void> {
  const session = await api.me();
  setCsrf(session.csrf);
  const warned = ending.peek() !== null;
  watchSession(session, SESSION_LIMITS);
  if (warned && ending.peek() === null) say("session", "You stay logged in.");
}

/** A new session before this one ends: from the proxy that knows us, or by the log-in page, from which one may also go back. */
export async function logInAgain(): Promise<void> {
  stream.stop(); // the session it came with ends
  try {
    enter(await api.login({ proxy: true }));
  } catch {
    leave("Log in again. What you typed is kept.");
    mayReturn.value = true;
  }
}

export async function returnToSession(): Promise<void> {
  try {
    enter(await api.me());
  } catch (error) {
    batch(() => ((mayReturn.value = false), (loginError.value = messageOf(error))));
  }
}

/** What somebody logs in with. */
export type Proof = { token: string } | { person: string; password: string };

const WRONG = {
  token: "This token is not valid. A log-in link works once: ask for a new one.",
  password: "This name and password do not belong together.",
};

export async function logIn(proof: Proof): Promise<void> {
  try {
    enter(await api.login(proof));
  } catch (error) {
    batch(() => {
      loginError.value = error instanceof ApiError && error.status === 401
        ? WRONG["token" in proof ? "token" : "password"]
        : messageOf(error);
      me.value = null;
    });
  }
}

export async function logOut(): Promise<void> {
  await api.logout().catch(() => undefined);
  leave("");
}

/** A proxy in front of the server may have logged us in already: the refusal then says as whom. */
function byProxy(error: unknown): Promise<Me> {
  const known = error instanceof ApiError && error.status === 401 && typeof (error.body as { proxy?: unknown } | null)?.proxy === "string";
  return known ? api.login({ proxy: true }) : Promise.reject(error);
}

/** Called once: takes the token out of the address, or finds out whether there is a session. */
export async function startSession(): Promise<void> {
  setLoggedOut(() => leave("Your session has ended. What you typed is kept: log in again."));
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) {
    history.replaceState(null, "", location.pathname + location.search);
    await logIn({ token });
    return;
  }
  try {
    enter(await api.me().catch(byProxy));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) me.value = null;
    else batch(() => ((loginError.value = messageOf(error)), (me.value = null)));
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// ---------------------------------------------------------------- clock and connection

/** The server's time, in ms. It moves only while messages arrive, so that no countdown runs on without it. */
export const now = signal(Date.now());
export const connection = signal<Connection>({ state: "connecting" });
export const live = computed(() => connection.value.state === "live");
effect(() => void (connection.value.state !== "connecting" && lookAtSession()));

function setClock(text: string): void {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) now.value = at;
}

const stored = (key: string): string | null => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};
const store = (key: string, value: string): void => {
  try {
    localStorage.setItem(key, value);
  } catch {
    // private mode: the choice lasts as long as the page
  }
};

export type Theme = "system" | "light" | "dark";
export const zone = signal<Zone>(stored("zone") === "utc" ? "utc" : "local");
export const theme = signal<Theme>((["light", "dark"] as const).find((name) => name === stored("theme")) ?? "system");
export const shortcuts = signal(stored("shortcuts") !== "off");
effect(() => store("zone", zone.value));
effect(() => store("theme", theme.value));
effect(() => store("shortcuts", shortcuts.value ? "on" : "off"));

// ---------------------------------------------------------------- runs

/** Heads of runs by id: from the list, and from each "run" message. */
export const heads = signal<ReadonlyMap<string, Run>>(new Map());
export const needsYou = signal<NeedsYou[]>([]);
/** Counts up when something happened that the list of runs should be fetched again for. */
export const listChanged = signal(0);
/** Counts up at each return to live: what was fetched before may have changed unseen. */
export const reconnected = signal(0);

export function keepHeads(runs: readonly Run[]): void {
  const map = new Map(heads.peek());
  // how many steps are done only the list says, not the stream
  for (const run of runs) map.set(run.id, { ...run, steps_done: run.steps_done ?? (run.unavailable ? null : map.get(run.id)?.steps_done ?? null) });
  heads.value = map;
}

export async function refreshNeedsYou(): Promise<void> {
  try {
    const list = await api.runs({ limit: 1 });
    batch(() => {
      needsYou.value = list.needs_you;
      keepHeads(list.runs);
    });
  } catch {
    // the banner says that the server is away; the next message tries again
  }
}

let refreshTimer: ReturnType<typeof setTimeout> | null = null;
function refreshSoon(): void {
  refreshTimer ??= setTimeout(() => {
    refreshTimer = null;
    void refreshNeedsYou();
    listChanged.value += 1;
  }, 250);
}

function takeHead(run: Run): void {
  const before = heads.peek().get(run.id);
  if (before === undefined || before.state !== run.state || before.node !== run.node) refreshSoon();
  tellOfHead(before, run);
  keepHeads([run]);
}

// ---------------------------------------------------------------- the run that is looked at

export const EVENT_PAGE = 500;
/** Beyond any; a number in an address has 18 digits at most. */
const LAST_SEQ = "999999999999999999";
export const view = signal<RunView | null>(null);
export const viewError = signal<ApiError | null>(null);
let viewed = "";
let loads = 0;

/** Follows a run from now on, and no other. */
export function openRun(id: string): void {
  if (viewed === id) return;
  closeRun();
  viewed = id;
  void loadRun();
}

export function closeRun(): void {
  if (viewed !== "") stream.unwatch(viewed);
  viewed = "";
  loads += 1;
  batch(() => {
    view.value = null;
    viewError.value = null;
  });
}

/** Fetches the run and its newest events, then follows it from there. Also how a broken view is mended. */
export async function loadRun(): Promise<void> {
  const id = viewed;
  const load = (loads += 1);
  try {
    // both at once; the newest events may be older than the run as it was told, and then they are fetched again
    const [detail, newest] = await Promise.all([api.run(id), api.events(id, { before: LAST_SEQ, limit: EVENT_PAGE })]);
    const reaches = compareSeq(newest.events.at(-1)?.seq ?? "0", detail.seq) >= 0;
    const page = reaches ? newest : await api.events(id, { before: nextSeq(detail.seq), limit: EVENT_PAGE });
    if (load !== loads) return;
    batch(() => {
      viewError.value = null;
      view.value = withHistory(viewOf(detail), page.events);
      keepHeads([detail]);
    });
    stream.watch(id, detail.seq, page.events.find((event) => event.seq === detail.seq)?.at);
  } catch (error) {
    if (load === loads && error instanceof ApiError) viewError.value = error;
  }
}

/** Fetches the page of events before those that are there. False when there are none. */
export async function loadEarlier(): Promise<boolean> {
  const first = view.peek()?.events[0];
  if (!first || first.seq === "1") return false;
  const page = await api.events(first.run, { before: first.seq, limit: EVENT_PAGE });
  const current = view.peek();
  if (current?.detail.id === first.run) view.value = withHistory(current, page.events);
  return page.events.length > 0;
}

/** Puts a head that an answer of the server carried into the view. */
export function takeRun(run: Run): void {
  keepHeads([run]);
  const current = view.peek();
  if (current) view.value = applyHead(current, run);
}

/** The times of a run change with its state, and only the server adds them up. */
async function refreshTimes(): Promise<void> {
  const id = viewed;
  try {
    const { active_us, waiting_us, watching_us, part_times } = await api.run(id);
    const current = view.peek();
    if (current?.detail.id === id) view.value = { ...current, detail: { ...current.detail, active_us, waiting_us, watching_us, part_times } };
  } catch {
    // they are as they were at the last change
  }
}

let mending = false;
function mend(): void {
  if (mending) return;
  mending = true;
  setTimeout(() => {
    mending = false;
    if (viewed !== "") void loadRun();
  }, 200);
}

// ---------------------------------------------------------------- the stream

/** Frames that come close together are applied as one: a picture a screen's turn is enough. */
const FRAME_MS = 16;
let queued: Message[] = [];
/** Events of the viewed run that came since the stream is back, until it has caught up; null = it was not away. */
let missed: number | null = null;

/** What the stream says of itself. True when heads of runs were missed. */
function tellOfStream(messages: readonly Message[]): boolean {
  let heads = false;
  for (const message of messages) {
    if (message.t === "event" && message.run === viewed && missed !== null) missed += 1;
    if (message.t === "caught_up" && message.run === viewed && missed !== null) {
      if (missed > 0) tell(`Caught up: ${plural(missed, "event")} while this page was away.`);
      missed = null;
    }
    if (message.t === "reset" && (message.run === viewed || message.run === "*")) {
      tell(`This page was behind (${message.why || "it fell behind"}): it is fetched again.`);
      missed = null;
      heads ||= message.run === "*";
    }
  }
  return heads;
}

function receive(messages: Message[]): void {
  if (queued.length === 0) setTimeout(flush, FRAME_MS);
  for (const message of messages) queued.push(message);
}

function flush(): void {
  const messages = queued;
  queued = [];
  batch(() => {
    const events: RunEvent[] = [];
    for (const message of messages) {
      if (message.t === "tick") setClock(message.now);
      if (message.t === "run") takeHead(message.run);
      if (message.t === "event") events.push(message);
      if (message.t === "hello") {
        setClock(message.now);
        // a run that could not be loaded while the server was away is loaded now that it is back
        if (viewed !== "" && viewError.peek() !== null) void loadRun();
        const session = me.peek();
        otherVersion.value =
          typeof session === "object" && session !== null && message.version !== "" && message.version !== session.version;
      }
    }
    if (tellOfStream(messages)) {
      refreshSoon();
      mend();
    }
    const before = view.peek();
    if (before === null) return;
    const after = apply(before, messages);
    if (after.caughtUp) tellOfEvents(after.detail, events);
    view.value = after;
    if (after.broken !== null) mend();
    else if (after.detail.state !== before.detail.state) void refreshTimes();
  });
}

let wasLive = false;
function connectionChanged(next: Connection): void {
  const back = next.state === "live" && connection.peek().state !== "live";
  batch(() => {
    connection.value = next;
    if (back && wasLive) reconnected.value += 1;
  });
  if (next.state === "lost") {
    missed = null;
    tell("");
  }
  if (!back) return;
  if (wasLive) missed = 0;
  wasLive = true;
  refreshSoon();
}

export const stream = new Stream(receive, connectionChanged);
// a session that is over says so by 401, which leads to the log-in page; a role that changed is shown
stream.onSessionChanged = () => {
  api.me().then((session) => {
    setCsrf(session.csrf);
    me.value = session;
  }).catch(() => undefined);
};

/** Wakes the stream when the machine or the network wakes up. */
export function listenForWaking(): void {
  addEventListener("online", () => stream.retryNow());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") stream.retryNow();
  });
}
