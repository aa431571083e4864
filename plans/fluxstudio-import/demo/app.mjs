// FluxStudio's server, small but real: the same requests served from the file store or from PostgreSQL.
//
// Usage: node app.mjs STORE [--port N]. PGHOST, PGDATABASE and their friends say which database. Prints its address.
//   GET /health, /metrics         what it is at, how fast it answers
//   GET|PUT|DELETE /api/COLLECTION/ID, GET /api/search?q=…&user=…
//   POST /admin/freeze|thaw       from here on writes go to the journal | they go into the files again
//   POST /admin/stop|start        nobody is let in | everybody is
//   POST /admin/backend/postgres  the database serves
//   POST /admin/backend/files     the files serve, with everything that was written into the database since
import { createHash } from "node:crypto";
import { appendFileSync, closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { ask, close, quote } from "./psql.mjs";
import { COLLECTIONS, clearJournal, column, fieldsOf, filesOf, journal, keyColumns, keyFields, keyOf, manifestOf, mergeRecords, recordOf, recordsOf, replaceFile, rowOf } from "./store.mjs";

const store = process.argv[2];
const POOL = 20;
const stateFile = join(store, "application.json");
const state = JSON.parse(readFileSync(stateFile, "utf8"));
const save = (change) => replaceFile(stateFile, JSON.stringify(Object.assign(state, change)));

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/* ------------------------------------------------------------------ the two backends */

const files = {
  async get(collection, id) {
    const written = journal(store).findLast((entry) => entry.collection === collection && entry.id === id);
    if (written !== undefined) return written.record;
    for (const file of filesOf(store, collection)) for await (const record of recordsOf(file)) if (record !== undefined && keyOf(collection, record) === id) return record;
    return null;
  },
  async put(collection, id, record) {
    if (!state.frozen) return mergeRecords(store, collection, [[id, record]]);
    const seq = journal(store).length + 1;
    appendFileSync(join(store, "journal/changes.ndjson"), `${JSON.stringify({ seq, collection, id, key: keyColumns(collection, id), record, row: record && rowOf(collection, record) })}\n`);
  },
  async search(text) {
    const found = [];
    for (const file of filesOf(store, "messages")) for await (const record of recordsOf(file)) if (record?.content.includes(text)) found.push(record.id);
    return found.length;
  },
};

const where = (collection, id) => Object.entries(keyColumns(collection, id)).map(([name, value]) => `${name} = ${quote(value)}`).join(" AND ");

const postgres = {
  async get(collection, id) {
    const row = await ask(`SELECT to_jsonb(t) FROM public.${collection} AS t WHERE ${where(collection, id)}`);
    return row === "" ? null : recordOf(collection, JSON.parse(row));
  },
  async put(collection, id, record) {
    if (record === null) return ask(`DELETE FROM public.${collection} WHERE ${where(collection, id)}`);
    const set = fieldsOf(collection).map(({ name }) => `${column(name)} = excluded.${column(name)}`).join(", ");
    return ask(`INSERT INTO public.${collection} SELECT * FROM jsonb_populate_record(NULL::public.${collection}, ${quote(JSON.stringify(rowOf(collection, record)))})
                ON CONFLICT (${keyFields(collection).map(column).join(", ")}) DO UPDATE SET ${set}`);
  },
  async search(text, user) {
    const bucket = createHash("sha256").update(`postgres_search:${user}`).digest().readUInt32BE(0) % 10000;
    const flag = await ask("SELECT percentage FROM public.application_flags WHERE name = 'postgres_search' AND enabled");
    const matches = bucket < Number(flag || 0) * 100 ? `to_tsvector('english', content) @@ plainto_tsquery('english', ${quote(text)})` : `position(${quote(text)} IN content) > 0`;
    return Number(await ask(`SELECT count(*) FROM public.messages WHERE ${matches}`));
  },
};
const backend = () => (state.backend === "postgres" ? postgres : files);

/* ------------------------------------------------------------------ forward and back */

/** What was written into the journal is put into the files: nothing of it is lost when there is no cut-over. */
async function thaw() {
  const byCollection = new Map();
  for (const { collection, id, record } of journal(store)) {
    if (!byCollection.has(collection)) byCollection.set(collection, new Map());
    byCollection.get(collection).set(id, record);
  }
  for (const [collection, changes] of byCollection) await mergeRecords(store, collection, changes);
  clearJournal(store);
  if (state.frozen) save({ frozen: false });
}

/** What was written into the database since the cut-over is put into the files. Done twice it is the same as once. */
async function writeBack() {
  const since = await ask("SELECT to_regclass('public.written_since') IS NOT NULL");
  for (const collection of since === "t" ? Object.keys(COLLECTIONS) : []) {
    const same = keyFields(collection).map((name) => `t.${column(name)} = k.${column(name)}`).join(" AND ");
    const rows = await ask(`SELECT jsonb_build_array(w.key, to_jsonb(t))
                            FROM public.written_since AS w, jsonb_populate_record(NULL::public.${collection}, w.key) AS k
                            LEFT JOIN public.${collection} AS t ON ${same} WHERE w.collection = '${collection}' ORDER BY w.key`);
    const changes = rows.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
    if (changes.length > 0) await mergeRecords(store, collection, changes.map(([key, row]) => [keyOf(collection, recordOf(collection, key)), row && recordOf(collection, row)]));
  }
}

const ADMIN = {
  async freeze() {
    save({ frozen: true });
    replaceFile(join(store, "manifest.json"), `${JSON.stringify(await manifestOf(store))}\n`);
  },
  thaw,
  stop: () => save({ stopped: true }),
  start: () => save({ stopped: false }),
  "backend/postgres": () => save({ backend: "postgres" }),
  async "backend/files"() {
    if (state.backend === "files") return;
    await thaw();
    await writeBack();
    replaceFile(join(store, "manifest.json"), `${JSON.stringify(await manifestOf(store))}\n`);
    save({ backend: "files", frozen: true });
  },
};

/* ------------------------------------------------------------------ how fast it is */

const recent = { api: [], query: [], delivery: [], upload: [] };
let errors = 0;
let requests = 0;
const note = (name, value) => recent[name].push(value) > 200 && recent[name].shift();
const p95 = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length * 0.95)] ?? null;
const mean = (list) => (list.length === 0 ? null : list.reduce((sum, value) => sum + value, 0) / list.length);

async function timed(name, act) {
  const from = performance.now();
  const result = await act();
  note(name, performance.now() - from);
  return result;
}

/** A user who looks around all the time, so that there is something to measure in an empty demo. */
async function traffic() {
  if (state.stopped || state.backend !== "postgres") return;
  await timed("api", () => answer("GET", new URL("http://app/api/organizations/00000002-0000-4000-8000-000000000001"), ""));
  await timed("query", () => ask("SELECT count(*) FROM public.projects WHERE organization_id = '00000002-0000-4000-8000-000000000001'"));
  await timed("delivery", () => ask("SELECT id FROM public.messages WHERE conversation_id = '00000005-0000-4000-8000-000000000000' ORDER BY sent_at DESC LIMIT 1"));
  const file = join(store, "uploads/speed.tmp");
  const from = performance.now();
  const out = openSync(file, "w");
  writeSync(out, Buffer.alloc(1 << 20));
  fsyncSync(out);
  closeSync(out);
  note("upload", 1000 / (performance.now() - from));
  rmSync(file);
}
let looking = false;
const timer = setInterval(() => {
  if (looking) return;
  looking = true;
  traffic().catch(() => errors++).finally(() => (looking = false));
}, 100);

/* ------------------------------------------------------------------ requests */

async function record(method, collection, id, text) {
  if (COLLECTIONS[collection] === undefined) throw new Refused(404, `there is no ${collection}`);
  if (method === "GET") {
    const found = await backend().get(collection, id);
    if (found === null) throw new Refused(404, "not found");
    return found;
  }
  if (method !== "PUT" && method !== "DELETE") throw new Refused(405, method);
  await backend().put(collection, id, method === "DELETE" ? null : { ...JSON.parse(text), ...recordOf(collection, keyColumns(collection, id)) });
  return { ok: true };
}

async function answer(method, url, text) {
  const [, area, ...rest] = url.pathname.split("/");
  if (url.pathname === "/health") return { ...state, pool: POOL, database: (await ask("SELECT 1").catch(() => "")) === "1" };
  if (url.pathname === "/metrics") {
    return { api_p95: p95(recent.api), query_avg: mean(recent.query), delivery_p95: p95(recent.delivery), upload: mean(recent.upload), error_rate: requests === 0 ? 0 : (100 * errors) / requests, samples: recent.api.length };
  }
  if (area === "admin" && method === "POST" && ADMIN[rest.join("/")]) {
    await ADMIN[rest.join("/")]();
    return state;
  }
  if (area !== "api") throw new Refused(404, "not found");
  requests++;
  if (state.stopped) throw new Refused(503, "back in a few minutes");
  if (rest[0] === "search") return { found: await backend().search(url.searchParams.get("q") ?? "", url.searchParams.get("user") ?? "") };
  return record(method, rest[0], rest[1], text);
}

let turn = Promise.resolve();
const server = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (part) => (text += part));
  request.on("end", () => {
    turn = turn.then(async () => {
      let [status, body] = [200, {}];
      try {
        body = await answer(request.method, new URL(request.url, "http://app"), text);
      } catch (error) {
        if (!(error instanceof Refused)) errors++;
        [status, body] = [error.status ?? (/ (23|22)\d\d\d: /.test(error.message) ? 409 : 500), { error: error.message }];
      }
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    });
  });
});
process.on("SIGTERM", () => {
  clearInterval(timer);
  close();
  process.exit(0);
});
const port = Number(process.argv[process.argv.indexOf("--port") + 1] ?? 0) || 0;
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
