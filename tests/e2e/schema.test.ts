/** schema_equal: a database against itself when the run started, another database, a file. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";

const SCHEMA = `
  CREATE SCHEMA shop; CREATE SCHEMA "Odd.One";
  CREATE TYPE shop.state AS ENUM ('new', 'paid');
  CREATE TYPE shop.pair AS (a int, b text);
  CREATE DOMAIN shop.mail AS text CONSTRAINT has_at CHECK (VALUE ~ '@');
  CREATE TABLE shop.people (id int PRIMARY KEY, email text CONSTRAINT mailish CHECK (email ~ '@'), name varchar(20) DEFAULT 'x', age int NOT NULL, no serial);
  CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY, person_id int CONSTRAINT orders_person REFERENCES shop.people (id), state shop.state);
  CREATE TABLE shop.days (id int, at int) PARTITION BY RANGE (at);
  CREATE TABLE shop.d1 PARTITION OF shop.days FOR VALUES FROM (0) TO (9);
  CREATE TABLE "Odd.One"."Odd Table" ("A b" int);
  CREATE TABLE swapped (one int, two int);
  CREATE TABLE gone (id int PRIMARY KEY);
  CREATE INDEX people_email ON shop.people (email);
  CREATE STATISTICS shop.together ON id, person_id FROM shop.orders;
  CREATE VIEW shop.paid AS SELECT id FROM shop.orders WHERE state = 'paid';
  CREATE MATERIALIZED VIEW shop.many AS SELECT 1 AS one;
  CREATE SEQUENCE shop.numbers;
  CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RETURN NEW; -- a comment that makes the body longer, so that what differs stands far behind the start of the text
END $$;
  CREATE PROCEDURE shop.work(a int) LANGUAGE sql AS 'SELECT 1';
  CREATE AGGREGATE shop.total(int) (sfunc = int4pl, stype = int, initcond = '0');
  CREATE TRIGGER touched BEFORE UPDATE ON shop.people FOR EACH ROW EXECUTE FUNCTION shop.touch();
  CREATE RULE nothing AS ON DELETE TO shop.orders DO INSTEAD NOTHING;
  CREATE POLICY own ON shop.people FOR SELECT USING (id > 0);
  COMMENT ON TABLE shop.people IS 'who';
  GRANT SELECT ON shop.people TO PUBLIC;`;

/** What is done to a copy, and what must be told of it: all of it, and nothing else. ME is who headgate and the test are. */
const CHANGES: [sql: string, told: string[]][] = [
  ["CREATE SCHEMA fresh", ["schema fresh is only there"]],
  ["ALTER TYPE shop.state ADD VALUE 'sent'", ["type shop.state is enum ('new', 'paid'); there: enum ('new', 'paid', 'sent')"]],
  ["ALTER TYPE shop.pair ADD ATTRIBUTE c int", ["type shop.pair is composite (a integer, b text); there: composite (a integer, b text, c integer)"]],
  [
    "ALTER DOMAIN shop.mail DROP CONSTRAINT has_at; ALTER DOMAIN shop.mail SET DEFAULT 'a@b'",
    ["type shop.mail is domain over text; there: domain over text DEFAULT 'a@b'::text", "type shop.mail: constraint has_at is only here"],
  ],
  ["ALTER TABLE shop.people ALTER name TYPE varchar(30)", ["table shop.people: column name is character varying(20) DEFAULT 'x'::character varying; there: character varying(30) DEFAULT 'x'::character varying"]],
  ["ALTER TABLE shop.people ALTER age DROP NOT NULL", ["table shop.people: column age is integer NOT NULL; there: integer"]],
  ["ALTER TABLE shop.people ADD more text", ["table shop.people: column more is only there"]],
  ["ALTER TABLE shop.people DROP CONSTRAINT mailish", ["table shop.people: constraint mailish is only here"]],
  ["ALTER TABLE shop.people ENABLE ROW LEVEL SECURITY", ["table shop.people is table; there: table, row security"]],
  ["ALTER TABLE shop.people DISABLE TRIGGER touched", ["table shop.people: trigger touched is "]],
  ["DROP POLICY own ON shop.people", ["table shop.people: policy own is only here"]],
  ["COMMENT ON TABLE shop.people IS 'whom'", ["table shop.people: comment is who; there: whom"]],
  ["COMMENT ON COLUMN shop.people.id IS 'which'", ["table shop.people: comment on id is only there"]],
  ["GRANT INSERT ON shop.people TO PUBLIC", ["table shop.people: grant to PUBLIC is SELECT; there: INSERT, SELECT"]],
  ["GRANT UPDATE (age) ON shop.people TO PUBLIC", ["table shop.people: grant on age to PUBLIC is only there"]],
  ["UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.people_email'::regclass", ["table shop.people: index shop.people_email is "]],
  ["CREATE INDEX ON shop.people (age)", ["table shop.people: index shop.people_age_idx is only there"]],
  [
    "ALTER TABLE shop.orders DROP CONSTRAINT orders_person; ALTER TABLE shop.orders ADD CONSTRAINT orders_person FOREIGN KEY (person_id) REFERENCES shop.people NOT VALID",
    ["table shop.orders: constraint orders_person is "],
  ],
  ["DROP STATISTICS shop.together", ["table shop.orders: statistics together is only here"]],
  ["ALTER TABLE shop.orders DISABLE RULE nothing", ["table shop.orders: rule nothing is "]],
  ["ALTER SEQUENCE shop.people_no_seq INCREMENT 5", ["table shop.people: sequence shop.people_no_seq is "]],
  ["ALTER TABLE shop.days DETACH PARTITION shop.d1", ["table shop.d1 is table, partition of shop.days, FOR VALUES FROM (0) TO (9); there: table"]],
  ['ALTER TABLE "Odd.One"."Odd Table" ALTER "A b" TYPE bigint', ['table "Odd.One"."Odd Table": column "A b" is integer; there: bigint']],
  ["ALTER TABLE swapped DROP one; ALTER TABLE swapped ADD one int", ["table public.swapped: columns is one, two; there: two, one"]],
  ["DROP TABLE gone", ["table public.gone is only here"]],
  ["CREATE OR REPLACE VIEW shop.paid AS SELECT id FROM shop.orders WHERE state = 'new'", ["view shop.paid is "]],
  ["DROP MATERIALIZED VIEW shop.many", ["view shop.many is only here"]],
  ["ALTER SEQUENCE shop.numbers CYCLE", ["sequence shop.numbers is "]],
  [
    `CREATE OR REPLACE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RETURN NEW; -- a comment that makes the body longer, so that what differs stands far behind the START of the text
END $$`,
    ["function shop.touch() is …ands far behind the start of the text"],
  ],
  ["CREATE FUNCTION shop.touch(int) RETURNS int LANGUAGE sql AS 'SELECT 1'", ["function shop.touch(integer) is only there"]],
  ["DROP PROCEDURE shop.work(int)", ["procedure shop.work(IN a integer) is only here"]],
  ["DROP AGGREGATE shop.total(int); CREATE AGGREGATE shop.total(int) (sfunc = int4pl, stype = int)", ["aggregate shop.total(integer) is step int4pl, state integer, start 0; there: step int4pl, state integer"]],
  ["ALTER FUNCTION shop.touch() OWNER TO other_owner", [
    "function shop.touch(): owner is ME; there: other_owner",
    "function shop.touch(): grant to ME is only here",
    "function shop.touch(): grant to other_owner is only there",
  ]],
  ["ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO PUBLIC", ["schema shop: default grant on tables of ME is only there"]],
];

let cluster: Cluster;
let template: string;
before(async () => {
  cluster = await Cluster.start();
  await cluster.administer("postgres", "CREATE ROLE other_owner");
  template = await cluster.database();
  await cluster.query(template, SCHEMA);
});
after(() => cluster.stop());

const step = (sql: string, down?: string): string => `step "${sql.slice(0, 20)}" { up = [[${sql}]], ${down === undefined ? 'one_way = "test"' : `down = [[${down}]]`} }`;

/** A folder with a plan of one phase and a configuration whose targets are these databases. */
function plan(steps: string, inside: string, other = inside, more: Record<string, string> = {}): string {
  return writePlan({
    "plan.lua": `plan "look" { doc = "looks", phase "p" { ${steps} } }`,
    "headgate.yaml": `version: 1\ntargets:\n  app: { url: "${cluster.conninfo(inside)}" }\n  copy: { url: "${cluster.conninfo(other)}" }\nenvironments:\n  test:\n    gates: auto\n`,
    ...more,
  });
}

interface Result {
  verdict: string;
  text: string;
  differing: string[];
  differences: number;
}

/** Runs a plan; what its last check found. */
async function finds(inside: string, steps: string, other = inside, more: Record<string, string> = {}): Promise<Result> {
  const ended = await headgate(["run", plan(steps, inside, other, more), "-e", "test", "--yes"]);
  const [told] = await cluster.query(inside, "SELECT data FROM headgate.event WHERE type = 'check.result' ORDER BY run DESC, seq DESC LIMIT 1");
  assert.ok(told, ended.text);
  const result = told["data"] as Result;
  assert.equal(ended.code === 0, result.verdict === "pass", ended.text);
  return result;
}

const schemaOf = async (inside: string): Promise<string> => {
  const printed = await headgate(["schema", "-e", "test", "-c", `${plan("", inside)}/headgate.yaml`]);
  assert.equal(printed.code, 0, printed.text);
  return printed.stdout;
};

test("two databases: the same, and everything that differs, each by object and part", async () => {
  const [here, same, other] = [await cluster.database(template), await cluster.database(template), await cluster.database(template)];
  const alike = await finds(here, 'verify "same" { schema_equal = { target = "copy" } }', same);
  assert.equal(alike.verdict, "pass", alike.text);
  assert.match(alike.text, /^2\d objects, the same as in the other database$/);
  const client = await cluster.connect(other);
  for (const [sql] of CHANGES) await (/ OWNER TO |UPDATE pg_/.test(sql) ? cluster.administer(other, sql) : client.query(sql));
  await client.end();
  const { verdict, differing, text, differences } = await finds(await cluster.database(template), 'verify "same" { schema_equal = { target = "copy" } }', other);
  assert.equal(verdict, "fail");
  const left = new Set(differing);
  for (const wanted of CHANGES.flatMap(([, told]) => told).map((text) => text.replace("ME", cluster.role))) {
    const found = [...left].find((one) => one.startsWith(wanted) || (wanted.includes("…") && one.startsWith(wanted.split("…")[0] as string) && one.includes(wanted.split("…")[1] as string)));
    assert.ok(found, `${wanted}\nis not among\n${[...left].join("\n")}`);
    left.delete(found);
  }
  assert.deepEqual([...left], []);
  assert.equal(differences, differing.length);
  assert.match(text, /^\d+ differences from the other database: .*; …$/);
});

test("two databases: owners, order and what is named are left out when the plan says so", async () => {
  const [here, other] = [await cluster.database(template), await cluster.database(template)];
  await cluster.query(
    other,
    `GRANT INSERT ON shop.people TO PUBLIC; ALTER TABLE swapped DROP one; ALTER TABLE swapped ADD one int; CREATE TABLE shop.extra (id serial PRIMARY KEY); CREATE FUNCTION shop.more(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
     ALTER TABLE shop.people ADD more int`,
  );
  const look = async (more: string): Promise<string> => (await finds(await cluster.database(here), `verify "same" { schema_equal = { target = "copy", ${more} } }`, other)).text;
  assert.match(await look(""), /^5 differences/);
  assert.match(
    await look('privileges = false, column_order = false, except = { "shop.extra", "shop.more", "table shop.people: column more" }'),
    /objects, the same/,
  );
  assert.match(await look('schemas = "Odd.One"'), /^2 objects, the same/);
  assert.match(await look('schemas = { "public", "Odd.One" }'), /^1 difference from the other database: table public\.swapped: columns is one, two; there: two, one$/);
});

test("as when the run started: new and gone objects are told, and nothing when all was taken back", async () => {
  const verify = 'verify "as before" { schema_equal = { with = "start" } }';
  const changed = await finds(await cluster.database(template), `${step("CREATE TABLE new_one (id int)")}, ${step("DROP TABLE gone")}, ${step("ALTER TABLE swapped ADD three int")}, ${verify}`);
  assert.equal(changed.verdict, "fail");
  assert.deepEqual(changed.differing, ["table public.new_one is new", "table public.swapped: column three is new", "table public.gone is gone"]);
  assert.match(changed.text, /^3 differences from when the run started: table public\.new_one is new;/);
  const back = await finds(await cluster.database(template), `${step("CREATE TABLE new_one (id int)")}, ${step("DROP TABLE new_one")}, ${verify}`);
  assert.equal(back.text.replace(/^\d+/, "N"), "N objects, the same as when the run started");
  const body = await finds(await cluster.database(template), `${step("CREATE OR REPLACE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")}, ${verify}`);
  assert.equal(body.differing.length, 1);
  assert.match(body.text, /function shop\.touch\(\) is .*RETURN NULL.*; was: .*RETURN NEW/);
});

test("as when the run started: a long text is compared to its end", async () => {
  const long = (end: string): string => `CREATE OR REPLACE FUNCTION long() RETURNS text LANGUAGE sql AS $$ SELECT '${"x".repeat(3000)}${end}' $$`;
  const inside = await cluster.database(template);
  await cluster.query(inside, long("a"));
  const found = await finds(inside, `${step(long("b"))}, verify "as before" { schema_equal = { with = "start" } }`);
  assert.match(found.text, /^1 difference from when the run started: function public\.long\(\) is .*x+… md5 [0-9a-f]{32}; was: .*x+… md5 /);
});

test("a file: what headgate schema prints is equal, what differs is named, and mistakes by their line", async () => {
  const inside = await cluster.database(template);
  const file = await schemaOf(inside);
  assert.match(file, /^table shop\.people\ttable$/m);
  assert.match(file, /^ {2}column email\ttext$/m);
  assert.match(file, /^function shop\.touch\(\)\tCREATE OR REPLACE .*\\nBEGIN\\n\\tRETURN NEW;/m);
  const verify = 'verify "as written" { schema_equal = { file = file "schema.txt" } }';
  const look = async (text: string): Promise<string> => (await finds(await cluster.database(inside), verify, undefined, { "schema.txt": text })).text;
  assert.match(await look(`# a comment\n\n${file.replaceAll("\n", "\r\n")}`), /^2\d objects, the same as in the file$/);
  const edited = file.replace("  column email\ttext\n", "  column email\tinteger\n").replace("table public.gone\ttable", "table public.left\ttable");
  assert.match(
    await look(edited),
    /^3 differences from the file: table public\.gone is not in the file; table shop\.people: column email is text; the file says: integer; table public\.left is missing$/,
  );
  for (const [text, says] of [
    ["table a\ttable\n  column b\t\\q\n", /schema\.txt:2: the line has an escape/],
    ["  column b\tint\n", /schema\.txt:1: the line is a part, and no object stands before it/],
    ["table a\ttable\n\ntable a\ttable\n", /schema\.txt:3: the line names what a line before names/],
    ["\ttable\n", /schema\.txt:1: the line has no name/],
  ] as const) {
    const check = await headgate(["check", plan(verify, inside, inside, { "schema.txt": text }), "-e", "test"]);
    assert.notEqual(check.code, 0);
    assert.match(check.text, says);
  }
});

test("mistakes are found at load", async () => {
  const refused = async (keys: string): Promise<string> => (await headgate(["check", plan(`verify "it" { schema_equal = { ${keys} } }`, template), "-e", "test"])).text;
  assert.match(await refused("privileges = false"), /plan\.lua:1:\d+: verify "it": schema_equal has neither with, target nor file: say what it is compared with/);
  assert.match(await refused('with = "start", target = "copy"'), /schema_equal has more than one of with, target and file/);
  assert.match(await refused('with = "end"'), /field "schema_equal\.with" must be "start", got "end"/);
  assert.match(await refused('file = "schema.txt"'), /must be file "…", got text|must be file/);
});
