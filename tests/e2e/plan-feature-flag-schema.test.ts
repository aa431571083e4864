/** The plan of seed 000: forward, verified over SQL and HTTP, killed and resumed, and everything it made taken back. */
import assert from "node:assert/strict";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ApiError } from "../lib/api";
import { breakEachBox } from "../lib/box-bench";
import { assertEndsAsUndisturbed } from "../lib/killed";
import { root } from "../lib/paths";
import { PlanBench, type Look, type PlanRun, writePlanFigures } from "../lib/plan-bench";
import { planOptions } from "../lib/plans";

const FOLDER = join(root, "plans/feature-flag-schema");
const DEMO = "d3300000-0000-4000-8000-000000000001";
/** The plan's requests that are still true at its end. */
const AGAIN: [string, unknown][] = [
  [DEMO, { features: { "bid-optimizer": true, "team-workspaces": true } }],
  ["templates/apply", { organizationId: DEMO, template: "Collaboration" }],
];
const SEED = 20251121;
const KILLS = 3;

let bench: PlanBench;
let done: { stable: Look; ms: number } | undefined;
const figures: Record<string, number> = { plans_forward_ok: 0, plans_rollback_identical: 0, kills: 0, wrong_runs: 0 };

before(async () => {
  bench = await PlanBench.start(planOptions("feature-flag-schema"));
});
after(async () => {
  writePlanFigures("feature-flag-schema", figures);
  await bench.stop();
});

test("every check-box of the document is bound", async () => {
  const boxes = await bench.boxes();
  Object.assign(figures, boxes);
  assert.deepEqual(boxes, { boxes: 12, boxes_automatic: 11, boxes_unbound: 0 });
});

test("forward in dev: no gate waits, every verification holds; rolled back, nothing is left", async (t) => {
  const run = await bench.begin();
  t.after(() => run.close());
  const { page, ms } = await run.forward();
  assert.deepEqual(page.steps.filter(({ kind, state }) => kind === "verify" && state !== "done"), []);
  const counts = await run.query(
    `SELECT (SELECT count(*) FROM feature_definitions)::int AS features, (SELECT count(*) FROM widget_library)::int AS widgets,
            (SELECT count(*) FROM feature_templates)::int AS templates,
            (SELECT count(*) FROM organization_feature_settings WHERE organization_id = $1 AND enabled)::int AS enabled`,
    [DEMO],
  );
  assert.deepEqual(counts[0], { features: 12, widgets: 11, templates: 4, enabled: 10 });
  await run.assertSound();
  done = { stable: await run.look(true), ms };
  const rows = await run.query(
    `SELECT sum((xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', oid::regclass), false, true, '')))[1]::text::int)::int AS n
       FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  );
  figures["rows"] = Number(rows[0]?.["n"]);
  figures["plans_forward_ok"] = 1;
  figures["forward_s"] = ms / 1000;

  for (const [path, body] of AGAIN)
    assert.equal((await fetch(`${run.env["FEATURE_API"]}/api/features/${path}`, { method: "POST", body: JSON.stringify(body) })).status, 200);
  assert.deepEqual(await run.look(true), done.stable, "what the plan calls repeatable can be sent twice");

  const back = await run.back();
  await run.assertAsBefore();
  figures["plans_rollback_identical"] = 1;
  figures["back_s"] = back.ms / 1000;
});

test("in staging the gates wait for people, and from each of them everything can be taken back", async (t) => {
  for (const gate of ["start", "activate"]) {
    const run = await bench.begin("staging");
    t.after(() => run.close());
    await run.toGate(gate);
    await assert.rejects(run.operator.approve(run.id, gate), (error: ApiError) => error.status === 403, "nobody approves their own run");
    await run.back();
    await run.assertAsBefore();
  }
});

test("what the application wrote meanwhile is copied before its table goes", async (t) => {
  const run = await bench.begin();
  t.after(() => run.close());
  await run.forward();
  await run.query(
    `INSERT INTO organization_feature_settings (organization_id, feature_id, enabled)
     SELECT id, 'dashboard-core', true FROM organizations WHERE name LIKE 'Organization %'`,
  );
  await run.back();
  await run.assertAsBefore();
  const kept = await run.query(
    `SELECT relation, count(*)::int AS rows FROM headgate.kept_${run.id} GROUP BY relation ORDER BY relation`,
  );
  assert.deepEqual(kept, [
    { relation: "public.feature_change_logs", rows: 200 },
    { relation: "public.organization_feature_settings", rows: 200 },
  ]);
});

test("a table of somebody else under one of the names stops the run, and stays", async (t) => {
  const run = await bench.begin("staging");
  t.after(() => run.close());
  await run.toGate("start"); // behind the check that nothing of that name is there
  await run.query("CREATE TABLE public.widget_library (theirs int)");
  const { page } = await run.play("the step has failed", ({ state }) => state === "failed");
  assert.match(JSON.stringify(page.reason), /sql\/001_tables\.up\.sql:\d+.*widget_library/);
  await run.back();
  await run.query("DROP TABLE public.widget_library");
  await run.assertAsBefore();
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

/** A function that goes on existing and answers something else, and back. */
const spoilt = (name: string): { break: string; mend: string } => ({
  break: `CREATE TABLE public.spoilt AS SELECT pg_get_functiondef('${name}'::regprocedure) AS was;
    DO $$ BEGIN EXECUTE regexp_replace((SELECT was FROM public.spoilt), 'AS \\$function\\$.*\\$function\\$', 'AS $f$ BEGIN RETURN NULL; END $f$'); END $$`,
  mend: `DO $$ BEGIN EXECUTE (SELECT was FROM public.spoilt); END $$; DROP TABLE public.spoilt`,
});
const renamed = (kind: string, name: string, arguments_ = ""): { break: string; mend: string } => ({
  break: `ALTER ${kind} ${name}${arguments_} RENAME TO gone`,
  mend: `ALTER ${kind} gone${arguments_} RENAME TO ${name}`,
});

test("each automatic box fails when its subject is broken", async (t) => {
  const backup = async (run: PlanRun): Promise<string> =>
    String((await run.query("SELECT detail->>'file' AS file FROM headgate.step WHERE path = 'prepare/before'"))[0]?.["file"]);
  const loaded = {
    break: "UPDATE feature_definitions SET default_enabled = false WHERE feature_id = 'real-time-updates'",
    mend: "UPDATE feature_definitions SET default_enabled = true WHERE feature_id = 'real-time-updates'",
  };
  figures["boxes_broken"] = await breakEachBox(t, bench, {
    subjects: [
      {
        box: "PostgreSQL 15+ client installed",
        break: async (run) => renameSync(await backup(run), `${await backup(run)}.gone`),
        mend: async (run) => renameSync(`${await backup(run)}.gone`, await backup(run)),
      },
      { box: "Feature flags schema file prepared", ...renamed("TABLE", "user_feature_usage") },
      { box: "All 8 tables created without errors", ...renamed("TABLE", "widget_library") },
      { box: "Sample data prepared", ...loaded },
      { box: "Default features loaded (dashboard-core, real-time-updates, etc.)", ...loaded },
      { box: "Validation functions tested", ...spoilt("validate_feature_change(uuid, text, boolean)") },
      {
        box: "3 trigger functions active",
        break: "ALTER TABLE feature_templates DISABLE TRIGGER feature_templates_updated",
        mend: "ALTER TABLE feature_templates ENABLE TRIGGER feature_templates_updated",
      },
      { box: "3 validation functions working", ...renamed("FUNCTION", "validate_feature_conflicts", "(uuid, text)") },
      {
        box: "Widget library populated",
        break: "CREATE TABLE spoilt AS SELECT * FROM widget_library; DELETE FROM widget_library WHERE feature_id = 'dashboard-core'",
        mend: "INSERT INTO widget_library SELECT * FROM spoilt WHERE feature_id = 'dashboard-core'; DROP TABLE spoilt",
      },
      { box: "API endpoints responding", ...renamed("TABLE", "feature_templates") },
    ],
    unticked: [
      // The document's phase of migrations does not get to its end when a table is somebody else's.
      { box: "Migration script created", at: "start", environment: "staging", break: "CREATE TABLE public.widget_library (theirs int)" },
    ],
  });
});
