/** The demo of the plan fluxstudio-import: a generated file store, and the application that serves it. */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import assert from "node:assert/strict";
import { atExit } from "./cleanup";
import type { Cluster } from "./cluster";
import { root } from "./paths";
import type { BenchOptions, Service } from "./plan-bench";
import { temporary } from "./plan";
import { waitUntil } from "./wait";

export const FOLDER = join(root, "plans/fluxstudio-import");

export interface Store {
  folder: string;
  /** How many there are, and how many of them cannot become rows. */
  records: number;
  good: number;
  bad: number;
}

export function generateStore(messages: number): Store {
  const folder = temporary("store");
  const counts = execFileSync(process.execPath, [join(FOLDER, "demo/generate.mjs"), folder, String(messages)], { encoding: "utf8" });
  return { folder, ...(JSON.parse(counts) as Omit<Store, "folder">) };
}

/** The demo's application with a store of its own. */
export class Application implements Service {
  /** Environment variables that the next command is given instead of the usual ones; see pretend. */
  instead: Record<string, string> = {};

  private constructor(readonly folder: string, readonly url: string, private readonly kill: () => void) {}

  static async start(store: Store, env: Record<string, string>): Promise<Application> {
    const folder = temporary("store");
    cpSync(store.folder, folder, { recursive: true, preserveTimestamps: true });
    const child = spawn(process.execPath, [join(FOLDER, "demo/app.mjs"), folder], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
    atExit(() => child.kill());
    const url = await new Promise<string>((ready, fail) => {
      child.stdout.once("data", (line: Buffer) => ready(line.toString().trim()));
      child.once("exit", (code) => fail(new Error(`the application ended with ${code}`)));
    });
    return new Application(folder, url, () => child.kill());
  }

  get env(): Record<string, string> {
    return { FLUX_APP: this.url, FLUX_STORE: this.folder, ...this.instead };
  }

  /** Who asks from now on is told those fields at that path, and the truth otherwise; `instead = {}` ends it. */
  async pretend(path: string, fields: Record<string, unknown>): Promise<void> {
    const front = createServer((request, response) => {
      void this.ask(request.method ?? "GET", request.url ?? "/").then(({ status, body }) => {
        response.writeHead(status, { "Content-Type": "application/json" });
        response.end(JSON.stringify(request.url === path ? { ...body, ...fields } : body));
      });
    });
    await new Promise<void>((listening) => front.listen(0, "127.0.0.1", listening));
    front.unref();
    this.instead = { FLUX_APP: `http://127.0.0.1:${(front.address() as AddressInfo).port}` };
  }

  async stop(): Promise<void> {
    this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await fetch(this.url + path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  async put(path: string, body: unknown): Promise<void> {
    const { status, body: answer } = await this.ask("PUT", path, body);
    assert.equal(status, 200, JSON.stringify(answer));
  }
}

/** A server that archives its WAL, and has done so. */
export async function archive(cluster: Cluster): Promise<void> {
  const archived = async (): Promise<boolean> => Number((await cluster.query("postgres", "SELECT archived_count AS n FROM pg_stat_archiver"))[0]?.["n"]) > 0;
  await cluster.query("postgres", "SELECT pg_logical_emit_message(false, 'test', 'something to archive')");
  await cluster.query("postgres", "SELECT pg_switch_wal()");
  await waitUntil("WAL is archived", archived);
}

/** Records that cannot become rows are left out. */
export function fluxstudio(store: Store): BenchOptions {
  return {
    plan: "fluxstudio-import",
    environment: "demo",
    people: ["alice", "bob", "carol", "dave", "erin"],
    settings: { archive_mode: "on", archive_command: "true" },
    prepare: archive,
    serve: (env) => Application.start(store, env),
    decide: ({ step }) => (step.startsWith("import ") ? { skip: true } : undefined),
  };
}
