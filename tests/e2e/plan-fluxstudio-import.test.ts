/** The plan of seed 003: files into the database while the application writes, the switch, and back into files with every
 * write; the files are compared as the database is. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Application, fluxstudio, FOLDER, generateStore, type Store } from "../lib/fluxstudio";
import { assertEndsAsUndisturbed } from "../lib/killed";
import { root } from "../lib/paths";
import { type Look, PlanBench, type PlanRun, writePlanFigures } from "../lib/plan-bench";

const MESSAGES = Number(process.env["HEADGATE_MESSAGES"] ?? 2000);
const SEED = 20250112;
const KILLS = 3;
const NEW_MESSAGE = "00000006-0000-4000-8000-0000000fffff";
const PROJECT = "00000004-0000-4000-8000-000000000001";

let bench: PlanBench;
let store: Store;
let done: { stable: Look; ms: number } | undefined;
const figures: Record<string, number> = { plans_forward_ok: 0, plans_rollback_identical: 0, kills: 0, wrong_runs: 0 };

const digest = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

/** Every file of a store, by name. */
function filesOf(folder: string, part = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(folder, part), { withFileTypes: true })) {
    const name = join(part, entry.name);
    if (entry.name.startsWith("speed.")) continue; // the application measures how fast it can write
    if (entry.isDirectory()) Object.assign(found, filesOf(folder, name));
    else found[name] = digest(join(folder, name));
  }
  return found;
}

const appOf = (run: PlanRun): Application => run.service as Application;
const message = (content: string): unknown => ({ conversationId: "00000005-0000-4000-8000-000000000000", authorId: "00000001-0000-4000-8000-000000000000", content, sentAt: 1740000000123 });

before(async () => {
  store = generateStore(MESSAGES);
  bench = await PlanBench.start({ ...fluxstudio(store), limitMs: 240_000 });
});
after(async () => {
  writePlanFigures("fluxstudio-import", figures);
  await bench.stop();
});

async function assertAsBefore(run: PlanRun): Promise<void> {
  await run.assertAsBefore();
  assert.deepEqual(filesOf(appOf(run).folder), filesOf(store.folder), "the files are those of before");
}

test("every check-box of the document is bound", async () => {
  const boxes = await bench.boxes();
  Object.assign(figures, boxes);
  assert.deepEqual(boxes, { boxes: 38, boxes_automatic: 29, boxes_unbound: 0 });
});

test("boxes, tables, retention and targets are the document's own", () => {
  const seed = (name: string): string => readFileSync(join(root, "tests/data/seeds/003", name), "utf8");
  const read = (name: string): string => readFileSync(join(FOLDER, name), "utf8");
  const matches = (text: string, pattern: RegExp): (string | undefined)[] => [...text.matchAll(pattern)].map((match) => match[1]);
  const boxes = (text: string): (string | undefined)[] => matches(text, /^- (\[.\] .*)$/gm);
  assert.deepEqual(boxes(read("document.md")), boxes(seed("checklist.md")));
  const made = readdirSync(join(FOLDER, "sql/migrations")).filter((name) => name.endsWith(".up.sql")).sort();
  const tables = made.flatMap((name) => matches(read(join("sql/migrations", name)), /^CREATE TABLE (\w+)/gm));
  assert.deepEqual(tables.sort(), matches(seed("tables.md"), /^- `(\w+)`/gm).sort());
  const kept = matches(seed("retention.md"), /: (\d+) (?:days|weeks|months|years)/g).join(" ");
  assert.equal(kept, "30 12 12 5");
  assert.equal(read("plan.lua").match(/retain = \{ daily = 30, weekly = 12, monthly = 12, yearly = 5 \}/g)?.length, 2);
  const production = read("headgate.yaml").split("\n  production:")[1] ?? "";
  const target = (pattern: RegExp): string | undefined => seed("targets.md").match(pattern)?.[1];
  assert.match(production, new RegExp(`api_p95: < ${target(/API response time < (\w+)/)}\n`));
  assert.match(production, new RegExp(`query_avg: < ${target(/query time < (\w+)/)}\n`));
  assert.match(production, new RegExp(`upload_per_second: > ${target(/upload speed > (\d+)MB/)}MiB\n`));
  assert.match(production, new RegExp(`message_delivery: < ${target(/delivery latency < (\w+)/)}\n`));
  assert.match(read("plan.lua"), new RegExp(`downtime = "${target(/< (\d+) minute downtime/)}m"`));
});

test("forward: every good record is a row, the others were decided; rolled back, database and files are as before", async (t) => {
  const run = await bench.begin();
  t.after(() => run.close());
  const { page, ms } = await run.forward();
  assert.deepEqual(page.steps.filter(({ kind, state }) => kind === "verify" && state !== "done"), []);
  const [counts] = await run.query("SELECT sum(good)::int AS good, sum(records - good)::int AS bad FROM store_manifest");
  assert.deepEqual(counts, { good: store.good, bad: store.bad });
  const [queued] = await run.query("SELECT count(*)::int AS n FROM headgate.queued_row WHERE state = 'skipped'");
  assert.equal(queued?.["n"], store.bad);
  await run.assertSound();
  done = { stable: await run.look(true), ms };
  figures["rows"] = store.good;
  figures["plans_forward_ok"] = 1;
  figures["forward_s"] = ms / 1000;

  const back = await run.back();
  await assertAsBefore(run);
  figures["plans_rollback_identical"] = 1;
  figures["back_s"] = back.ms / 1000;
});

/** Seconds that the plan's budget of that name has used. */
async function spent(run: PlanRun, name: string): Promise<number> {
  const env = { ...bench.cluster.env(run.database), ...appOf(run).env };
  const report = await headgate(["report", run.id, "-e", run.environment, "--format", "json"], { env, cwd: bench.folder });
  assert.equal(report.code, 0, report.text);
  const { budgets } = JSON.parse(report.stdout) as { budgets: { name: string; measured_us: number; over: boolean }[] };
  const budget = budgets.find((each) => each.name === name);
  assert.ok(budget !== undefined && !budget.over, JSON.stringify(budgets));
  return budget.measured_us / 1e6;
}

const records = (app: Application, file: string): Record<string, unknown>[] => {
  const text = readFileSync(join(app.folder, file), "utf8");
  if (file.endsWith(".json")) return JSON.parse(text) as Record<string, unknown>[];
  return text.split("\n").filter((line) => line.includes(NEW_MESSAGE.slice(0, -1))).map((line) => JSON.parse(line) as Record<string, unknown>);
};

test("what is written before, while and after the files are imported is there in the database, and in the files again after the way back", async (t) => {
  const run = await bench.begin("staging");
  t.after(() => run.close());
  const app = appOf(run);
  const before = filesOf(app.folder);
  const reaction = "00000008-0000-4000-8000-000000000003";
  const member = "00000002-0000-4000-8000-000000000001,00000001-0000-4000-8000-000000000002";
  const project = (await app.ask("GET", `/api/projects/${PROJECT}`)).body;

  await run.toGate("cut-over"); // the files are frozen and imported; the application works
  await app.put(`/api/messages/${NEW_MESSAGE}`, message("written into the journal"));
  await app.put(`/api/projects/${PROJECT}`, { ...project, name: "Renamed in the journal", status: "on_hold" });
  assert.equal((await app.ask("DELETE", `/api/message_reactions/${reaction}`)).status, 200);
  assert.equal((await app.ask("GET", `/api/projects/${PROJECT}`)).body["name"], "Renamed in the journal");

  await run.forward();
  figures["cutover_downtime_s"] = await spent(run, "downtime");
  assert.deepEqual(
    await run.query("SELECT (SELECT content FROM messages WHERE id = $1), (SELECT name FROM projects WHERE id = $2), (SELECT count(*)::int FROM message_reactions WHERE id = $3) AS reactions", [NEW_MESSAGE, PROJECT, reaction]),
    [{ content: "written into the journal", name: "Renamed in the journal", reactions: 0 }],
  );
  await app.put(`/api/projects/${PROJECT}`, { ...project, name: "Renamed in the database", status: "completed" });
  await app.put(`/api/messages/${NEW_MESSAGE.slice(0, -1)}0`, message("written into the database"));
  await app.put(`/api/organization_members/${member}`, { role: "guest", joinedAt: 1740000000456 });

  await run.back();
  figures["rollback_s"] = await spent(run, "rollback");
  await run.assertAsBefore();
  assert.deepEqual((await app.ask("GET", "/health")).body, { backend: "files", frozen: false, stopped: false, pool: 20, database: true });
  assert.deepEqual(records(app, "messages/0000.ndjson").map(({ id, content }) => [id, content]).sort(), [
    [`${NEW_MESSAGE.slice(0, -1)}0`, "written into the database"],
    [NEW_MESSAGE, "written into the journal"],
  ]);
  const renamed = records(app, "projects.json").find(({ id }) => id === PROJECT);
  assert.deepEqual(renamed, { ...project, name: "Renamed in the database", status: "completed" });
  assert.equal(records(app, "message_reactions.json").some(({ id }) => id === reaction), false);
  assert.ok(records(app, "organization_members.json").some((each) => each["role"] === "guest" && each["joinedAt"] === 1740000000456));
  const after = filesOf(app.folder);
  const changed = Object.keys(before).filter((file) => before[file] !== after[file]);
  assert.deepEqual(changed.sort(), ["manifest.json", "message_reactions.json", "messages/0000.ndjson", "organization_members.json", "projects.json"]);
  figures["writes_lost"] = 0;
});

test(`killed ${KILLS} times at random moments it ends as undisturbed, and rolls back to what was`, async (t) => {
  await assertEndsAsUndisturbed(t, bench, figures, {
    seed: SEED, kills: KILLS, order: ["worker", "runner", "supervisor"], withinMs: (done?.ms ?? 0) / 5, done,
    then: async (run) => {
      await run.back();
      await assertAsBefore(run);
    },
  });
});
