/** A real HAProxy before two servers that say who they are, where Debian's package is installed. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { Agent, createServer, request, type Server } from "node:http";
import { createConnection } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { atExit } from "./cleanup";
import { temporary } from "./plan";
import { freePort } from "./prometheus";
import { waitUntil } from "./wait";

const binary = ["haproxy", "/usr/sbin/haproxy"].find((path) => spawnSync(path, ["-v"]).status === 0);

/** Why HAProxy cannot run here; "" when it can. */
export const noHaproxy = binary === undefined ? "haproxy is not installed (optional: apt-get install haproxy)" : "";

export interface Haproxy {
  socket: string;
  /** Sends so many requests, one after the other, each over a connection of its own, and counts who answered. */
  requests(count: number): Promise<Record<string, number>>;
  /** One command of the runtime API. */
  tell(command: string): Promise<string>;
  /** Ends the process and starts it again with its own configuration. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

function get(port: number): Promise<string> {
  return new Promise((done, fail) => {
    const asked = request({ port, host: "127.0.0.1", agent: new Agent({ keepAlive: false }) }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (part: string) => (body += part));
      answer.on("end", () => done(body));
    });
    asked.on("error", fail);
    asked.end();
  });
}

async function backend(name: string): Promise<{ server: Server; port: number }> {
  const server = createServer((_request, response) => void response.end(name));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return { server, port: (server.address() as AddressInfo).port };
}

function tell(socket: string, command: string): Promise<string> {
  return new Promise((done, fail) => {
    const connection = createConnection(socket, () => connection.write(`${command}\n`));
    let text = "";
    connection.setEncoding("utf8").on("data", (part: string) => (text += part));
    connection.on("end", () => done(text));
    connection.on("error", fail);
  });
}

/** Backend app: servers blue (weight 100) and green (weight 0). */
export async function startHaproxy(): Promise<Haproxy> {
  const folder = temporary("haproxy");
  const socket = join(folder, "admin.sock");
  const [blue, green, port] = [await backend("blue"), await backend("green"), await freePort()];
  writeFileSync(
    join(folder, "haproxy.cfg"),
    `global
  stats socket ${socket} level admin
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.0.1:${port}
  default_backend app
backend app
  balance roundrobin
  server blue 127.0.0.1:${blue.port} weight 100
  server green 127.0.0.1:${green.port} weight 0
`,
  );
  let child: ChildProcess;
  const begin = async (): Promise<void> => {
    const process = spawn(binary ?? "", ["-db", "-f", join(folder, "haproxy.cfg")], { stdio: "ignore" });
    child = process;
    atExit(() => process.kill("SIGKILL"));
    await waitUntil("haproxy answers", async () => {
      if (process.exitCode !== null) throw new Error(`haproxy ended with ${process.exitCode}`);
      return (await tell(socket, "show info").catch(() => "")) !== "";
    });
  };
  const end = async (): Promise<void> => {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
  };
  await begin();
  return {
    socket,
    requests: async (count) => {
      const counts: Record<string, number> = { blue: 0, green: 0 };
      for (let i = 0; i < count; i++) {
        const who = await get(port);
        counts[who] = (counts[who] ?? 0) + 1;
      }
      return counts;
    },
    tell: (command) => tell(socket, command),
    restart: async () => {
      await end();
      await begin();
    },
    stop: async () => {
      await end();
      blue.server.close();
      green.server.close();
    },
  };
}
