// A HAProxy before two servers, blue with all the traffic and green with none, until the process that started it ends.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BINARY = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].find(existsSync);

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

const configuration = (socket, port, blue, green) => `global
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
  server blue 127.0.0.1:${blue} weight 100
  server green 127.0.0.1:${green} weight 0
`;

/** Gives { socket, url }; without the package haproxy the socket is a path where nothing is, and url is "". */
export async function startHaproxy(blue, green) {
  const folder = mkdtempSync(join(tmpdir(), "citadelbuy-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, "admin.sock");
  if (BINARY === undefined) return { socket, url: "" };
  const port = await freePort();
  writeFileSync(join(folder, "haproxy.cfg"), configuration(socket, port, blue, green));
  const child = spawn(BINARY, ["-db", "-f", join(folder, "haproxy.cfg")], { stdio: "ignore" });
  process.on("exit", () => child.kill("SIGKILL"));
  child.on("exit", (code) => {
    console.error(`haproxy has ended (${code})`);
    process.exit(1);
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(url).then(() => true, () => false))) await new Promise((again) => setTimeout(again, 20));
  return { socket, url };
}
