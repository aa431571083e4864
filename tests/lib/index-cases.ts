/** Statements outside transactions that are disturbed: kind of statement × moment of death or fault × direction.
 *
 * A session that has written to the table and stays open holds every CONCURRENTLY at its first wait, so that the moment is
 * exact: nothing here depends on how long a build takes. An INVALID index of somebody else is in every database and must
 * still be there, as it was, at the end. */
import assert from "node:assert/strict";
import type pg from "pg";
import { type CliProcess, type CliResult, headgate, start } from "./cli";
import type { Cluster } from "./cluster";
import { TEST_CONFIG, temporary, writePlan } from "./plan";
import { killNow, processesOf } from "./processes";
import { waitUntil } from "./wait";

export interface IndexCase {
  kind: string;
  moment: string;
  direction: "forward" | "back";
}

interface Kind {
  up: string;
  down?: string;
  /** Kept open around the moment: what the statement has to wait for. */
  blocker: string;
  /** One row `ok` when the statement's effect is there. */
  there: string;
  /** Its down runs outside a transaction too. */
  back: boolean;
  /** Going back does not restore the schema to the letter. */
  inexact?: boolean;
}

const WRITER = "UPDATE t SET b = b WHERE id = 1";
const valid = (...names: string[]): string =>
  `SELECT count(*) = ${names.length} AS ok FROM pg_index WHERE indisvalid AND indisready
     AND indexrelid::regclass::text IN (${names.map((name) => `'${name}'`).join(", ")})`;

const KINDS: Record<string, Kind> = {
  create: { up: "CREATE INDEX CONCURRENTLY made ON t (a)", blocker: WRITER, there: valid("made"), back: true },
  unique: {
    up: "CREATE UNIQUE INDEX CONCURRENTLY made ON public.t (id, a) WHERE a > 0",
    down: "DROP INDEX CONCURRENTLY made",
    blocker: WRITER, there: valid("made"), back: true,
  },
  expression: {
    up: `CREATE INDEX CONCURRENTLY "Made ON It" ON public."t" USING btree (lower(b) COLLATE "C" text_pattern_ops DESC, (a + 1)) INCLUDE (id) WITH (fillfactor = 70) WHERE a IS NOT NULL`,
    blocker: WRITER, there: valid('"Made ON It"'), back: true,
  },
  three: {
    up: ["one", "two", "three"].map((name) => `CREATE INDEX CONCURRENTLY ${name} ON t (a)`).join(";\n"),
    blocker: WRITER, there: valid("one", "two", "three"), back: true,
  },
  drop: {
    up: "DROP INDEX CONCURRENTLY old_i",
    down: "CREATE INDEX CONCURRENTLY old_i ON t (b)",
    blocker: WRITER, there: "SELECT to_regclass('old_i') IS NULL AS ok", back: true,
  },
  "reindex index": { up: "REINDEX INDEX CONCURRENTLY old_i", down: "SELECT 1", blocker: WRITER, there: valid("old_i"), back: false },
  "reindex table": { up: "REINDEX TABLE CONCURRENTLY t", down: "SELECT 1", blocker: WRITER, there: valid("old_i", "t_pkey"), back: false },
  detach: {
    up: "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
    down: "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (0) TO (100)",
    blocker: "UPDATE p SET v = v WHERE id = 1",
    there: "SELECT NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = 'p1'::regclass) AS ok", back: false, inexact: true,
  },
};

const SCHEMA = `
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
INSERT INTO t SELECT n, n % 7, n::text FROM generate_series(1, 500) AS n;
CREATE INDEX old_i ON t (b);
CREATE TABLE p (id int, v int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200);
INSERT INTO p SELECT n, n FROM generate_series(1, 150) AS n;`;

const config = (timeout: string): string => `${TEST_CONFIG}targets:\n  app: { outside_timeout: ${timeout} }\n`;
const planOf = ({ up, down }: { up: string; down?: string | undefined }): string =>
  `plan "p" { doc = "test", phase "a" { step "s" { up = [[${up}]]${down === undefined ? "" : `, down = [[${down}]]`} } } }`;

/** One database a case, on one cluster. */
export class IndexBench {
  /** INVALID indexes of ours that were there at the end of a case, of all cases so far. */
  invalidLeft = 0;

  private constructor(
    readonly cluster: Cluster,
    readonly template: string,
    readonly env: Record<string, string>,
  ) {}

  /** env: variables that headgate gets beside its own. */
  static async start(cluster: Cluster, env: Record<string, string> = {}): Promise<IndexBench> {
    const template = await cluster.database();
    await cluster.query(template, SCHEMA);
    await cluster.query(template, "CREATE UNIQUE INDEX CONCURRENTLY theirs ON t (a)").catch(() => undefined);
    const install = await headgate(["ledger", "install", "-e", "test"], {
      env: { ...cluster.env(template), HEADGATE_HOME: temporary("home") },
      cwd: writePlan({}),
    });
    assert.equal(install.code, 0, install.text);
    return new IndexBench(cluster, template, env);
  }

  async scene(kind: { up: string; down?: string | undefined }, timeout = "10m", prepare = ""): Promise<Scene> {
    const database = await this.cluster.database(this.template);
    if (prepare !== "") await this.cluster.query(database, prepare);
    const folder = writePlan({ "plan.lua": planOf(kind), "headgate.yaml": config(timeout) });
    return new Scene(this, database, folder, await this.theirs(database), this.cluster.dump(database));
  }

  async theirs(database: string): Promise<unknown> {
    return (await this.cluster.query(database, "SELECT indexrelid, indisvalid FROM pg_index WHERE indexrelid = to_regclass('theirs')"))[0];
  }
}

/** A database, a plan and the processes at work on it. */
export class Scene {
  private readonly started: CliProcess[] = [];
  /** Its own, so that its processes are found, and no others. */
  readonly home = temporary("home");
  private blocker: pg.Client | undefined;
  constructor(
    readonly bench: IndexBench,
    readonly database: string,
    readonly folder: string,
    private readonly theirs: unknown,
    readonly dumpBefore: string,
  ) {}

  get env(): Record<string, string> {
    return { ...this.bench.cluster.env(this.database), HEADGATE_HOME: this.home, ...this.bench.env };
  }

  async one(sql: string, values: unknown[] = []): Promise<Record<string, unknown> | undefined> {
    return (await this.bench.cluster.query(this.database, sql, values))[0];
  }

  run(): CliProcess {
    const run = start(["run", this.folder, "-e", "test", "--yes"], { env: this.env });
    this.started.push(run);
    return run;
  }

  ask(command: string, ...more: string[]): CliProcess {
    const asked = start([command, "1", "-e", "test", ...more], { env: this.env, cwd: this.folder });
    this.started.push(asked);
    return asked;
  }

  /** The state of the run. */
  async state(): Promise<string> {
    return String((await this.one("SELECT state FROM headgate.run WHERE id = 1"))?.["state"]);
  }

  async block(sql: string): Promise<number> {
    this.blocker = await this.bench.cluster.connect(this.database);
    await this.blocker.query("BEGIN");
    await this.blocker.query(sql);
    return Number((await this.blocker.query("SELECT pg_backend_pid() AS pid")).rows[0].pid);
  }

  async release(): Promise<void> {
    const blocker = this.blocker;
    this.blocker = undefined;
    await blocker?.query("COMMIT").catch(() => undefined);
    await blocker?.end().catch(() => undefined);
  }

  /** The process id of a backend of ours that waits for a lock, other than before. */
  waiting(before = 0, query = "%"): Promise<number> {
    return waitUntil(`a statement like ${query} waits, and not process ${before}`, async () => {
      const row = await this.one(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'headgate:%'
            AND wait_event_type = 'Lock' AND pid <> $1 AND query LIKE $2`,
        [before, query],
      ).catch(() => undefined);
      return row === undefined ? undefined : Number(row["pid"]);
    });
  }

  async epoch(): Promise<number> {
    return Number((await this.one("SELECT epoch FROM headgate.fence WHERE run = 1").catch(() => undefined))?.["epoch"] ?? 0);
  }

  async laterEpoch(before: number): Promise<void> {
    await waitUntil("a successor has raised the fence", async () => (await this.epoch()) > before);
  }

  /** kill -9 of the runner; with everybody, of the command that would start another as well. */
  async killRunner(everybody = false): Promise<void> {
    if (everybody) for (const process of this.started) process.kill("SIGKILL");
    for (const { pid, command } of processesOf(this.home)) {
      if (command === "runner" || everybody) killNow(pid);
    }
    if (everybody) await Promise.all(this.started.map((process) => process.ended));
  }

  /** A lease that has run out: the test need not wait for it. */
  async leaseIsOver(): Promise<void> {
    await this.one("UPDATE headgate.lease SET until = now() WHERE run = 1");
  }

  async gone(pid: number): Promise<void> {
    await waitUntil(`process ${pid} is gone`, async () => (await this.one("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [pid])) === undefined);
  }

  /** The statement of process pid that a request is about has ended. */
  async interrupted(pid: number): Promise<void> {
    await waitUntil("the statement was ended", async () =>
      (await this.one("SELECT 1 FROM headgate.request")) !== undefined &&
      (await this.one(
        `SELECT 1 FROM pg_stat_activity AS a WHERE pid = $1 AND state = 'active'
            AND query_start < (SELECT max(asked_at) FROM headgate.request)`, [pid])) === undefined);
  }

  /** What must hold in the end, whatever happened; the names of INVALID indexes that are not theirs. */
  async invalidLeft(): Promise<string[]> {
    const rows = await this.bench.cluster.query(
      this.database,
      "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT (indisvalid AND indisready AND indislive) AND indexrelid IS DISTINCT FROM to_regclass('theirs')",
    );
    return rows.map(({ name }) => String(name));
  }

  async close(): Promise<void> {
    await this.release();
    for (const process of this.started) process.kill("SIGKILL");
    for (const { pid } of processesOf(this.home)) killNow(pid);
    await Promise.all(this.started.map((process) => process.exited));
    await this.bench.cluster.drop(this.database);
  }

  async judge(): Promise<void> {
    const left = await this.invalidLeft();
    this.bench.invalidLeft += left.length;
    assert.deepEqual(left, [], "no INVALID index of ours");
    assert.deepEqual(await this.bench.theirs(this.database), this.theirs, "somebody else's INVALID index is as it was");
    const pending = await this.one("SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhdetachpending");
    assert.equal(pending, undefined, "no partition is half detached");
  }
}

/** The end of a command, which does not take for ever. */
async function endOf(process: CliProcess): Promise<CliResult> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    process.kill("SIGKILL");
  }, 60_000);
  try {
    const result = await process.ended;
    if (late) assert.fail(`it does not end:\n${result.text}`);
    return result;
  } finally {
    clearTimeout(timer);
  }
}

interface Strike {
  scene: Scene;
  /** The backend that waits, and for whom. */
  pid: number;
  blocker: number;
  run: CliProcess;
}

interface Moment {
  /** Disturbs while the statement waits, and lets it go. Gives who drives the run from here on. */
  strike: (strike: Strike) => Promise<CliProcess>;
  ends: "done" | "rolled_back" | "aborted";
  timeout?: string;
  directions: ("forward" | "back")[];
}

const BOTH: Moment["directions"] = ["forward", "back"];
const FORWARD: Moment["directions"] = ["forward"];

async function terminate(scene: Scene, pid: number): Promise<void> {
  await scene.one("SELECT pg_terminate_backend($1, 5000)", [pid]);
}

async function resumed(scene: Scene, command = "resume"): Promise<CliProcess> {
  await scene.leaseIsOver();
  return scene.ask(command);
}

const MOMENTS: Record<string, Moment> = {
  undisturbed: { directions: BOTH, ends: "done", strike: async ({ scene, run }) => (await scene.release(), run) },
  "runner killed": {
    directions: BOTH, ends: "done",
    strike: async ({ scene, run }) => {
      const before = await scene.epoch();
      await scene.killRunner();
      await scene.laterEpoch(before);
      await scene.release();
      return run;
    },
  },
  "runner and backend killed": {
    directions: BOTH, ends: "done",
    strike: async ({ scene, run, pid }) => {
      await scene.killRunner();
      await terminate(scene, pid);
      await scene.waiting(pid);
      await scene.release();
      return run;
    },
  },
  "everybody killed, the statement ends by itself": {
    directions: BOTH, ends: "done",
    strike: async ({ scene, pid }) => {
      await scene.killRunner(true);
      await scene.release();
      await scene.gone(pid);
      return resumed(scene);
    },
  },
  "everybody killed, backend too": {
    directions: BOTH, ends: "done",
    strike: async ({ scene, pid }) => {
      await scene.killRunner(true);
      await terminate(scene, pid);
      const resume = await resumed(scene);
      await scene.waiting(pid);
      await scene.release();
      return resume;
    },
  },
  "backend ended": {
    directions: BOTH, ends: "done",
    strike: async ({ scene, run, pid }) => {
      await terminate(scene, pid);
      await scene.waiting(pid);
      await scene.release();
      return run;
    },
  },
  "statement cancelled by somebody": {
    directions: BOTH, ends: "done",
    strike: async ({ scene, run, pid }) => {
      const at = (await scene.one("SELECT clock_timestamp()::text AS at, pg_cancel_backend($1)", [pid]))?.["at"];
      await waitUntil("another try waits", () => scene.one(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'headgate:%'
            AND wait_event_type = 'Lock' AND query_start > $1::timestamptz`, [at]));
      await scene.release();
      return run;
    },
  },
  "server killed": {
    directions: BOTH, ends: "done",
    strike: async ({ scene, run }) => {
      await scene.bench.cluster.crash();
      await scene.release();
      const ended = await endOf(run);
      return ended.code === 0 ? run : resumed(scene);
    },
  },
  "stopped, replaced, woken": {
    directions: FORWARD, ends: "done",
    strike: async ({ scene, run }) => {
      const before = await scene.epoch();
      const runner = processesOf(scene.home).find(({ command }) => command === "runner");
      assert.ok(runner);
      run.kill("SIGSTOP");
      process.kill(runner.pid, "SIGSTOP");
      const resume = await resumed(scene);
      await scene.laterEpoch(before);
      await scene.release();
      await endOf(resume);
      process.kill(runner.pid, "SIGCONT");
      run.kill("SIGCONT");
      await endOf(run);
      return resume;
    },
  },
  "limit reached": {
    directions: FORWARD, ends: "done", timeout: "1500ms",
    strike: async ({ scene, run, pid, blocker }) => {
      await waitUntil("it was ended at its limit", async () => (await scene.one(
        `SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND query_start < clock_timestamp() - interval '1.6 s'`, [pid],
      )) === undefined && (await scene.one("SELECT 1 FROM headgate.event WHERE type = 'step.progress'")) !== undefined);
      await scene.release();
      const failed = await endOf(run);
      if ((await scene.state()) === "done") return run; // what was half there could only be finished
      assert.match(failed.text, new RegExp(`ended after .*outside_timeout.*pid ${blocker} `), failed.text);
      return resumed(scene, "retry");
    },
  },
  "rollback asked": {
    directions: FORWARD, ends: "rolled_back",
    strike: async ({ scene, run, pid }) => {
      const asked = scene.ask("rollback", "-m", "the test wants it");
      await scene.interrupted(pid);
      await scene.release();
      await endOf(asked);
      await endOf(run);
      return asked;
    },
  },
  "abort asked": {
    directions: FORWARD, ends: "aborted",
    strike: async ({ scene, run, pid }) => {
      const asked = scene.ask("abort", "-m", "the test wants it");
      await scene.interrupted(pid);
      await scene.release();
      await endOf(asked);
      await endOf(run);
      return asked;
    },
  },
};

export const INDEX_CASES: IndexCase[] = Object.entries(KINDS).flatMap(([kind, { back }]) =>
  Object.entries(MOMENTS).flatMap(([moment, { directions }]) =>
    directions.filter((direction) => direction === "forward" || back).map((direction) => ({ kind, moment, direction })),
  ),
);

export const titleOf = ({ kind, moment, direction }: IndexCase): string => `${kind}, ${direction}: ${moment}`;

/** Runs one case to its end; throws when something is not as it must be. */
export async function runIndexCase(bench: IndexBench, { kind: kindName, moment: momentName, direction }: IndexCase): Promise<void> {
  const kind = KINDS[kindName]!;
  const moment = MOMENTS[momentName]!;
  const scene = await bench.scene(kind, moment.timeout);
  try {
    if (direction === "back") {
      const forward = await endOf(scene.run());
      assert.equal(forward.code, 0, forward.text);
    }
    const blocker = await scene.block(kind.blocker);
    const run = direction === "forward" ? scene.run() : scene.ask("rollback", "-m", "the test wants it");
    const pid = await scene.waiting();
    const driver = await moment.strike({ scene, pid, blocker, run });
    const { text } = await endOf(driver);
    const ends = direction === "back" ? "rolled_back" : moment.ends;
    if ((await scene.state()) !== ends) assert.fail(`it is ${await scene.state()}, not ${ends}\n${text}`);
    await scene.judge();
    if (ends === "done") assert.equal((await scene.one(kind.there))?.["ok"], true, `its effect is there\n${text}`);
    if (ends === "rolled_back" && !kind.inexact) assert.equal(bench.cluster.dump(scene.database), scene.dumpBefore, "the schema is back");
  } finally {
    await scene.close();
  }
}
