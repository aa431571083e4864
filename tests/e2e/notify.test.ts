/** Webhooks of headgate.yaml: gates, failures, breaches and ends are told, signed, at least once, and never twice without need. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const SECRET = "a shared secret of the team";
const PLANS: Record<string, string> = {
  good: `plan "good" { doc = "d", gate "keep" { approvers = "owner", ask = "Keep it?" } }`,
  bad: `plan "bad" { doc = "d", phase "p" { step "s" { up = "SELECT 1 / 0", down = "SELECT 1" } } }`,
};

interface Got {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  json: { kind?: string; run?: string; plan?: string; text: string; url?: string; hash?: string; seq?: string; heads?: { run: string; hash: string }[] };
}

/** A receiver that keeps what came and answers as it is told. */
class Receiver {
  got: Got[] = [];
  status = 200;
  private constructor(private readonly server: Server) {}

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on("request", (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const body = Buffer.concat(parts).toString();
        receiver.got.push({ path: request.url ?? "", headers: request.headers, body, json: JSON.parse(body) as Got["json"] });
        response.writeHead(receiver.status, request.url === "/redirects" ? { Location: "/elsewhere" } : {}).end();
      });
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return receiver;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  at(path: string): Got[] {
    return this.got.filter((one) => one.path === path);
  }
  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

let cluster: Cluster;
let receiver: Receiver;
let supervisor: Supervisor;
let database: string;
let folder: string;
before(async () => {
  cluster = await Cluster.start();
  receiver = await Receiver.start();
  database = await cluster.database();
  folder = writePlan({
    ...Object.fromEntries(Object.entries(PLANS).map(([name, lua]) => [`${name}/plan.lua`, lua])),
    "headgate.yaml": `version: 1
environments:
  test:
    approvers: { owner: [bob] }
    variables: { hook: "\${HOOK}", key: "\${HOOK_KEY}" }
    notify:
      team: { url: "\${hook}/team", secret: "\${key}" }
      chat: { url: "\${hook}/chat", on: [gate], format: slack }
      vault: { url: "\${hook}/vault", on: [heads] }
      moved: { url: "\${hook}/redirects", on: [done] }
`,
  });
  const env = { ...cluster.env(database), HOOK: receiver.url, HOOK_KEY: SECRET };
  supervisor = await Supervisor.start({ env, config: folder, plans: folder, environment: "test", people: ["alice", "bob"] });
});
after(async () => {
  await supervisor.stop();
  receiver.stop();
  await cluster.stop();
});

const seen = (path: string, kind: string, run: string) =>
  waitUntil(`${kind} of run ${run} is told to ${path}`, () => receiver.at(path).find(({ json }) => json.kind === kind && json.run === run), { timeoutMs: 40_000 });
const told = async (name: string): Promise<Record<string, unknown>[]> =>
  cluster.query(database, "SELECT run::int, seq::int, tries, problem FROM headgate.notice WHERE name = $1 AND run > 0 ORDER BY run", [name]);

test("a gate and the end of a run are told, signed, with a link; each once although the supervisor is killed in between", async () => {
  const [alice, bob] = [supervisor.as("alice"), supervisor.as("bob")];
  const { id } = await alice.startRun("good", "test");
  const gate = await seen("/team", "gate", id);
  assert.match(gate.json.text, /^run 1 \(good on test\): gate "keep" waits for 1 approval\(s\): Keep it\?$/);
  assert.equal(gate.json.url, `${supervisor.url}/runs/1/gates/keep`);
  const signed = createHmac("sha256", SECRET).update(`${gate.headers["x-headgate-timestamp"]}.${gate.body}`).digest("hex");
  assert.equal(gate.headers["x-headgate-signature"], `sha256=${signed}`);
  assert.ok(Math.abs(Number(gate.headers["x-headgate-timestamp"]) - Date.now() / 1000) < 120);
  const chat = await waitUntil("the chat knows it", () => receiver.at("/chat")[0]);
  assert.deepEqual(Object.keys(chat.json), ["text"]);
  assert.match(chat.json.text, /Keep it\?\nhttp:\/\/127\.0\.0\.1:\d+\/runs\/1\/gates\/keep$/);
  assert.equal(chat.headers["x-headgate-signature"], undefined, "no secret, no signature");

  await waitUntil("it is noted as told", async () => Number((await told("team"))[0]?.["seq"]) >= Number(gate.json.seq));
  await supervisor.stop("SIGKILL");
  const written = (): number => readFileSync(join(supervisor.known.home, "heads.ndjson"), "utf8").split("\n").filter((line) => /^\{"run": ?"1"/.test(line)).length;
  const before = written();
  await supervisor.restart();
  await waitUntil("the supervisor writes the head of a run that waits", () => written() > before);
  await bob.approve(id, "keep");
  const done = await seen("/team", "done", id);
  assert.match(done.json.text, /^run 1 \(good on test\) is done/);
  assert.equal(receiver.at("/team").filter(({ json }) => json.kind === "gate").length, 1, "a restart repeats nothing that was noted");
  assert.equal(receiver.at("/chat").length, 1, "the chat asked for gates only");
  const [head] = await cluster.query(database, "SELECT encode(hash, 'hex') AS hash FROM headgate.event WHERE run = 1 AND seq = $1", [done.json.seq]);
  assert.equal(done.json.hash, head?.["hash"], "the head of the audit chain at that entry");
  const keys = receiver.at("/team").map(({ headers }) => headers["idempotency-key"]);
  assert.equal(new Set(keys).size, keys.length);
  await waitUntil("the address that redirects is asked", () => receiver.at("/redirects").length > 0);
  assert.equal(receiver.at("/elsewhere").length, 0, "nobody follows a redirect");
});

test("a receiver that fails is tried again with the same key, and the run does not wait for it", async () => {
  const alice = supervisor.as("alice");
  receiver.status = 503;
  const { id } = await alice.startRun("bad", "test");
  await waitUntil("the run has failed and gone back", async () => ["rolled_back", "failed"].includes((await alice.run(id)).state));
  const first = await seen("/team", "failure", id);
  await waitUntil("it was tried again", () => receiver.at("/team").filter(({ json }) => json.kind === "failure" && json.run === id).length >= 3, { timeoutMs: 40_000 });
  const [row] = (await told("team")).filter(({ run }) => run === Number(id));
  assert.match(String(row?.["problem"]), /it answered with status 503/);
  receiver.status = 200;
  await waitUntil("it was taken", async () => (await told("team")).every(({ tries }) => tries === 0), { timeoutMs: 40_000 });
  const tries = receiver.at("/team").filter(({ json }) => json.kind === "failure" && json.run === id);
  assert.deepEqual(new Set(tries.map(({ headers }) => headers["idempotency-key"])), new Set([first.headers["idempotency-key"]]));
  assert.equal(new Set(tries.map(({ body }) => body)).size, 1);
  assert.match(first.json.text, /^run 2 \(bad on test\) is /);
  assert.match(supervisor.text, /webhook "team" of test does not take event \d+ of run 2 \(it answered with status 503\): it is tried again/);
  assert.ok(!supervisor.text.includes(SECRET) && !supervisor.text.includes(receiver.url), "addresses and secrets stay out of the log");
});

test("heads go out by the hour", async () => {
  await waitUntil("the first hour", () => receiver.at("/vault").length > 0);
  receiver.got = [];
  await cluster.query(database, "UPDATE headgate.notice SET next_at = now() WHERE name = 'vault' AND run = 0");
  const hour = await waitUntil("the next hour", () => receiver.at("/vault")[0]);
  const next = async () => (await cluster.query(database, "SELECT next_at > now() + interval '50 min' AS later FROM headgate.notice WHERE name = 'vault' AND run = 0"))[0]?.["later"];
  await waitUntil("the next one is an hour away", async () => (await next()) === true);
  const heads = await cluster.query(database, "SELECT id::text AS run, encode(head, 'hex') AS hash FROM headgate.run ORDER BY id");
  assert.deepEqual(hour.json.heads?.map(({ run, hash }) => ({ run, hash })), heads);
  const file = join(temporary("heads"), "heads.ndjson");
  writeFileSync(file, (hour.json.heads ?? []).map((head) => `${JSON.stringify(head)}\n`).join(""));
  const verified = await headgate(["audit", "verify", "--heads", file], { env: supervisor.env, cwd: folder });
  assert.equal(verified.code, 0, verified.text);
});

test("mistakes in headgate.yaml are named", async () => {
  const check = async (notify: string): Promise<string> => {
    const folder = writePlan({ "plan.lua": PLANS["good"] ?? "", "headgate.yaml": `version: 1\nenvironments:\n  test:\n    gates: auto\n    notify:\n      team: ${notify}\n` });
    return (await headgate(["check", folder, "-e", "test"])).text;
  };
  assert.match(await check("{ on: [gate] }"), /environments\.test\.notify\.team needs .*url/);
  assert.match(await check('{ url: "http://x", on: [gates] }'), /headgate\.yaml:6:\d+: .*on.* must be .*gate.*got "gates" \(did you mean gate\?\)/);
  assert.match(await check('{ url: "${nowhere}/x" }'), /headgate\.yaml:6:\d+: variable "nowhere" is not defined for test/);
});
