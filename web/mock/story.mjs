// The made-up world of the mock server: one run that goes through its whole life step by step, some runs
// that stand in each other state, a queue to review. Only for development and for tests of the pages.

const sql = (text, file, line) => ({ $: "sql", text, file, line });
const node = (kind, path, line, keys = {}, children = []) => ({
  kind, name: path.split("/").at(-1), path, file: "plan.lua", line, column: 3, keys, children,
});
const named = (kind, path, name, line, keys, children = []) => ({ ...node(kind, path, line, keys, children), name });

export const graph = named("plan", "", "canonical-events", 3, { doc: "Give every event a canonical form, then let the V2 system out gradually", target: "app", document: { $: "sql", file: "document.md", line: 1 } }, [
  node("phase", "expand", 7, {}, [
    node("check", "expand/PostgreSQL 15 or newer", 8, { sql: sql("SHOW server_version_num", "plan.lua", 8), at_least: 150000 }),
    node("backup", "expand/before", 9, { retain: "30d" }),
    node("step", "expand/canonical_event column", 10, {
      up: sql("-- lz4: large payloads compress faster than with pglz\nALTER TABLE events\n  ADD COLUMN canonical_event jsonb;\nALTER TABLE events\n  ALTER COLUMN canonical_event SET COMPRESSION lz4;\nALTER TABLE campaigns\n  ADD COLUMN data_sources_v2 jsonb NOT NULL DEFAULT '[]';", "sql/001.up.sql", 1),
      down: sql("ALTER TABLE campaigns DROP COLUMN data_sources_v2;\nALTER TABLE events DROP COLUMN canonical_event;", "sql/001.down.sql", 1),
    }),
  ]),
  node("phase", "backfill", 13, {}, [
    node("backfill", "backfill/campaigns.data_sources_v2", 14, { key: "id", map: { $: "function", file: "plan.lua", line: 17 } }),
    node("backfill", "backfill/events.canonical_event", 21, {
      doc: "Every event gets one form that the templates can read, whatever sent it.",
      key: "id", where: "canonical_event IS NULL", keep: ["event_data"], batch_time: "300ms",
      sync: { $: "trigger", sql: sql("CREATE FUNCTION canonical_reset() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  NEW.canonical_event := NULL;\n  RETURN NEW;\nEND\n$$;", "sql/canonical_sync.sql", 1) },
      map: { $: "function", file: "plan.lua", line: 25 },
    }),
    node("verify", "backfill/every event is canonical", 30, { no_rows: sql("SELECT id FROM events WHERE canonical_event IS NULL", "plan.lua", 30) }),
    node("verify", "backfill/payload is the original", 31, { no_rows: sql("SELECT id FROM events\nWHERE canonical_event -> 'payload' IS DISTINCT FROM event_data", "plan.lua", 31) }),
  ]),
  node("gate", "start-rollout", 34, { approvers: "admin", need: 1, evidence: ["backfill"] }),
  node("rollout", "v2_canonical_system", 36, {
    flag: { $: "sql_flag", table: "feature_flags", name: "name", percent: "rollout_percentage", enabled: "enabled" },
    guards: { $: "thresholds", name: "demo" }, on_breach: "rollback", on_no_data: "hold",
  }, [
    node("stage", "v2_canonical_system/10%", 39, { percent: 10, watch: "24h" }),
    node("stage", "v2_canonical_system/50%", 40, { percent: 50, watch: "48h" }),
    node("stage", "v2_canonical_system/100%", 41, { percent: 100, watch: "7d", gate: { approvers: "product" } }),
  ]),
  node("phase", "contract", 45, {}, [
    node("gate", "contract/remove-legacy", 46, { approvers: ["admin", "product"], need: 2 }),
    node("checklist", "contract/monitoring", 47, { items: ["The error budget of the week is kept", "Support has no open ticket", "The old code path is deleted"] }),
    node("step", "contract/drop the flag", 48, { up: sql("DELETE FROM feature_flags WHERE name = 'v2_canonical_system'", "plan.lua", 48), one_way: "the code no longer asks", proof: { soak: "14d" } }),
  ]),
]);

const iso = (ms) => new Date(ms).toISOString().replace("Z", "000Z");
const STEPS = 12;

function head(id, change) {
  const created = change.created ?? Date.now() - 3_600_000;
  return {
    id: String(id), plan: "canonical-events", hash: `7f3c9e${String(id).padStart(4, "0")}b1d4a09c55`, environment: "demo", database: "app",
    state: "running", direction: "forward", reason: null, node: null, started_by: "alice", created_at: iso(created),
    state_since: iso(created + 60_000), finished_at: null, version: "1", seq: "1", steps_done: 0, steps_total: STEPS, params: { batch_label: "spring", owner: 7 }, alive: true,
    lease_until: iso(Date.now() + 8_000), progress: null, ...change, created: undefined,
  };
}

const HOSTILE = `<img src=x onerror="document.title='owned'"> ${"very_long_name_without_a_break_".repeat(4)}`;

/** Runs that stand still: one in each state, and a long past. */
export function otherRuns() {
  const ago = (minutes) => Date.now() - minutes * 60_000;
  const over = (id, state, minutes, took, change = {}) => head(id, {
    state, created: ago(minutes), state_since: iso(ago(minutes - took)), finished_at: iso(ago(minutes - took)),
    steps_done: state === "done" ? STEPS : 5, alive: false, ...change,
  });
  const runs = [
    head(41, { plan: "move-to-uuid-keys", environment: "production", state: "held", created: ago(190), state_since: iso(ago(22)), steps_done: 7, node: "v2_canonical_system/10%",
      reason: { kind: "no_data", text: "error_rate has had no data for 60 s", path: "v2_canonical_system", who: ["operator"], since: iso(ago(22)), expires: null, on_expire: null } }),
    head(40, { plan: "ownership-columns", environment: "staging", state: "failed", created: ago(75), state_since: iso(ago(61)), steps_done: 3, node: "expand/canonical_event column",
      reason: { kind: "failed", text: "expand/canonical_event column: canceling statement due to lock timeout", path: "expand/canonical_event column", since: iso(ago(61)) } }),
    head(39, { plan: "normalise-emails", environment: "production", state: "paused", created: ago(300), state_since: iso(ago(45)), steps_done: 4, node: "backfill/events.canonical_event",
      reason: { kind: "paused", text: "paused by carol: month end", who: ["operator"], since: iso(ago(45)) } }),
    head(38, { plan: "split-addresses", environment: "staging", state: "rolling_back", direction: "back", created: ago(30), state_since: iso(ago(1)), steps_done: 6, node: "backfill/events.canonical_event",
      reason: { kind: "breach", text: "error_rate was 4.2% (limit 1%)", since: iso(ago(1)) } }),
    head(37, { plan: "import-ledger", environment: "production", state: "throttled", created: ago(520), state_since: iso(ago(3)), steps_done: 4, alive: false, lease_until: iso(ago(1)), node: "backfill/events.canonical_event",
      reason: { kind: "throttled", text: "replica lag is 34 s (limit 10 s)", since: iso(ago(3)) }, progress: { path: "backfill/events.canonical_event", done: 4_211_000, total: 9_800_000, rows_per_s: 3100, eta_s: 1800 } }),
    over(36, "rolled_back", 1500, 44), over(35, "aborted", 2000, 3, { plan: HOSTILE, started_by: "mallory" }),
    head(34, { plan: "add-tenants", environment: "staging", state: "rollback_blocked", direction: "back", created: ago(2100), state_since: iso(ago(2090)), steps_done: 4, alive: false, node: "expand/canonical_event column",
      reason: { kind: "undo_failed", text: "the undo of expand/canonical_event column failed: column \"canonical_event\" does not exist", path: "expand/canonical_event column", who: ["operator"], since: iso(ago(2090)),
        left: [{ path: "expand/canonical_event column", kind: "step", state: "undo_failed" }, { path: "expand/before", kind: "backup", state: "done" }] } }),
    head(33, { plan: "hello", environment: "staging", state: "pending", created: Date.now() - 2_000, state_since: iso(Date.now() - 2_000), alive: false, lease_until: null }),
  ];
  const plans = ["canonical-events", "hello", "ownership-columns", "normalise-emails"];
  for (let id = 32; id > 0; id -= 1)
    runs.push(over(id, id % 9 === 0 ? "rolled_back" : "done", 2600 + (32 - id) * 700, 12 + (id % 7) * 5, {
      plan: plans[id % 4], environment: id % 3 === 0 ? "production" : "staging", started_by: ["alice", "bob", "carol"][id % 3],
    }));
  return runs;
}

const stage = (percent, gate = null) => ({
  path: `v2_canonical_system/${percent}%`, percent, state: "pending", window_us: { 10: 86_400e6, 50: 172_800e6, 100: 604_800e6 }[percent],
  counted_us: 0, left_us: { 10: 86_400e6, 50: 172_800e6, 100: 604_800e6 }[percent], opened_at: null, closed_at: null, gate,
});
const guard = (metric, op, limit, unit, max = 3) => ({
  guard: `${metric} ${op} ${limit}${unit}`, metric, limit, op, alert: false, unit, value: null, verdict: "no_data", at: null, breaches: 0, breaches_max: max,
});

export function newRollout() {
  return {
    path: "v2_canonical_system", flag: "v2_canonical_system", percent: 0, intended_percent: 0, enabled: false, automation: "pending",
    stages: [stage(10), stage(50), stage(100, "v2_canonical_system/100%")],
    guards: [guard("error_rate", "<", 1, "%"), guard("response_time_p95", "<", 500, "ms"), guard("connection_pool", "<", 90, "%")],
    samples: [],
  };
}

const evidence = (at) => [
  { path: "backfill/every event is canonical", kind: "verify", verdict: "pass", text: "0 rows of 1,005", at },
  { path: "backfill/payload is the original", kind: "verify", verdict: "pass", text: "0 rows differ", at },
  { path: "backfill/campaigns.data_sources_v2", kind: "review", verdict: "warn", text: "2 rows are open for review", at },
  { path: "expand/before", kind: "backup", verdict: "pass", text: "canonical-events-42.dump, 1.2 MB, listed: 41 entries", at },
];

export function newGate(run, path) {
  const at = iso(Date.now());
  const base = { run, path, state: "open", opened_at: at, expires_at: iso(Date.now() + 86_000_000), on_expire: "hold", closed_at: null, approvals: [], evidence: evidence(at), may: { approve: true, why: "" } };
  if (path === "start-rollout") return { ...base, question: "Every event is canonical. Let v2_canonical_system out to the first 10 % of users?",
    digest: "9b1c55d0a7e4c1f08d2b", approvers: ["admin"], need: 1, then: "go to 10%",
    next: [
      { kind: "rollout", path: "v2_canonical_system", text: "Set v2_canonical_system to 10 % and watch for 24 h", sql: "UPDATE feature_flags\n   SET rollout_percentage = 10, enabled = true\n WHERE name = 'v2_canonical_system'\n   AND (rollout_percentage, enabled) = (0, false);" },
      { kind: "rollout", path: "v2_canonical_system/50%", text: "Then 50 %, watched for 48 h, while all guards hold", sql: null },
      { kind: "gate", path: "v2_canonical_system/100%", text: "Then the gate before 100 % (1 × product)", sql: null },
    ] };
  if (path === "contract/remove-legacy") return { ...base, question: "Remove the legacy path for good?", digest: "77aa01", approvers: ["admin", "product"], need: 2, then: "drop the flag, no way back",
    next: [{ kind: "step", path: "contract/drop the flag", text: "Delete the flag: there is no way back after this", sql: "DELETE FROM feature_flags WHERE name = 'v2_canonical_system'" }] };
  return { ...base, question: "Let everybody in?", digest: "44f2ab", approvers: ["product"], need: 1, then: "go to 100%", evidence: [],
    next: [{ kind: "stage", path, text: "Set v2_canonical_system to 100 % and watch for 7 d", sql: "UPDATE feature_flags SET rollout_percentage = 100 WHERE name = 'v2_canonical_system'" }] };
}

export function newReview() {
  const rows = [
    { step: "backfill/campaigns.data_sources_v2", key: ["campaign-2"], kind: "ambiguous", reason: "2 integrations match shopify",
      choices: [{ label: "int-1 (shop A)", set: { data_sources_v2: [{ integration: "int-1" }] } }, { label: "int-4 (shop B)", set: { data_sources_v2: [{ integration: "int-4" }] } }],
      before: { id: "campaign-2", name: "Spring sale", data_source: "shopify", native_config: null }, state: "open", decision: null },
    { step: "backfill/campaigns.data_sources_v2", key: ["campaign-3"], kind: "ambiguous", reason: "neither data_source nor native_config", choices: [],
      before: { id: "campaign-3", name: "<b>Draft</b>", data_source: null, native_config: null }, state: "open", decision: null },
  ];
  for (let i = 0; i < 12; i += 1)
    rows.push({ step: "backfill/events.canonical_event", key: ["eu-west", `${90_071_992_547_409 + i}`], kind: "error", reason: "plan.lua:26: attempt to index a nil value (field 'customer')", choices: null,
      before: { id: `${i}`, provider: "custom", event_data: { total: 100.0, items: [] } }, state: "open", decision: null });
  return rows;
}

/** The life of run 42. Each entry is [label or null, what to do with the world]. */
export function story(world) {
  const run = world.live;
  const step = (path, kind, from, to, more = {}) => () => world.event("step.state", path, { kind, from, to, attempt: 1, detail: {}, error: null, ...more });
  const state = (to, why, reason = null, at = undefined) => () => {
    world.change({ state: to, reason, ...(at === undefined ? {} : { node: at }) });
    world.event("run.state", "", { from: run.state, to, why, reason });
  };
  const done = (count) => () => world.change({ steps_done: count });
  const check = (path, text, value, expected) => () => world.event("check.result", path, { kind: "verify", verdict: "pass", text, value, expected });
  const progress = (path, part, total, rate) => () => {
    const data = { done: Math.round(total * part), total, rows_changed: Math.round(total * part * 0.99), rows_skipped: 3, rows_queued: 2, rows_per_s: rate, eta_s: 4200 * (1 - part), eta_low_s: 3700 * (1 - part), eta_high_s: 7300 * (1 - part), batches: Math.ceil(part * 11), batch_rows: 100, pass: 1, workers: 1 };
    world.change({ progress: { path, ...data } });
    world.event("step.progress", path, data);
  };
  const sample = (percent, counted, values) => () => {
    const window = run.rollouts[0].stages.find((row) => row.percent === percent).window_us;
    world.event("rollout.sample", `v2_canonical_system/${percent}%`, {
      guards: run.rollouts[0].guards.map((row, index) => {
        const value = values[index];
        const verdict = value === null ? "no_data" : value < row.limit ? "ok" : "breach";
        return { guard: row.guard, value, verdict, breaches: verdict === "breach" ? row.breaches + 1 : 0 };
      }), counted_us: window * counted, left_us: window * (1 - counted),
    });
  };
  const enter = (percent, to) => () => world.event("rollout.stage", `v2_canonical_system/${percent}%`, { percent, state: to, window_us: run.rollouts[0].stages.find((row) => row.percent === percent).window_us, why: "" });
  const flag = (percent, from) => () => world.event("rollout.flag", "v2_canonical_system", { percent, enabled: percent > 0, from });
  const open = (path, who) => () => world.openGate(path, who);
  const events = "backfill/events.canonical_event";
  const list = [
    [null, () => world.event("run.created", "", { plan: "canonical-events", hash: run.hash, environment: "demo", started_by: "alice" })],
    ["start", state("running", "started")],
    [null, step("expand/PostgreSQL 15 or newer", "check", "pending", "running")],
    [null, check("expand/PostgreSQL 15 or newer", "150020 is at least 150000", 150020, 150000)],
    [null, step("expand/PostgreSQL 15 or newer", "check", "running", "done")],
    [null, step("expand/before", "backup", "pending", "running")],
    [null, () => world.event("log", "expand/before", { level: "info", text: "pg_dump: canonical-events-42.dump, 1.2 MB, 41 entries" })],
    [null, step("expand/before", "backup", "running", "done", { detail: { file: "canonical-events-42.dump", bytes: 1258291 } })],
    [null, step("expand/canonical_event column", "step", "pending", "running")],
    ["lock", () => world.event("step.lock", "expand/canonical_event column", {
      state: "waiting", why: "victims", try: 4, spent_us: 4_200_000, budget_us: 600_000_000, longest_us: 512_000, victims_total: 23,
      text: "withdrawn, because 23 session(s) waited behind it; waits for ACCESS EXCLUSIVE on public.events, behind pid 4711 (nightly report, user report, idle in transaction, transaction open for 12m5s): SELECT count(*) FROM events WHERE created_at > $1",
      waits: { pid: 4800, object: "public.events", mode: "AccessExclusiveLock", waited_us: 550_000, waits_for: [4711] },
      blockers: [{ pid: 4711, application: "nightly report", user: "report", state: "idle in transaction", transaction_us: 725_000_000, query: "SELECT count(*) FROM events WHERE created_at > $1", holds: "AccessShareLock", wants: null, object: null, waited_us: null, waits_for: null }],
      victims: [4901, 4902].map((pid) => ({ pid, application: "shop", user: "shop", state: "active", transaction_us: 530_000, query: "SELECT * FROM events WHERE id = $1", holds: null, wants: "AccessShareLock", object: "public.events", waited_us: 512_000, waits_for: [4800] })),
    })],
    [null, step("expand/canonical_event column", "step", "running", "done", { detail: { statements: 3, lock_wait_ms: 4 } })],
    [null, done(3)],
    [null, step("backfill/campaigns.data_sources_v2", "backfill", "pending", "running")],
    [null, progress("backfill/campaigns.data_sources_v2", 1, 3, 60)],
    [null, () => world.event("review.open", "backfill/campaigns.data_sources_v2", { open: 2, reasons: ["2 integrations match shopify"] })],
    [null, step("backfill/campaigns.data_sources_v2", "backfill", "running", "done")],
    [null, step(events, "backfill", "pending", "running")],
  ];
  const throttle = (told) => () => world.event("step.throttle", events, { state: "free", duty: 1, most: 1, batch_us: 0, pause_us: -1, workers: 0, why: "", until: "", signals: [], ...told });
  list.push([null, throttle({ state: "slowed", duty: 0.35, most: 0.5, workers: 3, why: "the lag of replica s1 is 4.1 s, its limit is 5 s", until: "faster below 3.5 s" })]);
  for (let i = 1; i <= 11; i += 1) list.push([i === 6 ? "backfill" : null, progress(events, i / 11, 1005, 900 + 260 * Math.sin(i * 1.7))]);
  list.push(
    [null, () => world.event("log", events, { level: "warn", text: "3 rows were changed by the application meanwhile: read again" })],
    [null, step(events, "backfill", "running", "done")],
    [null, step("backfill/every event is canonical", "verify", "pending", "running")],
    [null, check("backfill/every event is canonical", "0 rows of 1,005", 0, 0)],
    [null, step("backfill/every event is canonical", "verify", "running", "done")],
    [null, step("backfill/payload is the original", "verify", "pending", "running")],
    [null, check("backfill/payload is the original", "0 rows differ", 0, 0)],
    [null, step("backfill/payload is the original", "verify", "running", "done")],
    [null, done(7)],
    ["gate", open("start-rollout", ["admin"])],
    [null, () => world.closeGate("start-rollout", "approved")],
    [null, step("v2_canonical_system", "rollout", "pending", "running")],
    [null, state("watching", "10 % for 24 h", { kind: "watch", text: "10 % is watched for 24 h", left_us: 86_400e6, path: "v2_canonical_system/10%" }, "v2_canonical_system/10%")],
    [null, flag(10, 0)],
    [null, enter(10, "watching")],
  );
  for (let i = 1; i <= 40; i += 1) list.push([null, sample(10, i / 40, [0.2 + 0.15 * Math.sin(i), 290 + 40 * Math.cos(i / 2), 41 + i / 4])]);
  list.push([null, enter(10, "done")], [null, flag(50, 10)], [null, enter(50, "watching")],
    [null, state("watching", "50 % for 48 h", { kind: "watch", text: "50 % is watched for 48 h", left_us: 69_120e6, path: "v2_canonical_system/50%" }, "v2_canonical_system/50%")]);
  for (let i = 1; i <= 30; i += 1) list.push([i === 18 ? "stage" : null, sample(50, i / 30, [i === 12 ? 1.4 : 0.3 + 0.2 * Math.sin(i), 320 + 60 * Math.cos(i / 3), i > 14 && i < 19 ? null : 52 + i / 4])]);
  list.push([null, enter(50, "done")], [null, done(9)], [null, enter(100, "waiting")],
    ["gate 100", open("v2_canonical_system/100%", ["product"])],
    [null, () => world.closeGate("v2_canonical_system/100%", "approved")], [null, flag(100, 50)], [null, enter(100, "watching")],
    [null, state("watching", "100 % for 7 d", { kind: "watch", text: "100 % is watched for 7 d", path: "v2_canonical_system/100%" }, "v2_canonical_system/100%")]);
  for (let i = 1; i <= 10; i += 1) list.push([null, sample(100, i / 10, [0.3, 310, 60])]);
  list.push([null, enter(100, "done")], [null, step("v2_canonical_system", "rollout", "running", "done")], [null, done(10)],
    ["contract", open("contract/remove-legacy", ["admin", "product"])],
    [null, () => world.closeGate("contract/remove-legacy", "approved")],
    [null, step("contract/monitoring", "checklist", "pending", "running")],
    ["checklist", state("waiting", "to be confirmed", { kind: "manual", text: "three things are to be confirmed by hand", path: "contract/monitoring", who: ["operator"] }, "contract/monitoring")],
    [null, step("contract/monitoring", "checklist", "running", "done")],
    [null, step("contract/drop the flag", "step", "pending", "running")],
    [null, step("contract/drop the flag", "step", "running", "done")], [null, done(12)],
    ["done", state("done", "all steps are done", null, null)],
  );
  return list;
}

export { head, iso };
