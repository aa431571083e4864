/** TLS by the server itself: what is served over it, what it refuses, the command line as its client, and where it starts at all. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import WebSocket from "ws";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { helloPlan } from "../lib/paths";
import { temporary } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { pause } from "../lib/wait";

const PASSWORD = "kettle moss lantern nine";

function hasOpenssl(): boolean {
  try {
    return execFileSync("openssl", ["version"], { stdio: "pipe" }).length > 0;
  } catch {
    return false;
  }
}
const skip = hasOpenssl() ? false : "no openssl command to make a certificate with";

let cluster: Cluster;
let plain: Supervisor;
let supervisor: Supervisor;
const folder = temporary("tls");
const path = (name: string): string => join(folder, name);
let ca: Buffer;

function certificate(name: string): { cert: string; key: string } {
  const cert = path(`${name}.pem`);
  const key = path(`${name}.key`);
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert], { stdio: "pipe" });
  chmodSync(key, 0o600);
  return { cert, key };
}

before(async () => {
  if (skip) return;
  const ours = certificate("ours");
  ca = readFileSync(ours.cert);
  cluster = await Cluster.start();
  const database = await cluster.database();
  const options = { env: cluster.env(database), config: helloPlan, plans: helloPlan, environment: "demo", people: ["alice"] };
  plain = await Supervisor.start(options);
  supervisor = await Supervisor.start({ ...options, known: plain.known, serve: ["--tls-cert", ours.cert, "--tls-key", ours.key] });
  const set = await headgate(["user", "passwd", "alice", "--stdin"], { env: plain.env, cwd: helloPlan, input: PASSWORD });
  assert.equal(set.code, 0, set.text);
});
after(async () => {
  await supervisor?.stop();
  await plain?.stop();
  await cluster?.stop();
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** slowly: reads a piece, then lets the sender wait. */
function ask(method: string, where: string, headers: Record<string, string> = {}, body = "", slowly = false): Promise<Answer> {
  return new Promise((done, fail) => {
    const sent = request(
      `${supervisor.url}${where}`,
      { method, ca, agent: new Agent({ maxCachedSessions: 0 }), headers: { ...headers, ...(body === "" ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) }) } },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => {
          parts.push(part);
          if (!slowly) return;
          answer.pause();
          void pause(20).then(() => answer.resume());
        });
        answer.on("end", () => done({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }));
        answer.on("error", fail);
      },
    );
    sent.on("error", fail);
    sent.end(body);
  });
}

const hash = (bytes: Buffer | ArrayBuffer): string => createHash("sha256").update(Buffer.from(bytes as ArrayBuffer)).digest("hex");

test("the dashboard and the API are the same as without TLS, byte by byte, for slow readers too", { skip }, async () => {
  assert.match(supervisor.url, /^https:\/\/127\.0\.0\.1:/);
  const page = (await ask("GET", "/")).body.toString();
  const files = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]!);
  assert.ok(files.length >= 2, page);
  for (const file of ["/", ...files]) {
    const expected = hash(await (await fetch(plain.url + file)).arrayBuffer());
    assert.equal(hash((await ask("GET", file)).body), expected, file);
    assert.equal(hash((await ask("GET", file, {}, "", true)).body), expected, `${file}, slowly`);
  }
  const me = await ask("GET", "/api/me", { Authorization: supervisor.as("alice").authorization });
  assert.equal(me.status, 200);
  assert.equal(me.headers["strict-transport-security"], "max-age=31536000");
  assert.equal((await fetch(`${plain.url}/`)).headers.get("strict-transport-security"), null);
});

test("many at once, and what follows a request does no harm", { skip }, async () => {
  const all = await Promise.all(Array.from({ length: 60 }, () => ask("GET", "/")));
  assert.ok(all.every(({ status }) => status === 200));
  const { hostname, port, host } = new URL(supervisor.url);
  const text = await new Promise<string>((done) => {
    const socket = connectTls({ host: hostname, port: Number(port), ca }, () => {
      socket.write(`GET /api/me HTTP/1.1\r\nHost: ${host}\r\n\r\nGET /api/me HTTP/1.1\r\nHost: ${host}\r\n\r\n${"x".repeat(100_000)}`);
    });
    let read = "";
    socket.on("data", (part: Buffer) => (read += part.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => done(read));
  });
  assert.equal(text.match(/HTTP\/1\.1 401/g)?.length, 1);
});

test("the cookie is bound to this host and to https", { skip }, async () => {
  const body = JSON.stringify({ person: "alice", password: PASSWORD });
  const { status, headers } = await ask("POST", "/api/login", { Origin: supervisor.url }, body);
  assert.equal(status, 200);
  const cookie = headers["set-cookie"]?.[0] ?? "";
  assert.match(cookie, /^__Host-headgate_session=hgt_[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/);
  const value = cookie.split(";")[0]!;
  assert.equal((await ask("GET", "/api/me", { Cookie: value })).status, 200);
  assert.equal((await ask("GET", "/api/me", { Cookie: value.replace("__Host-", "") })).status, 401);
  assert.equal((await ask("POST", "/api/login", { Origin: supervisor.url.replace("https", "http") }, body)).status, 403);
});

test("a stream over TLS says what one without says", { skip }, async () => {
  const socket = new WebSocket(`${supervisor.url.replace("https", "wss")}/api/stream`, "headgate.v1", {
    ca, perMessageDeflate: false, headers: { Authorization: supervisor.as("alice").authorization, Origin: supervisor.url },
  });
  const hello = await new Promise<string>((done, fail) => {
    socket.once("message", (frame: Buffer) => done(frame.toString()));
    socket.once("error", fail);
  });
  assert.match(hello, /"t": ?"hello".*alice/);
  socket.terminate();
});

test("TLS 1.2 and 1.3, nothing older, and no plain HTTP", { skip }, async () => {
  const { hostname, port } = new URL(supervisor.url);
  const protocol = (version: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3") =>
    new Promise<string>((done) => {
      const socket = connectTls(
        { host: hostname, port: Number(port), ca, minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" },
        () => {
          done(socket.getProtocol() ?? "");
          socket.destroy();
        },
      );
      socket.on("error", () => done("refused"));
    });
  assert.equal(await protocol("TLSv1.3"), "TLSv1.3");
  assert.equal(await protocol("TLSv1.2"), "TLSv1.2");
  assert.equal(await protocol("TLSv1.1"), "refused");
  assert.equal(await protocol("TLSv1"), "refused");
  const answer = await new Promise<string>((done) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(`GET / HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`));
    let text = "";
    socket.on("data", (part: Buffer) => (text += part.toString("latin1")));
    socket.on("error", () => done(text));
    socket.on("close", () => done(text));
  });
  assert.doesNotMatch(answer, /HTTP\/1\.1 200/);
});

test("the command line trusts the authority it is told, and sends no token in the clear", { skip }, async () => {
  const env = { ...plain.env, HEADGATE_TOKEN: plain.known.tokens.get("alice")! };
  const review = (...args: string[]) => headgate(["approve", "1", "no-gate", ...args], { env, cwd: helloPlan });
  assert.match((await review("--server", supervisor.url, "--ca-file", path("ours.pem"))).stderr, /the supervisor says 404/);
  assert.match((await review("--server", supervisor.url)).stderr, /certificate/);
  assert.match((await review("--server", "http://headgate.example:8080")).stderr, /is plain HTTP: your token could be read on the way/);
});

test("where it starts, and where it does not", { skip }, async () => {
  const ours = { cert: path("ours.pem"), key: path("ours.key") };
  const other = certificate("other");
  writeFileSync(path("open.key"), readFileSync(ours.key), { mode: 0o644 });
  chmodSync(path("open.key"), 0o644);
  writeFileSync(path("nonsense.pem"), "nonsense\n");
  const tls = ["--tls-cert", ours.cert, "--tls-key", ours.key];
  const STARTS: string[][] = [
    ["127.0.0.1:0"],
    ["127.0.0.1:0", ...tls],
    ["127.0.0.1:0", "--public-url", "https://headgate.example"],
    ["127.0.0.1:0", "--public-url", "http://localhost:8443"],
    ["127.0.0.1:0", ...tls, "--public-url", "https://headgate.example"],
  ]; // no test listens where others could reach it: that an https URL or TLS is enough there, the unit test of guard.c says
  const REFUSALS: [string[], RegExp][] = [
    [["0.0.0.0:0"], /can be reached by others, and this server speaks plain HTTP/],
    [["[::]:0"], /can be reached by others/],
    [["10.0.0.1:0"], /can be reached by others/],
    [["0.0.0.0:0", "--public-url", "http://headgate.example"], /is plain HTTP: passwords could be read on the way/],
    [["127.0.0.1:0", "--public-url", "http://headgate.example"], /is plain HTTP/],
    [["0.0.0.0:0", ...tls], /needs the name that browsers use/],
    [["127.0.0.1:0", "--tls-cert", ours.cert], /--tls-cert and --tls-key go together/],
    [["127.0.0.1:0", "--tls-key", ours.key], /--tls-cert and --tls-key go together/],
    [["127.0.0.1:0", "--tls-cert", "/nonexistent", "--tls-key", ours.key], /the certificate \/nonexistent: No such file/],
    [["127.0.0.1:0", "--tls-cert", path("nonsense.pem"), "--tls-key", ours.key], /nonsense\.pem cannot be used/],
    [["127.0.0.1:0", "--tls-cert", ours.cert, "--tls-key", path("nonsense.pem")], /may be read by everybody/],
    [["127.0.0.1:0", "--tls-cert", ours.cert, "--tls-key", path("open.key")], /may be read by everybody/],
    [["127.0.0.1:0", "--tls-cert", ours.cert, "--tls-key", other.key], /cannot be used with|is not that of/],
  ];
  for (const [args, message] of REFUSALS) {
    const refused = await headgate(["serve", "--listen", ...args], { env: plain.env, cwd: helloPlan, timeoutMs: 20_000 });
    assert.notEqual(refused.code, 0, args.join(" "));
    assert.notEqual(refused.code, null, `${args.join(" ")} started`);
    assert.match(refused.stderr, message);
  }
  for (const [address, ...serve] of STARTS) {
    const started = await Supervisor.prepare({ env: plain.env, config: helloPlan, plans: helloPlan, environment: "demo", people: [], known: plain.known, serve, listen: address! });
    await started.ensure();
    await started.stop();
  }
  mergeFigures("dashboard.json", "start-matrix", { start_matrix_cases: STARTS.length + REFUSALS.length, start_matrix_wrong: 0 });
});
