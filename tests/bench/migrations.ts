/** Small migrations by headgate and by one psql process; and the re-run that has nothing to do, beside the least that such a run can be. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../lib/cluster";
import { headgateBinary, postgresBin } from "../lib/paths";
import { temporary, writePlan } from "../lib/plan";
import { compiled } from "./compile";
import { median, ratio } from "./figures";
import { settle } from "./run";

const CONFIG = "version: 1\nenvironments:\n  bench: { gates: auto }\n";

export const up = (n: number): string =>
  `CREATE TABLE t${n} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, at timestamptz DEFAULT now());\n` +
  `CREATE INDEX t${n}_name ON t${n} (name);\n`;

/** A plan of a folder with count migrations; first: what stands before their phase, a gate perhaps. */
export function migrationsPlan(count: number, config = CONFIG, first = ""): string {
  const files: Record<string, string> = { "headgate.yaml": config };
  for (let n = 1; n <= count; n++) {
    const number = String(n).padStart(4, "0");
    files[`sql/${number}_t.up.sql`] = up(n);
    files[`sql/${number}_t.down.sql`] = `DROP TABLE t${n};\n`;
  }
  files["plan.lua"] = `plan "migrations" {\n  doc = "Small migrations",\n${first}  phase "schema" { migrations "all" { dir = "sql" } },\n}\n`;
  return writePlan(files);
}

/** Milliseconds of a process, from before its start to after its end. */
export function timed(program: string, args: string[], env: Record<string, string>): number {
  const begun = process.hrtime.bigint();
  const run = spawnSync(program, args, { env: { ...process.env, ...env }, encoding: "utf8" });
  const ms = Number(process.hrtime.bigint() - begun) / 1e6;
  if (run.status !== 0) throw new Error(`${program} ${args.join(" ")}: exit ${run.status}\n${run.stdout}${run.stderr}`);
  return ms;
}

export async function mustHaveTables(cluster: Cluster, database: string, count: number): Promise<void> {
  const [tables] = await cluster.query(database, "SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public' AND tablename ~ '^t[0-9]'");
  if (tables?.["n"] !== count) throw new Error(`${String(tables?.["n"])} tables instead of ${count}`);
}

/** Milliseconds of one psql process, a transaction and a ledger row a migration. */
async function psqlOnce(cluster: Cluster, count: number): Promise<number> {
  const database = await cluster.database();
  const script = join(temporary("psql"), "all.sql");
  let text = "CREATE TABLE migrations (version int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());\n";
  for (let n = 1; n <= count; n++) text += `BEGIN;\n${up(n)}INSERT INTO migrations (version) VALUES (${n});\nCOMMIT;\n`;
  writeFileSync(script, text);
  await settle(cluster, database);
  const ms = timed(join(postgresBin, "psql"), ["-XqAt", "-v", "ON_ERROR_STOP=1", "-f", script], cluster.env(database));
  await mustHaveTables(cluster, database, count);
  return ms;
}

/** bench/minimal.c, compiled; undefined where libpq's headers are missing. */
function minimalProgram(): string | undefined {
  const flags = spawnSync("pkg-config", ["--cflags", "--libs", "libpq"], { encoding: "utf8" });
  return flags.status === 0 ? compiled(temporary("minimal"), "minimal", flags.stdout.trim().split(/\s+/)) : undefined;
}

interface Once {
  firstMs: number;
  againMs: number[];
  minimalMs: number[];
}

async function headgateOnce(cluster: Cluster, folder: string, count: number, minimal: string | undefined): Promise<Once> {
  const database = await cluster.database();
  const run = (): number => timed(headgateBinary, ["run", folder, "-e", "bench", "--yes", "--quiet"], cluster.env(database));
  await settle(cluster, database);
  const once: Once = { firstMs: run(), againMs: [], minimalMs: [] };
  await mustHaveTables(cluster, database, count);
  for (let i = 0; i < 7; i++) {
    once.againMs.push(run());
    if (minimal !== undefined) once.minimalMs.push(timed(minimal, [join(folder, "sql")], cluster.env(database)));
  }
  return once;
}

export interface Migrated {
  /** Medians. */
  psqlMs: number;
  headgateMs: number;
  /** headgate's to psql's, of the rounds. */
  against: ReturnType<typeof ratio>;
  noopMs: number;
  /** Of bench/minimal.c, in turn with the re-runs. */
  minimalMs: number | undefined;
}

/**
 * Medians; each round both, in turn the one and the other first. No database is dropped: for a minute ext4 gives no new file the inode
 * of one that was just deleted, and searches all of them for each file it makes, so that whoever came next paid for the one before.
 */
export async function measureMigrations(cluster: Cluster, count: number, times: number): Promise<Migrated> {
  const folder = migrationsPlan(count);
  const psql: number[] = [];
  const ours: number[] = [];
  const noop: number[] = [];
  const least: number[] = [];
  const minimal = minimalProgram();
  for (let i = 0; i < times; i++) {
    if (i % 2 === 0) psql.push(await psqlOnce(cluster, count));
    const { firstMs, againMs, minimalMs } = await headgateOnce(cluster, folder, count, minimal);
    if (i % 2 === 1) psql.push(await psqlOnce(cluster, count));
    ours.push(firstMs);
    noop.push(...againMs);
    least.push(...minimalMs);
    console.error(`round ${i + 1} of ${times}: ${count} files in ${firstMs.toFixed(0)} ms, one psql in ${(psql[i] as number).toFixed(0)} ms`);
  }
  return { psqlMs: median(psql), headgateMs: median(ours), against: ratio(ours, psql), noopMs: median(noop), minimalMs: least.length === 0 ? undefined : median(least) };
}
