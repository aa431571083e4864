/** Statements outside transactions: valid or gone, whatever happens, and what is not ours is not touched. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type CliResult, headgate } from "../lib/cli";
import { Cluster, needsSuperuser } from "../lib/cluster";
import { INDEX_CASES, IndexBench, runIndexCase, type Scene, titleOf } from "../lib/index-cases";
import { writePlan } from "../lib/plan";
import { readersBeside } from "../lib/readers";
import { waitUntil } from "../lib/wait";

let cluster: Cluster;
let bench: IndexBench;
before(async () => {
  cluster = await Cluster.start({ createdb: true });
  bench = await IndexBench.start(cluster);
});
after(() => cluster.stop());

// All of them: make crash. The step is prime to the numbers of moments, so that the sample goes through the table.
const only = process.env["HEADGATE_INDEX_ONLY"];
const sample = INDEX_CASES.filter((one, index) => (only === undefined ? index % 23 === 4 : titleOf(one).includes(only)));

describe("disturbed", () => {
  for (const one of sample) {
    const skip = /^reindex table/.test(titleOf(one)) && needsSuperuser("what is INVALID in pg_toast is a superuser's to drop");
    test(titleOf(one), { skip }, () => runIndexCase(bench, one));
  }
});

interface Refusal {
  up: string;
  prepare?: string;
  says: RegExp;
  /** What lets `headgate retry` work. */
  mend?: string;
}

/** Steps that fail: what is said, what is left (nothing), and that the printed next command works. */
const REFUSALS: Record<string, Refusal> = {
  "a valid index of the same name and definition existed before": {
    prepare: "CREATE INDEX made ON t (a)",
    up: "CREATE INDEX CONCURRENTLY made ON t (a)",
    says: /public\.made existed before this step began: it is not this run's/,
    mend: "DROP INDEX made",
  },
  "another index of that name existed before": {
    prepare: "CREATE INDEX made ON t (b)",
    up: "CREATE INDEX CONCURRENTLY made ON t (a)",
    says: /public\.made existed before/,
    mend: "ALTER INDEX made RENAME TO other_one",
  },
  "an INVALID index of somebody else has the name": {
    up: "CREATE INDEX CONCURRENTLY theirs ON t (a)",
    says: /public\.theirs is INVALID since before this step began/,
  },
  "a table has the name": { prepare: "CREATE TABLE public.made (id int)", up: "CREATE INDEX CONCURRENTLY made ON t (a)", says: /public\.made/, mend: "DROP TABLE public.made" },
  "rows are not unique": {
    up: "CREATE UNIQUE INDEX CONCURRENTLY made ON t (a)",
    says: /plan\.lua:1.*could not create unique index "made" \(Key \(a\)=\(\d\) is duplicated/,
    mend: "UPDATE t SET a = id",
  },
  "a column does not exist": { up: "CREATE INDEX CONCURRENTLY made ON t (nothing)", says: /plan\.lua:1.*column "nothing" does not exist/, mend: "ALTER TABLE t ADD nothing int" },
  "the second of three fails": {
    up: "CREATE INDEX CONCURRENTLY made ON t (a);\nCREATE UNIQUE INDEX CONCURRENTLY made2 ON t (a);\nCREATE INDEX CONCURRENTLY made3 ON t (a)",
    says: /plan\.lua:2.*could not create unique index "made2"/,
    mend: "UPDATE t SET a = id",
  },
  "an index on a partitioned table": { up: "CREATE INDEX CONCURRENTLY made ON p (v)", says: /cannot create index on partitioned table "p" concurrently/ },
};

describe("refused", { concurrency: 2 }, () => {
  for (const [name, { up, prepare, says, mend }] of Object.entries(REFUSALS)) {
    test(name, async () => {
      const scene = await bench.scene({ up }, "10m", prepare);
      try {
        const failed = await scene.run().ended;
        assert.equal(await scene.state(), "failed", failed.text);
        assert.match(failed.text, says);
        await scene.judge();
        if (mend !== undefined) {
          await scene.one(mend);
          const retried = await scene.ask("retry").ended;
          assert.equal(await scene.state(), "done", retried.text);
        }
        const before = scene.bench.cluster.dump(scene.database);
        const back = await scene.ask("rollback", "-m", "the test wants it").ended;
        assert.equal(await scene.state(), "rolled_back", back.text);
        if (mend === undefined) assert.equal(scene.bench.cluster.dump(scene.database), before, "nothing was touched");
        await scene.judge();
      } finally {
        await scene.close();
      }
    });
  }
});

async function checked(files: Record<string, string>): Promise<CliResult> {
  return headgate(["check", writePlan(files), "-e", "test"]);
}

test("IF NOT EXISTS and mixed files are refused with their line", async () => {
  const plan = 'plan "p" { doc = "d", phase "a" { step "s" { up = file "sql/1.sql", down = "SELECT 1" } } }';
  const exists = await checked({ "plan.lua": plan, "sql/1.sql": "\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);\n" });
  assert.notEqual(exists.code, 0);
  assert.match(exists.text, /sql\/1\.sql:2: CREATE INDEX CONCURRENTLY IF NOT EXISTS is not allowed/);
  const mixed = await checked({ "plan.lua": plan, "sql/1.sql": "ALTER TABLE t ADD c int;\nCREATE INDEX CONCURRENTLY i ON t (c);\n" });
  assert.notEqual(mixed.code, 0);
  assert.match(mixed.text, /sql\/1\.sql:2: .*need separate steps/);
});

test("only indexes made CONCURRENTLY need no down", async () => {
  const plan = (up: string): string => `plan "p" { doc = "d", phase "a" { step "s" { up = "${up}" } } }`;
  assert.equal((await checked({ "plan.lua": plan("CREATE INDEX CONCURRENTLY i ON t (a); CREATE INDEX CONCURRENTLY j ON t (b)") })).code, 0);
  for (const up of ["DROP INDEX CONCURRENTLY i", "REINDEX TABLE CONCURRENTLY t", "CREATE INDEX i ON t (a)"]) {
    const refused = await checked({ "plan.lua": plan(up) });
    assert.notEqual(refused.code, 0, up);
    assert.match(refused.text, /plan\.lua:1:\d+: step "s" has neither down nor one_way/);
  }
});

async function withScene(up: string, prepare: string, use: (scene: Scene) => Promise<void>): Promise<void> {
  const scene = await bench.scene({ up }, "10m", prepare);
  try {
    await use(scene);
    await scene.judge();
  } finally {
    await scene.close();
  }
}

test("timeouts of the role end no build, and its phase and blocker are told", () =>
  withScene("CREATE INDEX CONCURRENTLY made ON t (a)", "", async (scene) => {
    const blocker = await scene.block("UPDATE t SET b = 'secret' WHERE id = 1");
    await scene.one(`ALTER DATABASE ${scene.database} SET lock_timeout = '100ms'`);
    await scene.one(`ALTER DATABASE ${scene.database} SET statement_timeout = '300ms'`);
    const run = scene.run();
    const told = await waitUntil("progress is told", () =>
      scene.one("SELECT data FROM headgate.event WHERE type = 'step.progress' AND data -> 'waits_for' -> 0 ->> 'pid' = $1", [String(blocker)]).catch(() => undefined)); // the limits are ours too
    await scene.one(`ALTER DATABASE ${scene.database} RESET ALL`);
    const data = told["data"] as { phase: string; object: string; waits_for: { query: string; state: string }[] };
    assert.equal(data.phase, "waiting for writers before build");
    assert.equal(data.object, "made");
    assert.equal(data.waits_for[0]?.state, "idle in transaction");
    assert.doesNotMatch(JSON.stringify(data), /secret/);
    await scene.release();
    const { text } = await run.ended;
    assert.equal(await scene.state(), "done", text);
  }));

test("an adopted build that fails is removed, and the reason is said", () =>
  withScene("CREATE UNIQUE INDEX CONCURRENTLY made ON t (id, b)", "ALTER TABLE t DROP CONSTRAINT t_pkey", async (scene) => {
    await scene.block("INSERT INTO t SELECT id, a, b FROM t WHERE id = 5");
    const run = scene.run();
    await scene.waiting();
    const before = await scene.epoch();
    await scene.killRunner();
    await scene.laterEpoch(before);
    await scene.release();
    const { text } = await run.ended;
    assert.equal(await scene.state(), "failed", text);
    assert.match(text, /could not create unique index "made" \(Key \(id, b\)=\(5, 5\) is duplicated/);
  }));

test("a server that ends builds whose client is gone", () =>
  withScene("CREATE INDEX CONCURRENTLY made ON t (a)", "", async (scene) => {
    await scene.one(`ALTER DATABASE ${scene.database} SET client_connection_check_interval = '50ms'`);
    await scene.block("UPDATE t SET b = b WHERE id = 1");
    const run = scene.run();
    const pid = await scene.waiting();
    const before = await scene.epoch();
    await scene.killRunner();
    await scene.laterEpoch(before);
    assert.ok(await scene.one("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [pid]), "the build goes on, to be adopted");
    await scene.release();
    const { text } = await run.ended;
    assert.equal(await scene.state(), "done", text);
  }));

test("a pause waits for the end of the statement", () =>
  withScene("CREATE INDEX CONCURRENTLY made ON t (a);\nCREATE INDEX CONCURRENTLY made2 ON t (b)", "", async (scene) => {
    await scene.block("UPDATE t SET b = b WHERE id = 1");
    const run = scene.run();
    await scene.waiting();
    await scene.ask("pause").ended;
    await waitUntil("it is said", () => scene.one("SELECT 1 FROM headgate.event WHERE type = 'log' AND data ->> 'text' LIKE 'pausing when%'"));
    await scene.release();
    const { text } = await run.ended;
    assert.equal(await scene.state(), "paused", text);
    const made = await scene.one("SELECT to_regclass('made')::oid AS one, to_regclass('made2') AS two");
    assert.equal(made?.["two"], null);
    const resumed = await scene.ask("resume").ended;
    assert.equal(await scene.state(), "done", resumed.text);
    assert.equal((await scene.one("SELECT to_regclass('made')::oid AS one"))?.["one"], made?.["one"], "what was done was not done again");
  }));

test("statements of other kinds, forward and back", async () => {
  const system = needsSuperuser("ALTER SYSTEM") ? ["", ""] : ["ALTER SYSTEM SET work_mem = '5MB';\n", ";\nALTER SYSTEM RESET work_mem"];
  const up = `VACUUM t;\n${system[0]}CREATE DATABASE made_db;\nREINDEX SCHEMA apart`;
  const scene = await bench.scene({ up, down: `DROP DATABASE made_db${system[1]}` }, "10m", "CREATE SCHEMA apart");
  try {
    const { text } = await scene.run().ended;
    assert.equal(await scene.state(), "done", text);
    assert.ok(await scene.one("SELECT 1 FROM pg_database WHERE datname = 'made_db'"));
    const back = await scene.ask("rollback", "-m", "the test wants it").ended;
    assert.equal(await scene.state(), "rolled_back", back.text);
    assert.equal(await scene.one("SELECT 1 FROM pg_database WHERE datname = 'made_db'"), undefined);
  } finally {
    await scene.close();
  }
});

test("readers beside a build that waits", async () => {
  const readers = await readersBeside(cluster, { seconds: 4, perSecond: 50 });
  assert.ok(readers.queries >= 150, `${readers.queries} queries`);
  assert.ok(readers.addedP99Ms <= 1000, JSON.stringify(readers)); // who queues behind the build waits for seconds
});
