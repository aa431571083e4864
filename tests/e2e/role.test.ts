/** The role that docs/access.md gives the runner, which is no superuser: plans go forward and back as it, and it is enough. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster, RUNNER_GRANTS, RUNNER_ROLE } from "../lib/cluster";
import { canonicalPlan, helloPlan, root } from "../lib/paths";
import { copyPlan } from "../lib/plan";
import { attend, hasEnded } from "../lib/people";
import { loadStory } from "../lib/story";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const AUTO_GATES = "version: 1\nenvironments:\n  test:\n    gates: auto\n    approvers: { owner: [bob] }\n";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start({ role: RUNNER_ROLE });
});
after(() => cluster.stop());

test("the role of the documentation is that of this test, and no superuser", async () => {
  assert.ok(readFileSync(join(root, "docs/access.md"), "utf8").includes(`${RUNNER_GRANTS} ${RUNNER_ROLE};`));
  const [role] = await cluster.query("postgres", "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = $1", [RUNNER_ROLE]);
  assert.deepEqual(Object.values(role!), [false, false, false, false, false]);
});

test("doctor finds all privileges, hello goes forward and back, and the ledger is the role's", async () => {
  const database = await cluster.database();
  await cluster.query(database, readFileSync(join(helloPlan, "demo/schema.sql"), "utf8"));
  const folder = copyPlan(helloPlan, { "headgate.yaml": AUTO_GATES });
  const env = cluster.env(database);
  assert.equal(env["PGUSER"], RUNNER_ROLE);
  const before = cluster.dump(database);
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env });
  assert.equal(run.code, 0, run.text);
  const doctor = await headgate(["doctor", "-e", "test"], { env, cwd: folder });
  for (const name of ["create schema", "end old backends", "name blockers"]) assert.match(doctor.text, new RegExp(`(ok|pass).*${name}`, "i"));
  const owners = await cluster.query(database, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'headgate'");
  assert.deepEqual(owners, [{ tableowner: RUNNER_ROLE }]);
  const back = await headgate(["rollback", "1", "-e", "test", "-m", "the test wants it"], { env, cwd: folder });
  assert.equal(back.code, 0, back.text);
  assert.equal(cluster.dump(database), before);
});

test("canonical-events goes forward under a supervisor, and back", async () => {
  const database = await cluster.database();
  await loadStory(cluster, database, 300);
  const before = cluster.dump(database);
  const supervisor = await Supervisor.start({
    env: cluster.env(database), config: canonicalPlan, plans: join(root, "plans"), environment: "demo", people: ["alice", "bob", "carol"],
  });
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun("canonical-events", "demo");
  await waitUntil("the gate of the rollout is open", async () => {
    const page = await alice.run(id);
    assert.ok(!hasEnded(page), `the run is ${page.state}: ${JSON.stringify(page.reason)}`);
    if (page.gates.some(({ state }) => state === "open")) return true;
    await attend(page, alice, []);
    return false;
  }, { timeoutMs: 60_000, everyMs: 200 });
  await alice.request(id, "rollback");
  await waitUntil("it is rolled back", async () => (await alice.run(id)).state === "rolled_back", { timeoutMs: 60_000 });
  assert.equal(cluster.dump(database), before);
  await supervisor.stop();
});
