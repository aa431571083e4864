/** Files into tables: every record becomes one row or one row of the review queue, whatever its format and whatever dies. */
import assert from "node:assert/strict";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import type { ReviewRow } from "../lib/api";
import { headgate, start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { fsckLines } from "../lib/fsck";
import { temporary, writeStore, writeStorePlan } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

const json = (value: unknown): string => JSON.stringify(value);
const lines = (values: unknown[]): string => values.map((value) => `${json(value)}\n`).join("");
/** The ledger's invariants hold. */
const sound = async (database: string, path: string): Promise<void> => assert.deepEqual(await fsckLines(cluster.env(database), path, "test"), []);
const count = async (database: string, table: string): Promise<number> =>
  Number((await cluster.query(database, `SELECT count(*) AS n FROM ${table}`))[0]?.["n"]);

test("every format, with values of every type, arrives as it was written", async () => {
  const database = await cluster.database();
  await cluster.query(
    database,
    `CREATE TABLE item (id int PRIMARY KEY, name text, price numeric, tags text[], detail jsonb, ok boolean, seen timestamptz DEFAULT 'epoch')`,
  );
  const folder = writeStore({
    "a.json": `\ufeff [ {"id": 1, "name": "tab\\there \\u00e9\\n\\\\ \\"q\\"", "price": 12345678901234567.890, "tags": ["a,b", "c\\"d", null], "detail": {"n": 100.00, "e": []}, "ok": true},
      {"id": 2, "name": null, "detail": null, "seen": "2020-01-02T03:04:05Z"} ]`,
    "b.ndjson": `${json({ id: 3, name: "line" })}\r\n\n${json({ id: 4, name: "\\N" })}`,
    "c.csv": `id,name,price\n5,"two\nlines, ""quoted""",1.50\n6,,\n7,"",0\n`,
    "d.tsv": "id\tname\n8\ttab\n",
    "one/e.json": json({ id: 9, name: "one object" }),
    "one/f.json": "[]",
    "one/g.json": "",
  });
  const path = writeStorePlan(
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

test("a map that names a column which is not there fails the step, before anything is queued; a map that raises half way queues its record", async () => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL)");
  const folder = writeStore({ "a.ndjson": lines([{ id: 1, name: "one" }, { id: 2, name: "two" }]) });
  const wrong = writeStorePlan('import "item" { data = "shop", from = "a.ndjson", map = function(r) return { id = r.id, title = r.name } end },', folder);
  const failed = await headgate(["run", wrong, "--env", "test", "--yes"], { env: cluster.env(database) });
  assert.notEqual(failed.code, 0);
  assert.match(failed.text, /a\.ndjson:1.*table public\.item has no column "title"/s);
  assert.equal(await count(database, "headgate.queued_row"), 0);

  const other = await cluster.database();
  await cluster.query(other, "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL)");
  const half = writeStorePlan('import "item" { data = "shop", from = "a.ndjson", map = function(r) return { id = r.id, name = r.id == 1 and function() end or r.name } end },', folder);
  const run = start(["run", half, "--env", "test", "--yes"], { env: cluster.env(other) });
  await waitUntil("one record waits", async () => (await cluster.query(other, "SELECT reason FROM headgate.queued_row").catch(() => [])).length === 1);
  assert.equal(await count(other, "item"), 1);
  run.kill();
  await run.ended;
});

test("a line that is too large and a zero byte in a list wait for people; the records around them, and rows with a quote in a field, are written", async (t) => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE item (id int PRIMARY KEY, name text, tags text[])");
  const large = json({ id: 2, name: "x".repeat(9_000_000) });
  const folder = writeStore({
    "a.ndjson": `${json({ id: 1, tags: ["ab\0cd", "x"] })}\n  ${large}\n  ${json({ id: 3, tags: ["y"] })}\n`,
    "b.csv": `id,name\n4,5" disk\n5,good\n6,7" disk\n`,
  });
  const path = writeStorePlan('import "item" { data = "shop", from = { "a.ndjson", "b.csv" } },', folder);
  const run = start(["run", path, "--env", "test", "--yes"], { env: cluster.env(database) });
  t.after(() => run.kill("SIGKILL"));
  await waitUntil("the run waits for people", async () => (await cluster.query(database, "SELECT 1 FROM headgate.run WHERE state = 'waiting'").catch(() => [])).length > 0);
  assert.deepEqual(await cluster.query(database, "SELECT id, name, tags FROM item ORDER BY id"), [
    { id: 3, name: null, tags: ["y"] },
    { id: 4, name: '5" disk', tags: null },
    { id: 5, name: "good", tags: null },
    { id: 6, name: '7" disk', tags: null },
  ]);
  assert.deepEqual(await cluster.query(database, "SELECT reason, before->>'file' AS file, (before->>'line')::int AS line FROM headgate.queued_row ORDER BY 3"), [
    { reason: 'the value for column "tags" has a zero byte', file: "a.ndjson", line: 1 },
    { reason: "the record is larger than 8388608 bytes", file: "a.ndjson", line: 2 },
  ]);
  await sound(database, path);
});

test("what the review queue cannot store as the plan said it does not stop the import", async () => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE item (id int PRIMARY KEY, name text)");
  const folder = writeStore({ "a.ndjson": lines([1, 2, 3, 4].map((id) => ({ id }))) });
  const path = writeStorePlan(
    `import "item" { data = "shop", from = "a.ndjson", map = function(record)
       if record.id == 1 then return reject("unreadable:" .. string.rep("ж", 400)) end
       if record.id == 2 then return reject "bytes \\xff here" end
       if record.id == 3 then return ambiguous("which", { choices = { { id = 3, name = "a\\0b" } } }) end
       return { id = record.id }
     end },`,
    folder,
  );
  const run = start(["run", path, "--env", "test", "--yes"], { env: cluster.env(database) });
  const queued = () => cluster.query(database, "SELECT kind, reason FROM headgate.queued_row ORDER BY (before -> 'record' ->> 'id')::int").catch(() => []);
  await waitUntil("three records wait", async () => {
    assert.equal(run.child.exitCode, null, "the run goes on");
    return (await queued()).length === 3;
  });
  const [long, bytes, zero] = await queued();
  assert.deepEqual(long, { kind: "error", reason: `unreadable:${"ж".repeat(244)}` });
  assert.deepEqual(bytes, { kind: "error", reason: "bytes \ufffd here" });
  assert.match(String(zero?.["reason"]), /the choices hold what jsonb cannot/);
  assert.deepEqual(await cluster.query(database, "SELECT id FROM item"), [{ id: 4 }]);
  run.kill();
  await run.ended;
});

const PEOPLE = `CREATE TABLE team (id text PRIMARY KEY, name text NOT NULL);
  CREATE TABLE staff (id int PRIMARY KEY, team_id text REFERENCES team, boss int REFERENCES staff, mail text NOT NULL UNIQUE CHECK (mail ~ '@'))`;
const PEOPLE_STEPS = `import "team" { data = "shop", from = "team.ndjson" },
     import "staff" {
       data = "shop", from = "person-*.ndjson",
       map = function(record)
         if not record.mail then return reject "no mail address" end
         if record.mail == "?" then
           return ambiguous("which address", { choices = {
             { id = record.id, mail = "first@x" }, { label = "the second", set = { id = record.id, mail = "second@x" } } } })
         end
         if record.gone then return skip "left the company" end
         return { id = record.id, team_id = record.team, boss = record.boss, mail = record.mail }
       end,
     },`;

test("what cannot become a row waits for people, with its place in the file; orphans are settled when their parents have come", async (t) => {
  const database = await cluster.database();
  await cluster.query(database, PEOPLE);
  const folder = writeStore({
    "team.ndjson": lines([{ id: "a", name: "A" }, { id: "b" }]),
    "person-1.ndjson":
      lines([{ id: 1, team: "a", mail: "1@x", boss: 9 }, { id: 2, team: "z", mail: "2@x" }, { id: 3, mail: "?" }, { id: 4 }]) +
      `{"id": 5, "mail": \n` +
      lines([{ id: 6, mail: "six" }, { id: 7, mail: "7@x" }, { id: 8, mail: "8@x", gone: true }, { id: "x", mail: "x@x" }, { id: 7, mail: "again@x" }]),
    "person-2.ndjson": lines([{ id: 9, mail: "9@x", team: "b" }, { id: 10, mail: "10@x" }]),
  });
  const path = writeStorePlan(PEOPLE_STEPS, folder);
  const supervisor = await Supervisor.start({ env: cluster.env(database), config: path, plans: join(path, ".."), environment: "test", people: ["alice"] });
  t.after(() => supervisor.stop());
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun(basename(path), "test");
  const open = async (n: number): Promise<void> => {
    await waitUntil(`${n} record(s) wait`, async () => {
      const page = await alice.run(id);
      assert.notEqual(page.state, "failed", json(page.reason));
      return page.review.open === n && page.state === "waiting";
    });
  };
  const rows = async (): Promise<(ReviewRow & { before: Record<string, unknown> })[]> =>
    (await alice.get<{ rows: (ReviewRow & { before: Record<string, unknown> })[] }>(`/api/runs/${id}/review?state=open`)).rows;
  const decide = (row: ReviewRow, decision: unknown): Promise<unknown> =>
    alice.post(`/api/runs/${id}/review`, { decisions: [{ step: row.step, key: row.key, decision }] });

  await open(1);
  const [team] = await rows();
  assert.deepEqual(team?.key, ["team.ndjson", "22"]);
  assert.match(String(team?.reason), /null value in column "name" of relation "team" violates not-null constraint$/);
  assert.deepEqual(team?.before, { file: "team.ndjson", line: 2, byte: 22, record: { id: "b" } });
  if (team) await decide(team, { set: { name: "B" } });

  await open(7);
  const queued = await rows();
  const at = (line: number): (typeof queued)[number] => {
    const row = queued.find(({ before }) => before["line"] === line);
    assert.ok(row, `line ${line} is not in the queue`);
    return row;
  };
  assert.deepEqual(queued.map(({ before, kind }) => [before["line"], kind]).sort((a, b) => Number(a[0]) - Number(b[0])), [[2, "orphan"], [3, "ambiguous"], [4, "error"], [5, "error"], [6, "error"], [9, "error"], [10, "error"]]);
  assert.equal(at(4).reason, "no mail address");
  assert.match(at(5).reason, /^JSON: /);
  assert.match(at(10).reason, /duplicate key/);
  // 1 was read before its boss, who stands in the second file: no orphan any more; 9 found team b, which a person has completed
  assert.deepEqual((await cluster.query(database, "SELECT id FROM staff ORDER BY id")).map((row) => row["id"]), [1, 7, 9, 10]);

  await cluster.query(database, "INSERT INTO team VALUES ('z', 'Z')"); // somebody repairs what was missing
  await decide(at(2), { choice: 0 });
  await decide(at(3), { choice: 1 });
  await decide(at(4), { skip: true });
  await decide(at(5), { set: { id: 5, mail: "5@x" } });
  await decide(at(6), { set: { mail: "6@x" } });
  await decide(at(10), { skip: true });
  await decide(at(9), { skip: true });
  await waitUntil("the run is done", async () => (await alice.run(id)).state === "done");
  assert.deepEqual(await cluster.query(database, "SELECT id, team_id, mail FROM staff ORDER BY id"), [
    { id: 1, team_id: "a", mail: "1@x" },
    { id: 2, team_id: "z", mail: "2@x" },
    { id: 3, team_id: null, mail: "second@x" },
    { id: 5, team_id: null, mail: "5@x" },
    { id: 6, team_id: null, mail: "6@x" },
    { id: 7, team_id: null, mail: "7@x" },
    { id: 9, team_id: "b", mail: "9@x" },
    { id: 10, team_id: null, mail: "10@x" },
  ]);
  await sound(database, path);

  // back: all that the run has written goes, decisions too; what came from elsewhere stays
  await cluster.query(database, "UPDATE staff SET mail = 'changed@x' WHERE id = 10");
  await alice.request(id, "rollback");
  await waitUntil("the run is rolled back", async () => {
    const page = await alice.run(id);
    assert.ok(!["failed", "rollback_blocked"].includes(page.state), json(page.reason));
    return page.state === "rolled_back";
  });
  assert.deepEqual(await cluster.query(database, "SELECT id FROM staff"), [{ id: 10 }]);
  assert.deepEqual(await cluster.query(database, "SELECT id FROM team"), [{ id: "z" }]);
  await sound(database, path);
});

test("workers and the runner are killed again and again: every record is written once; the undo takes back all but others' rows", async (t) => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE log (id bigint, file text, n int, PRIMARY KEY (id)); INSERT INTO log VALUES (-1, 'before', 0)");
  // each row takes its time: there are moments between two batches to kill somebody
  await cluster.query(
    database,
    `CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.0005); RETURN NEW; END $$;
     CREATE TRIGGER nap BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION nap()`,
  );
  const records = (from: number, count: number): unknown[] => Array.from({ length: count }, (_, i) => ({ id: from + i, n: i }));
  const folder = writeStore({ "a.ndjson": lines(records(0, 2000)), "b.json": json(records(2000, 2000)), "c.csv": `id,n\n${records(4000, 1000).map((_, i) => `${4000 + i},${i}\n`).join("")}` });
  const path = writeStorePlan(`import "log" { data = "shop", from = { "*.ndjson", "*.json", "*.csv" }, batch = 50, batch_time = "25ms", workers = 2 },`, folder);
  const home = temporary("home");
  const env = { ...cluster.env(database), HEADGATE_HOME: home };
  let running = start(["run", path, "--env", "test", "--yes"], { env });
  t.after(() => running.kill("SIGKILL"));
  let kills = 0;
  for (const limit of [300, 1200, 2000, 3000, 4000]) {
    await waitUntil(`${limit} records are written`, async () => !running.alive || (await count(database, "log")) > limit);
    const victims = processesOf(home).filter(({ command }) => command === "worker" || (limit === 2000 && command === "runner"));
    kills += victims.filter(({ pid }) => killNow(pid)).length;
  }
  let result = await running.ended;
  for (let i = 0; i < 5 && result.code !== 0; i++) {
    const id = String((await cluster.query(database, "SELECT max(id) AS id FROM headgate.run"))[0]?.["id"]);
    running = start(["resume", id, "--config", join(path, "headgate.yaml"), "--env", "test"], { env });
    result = await running.ended;
  }
  assert.equal(result.code, 0, result.text);
  assert.ok(kills >= 3, `only ${kills} processes were killed`);
  const [sum] = await cluster.query(database, "SELECT count(*)::int AS n, count(DISTINCT id)::int AS ids, sum(id)::text AS sum FROM log WHERE id >= 0");
  assert.deepEqual(sum, { n: 5000, ids: 5000, sum: String((4999 * 5000) / 2) });
  const [counted] = await cluster.query(database, "SELECT sum(rows_changed)::int AS n FROM headgate.cursor");
  assert.equal(counted?.["n"], 5000);
  await sound(database, path);
  await cluster.query(database, "UPDATE log SET n = -5 WHERE id IN (17, 4999); INSERT INTO log VALUES (-2, 'after', 0)");
  const back = await headgate(["rollback", "1", "--config", join(path, "headgate.yaml"), "--env", "test", "-m", "a test"], { env });
  assert.equal(back.code, 0, back.text);
  assert.deepEqual((await cluster.query(database, "SELECT id::int FROM log ORDER BY id")).map((row) => row["id"]), [-2, -1, 17, 4999]);
});

test("chunks that are read faster than the server writes share a transaction; a killed worker and a refused record cost none of the others", async (t) => {
  const database = await cluster.database();
  await cluster.query(
    database,
    `CREATE TABLE log (id int PRIMARY KEY, body text);
     CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$;
     CREATE TRIGGER nap BEFORE INSERT ON log FOR EACH STATEMENT EXECUTE FUNCTION nap()`,
  );
  const body = "x".repeat(10_000); // a chunk is a hundred of them
  const records = (from: number): { id: number; body: string }[] => Array.from({ length: 600 }, (_, i) => ({ id: from + i, body }));
  const folder = writeStore({
    "a.ndjson": lines(records(0)),
    "b.ndjson": lines(records(600).map((record, i) => (i === 350 ? { ...record, id: 3 } : record))),
  });
  const path = writeStorePlan(`import "log" { data = "shop", from = "*.ndjson", batch = 10000, batch_time = "5s", workers = 1 },`, folder);
  const home = temporary("home");
  const running = start(["run", path, "--env", "test", "--yes"], { env: { ...cluster.env(database), HEADGATE_HOME: home } });
  t.after(() => running.kill("SIGKILL"));
  const busy = (): Promise<unknown[]> => cluster.query(database, "SELECT 1 FROM pg_stat_progress_copy");
  await waitUntil("a chunk is being written", async () => (await busy()).length > 0);
  assert.equal(processesOf(home).filter(({ command, pid }) => command === "worker" && killNow(pid)).length, 1);
  await waitUntil("the run waits for people", async () => (await cluster.query(database, "SELECT 1 FROM headgate.run WHERE state = 'waiting'")).length > 0, { timeoutMs: 60_000 });
  const [sum] = await cluster.query(database, "SELECT count(*)::int AS n, count(DISTINCT id)::int AS ids, sum(id)::int AS sum FROM log");
  assert.deepEqual(sum, { n: 1199, ids: 1199, sum: (1199 * 1200) / 2 - 950 });
  const queued = await cluster.query(database, "SELECT before->>'file' AS file, (before->>'line')::int AS line FROM headgate.queued_row");
  assert.deepEqual(queued, [{ file: "b.ndjson", line: 351 }]);
  const [shared] = await cluster.query(database, "SELECT count(DISTINCT xmin::text)::int AS n FROM log WHERE id < 600");
  assert.ok(Number(shared?.["n"]) < 6, `${String(shared?.["n"])} transactions wrote 6 chunks`);
  // the three chunks before the one with the refused record are written again together
  const [before] = await cluster.query(database, "SELECT count(DISTINCT xmin::text)::int AS n FROM log WHERE id BETWEEN 600 AND 890");
  assert.equal(before?.["n"], 1);
  await sound(database, path);
});

test("a file that changes while it is read stops the import; as it was, it goes on", async () => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE log (id int PRIMARY KEY)");
  const good = lines([{ id: 1 }, { id: 2 }]);
  const folder = writeStore({ "a.ndjson": good + lines([{ id: "x" }]) });
  const path = writeStorePlan(`import "log" { data = "shop", from = "a.ndjson", batch = 1, on_error = "fail" },`, folder);
  const env = cluster.env(database);
  utimesSync(join(folder, "a.ndjson"), 1000, 1000);
  const first = await headgate(["run", path, "--env", "test", "--yes"], { env });
  assert.notEqual(first.code, 0);
  assert.match(first.text, /a\.ndjson:3: invalid input syntax for type integer: "x"/);
  writeFileSync(join(folder, "a.ndjson"), good + lines([{ id: 30 }]));
  const retry = await headgate(["retry", "1", "--config", join(path, "headgate.yaml"), "--env", "test"], { env });
  assert.notEqual(retry.code, 0);
  assert.match(retry.text, /a\.ndjson has changed since the import began/);
});

test("headgate plan reads the files and says what they hold, before and after the table is there", async () => {
  const database = await cluster.database();
  const folder = writeStore({ "a.ndjson": `${lines([{ id: 1 }, { id: "x" }])}{\n`, "b.json": "[1, 2" });
  const steps = (map: string): string => `step "table" { up = "CREATE TABLE log (id int PRIMARY KEY)", down = "DROP TABLE log" },
     import "log" { data = "shop", from = { "*.ndjson", "*.json" }${map} },`;
  interface Report { items: { path: string; outcome: string; text: string; files?: unknown[]; samples?: { key: string; reason: string }[] }[]; wrote: boolean }
  const ask = async (path: string): Promise<Report["items"][number] | undefined> => {
    const asked = await headgate(["plan", path, "--env", "test", "--json"], { env: cluster.env(database) });
    assert.equal(asked.code, 0, asked.text);
    const report = JSON.parse(asked.stdout) as Report;
    assert.equal(report.wrote, false);
    return report.items.find((item) => item.path === "p/log");
  };
  const before = await ask(writeStorePlan(steps(""), folder));
  assert.match(String(before?.text), /^2 file\(s\), 6 records: 2 cannot be read/);
  assert.deepEqual(before?.files, [{ file: "a.ndjson", bytes: 22, records: 3, errors: 1 }, { file: "b.json", bytes: 5, records: 3, errors: 1 }]);
  assert.equal(before?.samples?.[0]?.key, "a.ndjson:3");
  await cluster.query(database, "CREATE TABLE log (id int PRIMARY KEY)");
  const map = `, map = function(record) if type(record) == "number" then return reject "no object" end return { id = record.id } end`;
  const after = await ask(writeStorePlan(steps(map), folder));
  assert.match(String(after?.text), /^2 file\(s\), 6 records: 2 to write, 0 skip, 0 ambiguous, 4 errors/);
  const missing = await headgate(["plan", writeStorePlan(`import "log" { data = "shop", from = "no-*.json" },`, folder), "--env", "test"], { env: cluster.env(database) });
  assert.match(missing.text, /store "shop": no file is "no-\*\.json" in /);
  const unknown = await headgate(["check", writeStorePlan(`import "log" { data = "shopp", from = "*.json" },`, folder), "--env", "test"], { env: cluster.env(database) });
  assert.match(unknown.text, /plan\.lua:4:\d+: store "shopp" is not defined for test \(did you mean shop\?\)/);
});
