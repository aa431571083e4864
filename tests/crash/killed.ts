/** What kill.ts disturbs: a plan with its database, what it must leave behind, and what goes on beside it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { start } from "../lib/cli";
import type { Cluster } from "../lib/cluster";
import { canonicalPlan, root } from "../lib/paths";
import { copyPlan, writeStore } from "../lib/plan";
import { random } from "../lib/random";
import { loadStory, STORY_FAULTS, storyConfig, storyContent } from "../lib/story";
import { type Victim, VICTIMS } from "../lib/strike";
import type { Supervisor } from "../lib/supervisor";
import { pause, waitUntil } from "../lib/wait";

export interface Killed {
  plan: string;
  /** Who may be killed. */
  among: Victim[];
  load(cluster: Cluster, database: string): Promise<void>;
  /** Equal text, equal content. */
  content(cluster: Cluster, database: string): Promise<Record<string, string>>;
  /** Every query must find nothing. */
  faults: Record<string, string>;
  /** What happens meanwhile, until over(). */
  beside?(supervisor: Supervisor, run: string, cluster: Cluster, database: string, over: () => boolean): Promise<void>;
}

/** The main job. The guards always have good data, because there is no application: its writes would differ. */
function story(events: number): Killed {
  return {
    plan: copyPlan(canonicalPlan, { "headgate.yaml": storyConfig("crash") }),
    among: VICTIMS,
    load: (cluster, database) => loadStory(cluster, database, events, false),
    content: storyContent,
    faults: STORY_FAULTS,
  };
}

// ------------------------------------------------------------------ rows

const RECORDS = 2_000;

/** Records of which some cannot be read, and some are refused by the server. */
function records(from: number, count: number, line: (id: number, name: string) => string): string {
  const lines = Array.from({ length: count }, (_, i) => line(from + i, `${(from + i) % 700 === 5 ? "bad" : "good"} ${from + i}`));
  return `${lines.join("\n")}\n`;
}

const rowsConfig = (store: string): string => `version: 1
targets:
  app:
    throttle: { metrics: { pressure: "> 100" } }
metrics:
  pressure: { sql: "SELECT pressure FROM app" }
stores:
  shop: { path: ${store} }
environments:
  crash:
    approvers: { owner: [bob] }
`;

/** A metric pauses all row work once, for a few seconds; a second pause would be longer. */
async function press(cluster: Cluster, database: string): Promise<void> {
  // A server that was killed answers again soon; its word must be that all is well.
  const set = (pressure: number): Promise<unknown> =>
    waitUntil(`the pressure is ${pressure}`, () => cluster.query(database, "UPDATE app SET pressure = $1 RETURNING 1", [pressure]).then(() => true, () => false));
  await pause(random() * 6_000);
  await set(900);
  await pause(2_500 + random() * 1_000); // one bad second alone does not pause
  await set(1);
}

/** A joined worker, and another when it dies. */
async function keepJoined(supervisor: Supervisor, run: string, cwd: string, over: () => boolean): Promise<void> {
  while (!over()) {
    const joined = start(["worker", run], { env: supervisor.env, cwd });
    while (joined.alive && !over()) await pause(50);
    joined.kill("SIGKILL");
    await joined.exited;
    await pause(200);
  }
}

async function rowsContent(cluster: Cluster, database: string): Promise<Record<string, string>> {
  const digest = async (sql: string): Promise<string> =>
    String((await cluster.query(database, `SELECT count(*) || ' rows ' || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '-') AS d FROM (${sql}) AS t`))[0]?.["d"]);
  return {
    goods: await digest("SELECT * FROM goods"),
    items: await digest("SELECT * FROM items"),
    queue: await digest("SELECT step, key, kind, reason, state FROM headgate.queued_row"),
    decisions: await digest("SELECT step, key, decision FROM headgate.decision"),
  };
}

function rows(): Killed {
  const ndjson = (id: number, name: string): string => (id % 900 === 11 ? `{"id": ${id}, "name": ` : JSON.stringify({ id, name }));
  const store = writeStore({
    "a.ndjson": records(1, 800, ndjson),
    "b.ndjson": records(801, 800, ndjson),
    "c.csv": `id,name\n${records(1601, RECORDS - 1600, (id, name) => `${id},${name}`)}`,
  });
  const plan = copyPlan(join(root, "tests/crash/plans/rows"), { "headgate.yaml": rowsConfig(store) });
  return {
    plan,
    among: [...VICTIMS, "worker", "joined"],
    load: async (cluster, database) => void (await cluster.query(database, readFileSync(join(plan, "setup.sql"), "utf8"))),
    content: rowsContent,
    faults: {
      "a row that was written twice": "SELECT id FROM goods WHERE times <> 1 UNION ALL SELECT id FROM items WHERE times > 1",
      "a record that is neither a row nor in the queue":
        `SELECT 1 FROM (SELECT count(*) AS n FROM goods) AS g, (SELECT count(*) AS n FROM headgate.queued_row WHERE step = 'rows/goods' AND state <> 'applied') AS q
        WHERE g.n + q.n <> ${RECORDS}`,
    },
    beside: async (supervisor, run, cluster, database, over) => {
      await Promise.all([press(cluster, database), keepJoined(supervisor, run, plan, over)]);
    },
  };
}

export const KILLED: Record<string, (events: number) => Killed> = { story, rows };
