/** Files compared with a table: one record changed, one missing, one too many are found and named, in every format. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type CliResult, headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { TEST_CONFIG, writePlan, writeStore } from "../lib/plan";

const ROWS = 20_500; // more than one range of keys (form_checksums.c), and many reads of the files
const SCHEMA = `
  CREATE TYPE mood AS ENUM ('glad', 'sad');
  CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, score numeric(8, 2), at timestamptz, tags text[], extra jsonb, mood mood,
                       made_at timestamptz NOT NULL DEFAULT now());
  INSERT INTO people (id, name, score, at, tags, extra, mood)
    SELECT i, 'n"' || i, i / 4.0, '2026-01-01 00:00+00'::timestamptz + i * interval '1 s', ARRAY['a', i::text],
           jsonb_build_object('n', i), CASE WHEN i % 2 = 0 THEN 'glad' ELSE 'sad' END::mood FROM generate_series(1, ${ROWS}) AS i`;
const COLUMNS = `columns = { "id", "name", "score", "at", "tags", "extra", "mood" }`;

interface Person {
  id: number | string;
  [column: string]: unknown;
}

const person = (id: number): Person => ({
  id, name: `n"${id}`, score: id / 4, at: new Date(Date.UTC(2026, 0, 1) + id * 1000).toISOString(), tags: ["a", String(id)], extra: { n: id },
  mood: id % 2 === 0 ? "glad" : "sad",
});
const people = (from: number, to: number): Person[] => Array.from({ length: to - from + 1 }, (_, i) => person(from + i));
const ndjson = (rows: Person[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const quoted = (value: unknown): string => `"${(typeof value === "string" ? value : JSON.stringify(value)).replaceAll('"', '""')}"`;
const csv = (rows: Person[]): string =>
  `id,name,score,at,tags,extra,mood\n${rows.map((row) => [row.id, row["name"], row["score"], row["at"], `{a,${row.id}}`, row["extra"], row["mood"]].map(quoted).join(",")).join("\n")}\n`;

let cluster: Cluster;
let database: string;
before(async () => {
  cluster = await Cluster.start();
  database = await cluster.database();
  await cluster.query(database, SCHEMA);
});
after(() => cluster.stop());

/** A plan whose only verify has these keys, run in a copy of the database over a store with these files. */
async function run(files: Record<string, string>, keys: string, inside?: string): Promise<CliResult & { inside: string; folder: string }> {
  const copy = inside ?? (await cluster.database(database));
  const folder = writePlan({
    "plan.lua": `plan "files" { doc = "d", phase "p" { verify "same" { ${keys} } } }`,
    "headgate.yaml": `${TEST_CONFIG}\nstores:\n  old: { path: ${writeStore(files)} }\n`,
  });
  const result = await headgate(["run", folder, "-e", "test", "--yes"], { env: cluster.env(copy) });
  return Object.assign(result, { inside: copy, folder });
}
const verdict = async (inside: string): Promise<string> =>
  String((await cluster.query(inside, "SELECT data ->> 'text' AS text FROM headgate.event WHERE type = 'check.result' ORDER BY seq DESC LIMIT 1"))[0]?.["text"]);

test("files of three formats hold the table's rows, whatever their order and spelling; the evidence can be asked for again", async () => {
  const files = {
    "a/1.ndjson": ndjson(people(10_001, ROWS).reverse()),
    "a/2.json": JSON.stringify(people(1, 5000)),
    "a/3.csv": csv(people(5001, 10_000).map((row) => ({ ...row, score: Number(row["score"]).toFixed(5) }))),
  };
  // a text of a CSV file is a text in jsonb too, as an import writes it
  const keys = `checksums = { table = "people", data = "old", from = "a/*", ${COLUMNS.replace(' "extra",', "")} }`;
  const good = await run(files, keys);
  assert.equal(good.code, 0, good.text);
  assert.equal(await verdict(good.inside), `people and the files of store "old" hold the same ${ROWS} rows`);
  const again = await headgate(["verify", "1", "-e", "test"], { env: cluster.env(good.inside), cwd: good.folder });
  assert.equal(again.code, 0, again.text);
  const some = await run({ "one.ndjson": ndjson(people(1, 10)) }, `checksums = { table = "people", data = "old", from = "one.ndjson", where = "id <= 10", ${COLUMNS} }`);
  assert.equal(some.code, 0, some.text);
});

test("one changed, one missing and one extra row are named by their keys", async () => {
  const inside = await cluster.database(database);
  await cluster.query(inside, `UPDATE people SET extra = '{"n": -1}' WHERE id = 7; DELETE FROM people WHERE id = 20001; INSERT INTO people (id, name) VALUES (-3, 'new')`);
  const bad = await run({ "all.ndjson": ndjson(people(1, ROWS)) }, `checksums = { table = "people", data = "old", from = "all.ndjson", ${COLUMNS} }`, inside);
  assert.notEqual(bad.code, 0);
  assert.equal(await verdict(inside), `people and the files of store "old" differ: ${ROWS} and ${ROWS} rows; -3 is only in people, 7 differs, 20001 is only in the files of store "old"`);
});

test("a record that cannot be a row, and one that is there twice, are told with their place", async () => {
  const broken = [person(1), { ...person(2), score: "much" }, person(3), person(3), person(4)];
  const bad = await run({ "x.ndjson": `${ndjson(broken)}{"id": 5,\n` }, `checksums = { table = "people", data = "old", from = "x.ndjson", where = "id <= 4", ${COLUMNS} }`);
  assert.notEqual(bad.code, 0);
  const [differ, ...problems] = (await verdict(bad.inside)).split("; ");
  assert.equal(differ, `people and the files of store "old" differ: 4 and 4 rows`);
  assert.equal(problems.length, 4, problems.join("\n"));
  assert.match(problems[0] ?? "", /^x\.ndjson:2: .*invalid input syntax for type numeric: "much"/);
  assert.match(problems[1] ?? "", /^x\.ndjson:6: /);
  assert.match(problems[2] ?? "", /^\(3\) is in the files 2 times$/);
  assert.match(problems[3] ?? "", /^2 is only in people$/);
});

test("counts: as many rows as the files have records", async () => {
  const files = { "a.json": JSON.stringify(people(1, 20_000)), "b.csv": csv(people(20_001, ROWS)) };
  const keys = 'counts = { people = { data = "old", from = { "a.json", "b.csv" } } }';
  const good = await run(files, keys);
  assert.equal(good.code, 0, good.text);
  assert.equal(await verdict(good.inside), `people ${ROWS} of ${ROWS}`);
  const inside = await cluster.database(database);
  await cluster.query(inside, "DELETE FROM people WHERE id = 1");
  const bad = await run(files, keys, inside);
  assert.notEqual(bad.code, 0);
  assert.match(bad.text, new RegExp(`people ${ROWS - 1} of ${ROWS}`));
});

test("mistakes are found at load, and a store that nobody defined by name", async () => {
  const check = async (keys: string): Promise<string> => {
    const folder = writePlan({ "plan.lua": `plan "files" { doc = "d", phase "p" { verify "it" { ${keys} } } }`, "headgate.yaml": `${TEST_CONFIG}\nstores:\n  old: { path: /srv }\n` });
    const result = await headgate(["check", folder, "-e", "test"]);
    assert.notEqual(result.code, 0, keys);
    return result.text;
  };
  assert.match(await check('checksums = { table = "t", data = "old" }'), /verify "it": checksums has data without from/);
  assert.match(await check('checksums = { table = "t", from = "x.csv" }'), /from or format without data/);
  assert.match(await check('checksums = { table = "t", data = "old", from = "x.csv", equals = "u" }'), /both files and a table/);
  assert.match(await check('checksums = { table = "t", data = "old", from = "../x.csv" }'), /"\.\.\/x\.csv" leaves the store's folder/);
  assert.match(await check('checksums = { table = "t", data = "old", from = "x.txt" }'), /the ending of "x\.txt" says no format/);
  assert.match(await check('checksums = { table = "t", data = "odl", from = "x.csv" }'), /plan\.lua:1:\d+: store "odl" is not defined for test \(did you mean old\?\)/);
  assert.match(await check('counts = { t = { data = "old" } }'), /counts of table "t" needs the field "from"/);
  assert.match(await check('counts = { t = { data = "olt", from = "x.csv" } }'), /store "olt" is not defined/);
  assert.match(await check("counts = { t = true }"), /must give table "t" a whole number of rows, another table, or \{ data = …, from = … \}/);
});
