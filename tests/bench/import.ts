/** A file of N records into a table: psql's \copy of the same rows as text, and ours from NDJSON. */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Arguments } from "../lib/arguments";
import { start } from "../lib/cli";
import type { Cluster } from "../lib/cluster";
import { contentOf } from "../lib/content";
import { temporary, writePlan } from "../lib/plan";
import { type Figures, rounds } from "./figures";
import { measureStep, secondsOf, settle, type StepRun } from "./run";

/** About 370 bytes a row as NDJSON: messages of a team, keys in the order in which they were written. */
const TABLE = `CREATE TABLE message (
  id bigint PRIMARY KEY, conversation_id uuid NOT NULL, author_id uuid NOT NULL, kind text NOT NULL, body text NOT NULL,
  score numeric(10,2), pinned boolean NOT NULL, metadata jsonb, created_at timestamptz NOT NULL)`;

const ROWS = `SELECT n AS id, md5('c' || n / 40)::uuid AS conversation_id, md5('a' || n % 5000)::uuid AS author_id,
  (ARRAY['text', 'image', 'system'])[1 + n % 3] AS kind,
  'Line ' || n || ': ' || repeat(md5(n::text) || ' ', 2) || CASE WHEN n % 10 = 0 THEN 'he said "yes"' ELSE 'and so on' END AS body,
  round((n % 100000) / 100.0, 2) AS score, n % 50 = 0 AS pinned,
  jsonb_build_object('client', 'web', 'tags', jsonb_build_array('a', n % 7), 'size', n % 4096) AS metadata,
  timestamptz '2024-01-01 00:00:00+00' + n * interval '1 second' AS created_at
  FROM generate_series(1, $ROWS) AS n`;

const BY_NAME = "";
const BY_LUA = `map = function(record)
        return {
          id = record.id, conversation_id = record.conversation_id, author_id = record.author_id, kind = string.upper(record.kind),
          body = record.body, score = record.score, pinned = record.pinned, metadata = record.metadata, created_at = record.created_at,
        }
      end,`;

/** workers undefined: as many as Headgate itself chooses, two of a file of this size. */
function plan(folder: string, workers: number | undefined, how: string): string {
  return writePlan({
    "headgate.yaml": `version: 1\nenvironments:\n  bench: { gates: auto }\nstores:\n  files: { path: ${folder} }\n`,
    "plan.lua": `plan "bench" {
  doc = "A file of messages, measured",
  phase "p" {
    import "message" {
      data = "files", from = "rows.ndjson",${workers === undefined ? "" : ` workers = ${workers},`} one_way = "a copy that is thrown away",
      ${how}
    },
  },
}`,
  });
}

class ImportBench {
  private constructor(
    private readonly cluster: Cluster,
    private readonly empty: string,
    private readonly folder: string,
    readonly rows: number,
  ) {}

  /** Writes the rows as NDJSON. */
  static async prepare(cluster: Cluster, rows: number): Promise<ImportBench> {
    const empty = await cluster.database();
    await cluster.query(empty, TABLE);
    const bench = new ImportBench(cluster, empty, temporary("import"), rows);
    bench.psql(empty, ["-At", "-c", `SELECT row_to_json(r) FROM (${bench.select}) AS r`], join(bench.folder, "rows.ndjson"));
    return bench;
  }

  private get select(): string {
    return ROWS.replace("$ROWS", String(this.rows));
  }

  /** For psql. */
  writeText(): void {
    this.psql(this.empty, ["-c", `COPY (${this.select}) TO STDOUT`], join(this.folder, "rows.text"));
  }

  async drop(): Promise<void> {
    rmSync(this.folder, { recursive: true });
    await this.cluster.drop(this.empty);
  }

  get megabytes(): number {
    return statSync(join(this.folder, "rows.ndjson")).size / 1e6;
  }

  /** psql \copy … from a file in the text format, from exec to exit. */
  async copy(): Promise<number> {
    const database = await this.database();
    const seconds = await secondsOf(() => this.psql(database, ["-c", `\\copy message FROM '${join(this.folder, "rows.text")}'`]));
    await this.finish(database);
    return seconds;
  }

  /** The peer of imports, from the same rows as CSV; undefined where it is not installed (Debian: pgloader). */
  async pgloader(): Promise<number | undefined> {
    if (spawnSync("pgloader", ["--version"]).status !== 0) return undefined;
    this.psql(this.empty, ["-c", `COPY (${this.select}) TO STDOUT WITH (FORMAT csv)`], join(this.folder, "rows.csv"));
    const database = await this.database();
    const { PGHOST = "", PGPORT = "", PGUSER = "" } = this.cluster.env(database);
    writeFileSync(
      join(this.folder, "rows.load"),
      `LOAD CSV FROM '${join(this.folder, "rows.csv")}' INTO postgresql://${PGUSER}@unix:${PGHOST}:${PGPORT}/${database}
       TARGET TABLE message WITH fields terminated by ',', fields optionally enclosed by '"', fields escaped by double-quote;\n`,
    );
    const seconds = await secondsOf(() => execFileSync("pgloader", [join(this.folder, "rows.load")], { cwd: this.folder, stdio: "ignore" }));
    await this.finish(database);
    return seconds;
  }

  /** headgate run; the time is that of the step in the ledger, start of the workers included. */
  async headgate(workers: number | undefined, how = BY_NAME): Promise<StepRun> {
    const database = await this.database();
    const step = await measureStep(this.cluster, database, plan(this.folder, workers, how), "import");
    await this.finish(database);
    return step;
  }

  /** Both ways give the same rows, or the figures mean nothing. */
  async check(): Promise<void> {
    const databases = [await this.database(), await this.database()] as const;
    this.psql(databases[0], ["-c", `\\copy message FROM '${join(this.folder, "rows.text")}'`]);
    await start(["run", plan(this.folder, 2, BY_NAME), "-e", "bench", "--yes", "--quiet"], { env: this.cluster.env(databases[1]) }).ended;
    const [copied, imported] = await Promise.all(databases.map(async (one) => (await contentOf(this.cluster, one))["message"]));
    if (copied !== imported) throw new Error(`the import wrote ${imported}, psql ${copied}`);
    for (const one of databases) await this.cluster.drop(one);
  }

  private async database(): Promise<string> {
    const database = await this.cluster.database(this.empty);
    await settle(this.cluster, database);
    return database;
  }

  private psql(database: string, args: string[], output?: string): void {
    const out = output === undefined ? ("ignore" as const) : openSync(output, "w");
    execFileSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", ...args], { env: { ...process.env, ...this.cluster.env(database) }, stdio: ["ignore", out, "inherit"] });
    if (typeof out === "number") closeSync(out);
  }

  private async finish(database: string): Promise<void> {
    const [found] = await this.cluster.query(database, "SELECT count(*)::int AS n FROM message");
    if (found?.["n"] !== this.rows) throw new Error(`${String(found?.["n"])} rows of ${this.rows} were written`);
    await this.cluster.drop(database);
  }
}

const IMPORTS: { name: string; workers?: number; how?: string; goal: string }[] = [
  { name: "import_vs_copy", workers: 1, goal: "≥ 0.95" },
  { name: "import_2_workers_vs_copy", workers: 2, goal: "≥ 1.2" },
  { name: "import_lua_vs_copy", how: BY_LUA, goal: "≥ 0.85" },
  { name: "import_lua_1_worker_vs_copy", workers: 1, how: BY_LUA, goal: "" },
];

/** --import-rows 1000000 of about 370 bytes. */
export async function imports(cluster: Cluster, figures: Figures): Promise<void> {
  const options = new Arguments();
  const times = options.number("times", 3);
  const rows = options.number("import-rows", 1_000_000);
  const bench = await ImportBench.prepare(cluster, rows);
  bench.writeText();
  await bench.check();
  const ways = IMPORTS.map(({ workers, how }) => async () => (await bench.headgate(workers, how)).seconds);
  const [copy = [], ...all] = await rounds(times, [() => bench.copy(), ...ways]);
  for (const [index, { name, goal }] of IMPORTS.entries()) {
    figures.compare({ name, rows, ours: all[index] ?? [], theirs: copy, of: "speed", goal });
  }
  const pgloader = await bench.pgloader();
  if (pgloader === undefined) console.log("pgloader is not installed (apt install pgloader)");
  else figures.compare({ name: "pgloader_vs_copy", rows, ours: [pgloader], theirs: copy, of: "speed", goal: "", apart: true });
  await bench.drop();
}

/** --large-rows 5400000: a file of 2 GB, and one of 10 MB; both with a map, by one worker. */
export async function importMemory(cluster: Cluster, figures: Figures): Promise<void> {
  const peaks: number[] = [];
  const told: string[] = [];
  for (const rows of [27_000, new Arguments().number("large-rows", 5_400_000)]) {
    const bench = await ImportBench.prepare(cluster, rows);
    const { peakMb } = await bench.headgate(1, BY_LUA);
    peaks.push(peakMb);
    told.push(`${bench.megabytes.toFixed(0)} MB: ${peakMb.toFixed(1)}`);
    await bench.drop();
  }
  figures.add({ name: "import_peak_mb", value: Math.max(...peaks), goal: "≤ 32", detail: `resident in a worker, by the size of the file; ${told.join(", ")}` });
}
