/** The plan of seed 002: forward with its rows, owners and 35 indexes, cut over by a real HAProxy, killed and resumed, taken back. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CITADELBUY, FOLDER, messages, requests } from "../lib/citadelbuy";
import { headgate } from "../lib/cli";
import { noHaproxy } from "../lib/haproxy";
import { assertEndsAsUndisturbed } from "../lib/killed";
import { PlanBench, type Look, writePlanFigures } from "../lib/plan-bench";

const SEED = 20251204;
const KILLS = 3;

let bench: PlanBench;
let done: { stable: Look; ms: number } | undefined;
const figures: Record<string, number> = { plans_forward_ok: 0, plans_rollback_identical: 0, kills: 0, wrong_runs: 0 };

before(async () => {
  bench = await PlanBench.start({ ...CITADELBUY, params: { rehearsal: 1 } });
});
after(async () => {
  writePlanFigures("citadelbuy-schema", figures);
  await bench.stop();
});

test("every box of the document is bound, and most need nobody", async () => {
  const checked = await headgate(["check", FOLDER, "-e", "dev"]);
  assert.equal(checked.code, 0, checked.text);
  assert.match(checked.text, /understood cpu_usage: > 80% as: a breach when cpu_usage is above 80 %/);
  const boxes = await bench.boxes();
  Object.assign(figures, boxes);
  assert.deepEqual(boxes, { boxes: 41, boxes_automatic: 32, boxes_unbound: 0 });
});

test("forward in dev at the document's sizes; rolled back, nothing is left", async (t) => {
  const run = await bench.begin();
  t.after(() => run.close());
  const { page, ms } = await run.forward();
  assert.deepEqual(page.steps.filter(({ kind, state }) => kind === "verify" && state !== "done"), []);
  const counts = await run.query(
    `SELECT (SELECT count(*) FROM users)::int AS users, (SELECT count(*) FROM products)::int AS products,
            (SELECT count(*) FROM orders)::int AS orders, (SELECT count(*) FROM product_analytics)::int AS analytics,
            (SELECT count(*) FROM organizations)::int AS organizations,
            (SELECT count(*) FROM pg_index WHERE NOT indisvalid)::int AS invalid,
            (SELECT count(*) FROM headgate.queued_row WHERE run = 1)::int AS asked`,
  );
  assert.deepEqual(counts[0], { users: 9000, products: 9000, orders: 45000, analytics: 90000, organizations: 400, invalid: 0, asked: 7 });
  const told = await messages();
  assert.deepEqual(told.map(({ to }) => to), ["chat", "status", "chat", "status", "chat", "chat", "status"], "the communication plan, in its order");
  figures["rows"] = 199_000;
  await run.assertSound();
  done = { stable: await run.look(true), ms };
  figures["plans_forward_ok"] = 1;
  figures["forward_s"] = ms / 1000;

  await run.query(`INSERT INTO "AgreedTerms" (id, "userId", version) SELECT 'terms-' || n, 'user-' || n, '2' FROM generate_series(1, 25) AS n`);
  const back = await run.back();
  await run.assertAsBefore();
  const kept = await run.query(`SELECT relation, count(*)::int AS rows FROM headgate.kept_${run.id} WHERE relation LIKE '%Terms%' GROUP BY relation`);
  assert.deepEqual(kept, [{ relation: 'public."AgreedTerms"', rows: 25 }], "what the application wrote meanwhile is copied before its table goes");
  figures["plans_rollback_identical"] = 1;
  figures["back_s"] = back.ms / 1000;
});

test(`killed ${KILLS} times at random moments it ends as undisturbed, and rolls back to what was`, async (t) => {
  await assertEndsAsUndisturbed(t, bench, figures, {
    seed: SEED, kills: KILLS, among: ["runner", "supervisor", "backend"], done,
    environment: noHaproxy === "" ? "demo" : "dev",
    then: async (run) => {
      if (noHaproxy === "") assert.deepEqual(await requests(20), { blue: 0, green: 20 }, "after 10 and 50 %, all the traffic");
      await run.back();
      if (noHaproxy === "") assert.deepEqual(await requests(20), { blue: 20, green: 0 });
      await run.assertAsBefore();
    },
  });
});
