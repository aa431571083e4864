/** The vectors of docs/bucketing.md, asked of PostgreSQL: the schema's function and the line for applications. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Cluster } from "../lib/cluster";
import { root } from "../lib/paths";

const page = readFileSync(join(root, "docs/bucketing.md"), "utf8");
const vectors = [...page.matchAll(/^\| `([^`]+)` \| `([^`]+)` \| (\d+) \|$/gm)].map(([, flag, id, bucket]) => ({ flag, id, bucket: Number(bucket) }));
const line = /```sql\n(.*)\n```/.exec(page)?.[1];
const schema = readFileSync(join(root, "runtime/db/sql/schema_001.sql"), "utf8");
const definition = /CREATE FUNCTION headgate\.bucket.*?\n\$\$;/s.exec(schema)?.[0];

test("SQL gives every id the bucket of the docs", async () => {
  assert.ok(vectors.length >= 8 && line && definition);
  const cluster = await Cluster.start();
  try {
    const client = await cluster.connect();
    await client.query("CREATE SCHEMA headgate");
    await client.query(definition);
    for (const { flag, id, bucket } of vectors) {
      const asked: string = `SELECT headgate.bucket(flag, id) AS ours, (${line})::integer AS theirs FROM (SELECT $1::text AS flag, $2::text AS id) AS given`;
      const { rows }: { rows: unknown[] } = await client.query(asked, [flag, id]);
      assert.deepEqual(rows, [{ ours: bucket, theirs: bucket }], `${flag}:${id}`);
    }
    await client.end();
  } finally {
    await cluster.stop();
  }
});
