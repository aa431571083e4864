/** No secret leaves: passwords and tokens go through every failing path there is, and are then looked for in all that was said, kept or shown. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { type CliOptions, type CliResult, headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { attend, hasEnded } from "../lib/people";
import { temporary, writePlan } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { Supervisor } from "../lib/supervisor";
import { pause, waitUntil } from "../lib/wait";

const letters = (): string => randomBytes(48).toString("base64").replace(/[^A-Za-z0-9]/g, "").slice(0, 32).padEnd(32, "q");
/** Of the database: one of letters, and one that has to be encoded in a URL. */
const DATABASE = letters();
const AWKWARD = `${letters().slice(0, 26)}@/%'? `;
const PERSON = letters();
const GUESS = letters();
const canaries = new Map<string, string>([["database", DATABASE], ["awkward", AWKWARD], ["person", PERSON], ["guess", GUESS]]);

const PLAN = `plan "canary" {
  doc = "A plan whose target has a password",
  phase "a" {
    backup "before" { retain = "1d" },
    step "table" { up = "CREATE TABLE made (id int PRIMARY KEY, note text); INSERT INTO made SELECT generate_series(1, 2000)", down = "DROP TABLE made" },
    backfill "made.note" { where = "note IS NULL", map = function(row) return { note = "n" .. row.id } end },
    gate "look" { approvers = "owner", ask = "Look?" },
  },
}
`;
const BROKEN = {
  "a mistake in Lua": 'plan "p" { doc = "x", phase "a" { step "s" { up = "SELECT 1", down = nil + 1 } } }',
  "an error of SQL": 'plan "p" { doc = "x", phase "a" { step "s" { up = "SELECT 1/0", down = "SELECT 1" } } }',
  "an error that quotes": `plan "p" { doc = "x", phase "a" { step "s" { up = "SELECT 'x'::int", down = "SELECT 1" } } }`,
  "a task that fails": 'plan "p" { doc = "x", phase "a" { task "t" { run = function(db) db:query("SELECT nothing") end, undo = function() end } } }',
};
const config = (url: string): string => `version: 1
targets:
  app: { url: "${url}" }
environments:
  test: { gates: auto, approvers: { owner: [bob] } }
  people: { approvers: { owner: [bob] } }
`;

let cluster: Cluster;
let database: string;
/** All that was said, by where it was said. */
const said: { where: string; text: string }[] = [];
const keep = (where: string, text: string): void => void said.push({ where, text });
let watching = true;
let watcher: Promise<void>;

/** The arguments of all processes of this machine, again and again. */
async function watchArguments(): Promise<void> {
  const seen = new Set<string>();
  while (watching) {
    for (const entry of readdirSync("/proc")) {
      if (!/^[0-9]+$/.test(entry)) continue;
      try {
        seen.add(readFileSync(`/proc/${entry}/cmdline`, "utf8"));
      } catch {
        // it has ended
      }
    }
    await pause(5);
  }
  keep(`/proc/*/cmdline`, [...seen].join("\n"));
}

async function cli(args: string[], options: CliOptions): Promise<CliResult> {
  const result = await headgate(args, { ...options, env: { HEADGATE_LOG: "debug", ...options.env } });
  keep(`headgate ${args.join(" ")}`, result.text);
  return result;
}

const url = (password: string, more = ""): string => `postgresql://keeper:${encodeURIComponent(password)}@/${database}?host=${encodeURIComponent(cluster.folder)}${more}`;

before(async () => {
  cluster = await Cluster.start();
  database = await cluster.database();
  for (const [name, password] of [["keeper", DATABASE], ["other", AWKWARD]] as const) {
    // two that log in, and then are who headgate is in all tests
    await cluster.administer("postgres", `CREATE ROLE ${name} LOGIN IN ROLE ${cluster.role} PASSWORD '${password.replaceAll("'", "''")}'; ALTER ROLE ${name} SET role = ${cluster.role}`);
  }
  writeFileSync(join(cluster.folder, "data/pg_hba.conf"), `local all headgate,${cluster.role} trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n`);
  await cluster.query("postgres", "SELECT pg_reload_conf()");
  watcher = watchArguments();
});
after(() => cluster.stop());

test("connection strings that fail in every way there is", async () => {
  const folder = writePlan({ "plan.lua": PLAN, "headgate.yaml": config("${APP_URL}") });
  const wrong: Record<string, string> = {
    "another socket": `postgresql://keeper:${DATABASE}@/${database}?host=/nonexistent`,
    "nobody listens": `postgresql://keeper:${DATABASE}@127.0.0.1:1/${database}?sslmode=disable`,
    "no such host": `postgresql://keeper:${DATABASE}@host.invalid/${database}`,
    "wrong password": url(GUESS),
    "wrong user": url(DATABASE).replace("keeper", "nobody"),
    "wrong database": url(DATABASE).replace(database, "nowhere"),
    "port is a word": `postgresql://keeper:${DATABASE}@127.0.0.1:port/${database}`,
    "not encoded": `postgresql://keeper:${AWKWARD}@127.0.0.1/${database}`,
    "unknown key": url(DATABASE, `&nonsense=1`),
    "password in the query": `postgresql:///${database}?host=${cluster.folder}&user=keeper&password=${GUESS}`,
    "a misspelt keyword": `host=${cluster.folder} user=keeper pasword=${DATABASE} dbname=${database}`,
    "a quote that does not end": `host=${cluster.folder} user=keeper password='${DATABASE} dbname=${database}`,
    "words of another program": `jdbc:postgresql://keeper:${DATABASE}@localhost/${database}`,
    "only the password": DATABASE,
    "a bracket that does not end": `postgresql://keeper:${DATABASE}@[::1/${database}`,
  };
  for (const [index, [what, value]] of Object.entries(wrong).entries()) {
    const env = { APP_URL: value, HEADGATE_HOME: temporary("home"), PGCONNECT_TIMEOUT: "2" };
    const others = [["doctor", "-e", "test"], ["status", "-e", "test"], ["plan", folder, "-e", "test"]];
    for (const args of [["run", folder, "-e", "test", "--yes"], others[index % others.length]!]) {
      const { code } = await cli(args, { env, cwd: folder, timeoutMs: 30_000 });
      assert.notEqual(code, 0, `${what}: ${args[0]}`);
      assert.notEqual(code, null, `${what}: ${args[0]} hangs`);
    }
  }
  const written = writePlan({ "plan.lua": PLAN, "headgate.yaml": config(wrong["nobody listens"]!) });
  assert.notEqual((await cli(["run", written, "-e", "test", "--yes"], { cwd: written })).code, 0);
  const broken = writePlan({ "plan.lua": PLAN, "headgate.yaml": `${config(url(DATABASE))}  nonsense: { here: "${DATABASE}" \n` });
  assert.notEqual((await cli(["run", broken, "-e", "test", "--yes"], { cwd: broken })).code, 0);
});

const newest = async (): Promise<string> => String((await cluster.query(database, "SELECT max(id) AS id FROM headgate.run"))[0]?.["id"]);

test("runs that succeed, fail and go back, with PGPASSWORD and with an awkward password too", async () => {
  for (const [what, env] of Object.entries({
    url: { APP_URL: url(DATABASE) },
    awkward: { APP_URL: url(AWKWARD).replace("keeper", "other") },
    keywords: { APP_URL: `host=${cluster.folder} dbname=${database} user=keeper password=${DATABASE}` },
    environment: { APP_URL: `host=${cluster.folder} dbname=${database} user=keeper`, PGPASSWORD: DATABASE },
  } as Record<string, Record<string, string>>)) {
    const folder = writePlan({ "plan.lua": PLAN, "headgate.yaml": config("${APP_URL}") });
    const options = { env: { ...env, HEADGATE_HOME: temporary("home") }, cwd: folder };
    const run = await cli(["run", folder, "-e", "test", "--yes", "--again"], options);
    assert.equal(run.code, 0, `${what}: ${run.text}`);
    const asked = [["status", "--json"], ["report", "--json"], ["verify"], ["audit", "verify"], ["fsck"], ["log"], ["doctor"]];
    for (const args of what === "url" ? asked : []) await cli([...args, "-e", "test"], options);
    const back = await cli(["rollback", await newest(), "-e", "test", "-m", "the test wants it"], options);
    assert.equal(back.code, 0, `${what}: ${back.text}`);
    keep(`backups of ${what}`, filesUnder(options.env.HEADGATE_HOME!));
  }
  for (const [what, lua] of Object.entries(BROKEN)) {
    const folder = writePlan({ "plan.lua": lua, "headgate.yaml": config("${APP_URL}") });
    const options = { env: { APP_URL: url(DATABASE), HEADGATE_HOME: temporary("home") }, cwd: folder };
    assert.notEqual((await cli(["run", folder, "-e", "test", "--yes"], options)).code, 0, what);
    await cli(["abort", await newest(), "-e", "test", "-m", "the test wants it"], options);
  }
});

/** What lies in a folder, file by file; keys are not looked at, they are secrets of their own. */
function filesUnder(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && !path.endsWith("approval.key"))
    .map((path) => `${path}\n${readFileSync(path, "latin1")}`)
    .join("\n");
}

test("a supervisor, its people, their passwords and tokens, and a runner that is killed", async () => {
  const folder = writePlan({ "canary/plan.lua": PLAN, "headgate.yaml": config("${APP_URL}") });
  const env = { APP_URL: url(DATABASE), HEADGATE_LOG: "debug" };
  const supervisor = await Supervisor.start({ env, config: folder, plans: folder, environment: "people", people: ["alice", "bob"] });
  for (const [person, token] of supervisor.known.tokens) canaries.set(`token of ${person}`, token);
  const link = await supervisor.link("alice");
  canaries.set("log-in link", /token=(.*)/.exec(link)![1]!);
  const set = await cli(["user", "passwd", "alice", "--stdin"], { env: supervisor.env, cwd: folder, input: PERSON });
  assert.equal(set.code, 0, set.text);
  const answers = async (path: string, init: RequestInit = {}): Promise<{ status: number; cookie: string }> => {
    const response = await fetch(supervisor.url + path, init);
    keep(`${init.method ?? "GET"} ${path}`, await response.text());
    return { status: response.status, cookie: response.headers.get("set-cookie")?.split(";")[0] ?? "" };
  };
  const logIn = (body: unknown) => answers("/api/login", { method: "POST", headers: { "Content-Type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body) });
  assert.equal((await logIn({ person: "alice", password: GUESS })).status, 401);
  assert.equal((await logIn({ person: PERSON, password: "alice" })).status, 401, "in the wrong field");
  assert.equal((await logIn({ token: GUESS })).status, 401);
  assert.equal((await logIn(`{"person": "alice", "password": "${PERSON}"`)).status, 400, "JSON that does not end");
  const { status, cookie } = await logIn({ person: "alice", password: PERSON });
  assert.equal(status, 200);
  canaries.set("session", cookie.split("=")[1]!);
  assert.equal((await logIn({ token: canaries.get("log-in link") })).status, 200);
  assert.equal((await logIn({ token: canaries.get("log-in link") })).status, 401);

  const socket = new WebSocket(`${supervisor.url.replace("http", "ws")}/api/stream`, "headgate.v1", { headers: { Cookie: cookie, Origin: supervisor.url }, perMessageDeflate: false });
  const frames: string[] = [];
  socket.on("message", (frame: Buffer) => frames.push(frame.toString()));
  await new Promise((done) => socket.once("open", done));
  const alice = supervisor.as("alice");
  const bob = supervisor.as("bob");
  const { id } = await alice.startRun("canary", "people");
  for (const run of ["*", id]) socket.send(JSON.stringify(run === "*" ? { t: "watch", run } : { t: "watch", run, since: "0" }));
  await waitUntil("the gate is open", async () => (await alice.run(id)).gates.some(({ state }) => state === "open"), { timeoutMs: 60_000 });
  for (const { pid } of processesOf(supervisor.known.home).filter(({ command }) => command === "runner")) killNow(pid);
  await waitUntil("the run is done", async () => {
    const page = await alice.run(id);
    await attend(page, alice, [bob]);
    return hasEnded(page);
  }, { timeoutMs: 60_000, everyMs: 200 });
  for (const path of ["/api/me", "/api/plans", "/api/runs", `/api/runs/${id}`, `/api/runs/${id}/events`, `/api/runs/${id}/report`, `/api/runs/${id}/checklist`, `/api/runs/${id}/rollout`, `/api/runs/${id}/review`, `/api/runs/${id}/gates/look`]) {
    await answers(path, { headers: { Authorization: alice.authorization } });
  }
  await waitUntil("frames came", () => frames.length > 3);
  socket.terminate();
  keep("the stream", frames.join("\n"));
  for (const args of [["token", "list", "--json"], ["user", "list", "--json"], ["ledger", "check"]]) await cli(args, { env: supervisor.env, cwd: folder });
  // a server whose database goes away and refuses the password when it comes back
  await cluster.query("postgres", `ALTER ROLE keeper PASSWORD '${GUESS}'`);
  await cluster.query("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'keeper'");
  await waitUntil("the server says that the database is away", async () => (await answers("/api/runs", { headers: { Authorization: alice.authorization } })).status >= 500);
  await supervisor.stop();
  keep("headgate serve", supervisor.text);
  keep("the supervisor's folder", filesUnder(supervisor.known.home));
});

test("none of them is anywhere", async () => {
  watching = false;
  await watcher;
  keep("the ledger", cluster.ledger(database));
  let hits = 0;
  for (const [name, canary] of canaries) {
    const forms = [canary, encodeURIComponent(canary), Buffer.from(canary).toString("base64").replace(/=+$/, ""), Buffer.from(canary).toString("hex")];
    for (const { where, text } of said) {
      const found = forms.some((form) => text.includes(form));
      if (found) console.error(`the ${name} stands in: ${where}`);
      hits += Number(found);
    }
  }
  assert.ok(said.length > 60, `${said.length} places were looked at`);
  assert.ok(said.some(({ text }) => text.includes("postgresql://keeper@")), "what was looked at does show connections");
  mergeFigures("dashboard.json", "canary", { canary_hits: hits, canary_secrets: canaries.size, canary_places: said.length });
  assert.equal(hits, 0);
});
