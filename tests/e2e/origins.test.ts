/** Who may speak to the server from where: Host and Origin by exact names, CSRF tokens, and nothing that a GET changes. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { ask, compose, type Headers, UPGRADE } from "../lib/raw";
import { logIn, type Served, serveGated, type Session, stateOf } from "../lib/served";

let cluster: Cluster;
let served: Served;
let session: Session;
let url: string;
let host: string;
let port: string;
before(async () => {
  cluster = await Cluster.start();
  served = await serveGated(cluster);
  session = await logIn(served.supervisor, "bob");
  ({ url } = served.supervisor);
  ({ host, port } = new URL(url));
});
after(async () => {
  await served.supervisor.stop();
  await cluster.stop();
});

/** Origins by whether they are ours; absent is undefined. */
function origins(): [origin: string | undefined, ours: boolean][] {
  const p = port;
  const foreign = [
    undefined,
    "",
    "null",
    "NULL",
    "*",
    "http://evil.example",
    "https://evil.example",
    `http://evil.example:${p}`,
    `http://127.0.0.1.evil.example:${p}`,
    `http://evil-127.0.0.1:${p}`,
    `http://localhost.evil.example:${p}`,
    `http://evillocalhost:${p}`,
    `http://sub.localhost:${p}`,
    `http://localhost.:${p}`,
    `https://127.0.0.1:${p}`,
    `https://localhost:${p}`,
    `ws://127.0.0.1:${p}`,
    `file://127.0.0.1:${p}`,
    `chrome-extension://127.0.0.1:${p}`,
    "http://127.0.0.1",
    "http://127.0.0.1:80",
    `http://127.0.0.1:${Number(p) + 1}`,
    `http://127.0.0.1:0${p}`,
    `http://127.0.0.1:${p}0`,
    `http://127.0.0.1:${p}/`,
    `http://127.0.0.1:${p}/path`,
    `http://127.0.0.1:${p}?`,
    `http://127.0.0.1:${p}#`,
    `http://user@127.0.0.1:${p}`,
    `http://127.0.0.1:${p}@evil.example`,
    `http://evil.example@127.0.0.1:${p}`,
    `http://127.1:${p}`,
    `http://2130706433:${p}`,
    `http://0x7f000001:${p}`,
    `http://0177.0.0.1:${p}`,
    `http://[::1]:${p}`,
    `http://[::ffff:127.0.0.1]:${p}`,
    `http://0.0.0.0:${p}`,
    `HTTP://127.0.0.1:${p}`,
    `http://LOCALHOST:${p}`,
    `http://ⅼocalhost:${p}`,
    `http://xn--localhost-9ya:${p}`,
    `http:/127.0.0.1:${p}`,
    `http//127.0.0.1:${p}`,
    `127.0.0.1:${p}`,
    `//127.0.0.1:${p}`,
    `http://127.0.0.1:${p} http://evil.example`,
    `http://127.0.0.1:${p}, http://evil.example`,
    `http://evil.example, http://127.0.0.1:${p}`,
    `http://127.0.0.1:${p}\thttp://evil.example`,
    `http://127.0.0.1%00.evil.example:${p}`,
    `http://127.0.0.1:${p}%2eevil.example`,
  ] as const;
  return [
    ...foreign.map((origin): [string | undefined, boolean] => [origin, false]),
    [`http://127.0.0.1:${p}`, true],
    [`http://localhost:${p}`, true],
  ];
}

const from = (origin: string | undefined): Headers => (origin === undefined ? [] : [["Origin", origin]]);

test("a page opens the stream only from our own origins", async () => {
  const all = origins();
  assert.ok(all.length >= 40);
  for (const [origin, ours] of all) {
    const reply = await ask(url, compose("GET", "/api/stream", [["Host", host], ["Cookie", session.cookie], ...from(origin), ...UPGRADE]));
    assert.equal(reply.status, ours ? 101 : 403, `Origin: ${origin} gave ${reply.status} ${reply.body}`);
  }
  const twice = [["Origin", url], ["Origin", "http://evil.example"]] as Headers;
  for (const both of [twice, [...twice].reverse()]) {
    const reply = await ask(url, compose("GET", "/api/stream", [["Host", host], ["Cookie", session.cookie], ...both, ...UPGRADE]));
    assert.equal(reply.status, 403, "two origins");
  }
});

test("a page posts only from our own origins, and only with the session's CSRF token", async () => {
  const before = await stateOf(served);
  for (const [origin, ours] of origins()) {
    const reply = await ask(url, compose("POST", "/api/runs", [["Host", host], ["Cookie", session.cookie], ["X-Headgate-CSRF", session.csrf], ...from(origin)], "{}"));
    assert.equal(reply.status, 403, `Origin: ${origin}`); // bob is a viewer: ours is refused for that alone
    assert.equal(/needs the role operator/.test(reply.body), ours, `Origin: ${origin} gave ${reply.body}`);
  }
  for (const csrf of [undefined, "", "x", session.csrf.slice(1), `${session.csrf}x`, session.csrf.split("").reverse().join("")]) {
    const headers: Headers = [["Host", host], ["Cookie", session.cookie], ["Origin", url]];
    if (csrf !== undefined) headers.push(["X-Headgate-CSRF", csrf]);
    const reply = await ask(url, compose("POST", "/api/logout", headers, "{}"));
    assert.equal(reply.status, 403, `CSRF token ${csrf}`);
  }
  assert.equal(await stateOf(served), before);
});

test("the server answers to its own names only", async () => {
  const p = port;
  const ours = [`127.0.0.1:${p}`, `localhost:${p}`, `LOCALHOST:${p}`];
  const others = [
    "evil.example", `evil.example:${p}`, "127.0.0.1", "localhost", `127.0.0.1:${Number(p) + 1}`, `127.0.0.1.evil.example:${p}`, `127.0.0.1:${p}.evil.example`,
    `[::1]:${p}`, `0.0.0.0:${p}`, `127.1:${p}`, `localhost.:${p}`, `sub.localhost:${p}`, `user@127.0.0.1:${p}`, `http://127.0.0.1:${p}`, `127.0.0.1:${p}/`, `127.0.0.1:${p},evil.example`,
    `127.0.0.1:${p} evil.example`,
  ];
  for (const name of [...ours, ...others]) {
    const good = ours.includes(name);
    for (const [path, more] of [["/", []], ["/api/me", []], ["/api/stream", UPGRADE]] as [string, Headers][]) {
      const reply = await ask(url, compose("GET", path, [["Host", name], ["Cookie", session.cookie], ["Origin", url], ...more]));
      assert.equal(reply.status, good ? (path === "/api/stream" ? 101 : 200) : 403, `Host: ${name} at ${path} gave ${reply.status}`);
    }
  }
  for (const [what, hosts] of [["no Host", []], ["two of them", [["Host", host], ["Host", "evil.example"]]]] as [string, Headers][]) {
    const reply = await ask(url, compose("GET", "/api/me", [...hosts, ["Cookie", session.cookie]]));
    assert.equal(reply.status, 400, what);
  }
  const absolute = await ask(url, compose("GET", "http://evil.example/api/me", [["Host", host], ["Cookie", session.cookie]]));
  assert.notEqual(absolute.status, 200, "an absolute address of another server");
});

/** Method and pattern of every address, as the program itself lists them. */
async function routes(): Promise<[method: string, path: string][]> {
  const { stdout } = await headgate(["docs", "routes"]);
  const found = [...stdout.matchAll(/^\| (GET|POST) \| `([^`]+)`/gm)].map((match): [string, string] => [match[1] as string, match[2] as string]);
  assert.ok(found.length > 15, stdout);
  return found.map(([method, path]) => [method, path.replace(":run", served.run).replace("*gate", "go").replace(/:[a-z]+/g, "1")]);
}

test("no GET changes anything", async () => {
  const before = await stateOf(served);
  const alice = served.supervisor.as("alice").authorization;
  for (const [, path] of await routes()) {
    for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"]) {
      for (const who of [["Cookie", session.cookie], ["Authorization", alice]] as Headers) {
        const length: Headers = method === "GET" || method === "HEAD" ? [] : [["Content-Length", "0"]];
        const reply = await ask(url, compose(method, `${path}?kind=abort&decision=approve&comment=x`, [["Host", host], who, ...length]));
        assert.ok(reply.status !== 201 && reply.status !== 202, `${method} ${path} gave ${reply.status}`);
      }
    }
  }
  assert.equal(await stateOf(served), before);
});

test("other sites' forms and scripts change nothing", async () => {
  const before = await stateOf(served);
  const gate = await served.supervisor.as("bob").gate(served.run, "go");
  const evil = "http://evil.example";
  let asked = 0;
  for (const [method, path] of await routes()) {
    if (method !== "POST" || path === "/api/login") continue;
    for (const origin of [evil, "null", undefined]) {
      for (const type of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/json"]) {
        for (const extra of [[], [["Sec-Fetch-Site", "cross-site"]], [["X-Headgate-CSRF", session.csrf], ["If-Match", `"${gate.digest}"`]]] as Headers[]) {
          if (origin === undefined && extra[0]?.[0] === "X-Headgate-CSRF" && type !== "application/json") continue;
          const body = type === "application/json" || type === "text/plain" ? '{"comment":"looks right","kind":"abort","why":"x"}' : "comment=x";
          const reply = await ask(
            url,
            compose("POST", path, [["Host", host], ["Cookie", session.cookie], ...from(origin), ["Content-Type", type], ["Content-Length", String(body.length)], ...extra]) + body,
          );
          asked++;
          assert.ok(reply.status >= 400 && reply.status < 500, `${path} from ${origin} as ${type} gave ${reply.status} ${reply.body}`);
        }
      }
    }
  }
  assert.ok(asked > 150);
  assert.equal(await stateOf(served), before);
  assert.equal((await served.supervisor.as("bob").gate(served.run, "go")).state, "open");
});
