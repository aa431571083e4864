/** Do tables hold the same: the digest of a wide table against the best query that somebody could write, and one row that differs among all. */
import { Arguments } from "../lib/arguments";
import { headgate } from "../lib/cli";
import type { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";
import { type Figures, rounds } from "./figures";
import { secondsOf } from "./run";

/** About 730 bytes of jsonb a row, as the server keeps it. */
const EVENTS = `CREATE TABLE event (id bigint PRIMARY KEY, kind text NOT NULL, shop text NOT NULL, at timestamptz NOT NULL, data jsonb NOT NULL);
  INSERT INTO event SELECT n, 'order', 'shop' || n % 100, timestamptz '2024-01-01 00:00:00+00' + n * interval '1 second',
    jsonb_build_object('id', n, 'items', jsonb_build_array(jsonb_build_object('title', md5(n::text), 'price', n % 100, 'quantity', 3)),
      'customer', jsonb_build_object('name', md5((n + 1)::text), 'mail', md5((n + 2)::text) || '@x'), 'note', repeat(md5(n::text), 14))
  FROM generate_series(1, $ROWS) AS n;
  CREATE TABLE copy (LIKE event INCLUDING ALL);
  INSERT INTO copy SELECT * FROM event`;

/** An id and two columns: of these the server compares as many in the time. Not logged: only reading them is measured. */
const NARROW = `CREATE UNLOGGED TABLE event (id bigint PRIMARY KEY, a int NOT NULL, b int NOT NULL);
  INSERT INTO event SELECT n, n % 1000, n / 7 FROM generate_series(1, $ROWS) AS n;
  CREATE UNLOGGED TABLE copy (LIKE event INCLUDING ALL);
  INSERT INTO copy SELECT * FROM event`;

/** Sound (docs/decisions/026-digests.md names what is not), and planned in parallel as the server likes. */
const BEST = `SELECT count(*), sum(hashtextextended(hash_record_extended(ROW(int8send(id), kind, shop, timestamptz_send(at), data::text), 0)::text, 0))
  FROM event`;

class DigestBench {
  private constructor(
    private readonly cluster: Cluster,
    private readonly template: string,
  ) {}

  static async prepare(cluster: Cluster, rows: number, tables = EVENTS): Promise<DigestBench> {
    const template = await cluster.database();
    await cluster.query(template, tables.replace("$ROWS", String(rows)));
    await cluster.query(template, "VACUUM (ANALYZE, FREEZE)");
    return new DigestBench(cluster, template);
  }

  async query(): Promise<number> {
    const client = await this.cluster.connect(this.template);
    await client.query("SET jit = off");
    const seconds = await secondsOf(() => client.query(BEST));
    await client.end();
    return seconds;
  }

  /** Seconds from the verify's start to its verdict. */
  async verify(checksums: string, holds = true): Promise<number> {
    const folder = writePlan({
      "headgate.yaml": "version: 1\nenvironments:\n  bench: { gates: auto }\n",
      "plan.lua": `plan "bench" { doc = "The same rows?", phase "p" { verify "v" { checksums = ${checksums} } } }`,
    });
    const run = await headgate(["run", folder, "-e", "bench", "--yes", "--quiet"], { env: this.cluster.env(this.template), timeoutMs: 1_800_000 });
    if ((run.code === 0) !== holds) throw new Error(`headgate run: exit ${run.code}\n${run.text}`);
    if (!holds && !/; \d+ differs\b/.test(run.text)) throw new Error(`the row was not named:\n${run.text}`);
    const [told] = await this.cluster.query(
      this.template,
      `SELECT extract(epoch FROM v.at - s.at)::float8 AS seconds
         FROM headgate.event AS v JOIN headgate.event AS s ON s.node = v.node AND s.type = 'step.state' AND s.data ->> 'to' = 'running'
        WHERE v.type = 'check.result'`,
    );
    await this.cluster.query(this.template, "DROP SCHEMA headgate CASCADE");
    return Number(told?.["seconds"]);
  }

  async change(id: number, how = `data = data || '{"id": 0}'`): Promise<void> {
    await this.cluster.query(this.template, `UPDATE copy SET ${how} WHERE id = $1`, [id]);
    await this.cluster.query(this.template, "VACUUM copy");
  }

  drop(): Promise<void> {
    return this.cluster.drop(this.template);
  }
}

const PAIR = '{ table = "event", equals = "copy" }';

/** The row that differs is there now: finding it against the passes that found none. */
async function findOne(bench: DigestBench, figures: Figures, { name, rows, same, times }: { name: string; rows: number; same: number[]; times: number }): Promise<void> {
  const [found = []] = await rounds(times, [() => bench.verify(PAIR, false)]);
  figures.compare({ name, rows, ours: found, theirs: same, of: "time", goal: "≤ 1.3", apart: true });
}

/** --digest-rows 1000000 */
export async function digests(cluster: Cluster, figures: Figures): Promise<void> {
  const options = new Arguments();
  const times = options.number("times", 3);
  const rows = options.number("digest-rows", 1_000_000);
  const bench = await DigestBench.prepare(cluster, rows);
  const [query = [], digest = [], same = []] = await rounds(times, [() => bench.query(), () => bench.verify('{ "event" }'), () => bench.verify(PAIR)]);
  figures.compare({ name: "digest_vs_best_query", rows, ours: digest, theirs: query, of: "time", goal: "≤ 1.1" });
  await bench.change(Math.floor(rows * 0.7));
  await findOne(bench, figures, { name: "drilldown_vs_digest", rows, same, times });
  await bench.drop();
}

/** --drilldown-rows 10000000: one row that differs among so many, against the pass that finds no difference. */
export async function drilldown(cluster: Cluster, figures: Figures): Promise<void> {
  const options = new Arguments();
  const times = options.number("times", 3);
  const rows = options.number("drilldown-rows", 10_000_000);
  const bench = await DigestBench.prepare(cluster, rows, NARROW);
  const [same = []] = await rounds(times, [() => bench.verify(PAIR)]);
  await bench.change(Math.floor(rows * 0.7), "b = b + 1");
  await findOne(bench, figures, { name: "drilldown_10m_vs_digest", rows, same, times });
  await bench.drop();
}
