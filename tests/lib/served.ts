/** A supervisor with a run that waits at a gate for bob: what strangers would like to change. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "./cluster";
import { temporary, TEST_CONFIG } from "./plan";
import { ask, compose } from "./raw";
import { Supervisor } from "./supervisor";
import { waitUntil } from "./wait";

export const GATED = `plan "gated" {
  doc = "Waits for somebody",
  phase "expand" { step "t" { up = "CREATE TABLE t (a int)", down = "DROP TABLE t" } },
  gate "go" { approvers = "admin" },
}
`;

export interface Served {
  cluster: Cluster;
  database: string;
  supervisor: Supervisor;
  run: string;
}

/** What is freed is given back at once, so that the memory of a build with AddressSanitizer says something. */
export const FRUGAL = { ASAN_OPTIONS: `${process.env["ASAN_OPTIONS"] ?? ""}:quarantine_size_mb=4:allocator_release_to_os_interval_ms=100` };

/** people: the first is an operator; bob may approve. */
export async function serveGated(cluster: Cluster, people = ["alice", "bob"], env: Record<string, string> = {}, plan = GATED): Promise<Served> {
  const database = await cluster.database();
  const folder = temporary("plans");
  mkdirSync(join(folder, "gated"));
  writeFileSync(join(folder, "gated/plan.lua"), plan);
  writeFileSync(join(folder, "headgate.yaml"), TEST_CONFIG);
  const supervisor = await Supervisor.start({
    env: { ...cluster.env(database), ...env },
    config: folder,
    plans: folder,
    environment: "people",
    people,
  });
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun("gated", "people");
  await waitUntil("the gate is open", async () => (await alice.run(id)).state === "waiting");
  return { cluster, database, supervisor, run: id };
}

/** What a browser holds after somebody has logged in. */
export interface Session {
  cookie: string;
  csrf: string;
}

export async function logIn(supervisor: Supervisor, person: string): Promise<Session> {
  const token = /#token=(\S+)/.exec(await supervisor.link(person))?.[1];
  const { host } = new URL(supervisor.url);
  const reply = await ask(supervisor.url, compose("POST", "/api/login", [["Host", host]], JSON.stringify({ token })));
  const cookie = /^[^;]+/.exec(reply.headers.get("set-cookie") ?? "")?.[0];
  if (reply.status !== 200 || cookie === undefined) throw new Error(`${person} could not log in: ${reply.status} ${reply.body}`);
  return { cookie, csrf: (JSON.parse(reply.body) as { csrf: string }).csrf };
}

/** A digest of everything the ledger says, but for what ticks by itself: leases and when a token was last seen. */
export async function stateOf({ cluster, database }: Served): Promise<string> {
  const client = await cluster.connect(database);
  try {
    const tables = await client.query<{ name: string }>(
      "SELECT quote_ident(relname) AS name FROM pg_class WHERE relnamespace = 'headgate'::regnamespace AND relkind = 'r' AND relname <> 'lease' ORDER BY 1",
    );
    const parts: string[] = [];
    for (const { name } of tables.rows) {
      const digest = await client.query<{ digest: string }>(
        `SELECT md5(coalesce(string_agg(r, '|' ORDER BY r), '')) AS digest FROM (SELECT (to_jsonb(t) - 'seen_at')::text AS r FROM headgate.${name} AS t) AS r`,
      );
      parts.push(`${name} ${digest.rows[0]?.digest}`);
    }
    return parts.join("\n");
  } finally {
    await client.end();
  }
}
