/** The plans of plans/ that migrate something, each with what it needs to run: for scripts that go through all of them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CITADELBUY } from "./citadelbuy";
import type { Cluster } from "./cluster";
import { fluxstudio, generateStore } from "./fluxstudio";
import { root } from "./paths";
import type { BenchOptions } from "./plan-bench";
import { startService } from "./service";
import { loadStory, storyConfig } from "./story";

export interface PlanCase {
  plan: string;
  /** Rows of the database before the migration at factor times the document's sizes, where the plan has any. */
  options(factor: number): BenchOptions;
  /** Where it goes to when it is to come back: a gate before what is one-way. Without one: to its end. */
  lastGate?: string;
}

const PEOPLE = ["alice", "bob", "carol", "dave", "erin", "frank"];
const folder = (plan: string, ...parts: string[]): string => join(root, "plans", plan, ...parts);

async function load(cluster: Cluster, database: string, plan: string, files: string[], values: Record<string, number> = {}): Promise<void> {
  for (const file of files) {
    let sql = readFileSync(folder(plan, "demo", file), "utf8");
    for (const [name, value] of Object.entries(values)) sql = sql.replaceAll(`{{${name}}}`, String(value));
    await cluster.query(database, sql);
  }
}

const HOUR_MS = 3_600_000;
const limit = (factor: number): number => (factor > 1 ? HOUR_MS : 180_000);

/** Plans that are not in the table, and why. */
const LEFT_OUT: Record<string, string> = {
  hello: "the quick start: every other test runs it",
  "feature-planner-removal": "removes for good what feature-planner-schema made; its test is in that plan's",
};

/** Plans of plans/ that somebody forgot here. */
export function forgottenPlans(): string[] {
  const known = new Set([...Object.keys(LEFT_OUT), ...PLANS.map(({ plan }) => plan)]);
  return readdirSync(join(root, "plans")).filter((name) => !known.has(name));
}

export const PLANS: PlanCase[] = [
  {
    plan: "feature-flag-schema",
    options: (factor) => ({
      plan: "feature-flag-schema",
      environment: "dev",
      people: PEOPLE,
      prepare: (cluster, database) => load(cluster, database, "feature-flag-schema", ["schema.sql"]),
      serve: (env) => startService(folder("feature-flag-schema", "demo/service.mjs"), env, "FEATURE_API"),
      limitMs: limit(factor),
    }),
  },
  {
    plan: "canonical-events",
    lastGate: "contract/remove-legacy",
    options: (factor) => ({
      plan: "canonical-events",
      environment: "test",
      people: PEOPLE,
      prepare: (cluster, database) => loadStory(cluster, database, 1005 * factor),
      files: { "headgate.yaml": storyConfig("test", { watch: "500ms" }) },
      limitMs: limit(factor),
    }),
  },
  {
    plan: "citadelbuy-schema",
    options: (factor) => ({ ...CITADELBUY, params: { rehearsal: factor }, limitMs: limit(factor) }),
  },
  {
    plan: "feature-planner-schema",
    options: (factor) => ({
      plan: "feature-planner-schema",
      environment: "dev",
      people: PEOPLE,
      prepare: async (cluster, database) => {
        await cluster.administer(database, "CREATE ROLE authenticated NOLOGIN"); // as it is there where the plan comes from
        await load(cluster, database, "feature-planner-schema", ["schema.sql", "load.sql"], { plans: 1000 * factor });
      },
      limitMs: limit(factor),
    }),
  },
  {
    plan: "fluxstudio-import",
    options: (factor) => ({ ...fluxstudio(generateStore(factor > 1 ? 10_000 * factor : 2000)), people: PEOPLE, limitMs: limit(factor) }),
  },
];

/** What that plan needs to run at factor times its document's sizes. */
export function planOptions(plan: string, factor = 1): BenchOptions {
  const found = PLANS.find((one) => one.plan === plan);
  if (found === undefined) throw new Error(`plans.ts has no plan ${plan}`);
  return found.options(factor);
}
