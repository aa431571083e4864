/** Guards fed by sql, prometheus, http and command: what is no plain number is never good, and the run says why. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Api } from "../lib/api";
import { Cluster } from "../lib/cluster";
import { temporary } from "../lib/plan";
import { noPrometheus, startPrometheus } from "../lib/prometheus";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const TOKEN = "s3cret-token-of-the-metrics";
const PLAN = `plan "out" {
  doc = "Let it out",
  rollout "new" {
    flag = sql_flag { table = "flags", name = "name", percent = "percent", enabled = "enabled" },
    guards = thresholds "database",
    stage { percent = 10, watch = "2s" },
    stage { percent = 100, watch = "1h" },
  },
}
`;

const config = (metrics: string, alerts: string): string => `
version: 1
variables:
  service: \${SERVICE}
  token: \${SERVICE_TOKEN}
metrics:
${metrics}
environments:
  test:
    gates: auto
    approvers: { admin: [bob] }
    guard_interval: 500ms
    alerts:
      database:
${alerts}
`;
const FOUR = `
  connections: { unit: percent, sql: "SELECT percent FROM pool" }
  cpu_usage: { unit: percent, timeout: 1s, prometheus: { url: "\${service}/prom/", query: 'avg(cpu{job="app db"}) * 100' } }
  memory_usage: { unit: percent, timeout: 1s, min_samples: 3, http: { url: "\${service}/health", headers: { Authorization: "Bearer \${token}" }, pointer: /memory, samples: /n } }
  query_time_p95: { unit: s, command: { argv: [bin/p95.sh, "--json"], pointer: /p95, env: { SERVICE: "\${service}" } } }`;
const ALERTS = `
        cpu_usage: > 80%
        memory_usage: > 85%
        connections: > 90%
        query_time_p95: > 1000ms`;
const P95 = '#!/bin/sh\n[ "$1" = --json ] || exit 3\nexec cat "$P95_FILE"\n';

let cluster: Cluster;
let service: Server;
let address = "";
/** What the service answers at the moment. */
let prom: (() => unknown) | undefined;
let health: unknown;
let asked: { url: string; authorization: string | undefined }[] = [];

const vector = (...values: string[]) => (): unknown => ({
  status: "success",
  data: { resultType: "vector", result: values.map((value) => ({ metric: {}, value: [Date.now() / 1000, value] })) },
});

before(async () => {
  cluster = await Cluster.start();
  service = createServer((request, response) => {
    const url = request.url ?? "";
    asked.push({ url, authorization: request.headers.authorization });
    const body = url.startsWith("/prom/api/v1/query?") ? prom?.() : url === "/metrics" ? "# TYPE cpu gauge\ncpu 0.5\nparts{n=\"1\"} 1\nparts{n=\"2\"} 2\n" : health;
    if (body === undefined) return; // never answers
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((ready) => service.listen(0, "127.0.0.1", ready));
  address = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
});
after(async () => {
  service.closeAllConnections();
  service.close();
  await cluster.stop();
});

interface Page {
  state: string;
  reason: { kind?: string; text?: string } | null;
  rollouts: { guards: { metric: string; value: number | null; unit: string; verdict: string; why: string }[]; stages: { state: string; counted_us: number }[] }[];
}

interface Stage {
  database: string;
  supervisor: Supervisor;
  alice: Api;
  id: string;
  page(): Promise<Page>;
}

async function begin(t: TestContext, yaml: string, env: Record<string, string> = {}): Promise<Stage> {
  const database = await cluster.database();
  await cluster.query(
    database,
    `CREATE TABLE flags (name text PRIMARY KEY, percent int, enabled bool); INSERT INTO flags VALUES ('new', 0, false);
     CREATE TABLE pool (percent numeric); INSERT INTO pool VALUES (40)`,
  );
  const plans = temporary("plans");
  mkdirSync(join(plans, "out/bin"), { recursive: true });
  writeFileSync(join(plans, "out/plan.lua"), PLAN);
  writeFileSync(join(plans, "out/bin/p95.sh"), P95.replace("$P95_FILE", join(plans, "p95.json")));
  writeFileSync(join(plans, "p95.json"), '{"p95": 0.2}');
  writeFileSync(join(plans, "headgate.yaml"), yaml);
  asked = [];
  prom = vector("12");
  health = { memory: 50, n: 3, token: TOKEN };
  const supervisor = await Supervisor.start({
    env: { ...cluster.env(database), SERVICE: address, SERVICE_TOKEN: TOKEN, ...env },
    config: plans,
    plans,
    environment: "test",
    people: ["alice"],
  });
  t.after(() => supervisor.stop());
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun("out", "test");
  return { database, supervisor, alice, id, page: () => alice.get<Page>(`/api/runs/${id}`) };
}

/** Held for want of data, and the newest sample of that metric says why. */
const held = (stage: Stage, metric: string, why: RegExp): Promise<Page> =>
  waitUntil(`held: ${why}`, async () => {
    const page = await stage.page();
    const guard = page.rollouts[0]?.guards.find((one) => one.metric === metric);
    return page.state === "held" && page.reason?.kind === "no_data" && why.test(guard?.why ?? "") ? page : undefined;
  });
const watching = (stage: Stage): Promise<Page> =>
  waitUntil("watched again", async () => {
    const page = await stage.page();
    return page.state === "watching" ? page : undefined;
  });

test("four sources; what is no plain number holds the run and is no good time; a breach takes it back", async (t) => {
  const stage = await begin(t, config(FOUR, ALERTS));
  const page = await waitUntil("100 % is watched with four values", async () => {
    const now = await stage.page();
    const guards = now.rollouts[0]?.guards ?? [];
    return now.rollouts[0]?.stages[1]?.state === "watching" && guards.length === 4 && guards.every(({ verdict }) => verdict === "ok") ? now : undefined;
  });
  const values = Object.fromEntries(page.rollouts[0]!.guards.map(({ metric, value, unit }) => [metric, `${value} ${unit}`]));
  assert.deepEqual(values, { cpu_usage: "12 %", memory_usage: "50 %", connections: "40 %", query_time_p95: "200 ms" });
  const query = asked.find(({ url }) => url.startsWith("/prom/"));
  assert.equal(new URL(query?.url ?? "", address).searchParams.get("query"), 'avg(cpu{job="app db"}) * 100');
  assert.equal(asked.find(({ url }) => url === "/health")?.authorization, `Bearer ${TOKEN}`);

  prom = vector("NaN");
  const first = await held(stage, "cpu_usage", /^it is NaN$/);
  assert.match(first.reason?.text ?? "", /^metric cpu_usage has no data: it is NaN/);
  prom = vector("1", "2", "3");
  await held(stage, "cpu_usage", /^3 series were answered: one was expected/);
  prom = vector();
  const frozen = await held(stage, "cpu_usage", /^nothing was answered$/);
  prom = () => "<html>bad gateway</html>";
  await held(stage, "cpu_usage", /not JSON/);
  prom = undefined;
  await held(stage, "cpu_usage", /timeout|timed out/i);
  prom = vector("12");
  health = { memory: 1, n: 2 };
  await held(stage, "memory_usage", /^it rests on 2 samples; 3 are needed$/);
  const later = await stage.page();
  assert.equal(later.rollouts[0]?.stages[1]?.counted_us, frozen.rollouts[0]?.stages[1]?.counted_us, "the window does not count without data");
  health = { memory: 50, n: 3 };
  await watching(stage);

  await cluster.query(stage.database, "UPDATE pool SET percent = 91");
  const back = await waitUntil("rolled back", async () => {
    const now = await stage.page();
    return now.state === "rolled_back" ? now : undefined;
  });
  assert.equal(back.rollouts[0]?.guards.find(({ metric }) => metric === "connections")?.verdict, "breach");
  assert.deepEqual(await cluster.query(stage.database, "SELECT percent, enabled FROM flags"), [{ percent: 0, enabled: false }]);
  const told = await cluster.query(stage.database, "SELECT (SELECT string_agg(data::text, '') FROM headgate.event) || (SELECT string_agg(p::text, '') FROM headgate.plan AS p) AS all");
  assert.ok(!String(told[0]?.["all"]).includes(TOKEN), "no secret in events and bundles");
  assert.ok(!stage.supervisor.text.includes(TOKEN));
});

test("a real Prometheus", { skip: noPrometheus || false }, async (t) => {
  const prometheus = await startPrometheus(new URL(address).host);
  t.after(() => prometheus.stop());
  const source = (query: string): string => `{ unit: percent, prometheus: { url: "\${prometheus}", query: "${query}" } }`;
  const metrics = `
  cpu_usage: ${source("cpu * 100")}
  memory_usage: ${source("cpu / 0")}
  connections: ${source("parts")}
  query_time_p95: ${source("nothing_of_that_name")}`;
  const yaml = config(metrics, ALERTS.replace("> 1000ms", "> 90")).replace("variables:", "variables:\n  prometheus: ${PROMETHEUS}");
  const stage = await begin(t, yaml, { PROMETHEUS: prometheus.url });
  const page = await waitUntil("all were asked", async () => {
    const now = await stage.page();
    return now.rollouts[0]?.guards.length === 4 ? now : undefined;
  });
  const said = Object.fromEntries(page.rollouts[0]!.guards.map(({ metric, value, why }) => [metric, value ?? why]));
  assert.deepEqual(said, {
    cpu_usage: 50,
    memory_usage: "it is +Inf",
    connections: "2 series were answered: one was expected (or give series: max)",
    query_time_p95: "nothing was answered",
  });
  await held(stage, "memory_usage", /Inf/);
});
