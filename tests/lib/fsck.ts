/** The ledger's invariants, asked after a case. */
import { headgate } from "./cli";

export interface FsckFault {
  id: string;
  sentence: string;
  run: string | null;
  node: string;
  text: string;
  next: string;
}

/** What `headgate fsck` finds in the database that env names; cwd has the headgate.yaml with the environment. */
export async function fsck(env: Record<string, string>, cwd: string, environment: string): Promise<FsckFault[]> {
  const asked = await headgate(["fsck", "--json", "-e", environment], { env, cwd });
  if (asked.code !== 0 && asked.code !== 4) throw new Error(`headgate fsck: exit ${asked.code}\n${asked.text}`);
  const { faults } = JSON.parse(asked.stdout) as { faults: FsckFault[] };
  if ((asked.code === 4) !== faults.length > 0) throw new Error(`headgate fsck: exit ${asked.code} with ${faults.length} faults`);
  return faults;
}

/** The same as lines for a verdict; nothing when all is well. */
export async function fsckLines(env: Record<string, string>, cwd: string, environment: string): Promise<string[]> {
  return (await fsck(env, cwd, environment)).map(({ id, run, node, text }) => `fsck ${id}: run ${run ?? "-"} "${node}": ${text}`);
}
