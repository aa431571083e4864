/** The canonical form of N events: the pure UPDATE of the same bytes, ours by Lua and by SQL, and the seed's own script. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { headgate } from "../lib/cli";
import type { Cluster } from "../lib/cluster";
import { canonicalPlan } from "../lib/paths";
import { writePlan } from "../lib/plan";
import { loadStory } from "../lib/story";

const FLOOR_ROWS = 5000;
const OFFSET_ROWS = 100; // as seed 001 says
const read = (path: string): string => readFileSync(join(canonicalPlan, path), "utf8");

const CONFIG = "version: 1\nenvironments:\n  bench: { gates: auto }\n";

/** workers undefined: as many as Headgate itself chooses. */
function plan(how: string, workers?: number): string {
  return writePlan({
    "headgate.yaml": CONFIG,
    "plan.lua": `
local normalize = require "normalize"
plan "bench" {
  doc = "The events of the main job, measured",
  phase "events" {
    backfill "events.canonical_event" {
      key = "id", where = "canonical_event IS NULL", keep = { "event_data" },${workers === undefined ? "" : ` workers = ${workers},`}
      sync = "application", one_way = "a copy that is thrown away",
      ${how}
    },
  },
}`,
    "normalize.lua": read("normalize.lua"),
  });
}

export const LUA = `columns = { "id", "integration_type", "event_type", "event_data", "created_at" },
      map = function(row) return { canonical_event = normalize(row) } end,`;

// As much of the canonical form as one expression says without a function of the plan's own.
export const SQL = `set = { canonical_event = [[jsonb_build_object(
        'event_id', id::text, 'provider', integration_type, 'provider_event_type', coalesce(event_type, 'unknown'),
        'timestamp', created_at, 'payload', event_data, 'normalized', jsonb_strip_nulls(jsonb_build_object(
          'meta.provider', integration_type,
          'meta.order_id', event_data -> 'id',
          'template.product_name', event_data #> '{line_items,0,title}',
          'template.price', event_data #> '{line_items,0,price}',
          'template.quantity', event_data #> '{line_items,0,quantity}',
          'template.currency', event_data -> 'currency',
          'template.customer_name', event_data #> '{customer,first_name}',
          'template.city', event_data #> '{shipping_address,city}')))]] },`;

export interface Measured {
  rows: number;
  seconds: number;
  perSecond: number;
}

export class BackfillBench {
  private constructor(
    private readonly cluster: Cluster,
    private readonly template: string,
    readonly rows: number,
  ) {}

  /** Loads the events and computes the bytes of the floor once; every measurement works on a copy. */
  static async prepare(cluster: Cluster, rows: number): Promise<BackfillBench> {
    const template = await cluster.database();
    await loadStory(cluster, template, rows, false);
    const client = await cluster.connect(template);
    await client.query("ALTER TABLE events ADD COLUMN canonical_event jsonb COMPRESSION lz4");
    const functions = read("sql/canonical_sync.sql").replace(/CREATE TRIGGER[\s\S]*$/, "");
    await client.query(functions);
    await client.query(
      `CREATE TABLE floor (id bigint PRIMARY KEY, canonical_event jsonb COMPRESSION lz4);
       INSERT INTO floor SELECT id, event_canonical(id, integration_type, event_type, created_at, event_data) FROM events`,
    );
    await client.query("VACUUM (ANALYZE, FREEZE)");
    await client.end();
    return new BackfillBench(cluster, template, rows);
  }

  /** The pure range UPDATE of precomputed bytes on one connection. */
  floor(): Promise<Measured> {
    return this.measure(async (client) => {
      for (let from = 0; from < this.rows; from += FLOOR_ROWS) {
        await client.query(
          `UPDATE events e SET canonical_event = f.canonical_event FROM floor f
            WHERE f.id = e.id AND e.id > ${from} AND e.id <= ${from + FLOOR_ROWS}
              AND f.id > ${from} AND f.id <= ${from + FLOOR_ROWS}`,
        );
      }
    });
  }

  /** Seed 001 without its bug: ordered, so that OFFSET misses nothing; one UPDATE a row. Plain Node. */
  offsetScript(): Promise<Measured> {
    return this.measure(async (client) => {
      for (let offset = 0; ; offset += OFFSET_ROWS) {
        const { rows } = await client.query<Record<string, unknown>>(
          `SELECT id, integration_type, event_type, event_data, created_at FROM events ORDER BY id LIMIT ${OFFSET_ROWS} OFFSET ${offset}`,
        );
        if (rows.length === 0) return;
        for (const row of rows) {
          await client.query("UPDATE events SET canonical_event = $1 WHERE id = $2", [JSON.stringify(canonical(row)), row["id"]]);
        }
      }
    });
  }

  /** headgate run; the time is that of the step in the ledger, worker start and last pass included. */
  async headgate(how: string, workers?: number): Promise<Measured> {
    const database = await this.copy();
    const folder = plan(how, workers);
    const run = await headgate(["run", folder, "-e", "bench", "--yes", "--quiet"], {
      env: this.cluster.env(database),
      timeoutMs: 600_000,
    });
    if (run.code !== 0) throw new Error(`headgate run: exit ${run.code}\n${run.text}`);
    const [step] = await this.cluster.query(
      database,
      `SELECT extract(epoch FROM finished_at - started_at)::float8 AS seconds,
              (SELECT sum(rows_changed)::int FROM headgate.cursor) AS rows
         FROM headgate.step WHERE kind = 'backfill'`,
    );
    if (step?.["rows"] !== this.rows) throw new Error(`${String(step?.["rows"])} rows of ${this.rows} were changed`);
    return this.finish(database, Number(step["seconds"]));
  }

  private async copy(): Promise<string> {
    const database = await this.cluster.database(this.template);
    await this.cluster.query(database, "CHECKPOINT");
    await this.cluster.query(database, "SELECT sum(length(event_data::text)) FROM events"); // the same warm start for all
    return database;
  }

  private async measure(work: (client: pg.Client) => Promise<void>): Promise<Measured> {
    const database = await this.copy();
    const client = await this.cluster.connect(database);
    const begun = process.hrtime.bigint();
    await work(client);
    const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
    await client.end();
    return this.finish(database, seconds);
  }

  private async finish(database: string, seconds: number): Promise<Measured> {
    const left = await this.cluster.query(database, "SELECT count(*)::int AS n FROM events WHERE canonical_event IS NULL");
    if (left[0]?.["n"] !== 0) throw new Error(`${String(left[0]?.["n"])} rows were left`);
    await this.cluster.drop(database);
    return { rows: this.rows, seconds, perSecond: this.rows / seconds };
  }
}

/** What a script of the seed's kind does with a row. */
function canonical(row: Record<string, unknown>): unknown {
  const data = (row["event_data"] ?? {}) as Record<string, unknown>;
  const item = (data["line_items"] as Record<string, unknown>[] | undefined)?.[0];
  const customer = data["customer"] as Record<string, unknown> | undefined;
  return {
    event_id: String(row["id"]),
    provider: row["integration_type"],
    provider_event_type: row["event_type"] ?? "unknown",
    timestamp: (row["created_at"] as Date).toISOString(),
    payload: data,
    normalized: {
      "template.product_name": item?.["title"],
      "template.price": item?.["price"],
      "template.customer_name": customer?.["first_name"],
      "meta.provider": row["integration_type"],
    },
  };
}
