/** The cut-over of plans/citadelbuy-schema by a real HAProxy: five people sign, a tenth of the traffic goes over, a threshold is crossed. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ApiError } from "../lib/api";
import { become, CITADELBUY, requests } from "../lib/citadelbuy";
import { noHaproxy } from "../lib/haproxy";
import { PlanBench } from "../lib/plan-bench";

const SIGN_OFFS = ["Database Administrator", "Backend Lead", "DevOps Engineer", "Product Manager", "Engineering Manager"];

let bench: PlanBench;
before(async () => {
  bench = await PlanBench.start(CITADELBUY);
});
after(() => bench.stop());

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
