/** What the tests of plans/citadelbuy-schema share: the demo's service, which stands in for all that the plan speaks to. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths";
import type { BenchOptions, Service } from "./plan-bench";
import { startService } from "./service";

export const FOLDER = join(root, "plans/citadelbuy-schema");

/** What the demo's service told of itself. */
let told: Record<string, string> = {};

/** Application, build server, monitoring, chat, and a HAProxy where the package is installed. */
async function serve(env: Record<string, string>): Promise<Service> {
  const service = await startService(join(FOLDER, "demo/service.mjs"), env);
  told = service.env;
  return service;
}

/** Which version answers so many requests that come by HAProxy, each over a connection of its own. */
export async function requests(count: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = { blue: 0, green: 0 };
  for (let i = 0; i < count; i++) {
    const answer = await fetch(`${told["CITADELBUY_WEB"]}/version`, { headers: { Connection: "close" } });
    const { version } = (await answer.json()) as { version: string };
    counts[version] = (counts[version] ?? 0) + 1;
  }
  return counts;
}

/** What came to the webhooks. */
export async function messages(): Promise<{ to: string; text: string }[]> {
  return (await (await fetch(`${told["CITADELBUY_APP"]}/demo/messages`)).json()) as { to: string; text: string }[];
}

/** Makes one of the service's things, "metric/cpu_usage", something else from now on. */
export async function become(what: string, value: unknown): Promise<void> {
  const answer = await fetch(`${told["CITADELBUY_APP"]}/demo/is/${what}`, { method: "POST", body: JSON.stringify(value) });
  if (!answer.ok) throw new Error(`the service knows no ${what}`);
}

export const CITADELBUY: BenchOptions = {
  plan: "citadelbuy-schema",
  environment: "dev",
  people: ["alice", "bob", "carol", "dave", "erin", "frank"],
  prepare: (cluster, database) => cluster.query(database, readFileSync(join(FOLDER, "demo/schema.sql"), "utf8")).then(() => undefined),
  serve,
  limitMs: 180_000,
};
