/** docs/openapi.json and docs/asyncapi.json against the running server: every address answers as it says, every message of a run fits. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary } from "../lib/plan";
import { ask, compose, frame, type Headers, Raw, type Reply, UPGRADE } from "../lib/raw";
import { type Schema, Schemas } from "../lib/schema";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const CONFIG = `
version: 1
metrics:
  errors: { sql: "SELECT 1" }
  load: { sql: "SELECT 2" }
environments:
  test:
    approvers: { admin: [bob, carol] }
    guard_interval: 250ms
    alerts: { load: "> 80" }
`;

/** One of everything that answers and events tell of. */
const PLAN = `plan "all" {
  doc = "Something of everything",
  params = { owner = { type = "integer", doc = "whose they are" } },
  phase "expand" {
    step "column" { up = "ALTER TABLE files ADD COLUMN owner int", down = "ALTER TABLE files DROP COLUMN owner" },
    check "there" { no_rows = "SELECT 1 FROM files WHERE id IS NULL" },
    task "note" { run = function(db) log("noted") end, undo = function(db) end },
  },
  phase "fill" {
    backfill "files.owner" {
      where = "owner IS NULL",
      map = function(row)
        if row.id % 7 == 0 then return ambiguous("whose is it?", { choices = { { owner = 1 }, { owner = 2 } } }) end
        return { owner = params.owner }
      end,
    },
    verify "all owned" { ambiguous = 0 },
  },
  gate "go" { approvers = "admin", wait = "300ms", fields = { note = { required = false } } },
  rollout "new" {
    flag = sql_flag { table = "flags", name = "name", percent = "percent", enabled = "enabled" },
    guards = { thresholds "test", "errors < 5" },
    stage { percent = 10, watch = "1h" },
    stage { percent = 100, watch = "500ms" },
  },
  manual "told" { role = "admin" },
  gate "end" { approvers = "admin", evidence = { "fill" }, window = { zone = "Europe/Berlin" } },
}
`;
const SCHEMA = `CREATE TABLE files (id int PRIMARY KEY); INSERT INTO files SELECT generate_series(1, 50);
  CREATE TABLE flags (name text PRIMARY KEY, percent int, enabled bool); INSERT INTO flags VALUES ('new', 0, false)`;

interface Operation {
  operationId: string;
  parameters: { name: string; in: string; required: boolean }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: Schema }> }>;
}
interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}
interface AsyncApi {
  asyncapi: string;
  components: { messages: Record<string, { payload: Schema }> };
}

let cluster: Cluster;
let supervisor: Supervisor;
let api: OpenApi;
let stream: AsyncApi;
let schemas: Schemas;
before(async () => {
  const page = async (name: string): Promise<unknown> => JSON.parse((await headgate(["docs", name])).stdout);
  api = (await page("openapi")) as OpenApi;
  stream = (await page("asyncapi")) as AsyncApi;
  schemas = new Schemas(api);
  cluster = await Cluster.start();
  const database = await cluster.database();
  await cluster.query(database, SCHEMA);
  const plans = temporary("plans");
  mkdirSync(join(plans, "all"));
  writeFileSync(join(plans, "all/plan.lua"), PLAN);
  writeFileSync(join(plans, "headgate.yaml"), CONFIG);
  supervisor = await Supervisor.start({ env: cluster.env(database), config: plans, plans, environment: "test", people: ["alice", "bob", "carol"] });
});
after(async () => {
  await supervisor.stop();
  await cluster.stop();
});

/** Operations that gave the answer they are for. */
const answered = new Set<string>();
/** What does not fit, each once. */
const wrong = new Set<string>();
const complain = (where: string, complaints: string[]): void => complaints.forEach((one) => wrong.add(`${where}: ${one.replace(/\[\d+\]/g, "[]")}`));

/** Asks as the document says and holds the answer against it. */
async function call(who: string, method: "get" | "post", template: string, values: Record<string, string>, body?: unknown, more: Headers = []): Promise<Reply> {
  const operation = api.paths[template]?.[method];
  assert.ok(operation, `${method} ${template} is not in the document`);
  const [bare, query] = template.split("?");
  const path = (bare as string).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
  const args = Object.entries(values).filter(([name]) => name !== "run" && !template.includes(`{${name}}`));
  for (const [name] of args) assert.ok(operation.parameters.some((one) => one.name === name && one.in === "query"), `${template} has no argument ${name}`);
  for (const { name } of operation.parameters.filter((one) => one.in === "header" && one.required)) {
    assert.ok(more.some(([given]) => given === name), `${template} needs ${name}`);
  }
  if (body !== undefined) {
    const takes = operation.requestBody?.content["application/json"]?.schema;
    assert.ok(takes, `${method} ${template} takes no body`);
    complain(`what ${method} ${template} takes`, schemas.complaints(body, takes));
  }
  const text = compose(
    method.toUpperCase(),
    path + (query ?? "") + (args.length > 0 ? `?${args.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&")}` : ""),
    [["Host", new URL(supervisor.url).host], ...(path === "/api/login" ? [] : [["Authorization", supervisor.as(who).authorization] as [string, string]]), ...more],
    body === undefined ? undefined : JSON.stringify(body),
  );
  const reply = await ask(supervisor.url, text);
  const response = operation.responses[String(reply.status)];
  assert.ok(response, `${method} ${path} gave ${reply.status}, which the document does not know: ${reply.body}`);
  const type = (reply.headers.get("content-type") ?? "").split(";")[0] as string;
  const content = (response.$ref === undefined ? response : (schemas.resolve(response.$ref) as typeof response)).content;
  assert.ok(content?.[type], `${method} ${path} gave ${type}`);
  if (type === "application/json") complain(`${method} ${template} (${reply.status})`, schemas.complaints(JSON.parse(reply.body), content[type].schema));
  if (reply.status < 300) answered.add(`${method} ${template}`);
  return reply;
}

/** The body of an answer that must be no refusal. */
function json<T>(reply: Reply): T {
  assert.ok(reply.status < 300, `${reply.status} ${reply.body}`);
  return JSON.parse(reply.body) as T;
}

/** All messages of a viewer, each held against the document. */
class Listener {
  readonly heard = new Map<string, number>();
  private constructor(private readonly raw: Raw) {}

  static async open(run: string): Promise<Listener> {
    const raw = await Raw.open(supervisor.url);
    raw.send(compose("GET", "/api/stream", [["Host", new URL(supervisor.url).host], ["Authorization", supervisor.as("alice").authorization], ...UPGRADE]));
    assert.equal((await raw.reply()).status, 101);
    for (const watched of [run, "*", "4711"]) raw.send(frame(1, JSON.stringify({ t: "watch", run: watched, since: "0" })));
    const listener = new Listener(raw);
    void listener.listen();
    return listener;
  }

  private async listen(): Promise<void> {
    const messages = new Schemas(stream);
    for (let next = await this.raw.frame(600_000); next?.text !== undefined; next = await this.raw.frame(600_000)) {
      for (const message of JSON.parse(next.text) as { t: string; type?: string }[]) {
        const name = message.t === "event" ? (message.type ?? "?") : message.t;
        const payload = stream.components.messages[name]?.payload;
        this.heard.set(name, (this.heard.get(name) ?? 0) + 1);
        complain("stream", payload === undefined ? [`there is no message ${name}`] : messages.complaints(message, payload, name));
      }
    }
  }

  close(): void {
    this.raw.close();
  }
}

test("the documents are whole: versions, names, parameters, references", () => {
  assert.equal(api.openapi, "3.1.0");
  assert.equal(stream.asyncapi, "3.0.0");
  const ids = new Set<string>();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      assert.ok(!ids.has(operation.operationId), operation.operationId);
      ids.add(operation.operationId);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      assert.deepEqual(operation.parameters.filter((one) => one.in === "path").map(({ name }) => name), named, path);
      const done = Object.entries(operation.responses).filter(([status]) => status < "300");
      assert.equal(done.length, 1, `${method} ${path}`);
      assert.ok(done[0]?.[1].content?.["application/json"]?.schema, `${method} ${path}`);
    }
  }
  for (const [document, text] of [[api, JSON.stringify(api)], [stream, JSON.stringify(stream)]] as [unknown, string][]) {
    for (const match of text.matchAll(/"\$ref":"([^"]+)"/g)) new Schemas(document).resolve(match[1] as string);
  }
});

test("what the documents do not name is not there", async () => {
  const host = new URL(supervisor.url).host;
  const who: Headers = [["Host", host], ["Authorization", supervisor.as("alice").authorization]];
  for (const path of ["/api/", "/api/run", "/api/runs/1/nothing", "/api/openapi", "/api/runs/1/gates", "/api/people"]) {
    const known = Object.keys(api.paths).some((one) => one === path);
    assert.ok(known || (await ask(supervisor.url, compose("GET", path, who))).status === 404, path);
  }
  for (const [path, item] of Object.entries(api.paths)) {
    const concrete = path.replace("{run}", "1").replace("{gate}", "go").replace(/\{\w+\}/g, "x");
    for (const method of ["get", "post", "put", "delete", "patch"]) {
      const reply = await ask(supervisor.url, compose(method.toUpperCase(), concrete, [...who, ...(method === "get" ? [] : [["Content-Length", "0"] as [string, string]])]));
      const asGate = method === "get" && path.includes("{gate}/"); // read as a gate's path
      if (item[method] === undefined) assert.equal(reply.status, asGate ? 404 : 405, `${method} ${path}`);
      else assert.notEqual(reply.status, 405, `${method} ${path}`);
    }
  }
});

test("every answer and every message of a run fits its schema", async () => {
  const token = /#token=(\S+)/.exec(await supervisor.link("carol"))?.[1];
  await call("carol", "post", "/api/login", {}, { token });
  await call("carol", "post", "/api/login", {}, { token });
  await call("alice", "post", "/api/runs", {}, { plan: "nothing" });
  const { id } = json<{ id: string }>(await call("alice", "post", "/api/runs", {}, { plan: "all", environment: "test", params: { owner: 7 } }));
  const run = { run: id };
  const listener = await Listener.open(id);
  const state = async (): Promise<string> => json<{ state: string }>(await call("alice", "get", "/api/runs/{run}", run)).state;
  const version = async (): Promise<string> => json<{ version: string }>(await call("alice", "get", "/api/runs/{run}", run)).version;
  const look = async (): Promise<void> => {
    for (const [path, item] of Object.entries(api.paths)) if (item["get"] !== undefined) await call("alice", "get", path, { ...run, ...values(path) });
  };
  const values = (path: string): Record<string, string> => Object.fromEntries([...path.matchAll(/\{(gate|plan)\}/g)].map((match) => [match[1], match[1] === "gate" ? "go" : "all"]));
  const at = (path: string, kind: string): Promise<unknown> =>
    waitUntil(`the run waits at ${path}`, async () => {
      const page = json<{ state: string; reason: { kind: string; path?: string; text: string } | null }>(await call("alice", "get", "/api/runs/{run}", run));
      last = `${page.state}: ${JSON.stringify(page.reason)}`;
      if (["failed", "held", "rollback_blocked"].includes(page.state) && page.reason?.kind !== kind) assert.fail(`${page.state}: ${page.reason?.text}`);
      return page.reason?.kind === kind && (page.reason.path ?? path) === path;
    }, { everyMs: 200 }).catch((error: Error) => assert.fail(`${error.message}; ${last}`));
  let last = "";
  const decide = async (who: string, gate: string, how: "approve" | "reject"): Promise<void> => {
    const { digest } = json<{ digest: string }>(await call(who, "get", "/api/runs/{run}/gates/{gate}", { ...run, gate }));
    await call("alice", "post", `/api/runs/{run}/gates/{gate}/${how}`, { ...run, gate }, { comment: "mine" }, [["If-Match", `"${digest}"`]]);
    await call(who, "post", `/api/runs/{run}/gates/{gate}/${how}`, { ...run, gate }, { comment: "as it should be" }, [["If-Match", `"${digest}"`]]);
  };

  await at("fill/files.owner", "review");
  await look();
  const { reasons } = json<{ reasons: { step: string; reason: string }[] }>(await call("alice", "get", "/api/runs/{run}/review", { ...run, limit: "2" }));
  await call("alice", "post", "/api/runs/{run}/review", run, { decisions: [{ step: reasons[0]?.step, reason: reasons[0]?.reason, decision: { choice: 0 } }] });
  await at("go", "gate");
  await look();
  await decide("bob", "go", "approve");
  await at("new/10%", "watch");
  await call("alice", "post", "/api/runs/{run}/requests", run, { kind: "advance", path: "new/10%", why: "it is well" }, [["If-Match", `"${await version()}"`]]);
  await waitUntil("its gate is open", async () => (await call("alice", "get", "/api/runs/{run}/gates/{gate}", { ...run, gate: "new/10%/advance" })).status === 200);
  await decide("bob", "new/10%/advance", "approve");
  await decide("carol", "new/10%/advance", "approve");
  await at("told", "manual");
  await look();
  await call("alice", "post", "/api/runs/{run}/answers", run, { path: "told", item: 0, note: "not mine" });
  await call("bob", "post", "/api/runs/{run}/answers", run, { path: "told", item: 0, note: "told them" });
  await at("end", "gate");
  await call("carol", "post", "/api/runs/{run}/gates/{gate}/recheck", { ...run, gate: "end" }, {});
  await waitUntil("its evidence was looked at again", () => listener.heard.has("gate.checked"));
  await decide("carol", "end", "reject");
  await waitUntil("the rejection is seen", async () => (await state()) !== "waiting");
  for (const format of ["text", "md", "html", "json", "junit"]) await call("alice", "get", "/api/runs/{run}/report", { ...run, format });
  await call("alice", "post", "/api/runs/{run}/requests", run, { kind: "rollback", why: "enough" }, [["If-Match", `"${await version()}"`]]);
  await waitUntil("it is rolled back", async () => (await state()) === "rolled_back", { everyMs: 200 });
  await look();
  await call("alice", "get", "/api/runs/{run}", { run: "4711" });
  await waitUntil("the end was heard", () => (listener.heard.get("run.state") ?? 0) > 5 && listener.heard.has("reset"));
  listener.close();
  assert.deepEqual([...wrong], []);
  if (schemas.unnamed.size > 0) console.log(`keys that the document does not name: ${[...schemas.unnamed].join(", ")}`);
  const undescribed = Object.entries(api.paths).flatMap(([path, item]) => Object.keys(item).filter((method) => !answered.has(`${method} ${path}`)).map((method) => `${method} ${path}`));
  if (undescribed.length > 0) console.log(`not answered here: ${undescribed.join(", ")}`);
  const unheard = Object.keys(stream.components.messages).filter((name) => !listener.heard.has(name));
  assert.ok(answered.size >= 18 && unheard.length <= 7, // step.throttle is held against its schema in throttle.test.ts
    `${answered.size} operations answered; not heard: ${unheard.join(", ")}`);
  console.log(`${answered.size} operations answered, ${listener.heard.size} kinds of messages heard; not heard: ${unheard.join(", ")}`);
});
