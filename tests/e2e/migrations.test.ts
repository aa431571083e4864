/** A folder of migration files as steps: the usual layouts, forward and back, and real projects' folders. */
import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster, needsSuperuser } from "../lib/cluster";
import { root } from "../lib/paths";
import { writePlan } from "../lib/plan";

const OWN = join(root, "tests/data/migrations");
/** Folders of real projects, kept outside the repository. */
const CASES = join(root, "../shared/cases");

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

function plan(keys: string): string {
  return `plan "schema" { doc = "the schema", phase "all" { migrations "files" { dir = "sql", ${keys} } } }\n`;
}

/** A plan's folder whose sql/ is a copy of another folder. */
function planOf(from: string, keys = ""): string {
  const folder = writePlan({ "plan.lua": plan(keys) });
  cpSync(from, join(folder, "sql"), { recursive: true });
  return folder;
}

async function steps(database: string): Promise<Record<string, unknown>[]> {
  return cluster.query(database, "SELECT path, state FROM headgate.step WHERE path <> '' ORDER BY finished_at, path");
}

async function runs(folder: string, database: string): Promise<void> {
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env: cluster.env(database), timeoutMs: 120_000 });
  assert.equal(run.code, 0, run.text);
}

async function goesBack(folder: string, database: string): Promise<void> {
  const options = { env: cluster.env(database), cwd: folder, timeoutMs: 120_000 };
  const back = await headgate(["rollback", "1", "-e", "test", "-m", "the test wants it"], options);
  assert.equal(back.code, 0, back.text);
}

test("pairs of files run in the order of their numbers, statements outside transactions among them, and go back", async () => {
  const database = await cluster.database();
  const empty = cluster.dump(database);
  const folder = planOf(join(OWN, "paired"));
  await runs(folder, database);
  assert.deepEqual(await steps(database), [
    { path: "all/files/001_people", state: "done" },
    { path: "all/files/002_email", state: "done" },
    { path: "all/files/0010_name", state: "done" },
  ]);
  assert.deepEqual(await cluster.query(database, "SELECT email FROM people WHERE id = 3"), [{ email: "person 3@example.org" }]);
  assert.match(cluster.dump(database), /CREATE INDEX people_name/);
  await goesBack(folder, database);
  assert.equal(cluster.dump(database), empty);
  assert.deepEqual(new Set((await steps(database)).map((step) => step["state"])), new Set(["undone"]));
});

test("folders of up.sql and down.sql run and go back", async () => {
  const database = await cluster.database();
  const empty = cluster.dump(database);
  const folder = planOf(join(OWN, "folders"));
  await runs(folder, database);
  assert.match(cluster.dump(database), /CREATE INDEX people_name/);
  await goesBack(folder, database);
  assert.equal(cluster.dump(database), empty);
});

test("files with marks run and go back; one that lacks its way back needs a reason, and stops a rollback", async () => {
  const refused = await headgate(["check", planOf(join(OWN, "marked")), "-e", "test"]);
  assert.notEqual(refused.code, 0);
  assert.match(refused.text, /plan\.lua:1:\d+: migrations "files": sql\/20240103_fill\.sql has no way back/);

  const database = await cluster.database();
  const empty = cluster.dump(database);
  const part = planOf(join(OWN, "marked"), 'up_to = "20240102"');
  await runs(part, database);
  await goesBack(part, database);
  assert.equal(cluster.dump(database), empty);

  const other = await cluster.database();
  const whole = planOf(join(OWN, "marked"), 'one_way = { ["20240103"] = "the row is wanted" }');
  await runs(whole, other);
  const back = await headgate(["rollback", "1", "-e", "test", "-m", "try"], { env: cluster.env(other), cwd: whole });
  assert.match(back.text, /no way back: "20240103_fill" is done \(the row is wanted\)/);
  assert.match(cluster.dump(other), /CREATE TABLE public\.people/);
});

test("a failing statement is named by its file and line", async () => {
  const folder = writePlan({
    "plan.lua": plan(""),
    "sql/1_a.sql": "-- migrate:up\n\nSELECT 1;\nALTER TABLE nowhere ADD x int;\n-- migrate:down\nSELECT 1;\n",
  });
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env: cluster.env(await cluster.database()) });
  assert.notEqual(run.code, 0);
  assert.match(run.text, /sql\/1_a\.sql:4/);
});

test("the dry run lists every file's statements", async () => {
  const dry = await headgate(["plan", planOf(join(OWN, "paired")), "-e", "test", "--json"], { env: cluster.env(await cluster.database()) });
  assert.equal(dry.code, 0, dry.text);
  const items = (JSON.parse(dry.stdout) as { items: { path: string; statements: unknown[]; file: string }[] }).items;
  assert.deepEqual(items.map((item) => [item.path, item.file, item.statements.length]), [
    ["all/files/001_people", "sql/001_people.up.sql", 2],
    ["all/files/002_email", "sql/002_email.up.sql", 2],
    ["all/files/0010_name", "sql/0010_name.up.sql", 1],
  ]);
});

/** What psql would have made of the same files. */
async function byHand(files: string[], texts: (file: string) => string, prelude = ""): Promise<{ database: string; forward: string }> {
  const database = await cluster.database();
  if (prelude) await cluster.query(database, prelude);
  for (const file of files) await cluster.query(database, texts(file));
  return { database, forward: cluster.dump(database) };
}

const FRONTIER = join(CASES, "golang-migrate-frontier/migrations");
test("a real project's pairs: 40 migrations forward and back, as by hand", { skip: !existsSync(FRONTIER) && "the cases are not here" }, async () => {
  const files = readdirSync(FRONTIER).filter((name) => name.endsWith(".up.sql")).sort();
  const read = (file: string): string => readFileSync(join(FRONTIER, file), "utf8");
  const hand = await byHand(files, read);
  const database = await cluster.database();
  const folder = planOf(FRONTIER);
  await runs(folder, database);
  assert.equal((await steps(database)).length, files.length);
  assert.equal(cluster.dump(database), hand.forward);
  for (const file of [...files].reverse()) await cluster.query(hand.database, read(file.replace(".up.sql", ".down.sql")));
  await goesBack(folder, database);
  assert.equal(cluster.dump(database), cluster.dump(hand.database), "back to what its own down files leave");
});

const DOKPLOY = join(CASES, "drizzle-dokploy/drizzle");
test("a real project without ways back: its mistakes are refused by their files, and with a reason for all it runs", { skip: !existsSync(DOKPLOY) && "the cases are not here" }, async () => {
  const twice = await headgate(["check", planOf(DOKPLOY), "-e", "test"]);
  assert.match(twice.text, /sql\/0130_abandoned_dagger\.sql and sql\/0130_perpetual_screwball\.sql have the same number, 0130/);
  const refused = await headgate(["check", planOf(DOKPLOY, 'up_to = "0129"'), "-e", "test"]);
  assert.match(refused.text, /sql\/0000_reflective_puck\.sql has no way back/);
  const files = readdirSync(DOKPLOY).filter((name) => name.endsWith(".sql")).sort().slice(0, 60);
  const hand = await byHand(files, (file) => readFileSync(join(DOKPLOY, file), "utf8"));
  const database = await cluster.database();
  await runs(planOf(DOKPLOY, 'one_way = { ["*"] = "its tool knows none" }, up_to = "59"'), database);
  assert.equal(cluster.dump(database), hand.forward);
});

const UPCHIEVE = join(CASES, "dbmate-upchieve");
test("a real project's marked files: ways back that are no SQL are found at load; the rest runs and goes back", { skip: existsSync(UPCHIEVE) ? needsSuperuser("its files make a role") : "the cases are not here" }, async () => {
  const wrong = await headgate(["check", planOf(join(UPCHIEVE, "migrations"), 'up_to = "20211026205335"'), "-e", "test"]);
  assert.match(wrong.text, /sql\/20211026205335_create_cities_table\.sql:13:10: syntax error at or near "CONSTRAINT"/);
  const empty = await headgate(["check", planOf(join(UPCHIEVE, "migrations"), 'after = "20220327170322", up_to = "20220327183934"'), "-e", "test"]);
  assert.match(empty.text, /20220327183934_create_trigram_extensions\.sql has no way back/);
  const indented = await headgate(["check", planOf(join(UPCHIEVE, "originals-rejected-by-dbmate-2.36")), "-e", "test"]);
  assert.match(indented.text, /\.sql:\d+: this mark is indented, so it is only a comment/);

  const files = readdirSync(join(UPCHIEVE, "migrations")).sort().slice(0, 60);
  const up = (file: string): string => readFileSync(join(UPCHIEVE, "migrations", file), "utf8").split(/^-- migrate:down.*$/m)[0] ?? "";
  const hand = await byHand(files, up, readFileSync(join(UPCHIEVE, "PRELUDE.sql"), "utf8"));
  const database = await cluster.database();
  const folder = planOf(join(UPCHIEVE, "migrations"), `up_to = "${String(files[59]).split("_")[0]}"`);
  const cities = join(folder, "sql/20211026205335_create_cities_table.sql");
  const text = readFileSync(cities, "utf8").replace(/DROP CONSTRAINT IF EXISTS.*;/, "");
  writeFileSync(cities, text);
  await runs(folder, database);
  assert.equal(cluster.dump(database), hand.forward);
  await headgate(["rollback", "1", "-e", "test", "-m", "try"], { env: cluster.env(database), cwd: folder, timeoutMs: 120_000 });
  assert.deepEqual(new Set((await steps(database)).map((step) => step["state"])), new Set(["undone"]));
  assert.equal(cluster.dump(database), cluster.dump(await cluster.database()));
});
