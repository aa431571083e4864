/** A real Prometheus that scrapes one address, where Debian's package is installed. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { atExit } from "./cleanup";
import { temporary } from "./plan";
import { waitUntil } from "./wait";

/** Why Prometheus cannot run here; "" when it can. */
export const noPrometheus = spawnSync("prometheus", ["--version"]).status === 0 ? "" : "prometheus is not installed (optional: apt-get install prometheus)";

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

export interface Prometheus {
  url: string;
  stop(): Promise<void>;
}

/** Scrapes http://HOST/metrics each second; returns when it has done so once. */
export async function startPrometheus(host: string): Promise<Prometheus> {
  const folder = temporary("prometheus");
  const config = {
    global: { scrape_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: [{ job_name: "app", static_configs: [{ targets: [host] }] }],
  };
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config)); // JSON is YAML
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child: ChildProcess = spawn(
    "prometheus",
    [`--config.file=${join(folder, "prometheus.yml")}`, `--storage.tsdb.path=${join(folder, "data")}`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: "ignore" },
  );
  atExit(() => child.kill("SIGKILL"));
  await waitUntil("prometheus has scraped once", async () => {
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/api/v1/query?query=up`).catch(() => undefined);
    const body = answer?.ok ? ((await answer.json()) as { data: { result: { value: [number, string] }[] } }) : undefined;
    return body?.data.result[0]?.value[1] === "1";
  });
  return {
    url,
    stop: async () => {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGKILL");
      await ended;
    },
  };
}
