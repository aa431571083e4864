/** A gate's row that was changed by hand: the runner asks what the plan asks. */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { test } from "node:test";
import { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const FILES = {
  "headgate.yaml": `version: 1
environments:
  test: { approvers: { dba: [bob, carol] } }
`,
  "plan.lua": `plan "two" {
  doc = "Two people have to agree",
  phase "make" { step "table" { up = "CREATE TABLE made (id int)", down = "DROP TABLE made" } },
  gate "agree" { approvers = "dba", need = 2, ask = "Go on?" },
}
`,
};

test("one approval is not enough because somebody wrote so into the gate's row", async (t) => {
  const cluster = await Cluster.start();
  t.after(() => cluster.stop());
  const database = await cluster.database();
  const folder = writePlan(FILES);
  const supervisor = await Supervisor.start({
    env: cluster.env(database),
    config: folder,
    plans: join(folder, ".."),
    environment: "test",
    people: ["alice", "bob", "carol"],
  });
  t.after(() => supervisor.stop());
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((person) => supervisor.as(person)) as [ReturnType<Supervisor["as"]>, ReturnType<Supervisor["as"]>, ReturnType<Supervisor["as"]>];
  const { id } = await alice.startRun(basename(folder), "test");
  const is = (state: string): Promise<unknown> => waitUntil(`the run is ${state}`, async () => (await alice.run(id)).state === state);

  await is("waiting");
  await cluster.query(database, `UPDATE headgate.gate SET need = 1, approvers = '["dba", "admin"]'`);
  await bob.approve(id, "agree");
  // Waiting again, it has looked at the approval.
  await alice.request(id, "pause");
  await is("paused");
  await alice.request(id, "resume");
  await is("waiting");
  assert.equal((await alice.run(id)).state, "waiting");

  await carol.approve(id, "agree");
  await is("done");
});
