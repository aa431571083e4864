/** Workers of another machine join a backfill, die, and come again; each row is changed once. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { waitUntil } from "../lib/wait";

const ROWS = 40_000;
const PLAN = `plan "names" {
  doc = "Fill a column, together",
  phase "fill" {
    backfill "items.upper" {
      where = "upper IS NULL", batch = 50, batch_time = "30ms", workers = 2,
      map = function(row) return { upper = row.name:upper() } end,
    },
  },
}
`;
const SCHEMA = `CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, upper text, times int NOT NULL DEFAULT 0);
  INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, ${ROWS}) AS i;
  CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.times := OLD.times + 1; PERFORM pg_sleep(0.0005); RETURN NEW; END $$;
  CREATE TRIGGER slow BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION slow(); ANALYZE items`;

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

test("joined workers take ranges, may be killed at any time, and end with the run", async (t) => {
  const database = await cluster.database();
  await cluster.query(database, SCHEMA);
  const folder = writePlan({ "plan.lua": PLAN });
  const env = (): Record<string, string> => ({ ...cluster.env(database), HEADGATE_HOME: temporary("home") });
  const [here, there, elsewhere] = [env(), env(), env()];
  const owners = async (): Promise<string[]> =>
    (await cluster.query(database, "SELECT DISTINCT owner FROM headgate.cursor WHERE owner IS NOT NULL AND NOT done").catch(() => [])).map((row) =>
      String(row["owner"]),
    );
  const join = (home: Record<string, string>): ReturnType<typeof headgate> =>
    headgate(["worker", "1", "--workers", "2", "-c", `${folder}/headgate.yaml`, "-e", "test"], { env: home, timeoutMs: 170_000 });

  const run = headgate(["run", folder, "-e", "test", "--yes"], { env: here, timeoutMs: 170_000 });
  await waitUntil("its own workers are at it", async () => (await owners()).length === 2);
  const killed = join(there);
  const joined = await waitUntil("two more have joined", async () => {
    const names = (await owners()).filter((name) => name.startsWith("joined:"));
    return names.length === 2 && names;
  });
  for (const { pid } of processesOf(there["HEADGATE_HOME"]!)) killNow(pid);
  t.diagnostic(`killed ${joined.join(", ")}`);
  assert.equal((await killed).signal, "SIGKILL");
  await waitUntil("what they held is given to others", async () => !(await owners()).some((name) => joined.includes(name)));

  const stays = join(elsewhere);
  await waitUntil("others join", async () => (await owners()).some((name) => name.startsWith("joined:")));
  await cluster.query(database, "ALTER TABLE items DISABLE TRIGGER slow");
  const done = await run;
  assert.equal(done.code, 0, done.text);
  const left = await stays;
  assert.equal(left.code, 0, left.text);
  assert.match(left.text, /a worker joins "fill\/items\.upper" of run 1/);
  const [row] = await cluster.query(
    database,
    `SELECT (SELECT sum(rows_changed)::int FROM headgate.cursor) AS changed,
            (SELECT count(*)::int FROM items WHERE upper IS NULL OR times > 1) AS wrong`,
  );
  assert.deepEqual(row, { changed: ROWS, wrong: 0 });
});

test("a run that is over needs nobody", async () => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, upper text)");
  const folder = writePlan({ "plan.lua": PLAN });
  const env = { ...cluster.env(database), HEADGATE_HOME: temporary("home") };
  assert.equal((await headgate(["run", folder, "-e", "test", "--yes"], { env })).code, 0);
  const late = await headgate(["worker", "1", "-c", `${folder}/headgate.yaml`, "-e", "test"], { env });
  assert.equal(late.code, 0, late.text);
});
