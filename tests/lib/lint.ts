/** What `headgate check` reports about plans. */
import { headgate } from "./cli";

export interface Finding {
  file: string;
  line: number;
  rule: string;
  level: "error" | "warning" | "note";
  path: string;
  text: string;
  advice: string;
  /** The plan's reason. */
  allowed?: string;
}

interface Checked {
  plan: string;
  ok: boolean;
  error?: { message: string };
  warnings: Finding[];
}

/** As many as one command takes. */
const MOST = 16;

async function check(folders: string[], environment: string): Promise<Finding[][]> {
  const result = await headgate(["check", ...folders, "-e", environment, "--json"], { env: { PGHOST: "/nonexistent" } });
  const checked = JSON.parse(result.stdout) as Checked[];
  return checked.map((each) => {
    if (each.error !== undefined) throw new Error(`${each.plan}: ${each.error.message}`);
    return each.warnings;
  });
}

/** The findings of each folder, in their order; throws when one does not load. */
export async function findingsOfEach(folders: string[], environment = "test"): Promise<Finding[][]> {
  const parts: Finding[][] = [];
  for (let i = 0; i < folders.length; i += MOST) parts.push(...(await check(folders.slice(i, i + MOST), environment)));
  return parts;
}

export async function findingsOf(folder: string, environment = "test"): Promise<Finding[]> {
  const [found] = await findingsOfEach([folder], environment);
  return found ?? [];
}
