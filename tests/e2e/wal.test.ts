/** check … { wal_archiving }: the server archives its WAL, or the run stops and says what is wrong. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type CliResult, headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";
import { waitUntil } from "../lib/wait";

let archives: Cluster;
let plain: Cluster;
/** While it is there, archive_command fails. */
let broken = "";

before(async () => {
  plain = await Cluster.start();
  broken = join(plain.folder, "broken");
  archives = await Cluster.start({ settings: { archive_mode: "on", archive_command: `test ! -e ${broken}` } });
});
after(async () => {
  await archives.stop();
  await plain.stop();
});

async function run(cluster: Cluster, maxAge: string, command = "run"): Promise<CliResult> {
  const database = await cluster.database();
  const folder = writePlan({
    "plan.lua": `plan "p" { doc = "d", phase "f" {
      check "WAL is archived" { wal_archiving = { max_age = "${maxAge}" } },
      step "one" { up = "CREATE TABLE one (n int)", down = "DROP TABLE one" },
    } }`,
  });
  const env = { ...cluster.env(database), HEADGATE_HOME: temporary("home") };
  const result = await headgate([command, folder, "-e", "test", ...(command === "run" ? ["--yes"] : [])], { env });
  const [one] = await cluster.query(database, "SELECT to_regclass('one') IS NOT NULL AS there");
  assert.equal(one?.["there"], command === "run" && result.code === 0, "nothing is changed when the check fails");
  return result;
}

/** A WAL file is full, and the archiver has tried it. */
async function archiverTried(column: "archived_count" | "failed_count"): Promise<void> {
  const count = async () => Number((await archives.query("postgres", `SELECT ${column} AS n FROM pg_stat_archiver`))[0]?.["n"]);
  const was = await count();
  await archives.query("postgres", "CREATE TABLE IF NOT EXISTS filler (n int)");
  await archives.query("postgres", "INSERT INTO filler VALUES (1)");
  await archives.query("postgres", "SELECT pg_switch_wal()");
  await waitUntil(`${column} has grown`, async () => (await count()) > was);
}

test("archive_mode off: the run stops before its first effect and says how to turn it on", async () => {
  const result = await run(plain, "1h");
  assert.notEqual(result.code, 0);
  assert.match(result.text, /WAL is not archived: archive_mode is off/);
  assert.match(result.text, /archive_mode = on and archive_command/);
  assert.match((await run(plain, "1h", "plan")).text, /archive_mode is off/, "the dry run says it too");
});

test("archived a moment ago: it holds; too long ago: it does not", async () => {
  await archiverTried("archived_count");
  const good = await run(archives, "1h");
  assert.equal(good.code, 0, good.text);
  const old = await run(archives, "1ms");
  assert.notEqual(old.code, 0);
  assert.match(old.text, /was archived \S+ ago; at most 1ms/);
  assert.match(old.text, /archive_timeout/);
});

async function resetStatistics(): Promise<void> {
  await archives.query("postgres", "SELECT pg_stat_reset_shared('archiver')");
  await waitUntil("the counts are reset", async () =>
    (await archives.query("postgres", "SELECT last_archived_time IS NULL AS none FROM pg_stat_archiver"))[0]?.["none"] === true);
}

test("statistics that are gone, as after a crash: the marks of the files tell", async () => {
  await archiverTried("archived_count");
  await resetStatistics();
  const good = await run(archives, "1h");
  assert.equal(good.code, 0, good.text);
  assert.match((await run(archives, "1ms")).text, /the last WAL file, [0-9A-F]{24}, was archived \S+ ago; at most 1ms/);
});

test("nothing archived yet, and a failure since the last success", async (t) => {
  const fresh = await Cluster.start({ settings: { archive_mode: "on", archive_command: "true" } });
  t.after(() => fresh.stop());
  assert.match((await run(fresh, "1h")).text, /archive_mode is on, but nothing has been archived since/);

  await resetStatistics();

  writeFileSync(broken, "");
  try {
    await archiverTried("failed_count");
    const failed = await run(archives, "1h");
    assert.notEqual(failed.code, 0);
    assert.match(failed.text, /archiving fails: [0-9A-F]{24} at .* its last success was at /);
  } finally {
    rmSync(broken);
  }
});

test("max_age is needed, and is a duration", async () => {
  for (const [keys, said] of [["{}", "max_age"], ['{ max_age = "soon" }', "duration"]] as const) {
    const folder = writePlan({ "plan.lua": `plan "p" { doc = "d", phase "f" { check "c" { wal_archiving = ${keys} } } }` });
    const check = await headgate(["check", folder, "-e", "test"], {});
    assert.notEqual(check.code, 0);
    assert.match(check.text, /plan\.lua:1/);
    assert.ok(check.text.includes(said), check.text);
  }
});
