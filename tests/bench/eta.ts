/** Does the interval hold the truth? Many short backfills, no two alike, while the machine does whatever it does. */
import { headgate } from "../lib/cli";
import type { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";
import { random } from "../lib/random";

interface Told {
  at: number;
  done: number;
  total: number;
  low: number;
  high: number;
}

/** Ways in which rows are not alike: not at all, here and there, towards the end, towards the beginning. */
const KINDS = ["steady", "uneven", "slower", "faster"] as const;
type Kind = (typeof KINDS)[number];

const TRIGGER: Record<Kind, string> = {
  steady: "PERFORM pg_sleep(0.0005)",
  uneven: "PERFORM pg_sleep(CASE WHEN abs(hashint4(NEW.id / 400)) % 4 = 0 THEN 0.002 ELSE 0.0003 END)",
  slower: "PERFORM pg_sleep(0.0003 + 0.0004 * NEW.id / total)",
  faster: "PERFORM pg_sleep(0.0007 - 0.0004 * NEW.id / total)",
};

const between = (least: number, most: number): number => Math.floor(least + random() * (most - least));

async function backfill(cluster: Cluster, kind: Kind, rows: number, batchMs: number): Promise<Told[]> {
  const database = await cluster.database();
  await cluster.query(
    database,
    `CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, upper text);
     INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, ${rows}) AS i;
     CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${TRIGGER[kind].replace("total", `${rows}.0`)}; RETURN NEW; END $$;
     CREATE TRIGGER slow BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION slow(); ANALYZE items`,
  );
  const plan = writePlan({
    "plan.lua": `plan "eta" { doc = "A backfill of its own speed", phase "fill" {
      backfill "items.upper" { where = "upper IS NULL", batch_time = "${batchMs}ms",
        map = function(row) return { upper = row.name:upper() } end } } }`,
  });
  const run = await headgate(["run", plan, "-e", "test", "--yes", "--quiet"], { env: cluster.env(database), timeoutMs: 300_000 });
  if (run.code !== 0) throw new Error(run.text);
  const events = await cluster.query(
    database,
    `SELECT extract(epoch FROM at)::float AS at, data FROM headgate.event WHERE type = 'step.progress' ORDER BY seq`,
  );
  await cluster.drop(database);
  return events.map(({ at, data }) => {
    const { done, total, eta_low_s: low, eta_high_s: high } = data as Record<string, number>;
    return { at: Number(at), done: done ?? 0, total: total ?? 0, low: low ?? -1, high: high ?? -1 };
  });
}

/** What was said when a share of the rows was done, and was it right? undefined: nothing was said any more. */
function judged(told: Told[], share: number): boolean | undefined {
  const end = told.find(({ done, total }) => done >= total)?.at;
  const said = told.find(({ done, total, high }) => done >= total * share && done < total && high >= 0);
  if (end === undefined || said === undefined) return undefined;
  const truth = end - said.at;
  return said.low <= truth && truth <= said.high;
}

export interface Coverage {
  percent: number;
  intervals: number;
  /** "steady 41 of 50, …" */
  detail: string;
}

/** Intervals of that many runs, said at a third and at two thirds of the rows, against when it was over. */
export async function measureEta(cluster: Cluster, runs: number): Promise<Coverage> {
  const of: Record<Kind, [held: number, all: number]> = { steady: [0, 0], uneven: [0, 0], slower: [0, 0], faster: [0, 0] };
  for (let i = 0; i < runs; i++) {
    const kind = KINDS[i % KINDS.length] as Kind;
    const told = await backfill(cluster, kind, between(4000, 12_000), between(50, 450));
    for (const held of [1 / 3, 2 / 3].map((share) => judged(told, share))) {
      if (held === undefined) continue;
      of[kind][0] += Number(held);
      of[kind][1] += 1;
    }
  }
  const [held, intervals] = Object.values(of).reduce(([a, b], [c, d]) => [a + c, b + d]);
  const detail = Object.entries(of).map(([kind, [right, all]]) => `${kind} ${right} of ${all}`).join(", ");
  return { percent: (held / intervals) * 100, intervals, detail };
}
