// A server that speaks docs/protocol.md about a made-up run: node mock/server.mjs [--port N] [--dist DIR] [--at LABEL]
// [--every MS]. The story stands still at LABEL ("gate", "stage", …) unless --every plays it on.
//
// Log in with the token "bob" (administrator), "alice" (who started) or "vera" (viewer). For tests:
// POST /mock/goto {at}, /mock/next, /mock/drop {ms} (goes away), /mock/quiet {on} (sends nothing), /mock/gate-changes,
// /mock/session {ends_s, idle_s, times} (when the session ends; idle_s for so many answers), /mock/version {version} (after the next connection), /mock/behind {run} (its viewers have to fetch it again),
// /mock/gate (what of the newest gate is otherwise), /mock/empty (no runs, no plans), /mock/decided (two rows of the review), /mock/breach (the guards of the watched stage are breached, and the run is held),
// /mock/advanced (the watch of the first stage was ended early).
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { WebSocketServer } from "ws";
import { flagsOf, SETTINGS, tokens } from "./settings.mjs";
import { auditPage, chainOf, eventPage, logPage, OLDER } from "./entries.mjs";
import { dryReport, planDetail } from "./plans.mjs";
import { graph, head, iso, newGate, newReview, newRollout, otherRuns, story } from "./story.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const CSP = "default-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";
const PEOPLE = {
  alice: { role: "operator", roles: { demo: ["product"] } },
  bob: { role: "administrator", roles: { demo: ["admin"], production: ["admin"] } },
  vera: { role: "viewer", roles: {} },
};

/** As runtime/rollout/asked.c has it. */
const WAYS = [["repair", 1], ["skip", 2], ["advance", 2]].map(([kind, need]) => ({ kind, need, approvers: ["admin"], auto: false }));
/** As runtime/run/undo.c has it. */
const MAY = {
  pause: ["running", "waiting", "watching", "held", "throttled", "rolling_back"],
  resume: ["held", "paused"],
  retry: ["held", "rollback_blocked", "failed"],
  skip: ["rollback_blocked"],
  repair: ["rollback_blocked"],
  rollback: ["running", "waiting", "watching", "held", "throttled", "paused", "failed", "done"],
  abort: ["pending", "running", "waiting", "watching", "held", "throttled", "paused", "failed", "rollback_blocked"],
  tune: ["running", "throttled"],
  advance: ["watching"],
};
/** As runtime/run/tune.c has it. */
const TUNES = [
  { name: "speed", least: 1, most: 100, unit: "percent", doc: "the share of the time that workers work, at most" },
  { name: "batch_us", least: 5000, most: 5_000_000, unit: "us", doc: "how long a batch takes" },
  { name: "pause_us", least: 0, most: 60_000_000, unit: "us", doc: "the rest between two batches of a worker" },
  { name: "workers", least: 1, most: 16, unit: "", doc: "how many workers there are" },
];
const HOW = { step: "its down", backfill: "old values, where ours still stand", rollout: "0 % and off", task: "its undo" };

const undoOf = (steps) => ({
  steps: steps.filter((step) => HOW[step.kind] && step.state !== "undone")
    .map(({ path, kind, state }) => ({ path, kind, name: path.split("/").at(-1), state, how: HOW[kind] })).reverse(),
  no_way_back: [],
});

const APART_MS = 15_000;

class World {
  constructor() {
    this.viewers = new Set();
    this.quiet = false;
    this.downUntil = 0;
    this.reset();
  }

  reset() {
    this.tokens = undefined;
    this.quiet = false;
    this.empty = false;
    this.version = "0.1.0";
    this.session = {};
    this.downUntil = 0;
    this.ago = 0;
    this.live = { ...head(42, { state: "pending", seq: "0", created: Date.now() - 400_000, state_since: iso(Date.now() - 400_000) }), graph, steps: [], gates: [], rollouts: [newRollout()], review: { open: 0, applied: 0, skipped: 0 }, active_us: 41e6, waiting_us: 0, watching_us: 0 };
    this.events = [];
    this.others = otherRuns();
    this.rows = newReview();
    this.gates = new Map();
    this.story = story(this);
    this.at = 0;
  }

  /** Ends in ends_s; idles in idle_s, for so many answers (times), and then is renewed. */
  sessionOf() {
    const { ends_s = 43_200, idle_s = 7_200, times = 0 } = this.session;
    this.session.times = times - 1;
    const inS = (seconds) => iso(Date.now() + seconds * 1_000);
    return { ends_at: inS(ends_s), idle_at: inS(times > 0 ? idle_s : 7_200) };
  }

  send(message, wants) {
    if (this.quiet) return;
    for (const viewer of this.viewers) if (wants(viewer)) viewer.socket.send(JSON.stringify([message]));
  }

  head() {
    const { graph: _g, steps: _s, pace: _p, gates: _a, rollouts: _r, review: _v, ...run } = this.live;
    return { ...run, lease_until: iso(Date.now() + 9_000) };
  }

  /** The time of what happens: a story that is told at once is spread over the past. */
  time() {
    return iso(Date.now() - this.ago);
  }

  change(change) {
    Object.assign(this.live, change, { version: String(Number(this.live.version) + 1) });
    if (change.state) this.live.state_since = this.time();
    if (change.state === "done") this.live.finished_at = this.live.state_since;
    this.send({ t: "run", run: this.head() }, (viewer) => viewer.watched.has("*"));
  }

  event(type, path, data) {
    const event = { run: "42", seq: String(this.events.length + 1), at: this.time(), type, node: path, data };
    this.events.push(event);
    this.live.seq = event.seq;
    this.keep(event);
    this.send({ t: "event", ...event }, (viewer) => viewer.watched.has("42"));
  }

  /** The server's own view of what an event changed. */
  keep({ type, node, data, at }) {
    const { live } = this;
    if (type === "step.state") {
      const old = live.steps.find((row) => row.path === node);
      const step = { path: node, kind: data.kind, state: data.to, attempt: 1, started_at: old?.started_at ?? at, finished_at: data.to === "done" ? at : null, detail: data.detail, error: data.error };
      live.steps = [...live.steps.filter((row) => row !== old), step];
      live.node = data.to === "running" ? node : live.node;
    }
    if (type === "review.open") live.review = { open: this.rows.filter((row) => row.state === "open").length, applied: 0, skipped: 0 };
    if (type === "step.throttle") live.pace = { path: node, at, ...data };
    const [rollout] = live.rollouts;
    const stage = rollout.stages.find((row) => row.path === node);
    if (type === "rollout.flag") Object.assign(rollout, { percent: data.percent, intended_percent: data.percent, enabled: data.enabled });
    if (type === "rollout.stage") {
      Object.assign(stage, { state: data.state, opened_at: stage.opened_at ?? at, closed_at: data.state === "done" ? at : null });
      if (data.state === "done") Object.assign(stage, { counted_us: stage.window_us, left_us: 0 });
      rollout.automation = data.state;
    }
    if (type === "rollout.advanced") stage.advanced = data;
    if (type === "rollout.sample") {
      Object.assign(stage, { counted_us: data.counted_us, left_us: data.left_us });
      for (const row of data.guards) {
        Object.assign(rollout.guards.find((entry) => entry.guard === row.guard), row, { at });
        let line = rollout.samples.find((entry) => entry.guard === row.guard);
        if (!line) rollout.samples.push((line = { guard: row.guard, points: [] }));
        line.points.push([at, row.value, row.verdict]);
      }
    }
  }

  openGate(path, who) {
    const gate = newGate("42", path);
    this.gates.set(path, gate);
    this.live.gates = [...this.gates.values()];
    this.change({ state: "waiting", node: path, reason: { kind: "gate", text: `waiting for ${gate.need} × ${who.join(", ")}`, path, who, since: this.time(), expires: gate.expires_at, on_expire: "hold" } });
    this.event("gate.opened", path, { question: gate.question, approvers: gate.approvers, need: gate.need, digest: gate.digest, expires_at: gate.expires_at });
    this.event("run.state", "", { from: "running", to: "waiting", why: "a gate opened", reason: this.live.reason });
  }

  closeGate(path, state) {
    const gate = this.gates.get(path);
    if (gate.state !== "open") return;
    Object.assign(gate, { state, closed_at: this.time() });
    this.event("gate.closed", path, { state, by: gate.approvals.at(-1)?.person ?? "bob" });
    this.change({ state: state === "approved" ? "running" : "held", reason: state === "approved" ? null : { kind: "gate", text: `${path} was rejected`, path } });
  }

  next() {
    const entry = this.story[this.at];
    if (!entry) return false;
    this.at += 1;
    entry[1]();
    return true;
  }

  goto(label) {
    const to = this.story.findIndex(([name], index) => index >= this.at && name === label);
    this.ago = Math.max(0, to - this.at) * APART_MS;
    this.live.created_at = iso(Date.now() - this.ago - 400_000);
    for (; this.at < to && this.next(); this.ago -= APART_MS);
    this.ago = 0;
    this.next();
  }

  /** The first guard of the watched stage is over its limit, so often that the stage is held. */
  breach() {
    const [rollout] = this.live.rollouts;
    const stage = rollout.stages.find((row) => row.state === "watching");
    const guards = rollout.guards.map((row, index) => ({ ...row, value: index === 0 ? row.limit * 4.2 : row.value, verdict: index === 0 ? "breach" : row.verdict, breaches: index === 0 ? row.breaches_max : 0 }));
    this.event("rollout.sample", stage.path, { stage: stage.percent, counted_us: stage.counted_us, left_us: stage.left_us, guards });
    this.event("rollout.stage", stage.path, { percent: stage.percent, state: "held", window_us: stage.window_us });
    const reason = { kind: "breach", text: `${guards[0].metric} was 4.2% (limit 1%)`, path: stage.path, who: ["operator"], since: iso(Date.now()), expires: null, on_expire: null };
    this.event("run.state", "", { from: "watching", to: "held", why: "a guard was breached", reason });
    this.change({ state: "held", reason });
  }

  /** A person waits at an open gate: the story does not go past it by itself. */
  waits() {
    return [...this.gates.values()].some((gate) => gate.state === "open") || this.live.state === "paused";
  }

  needsYou(person) {
    if (this.empty) return [];
    const started = person === "alice";
    const needs = [...this.gates.values()].filter((gate) => gate.state === "open").map((gate) => ({
      run: "42", plan: "canonical-events", environment: "demo", kind: "gate", path: gate.path, text: `${gate.path} needs ${gate.need} × ${gate.approvers.join(", ")}`, since: gate.opened_at, mine: !started && person !== "vera" }));
    if (this.live.review.open > 0) needs.push({ run: "42", plan: "canonical-events", environment: "demo", kind: "review", path: null, text: `${this.live.review.open} rows to review in backfill/campaigns.data_sources_v2`, since: iso(Date.now() - 120_000), mine: person !== "vera" });
    needs.push({ run: "41", plan: "move-to-uuid-keys", environment: "production", kind: "held", path: null, text: "error_rate has had no data for 60 s", since: iso(Date.now() - 1_320_000), mine: person !== "vera" });
    return needs;
  }

  runs(query) {
    if (this.empty) return [];
    const word = (query.get("q") ?? "").toLowerCase();
    return [this.head(), ...this.others].filter((run) =>
      (!query.get("state") || run.state === query.get("state")) && (!query.get("env") || run.environment === query.get("env")) &&
      (!query.get("plan") || run.plan === query.get("plan")) && (!query.get("before") || Number(run.id) < Number(query.get("before"))) &&
      `${run.plan} ${run.id} ${run.started_by}`.toLowerCase().includes(word)).slice(0, Number(query.get("limit") ?? 50));
  }

  detail(id) {
    const detail = this.page(id);
    return detail && { pace: null, ...detail, may: MAY, tunes: TUNES, undo: undoOf(detail.steps) };
  }

  page(id) {
    const part_times = [["expand", 20e6, 0, 0], ["backfill", 21e6, 35e6, 0], ["start-rollout", 0, 60e6, 0]]
      .map(([path, active_us, waiting_us, watching_us]) => ({ path, active_us, waiting_us, watching_us }));
    if (id === "42") return { ...this.head(), mend: WAYS, pace: this.live.pace ?? null, part_times, active_us: 41e6, graph, steps: this.live.steps, gates: this.live.gates.map(({ evidence: _e, next: _n, ...gate }) => gate), rollouts: this.live.rollouts, review: this.live.review, waiting_us: 95e6, watching_us: 0 };
    const run = this.others.find((row) => row.id === id);
    if (!run) return null;
    const error = run.state === "failed" ? { kind: "database", sqlstate: "55P03", message: "canceling statement due to lock timeout", detail: "ALTER TABLE events waited 5 s for process 4711 (SELECT …, idle in transaction since 14:02)", hint: "End that session, then retry." } : null;
    const leaves = graph.children.flatMap((node) => (node.kind === "phase" ? node.children : [node]));
    const steps = leaves.slice(0, run.steps_done).map((node, index) => ({
      path: node.path, kind: node.kind, state: run.state === "rolled_back" ? "undone" : run.state === "rollback_blocked" && node.path === run.node ? "undo_failed" : error && index === run.steps_done - 1 ? "failed" : "done", attempt: error ? 3 : 1, started_at: run.created_at, finished_at: run.state_since, detail: {}, error: error && index === run.steps_done - 1 ? error : null }));
    return { ...run, graph, steps, gates: [], mend: WAYS, rollouts: run.state === "held" ? [{ ...newRollout(), percent: 10, intended_percent: 10, enabled: true, automation: "held" }] : [], review: { open: 0, applied: 0, skipped: 0 }, part_times: [], active_us: 81e6, waiting_us: 0, watching_us: 0 };
  }
}

/** Somebody asks for the end of the watch: the gate is open while the story stands still. */
function askAdvance(world, path, person, why) {
  const { percent, counted_us } = world.live.rollouts[0].stages.find((stage) => stage.path === path);
  const gate = { ...newGate("42", `${path}/advance`), expires_at: null, on_expire: null, approvers: ["admin"], need: 2, then: "go to 50 %", evidence: [{ path, kind: "stage", verdict: "pass", text: `watched ${Math.round(counted_us / 6e7)}m; all 2 guards hold; ${person} says: ${why}`, at: null }],
    question: `End the watch of "v2_canonical_system" at ${percent} % early, and go to 50 %?`, next: [{ kind: "advance", path, text: `end the watch of v2_canonical_system at ${percent} %, and go to 50 %` }] };
  world.gates.set(gate.path, gate);
  world.live.gates = [...world.gates.values()];
  world.event("gate.opened", gate.path, { question: gate.question, approvers: gate.approvers, need: gate.need, digest: gate.digest, expires_at: null });
}

const failed = (status, kind, message, hint = "") => ({ status, body: { error: { kind, message, hint } } });
const ok = (body, status = 200) => ({ status, body });

function review(world, query, id) {
  const state = query.get("state") ?? "open";
  const of = id === "42" ? world.rows.filter((row) => row.state === state) : [];
  const rows = of.filter((row) => (!query.get("reason") || row.reason === query.get("reason")) && (!query.get("step") || row.step === query.get("step")));
  const reasons = [...new Map(of.map((row) => [`${row.step}|${row.reason}`, row])).values()].map(({ step, kind, reason }) => ({ step, kind, reason, count: of.filter((row) => row.reason === reason && row.step === step).length }));
  return ok({ total: of.length, reasons, rows, next: null });
}

function decideRows(world, body, person) {
  let decided = 0;
  for (const decision of body.decisions)
    for (const row of world.rows)
      if (row.state === "open" && row.step === decision.step && (decision.reason ? row.reason === decision.reason : String(row.key) === String(decision.key))) {
        Object.assign(row, { state: decision.decision.skip ? "skipped" : "applied", decision: decision.decision });
        decided += 1;
      }
  world.live.review.open = world.rows.filter((row) => row.state === "open").length;
  world.event("review.decided", body.decisions[0].step, { count: decided, by: person, decision: body.decisions[0].decision });
  world.event("review.open", body.decisions[0].step, { open: world.live.review.open, reasons: [] });
  world.change({});
  return ok({ decided });
}

/** A file is not read here: it stands for one that decides two rows, or for a broken one. */
function takeFile(world, { csv, apply }) {
  const [first, second] = world.rows.filter((row) => row.state === "open");
  const change = (line, row, decision, choice) => ({ line, step: row.step, key: row.key, decision, choice });
  const problems = csv.includes("wrong") ? [{ line: 3, text: 'a decision is the number of a choice, skip or {"column": value}, not "wrong"' }] : [];
  const changes = [change(2, first, { choice: 0 }, first.choices?.[0] ?? null), ...(problems.length > 0 ? [] : [change(3, second, { skip: true }, null)])];
  if (apply) decideRows(world, { decisions: changes }, "bob");
  return ok({ applied: apply, rows: 14, decided: changes.length, changes, problems });
}

function gateView(gate, person) {
  const started = person === "alice";
  const viewer = person === "vera";
  return { ...gate, may: { approve: gate.state === "open" && !started && !viewer, why: started ? "you started this run" : viewer ? `needs role ${gate.approvers[0]}` : "", ...gate.mayToo } };
}

function decide(world, path, decision, { body, person, ifMatch }) {
  const gate = world.gates.get(path);
  if (!gate) return failed(404, "missing", "There is no such gate.");
  if (ifMatch !== `"${gate.digest}"`) return { status: 409, body: { ...gateView(gate, person), error: { kind: "changed", message: "The gate changed meanwhile." } } };
  if (!gateView(gate, person).may.approve) return failed(403, "refused", gateView(gate, person).may.why || "The gate is closed.");
  gate.approvals.push({ person, roles: ["admin"], decision, comment: body.comment, at: iso(Date.now()) });
  world.event("gate.approval", path, { person, decision, comment: body.comment });
  if (decision === "reject" || gate.approvals.length >= gate.need) world.closeGate(path, decision === "reject" ? "rejected" : "approved");
  return ok(gateView(gate, person));
}

function request(world, id, { body, person, ifMatch }) {
  if (id !== "42") return failed(409, "changed", "This run stands still: it is only a picture.");
  if (ifMatch !== `"${world.live.version}"`) return failed(409, "changed", "The run changed meanwhile.");
  world.event("request", "", { kind: body.kind, by: person, why: body.why, ...(body.kind === "tune" ? { body } : {}) });
  if (body.kind === "tune") {
    const { path, at: _at, ...pace } = world.live.pace;
    world.event("step.throttle", path, { ...pace, most: body.speed === undefined ? pace.most : body.speed / 100, batch_us: body.batch_us ?? pace.batch_us, pause_us: body.pause_us ?? pace.pause_us, workers: body.workers ?? pace.workers });
  }
  if (body.kind === "pause") world.change({ state: "paused", reason: { kind: "paused", text: `paused by ${person}${body.why ? `: ${body.why}` : ""}`, who: ["operator"], since: iso(Date.now()) } });
  if (body.kind === "advance") askAdvance(world, body.path, person, body.why);
  if (body.kind === "resume") world.change({ state: "running", reason: null });
  if (body.kind === "abort") world.change({ state: "aborted", reason: null, finished_at: iso(Date.now()) });
  if (body.kind === "rollback") world.change({ state: "rolling_back", direction: "back", reason: { kind: "request", text: `${person}: ${body.why}` } });
  return ok({}, 202);
}

function report(world, id) {
  const run = world.detail(id);
  return ok({ run: id, plan: run.plan, hash: run.hash, environment: run.environment, state: run.state, started_by: run.started_by, created_at: run.created_at, finished_at: run.finished_at, active_us: run.active_us, waiting_us: run.waiting_us,
    steps: run.steps.map(({ path, kind, state, attempt, started_at, finished_at }) => ({ path, kind, state, attempt, started_at, finished_at })),
    approvals: run.gates.flatMap((gate) => gate.approvals.map(({ person, decision, comment, at }) => ({ gate: gate.path, person, decision, comment, at }))), rollouts: run.rollouts, rows: run.review });
}

/** Boxes as the ledger would fill them in. */
function checklist(run) {
  const stateOf = (path) => run.steps.find((step) => step.path === path)?.state;
  const box = (line, headings, text, path, kind) => {
    const state = path === null ? "unbound" : { done: "ticked", failed: "failed", undone: "taken_back" }[stateOf(path)] ?? "open";
    const ticks = path === null ? [] : [{ path, kind, name: path, state, text: state === "ticked" ? "0 rows" : null, by: kind === "gate" ? ["bob"] : [], at: null }];
    return { text, line, headings, outer: null, claimed: false, class: path === null ? "unbound" : kind === "gate" ? "sign-off" : "automatic", state, ticks };
  };
  const boxes = [
    box(3, ["Cleanup", "Verification"], "All events have canonical format", "backfill/every event is canonical", "verify"),
    box(4, ["Cleanup", "Verification"], "All tests passing", "start-rollout", "gate"),
    box(8, ["Cleanup", "Code"], "Nobody knows <b>what</b> this means", null, ""),
  ];
  const count = (state) => boxes.filter((one) => one.state === state).length;
  return {
    checklist: { file: "document.md", counts: { boxes: 3, ticked: count("ticked"), failed: count("failed"), unbound: 1 }, boxes },
    budgets: [{ name: "downtime", measured_us: 960_000_000, budget_us: 900_000_000, over: true }, { name: "rollback", measured_us: null, budget_us: 900_000_000, over: false }],
  };
}

const PARAMS = [
  { name: "owner", type: "integer", doc: "The user who owns what nobody owns", required: true, default: null, choices: null },
  { name: "batch_label", type: "text", doc: null, required: false, default: "spring", choices: null },
  { name: "mode", type: "choice", doc: "How much is looked at", required: false, default: "gentle", choices: ["gentle", "thorough"] },
];

const partsOf = (node) => (node.children ?? []).flatMap((child) =>
  [{ path: child.path, kind: child.kind, name: child.name, doc: child.keys?.doc ?? null, one_way: child.keys?.one_way ?? null }, ...partsOf(child)]);

const PLANS = [
  { name: "canonical-events", doc: "Give every event a canonical form, then let the V2 system out gradually", hash: "7f3c9e0042b1d4a09c55", error: null, environments: ["demo", "production"], params: PARAMS, parts: partsOf(graph) },
  { name: "hello", doc: "One step, one backfill, one gate", hash: "a11c0ffee0a11c0ffee0", error: null, environments: ["demo"], params: [], parts: [] },
  { name: "ownership-columns", doc: null, hash: null, error: "plans/ownership-columns/plan.lua:40: gate \"start-rollout\" has no field \"aprovers\" (did you mean approvers?)", environments: [], params: [], parts: [] },
];

/** The API: method and path to an answer. */
function answer(world, method, path, query, call) {
  const { person, body } = call;
  const [first, id, part, rest, last] = path.split("/").map(decodeURIComponent);
  if (path === "me") return ok({ person, ...PEOPLE[person], csrf: "csrf", version: world.version, now: iso(Date.now()), session: world.sessionOf() });
  if (path === "logout") return { ...ok({}), cookie: "headgate_session=; Path=/; Max-Age=0" };
  if (path === "plans") return ok({ plans: world.empty ? [] : PLANS });
  if (first === "plans") {
    const plan = PLANS.find((one) => one.name === id);
    if (!plan) return failed(404, "missing", `there is no plan "${id}"`);
    if (part === undefined) return ok(planDetail(plan));
    return PEOPLE[person].role === "viewer" ? failed(403, "refused", "needs role operator") : ok(dryReport(body.environment, body.params));
  }
  if (path === "flags") return ok({ flags: world.empty ? [] : flagsOf(world.live.rollouts[0]) });
  if (path === "settings") return ok(SETTINGS);
  if (first === "tokens") return tokens(world, method, id, body);
  if (path === "audit") return ok(auditPage(world.events, OLDER, query));
  if (first !== "runs") return failed(404, "missing", "There is no such address.");
  if (id === undefined && method === "GET") return ok({ now: iso(Date.now()), needs_you: world.needsYou(person), unavailable: [], runs: world.runs(query) });
  if (method === "POST" && PEOPLE[person].role === "viewer") return failed(403, "refused", "needs role operator");
  if (id === undefined) {
    world.reset();
    world.next();
    return ok({ id: "42" }, 201);
  }
  if (world.detail(id) === null) return failed(404, "missing", `There is no run ${id}.`);
  if (part === undefined) return ok(world.detail(id));
  if (part === "events") return ok(eventPage(id === "42" ? world.events : [], query));
  if (part === "preview") return ok(dryReport("demo", { owner: 7 }));
  if (part === "audit") return ok(chainOf(id, world.detail(id).seq));
  if (part === "log") return ok(logPage(id === "42" ? world.events : [], query));
  if (part === "gates" && last === undefined) return world.gates.has(rest) && id === "42" ? ok(gateView(world.gates.get(rest), person)) : failed(404, "missing", "There is no such gate.");
  if (part === "gates") return decide(world, rest, last, call);
  if (part === "rollout") return ok(world.detail(id).rollouts[0] ?? null);
  if (part === "kept") return ok({ kept: [
    { path: "expand/canonical_event column", relation: "public.events", columns: ["canonical_event"], rows: 12345 },
    { path: "expand/canonical_event column", relation: "public.campaigns", columns: ["data_sources_v2"], rows: 0 },
  ] });
  if (part === "review" && rest === "file") return takeFile(world, body);
  if (part === "review") return method === "GET" ? review(world, query, id) : decideRows(world, body, person);
  if (part === "requests") return request(world, id, call);
  if (part === "report") return report(world, id);
  if (part === "checklist") return ok(checklist(world.detail(id)));
  if (part === "answers") {
    world.event("manual.answer", body.path, { item: body.item, note: body.note, by: person });
    return ok({});
  }
  return failed(404, "missing", "There is no such address.");
}

function control(world, name, body) {
  if (name === "goto") world.goto(body.at);
  if (name === "reset") world.reset();
  if (name === "next") for (let i = 0; i < (body.times ?? 1); i += 1) world.next();
  if (name === "quiet") {
    world.quiet = body.on;
    if (!body.on) for (const viewer of world.viewers) viewer.socket.terminate();
  }
  // the entries so far happened this many hours ago
  if (name === "earlier") for (const event of world.events) event.at = iso(Date.parse(event.at) - body.hours * 3_600_000);
  if (name === "flood") for (let i = 0; i < body.events; i += 1) world.event("log", "backfill/events.canonical_event", { level: i % 1_000 === 999 ? "warn" : "info", text: `line ${i}` });
  if (name === "drop") {
    world.downUntil = Date.now() + body.ms;
    for (const viewer of world.viewers) viewer.socket.terminate();
  }
  if (name === "session") world.session = { ...body };
  if (name === "version") world.version = body.version;
  if (name === "behind") world.send({ t: "reset", run: body.run, seq: world.live.seq, why: "fell behind" }, () => true);
  if (name === "empty") world.empty = true;
  if (name === "breach") world.breach();
  // the watch of the first stage was ended early
  if (name === "advanced") {
    const [stage] = world.live.rollouts[0].stages;
    world.event("rollout.advanced", stage.path, { percent: stage.percent, gate: `${stage.path}/advance`, by: "alice", why: "the release waits", approved_by: ["bob", "dora"], counted_us: stage.window_us / 4, window_us: stage.window_us });
  }
  if (name === "decided") [["applied", { choice: 0 }], ["skipped", { skip: true }]].forEach(([state, decision], index) => Object.assign(world.rows[index], { state, decision }));
  // the newest gate is otherwise
  if (name === "gate") Object.assign([...world.gates.values()].at(-1), body, { mayToo: body.may });
  if (name === "gate-changes") {
    const gate = [...world.gates.values()].find((row) => row.state === "open");
    gate.digest = `changed${Date.now()}`;
    gate.evidence[0] = { ...gate.evidence[0], verdict: "fail", text: "3 rows of 1,008" };
    if (body.tell) world.change({});
  }
  return ok({});
}

async function readBody(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}

async function file(dist, path) {
  const name = normalize(path === "/" || !extname(path) ? "/index.html" : path);
  const bytes = await readFile(join(dist, name));
  return { bytes, type: TYPES[extname(name)] ?? "application/octet-stream" };
}

/** Starts the server; resolves to {port, world, close}. */
export async function startMock({ port = 0, dist = join(here, "../dist"), at = "gate", every = 0 } = {}) {
  const world = new World();
  world.goto(at);
  const personOf = (request) => /headgate_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://mock");
    const path = url.pathname;
    const reply = ({ status, body, cookie }) => {
      response.writeHead(status, { "Content-Type": "application/json", ...(cookie ? { "Set-Cookie": cookie } : {}) });
      response.end(JSON.stringify(body));
    };
    try {
      if (path.startsWith("/mock/")) return reply(control(world, path.slice(6), await readBody(request)));
      if (Date.now() < world.downUntil) return void request.socket.destroy();
      if (!path.startsWith("/api/")) {
        const { bytes, type } = await file(dist, path);
        response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin" });
        return void response.end(bytes);
      }
      const body = request.method === "POST" ? await readBody(request) : {};
      if (path === "/api/login") {
        if (!Object.hasOwn(PEOPLE, body.token)) return reply(failed(401, "refused", "unknown token"));
        if (personOf(request) !== undefined) world.session = {}; // a new session
        return reply({ ...answer(world, "GET", "me", url.searchParams, { person: body.token }), cookie: `headgate_session=${body.token}; Path=/; HttpOnly; SameSite=Strict` });
      }
      const person = personOf(request);
      if (!person || !PEOPLE[person]) return reply(failed(401, "refused", "not logged in"));
      if (request.method === "POST" && request.headers["x-headgate-csrf"] !== "csrf") return reply(failed(403, "refused", "CSRF"));
      return reply(answer(world, request.method, request.url.split("?")[0].slice(5), url.searchParams, { person, body, ifMatch: request.headers["if-match"] }));
    } catch (error) {
      response.writeHead(error.code === "ENOENT" ? 404 : 500, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ error: { kind: "internal", message: String(error) } }));
    }
  });
  const streams = new WebSocketServer({ noServer: true, handleProtocols: () => "headgate.v1" });
  server.on("upgrade", (request, socket, rest) => {
    const person = personOf(request);
    if (!person || Date.now() < world.downUntil) return void socket.destroy();
    streams.handleUpgrade(request, socket, rest, (stream) => {
      const viewer = { socket: stream, watched: new Set() };
      world.viewers.add(viewer);
      stream.on("close", () => world.viewers.delete(viewer));
      stream.on("message", (data) => {
        const { t, run, since } = JSON.parse(data);
        if (t === "unwatch") return void viewer.watched.delete(run);
        viewer.watched.add(run);
        if (run === "*") return;
        const missed = run === "42" ? world.events.filter((event) => Number(event.seq) > Number(since)) : [];
        stream.send(JSON.stringify([...missed.map((event) => ({ t: "event", ...event })), { t: "caught_up", run, seq: missed.at(-1)?.seq ?? since }]));
      });
      if (!world.quiet) stream.send(JSON.stringify([{ t: "hello", version: world.version, now: iso(Date.now()), person }]));
    });
  });
  const ticks = setInterval(() => world.send({ t: "tick", now: iso(Date.now()) }, () => true), 1_000);
  const play = every > 0 ? setInterval(() => world.waits() || world.next(), every) : null;
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = () => {
    clearInterval(ticks);
    clearInterval(play);
    for (const viewer of world.viewers) viewer.socket.terminate();
    server.closeAllConnections?.();
    return new Promise((resolve) => server.close(resolve));
  };
  return { port: server.address().port, world, close };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const option = (name, otherwise) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : otherwise);
  const { port } = await startMock({
    port: Number(option("--port", "8090")), at: option("--at", "gate"), every: Number(option("--every", "0")), dist: option("--dist", join(here, "../dist")),
  });
  console.log(`http://127.0.0.1:${port}/#token=bob`);
}
