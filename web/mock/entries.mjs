// Events and log lines in pages, as runtime/db/sql/server_events.sql and server_log.sql filter them.
const BAD = { "step.state": ["failed", "undo_failed"], "run.state": ["failed", "rollback_blocked", "aborted"] };
const LEVELS = ["error", "warn", "info", "debug"];

function levelOf({ type, data }) {
  if (type === "log") return data.level ?? "info";
  if (type === "step.progress") return "debug";
  if (type === "rollout.sample") return data.guards.some((guard) => guard.verdict === "breach") ? "error" : data.guards.some((guard) => guard.verdict === "no_data") ? "warn" : "debug";
  if (type === "check.result") return data.verdict === "pass" ? "info" : data.verdict === "fail" ? "error" : "warn";
  if (type === "step.lock") return data.state === "waiting" ? "warn" : "info";
  if (BAD[type]?.includes(data.to)) return "error";
  return type === "run.state" && data.to === "held" ? "warn" : "info";
}

function lineOf({ type, data }) {
  if (type === "log" || type === "step.lock") return data.text;
  if (type === "step.state") return `${data.kind} ${data.to}${data.error ? `: ${data.error.message ?? data.error}` : ""}`;
  if (type === "run.state") return `run ${data.to}${data.reason?.text ? `: ${data.reason.text}` : ""}`;
  return type === "check.result" ? `${data.verdict}: ${data.text}` : null;
}

const under = (node, path) => !path || node === path || node.startsWith(`${path}/`);

/** The page that query asks for of the rows that match; what costs little is looked at first. */
function page(all, query, match) {
  const limit = Number(query.get("limit") || 1000);
  const before = Number(query.get("before") || 0);
  const since = Number(query.get("since") || 0);
  const found = [];
  for (let i = 0; i < all.length && found.length < limit; i += 1) {
    const row = all[before > 0 ? all.length - 1 - i : i];
    const seq = Number(row.seq);
    if (seq > since && (before === 0 || seq < before) && match(row)) found.push(row);
  }
  return { found: before > 0 ? found.reverse() : found, total: query.get("count") ? all.filter(match).length : null };
}

const levels = (query) => (query.get("level") ? LEVELS.slice(0, LEVELS.indexOf(query.get("level")) + 1) : LEVELS);
const holds = (text, query) => !query.get("q") || text().toLowerCase().includes(query.get("q").toLowerCase());

export function eventPage(all, query) {
  const types = query.get("type")?.split(",");
  const { found, total } = page(all, query, (event) => (!types || types.includes(event.type)) && levels(query).includes(levelOf(event)) &&
    under(event.node, query.get("path")) && holds(() => `${event.node} ${lineOf(event) ?? ""} ${JSON.stringify(event.data)}`, query));
  return { events: found.map((event) => ({ ...event, level: levelOf(event) })), seq: String(all.length), total };
}

export function logPage(all, query) {
  const { found, total } = page(all, query, (event) => lineOf(event) !== null && levels(query).includes(levelOf(event)) &&
    under(event.node, query.get("path")) && holds(() => `${event.node} ${lineOf(event)}`, query));
  return { lines: found.map((event) => ({ seq: event.seq, at: event.at, level: levelOf(event), path: event.node, type: event.type, text: lineOf(event) })), seq: String(all.length), total };
}

const whoOf = ({ data }) => data.by ?? data.person ?? data.started_by;

/** What people did: of run 42 as it happens, and of runs before it. */
export function auditPage(events, older, query) {
  const limit = Number(query.get("limit") || 100);
  const after = Number(query.get("after") || 0);
  const plan = { plan: "canonical-events", environment: "demo" };
  const all = [...events.filter(whoOf).map((event) => ({ run: "42", ...plan, ...event })).reverse(), ...older]
    .map((event) => ({ run: event.run, seq: event.seq, at: event.at, plan: event.plan, environment: event.environment, who: whoOf(event), what: event.type, node: event.node, why: event.data.why || event.data.comment || event.data.note || null, data: event.data }));
  const is = (name, value) => !query.get(name) || query.get(name).split(",").includes(value);
  const rows = all.filter((row) => is("person", row.who) && is("run", row.run) && is("what", row.what) && holds(() => JSON.stringify(row), query) &&
    (!query.get("since") || row.at >= query.get("since")) && (!query.get("until") || row.at < query.get("until")));
  return { entries: rows.slice(after, after + limit), next: after + limit < rows.length ? String(after + limit) : null };
}

/** The chain of run 40 is broken. */
export const chainOf = (run, seq) => ({
  run, entries: Number(seq), head: "4f0c2c26b46b68ffc68ff99b453c1d30", pruned: false, faults: run === "40" ? 3 : 0, verified_at: new Date().toISOString(),
  broken: run === "40" ? { seq: 31, node: "keep", text: "the approval by bob is not what was decided (entry 31)" } : null,
});

/** Of runs that are over. */
export const OLDER = [
  ["41", "9", "request", "", { kind: "pause", by: "bob", why: "=1+1 looks odd, \"stop\"" }],
  ["41", "4", "run.created", "", { plan: "move-to-uuid-keys", environment: "production", started_by: "alice" }],
  ["40", "31", "gate.approval", "keep", { person: "bob", decision: "approve", comment: "the backup was restored once" }],
  ["40", "1", "run.created", "", { plan: "canonical-events", environment: "demo", started_by: "carol" }],
].map(([run, seq, type, node, data], index) => ({ run, seq, type, node, data, ...(run === "41" ? { plan: "move-to-uuid-keys", environment: "production" } : { plan: "canonical-events", environment: "demo" }), at: new Date(Date.now() - (index + 20) * 3_600_000).toISOString() }));
