/** The mistakes of the five documents: each written into a plan as its document has it, and each refused, or reported by
 * `headgate check` with file and line, before anything runs. (The plans of plans/ do it right.) */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { headgate } from "../lib/cli";
import { mergeFigures } from "../lib/figures";
import { type Finding, findingsOf } from "../lib/lint";
import { root } from "../lib/paths";
import { TEST_CONFIG, writePlan } from "../lib/plan";

const original = (path: string): string => readFileSync(join(root, "tests/data/seeds", path), "utf8");
/** The line of text that begins so; from 1. */
const lineOf = (text: string, start: string): number => text.split("\n").findIndex((line) => line.startsWith(start)) + 1;
const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? "");

let mistakes = 0;
let reported = 0;
after(() => mergeFigures("plans.json", "seed-mistakes", { seed_mistakes: mistakes, seed_mistakes_reported: reported }));

function mistake(name: string, run: () => Promise<void>): void {
  mistakes++;
  test(name, async () => {
    await run();
    reported++;
  });
}

const planOf = (body: string, files: Record<string, string> = {}): string => writePlan({ "plan.lua": `plan "p" {\n  doc = "d",\n${body}\n}\n`, ...files });

const checked = new Map<string, Promise<Finding[]>>();

/** The plan is reported by that rule, there; gives what is said. */
async function isReported(folder: string, rule: string, file: string, line: number): Promise<string> {
  const all = checked.get(folder) ?? findingsOf(folder);
  checked.set(folder, all);
  const found = (await all).filter((each) => each.rule === rule);
  const here = found.find((each) => each.file === file && each.line === line);
  assert.ok(here !== undefined, `${rule} is not at ${file}:${line}: ${JSON.stringify(found)}`);
  return here.text;
}

/** The plan does not load. */
async function isRefused(folder: string, says: RegExp, env: Record<string, string> = {}): Promise<void> {
  const check = await headgate(["check", folder, "-e", "test"], { env: { PGHOST: "/nonexistent", ...env } });
  assert.notEqual(check.code, 0, check.text);
  assert.match(check.text, says);
}

/* ------------------------------------------------------------------ 000 */

const ROLLBACK = original("000/rollback.sh");
const TABLES = matches(ROLLBACK, /DROP TABLE IF EXISTS (\w+)/g);
/** What the document's migration makes. */
const MADE = `phase "make" { step "tables" { up = file "sql/tables.sql", one_way = "x" } },`;
const MADE_SQL = { "sql/tables.sql": TABLES.map((table) => `CREATE TABLE ${table} (id uuid PRIMARY KEY);`).join("\n") };

mistake("000: a rollback of $DB_DATABASE where only DB_NAME is exported", async () => {
  const exported = Object.fromEntries([...original("000/execute.sh").matchAll(/^export (\w+)=(.*)$/gm)].map((match) => [match[1] ?? "", match[2] ?? ""]));
  assert.ok("DB_NAME" in exported && !("DB_DATABASE" in exported));
  const env = Object.entries(exported).map(([name, value]) => `${name} = "${value}"`).join(", ");
  const folder = planOf(`phase "a" {\n  exec "migrate" { argv = { "true" }, env = { ${env} },\n    undo = { exec = { "sh", "-c", [[${ROLLBACK}]] } } } },`);
  assert.match(await isReported(folder, "exec_variable", "plan.lua", 5), /\$DB_DATABASE is not in env/);
  const others = (await findingsOf(folder)).filter((each) => each.rule === "exec_variable");
  assert.equal(others.length, 1, JSON.stringify(others));
  const config = `version: 1\ntargets:\n  app:\n    url: postgresql:///\${DB_DATABASE}\nenvironments:\n  test: { gates: auto }\n`;
  await isRefused(planOf(MADE, { ...MADE_SQL, "headgate.yaml": config }), /headgate\.yaml:4:\d+: .*DB_DATABASE/, exported);
});

mistake("000: a health check by LIKE that sees 5 of the 8 tables", async () => {
  const [query] = original("000/health_check.sql").split(";");
  const folder = planOf(`${MADE}\nphase "health" { verify "all tables" { sql = file "sql/health.sql", equals = "feature_definitions" } },`, { ...MADE_SQL, "sql/health.sql": query ?? "" });
  assert.match(await isReported(folder, "name_pattern", "sql/health.sql", 1), /sees 5 of the 8 tables that the plan makes, not .*widget_library/);
});

mistake("000: 3 trigger functions, and a query that names one", async () => {
  const [, query] = original("000/health_check.sql").split(";");
  const [box] = matches(original("000/checklist.md"), /- \[ \] (\d+) trigger functions/g);
  assert.equal(box, "3");
  const folder = planOf(`phase "health" { verify "triggers" { sql = file "sql/triggers.sql", equals = ${box} } },`, { "sql/triggers.sql": `SELECT count(*) FROM (${query}\n) AS f` });
  assert.match(await isReported(folder, "name_number", "sql/triggers.sql", 1), /3 are asked for, and the query names 1/);
});

/* ------------------------------------------------------------------ 001 */

mistake("001: batches that go on by OFFSET", async () => {
  const bodies = matches(original("001/batches.txt"), /^(\{.*\})$/gm);
  assert.equal(bodies.length, 2);
  for (const body of bodies) {
    const folder = planOf(`phase "a" {\n  http "batch" { url = "http://localhost/functions/v1/migrate-events-canonical",\n    body = [[${body}]], no_effect = "x" } },`);
    await isReported(folder, "offset", "plan.lua", 5);
  }
});

mistake("001: CHECK (0-100)", async () => {
  const sql = original("001/feature_flags.sql");
  const folder = planOf('phase "a" { step "flags" { up = file "sql/flags.sql", down = "DROP TABLE feature_flags" } },', { "sql/flags.sql": sql });
  await isReported(folder, "check_number", "sql/flags.sql", lineOf(sql, "  rollout_percentage"));
});

/* ------------------------------------------------------------------ 002 */

const RELATIONS = original("002/mistakes-relations.md");
const SECTIONS = RELATIONS.split(/^### Migration /m);
const FOURTH = SECTIONS.find((section) => section.startsWith("4")) ?? "";
const SEVENTH = SECTIONS.find((section) => section.startsWith("7")) ?? "";
const arrows = [...FOURTH.matchAll(/^- `(\w+)\.(\w+)` → `(\w+)\.(\w+)`$/gm)].map(([, table, column, other, key]) => ({ table, column, other, key }));
const alter = ({ table, column, other, key }: (typeof arrows)[number]): string => `ALTER TABLE ${table} ADD COLUMN "${column}" uuid REFERENCES ${other} (${key});`;

mistake("002: migration 4 refers to tables that migration 7 makes", async () => {
  const tables = matches(SEVENTH, /^- `(\w+)`/gm);
  const folder = planOf('phase "all" { migrations "m" { dir = "sql", one_way = { ["*"] = "x" } } },', {
    "sql/004_add_owner_relation_and_role_permissions.up.sql": ["CREATE TABLE role_permissions (id uuid PRIMARY KEY);", ...arrows.map(alter)].join("\n"),
    "sql/007_organization_module.up.sql": tables.map((table) => `CREATE TABLE ${table} (id uuid PRIMARY KEY);`).join("\n"),
  });
  const file = "sql/004_add_owner_relation_and_role_permissions.up.sql";
  assert.match(await isReported(folder, "later_object", file, 2), /"organizations" is made in sql\/007_organization_module\.up\.sql:1/);
  assert.match(await isReported(folder, "later_object", file, 3), /"organization_roles" is made in sql\/007/);
  assert.match(await isReported(folder, "later_object", file, 4), /"permissions" is made in sql\/007/);
});

mistake("002: no data migration, although existing organizations need owners", async () => {
  assert.match(FOURTH, /Existing organizations need owner assignment/);
  const owner = arrows.find((each) => each.table === "organizations");
  assert.ok(owner !== undefined);
  const folder = planOf('phase "a" { step "owners" { up = file "sql/owners.sql", down = [[ALTER TABLE organizations DROP COLUMN "ownerId"]] } },', { "sql/owners.sql": alter(owner) });
  assert.match(await isReported(folder, "reference_unfilled", "sql/owners.sql", 1), /organizations\.ownerId refers to users, and nothing fills it/);
});

mistake("002: CONCURRENTLY inside a transaction", async () => {
  const sql = `CREATE TABLE products (status text);\n${original("002/mistakes-index.sql")}`;
  await isRefused(planOf('phase "a" { step "indexes" { up = file "sql/indexes.sql", one_way = "x" } },', { "sql/indexes.sql": sql }), /sql\/indexes\.sql:3: this statement cannot run in a transaction, but the one on line 1 belongs in one/);
  const alone = { "sql/indexes.sql": original("002/mistakes-index.sql") };
  await isRefused(planOf('phase "a" { step "indexes" { up = file "sql/indexes.sql", one_way = "x", transaction = true } },', alone), /sql\/indexes\.sql:2: CREATE INDEX CONCURRENTLY cannot run in a transaction/);
});

mistake("002: a rollback that restores the backup", async () => {
  const folder = planOf(`phase "a" {\n  exec "migrate" { argv = { "true" },\n    undo = { exec = { "bash", "-c", [[\n${original("002/mistakes-restore.sh")}]] } } } },`);
  assert.match(await isReported(folder, "restore", "plan.lua", 5), /the undo of "migrate" restores a backup: what was written since the backup is lost/);
});

mistake("002: cpu_usage: > 80% is not YAML", async () => {
  const alerts = original("002/mistakes-alerts.yaml");
  const config = `${TEST_CONFIG.replace("  people:", `    alerts:\n${alerts.replace(/^(?=.)/gm, "      ")}  people:`)}`;
  const metrics = matches(alerts, /^ {2}(\w+): >/gm);
  const sources = metrics.map((name) => `  ${name}: { sql: "SELECT 1" }\n`).join("");
  const folder = planOf('phase "a" { step "s" { up = "SELECT 1", one_way = "x" } },', { "headgate.yaml": `${config}metrics:\n${sources}` });
  const check = await headgate(["check", folder, "-e", "test"]);
  assert.equal(check.code, 0, check.text);
  const line = lineOf(readFileSync(join(folder, "headgate.yaml"), "utf8"), "        cpu_usage: >");
  assert.match(check.text, new RegExp(`headgate\\.yaml:${line}:\\d+: understood cpu_usage: > 80% as: a breach when cpu_usage is above 80 %`));
  assert.equal(check.text.match(/: understood /g)?.length, metrics.length);
});

/* ------------------------------------------------------------------ 003 */

mistake("003: zero data loss, and back to the files with no way for the writes made meanwhile", async () => {
  const text = original("003/mistakes-rollback.md");
  assert.match(text, /Zero data loss tolerance/);
  const [minutes] = matches(text, /Immediate Rollback \(< (\d+) minutes\)/g);
  const [back] = matches(text, /^3\. (Switch to file-based storage)$/gm);
  const store = { "headgate.yaml": `${TEST_CONFIG}\nstores:\n  files: { path: . }\n` };
  const imports = 'phase "import" { import "messages" { data = "files", from = "messages.ndjson" } },';
  const plan = (more: string): string => planOf(`  budgets = { rollback = "${minutes}m" },\n${imports}\n${more}`, store);
  const cutOver = `phase "cut-over" {\n  exec "use the database" { argv = { "true" },\n    undo = { exec = { "echo", "${back}" } } } },`;
  assert.match(await isReported(plan(cutOver), "no_reverse", "plan.lua", 7), /the way back to "files": what is written after the switch is in the database only/);
  await isReported(plan(""), "no_reverse", "plan.lua", 3);
  const noted = 'phase "note" { step "writes" { up = "CREATE TRIGGER t AFTER INSERT ON messages EXECUTE FUNCTION f()", one_way = "x" } },';
  assert.deepEqual((await findingsOf(plan(`${noted}\n${cutOver}`))).filter((each) => each.rule === "no_reverse"), []);
});

/* ------------------------------------------------------------------ 004 */

const MIGRATION = original("004/migration.sql");
const statements = (start: RegExp): string => MIGRATION.split("\n").filter((line) => start.test(line)).join("\n");

mistake("004: INSERT … SELECT * across the enums of two schemas", async () => {
  const folder = planOf('phase "a" { step "data" { up = file "sql/data.sql", one_way = "x" } },', { "sql/data.sql": statements(/^INSERT INTO/) });
  for (let line = 1; line <= 8; line++) assert.match(await isReported(folder, "insert_star", "sql/data.sql", line), /whose enum is of another schema has no cast/);
});

mistake("004: copy, then drop", async () => {
  const folder = planOf(`phase "a" {\n  step "data" { up = file "sql/data.sql", one_way = "x" },\n  step "drop" { up = file "sql/drop.sql", one_way = "x" } },`, {
    "sql/data.sql": statements(/^INSERT INTO/),
    "sql/drop.sql": statements(/^DROP (TABLE|TYPE)/),
  });
  for (let line = 1; line <= 8; line++) assert.match(await isReported(folder, "copy_drop", "sql/drop.sql", line), /is dropped after its rows were copied in line \d/);
});

mistake("004: 8 enums that are 11", async () => {
  const [number] = matches(original("004/mistakes-enums.md"), /Enums to Migrate \((\d+) total\)/g);
  assert.equal(number, "8");
  const count = "SELECT count(*) FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace\nWHERE t.typtype = 'e' AND n.nspname = 'feature_planner'";
  const folder = planOf(`phase "a" {\n  step "enums" { up = file "sql/enums.sql", one_way = "x" },\n  verify "all enums" { sql = [[${count}]], equals = ${number} } },`, {
    "sql/enums.sql": statements(/^CREATE (SCHEMA|TYPE)/),
  });
  assert.match(await isReported(folder, "name_number", "plan.lua", 5), /8 are asked for, and the plan makes 11 enums in feature_planner/);
});
