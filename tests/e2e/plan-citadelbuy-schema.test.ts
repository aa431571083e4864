/** The plan of seed 002: forward with its rows, owners and 35 indexes, cut over by a real HAProxy, killed and resumed, taken back. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ApiError } from "../lib/api";
import { become, CITADELBUY, FOLDER, messages, requests } from "../lib/citadelbuy";
import { headgate } from "../lib/cli";
import { noHaproxy } from "../lib/haproxy";
import { PlanBench, type Look, writePlanFigures } from "../lib/plan-bench";
import { seedRandom } from "../lib/random";
import { striker } from "../lib/strike";

const SEED = 20251204;
const KILLS = 3;
/** How many times the document's estimates; make test-large says 100. */
const FACTOR = Number(process.env["HEADGATE_TEST_FACTOR"] ?? 1);
const SIGN_OFFS = ["Database Administrator", "Backend Lead", "DevOps Engineer", "Product Manager", "Engineering Manager"];

let bench: PlanBench;
let done: { stable: Look; ms: number } | undefined;
const figures: Record<string, number> = { plans_forward_ok: 0, plans_rollback_identical: 0, kills: 0, wrong_runs: 0 };

before(async () => {
  bench = await PlanBench.start({ ...CITADELBUY, params: { rehearsal: FACTOR }, limitMs: FACTOR > 1 ? 3_600_000 : 180_000 });
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
  const f = FACTOR;
  assert.deepEqual(counts[0], { users: 9000 * f, products: 9000 * f, orders: 45000 * f, analytics: 90000 * f, organizations: 400 * f, invalid: 0, asked: 7 * f });
  const told = await messages();
  assert.deepEqual(told.map(({ to }) => to), ["chat", "status", "chat", "status", "chat", "chat", "status"], "the communication plan, in its order");
  figures["rows"] = 199_000 * f;
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

test("in the demo five people sign, HAProxy lets the new version in; a CPU above 80 % takes everything back", { skip: noHaproxy || false }, async (t) => {
  const run = await bench.begin("demo");
  t.after(() => run.close());
  await run.toGate(`sign-off of the ${SIGN_OFFS[0]}`);
  await assert.rejects(run.operator.approve(run.id, `sign-off of the ${SIGN_OFFS[0]}`), (error: ApiError) => error.status === 403);
  await run.play("10 % are watched", ({ state, node }) => state === "watching" && node === "cut-over/10%");
  const ten = await requests(40);
  assert.ok(ten["green"]! >= 3 && ten["green"]! <= 5, JSON.stringify(ten));
  const signed = await run.query("SELECT count(DISTINCT person)::int AS people FROM headgate.approval WHERE run = 1");
  assert.deepEqual(signed, [{ people: SIGN_OFFS.length }]);

  await become("metric/cpu_usage", 85);
  const is = (state: string) => (page: { state: string }): boolean => page.state === state;
  const { page } = await run.play("the breach has taken it back", is("rolled_back"), is("rollback_blocked"));
  assert.match(JSON.stringify(page), /breach when cpu_usage > 80%/);
  assert.deepEqual(await requests(20), { blue: 20, green: 0 });
  await run.assertAsBefore();
});

test(`killed ${KILLS} times at random moments it ends as undisturbed, and rolls back to what was`, async (t) => {
  assert.ok(done, "the undisturbed run comes first");
  figures["seed"] = seedRandom(SEED);
  const run = await bench.begin(noHaproxy === "" ? "demo" : "dev");
  t.after(() => run.close());
  figures["wrong_runs"] = 1;
  const { killed } = await run.disturbed(striker(bench.cluster, { kills: KILLS, lengthMs: done.ms, among: ["runner", "supervisor", "backend"] }));
  figures["kills"] = killed.length;
  t.diagnostic(`killed ${killed.join(", ")}`);
  assert.deepEqual(await run.look(true), done.stable);
  await run.assertSound();
  if (noHaproxy === "") assert.deepEqual(await requests(20), { blue: 0, green: 20 }, "after 10 and 50 %, all the traffic");
  await run.back();
  if (noHaproxy === "") assert.deepEqual(await requests(20), { blue: 20, green: 0 });
  await run.assertAsBefore();
  figures["wrong_runs"] = 0;
  assert.equal(killed.length, KILLS);
});
