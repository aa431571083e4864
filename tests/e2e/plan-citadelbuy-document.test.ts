/** The document of seed 002 held against its plan: all it names is there, and its mistakes, with its own text, are reported. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { postgresBin, root } from "../lib/paths";
import { temporary, writePlan } from "../lib/plan";

const FOLDER = join(root, "plans/citadelbuy-schema");
const MIGRATIONS = join(FOLDER, "sql/migrations");
const SEED = join(root, "tests/data/seeds/002");

/** The mistakes of the document that a test below has seen reported, or impossible. */
const reported = new Set<string>();
const MISTAKES = 5;

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(async () => {
  mergeFigures("plans.json", "citadelbuy-document", { seed_mistakes: MISTAKES, seed_mistakes_reported: reported.size });
  await cluster.stop();
});

function seed(file: string): string {
  return readFileSync(join(SEED, file), "utf8");
}

function lines(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** A plan that is nothing but a folder of migrations. */
function folderOf(files: Record<string, string>): string {
  return writePlan({ "plan.lua": 'plan "document" { doc = "as written", phase "all" { migrations "files" { dir = "sql" } } }\n', ...files });
}

function migration(name: string, way = "up"): string {
  return readFileSync(join(MIGRATIONS, `${name}.${way}.sql`), "utf8");
}

test("everything that the document names is made, and asked for by its name", async () => {
  const database = await cluster.database();
  for (const file of readdirSync(MIGRATIONS).filter((name) => name.endsWith(".up.sql") && !name.startsWith("007")).sort()) {
    await cluster.query(database, readFileSync(join(MIGRATIONS, file), "utf8"));
  }
  const names = async (sql: string): Promise<string[]> => (await cluster.query(database, sql)).map((row) => String(row["name"]));
  const tables = await names("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'");
  const enums = await names("SELECT typname AS name FROM pg_type WHERE typtype = 'e'");
  assert.deepEqual(new Set(tables), new Set(lines(seed("tables.txt"))));
  assert.deepEqual(new Set(enums), new Set(lines(seed("enums.txt"))));
  const objects = readFileSync(join(FOLDER, "objects.lua"), "utf8");
  const quoted = (name: string): string => (/[A-Z]/.test(name) ? `'"${name}"'` : `"${name}"`);
  for (const name of [...tables, ...enums, ...lines(seed("indexes.txt"))]) assert.ok(objects.includes(quoted(name)), name);
  const boxes = (text: string): string[] => lines(text).filter((line) => line.startsWith("- [ ]"));
  assert.deepEqual(boxes(readFileSync(join(FOLDER, "document.md"), "utf8")), boxes(seed("checklist.md")));
});

test("its order: the fourth migration needs tables of the seventh, and is named by file and line before anything runs", async () => {
  const order = lines(seed("migrations.txt")).map((line) => line.split("\t")[1]!.replace(/^\d+_/, ""));
  const ours = readdirSync(MIGRATIONS).filter((name) => name.endsWith(".up.sql")).map((name) => name.replace(".up.sql", ""));
  const files: Record<string, string> = {};
  order.forEach((name, index) => {
    const file = ours.find((each) => each.endsWith(name));
    assert.ok(file, name);
    for (const way of ["up", "down"]) files[`sql/00${index + 1}_${name}.${way}.sql`] = migration(file, way);
  });
  const checked = await headgate(["check", folderOf(files), "-e", "test"]);
  assert.notEqual(checked.code, 0);
  for (const [line, table, made] of [[4, "organizations", 8], [6, "organization_roles", 33], [6, "permissions", 41]] as const) {
    const first = `sql/004_add_owner_relation_and_role_permissions.up.sql:${line}: error: "${table}" is made in sql/007_organization_module.up.sql:${made}`;
    assert.ok(checked.text.includes(first), checked.text);
  }
  reported.add("order");
});

test("its indexes: CONCURRENTLY among a migration's other statements, and IF NOT EXISTS, are refused by file and line", async () => {
  const check = async (up: string): Promise<string> => {
    const checked = await headgate(["check", folderOf({ "sql/1_index.up.sql": up, "sql/1_index.down.sql": "DROP INDEX idx_products_status;\n" }), "-e", "test"]);
    assert.notEqual(checked.code, 0);
    return checked.text;
  };
  assert.match(await check(`ALTER TABLE products ADD COLUMN stock integer;\n${seed("index.sql")}`), /sql\/1_index\.up\.sql:3: this statement cannot run in a transaction, but the one on line 1 belongs in one/);
  const unsure = seed("index.sql").replace("CONCURRENTLY idx", "CONCURRENTLY IF NOT EXISTS idx");
  assert.match(await check(unsure), /sql\/1_index\.up\.sql:2\b.*IF NOT EXISTS is satisfied by an INVALID index/);
  reported.add("CONCURRENTLY in a transaction");
});

test("its thresholds stand in headgate.yaml as they are written, and check says how they are understood", async () => {
  const config = readFileSync(join(FOLDER, "headgate.yaml"), "utf8");
  const written = lines(seed("alerts.yaml"));
  assert.ok(lines(config).join("\n").includes(written.join("\n")));
  const checked = await headgate(["check", FOLDER, "-e", "production"]);
  assert.equal(checked.code, 0, checked.text);
  for (const line of written.filter((each) => each.includes(">"))) {
    const at = config.split("\n").findIndex((each) => each.trim() === line) + 1;
    assert.match(checked.text, new RegExp(`headgate\\.yaml:${at}:\\d+: understood ${line} as: a breach when `));
  }
  reported.add("> 80% is not YAML");
});

test("no data migration: a database whose organizations have no owner does not pass the plan's verification", async () => {
  const database = await cluster.database();
  for (const name of ["001_add_password_reset_table", "004_organization_module", "005_add_owner_relation_and_role_permissions"]) {
    await cluster.query(database, migration(name));
  }
  await cluster.query(database, "INSERT INTO organizations (id, name, slug) VALUES ('org-1', 'One', 'one')");
  const verify = /verify "every organization has an owner" \{[^}]*\},/.exec(readFileSync(join(FOLDER, "plan.lua"), "utf8"))?.[0] ?? "";
  const folder = writePlan({ "plan.lua": `plan "owners" { doc = "as written", phase "all" {\n${verify}\n} }\n` });
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env: cluster.env(database) });
  assert.notEqual(run.code, 0);
  assert.match(run.text, /every organization has an owner.*org-1/s);
  reported.add("owners must be assigned");
});

test("its rollback, a restore, leaves the new tables where they are and loses what was written; the plan's own does neither", async () => {
  const database = await cluster.database();
  const backup = join(temporary("backup"), "migration_backup.sql");
  const tool = (name: string, ...args: string[]): void =>
    void execFileSync(join(postgresBin, name), args, { env: { ...process.env, ...cluster.env(database) }, stdio: ["ignore", "ignore", "inherit"] });
  await cluster.query(database, "CREATE TABLE customers (id int PRIMARY KEY); INSERT INTO customers VALUES (1)");
  tool("pg_dump", "--format=custom", "--compress=9", `--file=${backup}`, database);
  assert.match(seed("backup.sh"), /--format=custom \\\n\s+--compress=9/);
  const folder = writePlan({ "plan.lua": 'plan "document" { doc = "as written", phase "all" { migrations "files" { dir = "sql" } } }\n' });
  mkdirSync(join(folder, "sql"));
  for (const way of ["up", "down"]) {
    const file = `001_add_password_reset_table.${way}.sql`;
    copyFileSync(join(MIGRATIONS, file), join(folder, "sql", file));
  }
  const env = cluster.env(database);
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env });
  assert.equal(run.code, 0, run.text);
  await cluster.query(database, "INSERT INTO customers VALUES (2)");
  const state = async (name: string): Promise<unknown> =>
    (await cluster.query(name, "SELECT (SELECT count(*) FROM customers)::int AS customers, (SELECT count(*) FROM pg_tables WHERE schemaname = 'public')::int AS tables"))[0];

  const restored = await cluster.database(database);
  assert.match(seed("rollback.sh"), /--clean --if-exists/);
  execFileSync(join(postgresBin, "pg_restore"), ["-d", restored, "--clean", "--if-exists", backup], { env: { ...process.env, ...cluster.env(restored) } });
  assert.deepEqual(await state(restored), { customers: 1, tables: 9 }, "by restore: the write is lost, 8 tables stay");

  const back = await headgate(["rollback", "1", "-e", "test", "-m", "the test wants it"], { env, cwd: folder });
  assert.equal(back.code, 0, back.text);
  assert.deepEqual(await state(database), { customers: 2, tables: 1 }, "by rollback: the write is there, the tables are gone");
  reported.add("a restore is no rollback");
});
