/** The plan of seed 004: tables and enums move, the application goes on writing, and everything can go back without losing a
 * write; the document's own two ways back, measured beside it; and the removal. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ApiError } from "../lib/api";
import { breakEachBox } from "../lib/box-bench";
import { headgate } from "../lib/cli";
import type { Cluster } from "../lib/cluster";
import { assertEndsAsUndisturbed } from "../lib/killed";
import { root } from "../lib/paths";
import { type Look, PlanBench, type PlanRun, writePlanFigures } from "../lib/plan-bench";
import { planOptions } from "../lib/plans";
import { pause } from "../lib/wait";

const FOLDER = join(root, "plans/feature-planner-schema");
const PLANS = Number(process.env["HEADGATE_PLANS"] ?? 1000);
const SEED = 20251013;
const KILLS = 3;
const OPTIONS = planOptions("feature-planner-schema", PLANS / 1000);
const TABLES = [
  "feature_plans", "feature_refinements", "file_discovery_sessions", "discovered_files",
  "implementation_plan_generations", "plan_steps", "plan_step_templates", "plan_execution_logs",
];

let bench: PlanBench;
let done: { stable: Look; ms: number } | undefined;
const figures: Record<string, number> = { plans_forward_ok: 0, plans_rollback_identical: 0, kills: 0, wrong_runs: 0 };

before(async () => {
  bench = await PlanBench.start(OPTIONS);
});
after(async () => {
  writePlanFigures("feature-planner-schema", figures);
  await bench.stop();
});

/** An application that writes a template a moment under its old name, from start to stop. */
class Writer {
  acknowledged = 0;
  errors: string[] = [];
  private stopping = false;
  private constructor(private readonly loop: Promise<void>) {}

  static async start(cluster: Cluster, database: string): Promise<Writer> {
    const client = await cluster.connect(database);
    const { id } = (await client.query("SELECT id FROM public.users ORDER BY id LIMIT 1")).rows[0] as { id: string };
    let writer: Writer | undefined;
    const loop = async (): Promise<void> => {
      while (writer === undefined || !writer.stopping) {
        await pause(2);
        if (writer === undefined) continue;
        try {
          await client.query("INSERT INTO public.plan_step_templates (user_id, name) VALUES ($1, $2)", [id, `written ${writer.acknowledged}`]);
          writer.acknowledged++;
        } catch (error) {
          writer.errors.push(String(error));
          return;
        }
      }
    };
    writer = new Writer(loop().finally(() => client.end()));
    return writer;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.loop;
  }
}

const WRITTEN = "SELECT count(*)::int AS n FROM public.plan_step_templates WHERE name LIKE 'written %'";

test("every check-box of the document is bound", async () => {
  const boxes = await bench.boxes();
  Object.assign(figures, boxes);
  assert.deepEqual(boxes, { boxes: 5, boxes_automatic: 0, boxes_unbound: 0 });
});

test("forward in dev: moved, not copied; rolled back, everything is as before", async (t) => {
  const run = await bench.begin();
  t.after(() => run.close());
  const files = `SELECT relname, pg_relation_filenode(oid) AS file FROM pg_class WHERE relname = ANY ($1) AND relkind = 'r' ORDER BY relname`;
  const before = await run.query(files, [TABLES]);
  const { page, ms } = await run.forward();
  assert.deepEqual(page.steps.filter(({ kind, state }) => kind === "verify" && state !== "done"), []);
  assert.deepEqual(await run.query(files, [TABLES]), before, "the same files on disk: no row was copied");
  const schemas = await run.query("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = ANY ($1)", [TABLES]);
  assert.deepEqual(schemas, [{ schemaname: "feature_planner" }]);
  await run.assertSound();
  done = { stable: await run.look(true), ms };
  const rows = await run.query(TABLES.map((name) => `SELECT count(*)::int AS n FROM feature_planner.${name}`).join(" UNION ALL "));
  figures["rows"] = rows.reduce((sum, { n }) => sum + Number(n), 0);
  figures["plans_forward_ok"] = 1;
  figures["forward_s"] = ms / 1000;

  const back = await run.back();
  await run.assertAsBefore();
  figures["plans_rollback_identical"] = 1;
  figures["back_s"] = back.ms / 1000;
});

test("all five boxes are sign-offs; what was verified still holds when the run is over", async (t) => {
  figures["boxes_broken"] = await breakEachBox(t, bench, { subjects: [] });
});

test("in staging the gates wait for people, and from each of them everything can be taken back", async (t) => {
  for (const gate of ["start", "contract/old-names"]) {
    const run = await bench.begin("staging");
    t.after(() => run.close());
    await run.toGate(gate);
    await assert.rejects(run.operator.approve(run.id, gate), (error: ApiError) => error.status === 403, "nobody approves their own run");
    await run.back();
    await run.assertAsBefore();
  }
});

test("the application writes under the old names through the move and through the way back, without an error or a loss", async (t) => {
  const run = await bench.begin("staging");
  t.after(() => run.close());
  const writer = await Writer.start(bench.cluster, run.database);
  t.after(() => writer.stop());
  await run.toGate("contract/old-names");
  const atGate = writer.acknowledged;
  assert.ok(atGate > 0);
  assert.deepEqual(
    await run.query("SELECT 'draft'::public.plan_status::text AS old, count(*)::int AS n FROM public.feature_plans WHERE status = 'draft'::public.plan_status"),
    [{ old: "draft", n: PLANS / 8 }],
    "old names of types work in casts and comparisons",
  );
  await run.back();
  await writer.stop();
  assert.deepEqual(writer.errors, []);
  assert.ok(writer.acknowledged > atGate);
  assert.deepEqual(await run.query(WRITTEN), [{ n: writer.acknowledged }]);
  figures["writes_lost_headgate"] = writer.acknowledged - Number((await run.query(WRITTEN))[0]?.["n"]);
  await run.query("DELETE FROM plan_step_templates WHERE name LIKE 'written %'");
  await run.assertAsBefore();
});

test("a view that somebody builds on an old name stops the contract before it", async (t) => {
  const run = await bench.begin("staging");
  t.after(() => run.close());
  await run.toGate("contract/old-names");
  await run.query("CREATE VIEW public.their_view AS SELECT id FROM public.feature_plans");
  const { page } = await run.play("the run has failed", ({ state }) => state === "failed");
  assert.match(JSON.stringify(page.reason), /their_view/);
  await run.query("DROP VIEW public.their_view");
  await run.back();
  await run.assertAsBefore();
});

test("the document's own ways back: what each loses of the writes made since", async (t) => {
  const insert = (database: string, name: string): Promise<unknown> =>
    bench.cluster.query(database, `INSERT INTO public.plan_step_templates (user_id, name) SELECT id, '${name}' FROM users ORDER BY id LIMIT 1`);
  const write = async (database: string, count: number, label: string): Promise<void> => {
    for (let i = 0; i < count; i++) await insert(database, `written ${label} ${i}`);
  };

  // Option A, "branch reset": the state before the migration comes back, whatever was written since.
  const run = await bench.begin("staging");
  t.after(() => run.close());
  await run.toGate("start");
  await run.query("CREATE TABLE public.snapshot AS SELECT * FROM public.plan_step_templates"); // stands for the parent branch
  await run.toGate("contract/old-names");
  await write(run.database, 10, "since");
  const kept = await run.query("SELECT count(*)::int AS n FROM public.snapshot WHERE name LIKE 'written %'");
  figures["writes_lost_option_a"] = 10 - Number(kept[0]?.["n"]);

  // Option B, "copies back, then drops", with the document's own form of the statement; the application writes in between.
  const started = Date.now();
  await run.query("DROP VIEW public.plan_step_templates");
  await run.query("CREATE TABLE public.plan_step_templates (LIKE feature_planner.plan_step_templates INCLUDING ALL)");
  await run.query("INSERT INTO public.plan_step_templates SELECT * FROM feature_planner.plan_step_templates");
  const copied = Date.now() - started;
  await run.query("INSERT INTO feature_planner.plan_step_templates (user_id, name) SELECT id, 'written between ' || n FROM (SELECT id FROM users ORDER BY id LIMIT 1) AS u, generate_series(1, 10) AS n");
  await run.query("DROP TABLE feature_planner.plan_step_templates CASCADE");
  figures["writes_lost_option_b"] = 20 - Number((await run.query(WRITTEN))[0]?.["n"]);
  figures["option_b_one_table_ms"] = copied;

  assert.equal(figures["writes_lost_option_a"], 10, "a reset loses all of them");
  assert.equal(figures["writes_lost_option_b"], 10, "a copy loses what is written between copy and drop");
  assert.equal(figures["writes_lost_headgate"], 0);
});

test(`killed ${KILLS} times at random moments it ends as undisturbed, and rolls back to what was`, async (t) => {
  await assertEndsAsUndisturbed(t, bench, figures, {
    seed: SEED, kills: KILLS, among: ["runner", "supervisor", "backend"], done,
    then: async (run) => {
      await run.back();
      await run.assertAsBefore();
    },
  });
});

test("removal: not while somebody still works with it, then complete, and announced as one-way", async (t) => {
  const removal = await PlanBench.start({
    plan: "feature-planner-removal",
    environment: "dev",
    people: ["alice", "bob", "carol"],
    prepare: async (cluster, database) => {
      await OPTIONS.prepare(cluster, database);
      for (const file of ["001_schema.up.sql", "002_tables.up.sql", "003_contract.up.sql"]) {
        await cluster.query(database, readFileSync(join(FOLDER, "sql", file), "utf8"));
      }
    },
  });
  const runs: PlanRun[] = [];
  t.after(async () => {
    for (const run of runs) await run.close();
    await removal.stop();
  });

  const late = await removal.begin("staging");
  runs.push(late);
  await late.toGate("remove");
  await late.query("UPDATE feature_planner.feature_plans SET updated_at = now() WHERE original_request = 'Feature request 7'");
  const { page } = await late.play("the proof does not hold", ({ state }) => state === "failed");
  assert.match(JSON.stringify(page.reason), /proof/);
  assert.deepEqual(await late.query("SELECT count(*)::int AS n FROM feature_planner.feature_plans"), [{ n: PLANS }]);

  const run = await removal.begin();
  runs.push(run);
  await run.forward();
  assert.deepEqual(await run.query("SELECT to_regnamespace('feature_planner')::text AS n, to_regclass('public.bobbleheads')::text AS kept"), [
    { n: null, kept: "bobbleheads" },
  ]);
  const back = await headgate(["rollback", run.id, "-e", "dev", "-m", "the test wants it"], {
    env: { ...removal.cluster.env(run.database), HEADGATE_HOME: run.supervisor.known.home },
    cwd: removal.folder,
  });
  assert.match(back.text, /the backup before is the only copy|no way back/);
});
