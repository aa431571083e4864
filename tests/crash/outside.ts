/** What the plans of these tests do outside the database: a program and a server on loopback note it in a file of the case. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { atExit } from "../lib/cleanup";

const NAME = "effects";
let server: Promise<Server> | undefined;

/** The server notes what is sent to /HOME/… with its key, and takes everything. */
async function start(): Promise<Server> {
  const made = createServer((request, response) => {
    const [, home = "", ...path] = (request.url ?? "").split("/");
    const key = String(request.headers["idempotency-key"]);
    appendFileSync(join(decodeURIComponent(home), NAME), `${request.method} /${path.join("/")} ${key}\n`);
    request.resume().on("end", () => response.end("{}"));
  });
  await new Promise<void>((ready) => made.listen(0, "127.0.0.1", ready));
  made.unref();
  atExit(() => made.close());
  return made;
}

/** The variables that a plan's programs and requests need, for the case with this home. */
export async function outsideEnv(home: string): Promise<Record<string, string>> {
  server ??= start();
  const { port } = (await server).address() as AddressInfo;
  return { EFFECTS: join(home, NAME), SERVICE: `http://127.0.0.1:${port}/${encodeURIComponent(home)}` };
}

/** What was done at least once, and with how many keys: whoever is told twice must be able to see that it is the same. */
export function outsideEffects(home: string): string {
  const path = join(home, NAME);
  const keys = new Map<string, Set<string>>();
  for (const line of existsSync(path) ? readFileSync(path, "utf8").split("\n").filter((each) => each !== "") : []) {
    const at = line.lastIndexOf(" ");
    const what = line.slice(0, at);
    keys.set(what, (keys.get(what) ?? new Set()).add(line.slice(at + 1)));
  }
  return [...keys].map(([what, { size }]) => `${what}: ${size} key`).sort().join("\n");
}
