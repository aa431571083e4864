/** The plan of seed 003: files into the database while the application writes, the switch, and back into files with every
 * write; the files are compared as the database is. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ApiError } from "../lib/api";
import { atExit } from "../lib/cleanup";
import { root } from "../lib/paths";
import { type Look, PlanBench, type PlanRun, type Service, writePlanFigures } from "../lib/plan-bench";
import { temporary } from "../lib/plan";
import { seedRandom } from "../lib/random";
import { striker } from "../lib/strike";
import { waitUntil } from "../lib/wait";

const FOLDER = join(root, "plans/fluxstudio-import");
const MESSAGES = Number(process.env["HEADGATE_MESSAGES"] ?? 2000);
const SEED = 20250112;
const KILLS = 3;
const NEW_MESSAGE = "00000006-0000-4000-8000-0000000fffff";
const PROJECT = "00000004-0000-4000-8000-000000000001";

let bench: PlanBench;
let template = "";
let generated: Record<string, number> = {};
let done: { stable: Look; ms: number } | undefined;
const figures: Record<string, number> = { plans_forward_ok: 0, plans_rollback_identical: 0, kills: 0, wrong_runs: 0 };

/** The demo's application with a store of its own. */
class Application implements Service {
  private constructor(readonly folder: string, readonly url: string, private readonly kill: () => void) {}

  static async start(env: Record<string, string>): Promise<Application> {
    const folder = temporary("store");
    cpSync(template, folder, { recursive: true, preserveTimestamps: true });
    const child = spawn(process.execPath, [join(FOLDER, "demo/app.mjs"), folder], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
    atExit(() => child.kill());
    const url = await new Promise<string>((ready, fail) => {
      child.stdout.once("data", (line: Buffer) => ready(line.toString().trim()));
      child.once("exit", (code) => fail(new Error(`the application ended with ${code}`)));
    });
    return new Application(folder, url, () => child.kill());
  }

  get env(): Record<string, string> {
    return { FLUX_APP: this.url, FLUX_STORE: this.folder };
  }

  async stop(): Promise<void> {
    this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await fetch(this.url + path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  async put(path: string, body: unknown): Promise<void> {
    const { status, body: answer } = await this.ask("PUT", path, body);
    assert.equal(status, 200, JSON.stringify(answer));
  }
}

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
  template = temporary("store");
  generated = JSON.parse(execFileSync(process.execPath, [join(FOLDER, "demo/generate.mjs"), template, String(MESSAGES)], { encoding: "utf8" })) as Record<string, number>;
  bench = await PlanBench.start({
    plan: "fluxstudio-import",
    environment: "demo",
    people: ["alice", "bob", "carol", "dave", "erin"],
    settings: { archive_mode: "on", archive_command: "true" },
    prepare: async (cluster) => {
      const archived = async (): Promise<boolean> => Number((await cluster.query("postgres", "SELECT archived_count AS n FROM pg_stat_archiver"))[0]?.["n"]) > 0;
      await cluster.query("postgres", "CREATE TABLE filler (n int)");
      await cluster.query("postgres", "SELECT pg_switch_wal()");
      await waitUntil("WAL is archived", archived);
    },
    serve: Application.start,
    decide: ({ step }) => (step.startsWith("import ") ? { skip: true } : undefined),
    limitMs: 240_000,
  });
});
after(async () => {
  writePlanFigures("fluxstudio-import", figures);
  await bench.stop();
});

async function assertAsBefore(run: PlanRun): Promise<void> {
  await run.assertAsBefore();
  assert.deepEqual(filesOf(appOf(run).folder), filesOf(template), "the files are those of before");
}

test("every check-box of the document is bound", async () => {
  const boxes = await bench.boxes();
  Object.assign(figures, boxes);
  assert.deepEqual(boxes, { boxes: 38, boxes_automatic: 29, boxes_unbound: 0 });
});

test("forward: every good record is a row, the others were decided; rolled back, database and files are as before", async (t) => {
  const run = await bench.begin();
  t.after(() => run.close());
  const { page, ms } = await run.forward();
  assert.deepEqual(page.steps.filter(({ kind, state }) => kind === "verify" && state !== "done"), []);
  const [counts] = await run.query("SELECT sum(good)::int AS good, sum(records - good)::int AS bad FROM store_manifest");
  assert.deepEqual(counts, { good: generated["good"], bad: generated["bad"] });
  const [queued] = await run.query("SELECT count(*)::int AS n FROM headgate.queued_row WHERE state = 'skipped'");
  assert.equal(queued?.["n"], generated["bad"]);
  await run.assertSound();
  done = { stable: await run.look(true), ms };
  figures["rows"] = Number(generated["good"]);
  figures["plans_forward_ok"] = 1;
  figures["forward_s"] = ms / 1000;

  const back = await run.back();
  await assertAsBefore(run);
  figures["plans_rollback_identical"] = 1;
  figures["back_s"] = back.ms / 1000;
});
