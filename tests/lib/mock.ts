/** The mock server of web/mock in a process of its own, over a dashboard built for the test. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "./cleanup";
import { root } from "./paths";

/** Why the mock cannot run here; "" when it can. */
export const noMock = existsSync(join(root, "web/node_modules/ws")) ? "" : "web/node_modules is missing";

export interface Mock {
  url: string;
  /** The script of the dashboard's first load, gzipped, without what later pages fetch. */
  scriptKb: number;
  /** Tells the mock to do something (see the head of web/mock/server.mjs). */
  control(name: string, body?: object): Promise<void>;
  stop(): void;
}

let dashboard: { dist: string; scriptKb: number } | undefined;

/** Built once a process. */
function builtDashboard(): { dist: string; scriptKb: number } {
  if (dashboard) return dashboard;
  const dist = mkdtempSync(join(tmpdir(), "headgate-dist-"));
  atExit(() => rmSync(dist, { recursive: true, force: true }));
  const built = spawnSync(process.execPath, [join(root, "web/build.mjs"), "--out", dist], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`the dashboard cannot be built: ${built.stderr}`);
  return (dashboard = { dist, scriptKb: Number(/(\d+) bytes of script/.exec(built.stdout)![1]) / 1024 });
}

export async function startMock(at: string): Promise<Mock> {
  const { dist, scriptKb } = builtDashboard();
  const child: ChildProcess = spawn(process.execPath, [join(root, "web/mock/server.mjs"), "--port", "0", "--dist", dist, "--at", at], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  atExit(() => child.kill());
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.once("data", (line: Buffer) => resolve(/http:[^#\s]+/.exec(line.toString())![0]!.replace(/\/$/, "")));
    child.once("exit", (code) => reject(new Error(`the mock ended with ${code}`)));
  });
  const control = async (name: string, body: object = {}) => {
    const answer = await fetch(`${url}/mock/${name}`, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`mock: ${name}: ${await answer.text()}`);
  };
  return { url, scriptKb: Math.round(scriptKb * 10) / 10, control, stop: () => void child.kill() };
}
