/** A reverse proxy that has logged people in: its header is believed from its address and from nobody else's. */
import assert from "node:assert/strict";
import { type IncomingHttpHeaders, request } from "node:http";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { helloPlan } from "../lib/paths";
import { Supervisor } from "../lib/supervisor";

const PROXY = "127.0.0.9";
const HEADER = "X-Forwarded-User";

let cluster: Cluster;
let supervisor: Supervisor;
before(async () => {
  cluster = await Cluster.start();
  supervisor = await Supervisor.start({
    env: cluster.env(await cluster.database()), config: helloPlan, plans: helloPlan, environment: "demo", people: ["alice", "bob"],
    serve: ["--trust-header", HEADER, "--trusted-proxy", `${PROXY}/32,10.0.0.0/8`],
  });
});
after(async () => {
  await supervisor?.stop();
  await cluster?.stop();
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

function ask(from: string, method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Answer> {
  const { hostname, port } = new URL(supervisor.url);
  const text = body === undefined ? "" : JSON.stringify(body);
  return new Promise((done, fail) => {
    const sent = request(
      {
        hostname, port, path, method, localAddress: from, agent: false,
        headers: { ...headers, ...(method === "POST" ? { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) } : {}) },
      },
      (answer) => {
        let all = "";
        answer.setEncoding("utf8").on("data", (part: string) => (all += part));
        answer.on("end", () => done({ status: answer.statusCode ?? 0, headers: answer.headers, body: JSON.parse(all) as Record<string, unknown> }));
      },
    );
    sent.on("error", fail);
    sent.end(text);
  });
}

const logIn = (from: string, person: string, more: Record<string, string> = {}) =>
  ask(from, "POST", "/api/login", { [HEADER]: person, ...more }, { proxy: true });
const cookieOf = ({ headers }: Answer): string => headers["set-cookie"]?.[0]?.split(";")[0] ?? "";

/** The status of an upgrade: 101, or of the refusal; 4401 when it was closed after it. */
function upgrade(from: string, headers: Record<string, string>): Promise<number> {
  return new Promise((done) => {
    const socket = new WebSocket(`${supervisor.url.replace("http", "ws")}/api/stream`, "headgate.v1", {
      headers: { Origin: supervisor.url, ...headers }, localAddress: from, perMessageDeflate: false,
    });
    socket.on("message", () => {
      done(101);
      socket.terminate();
    });
    socket.on("close", (code) => done(code));
    socket.on("unexpected-response", (_, answer) => done(answer.statusCode ?? 0));
    socket.on("error", () => undefined);
  });
}

test("the proxy's word makes a session, for who exists", async () => {
  const refused = await ask(PROXY, "GET", "/api/me", { [HEADER]: "alice" });
  assert.equal(refused.status, 401);
  assert.equal(refused.body["proxy"], "alice", "the dashboard learns that it may log in");
  const entered = await logIn(PROXY, "alice");
  assert.equal(entered.status, 200);
  assert.equal(entered.body["person"], "alice");
  const me = await ask(PROXY, "GET", "/api/me", { [HEADER]: "alice", Cookie: cookieOf(entered) });
  assert.equal(me.body["role"], "operator");
  assert.equal(await upgrade(PROXY, { [HEADER]: "alice", Cookie: cookieOf(entered) }), 101);
  const nobody = await logIn(PROXY, "mallory");
  assert.equal(nobody.status, 403);
  assert.match(JSON.stringify(nobody.body), /there is no person .{2}mallory/);
  assert.equal((await ask(PROXY, "POST", "/api/login", {}, { proxy: true })).status, 401);
});

test("from any other address the header is refused, whatever it says", async () => {
  for (const from of ["127.0.0.1", "127.0.0.8"]) {
    for (const [method, path] of [["POST", "/api/login"], ["GET", "/api/me"], ["GET", "/api/runs"]] as const) {
      const refused = await ask(from, method, path, { [HEADER]: "alice" }, method === "POST" ? { proxy: true } : undefined);
      assert.equal(refused.status, 403, `${from} ${path}`);
      assert.equal(refused.headers["set-cookie"], undefined);
    }
    assert.equal(await upgrade(from, { [HEADER]: "alice", Authorization: supervisor.as("alice").authorization }), 403);
  }
  assert.equal((await ask("127.0.0.1", "GET", "/api/me", { Authorization: supervisor.as("bob").authorization })).status, 200);
  assert.equal((await ask("127.0.0.1", "POST", "/api/login", { "X-Forwarded-For": PROXY }, { proxy: true })).status, 401);
});

test("a session does not outlive the proxy's opinion of who somebody is", async () => {
  const cookie = cookieOf(await logIn(PROXY, "alice"));
  assert.equal((await ask(PROXY, "GET", "/api/me", { [HEADER]: "bob", Cookie: cookie })).status, 401);
  assert.equal(await upgrade(PROXY, { [HEADER]: "bob", Cookie: cookie }), 4401);
});

test("another site's page cannot log a browser in", async () => {
  assert.equal((await logIn(PROXY, "alice", { Origin: "https://evil.example" })).status, 403);
});

test("behind the proxy each client's guesses are its own", async () => {
  const guess = (client: string) => ask(PROXY, "POST", "/api/login", { "X-Forwarded-For": `6.6.6.6, ${client}` }, { person: "alice", password: "not that one" });
  const statuses: number[] = [];
  for (let index = 0; index < 30; index++) statuses.push((await guess("203.0.113.5")).status);
  assert.ok(statuses.filter((status) => status === 401).length <= 8, statuses.join(" "));
  assert.ok(statuses.filter((status) => status === 429).length >= 22, statuses.join(" "));
  assert.equal((await guess("203.0.113.6")).status, 401);
});

test("what cannot be trusted is refused at the start", async () => {
  for (const [args, message] of [
    [["--trust-header", HEADER], /--trust-header needs --trusted-proxy/],
    [["--trust-header", "Host", "--trusted-proxy", "::1"], /cannot be the header/],
    [["--trust-header", HEADER, "--trusted-proxy", "proxy"], /is not a network/],
  ] as const) {
    const refused = await headgate(["serve", "--listen", "127.0.0.1:0", ...args], { env: supervisor.env, cwd: helloPlan });
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, message);
  }
});
