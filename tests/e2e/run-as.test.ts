/** run_as: the application's own code does not get into headgate's tables by the ways that can be closed. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster, RUNNER_ROLE } from "../lib/cluster";
import { writePlan, writeStore } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";

const CONFIG = `
version: 1
targets:
  app: { run_as: app_owner }
environments:
  test: { gates: auto, guard_interval: 1s }
`;

/** Code of the application that wants to be an administrator here. */
const APPLICATION = `
  GRANT ALL ON SCHEMA public TO app_owner;
  SET ROLE app_owner;
  CREATE TABLE items (id integer PRIMARY KEY, name text);
  INSERT INTO items SELECT i, 'n' || i FROM generate_series(1, 10) AS i;
  CREATE FUNCTION sneak() RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO headgate.person (name, role) VALUES ('mallory', 'administrator') ON CONFLICT DO NOTHING;
      RETURN true;
    END $$;
  CREATE VIEW shown AS SELECT * FROM items WHERE sneak();
`;

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start({ role: RUNNER_ROLE });
  await cluster.administer("postgres", `CREATE ROLE app_owner; GRANT app_owner TO ${cluster.role}`);
});
after(() => cluster.stop());

async function go(sql: string, body: string, metrics = ""): Promise<{ database: string; folder: string; code: number | null; text: string }> {
  const database = await cluster.database();
  await cluster.administer(database, APPLICATION + sql);
  const folder = writePlan({ "headgate.yaml": CONFIG + metrics, "plan.lua": `plan "as" {\n  doc = "a test",\n${body}\n}\n` });
  const { code, text } = await headgate(["run", folder, "-e", "test", "--yes"], { env: cluster.env(database) });
  assert.deepEqual(await cluster.query(database, "SELECT name FROM headgate.person"), [], text);
  return { database, folder, code, text };
}

const phase = (body: string): string => `  phase "p" { ${body} },`;

test("what is counted when a run starts only reads", async () => {
  const { database, code, text } = await go("", phase('step "s" { up = "ALTER TABLE items ADD COLUMN more text", one_way = "a test" }, verify "v" { counts = { "shown" } }'));
  assert.notEqual(code, 0, text);
  assert.match(text, /read-only transaction/);
  assert.deepEqual(await cluster.query(database, "SELECT 1 FROM information_schema.columns WHERE table_name = 'items' AND column_name = 'more'"), []);
});

const LEAVES = `
  CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RESET ROLE; PERFORM public.sneak(); RETURN NEW; END $$;
  CREATE TRIGGER leave BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION leave();
`;
for (const [name, body] of [
  ["step", 'step "s" { up = "UPDATE items SET name = \'x\'", one_way = "a test" }'],
  ["task", 'task "t" { run = function(db) db:exec("UPDATE items SET name = \'x\'") end, one_way = "a test" }'],
  ["backfill", 'backfill "items.name" { where = "name <> \'x\'", set = { name = "\'x\'" }, one_way = "a test" }'],
] as const) {
  test(`a trigger that leaves the role is refused, and what its ${name} wrote is rolled back`, async () => {
    const { database, code, text } = await go(LEAVES, phase(body));
    assert.notEqual(code, 0, text);
    assert.match(text, /began as role "app_owner" and ended as "headgate_runner"/);
    assert.deepEqual(await cluster.query(database, "SELECT 1 FROM items WHERE name = 'x'"), []);
  });
}

const LATE = `
  CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.sneak(); RETURN NULL; END $$;
  CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();
`;
const store = writeStore({ "items.ndjson": '{"id": 11, "name": "x"}\n' });
for (const [name, body] of [
  ["step", 'step "s" { up = "UPDATE items SET name = \'x\'", one_way = "a test" }'],
  ["backfill", 'backfill "items.name" { where = "name <> \'x\'", set = { name = "\'x\'" }, one_way = "a test", on_error = "fail" }'],
  ["import", 'import "items" { data = "shop", from = "items.ndjson", one_way = "a test", on_error = "fail" }'],
] as const) {
  test(`a trigger that is deferred to COMMIT runs under the role that its ${name} ran under`, async () => {
    const { database, code, text } = await go(LATE, phase(body), `stores:\n  shop: { path: ${store} }\n`);
    assert.notEqual(code, 0, text);
    assert.match(text, /permission denied for table person/);
    assert.deepEqual(await cluster.query(database, "SELECT 1 FROM items WHERE name = 'x'"), []);
  });
}

/** In a session that is read only by a setting, the second call would write. */
const CREEPS = `
  CREATE FUNCTION creep() RETURNS integer LANGUAGE plpgsql AS $$
    BEGIN
      IF current_setting('transaction_read_only') = 'off' AND current_user <> 'app_owner' THEN PERFORM public.sneak(); END IF;
      PERFORM set_config('default_transaction_read_only', 'off', false);
      RETURN 1;
    END $$;
  CREATE TABLE own_flags (name text, percent int, enabled bool);
  INSERT INTO own_flags VALUES ('new', 0, false);
`;
for (const [name, flags, metric] of [
  ["metrics", "SELECT * FROM own_flags", "SELECT creep()"],
  ["the flag", "SELECT * FROM own_flags WHERE creep() > 0", "SELECT 1"],
] as const) {
  test(`no look at ${name} leaves a setting for the next`, async () => {
    const rollout = `  rollout "new" {
      flag = sql_flag { table = "flags", name = "name", percent = "percent", enabled = "enabled" },
      guards = { "errors < 5" },
      stage { percent = 100, watch = "3s" },
    },`;
    const { code, text } = await go(`${CREEPS} CREATE VIEW flags AS ${flags};`, rollout, `metrics:\n  errors: { sql: "${metric}" }\n`);
    assert.equal(code, 0, text);
  });
}

test("no count of what a rollback would copy leaves a setting for the next", async () => {
  const casts = `
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE FUNCTION mood_text(mood) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'mood ' || public.creep(); END $$;
    CREATE CAST (mood AS text) WITH FUNCTION mood_text(mood);`;
  const add = (name: string): string => `step "${name}" { up = "ALTER TABLE items ADD COLUMN ${name} mood", down = "ALTER TABLE items DROP COLUMN ${name}" }`;
  const { database, folder, code, text } = await go(CREEPS + casts, phase(`${add("morning")}, ${add("evening")}`));
  assert.equal(code, 0, text);
  await cluster.query(database, "UPDATE items SET morning = 'good', evening = 'bad' WHERE id = 7");
  const supervisor = await Supervisor.start({ env: cluster.env(database), config: folder, plans: folder, environment: "test", people: ["alice"] });
  const { kept } = await supervisor.as("alice").get<{ kept: { rows: number }[] }>("/api/runs/1/kept");
  await supervisor.stop();
  assert.deepEqual(kept.map(({ rows }) => rows), [1, 1]);
  assert.deepEqual(await cluster.query(database, "SELECT name FROM headgate.person"), [{ name: "alice" }]);
});
