/** `headgate verify RUN --json` as a test reads it. */
import { type CliResult, headgate } from "./cli";

export type Result = "pass" | "fail" | "open" | "recorded" | "past" | "unbound";

export interface Box {
  text: string;
  line: number;
  headings: string[];
  class: "automatic" | "metric" | "sign-off" | "unbound";
  result: Result;
  ticks: { path: string; kind: string; metric?: string; result: Result; text: string }[];
}

export interface Again {
  run: string;
  ok: boolean;
  items: { path: string; kind: string; result: Result; text: string }[];
  boxes: { counts: Record<string, number>; boxes: Box[] } | null;
}

/** 0 = all holds, 4 = something fails; anything else is an error of the test. */
export async function verifyAgain(
  run: string,
  at: { env: Record<string, string>; cwd: string; environment: string },
  ...args: string[]
): Promise<{ code: number; report: Again; shown: CliResult }> {
  const shown = await headgate(["verify", run, "-e", at.environment, "--json", ...args], { env: at.env, cwd: at.cwd });
  if (shown.code !== 0 && shown.code !== 4) throw new Error(`headgate verify ended with ${shown.code}: ${shown.text}`);
  return { code: shown.code, report: JSON.parse(shown.stdout) as Again, shown };
}
