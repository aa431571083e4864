/** Files into tables: every record becomes one row or one row of the review queue, whatever its format and whatever dies. */
import assert from "node:assert/strict";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { TEST_CONFIG, temporary, writePlan } from "../lib/plan";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

/** A store's folder with these files. */
function store(files: Record<string, string>): string {
  const folder = temporary("store");
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function plan(steps: string, folder: string): string {
  return writePlan({
    "plan.lua": `plan "files" {\n  doc = "a test",\n  phase "p" {\n${steps}\n  },\n}\n`,
    "headgate.yaml": `${TEST_CONFIG}\nstores:\n  shop: { path: ${folder} }\n`,
  });
}

const json = (value: unknown): string => JSON.stringify(value);
const lines = (values: unknown[]): string => values.map((value) => `${json(value)}\n`).join("");
const count = async (database: string, table: string): Promise<number> =>
  Number((await cluster.query(database, `SELECT count(*) AS n FROM ${table}`))[0]?.["n"]);

test("every format, with values of every type, arrives as it was written", async () => {
  const database = await cluster.database();
  await cluster.query(
    database,
    `CREATE TABLE item (id int PRIMARY KEY, name text, price numeric, tags text[], detail jsonb, ok boolean, seen timestamptz DEFAULT 'epoch')`,
  );
  const folder = store({
    "a.json": `\ufeff [ {"id": 1, "name": "tab\\there \\u00e9\\n\\\\ \\"q\\"", "price": 12345678901234567.890, "tags": ["a,b", "c\\"d", null], "detail": {"n": 100.00, "e": []}, "ok": true},
      {"id": 2, "name": null, "detail": null, "seen": "2020-01-02T03:04:05Z"} ]`,
    "b.ndjson": `${json({ id: 3, name: "line" })}\r\n\n${json({ id: 4, name: "\\N" })}`,
    "c.csv": `id,name,price\n5,"two\nlines, ""quoted""",1.50\n6,,\n7,"",0\n`,
    "d.tsv": "id\tname\n8\ttab\n",
    "one/e.json": json({ id: 9, name: "one object" }),
    "one/f.json": "[]",
    "one/g.json": "",
  });
  const path = plan(
    `import "item" { data = "shop", from = { "*.json", "b.*", "*.csv", "*.tsv", "one/*.json" } },
     verify "all" { sql = "SELECT count(*) FROM item", equals = 9 },`,
    folder,
  );
  const run = await headgate(["run", path, "--env", "test", "--yes"], { env: cluster.env(database) });
  assert.equal(run.code, 0, run.text);
  const rows = await cluster.query(database, "SELECT id, name, price::text, tags, detail::text, ok, seen::text FROM item ORDER BY id");
  assert.equal(rows[0]?.["name"], 'tab\there é\n\\ "q"');
  assert.equal(rows[0]?.["price"], "12345678901234567.890");
  assert.deepEqual(rows[0]?.["tags"], ["a,b", 'c"d', null]);
  assert.equal(rows[0]?.["detail"], '{"e": [], "n": 100.00}');
  assert.equal(rows[0]?.["ok"], true);
  assert.match(String(rows[0]?.["seen"]), /^1970-01-01/); // a field that is not there leaves the default
  assert.match(String(rows[1]?.["seen"]), /^2020-01-02/);
  assert.equal(rows[1]?.["detail"], null);
  assert.deepEqual(rows.slice(2, 9).map((row) => row["name"]), ["line", "\\N", 'two\nlines, "quoted"', null, "", "tab", "one object"]);
});
