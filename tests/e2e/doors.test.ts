/** By which door people came stands in the chain, for all that they do to a run; it is listed and verified. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { TEST_CONFIG, temporary } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const PLAN = `plan "doors" {
  doc = "A gate to stand at",
  phase "make" { step "table" { up = "CREATE TABLE made (id int)", down = "DROP TABLE made" } },
  gate "keep" { approvers = "admin" },
}
`;

interface Entry {
  who: string;
  what: string;
  data: { kind?: string; via?: { door: string; from: string } };
}

test("starts, requests and wishes say by which door somebody came; an edit of it is found, and its absence is none", async (t) => {
  const cluster = await Cluster.start();
  t.after(() => cluster.stop());
  const database = await cluster.database();
  const plans = temporary("plans");
  mkdirSync(join(plans, "doors"));
  writeFileSync(join(plans, "doors/plan.lua"), PLAN);
  writeFileSync(join(plans, "headgate.yaml"), TEST_CONFIG);
  const supervisor = await Supervisor.start({ env: cluster.env(database), config: plans, plans, environment: "people", people: ["alice", "bob"] });
  t.after(() => supervisor.stop());
  const [alice, bob] = [supervisor.as("alice"), supervisor.as("bob")];
  const cli = (...words: string[]) => headgate([...words, "-e", "people"], { env: supervisor.env, cwd: plans });
  const is = (state: string): Promise<unknown> => waitUntil(`the run is ${state}`, async () => (await alice.run("1")).state === state);

  await alice.startRun("doors", "people");
  await is("waiting");
  await bob.post("/api/runs/1/gates/keep/recheck", {});
  await alice.request("1", "pause");
  await is("paused");
  const resumed = await cli("resume", "1", "--detach");
  assert.equal(resumed.code, 0, resumed.text);
  await is("waiting");
  // As an older binary wrote it.
  await cluster.query(database, "INSERT INTO headgate.request (run, kind, asked_by) VALUES (1, 'pause', 'old')");
  await cluster.query(database, "SELECT pg_notify('headgate_run', '1')");
  await is("paused");

  const listed = await cli("audit", "list", "1", "--json");
  const entries = JSON.parse(listed.stdout) as Entry[];
  const doors = entries.map(({ who, what, data }) => [what, data.kind ?? "", who, data.via?.door ?? "none"].join(" "));
  assert.deepEqual(doors.reverse(), [
    "run.created  alice api", "gate.asked  bob api", "request pause alice api", `request resume ${entries.find(({ data }) => data.kind === "resume")?.who} cli`, "request pause old none",
  ]);
  assert.ok(entries.every(({ data: { via } }) => via === undefined || via.from !== ""));
  const text = await cli("audit", "list", "1", "--person", "bob");
  assert.match(text.stdout, /^\d{4}-\d\d-\d\dT[\d:]+Z run 1 doors: bob: gate "keep": bob wants its evidence looked at again \[api, 127\.0\.0\.1\]\n$/);
  const last = await cli("audit", "list", "--limit", "1");
  assert.match(last.stdout, /^.* old: pause asked by old\n$/);

  await supervisor.must("audit", "verify", "1");
  await cluster.query(database, `UPDATE headgate.request SET via = '{"door": "browser", "from": "10.0.0.1"}' WHERE kind = 'pause' AND asked_by = 'alice'`);
  const edited = await cli("audit", "verify", "1");
  assert.equal(edited.code, 4, edited.text);
  assert.match(edited.stdout, /the request by alice is not what was asked/);
});
