/** The canonical form of N events: ours by Lua and by SQL against the pure UPDATE of the same bytes, against plain SQL in batches of
 * one size, and against scripts of Node. The new column is compressed as the server does by default, for all alike. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { headgate } from "../lib/cli";
import type { Cluster } from "../lib/cluster";
import { canonicalPlan } from "../lib/paths";
import { writePlan } from "../lib/plan";
import { loadStory } from "../lib/story";
import { type Figures, median, rounds } from "./figures";
import { secondsOf, settle } from "./run";

const FLOOR_ROWS = 5000;
const OFFSET_ROWS = 100; // as seed 001 says
const KEYSET_ROWS = 1000;
const STATIC_ROWS = [100, 1000, 5000, 20_000];
const WORKERS = 2; // connections of the floors that are to have as many as we
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

const LUA = `columns = { "id", "integration_type", "event_type", "event_data", "created_at" },
      map = function(row) return { canonical_event = normalize(row) } end,`;

// As much of the canonical form as one expression says without a function of the plan's own.
const EXPRESSION = `jsonb_build_object(
        'event_id', id::text, 'provider', integration_type, 'provider_event_type', coalesce(event_type, 'unknown'),
        'timestamp', created_at, 'payload', event_data, 'normalized', jsonb_strip_nulls(jsonb_build_object(
          'meta.provider', integration_type,
          'meta.order_id', event_data -> 'id',
          'template.product_name', event_data #> '{line_items,0,title}',
          'template.price', event_data #> '{line_items,0,price}',
          'template.quantity', event_data #> '{line_items,0,quantity}',
          'template.currency', event_data -> 'currency',
          'template.customer_name', event_data #> '{customer,first_name}',
          'template.city', event_data #> '{shipping_address,city}')))`;
const SQL = `set = { canonical_event = [[${EXPRESSION}]] },`;

/** Every measurement gives its seconds. */
class BackfillBench {
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
    await client.query("ALTER TABLE events ADD COLUMN canonical_event jsonb");
    const functions = read("sql/canonical_sync.sql").replace(/CREATE TRIGGER[\s\S]*$/, "");
    await client.query(functions);
    await client.query(
      `CREATE TABLE floor (id bigint PRIMARY KEY, canonical_event jsonb);
       INSERT INTO floor SELECT id, event_canonical(id, integration_type, event_type, created_at, event_data) FROM events`,
    );
    await client.query("VACUUM (ANALYZE, FREEZE)");
    await client.end();
    return new BackfillBench(cluster, template, rows);
  }

  /** The pure range UPDATE of precomputed bytes. */
  floor(connections = 1, lz4 = false): Promise<number> {
    const update = (from: number, to: number): string =>
      `UPDATE events e SET canonical_event = f.canonical_event FROM floor f
        WHERE f.id = e.id AND e.id > ${from} AND e.id <= ${to} AND f.id > ${from} AND f.id <= ${to}`;
    return this.measure(this.ranges(FLOOR_ROWS, connections, update), lz4);
  }

  /** The same expression as SQL says, by ranges of one size. */
  staticRanges(size: number, connections: number): Promise<number> {
    const update = (from: number, to: number): string =>
      `UPDATE events SET canonical_event = ${EXPRESSION} WHERE id > ${from} AND id <= ${to} AND canonical_event IS NULL`;
    return this.measure(this.ranges(size, connections, update));
  }

  /** Each connection takes the next range until there are no more. */
  private ranges(size: number, connections: number, update: (from: number, to: number) => string) {
    return async (client: pg.Client, connect: () => Promise<pg.Client>): Promise<void> => {
      const clients = [client];
      while (clients.length < connections) clients.push(await connect());
      let next = 0;
      const take = async (one: pg.Client): Promise<void> => {
        while (next < this.rows) {
          const from = next;
          next += size;
          await one.query(update(from, from + size));
        }
      };
      await Promise.all(clients.map(take));
      await Promise.all(clients.slice(1).map((one) => one.end()));
    };
  }

  /** What a careful Node script does: pages by key, one UPDATE of arrays a page. */
  keysetScript(): Promise<number> {
    return this.measure(async (client) => {
      for (let last = "0"; ; ) {
        const { rows } = await client.query<Record<string, unknown>>(
          `SELECT id, integration_type, event_type, event_data, created_at FROM events WHERE id > $1 ORDER BY id LIMIT ${KEYSET_ROWS}`,
          [last],
        );
        if (rows.length === 0) return;
        const ids = rows.map((row) => String(row["id"]));
        await client.query(
          `UPDATE events AS e SET canonical_event = u.value FROM unnest($1::bigint[], $2::jsonb[]) AS u(id, value)
            WHERE e.id = u.id`,
          [ids, rows.map((row) => JSON.stringify(canonical(row)))],
        );
        last = ids[ids.length - 1] as string;
      }
    });
  }

  /** Seed 001 without its bug: ordered, so that OFFSET misses nothing; one UPDATE a row. Plain Node. */
  offsetScript(): Promise<number> {
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
  async headgate(how: string, workers?: number, lz4 = false): Promise<number> {
    const database = await this.copy(lz4);
    const folder = plan(how, workers);
    const run = await headgate(["run", folder, "-e", "bench", "--yes", "--quiet"], {
      env: this.cluster.env(database),
      timeoutMs: 3_600_000,
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

  private async copy(lz4: boolean): Promise<string> {
    const database = await this.cluster.database(this.template);
    if (lz4) await this.cluster.query(database, "ALTER TABLE events ALTER COLUMN canonical_event SET COMPRESSION lz4");
    await settle(this.cluster, database);
    await this.cluster.query(database, "SELECT sum(length(event_data::text)) FROM events"); // the same warm start for all
    return database;
  }

  private async measure(work: (client: pg.Client, connect: () => Promise<pg.Client>) => Promise<void>, lz4 = false): Promise<number> {
    const database = await this.copy(lz4);
    const client = await this.cluster.connect(database);
    const seconds = await secondsOf(() => work(client, () => this.cluster.connect(database)));
    await client.end();
    return this.finish(database, seconds);
  }

  private async finish(database: string, seconds: number): Promise<number> {
    const left = await this.cluster.query(database, "SELECT count(*)::int AS n FROM events WHERE canonical_event IS NULL");
    if (left[0]?.["n"] !== 0) throw new Error(`${String(left[0]?.["n"])} rows were left`);
    await this.cluster.drop(database);
    return seconds;
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

const size = (rows: number): string => (rows >= 1_000_000 ? `${rows / 1_000_000}m` : `${rows / 1000}k`);

/** Loaded once a cluster: several parts measure the same rows. */
const prepared = new Map<number, Promise<BackfillBench>>();
function prepare(cluster: Cluster, rows: number): Promise<BackfillBench> {
  const known = prepared.get(rows) ?? BackfillBench.prepare(cluster, rows);
  prepared.set(rows, known);
  return known;
}

/** Lua against the pure UPDATE of the same bytes, over one connection and over as many, and against a careful script. */
export async function measureBackfill(cluster: Cluster, figures: Figures, rows: number, times: number): Promise<void> {
  const bench = await prepare(cluster, rows);
  const [floor = [], ours = [], floors = [], keyset = []] = await rounds(times, [
    () => bench.floor(),
    () => bench.headgate(LUA),
    () => bench.floor(WORKERS),
    () => bench.keysetScript(),
  ]);
  const name = `backfill_lua_${size(rows)}`;
  figures.compare({ name: `${name}_vs_floor`, rows, ours, theirs: floor, of: "speed", goal: "≥ 1" });
  figures.compare({ name: `${name}_vs_same_workers_floor`, rows, ours, theirs: floors, of: "speed", goal: "≥ 0.65" });
  figures.compare({ name: `${name}_vs_node_keyset`, rows, ours, theirs: keyset, of: "speed", goal: "≥ 4.5" });
}

/** The same expression as SQL says, by ranges whose size Headgate finds, against the best of fixed sizes. Which is best is found in rounds of
 * its own: the best median of several that a disk moves by a third is a lucky one, and would not be reached by the same size again. */
export async function measureSet(cluster: Cluster, figures: Figures, rows: number, times: number): Promise<void> {
  const bench = await prepare(cluster, rows);
  const tried = await rounds(times, STATIC_ROWS.map((some) => () => bench.staticRanges(some, WORKERS)));
  const medians = tried.map(median);
  const best = STATIC_ROWS[medians.indexOf(Math.min(...medians))] as number;
  console.error(`static sizes: ${STATIC_ROWS.map((some, i) => `${some} ${medians[i]?.toFixed(1)} s`).join(", ")}`);
  const [ours = [], theirs = []] = await rounds(times, [() => bench.headgate(SQL), () => bench.staticRanges(best, WORKERS)]);
  figures.compare({ name: "backfill_set_vs_best_static", rows, ours, theirs, of: "speed", goal: "≥ 0.95" });
}

/** Lua against the pure UPDATE where the new column is compressed by lz4, as `plan` advises. */
export async function measureLz4(cluster: Cluster, figures: Figures, rows: number, times: number): Promise<void> {
  const bench = await prepare(cluster, rows);
  const [floor = [], ours = []] = await rounds(times, [() => bench.floor(1, true), () => bench.headgate(LUA, undefined, true)]);
  figures.compare({ name: `backfill_lua_${size(rows)}_lz4_vs_floor`, rows, ours, theirs: floor, of: "speed", goal: "" });
}

/** Lua against seed 001's script, over a tenth of the rows: it would take all day. It takes minutes even so, and is measured once. */
export async function measureOffset(cluster: Cluster, figures: Figures, rows: number, times: number): Promise<void> {
  const some = rows / 10;
  const bench = await prepare(cluster, some);
  const [ours = []] = await rounds(times, [() => bench.headgate(LUA)]);
  const theirs = [await bench.offsetScript()];
  figures.compare({ name: `backfill_lua_${size(some)}_vs_offset_script`, rows: some, ours, theirs, of: "speed", goal: "≥ 20", apart: true });
}
