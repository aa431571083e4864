/** What a run that did not end looked like at that moment: for people, printed beside the verdict. */
import type { Cluster } from "../lib/cluster";
import { processesOf } from "../lib/processes";
import type { Supervisor } from "../lib/supervisor";

const QUESTIONS: Record<string, string> = {
  run: "SELECT state, reason, node, direction, version, state_since FROM headgate.run WHERE id = $1",
  lease: "SELECT *, until - clock_timestamp() AS remaining FROM headgate.lease l WHERE run = $1",
  gates: "SELECT * FROM headgate.gate WHERE run = $1 ORDER BY 2",
  steps: "SELECT * FROM headgate.step WHERE run = $1 AND state <> 'done'",
  events: "SELECT seq, at, type, node, data FROM headgate.event WHERE run = $1 ORDER BY seq DESC LIMIT 12",
};
const SESSIONS =
  "SELECT pid, application_name, state, wait_event, clock_timestamp() - state_change AS since, left(query, 80) AS query " +
  "FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()";

/** Prints rows of the ledger, sessions, processes and the end of the supervisor's output. */
export async function explain(cluster: Cluster, database: string, run: string, supervisor: Supervisor): Promise<void> {
  const show = async (title: string, sql: string, parameter: string): Promise<void> => {
    const rows = await cluster.query(database, sql, [parameter]).catch((error: Error) => [{ error: error.message }]);
    console.log(`  ${title}:`);
    for (const row of rows) console.log(`    ${JSON.stringify(row)}`);
  };
  for (const [title, sql] of Object.entries(QUESTIONS)) await show(title, sql, run);
  await show("sessions", SESSIONS, database);
  console.log(`  processes: ${processesOf(supervisor.known.home).map(({ pid, command }) => `${command} ${pid}`).join(", ")}`);
  console.log(supervisor.text.split("\n").slice(-25).map((line) => `  | ${line}`).join("\n"));
}
