/** An application that writes all along and remembers what the server acknowledged. */
import type pg from "pg";
import type { Cluster } from "./cluster";

/** Tables for it: rows of its own, and a column of rows that a plan changes too. */
export const WRITES_SCHEMA = `
CREATE TABLE people (id bigint PRIMARY KEY, name text NOT NULL, visits integer NOT NULL DEFAULT 0);
INSERT INTO people SELECT n, 'person ' || n FROM generate_series(1, 1000) AS n;
CREATE TABLE diary (note text PRIMARY KEY);
`;

export class Writes {
  acknowledged = 0;
  private stopping = false;
  private readonly notes: string[] = [];
  private readonly visits = new Map<number, number>();
  private loop: Promise<void> = Promise.resolve();

  private constructor(
    private readonly cluster: Cluster,
    private readonly database: string,
  ) {}

  static start(cluster: Cluster, database: string): Writes {
    const writes = new Writes(cluster, database);
    writes.loop = writes.write();
    return writes;
  }

  /** Ends it and gives how many acknowledged writes are not there. A write without an answer may be there or not. */
  async lost(): Promise<number> {
    this.stopping = true;
    await this.loop;
    const there = new Set((await this.cluster.query(this.database, "SELECT note FROM diary")).map(({ note }) => String(note)));
    let lost = this.notes.filter((note) => !there.has(note)).length;
    for (const { id, visits } of await this.cluster.query(this.database, "SELECT id, visits FROM people")) {
      lost += Math.max(0, (this.visits.get(Number(id)) ?? 0) - Number(visits));
    }
    return lost;
  }

  private async write(): Promise<void> {
    let client: pg.Client | undefined;
    for (let n = 1; !this.stopping; n++) {
      try {
        client ??= await this.cluster.connect(this.database);
        const note = `note ${n}`;
        await answered(client.query("INSERT INTO diary VALUES ($1)", [note]));
        this.notes.push(note);
        const id = 1 + ((n * 7) % 1000);
        await answered(client.query("UPDATE people SET visits = visits + 1 WHERE id = $1", [id]));
        this.visits.set(id, (this.visits.get(id) ?? 0) + 1);
        this.acknowledged += 2;
        await new Promise((wake) => setTimeout(wake, 5));
      } catch {
        void client?.end().catch(() => undefined);
        client = undefined;
        await new Promise((wake) => setTimeout(wake, 50));
      }
    }
    await client?.end().catch(() => undefined);
  }
}

/** A server that is stopped must not stop the test. */
async function answered<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error("no answer")), 5000);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
