/** Effects outside the database: programs, requests, messages; at least once, asked about, taken back. */
import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { type CliResult, headgate, start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";
import { hasEnded, killNow, processesOf } from "../lib/processes";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

interface Received {
  method: string;
  url: string;
  body: string;
  headers: IncomingMessage["headers"];
}

const TOKEN = "s3cret-token-of-the-chat";
let cluster: Cluster;
let service: Server;
let address = "";
let received: Received[] = [];

before(async () => {
  cluster = await Cluster.start();
  service = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => (body += part));
    request.on("end", () => {
      received.push({ method: request.method ?? "", url: request.url ?? "", body, headers: request.headers });
      response.statusCode = request.url === "/broken" ? 500 : 200;
      response.end(JSON.stringify({ status: "ok", items: [{ count: 7 }], token: TOKEN }));
    });
  });
  await new Promise<void>((ready) => service.listen(0, "127.0.0.1", ready));
  address = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
});
after(async () => {
  service.close();
  await cluster.stop();
});

const CONFIG = `
version: 1
variables:
  service: \${SERVICE}
  token: \${CHAT_TOKEN}
environments:
  test: { gates: auto, approvers: { admin: [bob, dave] } }
`;

interface Stage {
  folder: string;
  database: string;
  home: string;
  env: Record<string, string>;
  /** A file outside of the plan's folder that programs write to. */
  notes: string;
}

async function prepare(plan: string, files: Record<string, string> = {}): Promise<Stage> {
  const database = await cluster.database();
  const home = temporary("home");
  const notes = join(temporary("notes"), "notes");
  const folder = writePlan({ "headgate.yaml": CONFIG, "plan.lua": plan.replaceAll("@NOTES@", notes), ...files });
  received = [];
  const env = { ...cluster.env(database), HEADGATE_HOME: home, SERVICE: address, CHAT_TOKEN: TOKEN };
  return { folder, database, home, env, notes };
}

function must(result: CliResult, code = 0): CliResult {
  assert.equal(result.code, code, result.text);
  return result;
}

const run = (stage: Stage): Promise<CliResult> => headgate(["run", stage.folder, "-e", "test", "--yes"], { env: stage.env });
const ask = (stage: Stage, ...args: string[]): Promise<CliResult> =>
  headgate([...args, "-e", "test"], { env: stage.env, cwd: stage.folder });
const lines = (stage: Stage): string[] =>
  existsSync(stage.notes) ? readFileSync(stage.notes, "utf8").split("\n").filter((line) => line !== "") : [];

const NOTE = "#!/bin/sh\necho \"$1 ${2-} $HEADGATE_IDEMPOTENCY_KEY ${SECRET-}\" >> \"$NOTES\"\necho \"said ${SECRET-}\"\n";

const PLAN = `
plan "outside" {
  doc = "Everything that acts outside the database",
  phase "out" {
    exec "program" {
      argv = { "bin/note.sh", "up", "a b;c" }, env = { NOTES = "@NOTES@", SECRET = "\${token}" },
      done = { exec = { "grep", "-q", "^up", "@NOTES@" } },
      undo = { exec = { "bin/note.sh", "down" } },
    },
    http "request" {
      url = "\${service}/things", body = [[{"name": "x"}]], headers = { Authorization = "Bearer \${token}" },
      undo = { http = { method = "DELETE", url = "\${service}/things/x" } },
    },
    notify "message" { url = "\${service}/chat?token=\${token}" },
    verify "answer" { http = { url = "\${service}/health", status = 200, pointer = "/items/0/count" }, at_least = 7 },
    soak "a moment" { lasts = "200ms" },
  },
}`;

test("programs, requests and messages: done once, with keys, and taken back", async () => {
  const stage = await prepare(PLAN, { "bin/note.sh": NOTE });
  must(await run(stage));
  const up = lines(stage);
  assert.equal(up.length, 1);
  assert.match(up[0] ?? "", /^up a b;c headgate-[0-9a-f]{40} s3cret/, "no shell between plan and program");
  assert.deepEqual(received.map((request) => `${request.method} ${request.url}`), [
    "POST /things",
    `POST /chat?token=${TOKEN}`,
    "GET /health",
  ]);
  assert.equal(received[0]?.headers.authorization, `Bearer ${TOKEN}`);
  assert.match(String(received[0]?.headers["idempotency-key"]), /^headgate-[0-9a-f]{40}$/);
  assert.deepEqual(JSON.parse(received[1]?.body ?? ""), { text: "message", plan: "outside", run: "1", environment: "test" });

  must(await ask(stage, "rollback", "1"));
  assert.equal(lines(stage)[1]?.split(" ")[0], "down");
  assert.equal(received.at(-1)?.method, "DELETE");
  assert.notEqual(received.at(-1)?.headers["idempotency-key"], received[0]?.headers["idempotency-key"]);
});

test("secrets are in no table, and in nothing that is printed", async () => {
  const stage = await prepare(PLAN, { "bin/note.sh": NOTE });
  const result = must(await run(stage));
  assert.ok(!result.text.includes(TOKEN), result.text);
  const dump = cluster.ledger(stage.database);
  assert.ok(dump.includes("note.sh"), "the ledger was dumped");
  assert.ok(!dump.includes(TOKEN), "a secret stands in the ledger");
});

test("a program that fails fails the step; retry does it again with the same key", async () => {
  const stage = await prepare(
    `plan "p" { doc = "d", phase "f" {
       exec "flaky" { argv = { "bin/flaky.sh" }, env = { NOTES = "@NOTES@" }, no_effect = "a test" },
     } }`,
    { "bin/flaky.sh": '#!/bin/sh\necho "$HEADGATE_IDEMPOTENCY_KEY" >> "$NOTES"\necho "cannot do it" >&2\n[ $(wc -l < "$NOTES") -gt 1 ]\n' },
  );
  const failed = must(await run(stage), 1);
  assert.match(failed.text, /exit code 1: cannot do it/);
  must(await ask(stage, "retry", "1"));
  const keys = lines(stage);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
});

test("a program that runs too long is killed with its children", async () => {
  const stage = await prepare(
    `plan "p" { doc = "d", phase "f" { exec "slow" { argv = { "sh", "-c", "sleep 600 & wait" }, timeout = "300ms", no_effect = "a test" } } }`,
  );
  const failed = must(await run(stage), 1);
  assert.match(failed.text, /ran longer than 300ms and was killed/);
});

/** As if its 10 s had passed. */
const leaseExpires = (stage: Stage): Promise<unknown> =>
  cluster.query(stage.database, "UPDATE headgate.lease SET until = clock_timestamp() - interval '1 second'");

/** Starts the run, and kills runner and parent while the program waits for a file that is not there. */
async function dieInside(more: string): Promise<Stage> {
  const stage = await prepare(
    `plan "p" { doc = "d", phase "f" {
       exec "slow" { argv = { "bin/slow.sh" }, env = { NOTES = "@NOTES@" }, undo = { exec = { "bin/undo.sh" } }, ${more} },
     } }`,
    {
      "bin/slow.sh": '#!/bin/sh\necho begun >> "$NOTES"\nwhile [ ! -e "$NOTES.go" ]; do sleep 0.05; done\necho ended >> "$NOTES"\n',
      "bin/undo.sh": '#!/bin/sh\necho undone >> "$NOTES"\n',
    },
  );
  const first = start(["run", stage.folder, "-e", "test", "--yes"], { env: stage.env });
  await waitUntil("the program is at work", () => lines(stage).length === 1);
  const killed = processesOf(stage.home).map(({ pid }) => pid);
  for (const pid of killed) killNow(pid);
  await waitUntil("runner and parent have ended", () => killed.every(hasEnded));
  await first.exited;
  await leaseExpires(stage);
  appendFileSync(`${stage.notes}.go`, "");
  return stage;
}

test("a runner dies inside: the probe says yes, and it is not done again", async () => {
  const stage = await dieInside('done = { sql = "SELECT true" }');
  must(await ask(stage, "resume", "1"));
  assert.deepEqual(lines(stage), ["begun"], "the program did not outlive its runner, and was not started again");
});

test("a runner dies inside: the probe says no, and it is done again", async () => {
  const stage = await dieInside('done = { sql = "SELECT false" }');
  must(await ask(stage, "resume", "1"));
  assert.deepEqual(lines(stage), ["begun", "begun", "ended"]);
});

test("a runner dies inside: repeatable is done again without asking", async () => {
  const stage = await dieInside("repeatable = true");
  must(await ask(stage, "resume", "1"));
  assert.deepEqual(lines(stage), ["begun", "begun", "ended"]);
});

for (const [answer, wanted] of [["yes", ["begun"]], ["no", ["begun", "begun", "ended"]]] as const) {
  test(`a runner dies inside, nobody knows: a person is asked, and says ${answer}`, async () => {
    const stage = await dieInside('doc = "no probe"');
    const held = start(["resume", "1", "-e", "test"], { env: stage.env, cwd: stage.folder });
    await waitUntil("the run is held", async () => {
      const [row] = await cluster.query(stage.database, "SELECT state, reason->>'kind' AS kind FROM headgate.run");
      return row?.["state"] === "held" && row["kind"] === "did_it_happen";
    });
    must(await ask(stage, "answer", "1", "f/slow", answer, "-m", "looked at the machine"));
    must(await held.ended);
    assert.deepEqual(lines(stage), wanted);
    const [given] = await cluster.query(stage.database, "SELECT note FROM headgate.answer");
    assert.equal(given?.["note"], `${answer}: looked at the machine`);
    const [told] = await cluster.query(stage.database, "SELECT data->'via'->>'door' AS door FROM headgate.event WHERE type = 'manual.answer'");
    assert.equal(told?.["door"], "cli");
  });
}

test("an operator answers in the dashboard's way; others may not, and an old question is no question", async (t) => {
  const stage = await dieInside('doc = "no probe"');
  const supervisor = await Supervisor.start({
    env: stage.env,
    config: stage.folder,
    plans: dirname(stage.folder),
    environment: "test",
    people: ["alice", "carol"],
  });
  t.after(() => supervisor.stop());
  const alice = supervisor.as("alice");
  const reason = await waitUntil("the supervisor's runner asks", async () => {
    const page = await alice.run("1");
    return page.state === "held" && page.reason?.kind === "did_it_happen" && page.reason;
  });
  const { item } = reason as { item?: number };
  const answer = (person: string, body: unknown): Promise<unknown> => supervisor.as(person).post("/api/runs/1/answers", body);
  await assert.rejects(answer("carol", { path: "f/slow", item, note: "yes" }), /403/);
  await assert.rejects(answer("alice", { path: "f/slow", item: (item ?? 0) + 1, note: "yes" }), /409/);
  await assert.rejects(answer("alice", { path: "f/slow", item, note: "perhaps" }), /yes .* or no/);
  await answer("alice", { path: "f/slow", item, note: "yes: looked" });
  await waitUntil("the run is done", async () => (await alice.run("1")).state === "done");
  assert.deepEqual(lines(stage), ["begun"]);
});

test("a rollback takes back what may have happened", async () => {
  const stage = await dieInside('doc = "no probe"');
  must(await ask(stage, "rollback", "1"));
  assert.deepEqual(lines(stage), ["begun", "undone"]);
});

test("a task outside a transaction is asked about like a program", async () => {
  const stage = await prepare(
    `plan "p" { doc = "d", phase "f" {
       step "table" { up = "CREATE TABLE happened (n int)", down = "DROP TABLE happened" },
       task "twice" { transaction = false, undo = function(db) db:exec "DELETE FROM happened" end,
         done = { sql = "SELECT count(*) > 0 FROM happened" },
         run = function(db) db:exec "INSERT INTO happened VALUES (1)" sleep "10m" end },
     } }`,
  );
  const first = start(["run", stage.folder, "-e", "test", "--yes"], { env: stage.env });
  await waitUntil("the row is there", async () => {
    assert.ok(first.alive, first.stdout + first.stderr);
    const found = await cluster.query(stage.database, "SELECT to_regclass('happened') IS NOT NULL AS there");
    return found[0]?.["there"] === true && (await cluster.query(stage.database, "SELECT 1 FROM happened")).length === 1;
  });
  for (const { pid } of processesOf(stage.home)) killNow(pid);
  await first.exited;
  await leaseExpires(stage);
  must(await ask(stage, "resume", "1"));
  assert.equal((await cluster.query(stage.database, "SELECT 1 FROM happened")).length, 1);
  must(await ask(stage, "rollback", "1"));
});

test("a look that finds something else fails its verify; no answer is no good answer", async () => {
  for (const [http, said] of [
    [`url = "${address}/broken"`, "status 500"],
    [`url = "${address}/x", pointer = "/items/9"`, 'no text, number or boolean at "/items/9"'],
    [`url = "${address}/x", has = "nothing of the kind"`, "does not hold"],
    ['url = "http://127.0.0.1:1/"', "no answer"],
  ] as const) {
    const stage = await prepare(`plan "p" { doc = "d", phase "f" { verify "v" { http = { ${http} }, equals = 1 } } }`);
    const failed = await run(stage);
    assert.equal(failed.code, 4, failed.text);
    assert.ok(failed.text.includes(said), failed.text);
  }
});

test("a message nobody takes does not stop the migration, unless the plan says so", async () => {
  const plan = (more: string): string => `plan "p" { doc = "d", phase "f" { notify "n" { url = "\${service}/broken"${more} } } }`;
  must(await run(await prepare(plan(""))));
  must(await run(await prepare(plan(', on_error = "fail"'))), 1);
  assert.equal(new Set(received.map((request) => request.headers["idempotency-key"])).size, 1);
});

test("what cannot be sent is refused when the plan is loaded, with its place", async () => {
  for (const [word, said] of [
    ['exec "e" { argv = {}, no_effect = "x" }', "a list of texts"],
    ['exec "e" { argv = { "x" } }', "none of undo, one_way and no_effect"],
    ['exec "e" { argv = { "x" }, one_way = "w", done = {} }', "one of sql, exec and http"],
    ['http "h" { url = "ftp://x", one_way = "w" }', "begins with http://"],
    ['http "h" { url = "${servise}/", one_way = "w" }', "did you mean service?"],
    ['http "h" { url = "http://x/", headers = { ["A:"] = "b" }, one_way = "w" }', "cannot be sent"],
    ['verify "v" { http = { url = "http://x/", pointer = "a" }, equals = 1 }', 'begins with "/"'],
  ] as const) {
    const stage = await prepare(`plan "p" { doc = "d", phase "f" { ${word} } }`);
    const check = await ask(stage, "check", stage.folder);
    assert.notEqual(check.code, 0, word);
    assert.match(check.text, /plan\.lua:1:\d+/, check.text);
    assert.ok(check.text.includes(said), check.text);
  }
});
