// Everything that the plan speaks to beside the database, small but real: the application (green) with its older version
// (blue) and a HAProxy before both, the build server's verdicts, a Prometheus, a monitoring end point, and webhooks that
// remember what they were sent.
//
// Usage: node service.mjs [-- COMMAND …]: PGHOST, PGDATABASE and their friends say which database. COMMAND runs with the
// variables that headgate.yaml names, and the service ends with it; without one they are printed, and it goes on.
// GET /demo/messages: what came to the webhooks. POST /demo/is/GROUP/NAME with a value in JSON: what one of the things below is
// from now on.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { startHaproxy } from "./haproxy.mjs";

const is = {
  metric: { cpu_usage: 35, memory_usage: 52, query_time_p95: 40, error_rate: 0.1, response_time_p95: 0.12 },
  ci: { unit: "passed", e2e: "passed", integration: "passed" },
  prisma: { validate: "valid", generate: "generated", status: "up to date" },
  webhook: { chat: "up", status: "up" },
  application: { user: process.env.PGUSER, health: "good" },
};
const messages = [];

/** The one value that a query of the application gives. */
function ask(sql) {
  return new Promise((done, fail) => {
    const child = spawn("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PGUSER: is.application.user ?? "" },
    });
    let out = "";
    let wrong = "";
    child.stdout.on("data", (part) => (out += part));
    child.stderr.on("data", (part) => (wrong += part));
    child.on("close", (code) => (code === 0 ? done(out.trim()) : fail(new Error(wrong.trim()))));
    child.on("error", fail);
  });
}

const FLOWS = {
  "a product is found": "SELECT count(*) >= 0 FROM products WHERE status = 'ACTIVE' AND price < 100",
  "an order is listed": `SELECT count(*) >= 0 FROM orders WHERE "userId" = 'user-1' AND status = 'PAID'`,
  "an organization has its owner": `SELECT count(*) = 0 FROM organizations WHERE "ownerId" IS NULL`,
};

/** "cpu_usage" of a PromQL text: the stand-in knows its metrics by what the query names. */
function prometheus(query) {
  const value = /node_cpu/.test(query) ? is.metric.cpu_usage : /http_request_duration/.test(query) ? is.metric.response_time_p95 : undefined;
  const result = value === undefined ? [] : [{ metric: {}, value: [Date.now() / 1000, String(value)] }];
  return { status: "success", data: { resultType: "vector", result } };
}

async function answer(method, url, body) {
  const path = url.pathname;
  if (path === "/version") return { version: "green" };
  if (path === "/health") return is.application.health === "none" ? undefined : { ok: is.application.health === "good" };
  if (path === "/connection") return { answer: Number(await ask("SELECT 1")) };
  if (path === "/ci") return is.ci;
  if (path === "/prisma") return is.prisma;
  if (path === "/smoke") {
    const passed = await Promise.all(Object.values(FLOWS).map(ask));
    return { flows: passed.length, passed: passed.filter((one) => one === "t").length };
  }
  const table = /^\/api\/(products|orders|organizations)$/.exec(path)?.[1];
  if (table) return { count: Number(await ask(`SELECT count(*) FROM ${table}`)) };
  if (path === "/api/v1/query") return prometheus(url.searchParams.get("query") ?? "");
  if (path === "/monitoring/database") return { memory: is.metric.memory_usage, at: Date.now() };
  if (path === "/monitoring/query-time") return { p95: is.metric.query_time_p95 };
  if (path === "/monitoring/errors") return { rate: is.metric.error_rate, requests: 1000, at: Date.now() };
  const webhook = /^\/(chat|status)$/.exec(path)?.[1];
  if (method === "POST" && is.webhook[webhook] === "up") return { taken: messages.push({ to: webhook, ...JSON.parse(body) }) };
  if (path === "/demo/messages") return messages;
  const [, group, name] = /^\/demo\/is\/(\w+)\/(\w+)$/.exec(path) ?? [];
  if (method === "POST" && name in (is[group] ?? {})) return { was: is[group][name], is: (is[group][name] = JSON.parse(body)) };
  return undefined;
}

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (part) => (body += part));
  request.on("end", async () => {
    try {
      const said = await answer(request.method, new URL(request.url, "http://localhost"), body);
      response.statusCode = said === undefined ? 404 : 200;
      response.end(JSON.stringify(said ?? { error: "not found" }));
    } catch (error) {
      response.statusCode = 500;
      response.end(JSON.stringify({ error: String(error.message ?? error) }));
    }
  });
});

/** The port that the server listens on. */
function listen(server) {
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));
}

const older = createServer((_request, response) => response.end(JSON.stringify({ version: "blue" })));
const [blue, green] = [await listen(older), await listen(server)];
const haproxy = await startHaproxy(blue, green);
const url = `http://127.0.0.1:${green}`;
const variables = {
  CITADELBUY_APP: url,
  CITADELBUY_BUILD: url,
  CITADELBUY_PROMETHEUS: url,
  CITADELBUY_MONITORING: `${url}/monitoring`,
  CITADELBUY_CHAT: `${url}/chat`,
  CITADELBUY_STATUS: `${url}/status`,
  CITADELBUY_HAPROXY: haproxy.socket,
  CITADELBUY_WEB: haproxy.url,
};
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
const [mark, command, ...args] = process.argv.slice(2);
if (mark === "--" && command !== undefined) {
  const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...variables } });
  child.on("error", (error) => {
    console.error(`${command}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code) => process.exit(code ?? 1));
} else {
  console.log(JSON.stringify(variables));
}
