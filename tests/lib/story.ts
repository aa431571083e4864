/** The story of seed 001 as data: its tables at any size and its simulated application. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import type { Cluster } from "./cluster";
import { canonicalPlan } from "./paths";

const sql = (name: string): string => readFileSync(join(canonicalPlan, "demo", name), "utf8");

export interface StoryConfigOptions {
  /** The metric error_rate, as SQL. */
  errorRate?: string;
  /** How long each stage is watched. */
  watch?: string;
  guardInterval?: string;
  /** Lines before the metrics. */
  targets?: string;
}

/** headgate.yaml of the story with windows as short as a test needs. Without an application its metrics would have no data. */
export function storyConfig(environment: string, options: StoryConfigOptions = {}): string {
  const watch = options.watch ?? "1s";
  return `
version: 1
${options.targets ?? ""}metrics:
  error_rate: { unit: percent, sql: "${options.errorRate ?? "SELECT 0.1"}" }
  response_time_p95: { unit: ms, sql: "SELECT 100" }
environments:
  ${environment}:
    approvers: { admin: [bob, dave], product: [carol] }
    watch: { 10: ${watch}, 50: ${watch}, 100: ${watch} }
    soak: ${watch}
    guard_interval: ${options.guardInterval ?? "250ms"}
    alerts:
      application:
        error_rate: > 1%
        response_time_p95: > 500ms
`;
}

/** The story's tables and rows. */
export function storySql(events: number): string {
  return sql("schema.sql") + sql("load.sql").replaceAll("{{events}}", String(events));
}

/** Fills an empty database with the story's tables; application: its log and functions too. */
export async function loadStory(cluster: Cluster, database: string, events: number, application = true): Promise<void> {
  const client = await cluster.connect(database);
  try {
    await client.query(storySql(events));
    if (application) await client.query(sql("application.sql"));
  } finally {
    await client.end();
  }
}

/** The application at work: ticks of requests on connections of its own until stop(). */
export class Application {
  ticks = 0;
  errors: string[] = [];
  private stopping = false;

  private constructor(
    private readonly clients: pg.Client[],
    private readonly loops: Promise<void>[],
  ) {}

  /** pauseMs lies between two ticks of a writer. seed tells one application's requests from another's. */
  static async start(
    cluster: Cluster,
    database: string,
    options: { writers?: number; requests?: number; pauseMs?: number; seed?: number } = {},
  ): Promise<Application> {
    const clients = await Promise.all(Array.from({ length: options.writers ?? 1 }, () => cluster.connect(database)));
    const application = new Application(clients, []);
    const loop = async (client: pg.Client, writer: number): Promise<void> => {
      for (let tick = 1; !application.stopping; tick++) {
        const number = (options.seed ?? 0) * 1_000_000_000 + writer * 1_000_000 + tick;
        try {
          await client.query("SELECT app_tick($1, $2)", [number, options.requests ?? 40]);
          application.ticks++;
        } catch (error) {
          application.errors.push(String(error));
          if (!(error instanceof pg.DatabaseError)) return; // the connection is gone
        }
        await new Promise((wake) => setTimeout(wake, options.pauseMs ?? 20));
      }
    };
    application.loops.push(...clients.map(loop));
    return application;
  }

  /** May be called again. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.loops);
    await Promise.all(this.clients.splice(0).map((client) => client.end()));
  }
}

/** What a run of the main job must leave behind, as text: equal text, equal content. */
export async function storyContent(cluster: Cluster, database: string): Promise<Record<string, string>> {
  const digest = async (name: string, query: string): Promise<[string, string]> => {
    const rows = await cluster.query(
      database,
      `SELECT count(*) || ' rows ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text)), '-') AS digest
         FROM (${query}) AS t`,
    );
    return [name, String(rows[0]?.["digest"])];
  };
  return Object.fromEntries([
    await digest("users", "SELECT * FROM users"),
    await digest("integrations", "SELECT * FROM integrations"),
    await digest("campaigns", "SELECT * FROM campaigns"),
    await digest("events", "SELECT * FROM events"),
    ...((await cluster.query(database, "SELECT to_regclass('feature_flags') IS NOT NULL AS there"))[0]?.["there"]
      ? [await digest("feature_flags", "SELECT name, description, enabled, rollout_percentage, metadata FROM feature_flags")]
      : []),
  ]);
}

/** The faults of a finished backfill: every query must find nothing. */
export const STORY_FAULTS: Record<string, string> = {
  "an event without its canonical form": "SELECT id FROM events WHERE canonical_event IS NULL",
  "a payload that is not the original":
    "SELECT id FROM events WHERE canonical_event -> 'payload' IS DISTINCT FROM event_data",
  "a payload whose text differs":
    "SELECT id FROM events WHERE (canonical_event -> 'payload')::text IS DISTINCT FROM event_data::text",
};
