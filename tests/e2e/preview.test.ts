/** A plan as the dashboard shows it, and what a run would do: asked before the start, and of a run that was started. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Api, ApiError } from "../lib/api";
import { Cluster } from "../lib/cluster";
import { TEST_CONFIG, temporary } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const PLAN = `plan "colours" {
  doc = "Every item gets a colour",
  params = { colour = { type = "text", default = "red" } },
  phase "fill" {
    step "column" { up = file "sql/up.sql", down = "ALTER TABLE items DROP COLUMN colour" },
    backfill "items.note" {
      where = "note IS NULL",
      map = function(row) if row.id == 3 then return ambiguous("three is odd") end return { note = params.colour } end,
    },
  },
  gate "keep" { approvers = "admin" },
}
`;
const UP = "-- a column\nALTER TABLE items ADD COLUMN colour text;\n";

interface Item {
  path: string;
  outcome: string;
  text: string;
  tables?: string[];
  statements?: { sql: string; tables: string[]; locks: { table: string; mode: string }[] }[];
  migrate?: number;
  ambiguous?: number;
  changes?: { key: string; before: Record<string, unknown>; after: Record<string, unknown> }[];
}
interface Report {
  plan: string;
  environment: string;
  params: Record<string, unknown>;
  items: Item[];
  wrote: boolean;
}
interface Plan {
  name: string;
  error: string | null;
  hash: string | null;
  graph: { children: { path: string; line: number }[] } | null;
  findings: { rule: string; file: string; line: number }[];
  files: { path: string; bytes: number; text: string | null }[];
}

let cluster: Cluster;
let database: string;
let supervisor: Supervisor;
let alice: Api;

before(async () => {
  cluster = await Cluster.start();
  database = await cluster.database();
  await cluster.query(database, "CREATE TABLE items (id int PRIMARY KEY, note text); INSERT INTO items SELECT generate_series(1, 20)");
  const plans = temporary("plans");
  writeFileSync(join(plans, "headgate.yaml"), TEST_CONFIG);
  for (const [name, text] of [["colours", PLAN], ["broken", PLAN.replace("approvers", "aprovers")]] as const) {
    mkdirSync(join(plans, name, "sql"), { recursive: true });
    writeFileSync(join(plans, name, "plan.lua"), text);
    writeFileSync(join(plans, name, "sql/up.sql"), UP);
    writeFileSync(join(plans, name, "picture.png"), Buffer.from([0x89, 0x50, 0xff, 0x00]));
  }
  supervisor = await Supervisor.start({ env: cluster.env(database), config: plans, plans, environment: "people", people: ["alice", "bob"] });
  alice = supervisor.as("alice");
});
after(async () => {
  await supervisor?.stop();
  await cluster?.stop();
});

test("a plan has its graph, its findings and its source; a broken one has its source and says why", async () => {
  const plan = await supervisor.as("bob").get<Plan>("/api/plans/colours");
  assert.equal(plan.error, null);
  assert.deepEqual(plan.graph?.children.map((node) => node.path), ["fill", "keep"]);
  assert.deepEqual(plan.files.map(({ path }) => path), ["picture.png", "plan.lua", "sql/up.sql"]);
  assert.deepEqual(plan.files.map(({ text }) => text), [null, PLAN, UP]);
  assert.ok(plan.findings.every(({ rule, line }) => rule !== "" && line > 0));
  const broken = await alice.get<Plan>("/api/plans/broken");
  assert.match(broken.error ?? "", /aprovers/);
  assert.equal(broken.graph, null);
  assert.equal(broken.files.find(({ path }) => path === "plan.lua")?.text, PLAN.replace("approvers", "aprovers"));
  for (const name of ["nothing", "..", "%2e%2e%2fcolours", ".hidden"])
    await assert.rejects(alice.get(`/api/plans/${name}`), (error: ApiError) => error.status === 404, name);
});

test("a preview says what a run would do and changes nothing; only operators may ask", async () => {
  const ask = (api: Api, body: unknown) => api.post<Report>("/api/plans/colours/preview", body);
  const report = await ask(alice, { environment: "people", params: { colour: "blue" } });
  assert.equal(report.plan, "colours");
  assert.equal(report.environment, "people");
  assert.deepEqual(report.params, { colour: "blue" });
  const [step, backfill] = report.items;
  assert.deepEqual(step?.statements?.[0]?.tables, ["items"]);
  assert.deepEqual(step?.statements?.[0]?.locks.map(({ mode }) => mode), ["ACCESS EXCLUSIVE"]);
  assert.deepEqual(backfill?.tables, ["items"]);
  assert.deepEqual([backfill?.migrate, backfill?.ambiguous], [19, 1]);
  assert.equal(backfill?.changes?.length, 5);
  assert.deepEqual(backfill?.changes?.[0]?.after, { note: "blue" });
  assert.equal(backfill?.changes?.[0]?.before["note"], null);
  assert.equal(report.wrote, false);
  assert.deepEqual(await cluster.query(database, "SELECT count(*)::int AS n FROM items WHERE note IS NOT NULL"), [{ n: 0 }]);
  await assert.rejects(ask(supervisor.as("bob"), {}), (error: ApiError) => error.status === 403);
  await assert.rejects(ask(alice, { environment: "nowhere" }), (error: ApiError) => error.status === 400 && /nowhere/.test(error.message));
  await assert.rejects(ask(alice, { params: { hue: 1 } }), (error: ApiError) => error.status === 400 && /hue/.test(error.message));
  await assert.rejects(ask(alice, { plan: "x" }), (error: ApiError) => error.status === 400 && /unknown key/.test(error.message));
});

test("of a run: the plan and the values that it was started with, as the database is now", async () => {
  const { id } = await alice.startRun("colours", "people", { colour: "green" });
  await waitUntil("the run waits for its review", async () => ["waiting", "held"].includes((await alice.run(id)).state) || undefined);
  const report = await alice.post<Report>(`/api/runs/${id}/preview`, {});
  assert.deepEqual(report.params, { colour: "green" });
  assert.equal(report.items[0]?.path, "fill/column");
  await assert.rejects(supervisor.as("bob").post(`/api/runs/${id}/preview`, {}), (error: ApiError) => error.status === 403);
  await assert.rejects(alice.post("/api/runs/999/preview", {}), (error: ApiError) => error.status === 404);
});
