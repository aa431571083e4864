/** Manual steps and check-lists answered on the command line, and what status says of a gate that nobody passed. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const PLAN = `plan "told" {
  doc = "Steps that people do",
  phase "p" {
    manual "Call them" { role = "owner", evidence = "who was called" },
    checklist "Before" { role = "owner", items = { "Told", "Agreed" } },
  },
  gate "keep" { approvers = "owner" },
}
`;
const CONFIG = "version: 1\nenvironments:\n  test:\n    approvers: { owner: [bob] }\n";

let cluster: Cluster;
let supervisor: Supervisor;
let folder: string;
before(async () => {
  cluster = await Cluster.start();
  const database = await cluster.database();
  folder = temporary("plans");
  mkdirSync(join(folder, "told"));
  writeFileSync(join(folder, "told/plan.lua"), PLAN);
  writeFileSync(join(folder, "headgate.yaml"), CONFIG);
  supervisor = await Supervisor.start({ env: cluster.env(database), config: folder, plans: folder, environment: "test", people: ["alice", "bob"] });
});
after(async () => {
  await supervisor.stop();
  await cluster.stop();
});

test("done is said as a person with the step's role, of one box at a time; a gate that nobody passed is given up by a rollback", async () => {
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun("told", "test");
  const at = (path: string) => waitUntil(`the run waits at ${path}`, async () => {
    const page = await alice.run(id);
    return page.state === "waiting" && page.node === path;
  });
  const say = (person: string, ...args: string[]) =>
    headgate(["answer", id, ...args, "--server", supervisor.url], { env: { ...supervisor.env, HEADGATE_TOKEN: supervisor.known.tokens.get(person) ?? "" }, cwd: folder });
  await at("p/Call them");

  assert.match((await say("alice", "p/Call them", "done", "-m", "called")).text, /this needs the role of the step, or operator/);
  assert.match((await say("bob", "p/Call them", "done")).text, /"note" is missing: the step asks for evidence/);
  assert.match((await say("bob", "p/Call them", "yes")).text, /does not ask about "p\/Call them" now/);
  assert.match((await say("bob", "p/Call them", "sure")).text, /answer yes .* or no .*: done/);
  const said = await say("bob", "p/Call them", "done", "-m", "called at nine");
  assert.equal(said.code, 0, said.text);
  assert.match(said.stdout, /"p\/Call them" of run 1 is told as done/);

  await at("p/Before");
  assert.match((await say("bob", "p/Before", "done")).text, /is a check-list: say which box, --item N/);
  assert.match((await say("bob", "p/Before", "done", "--item", "0")).text, /--item is a number from 1/);
  assert.match((await say("bob", "p/Before", "done", "--item", "3")).text, /has 2 items/);
  for (const item of ["1", "2"]) assert.equal((await say("bob", "p/Before", "done", "--item", item)).code, 0);

  await at("keep");
  const status = async (): Promise<string> => (await headgate(["status", id, "-e", "test"], { env: supervisor.env, cwd: folder })).text;
  assert.match(await status(), /running +gate +keep/);
  await alice.request(id, "rollback");
  await waitUntil("it is taken back", async () => (await alice.run(id)).state === "rolled_back");
  assert.match(await status(), /given up +gate +keep/);
  assert.doesNotMatch(await status(), /running/);
});
