/** 200 small migrations by headgate and by one psql process; and the re-run that has nothing to do. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { headgate } from "../lib/cli";
import type { Cluster } from "../lib/cluster";
import { postgresBin } from "../lib/paths";
import { temporary, writePlan } from "../lib/plan";
import { median } from "./figures";

const CONFIG = "version: 1\nenvironments:\n  bench: { gates: auto }\n";

const up = (n: number): string =>
  `CREATE TABLE t${n} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, at timestamptz DEFAULT now());\n` +
  `CREATE INDEX t${n}_name ON t${n} (name);\n`;

/** A plan of count steps; first: what stands before their phase, a gate perhaps. */
export function migrationsPlan(count: number, config = CONFIG, first = ""): string {
  const files: Record<string, string> = { "headgate.yaml": config };
  const steps: string[] = [];
  for (let n = 1; n <= count; n++) {
    const number = String(n).padStart(3, "0");
    files[`sql/${number}.up.sql`] = up(n);
    files[`sql/${number}.down.sql`] = `DROP TABLE t${n};\n`;
    steps.push(`    step "${number}" { up = file "sql/${number}.up.sql", down = file "sql/${number}.down.sql" },`);
  }
  files["plan.lua"] = `plan "migrations" {\n  doc = "Small migrations",\n${first}  phase "schema" {\n${steps.join("\n")}\n  },\n}\n`;
  return writePlan(files);
}

function timed(work: () => void): number {
  const begun = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - begun) / 1e6;
}

/** Milliseconds of one psql process, a transaction a migration. */
async function psqlOnce(cluster: Cluster, count: number): Promise<number> {
  const database = await cluster.database();
  const script = join(temporary("psql"), "all.sql");
  let text = "";
  for (let n = 1; n <= count; n++) text += `BEGIN;\n${up(n)}COMMIT;\n`;
  writeFileSync(script, text);
  const ms = timed(() => {
    const run = spawnSync(join(postgresBin, "psql"), ["-XqAt", "-v", "ON_ERROR_STOP=1", "-f", script], {
      env: { ...process.env, ...cluster.env(database) },
      encoding: "utf8",
    });
    if (run.status !== 0) throw new Error(`psql: ${run.stderr}`);
  });
  await cluster.drop(database);
  return ms;
}

async function headgateOnce(cluster: Cluster, folder: string, count: number): Promise<{ firstMs: number; againMs: number[] }> {
  const database = await cluster.database();
  const env = cluster.env(database);
  const run = async (): Promise<number> => {
    const begun = process.hrtime.bigint();
    const result = await headgate(["run", folder, "-e", "bench", "--yes", "--quiet"], { env });
    if (result.code !== 0) throw new Error(`headgate run: exit ${result.code}\n${result.text}`);
    return Number(process.hrtime.bigint() - begun) / 1e6;
  };
  const firstMs = await run();
  const tables = await cluster.query(database, "SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'");
  if (tables[0]?.["n"] !== count) throw new Error(`${String(tables[0]?.["n"])} tables instead of ${count}`);
  const againMs: number[] = [];
  for (let i = 0; i < 5; i++) againMs.push(await run());
  await cluster.drop(database);
  return { firstMs, againMs };
}

export async function measureMigrations(cluster: Cluster, count: number): Promise<{ psqlMs: number; headgateMs: number; noopMs: number }> {
  const folder = migrationsPlan(count);
  const psql: number[] = [];
  const ours: number[] = [];
  const noop: number[] = [];
  for (let i = 0; i < 3; i++) {
    psql.push(await psqlOnce(cluster, count));
    const { firstMs, againMs } = await headgateOnce(cluster, folder, count);
    ours.push(firstMs);
    noop.push(...againMs);
  }
  return { psqlMs: median(psql), headgateMs: median(ours), noopMs: median(noop) };
}
