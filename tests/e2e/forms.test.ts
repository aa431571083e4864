/** What check and verify may look at in the database, each with what breaks it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";

const SCHEMA = `
  CREATE SCHEMA shop;
  CREATE TYPE shop.state AS ENUM ('new', 'paid');
  CREATE TABLE shop.people (id int PRIMARY KEY, email text CONSTRAINT has_at CHECK (email ~ '@'), "Odd Name" int);
  CREATE TABLE shop.orders (id int PRIMARY KEY, person_id int CONSTRAINT orders_person REFERENCES shop.people (id), state shop.state);
  CREATE TABLE shop.lines (a int, b int, UNIQUE (a, b));
  CREATE TABLE shop.parts (x int, y int);
  ALTER TABLE shop.parts ADD FOREIGN KEY (x, y) REFERENCES shop.lines (b, a) NOT VALID;
  CREATE INDEX people_email ON shop.people (email);
  CREATE VIEW shop.paid AS SELECT * FROM shop.orders WHERE state = 'paid';
  CREATE SEQUENCE shop.numbers;
  CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER touched BEFORE UPDATE ON shop.people FOR EACH ROW EXECUTE FUNCTION shop.touch();
  CREATE TABLE free (id int);
  INSERT INTO shop.people SELECT i, 'p' || i || '@x' FROM generate_series(1, 20000) AS i;
  ANALYZE shop.people;`;

let cluster: Cluster;
let database: string;
before(async () => {
  cluster = await Cluster.start();
  database = await cluster.database();
  await cluster.query(database, SCHEMA);
});
after(() => cluster.stop());

interface Item {
  outcome: string;
  text: string;
}

/** What `headgate plan` finds for one verify with these keys, in a database (nothing is written). */
async function finds(keys: string, inside = database): Promise<Item> {
  const folder = writePlan({ "plan.lua": `plan "look" { doc = "looks", phase "p" { verify "it" { ${keys} } } }` });
  const dry = await headgate(["plan", folder, "-e", "test", "--json"], { env: cluster.env(inside) });
  assert.match(dry.stdout, /"items"/, dry.text);
  return (JSON.parse(dry.stdout) as { items: Item[] }).items[0] as Item;
}

async function passes(keys: string, says: RegExp, inside = database): Promise<void> {
  const item = await finds(keys, inside);
  assert.equal(item.outcome, "pass", item.text);
  assert.match(item.text, says);
}

async function fails(keys: string, says: RegExp, inside = database): Promise<void> {
  const item = await finds(keys, inside);
  assert.equal(item.outcome, "fail", item.text);
  assert.match(item.text, says);
}

/** A database like the first one in which one thing is broken. */
async function broken(sql: string): Promise<string> {
  const other = await cluster.database();
  await cluster.query(other, SCHEMA);
  await (/UPDATE pg_|EXTENSION/.test(sql) ? cluster.administer(other, sql) : cluster.query(other, sql));
  return other;
}

/** What loading refuses. */
async function refused(keys: string): Promise<string> {
  const check = await headgate(["check", writePlan({ "plan.lua": `plan "look" { doc = "d", phase "p" { verify "it" { ${keys} } } }` }), "-e", "test"]);
  assert.notEqual(check.code, 0);
  return check.text;
}

const ALL = `exists = { schemas = "shop", extensions = "plpgsql", tables = { "shop.people", "shop.orders", "free" },
  columns = { "shop.people.email", 'shop.people."Odd Name"', "free.id" }, enums = "shop.state", views = "shop.paid", sequences = "shop.numbers",
  functions = { "shop.touch", "shop.touch()" }, triggers = "shop.people.touched", indexes = { "shop.people_email", "shop.people_pkey" },
  constraints = "shop.people.has_at", foreign_keys = { "shop.orders.orders_person", "shop.orders.person_id -> shop.people.id" } }`;

test("exists: objects of every kind are there", () => passes(ALL, /^all 19 are there$/));

const MISSING: [what: string, sql: string, says: RegExp][] = [
  ["a table", "DROP TABLE free", /table free is missing; column free\.id is missing/],
  ["a column", "ALTER TABLE shop.people DROP COLUMN email CASCADE", /column shop\.people\.email is missing; index shop\.people_email is missing; constraint shop\.people\.has_at is missing$/],
  ["an enum", "ALTER TABLE shop.orders DROP COLUMN state CASCADE; DROP TYPE shop.state; CREATE DOMAIN shop.state AS text", /enum shop\.state is missing; view shop\.paid is missing/],
  ["a view that is a table now", "DROP VIEW shop.paid; CREATE TABLE shop.paid (id int)", /^view shop\.paid is missing$/],
  ["a sequence", "DROP SEQUENCE shop.numbers", /^sequence shop\.numbers is missing$/],
  ["a function", "DROP TRIGGER touched ON shop.people; DROP FUNCTION shop.touch()", /^function shop\.touch is missing; function shop\.touch\(\) is missing; trigger shop\.people\.touched is missing$/],
  ["a trigger that is disabled", "ALTER TABLE shop.people DISABLE TRIGGER touched", /^trigger shop\.people\.touched is disabled$/],
  ["an index that is not valid", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.people_email'::regclass", /^index shop\.people_email is not valid$/],
  ["a constraint that is not validated", "ALTER TABLE shop.people DROP CONSTRAINT has_at; ALTER TABLE shop.people ADD CONSTRAINT has_at CHECK (email ~ '@') NOT VALID", /^constraint shop\.people\.has_at is not validated$/],
  ["a foreign key", "ALTER TABLE shop.orders DROP CONSTRAINT orders_person", /^foreign key shop\.orders\.orders_person is missing; foreign key shop\.orders\.person_id -> shop\.people\.id is missing$/],
  ["a schema", "ALTER SCHEMA shop RENAME TO store", /^schema shop is missing; table shop\.people is missing;/],
  ["an extension", "DROP EXTENSION plpgsql CASCADE", /^extension plpgsql is missing/],
];
for (const [what, sql, says] of MISSING) {
  test(`exists: names ${what}`, async () => fails(ALL, says, await broken(sql)));
}

test("exists: a foreign key of several columns, in any order, and whether it is validated", async () => {
  await fails('exists = { foreign_keys = "shop.parts.y, shop.parts.x -> shop.lines.a, shop.lines.b" }', /is not validated$/);
  await fails('exists = { foreign_keys = "shop.parts.x, shop.parts.y -> shop.lines.a, shop.lines.b" }', /is missing$/);
  const valid = await broken("ALTER TABLE shop.parts VALIDATE CONSTRAINT parts_x_y_fkey");
  await passes('exists = { foreign_keys = "shop.parts.x, shop.parts.y -> shop.lines.b, shop.lines.a" }', /all 1/, valid);
});

test("absent: what is gone, and what is still there", async () => {
  await passes('absent = { tables = { "shop.gone", "gone.too" }, columns = "free.gone", functions = "gone", triggers = "free.gone" }', /^none of 5 is there$/);
  await fails('absent = { tables = { "free", "gone" }, columns = "free.id" }', /^table free is there; column free\.id is there$/);
  const invalid = await broken("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.people_email'::regclass");
  await fails('absent = { indexes = "shop.people_email" }', /^index shop\.people_email is there$/, invalid);
});

test("exists and absent: mistakes are found at load", async () => {
  assert.match(await refused('exists = { columns = "email" }'), /plan\.lua:1:\d+: verify "it": columns of exists names "email" without its table: write "table\.email"/);
  assert.match(await refused("absent = {}"), /plan\.lua:1:\d+: verify "it": absent names nothing/);
  assert.match(await refused('exists = { table = "x" }'), /has no field "table" \(did you mean tables\?\)/);
});

const QUERY = "SELECT * FROM shop.people WHERE email = $1";
test("plan_uses_index: the plan scans it, or what it does instead is told", async () => {
  await passes(`plan_uses_index = { sql = "${QUERY}", params = { "p7@x" }, index = "shop.people_email" }`, /^Index Scan using people_email on people$/);
  await fails(`plan_uses_index = { sql = "SELECT * FROM shop.people WHERE email <> $1", params = { "p7@x" }, index = "shop.people_email" }`, /^the plan does not use it: Seq Scan on people$/);
  await fails(`plan_uses_index = { sql = "${QUERY}", params = { "p7@x" }, index = "shop.people_pkey" }`, /^the plan does not use it: Index Scan using people_email on people$/);
  await passes(`plan_uses_index = { sql = "SELECT * FROM shop.people WHERE id = $1", params = { 7 }, index = { "shop.people_email", "shop.people_pkey" } }`, /people_pkey/);
  await fails(`plan_uses_index = { sql = "${QUERY}", params = { "p7@x" }, index = "people_email" }`, /^there is no index "people_email"$/);
  await fails(`plan_uses_index = { sql = "${QUERY}", params = { "p7@x" }, index = "shop.people_email" }`, /^there is no index/, await broken("DROP INDEX shop.people_email"));
});

test("plan_uses_index: a small table is asked without sequential scans, and the evidence says so", async () => {
  const small = await broken("TRUNCATE shop.people CASCADE; INSERT INTO shop.people VALUES (1, 'a@b'); ANALYZE shop.people");
  const index = `sql = "SELECT * FROM shop.people WHERE email = 'a@b'", index = "shop.people_email"`;
  await fails(`plan_uses_index = { ${index} }`, /Seq Scan/, small);
  await passes(`plan_uses_index = { ${index}, enable_seqscan = false }`, /people_email.*\(asked with enable_seqscan = off\)$/, small);
});

test("plan_uses_index: an index of a partitioned table is found in its partitions", async () => {
  const parts = await broken(`CREATE TABLE days (id int, at int) PARTITION BY RANGE (at); CREATE TABLE d1 PARTITION OF days FOR VALUES FROM (0) TO (9);
    CREATE INDEX days_id ON days (id); INSERT INTO days SELECT i, i % 9 FROM generate_series(1, 5000) AS i; ANALYZE days`);
  await passes('plan_uses_index = { sql = "SELECT * FROM days WHERE id = 5", index = "days_id" }', /using d1_id_idx/, parts);
});

test("plan_uses_index: only a query that reads is planned", async () => {
  assert.match(await refused('plan_uses_index = { sql = "DELETE FROM t", index = "i" }'), /plan\.lua:1: only reading is allowed here/);
});

test("checksums: two tables hold the same rows, or the keys that differ are named", async () => {
  const copies = `CREATE TABLE copy (LIKE shop.people); INSERT INTO copy SELECT * FROM shop.people ORDER BY random()`;
  const same = await broken(copies);
  await passes('checksums = { table = "shop.people", equals = "copy" }', /^shop\.people and copy hold the same 20000 rows$/, same);
  const other = await broken(`${copies}; UPDATE copy SET email = 'x@y' WHERE id = 77; DELETE FROM copy WHERE id = 78; INSERT INTO copy VALUES (-5, 'a@b')`);
  await fails('checksums = { table = "shop.people", equals = "copy" }', /^shop\.people and copy differ: 20000 and 20000 rows; 77 differs, 78 is only in shop\.people, -5 is only in copy$/, other);
  await passes('checksums = { table = "shop.people", equals = "copy", where = "id BETWEEN 100 AND 200" }', /the same 101 rows/, other);
  await passes(`checksums = { table = "shop.people", equals = "copy", columns = { "id", "Odd Name" }, where = "id > 78" }`, /the same 19922 rows/, other);
  await fails('checksums = { table = "shop.people", equals = "shop.orders" }', /^shop\.orders has no column "email"$/);
  await fails('checksums = { table = "free", equals = "shop.people" }', /^free has no column "email"$/);
});

test("checksums: rows of the other table without a key are compared too, and a lost sign is seen", async () => {
  const more = `INSERT INTO shop.people SELECT i, 'p' || i || '@x' FROM generate_series(20001, 50000) AS i; ANALYZE shop.people;
    CREATE TABLE copy AS SELECT * FROM shop.people`;
  await passes('checksums = { table = "shop.people", equals = "copy" }', /the same 50000 rows$/, await broken(more));
  const other = await broken(`${more}; INSERT INTO copy VALUES (NULL, 'n@x')`);
  await fails('checksums = { table = "shop.people", equals = "copy" }', /differ: 50000 and 50001 rows; NULL is only in copy$/, other);
  const signs = await broken("CREATE TABLE a (id int PRIMARY KEY, crc bigint); INSERT INTO a VALUES (1, 4294967295); CREATE TABLE b AS SELECT id, crc::bit(32)::int::bigint AS crc FROM a");
  await fails('checksums = { table = "a", equals = "b" }', /1 differs$/, signs);
});

test("checksums: enums of two schemas compare by what they say", async () => {
  const moved = await broken(`CREATE SCHEMA new; CREATE TYPE new.state AS ENUM ('paid', 'new'); INSERT INTO shop.orders VALUES (1, 1, 'paid'), (2, 2, 'new');
    CREATE TABLE new.orders (id int PRIMARY KEY, person_id int, state new.state); INSERT INTO new.orders SELECT id, person_id, state::text::new.state FROM shop.orders`);
  await passes('checksums = { table = "shop.orders", equals = "new.orders" }', /the same 2 rows/, moved);
  await cluster.query(moved, "UPDATE new.orders SET state = CASE state WHEN 'new' THEN 'paid' ELSE 'new' END::new.state");
  await fails('checksums = { table = "shop.orders", equals = "new.orders" }', /1 differs, 2 differs$/, moved);
});

test("checksums: mistakes are found at load", async () => {
  assert.match(await refused('checksums = { table = "a" }'), /verify "it": checksums has neither equals, target, data nor was/);
  assert.match(await refused('checksums = { table = "a", equals = "b", was = "c" }'), /checksums has both was and another table/);
  assert.match(await refused('checksums = { table = "a", equals = "b", where = "true) OR (true" }'), /where/);
});

/** Runs a plan of one phase in a database; gives exit code and text. */
async function runs(inside: string, steps: string, config?: string): Promise<{ code: number | null; text: string }> {
  const files = { "plan.lua": `plan "look" { doc = "looks", phase "p" { ${steps} } }`, ...(config === undefined ? {} : { "headgate.yaml": config }) };
  return headgate(["run", writePlan(files), "-e", "test", "--yes"], { env: cluster.env(inside) });
}

test("checksums: unchanged since the run started, also when a column was added or the table was moved", async () => {
  const inside = await broken("CREATE SCHEMA new");
  const add = `step "a" { up = "ALTER TABLE shop.people ADD COLUMN more text DEFAULT 'x'", one_way = "test" }`;
  const move = `step "m" { up = "ALTER TABLE shop.people SET SCHEMA new", one_way = "test" }`;
  const good = await runs(inside, `${add}, verify "same" { checksums = { "shop.people", "free" } }, ${move}, verify "moved" { checksums = { table = "new.people", was = "shop.people" } }`);
  assert.equal(good.code, 0, good.text);
  const told = await cluster.query(inside, "SELECT data->>'text' AS text FROM headgate.event WHERE type = 'check.result' ORDER BY seq");
  assert.deepEqual(told, [
    { text: "shop.people: 20000 rows as when the run started; free: 0 rows as when the run started" },
    { text: "new.people: 20000 rows as when the run started" },
  ]);
});

test("checksums: a row that was changed is found by the range it stands in", async () => {
  const inside = await broken("INSERT INTO shop.people SELECT i, 'p' || i || '@x' FROM generate_series(20001, 50000) AS i");
  const change = `step "c" { up = "UPDATE shop.people SET email = 'q@x' WHERE id = 30000", down = "UPDATE shop.people SET email = 'p30000@x' WHERE id = 30000" }`;
  const bad = await runs(inside, `${change}, verify "same" { checksums = "shop.people" }`);
  assert.notEqual(bad.code, 0);
  assert.match(bad.text, /shop\.people is not as when the run started: 50000 rows, as then; it differs behind 20000 up to 40000/);
  const gone = await runs(await broken("SELECT 1"), `step "c" { up = "DROP TABLE free", one_way = "test" }, verify "same" { checksums = "free" }`);
  assert.match(gone.text, /free is not there any more/);
});

test("checksums: the same rows in two databases", async () => {
  const there = await broken("UPDATE shop.people SET email = 'other@x' WHERE id = 5");
  const config = (name: string): string => `version: 1\ntargets:\n  app: { url: "${cluster.conninfo(database)}" }\n  copy: { url: "${cluster.conninfo(name)}" }\nenvironments:\n  test:\n    gates: auto\n`;
  const same = await broken("SELECT 1");
  const main = await broken("SELECT 1");
  const good = await runs(main, 'verify "same" { checksums = { table = "shop.people", target = "copy" } }', config(same).replace(cluster.conninfo(database), cluster.conninfo(main)));
  assert.equal(good.code, 0, good.text);
  const other = await broken("SELECT 1");
  const bad = await runs(other, 'verify "same" { checksums = { table = "shop.people", target = "copy" } }', config(there).replace(cluster.conninfo(database), cluster.conninfo(other)));
  assert.notEqual(bad.code, 0);
  assert.match(bad.text, /shop\.people and shop\.people differ: 20000 and 20000 rows; 5 differs/);
});

test("counts: as many rows as another table", async () => {
  await passes('counts = { ["free"] = "shop.orders" }', /^free 0 of 0$/);
  await fails('counts = { ["free"] = "shop.people" }', /^free 0 of 20000$/);
});
