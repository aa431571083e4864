/** Processes that die again and again, by a Lua that no hook can stop or by somebody's kill: the step fails, and retry goes on. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type CliResult, headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { waitUntil } from "../lib/wait";

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

const FILL = `
plan "p" { doc = "d", phase "f" {
  backfill "items.upper" {
    where = "upper IS NULL", one_way = "a test", sync = "application", workers = 2,
    map = function(row) return { upper = row.name:upper() } end,
  },
} }`;

test("workers that are killed each time before a batch is written: the step fails, names the next command, and retry goes on", async () => {
  const database = await cluster.database();
  const home = temporary("home");
  const env = { ...cluster.env(database), HEADGATE_HOME: home };
  const folder = writePlan({ "plan.lua": FILL });
  await cluster.query(database, "CREATE TABLE items (id int PRIMARY KEY, name text, upper text); INSERT INTO items VALUES (1, 'a'), (2, 'b')");
  const holder = await cluster.connect(database);
  await holder.query("BEGIN; LOCK TABLE items IN EXCLUSIVE MODE");
  let ended = false;
  const run = headgate(["run", folder, "-e", "test", "--yes"], { env, cwd: folder }).finally(() => (ended = true));
  let kills = 0;
  await waitUntil("the run ends", () => {
    const workers = processesOf(home).filter(({ command }) => command === "worker");
    kills += workers.filter(({ pid }) => killNow(pid)).length;
    return ended;
  }, { timeoutMs: 60_000 });
  const failed = await run;
  assert.equal(failed.code, 1, failed.text);
  assert.match(failed.text, /workers are ended by signal 9 again and again: 10 of them without a batch between/);
  assert.match(failed.text, /headgate retry 1/);
  assert.ok(kills >= 10, `${kills} kills`);
  await holder.end();

  const again = await headgate(["retry", "1", "-e", "test"], { env, cwd: folder });
  assert.equal(again.code, 0, again.text);
  assert.deepEqual(await cluster.query(database, "SELECT upper FROM items ORDER BY id"), [{ upper: "A" }, { upper: "B" }]);
});
