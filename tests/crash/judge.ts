/** What a run leaves behind, in a form that can be compared, and what is wrong with it whatever it is compared with. */
import type { Cluster } from "../lib/cluster";
import { pause } from "../lib/wait";

export interface Outcome {
  state: string;
  /** By question, as text. */
  facts: Record<string, string>;
  /** Broken invariants. */
  faults: string[];
}

const ACCOUNT = "the run's own account of its states";

/** The same in every run of the plan, however often it was disturbed. */
const FACTS: Record<string, string> = {
  "the head": "SELECT state, direction, node FROM headgate.run WHERE id = $1",
  steps: "SELECT path, kind, state FROM headgate.step WHERE run = $1 ORDER BY path",
  attempts: "SELECT path, attempt FROM headgate.step WHERE run = $1 ORDER BY path",
  rows:
    "SELECT step, sum(rows_changed) AS changed, sum(rows_skipped) AS skipped, sum(rows_queued) AS queued, bool_and(done) AS done " +
    "FROM headgate.cursor WHERE run = $1 AND range >= 0 GROUP BY step ORDER BY step",
  "old values": "SELECT step, key, old, written FROM headgate.old_value WHERE run = $1 ORDER BY step, key",
  "the queue": "SELECT step, key, kind, state FROM headgate.queued_row WHERE run = $1 ORDER BY step, key",
  gates: "SELECT path, state FROM headgate.gate WHERE run = $1 ORDER BY path",
  // Who of several comes first is chance; that they may, and are enough, is for fsck.
  approvals: "SELECT DISTINCT gate, decision FROM headgate.approval WHERE run = $1 ORDER BY gate",
  answers: "SELECT path, item FROM headgate.answer WHERE run = $1 ORDER BY path, item",
  decisions: "SELECT step, key, decision FROM headgate.decision WHERE run = $1 ORDER BY step, key",
  windows: "SELECT stage, closed_at IS NOT NULL AS closed FROM headgate.watch WHERE run = $1 ORDER BY stage",
  [ACCOUNT]:
    "SELECT DISTINCT data ->> 'to' AS state FROM headgate.event WHERE run = $1 AND type = 'run.state' " +
    "AND data ->> 'to' IN ('rolling_back', 'rolled_back', 'rollback_blocked', 'done', 'failed', 'aborted') ORDER BY 1",
};

/** Each must find nothing. */
const FAULTS: Record<string, string> = {
  "the event stream has gaps":
    "SELECT count(*), max(seq) FROM headgate.event WHERE run = $1 HAVING count(*) <> max(seq) OR min(seq) <> 1",
  "an old epoch told something after a newer one":
    "SELECT seq FROM (SELECT seq, epoch, max(epoch) OVER (ORDER BY seq) AS newest FROM headgate.event WHERE run = $1 AND epoch > 0) e " +
    "WHERE epoch < newest",
  "nobody was told how a step ended":
    "SELECT path FROM headgate.step s WHERE run = $1 AND path <> '' AND NOT EXISTS (SELECT FROM headgate.event e " +
    "WHERE e.run = s.run AND e.source = s.path AND e.version = s.version AND e.type = 'step.state')",
  "an event came before what it tells":
    "SELECT e.node FROM headgate.event e JOIN headgate.step s ON s.run = e.run AND s.path = e.source AND s.version = e.version " +
    "WHERE e.run = $1 AND e.type = 'step.state' AND (e.at < s.finished_at OR e.data ->> 'to' <> s.state)",
  "the last state that was told is not the run's":
    "SELECT r.state FROM headgate.run r WHERE id = $1 AND r.state <> (SELECT e.data ->> 'to' FROM headgate.event e " +
    "WHERE e.run = r.id AND e.type = 'run.state' ORDER BY seq DESC LIMIT 1)",
  "a request nobody answered": "SELECT kind FROM headgate.request WHERE run = $1 AND handled_at IS NULL",
  "the fence is higher than any lease that was given":
    "SELECT f.epoch FROM headgate.fence f JOIN headgate.lease l USING (run) WHERE run = $1 AND f.epoch > l.epoch",
  "an invalid index": "SELECT indexrelid FROM pg_index WHERE NOT indisvalid AND $1 > 0",
  "another backend of the run":
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'headgate:' || $1 || ':%'",
};

/** Nobody gives back the lease of a run whose runner died at its very end: then it has to run out. */
const LEASE =
  "SELECT owner FROM headgate.lease l JOIN headgate.run r ON r.id = l.run WHERE r.id = $1 AND l.owner IS NOT NULL " +
  "AND l.until > clock_timestamp() AND r.state IN ('done', 'rolled_back', 'aborted')";
const LEASE_MS = 1_500;

/** Tables of the application, with the columns that say the same in every run: not what the server dates or invents by itself. */
const TABLES =
  "SELECT format('%I.%I', n.nspname, c.relname) AS name, string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) AS columns " +
  "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped " +
  "LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum " +
  "WHERE c.relkind = 'r' AND n.nspname NOT IN ('headgate', 'pg_catalog', 'information_schema') " +
  "AND coalesce(pg_get_expr(d.adbin, d.adrelid), '') !~ 'now\\(\\)|clock_timestamp|CURRENT_TIMESTAMP|gen_random_uuid' GROUP BY 1 ORDER BY 1";

/** Content of every table of the application, its schema, and the ledger of the run, which was disturbed or not. */
export async function judge(cluster: Cluster, database: string, run: string, disturbed: boolean): Promise<Outcome> {
  const client = await cluster.connect(database);
  const facts: Record<string, string> = {};
  const faults: string[] = [];
  try {
    for (const { name, columns } of (await client.query<{ name: string; columns: string }>(TABLES)).rows) {
      const { rows } = await client.query<{ digest: string }>(
        `SELECT count(*) || ' rows ' || coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text)), '-') AS digest FROM (SELECT ${columns} FROM ${name}) AS t`,
      );
      facts[name] = rows[0]?.digest ?? "";
    }
    for (const [name, sql] of Object.entries(FACTS)) {
      facts[name] = (await client.query(sql, [run])).rows.map((row) => JSON.stringify(row)).join("\n");
    }
    for (const [fault, sql] of Object.entries(FAULTS)) {
      const { rows } = await client.query(sql, [run]);
      if (rows.length > 0) faults.push(`${fault}: ${JSON.stringify(rows[0])}`);
    }
    const patience = Date.now() + (disturbed ? LEASE_MS : 0);
    while ((await client.query(LEASE, [run])).rows.length > 0) {
      if (Date.now() > patience) {
        faults.push("a lease on a run that has ended");
        break;
      }
      await pause(100);
    }
    const { rows } = await client.query<{ state: string }>("SELECT state FROM headgate.run WHERE id = $1", [run]);
    return { state: rows[0]?.state ?? "nowhere", facts: { ...facts, schema: cluster.dump(database) }, faults };
  } finally {
    await client.end();
  }
}

/** A run that failed and was tried again tells so, and nothing else is different. */
function asRetried({ facts }: Outcome): Record<string, string> {
  const { attempts, ...rest } = facts;
  const account = (rest[ACCOUNT] ?? "").split("\n").filter((line) => !/failed|rollback_blocked/.test(line)).join("\n");
  return { ...rest, [ACCOUNT]: account };
}

/** What differs, in a line each. retried: a person had to try again, as was printed. */
export function differences(outcome: Outcome, wanted: Outcome, retried = false): string[] {
  const found = [...outcome.faults];
  const [left, right] = retried ? [asRetried(outcome), asRetried(wanted)] : [outcome.facts, wanted.facts];
  if (outcome.state !== wanted.state) found.push(`it ended ${outcome.state}, not ${wanted.state}`);
  for (const name of new Set([...Object.keys(right), ...Object.keys(left)])) {
    const [is, should] = [left[name], right[name]];
    if (is === should) continue;
    const lines = new Set((should ?? "").split("\n"));
    const strange = (is ?? "").split("\n").find((line) => !lines.has(line)) ?? `${(is ?? "").split("\n").length} lines, not ${lines.size}`;
    found.push(`${name}: ${strange}`);
  }
  return found;
}
