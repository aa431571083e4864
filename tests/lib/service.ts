/** A plan's demo/service.mjs, which stands in for everything outside the database. */
import { spawn } from "node:child_process";
import { atExit } from "./cleanup";
import type { Service } from "./plan-bench";

/** Starts it; it prints its address, or its environment variables as JSON, in one line. address: the variable that names it. */
export async function startService(script: string, env: Record<string, string>, address = ""): Promise<Service> {
  const child = spawn(process.execPath, [script], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  atExit(() => child.kill());
  const line = await new Promise<string>((ready, fail) => {
    child.stdout?.once("data", (data: Buffer) => ready(data.toString().trim()));
    child.once("exit", (code) => fail(new Error(`${script} ended with ${code}`)));
  });
  const told = line.startsWith("{") ? (JSON.parse(line) as Record<string, string>) : { [address]: line };
  return { env: told, stop: async () => void child.kill() };
}
