/** Who may say what about a gate: every kind of person through every door, against rules that are written here a second time.
 * A cell is one try; each has a gate of its own, and afterwards the ledger must have exactly the words that were allowed. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const PLAN = `plan "gated" {
  doc = "A gate for everybody",
  gate "g" { approvers = "dba", ask = "Go on?" },
}
`;
const SYSTEM = ["viewer", "operator", "administrator"] as const;
const LISTED = ["none", "dba", "product", "both"] as const;
const RELATIONS = ["neither", "author", "starter", "both"] as const;
const VERBS = ["approve", "reject", "revoke", "break-glass"] as const;
type Verb = (typeof VERBS)[number];
/** How the gate stands, what the person saw of it, and what they said before. */
const STANDS = [
  ["open", "right", "nothing"], ["open", "stale", "nothing"], ["open", "right", "approve"], ["expired by now", "right", "nothing"],
  ["approved", "right", "nothing"], ["approved", "right", "approve"], ["passed", "right", "nothing"], ["rejected", "right", "nothing"],
] as const;
const SHORT = STANDS.slice(0, 3);
type Stand = (typeof STANDS)[number];

interface Person {
  name: string;
  system: (typeof SYSTEM)[number];
  listed: (typeof LISTED)[number];
}
interface Cell {
  person: Person;
  relation: (typeof RELATIONS)[number];
  verb: Verb;
  stand: Stand;
  run: number;
}

const PEOPLE: Person[] = SYSTEM.flatMap((system) => LISTED.map((listed) => ({ name: `${system}-${listed}`, system, listed })));
const CONFIG = `version: 1
environments:
  test: { approvers: { dba: [bob, ${PEOPLE.filter(({ listed }) => listed === "dba" || listed === "both").map(({ name }) => name).join(", ")}], product: [${PEOPLE.filter(({ listed }) => listed === "product" || listed === "both").map(({ name }) => name).join(", ")}] } }
`;

/** The second opinion: may this word be written? */
function may({ person, relation, verb, stand: [state, saw, before] }: Cell): boolean {
  if (saw === "stale" || state === "passed" || state === "rejected") return false;
  if (verb === "revoke") return before === "approve";
  if (before === "approve" || state === "expired by now") return false;
  const role = person.listed === "dba" || person.listed === "both";
  switch (verb) {
    case "approve":
      return role && relation === "neither" && state === "open";
    case "reject":
      return role;
    case "break-glass":
      return person.system === "administrator" && relation === "neither";
  }
}

let cluster: Cluster;
let database: string;
let supervisor: Supervisor;
let folder: string;
let live: string;
let nextRun = 1000;
const figures = { auth_cells: 0, auth_violations: 0, auth_allowed: 0 };

before(async () => {
  cluster = await Cluster.start();
  database = await cluster.database();
  folder = writePlan({ "gated/plan.lua": PLAN, "headgate.yaml": CONFIG });
  supervisor = await Supervisor.start({ env: cluster.env(database), config: folder, plans: folder, environment: "test", people: ["alice", "bob", "gone", ...PEOPLE.map(({ name }) => name)] });
  for (const { name, system } of PEOPLE) await supervisor.must("user", "change", name, "--role", system);
  live = (await supervisor.as("alice").startRun("gated", "test")).id;
  await waitUntil("the gate is open", async () => (await supervisor.as("alice").run(live)).state === "waiting");
  await supervisor.must("user", "disable", "gone");
  // The plan once more for everybody who may have written it.
  for (const author of ["zed", ...PEOPLE.map(({ name }) => name)])
    await cluster.query(database, `INSERT INTO headgate.plan SELECT (p).* FROM (SELECT jsonb_populate_record(p, jsonb_build_object('hash', $1::text, 'registered_by', $2::text)) AS p FROM headgate.plan AS p LIMIT 1) AS x`,
      [createHash("sha256").update(author).digest("hex"), author]);
});
after(async () => {
  mergeFigures("dashboard.json", "authorisation", figures);
  await supervisor.stop();
  await cluster.stop();
});

/** Runs that have ended, so that nobody drives them, with a gate each as the cell wants it. */
async function prepare(cells: Cell[]): Promise<void> {
  const rows = cells.map((cell) => ({
    run: cell.run,
    plan: createHash("sha256").update(cell.relation === "author" || cell.relation === "both" ? cell.person.name : "zed").digest("hex"),
    starter: cell.relation === "starter" || cell.relation === "both" ? cell.person.name : "yan",
    state: cell.stand[0] === "expired by now" ? "open" : cell.stand[0],
    expired: cell.stand[0] === "expired by now",
    before: cell.stand[2] === "approve" ? cell.person.name : null,
  }));
  await cluster.query(database, `WITH cell AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset($1::jsonb) AS c(run bigint, plan text, starter text, state text, expired boolean, before text)
    ), run AS (
      INSERT INTO headgate.run (id, plan, plan_name, environment, system_identifier, database, state, started_by)
      OVERRIDING SYSTEM VALUE SELECT c.run, c.plan, r.plan_name, 'test', r.system_identifier, r.database, 'done', c.starter FROM cell AS c, headgate.run AS r WHERE r.id = $2
    ), gate AS (
      INSERT INTO headgate.gate (run, path, state, digest, question, approvers, need, evidence, next, expires_at, approved_at)
      SELECT run, 'g', state, 'd1', 'Go on?', '["dba"]', 1, '[]', '[]', CASE WHEN expired THEN now() - interval '1 s' END, CASE WHEN state = 'approved' THEN now() END FROM cell
    )
    INSERT INTO headgate.approval (run, gate, digest, person, roles, decision, at, signature)
    SELECT run, 'g', 'd1', before, '["dba"]', 'approve', '2026-01-01T00:00:00.000000Z', '' FROM cell WHERE before IS NOT NULL`, [JSON.stringify(rows), live]);
}

function cells(people: readonly Person[], relations: readonly Cell["relation"][], verbs: readonly Verb[], stands: readonly Stand[]): Cell[] {
  return people.flatMap((person) => relations.flatMap((relation) => verbs.flatMap((verb) => stands.map((stand) => ({ person, relation, verb, stand, run: nextRun++ })))));
}

/** Does try to all cells, some at a time. */
async function each<T>(list: readonly T[], width: number, act: (item: T) => Promise<void>): Promise<void> {
  let at = 0;
  await Promise.all(Array.from({ length: width }, async () => {
    for (let item = list[at++]; item !== undefined; item = list[at++]) await act(item);
  }));
}

const address = (cell: Cell): string => `/api/runs/${cell.run}/gates/g/${cell.verb}`;
const body = JSON.stringify({ comment: "because" });

async function post(path: string, headers: Record<string, string>): Promise<number> {
  const answer = await fetch(supervisor.url + path, { method: "POST", body, headers: { "Content-Type": "application/json", ...headers } });
  await answer.text();
  return answer.status;
}
const bearer = (name: string): Record<string, string> => ({ Authorization: `Bearer ${supervisor.known.tokens.get(name) ?? ""}` });

interface Session {
  Cookie: string;
  Origin: string;
  "X-Headgate-CSRF": string;
}
async function login(name: string): Promise<Session> {
  const answer = await fetch(`${supervisor.url}/api/login`, {
    method: "POST", body: JSON.stringify({ token: supervisor.known.tokens.get(name) }), headers: { "Content-Type": "application/json", Origin: supervisor.url },
  });
  const { csrf } = (await answer.json()) as { csrf: string };
  return { Cookie: (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "", Origin: supervisor.url, "X-Headgate-CSRF": csrf };
}

/** What was written for these cells, against what was to be. answers: HTTP status or exit code was that of a yes. */
async function judge(door: string, list: Cell[], answers: Map<number, boolean>, allows: (cell: Cell) => boolean = may): Promise<void> {
  const found = await cluster.query(database, "SELECT run::int AS run, person, decision FROM headgate.approval WHERE run >= 1000 AND signature <> ''");
  const written = new Map<number, string[]>();
  for (const row of found) written.set(Number(row["run"]), [...(written.get(Number(row["run"])) ?? []), `${String(row["person"])} ${String(row["decision"])}`]);
  const wrong: string[] = [];
  for (const cell of list) {
    const allowed = allows(cell);
    // Saying again what one said is answered with yes, and nothing is written.
    const again = cell.stand[2] === "approve" && cell.verb === "approve" && cell.stand[1] === "right" && allows === may;
    const want = allowed ? [`${cell.person.name} ${cell.verb.replace("-", "_")}`] : [];
    const have = written.get(cell.run) ?? [];
    if (have.join() !== want.join() || (answers.get(cell.run) ?? false) !== (allowed || again))
      wrong.push(`${door}: ${cell.person.name}, ${cell.relation}, ${cell.verb}, ${cell.stand.join(" ")}: wrote [${have.join()}], answered ${String(answers.get(cell.run))}, may ${String(allowed)}`);
    figures.auth_allowed += allowed ? 1 : 0;
  }
  figures.auth_cells += list.length;
  figures.auth_violations += wrong.length;
  assert.deepEqual(wrong.slice(0, 10), []);
}

test("by a token: every person in every relation, with every word, at every gate", async () => {
  const list = cells(PEOPLE, RELATIONS, VERBS, STANDS);
  const answers = new Map<number, boolean>();
  await prepare(list);
  await each(list, 12, async (cell) => {
    const status = await post(address(cell), { ...bearer(cell.person.name), "If-Match": `"${cell.stand[1] === "right" ? "d1" : "d0"}"` });
    assert.ok([200, 400, 403, 409].includes(status), `${status}`);
    answers.set(cell.run, status === 200);
  });
  await judge("token", list, answers);
});

test("by a browser's cookie: the same", async () => {
  const list = cells(PEOPLE, RELATIONS, VERBS, SHORT);
  const answers = new Map<number, boolean>();
  const sessions = new Map<string, Session>();
  for (const { name } of PEOPLE) sessions.set(name, await login(name));
  await prepare(list);
  await each(list, 12, async (cell) => {
    const status = await post(address(cell), { ...sessions.get(cell.person.name), "If-Match": `"${cell.stand[1] === "right" ? "d1" : "d0"}"` });
    answers.set(cell.run, status === 200);
  });
  await judge("cookie", list, answers);
});

test("by the command line", async () => {
  const list = cells(PEOPLE.filter(({ listed }) => listed === "none" || listed === "dba"), ["neither", "both"], ["approve", "break-glass"], [STANDS[0]]);
  const answers = new Map<number, boolean>();
  await prepare(list);
  await each(list, 2, async (cell) => {
    const env = { ...supervisor.env, HEADGATE_SERVER: supervisor.url, HEADGATE_TOKEN: supervisor.known.tokens.get(cell.person.name) ?? "" };
    const said = await headgate([cell.verb, `${cell.run}`, "g", "-m", "because"], { env, cwd: folder });
    answers.set(cell.run, said.code === 0);
  });
  await judge("command line", list, answers);
});

test("by the stream, which takes no decisions", async () => {
  const list = cells(PEOPLE, ["neither"], VERBS, [STANDS[0]]);
  const answers = new Map<number, boolean>();
  await prepare(list);
  await each(list, 6, async (cell) => {
    const socket = new WebSocket(`${supervisor.url.replace("http", "ws")}/api/stream`, "headgate.v1", { headers: bearer(cell.person.name) });
    socket.on("open", () => socket.send(JSON.stringify({ t: cell.verb, run: `${cell.run}`, gate: "g", digest: "d1", comment: "because" })));
    const code = await new Promise<number>((closed, failed) => socket.on("close", closed).on("error", failed));
    assert.equal(code, 1008);
    answers.set(cell.run, false);
  });
  await judge("stream", list, answers, () => false);
});

test("by a row of the database: unsigned, signed for another gate, run, person or word, nobody's signature is believed", async () => {
  const forged = cells(PEOPLE, ["neither"], VERBS, [STANDS[0]]);
  // What the supervisor did sign, for another run: bob's approval and reject of gates with the digest of the live one.
  const { digest } = await supervisor.as("bob").gate(live, "g");
  const [source] = cells([{ name: "bob", system: "viewer", listed: "dba" }], ["neither"], ["approve"], [STANDS[0]]) as [Cell];
  await prepare([source]);
  await cluster.query(database, "UPDATE headgate.gate SET digest = $2 WHERE run = $1", [source.run, digest]);
  assert.equal(await post(address(source), { ...bearer("bob"), "If-Match": `"${digest}"` }), 200);
  const kinds = ["''", "s.signature", "reverse(s.signature)"];
  for (const [k, signature] of kinds.entries())
    for (const [index, { person, verb }] of forged.entries())
      await cluster.query(database, `INSERT INTO headgate.approval (run, gate, digest, person, roles, decision, comment, at, signature, nth)
        SELECT $1, 'g', $2, CASE WHEN $7 THEN 'bob' ELSE $3 END, $4::jsonb, $5, s.comment, s.at, ${signature}, $6 FROM headgate.approval AS s WHERE s.run = $8`,
        [live, digest, person.name, verb === "break-glass" ? '["administrator"]' : '["dba"]', verb.replace("-", "_"), k * 1000 + index + 1, index % 4 === 0, source.run]);
  await cluster.query(database, "SELECT pg_notify('headgate_run', $1::text)", [live]);
  const count = kinds.length * forged.length;
  await waitUntil("all were looked at", async () => {
    const [row] = await cluster.query(database, "SELECT count(*)::int AS n FROM headgate.event WHERE run = $1 AND type = 'log' AND data ->> 'text' LIKE '%has no valid signature%'", [live]);
    return Number(row?.["n"]) >= count;
  });
  const state = (await supervisor.as("alice").run(live)).state;
  figures.auth_cells += count;
  figures.auth_violations += state === "waiting" ? 0 : count;
  assert.equal(state, "waiting");
});

test("without being somebody: no token, a disabled person's, a forged one, a cookie alone, another's CSRF token, another site", async () => {
  const able = PEOPLE.find(({ name }) => name === "administrator-both") as Person;
  const session = await login(able.name);
  const other = await login("viewer-dba");
  const ways: Record<string, string>[] = [
    {}, bearer("gone"), { Authorization: `Bearer hgt_${"A".repeat(43)}` }, { Authorization: "Basic YWxpY2U6YWxpY2U=" },
    { Cookie: session.Cookie, Origin: session.Origin }, { ...session, "X-Headgate-CSRF": other["X-Headgate-CSRF"] },
    { ...session, Origin: "http://elsewhere.example" }, { Cookie: `${session.Cookie}0`, Origin: session.Origin, "X-Headgate-CSRF": session["X-Headgate-CSRF"] },
  ];
  const list = ways.flatMap(() => cells([able], ["neither"], VERBS, [STANDS[0], STANDS[2]]));
  const answers = new Map<number, boolean>();
  await prepare(list);
  await each([...list.entries()], 8, async ([index, cell]) => {
    const status = await post(address(cell), { ...ways[Math.floor((index * ways.length) / list.length)], "If-Match": '"d1"' });
    assert.ok([401, 403, 429].includes(status), `${status}`); // 429: too many wrong tokens
    answers.set(cell.run, false);
  });
  await judge("nobody", list, answers, () => false);
});

test("it was at least 2,000 cells, some of them allowed, and no word that was not", () => {
  assert.ok(figures.auth_cells >= 2000, `${figures.auth_cells}`);
  assert.ok(figures.auth_allowed > 200, `${figures.auth_allowed}`);
  assert.equal(figures.auth_violations, 0);
});
