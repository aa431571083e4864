/** Lua that no hook can stop: the parent kills the runner, and after three in a row the task fails; the run goes on. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type CliResult, headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

const PLAN = `
plan "p" { doc = "d", phase "f" {
  step "table" { up = "CREATE TABLE hangs AS SELECT true AS yes", down = "DROP TABLE hangs" },
  task "hangs" { no_effect = "a test", run = function(db)
    if db:value "SELECT yes FROM hangs" then return ("a"):rep(40):find((".-"):rep(20) .. "b") end
  end },
} }`;

test("a task that hangs fails after three runners, and retry goes on", async () => {
  const database = await cluster.database();
  const env = { ...cluster.env(database), HEADGATE_HOME: temporary("home") };
  const folder = writePlan({ "plan.lua": PLAN });
  const ask = (...args: string[]): Promise<CliResult> => headgate([...args, "-e", "test"], { env, cwd: folder });
  const failed = await ask("run", folder, "--yes");
  assert.equal(failed.code, 1, failed.text);
  assert.match(failed.text, /its Lua did not react .* and was killed, 3 times in a row/);
  const [row] = await cluster.query(database, "SELECT state FROM headgate.run");
  assert.equal(row?.["state"], "failed");

  await cluster.query(database, "UPDATE hangs SET yes = false");
  const again = await ask("retry", "1");
  assert.equal(again.code, 0, again.text);
});
