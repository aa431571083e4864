/** What `check` reports of a plan as a whole: each rule finds its mistake, and leaves alone what does the same well; what is
 * allowed, how it is told, and when it fails. (Rules about one SQL text: tests/unit/sql/test_lint.c.) */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { type Finding, findingsOf, findingsOfEach } from "../lib/lint";
import { root } from "../lib/paths";
import { TEST_CONFIG, writePlan } from "../lib/plan";

interface Case {
  rule: string;
  bad: string;
  good: string;
  /** Line of plan.lua; the body stands in lines 3 and on. */
  line: number;
}

const step = (name: string, up: string, more = 'one_way = "test"'): string => `phase "${name}" { step "${name}" { up = [[${up}]], ${more} } },`;
const look = (word: string, keys: string): string => `phase "look" { ${word} "it" { ${keys} } },`;
const TWO_FUNCTIONS = step("make", "CREATE FUNCTION a() RETURNS int LANGUAGE sql AS 'SELECT 1';\nCREATE FUNCTION b() RETURNS int LANGUAGE sql AS 'SELECT 1'");
const NAMES = "SELECT count(*) FROM pg_proc WHERE proname = 'a'";
const LIKE = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public' AND table_name LIKE '%a%'";
const exec = (argv: string, more: string): string => `phase "do" { exec "it" { argv = { ${argv} }, ${more} } },`;

const CASES: Case[] = [
  {
    rule: "later_object",
    bad: `${step("one", "CREATE TABLE a (id int PRIMARY KEY, b mood)")}\n${step("two", "CREATE TYPE mood AS ENUM ('x')")}`,
    good: `${step("one", "CREATE TYPE mood AS ENUM ('x')")}\n${step("two", "CREATE TABLE a (id int PRIMARY KEY, b mood)")}`,
    line: 3,
  },
  {
    rule: "later_object",
    bad: `${step("one", "ALTER TABLE a ADD COLUMN c int")}\n${step("two", "CREATE TABLE a (id int PRIMARY KEY)")}`,
    good: `${step("one", "ALTER TABLE a RENAME TO b")}\n${step("two", "CREATE TABLE a (id int PRIMARY KEY)")}`,
    line: 3,
  },
  {
    rule: "cycle",
    bad: step("one", "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES b);\nCREATE TABLE c (id int PRIMARY KEY REFERENCES a);\nCREATE TABLE b (id int PRIMARY KEY, c int REFERENCES c)"),
    good: step("one", "CREATE TABLE a (id int PRIMARY KEY, a int REFERENCES a);\nCREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a)"),
    line: 3,
  },
  {
    rule: "reference_unfilled",
    bad: step("one", "ALTER TABLE a\n  ADD COLUMN owner int REFERENCES people"),
    good: `${step("one", "ALTER TABLE a ADD COLUMN owner int REFERENCES people")}\nphase "fill" { backfill "a.owner" { set = { owner = "1" }, where = "owner IS NULL" } },`,
    line: 4,
  },
  {
    rule: "fill_compression",
    bad: `${step("one", "ALTER TABLE a ADD COLUMN doc jsonb")}\nphase "fill" { backfill "a.doc" { set = { doc = "to_jsonb(a)" }, where = "doc IS NULL" } },`,
    good: `${step("one", "ALTER TABLE a ADD COLUMN doc jsonb COMPRESSION lz4, ADD COLUMN small jsonb")}\nphase "fill" { backfill "a.doc" { set = { doc = "to_jsonb(a)" }, where = "doc IS NULL" } },`,
    line: 3,
  },
  { rule: "restore", bad: exec('"true"', 'undo = { exec = { "pg_restore", "-d", "app", "dump" } }'), good: exec('"pg_restore", "-d", "copy", "dump"', 'no_effect = "a copy"'), line: 3 },
  { rule: "exec_variable", bad: exec('"sh", "-c", "psql -d $DB_DATABASE"', 'env = { DB_NAME = "app" }, no_effect = "x"'), good: exec('"sh", "-c", "X=1; psql -d $DB_NAME $X ${Y:-1} \'$Z\'"', 'env = { DB_NAME = "app" }, no_effect = "x"'), line: 3 },
  { rule: "exec_variable", bad: exec('"psql", "-d", "$DB"', 'no_effect = "x"'), good: exec('"psql", "-c", "SELECT $1"', 'no_effect = "x"'), line: 3 },
  {
    rule: "no_reverse",
    bad: `phase "in" { import "a" { data = "files", from = "a.json" } },\n${exec('"true"', 'undo = { exec = { "true" } }')}`,
    good: `phase "in" { import "a" { data = "files", from = "a.json" } },\n${exec('"true"', 'one_way = "no way back"')}`,
    line: 4,
  },
  {
    rule: "offset",
    bad: 'phase "do" { http "it" { url = "http://localhost/batch", body = [[{"offset": 0, "batchSize": 100}]], no_effect = "x" } },',
    good: 'phase "do" { http "it" { url = "http://localhost/batch", body = [[{"after": 0, "batchSize": 100}]], no_effect = "x" } },',
    line: 3,
  },
  {
    rule: "copy_drop",
    bad: `${step("one", "INSERT INTO b (id) SELECT id FROM a")}\n${step("two", "DROP TABLE a")}`,
    good: step("one", "LOCK a;\nINSERT INTO b (id) SELECT id FROM a;\nDROP TABLE a"),
    line: 4,
  },
  {
    rule: "down_leaves",
    bad: step("one", "CREATE TABLE a (id int PRIMARY KEY);\nCREATE VIEW b AS TABLE a", 'down = "DROP VIEW b"'),
    good: step("one", "CREATE TABLE a (id int PRIMARY KEY);\nCREATE INDEX c ON a (id)", 'down = "DROP TABLE a"'),
    line: 4,
  },
  {
    rule: "down_leaves",
    bad: step("one", "DROP TRIGGER IF EXISTS t ON a; CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f()", 'down = "SELECT 1"'),
    good: step("one", "DROP TRIGGER t ON a; CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f()", 'down = "SELECT 1"'),
    line: 3,
  },
  {
    rule: "or_replace",
    bad: step("one", "\nCREATE OR REPLACE VIEW b AS SELECT 1 AS a", 'down = "DROP VIEW b"'),
    good: step("one", "CREATE OR REPLACE VIEW b AS SELECT 2 AS a", 'down = "CREATE OR REPLACE VIEW b AS SELECT 1 AS a"'),
    line: 4,
  },
  { rule: "down_if_exists", bad: step("one", "CREATE VIEW b AS SELECT 1", 'down = "DROP VIEW IF EXISTS b"'), good: step("one", "DROP VIEW IF EXISTS b"), line: 3 },
  { rule: "name_pattern", bad: look("check", `sql = [[${LIKE}]], equals = 3`), good: look("check", 'exists = { tables = { "a", "b" } }'), line: 3 },
  { rule: "name_number", bad: `${TWO_FUNCTIONS}\n${look("verify", `sql = [[${NAMES}]], equals = 2`)}`, good: `${TWO_FUNCTIONS}\n${look("verify", `sql = [[${NAMES}]], equals = 1`)}`, line: 5 },
  { rule: "allow_unknown", bad: step("one", "SELECT 1", 'one_way = "x", allow = { cascaed = "why" }'), good: step("one", "DROP VIEW v CASCADE", 'one_way = "x", allow = { cascade = "why" }'), line: 3 },
  { rule: "allow_unused", bad: step("one", "DROP VIEW v", 'one_way = "x", allow = { cascade = "why" }'), good: step("one", "DROP VIEW v CASCADE", 'one_way = "x", allow = { cascade = "why" }'), line: 3 },
];

const planOf = (body: string): string => writePlan({ "plan.lua": `plan "p" {\n  doc = "d",\n${body}\n}\n`, "headgate.yaml": `${TEST_CONFIG}\nstores:\n  files: { path: . }\n` });
const named = (found: Finding[], rule: string): Finding[] => found.filter((each) => each.rule === rule && each.allowed === undefined);

/** One process checks many plans: bad and good ones by turns. */
const all = findingsOfEach(CASES.flatMap(({ bad, good }) => [planOf(bad), planOf(good)]));
all.catch(() => undefined);

CASES.forEach(({ rule, bad, line }, i) => {
  test(`${rule}: found in ${bad.replaceAll("\n", " ").slice(0, 80)}`, async () => {
    const found = await all;
    const [first] = named(found[2 * i] ?? [], rule);
    assert.ok(first !== undefined, `not found; only ${JSON.stringify(found[2 * i])}`);
    assert.deepEqual([first.file, first.line], ["plan.lua", line], first.text);
    assert.deepEqual(named(found[2 * i + 1] ?? [], rule), []);
  });
});

test("every rule of the table is tested, here or in the unit tests", async () => {
  const page = await headgate(["docs", "lint"]);
  const rules = [...page.stdout.matchAll(/^\| `(\w+)` /gm)].map((match) => match[1] ?? "");
  const units = readFileSync(join(root, "tests/unit/sql/test_lint.c"), "utf8");
  const here = new Set([...CASES.map((each) => each.rule), "missing_object"]);
  assert.ok(rules.length > 50, `${rules.length} rules`);
  assert.deepEqual(rules.filter((rule) => !here.has(rule) && !units.includes(`{SQL_LINT_${rule.toUpperCase()},`)), []);
});

test("a mistake is allowed by name and with a reason, on the step, its phase or the plan, and is still shown", async () => {
  const drop = (allow: string): string => `step "s" { up = "DROP VIEW v CASCADE", one_way = "x", ${allow} },`;
  const why = 'allow = { cascade = "nothing stands on it" },';
  const plans = [
    planOf(`phase "a" { ${drop(why)} },`),
    planOf(`phase "a" { ${why} ${drop("")} },`),
    planOf(`${why} phase "a" { ${drop("")} },`),
  ];
  for (const found of await findingsOfEach(plans)) assert.deepEqual(found.map((each) => [each.rule, each.allowed]), [["cascade", "nothing stands on it"]]);
  const said = await headgate(["check", plans[0] ?? "", "-e", "test", "--strict"]);
  assert.equal(said.code, 0, said.text);
  assert.match(said.text, /plan\.lua:3: allowed: cascade \(nothing stands on it\)/);
});

test("errors fail the check, warnings only with --strict; each comes with its place and what to do instead", async () => {
  const folder = writePlan({
    "plan.lua": 'plan "p" { doc = "d", phase "a" { migrations "m" { dir = "sql" } } }',
    "sql/001_a.up.sql": "CREATE TABLE a (id bigint PRIMARY KEY, at timestamp, until timestamp);\n\nCREATE INDEX i ON b (c);\n",
    "sql/001_a.down.sql": "DROP INDEX i;\nDROP TABLE a;\n",
  });
  const plain = await headgate(["check", folder, "-e", "test"]);
  assert.equal(plain.code, 0, plain.text);
  assert.match(plain.text, /^sql\/001_a\.up\.sql:3: warning: CREATE INDEX on b: .*\[index_blocks\]\n {2}instead: CREATE INDEX CONCURRENTLY/m);
  assert.match(plain.text, /^sql\/001_a\.up\.sql:1: note: column "at": .*\[timestamp_type\]\n {2}and 1 more in this file\n {2}instead: use timestamptz/m);
  const strict = await headgate(["check", folder, "-e", "test", "--strict"]);
  assert.equal(strict.code, 4, strict.text);
  const wrong = await headgate(["check", planOf(step("one", "ALTER TABLE t ADD CHECK (1) NOT VALID")), "-e", "test"]);
  assert.equal(wrong.code, 4, wrong.text);
  const found = await findingsOf(folder);
  assert.deepEqual(
    found.filter((each) => each.level === "warning").map(({ file, line, rule, path }) => ({ file, line, rule, path })),
    [{ file: "sql/001_a.up.sql", line: 3, rule: "index_blocks", path: "a/m/001_a" }],
  );
});

test("plan asks the database for what is needed and not made: names that nobody knows are told, the others are not", async (t) => {
  const cluster = await Cluster.start();
  t.after(() => cluster.stop());
  const database = await cluster.database();
  await cluster.query(database, `CREATE SCHEMA s; CREATE TABLE s.there (id bigserial PRIMARY KEY); CREATE TYPE mood AS ENUM ('x'); CREATE TABLE "Old" (id int)`);
  const asked = async (up: string, more = ""): Promise<[string, number, string][]> => {
    const folder = planOf(`${more}\n${step("one", up)}`);
    const result = await headgate(["plan", folder, "-e", "test", "--json"], { env: cluster.env(database) });
    const { warnings } = JSON.parse(result.stdout) as { warnings: Finding[] };
    const missing = warnings.filter((each) => each.rule === "missing_object");
    assert.equal(result.code === 0, missing.length === 0, result.text);
    return missing.map((each) => [each.file, each.line, each.text.split(":")[0] ?? ""]);
  };
  assert.deepEqual(await asked("ALTER TABLE s.there ADD COLUMN m mood;\nALTER TABLE s.their ADD COLUMN n text;\nALTER TABLE there ADD COLUMN o moud"), [
    ["plan.lua", 5, 'table "s.their"'],
    ["plan.lua", 6, 'table "there"'],
    ["plan.lua", 6, 'type "moud"'],
  ]);
  const made = [
    'ALTER TABLE "Old" RENAME TO new; CREATE VIEW "Old" AS TABLE new; CREATE TABLE more (id bigserial PRIMARY KEY, a text[], b "char", c s.there)',
    "CREATE TEMP TABLE passing (id int); INSERT INTO passing (id) SELECT id FROM s.there; WITH w AS (SELECT 1) SELECT * INTO kept FROM passing, w",
    "ALTER TABLE more ADD COLUMN d kept REFERENCES s.there; ALTER SEQUENCE more_id_seq RESTART; ALTER TABLE IF EXISTS nobody DROP COLUMN e; DROP TABLE IF EXISTS none",
    "CREATE EXTENSION IF NOT EXISTS citext; ALTER TABLE more ADD COLUMN e citext",
  ];
  assert.deepEqual(await asked(made.join(";\n")), []);
  assert.deepEqual(await asked("ALTER TABLE nowhere ADD COLUMN a int", 'phase "before" { task "t" { run = function() end, one_way = "x" } },'), [], "a task may have made it");
});

test("the plans of this repository are free of errors and warnings, or say why not", async () => {
  const plans = readdirSync(join(root, "plans"));
  assert.ok(plans.length >= 5);
  for (const plan of plans) {
    const config = readFileSync(join(root, "plans", plan, "headgate.yaml"), "utf8");
    const environment = ["dev", "demo"].find((name) => new RegExp(`^  ${name}:`, "m").test(config)) ?? "test";
    const found = await findingsOf(join(root, "plans", plan), environment);
    assert.deepEqual(found.filter((each) => each.allowed === undefined), [], plan);
  }
});
