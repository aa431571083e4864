/** Imports into tables whose rows refer to each other: what a constraint refuses is found, and only that, whenever the constraint looks. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { fsckLines } from "../lib/fsck";
import { writeStore, writeStorePlan } from "../lib/plan";
import { waitUntil } from "../lib/wait";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

const lines = (values: unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join("");
/** The ledger's invariants hold. */
const sound = async (database: string, path: string): Promise<void> => assert.deepEqual(await fsckLines(cluster.env(database), path, "test"), []);

/** What a run wrote, once it is done or waits for people: neither may take a failed run. */
async function importing(database: string, path: string): Promise<void> {
  const running = start(["run", path, "--env", "test", "--yes"], { env: cluster.env(database) });
  try {
    await waitUntil("the run has an end, or waits", async () => {
      const [run] = await cluster.query(database, "SELECT state, reason::text FROM headgate.run").catch(() => []);
      assert.notEqual(run?.["state"], "failed", String(run?.["reason"]));
      return ["done", "waiting"].includes(String(run?.["state"]));
    });
  } finally {
    running.kill("SIGKILL");
  }
}

test("records that only COMMIT refuses wait for people, each with its reason, and cost none of the others", async () => {
  const database = await cluster.database();
  // as Django declares every foreign key
  await cluster.query(
    database,
    `CREATE TABLE team (id text PRIMARY KEY);
     INSERT INTO team VALUES ('a');
     CREATE TABLE staff (id int PRIMARY KEY, team text REFERENCES team DEFERRABLE INITIALLY DEFERRED,
                         boss int REFERENCES staff DEFERRABLE INITIALLY DEFERRED)`,
  );
  const folder = writeStore({
    "a.ndjson": lines([{ id: 1, team: "a" }, { id: 2, team: "z" }, { id: 3, team: "a", boss: 11 }]),
    "b.ndjson": lines([{ id: 11, team: "a", boss: 12 }, { id: 12, boss: 11 }]),
  });
  const path = writeStorePlan(`import "staff" { data = "shop", from = "*.ndjson", workers = 1 },`, folder);
  await importing(database, path);
  // 3 was read before its boss; 11 and 12 refer to each other
  assert.deepEqual((await cluster.query(database, "SELECT id FROM staff ORDER BY id")).map((row) => row["id"]), [1, 3, 11, 12]);
  const queued = await cluster.query(database, "SELECT before->>'line' AS line, kind, reason FROM headgate.queued_row");
  assert.deepEqual(queued, [
    { line: "2", kind: "orphan", reason: 'insert or update on table "staff" violates foreign key constraint "staff_team_fkey"' },
  ]);
  await sound(database, path);
});

test("records that refer to records before them keep the order of the file, whatever columns they have", async () => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE cat (id int PRIMARY KEY, parent int REFERENCES cat, status text DEFAULT 'new')");
  const folder = writeStore({ "cat.ndjson": lines([{ id: 1 }, { id: 2, status: "old" }, { id: 3, parent: 2 }]) });
  const path = writeStorePlan(`import "cat" { data = "shop", from = "*.ndjson" },`, folder);
  await importing(database, path);
  assert.deepEqual(await cluster.query(database, "SELECT id, parent, status FROM cat ORDER BY id"), [
    { id: 1, parent: null, status: "new" },
    { id: 2, parent: null, status: "old" },
    { id: 3, parent: 2, status: "new" },
  ]);
  assert.deepEqual(await cluster.query(database, "SELECT reason FROM headgate.queued_row"), []);
  await sound(database, path);
});
