/** The generator and the simulated application, without headgate. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Cluster } from "../lib/cluster";
import { Application, loadStory } from "../lib/story";
import { waitUntil } from "../lib/wait";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

const CONTENT = `
  SELECT (SELECT md5(string_agg(e::text, '' ORDER BY id)) FROM events e) AS events,
         (SELECT md5(string_agg(c::text, '' ORDER BY id)) FROM campaigns c) AS campaigns,
         (SELECT count(*)::int FROM events) AS events_count, (SELECT count(*)::int FROM campaigns) AS campaigns_count`;

test("the seed's size is 1,005 events and 3 campaigns, and two loads are equal", async () => {
  const contents = [];
  for (const _ of [1, 2]) {
    const database = await cluster.database();
    await loadStory(cluster, database, 1005);
    contents.push((await cluster.query(database, CONTENT))[0]);
  }
  assert.deepEqual(contents[0], contents[1]);
  assert.equal(contents[0]?.["events_count"], 1005);
  assert.equal(contents[0]?.["campaigns_count"], 3);
});

test("campaigns of every kind the seed names scale along", async () => {
  const database = await cluster.database();
  await loadStory(cluster, database, 20_000, false);
  const kinds = await cluster.query(
    database,
    `SELECT kind, count(*)::int FROM (
       SELECT CASE WHEN data_source IS NULL AND native_config IS NULL THEN 'neither'
                   WHEN data_source IS NULL THEN 'native'
                   WHEN integration_id IS NOT NULL AND NOT EXISTS (SELECT FROM integrations i WHERE i.id = integration_id)
                     THEN 'orphaned'
                   WHEN found = 0 THEN 'none' WHEN found = 1 THEN 'one' ELSE 'several' END AS kind
         FROM (SELECT c.*, (SELECT count(*) FROM integrations i
                             WHERE i.user_id = c.user_id AND i.provider = c.data_source) AS found
                 FROM campaigns c) AS c) AS k GROUP BY 1 ORDER BY 1`,
  );
  assert.deepEqual(kinds.map((row) => row["kind"]), ["native", "neither", "none", "one", "orphaned", "several"]);
});

test("the application lets users in by the flag's bucket, and fails when it is told to", async (t) => {
  const database = await cluster.database();
  await loadStory(cluster, database, 1005);
  await cluster.query(
    database,
    `CREATE TABLE feature_flags (name text, enabled boolean, rollout_percentage integer);
     INSERT INTO feature_flags VALUES ('v2_canonical_system', true, 50);
     ALTER TABLE events ADD COLUMN canonical_event jsonb DEFAULT '{"normalized": {}}'`,
  );
  const application = await Application.start(cluster, database, { writers: 2, pauseMs: 0 });
  t.after(() => application.stop());
  const served = async (condition: string): Promise<number> => {
    const rows = await cluster.query(database, `SELECT count(*)::int AS n FROM request_log WHERE ${condition}`);
    return Number(rows[0]?.["n"]);
  };
  await waitUntil("both paths were taken", async () => (await served("v2")) > 200 && (await served("NOT v2")) > 200);
  assert.equal(await served("v2 AND NOT ok"), 0);
  assert.equal(await served("v2 <> (app_bucket('v2_canonical_system', user_id) < 5000)"), 0, "sticky");

  await cluster.query(database, "UPDATE app_setting SET value = 50 WHERE name = 'fail_at_percent'");
  await waitUntil("V2 requests fail", async () => (await served("v2 AND NOT ok")) > 0);
  await application.stop();
  assert.deepEqual(application.errors, []);
});
