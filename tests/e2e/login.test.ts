/** Logging in with a password: set on the command line, guessed a thousand times, and how fast a right that has ended ends what it opened. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { helloPlan } from "../lib/paths";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const PASSWORD = "kettle moss lantern nine";
const GUESSES = 2000;
const CLOSED = 4401;

let cluster: Cluster;
let supervisor: Supervisor;
before(async () => {
  cluster = await Cluster.start();
  supervisor = await Supervisor.start({ env: cluster.env(await cluster.database()), config: helloPlan, plans: helloPlan, environment: "demo", people: ["alice", "bob", "carol", "dave"] });
});
after(async () => {
  await supervisor?.stop();
  await cluster?.stop();
});

const cli = (args: string[], input?: string) => headgate(args, { env: supervisor.env, cwd: helloPlan, ...(input === undefined ? {} : { input }) });

const setPassword = async (person: string, password: string): Promise<void> => {
  const set = await cli(["user", "passwd", person, "--stdin"], `${password}\n`);
  assert.equal(set.code, 0, set.text);
};

interface Answer {
  status: number;
  cookie: string;
  retryAfter: number;
  body: Record<string, unknown>;
}

/** POST /api/login from an address of this machine. */
function logIn(person: string, password: string, from = "127.0.0.1", headers: Record<string, string> = {}): Promise<Answer> {
  const { hostname, port } = new URL(supervisor.url);
  return new Promise((done, fail) => {
    const sent = request(
      { hostname, port, path: "/api/login", method: "POST", localAddress: from, agent: false, headers: { "Content-Type": "application/json", ...headers } },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part: string) => (text += part));
        answer.on("end", () =>
          done({
            status: answer.statusCode ?? 0,
            cookie: answer.headers["set-cookie"]?.[0] ?? "",
            retryAfter: Number(answer.headers["retry-after"] ?? 0),
            body: JSON.parse(text) as Record<string, unknown>,
          }),
        );
      },
    );
    sent.on("error", fail);
    const body = JSON.stringify({ person, password });
    sent.setHeader("Content-Length", Buffer.byteLength(body));
    sent.end(body);
  });
}

/** A stream that is being watched; says when and how it was closed. */
async function watched(headers: Record<string, string>): Promise<{ closed: Promise<{ code: number; at: number }>; end: () => void }> {
  const socket = new WebSocket(`${supervisor.url.replace("http", "ws")}/api/stream`, "headgate.v1", {
    headers: { Origin: supervisor.url, ...headers },
    perMessageDeflate: false,
  });
  const closed = new Promise<{ code: number; at: number }>((done) => socket.on("close", (code) => done({ code, at: performance.now() })));
  await new Promise<void>((done, fail) => {
    socket.once("message", () => done());
    socket.once("error", fail);
  });
  return { closed, end: () => socket.terminate() };
}

test("a password is set from standard input, and what cannot be one is refused", async () => {
  for (const [password, message] of [
    ["short", "at least 12 characters"],
    ["x".repeat(300), "at most 256 bytes"],
    ["zzzzzzzzzzzzzz", "the first that anybody would try"],
  ] as const) {
    const refused = await cli(["user", "passwd", "alice", "--stdin"], `${password}\n`);
    assert.equal(refused.code, 1, refused.text);
    assert.match(refused.stderr, new RegExp(message));
    assert.ok(!refused.text.includes(password));
  }
  assert.match((await cli(["user", "passwd", "alice", "--stdin"])).stderr, /no password was given/);
  assert.match((await cli(["user", "passwd", "nobody", "--stdin"], PASSWORD)).stderr, /there is no person "nobody"/);
  await setPassword("alice", PASSWORD);
  const people = JSON.parse((await cli(["user", "list", "--json"])).stdout) as { name: string; password: boolean }[];
  assert.deepEqual(people.filter(({ password }) => password).map(({ name }) => name), ["alice"]);
});

test("who has a password logs in with it, and gets a session made at that moment", async () => {
  const first = await logIn("alice", PASSWORD);
  assert.equal(first.status, 200);
  assert.equal(first.body["person"], "alice");
  assert.match(first.cookie, /^headgate_session=hgt_[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  const planted = first.cookie.split(";")[0]!;
  const second = await logIn("alice", PASSWORD, "127.0.0.1", { Cookie: planted });
  assert.equal(second.status, 200);
  const me = (cookie: string) => fetch(`${supervisor.url}/api/me`, { headers: { Cookie: cookie } }).then(({ status }) => status);
  assert.equal(await me(planted), 401);
  assert.equal(await me(second.cookie.split(";")[0]!), 200);
});

test("a thousand guesses are a handful of tries, and the victim logs in from elsewhere", async () => {
  const counts = new Map<number, number>();
  const guess = async (index: number): Promise<void> => {
    const { status, retryAfter } = await logIn("alice", `guess number ${index}`, "127.0.0.66");
    counts.set(status, (counts.get(status) ?? 0) + 1);
    assert.ok(status === 401 || retryAfter > 0);
  };
  for (let sent = 0; sent < GUESSES; sent += 50) await Promise.all(Array.from({ length: 50 }, (_, index) => guess(sent + index)));
  const tried = counts.get(401) ?? 0;
  assert.equal(tried + (counts.get(429) ?? 0) + (counts.get(503) ?? 0), GUESSES);
  assert.ok(tried >= 3 && tried <= 12, `${tried} guesses were looked at`);
  // a guess that is looked at makes its address wait, and for longer than the one before
  await waitUntil("another guess is looked at", async () => (await logIn("alice", "one more", "127.0.0.66")).status === 401, { timeoutMs: 150_000, everyMs: 100 });
  assert.equal((await logIn("alice", PASSWORD, "127.0.0.66")).status, 429);
  assert.equal((await logIn("alice", PASSWORD, "127.0.0.67")).status, 200);
  mergeFigures("dashboard.json", "login-guesses", { login_guesses: GUESSES, login_guesses_tried: tried, login_victim_locked_out: 0 });
});

test("log-out, another role, another password, a revoked token and disabling close streams within a second", async () => {
  await setPassword("bob", PASSWORD);
  const session = async (): Promise<{ Cookie: string; csrf: string }> => {
    const { cookie, body } = await logIn("bob", PASSWORD);
    return { Cookie: cookie.split(";")[0]!, csrf: String(body["csrf"]) };
  };
  const bearer = (person: string) => ({ Authorization: supervisor.as(person).authorization });
  const took: number[] = [];
  const ends = async (headers: Record<string, string>, act: () => Promise<unknown>): Promise<void> => {
    const stream = await watched(headers);
    // from the moment the command's statement can be seen: its process takes a while to start
    const done = act().then(() => performance.now());
    const { code, at } = await stream.closed;
    assert.equal(code, CLOSED);
    took.push(at - (await done));
  };
  const mine = await session();
  await ends({ Cookie: mine.Cookie }, () =>
    fetch(`${supervisor.url}/api/logout`, {
      method: "POST",
      headers: { Cookie: mine.Cookie, Origin: supervisor.url, "X-Headgate-CSRF": mine.csrf, "Content-Length": "0" },
    }),
  );
  await ends({ Cookie: (await session()).Cookie }, () => supervisor.must("user", "change", "bob", "--role", "operator"));
  await ends({ Cookie: (await session()).Cookie }, () => setPassword("bob", `${PASSWORD} ten`));
  const tokens = JSON.parse(await supervisor.must("token", "list", "--json")) as { id: string; person: string }[];
  await ends(bearer("carol"), () => supervisor.must("token", "revoke", tokens.find(({ person }) => person === "carol")!.id));
  await ends(bearer("dave"), () => supervisor.must("user", "disable", "dave"));
  const slowest = Math.max(...took);
  assert.ok(slowest < 1000, `closed after ${took.map(Math.round).join(", ")} ms`);
  mergeFigures("dashboard.json", "login-streams", { revoked_stream_closed_max_ms: Math.max(0, Math.round(slowest)) });
  assert.equal((await logIn("dave", PASSWORD)).status, 401);
  const refused = await fetch(`${supervisor.url}/api/me`, { headers: bearer("dave") });
  assert.equal(refused.status, 401);
});
