/** What people can say about a gate besides yes and no, and what its clocks and its evidence do to an approval. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Api, ApiError, type RunPage } from "../lib/api";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { fsck } from "../lib/fsck";
import { temporary } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const CONFIG = `version: 1
environments:
  test: { approvers: { dba: [bob, carol, alice, dora] } }
`;

/** Two people have to agree; what gate has besides. */
const plan = (name: string, gate: string, before = "", need = 1): string => `plan "${name}" {
  doc = "A gate of its own kind",
  phase "make" {
    step "mark" { up = "CREATE TABLE made_${name} (id int)", down = "DROP TABLE made_${name}" },${before}
  },
  gate "agree" { approvers = "dba", need = ${need}, ask = "Go on?"${gate === "" ? "" : `, ${gate}`} },
  phase "then" { step "end" { up = "CREATE TABLE end_${name} (id int)", down = "DROP TABLE end_${name}" } },
}
`;

const PLANS: Record<string, string> = {
  two: plan("two", "", "", 2),
  later: plan("later", `wait = "1h"`),
  soon: plan("soon", `wait = "500ms"`),
  hours: plan("hours", `window = { days = { "mon" }, from = "00:00", to = "00:01", zone = "Pacific/Kiritimati" }`),
  always: plan("always", `window = { from = "00:00", zone = "Europe/Berlin" }`),
  nowhere: plan("nowhere", `window = { zone = "Europe/Atlantis" }`),
  hold: plan("hold", `expires = "300ms", on_expire = "hold"`),
  reject: plan("reject", `expires = "300ms", on_expire = "reject"`),
  back: plan("back", `expires = "300ms", on_expire = "rollback"`),
  asks: plan("asks", `fields = { percent = { type = "integer", doc = "How many" }, size = { type = "choice", choices = { "s", "l" }, default = "s" }, note = { required = false } }`),
  proof: plan("proof", `evidence = { "make" }`, `
    verify "nothing is wrong" { no_rows = "SELECT id FROM made_proof WHERE id < 0" },
    check "it was empty once" { no_rows = "SELECT id FROM made_proof" },`),
  turned: plan("turned", "", "", 2),
  given: plan("given", "", "", 2),
  glass: plan("glass", `wait = "1h"`),
  race: plan("race", ""),
  storm: plan("storm", ""),
};

interface Gate {
  state: string;
  digest: string;
  approvals: { person: string; decision: string; fields: Record<string, unknown> }[];
  revoked: { person: string }[];
  evidence: { path: string; verdict: string; text: string }[];
  fields: { name: string; type: string; required: boolean }[];
  closed_at: string | null;
  passes_at: string | null;
  left_us: number | null;
  checked_at: string | null;
  obligation: { open: boolean; by?: string } | null;
  may: { approve: boolean; reject: boolean; revoke: boolean; break_glass: boolean; why: string };
}

let cluster: Cluster;
let database: string;
let folder: string;
let supervisor: Supervisor;
let alice: Api, bob: Api, carol: Api, dora: Api, erin: Api;

before(async () => {
  cluster = await Cluster.start();
  database = await cluster.database();
  folder = temporary("plans");
  for (const [name, text] of Object.entries(PLANS)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "plan.lua"), text);
  }
  writeFileSync(join(folder, "headgate.yaml"), CONFIG);
  supervisor = await Supervisor.start({ env: cluster.env(database), config: folder, plans: folder, environment: "test", people: ["alice", "bob", "carol", "dora", "erin"] });
  for (const person of ["dora", "erin"]) await supervisor.must("user", "change", person, "--role", "administrator");
  [alice, bob, carol, dora, erin] = ["alice", "bob", "carol", "dora", "erin"].map((person) => supervisor.as(person)) as [Api, Api, Api, Api, Api];
});
after(async () => {
  await supervisor.stop();
  await cluster.stop();
});

const address = (id: string): string => `/api/runs/${id}/gates/agree`;
const read = (id: string, as = alice): Promise<Gate> => as.get(address(id));
const is = (id: string, state: string): Promise<RunPage> =>
  waitUntil(`run ${id} is ${state}`, async () => {
    const page = await alice.run(id);
    return page.state === state && page;
  });
const opens = async (id: string): Promise<Gate> => {
  await is(id, "waiting");
  return read(id);
};
async function say(as: Api, id: string, action: string, body: Record<string, unknown> = { comment: "because" }, digest?: string): Promise<Gate> {
  return as.post(`${address(id)}/${action}`, body, { "If-Match": `"${digest ?? (await read(id)).digest}"` });
}
const refused = (status: number, why: RegExp) => (error: unknown): true => {
  assert.ok(error instanceof ApiError, String(error));
  assert.equal(error.status, status, error.message);
  assert.match(error.message, why);
  return true;
};
async function sound(id: string): Promise<void> {
  assert.deepEqual((await fsck(supervisor.env, folder, "test")).filter(({ run }) => run === id || run === null), []);
  await supervisor.must("audit", "verify", id);
}

test("an approval can be taken back, and given again, until the gate is passed", async () => {
  const { id } = await alice.startRun("two", "test");
  await opens(id);
  await assert.rejects(say(bob, id, "revoke"), refused(409, /you have not approved this gate/));
  await say(bob, id, "approve");
  assert.equal((await read(id, bob)).may.revoke, true);
  const taken = await say(bob, id, "revoke");
  assert.deepEqual(taken.approvals, []);
  assert.deepEqual(taken.revoked.map(({ person }) => person), ["bob"]);
  await say(bob, id, "revoke"); // again: nothing more is written
  await say(carol, id, "approve");
  // It has looked at what was said and waits for another.
  await alice.request(id, "pause");
  await is(id, "paused");
  await alice.request(id, "resume");
  await opens(id);
  const env = { ...supervisor.env, HEADGATE_SERVER: supervisor.url, HEADGATE_TOKEN: supervisor.known.tokens.get("bob") ?? "" };
  const cli = (...words: string[]) => headgate(words, { env, cwd: folder });
  assert.match((await cli("approve", id, "agree", "-m", "yes")).text, /approved \(2 of 2 approvals\)/);
  await is(id, "done");
  const late = await cli("revoke", id, "agree");
  assert.equal(late.code, 1, late.text);
  assert.match(late.text, /the gate is passed already/);
  const rows = await cluster.query(database, "SELECT person, decision, nth FROM headgate.approval WHERE run = $1 ORDER BY id", [id]);
  assert.deepEqual(rows, [
    { person: "bob", decision: "approve", nth: 1 },
    { person: "bob", decision: "revoke", nth: 2 },
    { person: "carol", decision: "approve", nth: 1 },
    { person: "bob", decision: "approve", nth: 3 },
  ]);
  await sound(id);
});

test("a revoke that is deleted from the ledger, or an older approval put behind it, passes nothing", async () => {
  const { id } = await alice.startRun("later", "test");
  await opens(id);
  await say(bob, id, "approve");
  await is(id, "watching");
  await say(bob, id, "revoke");
  await is(id, "waiting");
  // The signed approval once more, as the newest word.
  await cluster.query(database, `INSERT INTO headgate.approval (run, gate, digest, person, roles, decision, comment, at, signature, fields, nth)
    SELECT run, gate, digest, person, roles, decision, comment, at, signature, fields, 3 FROM headgate.approval WHERE run = $1 AND nth = 1`, [id]);
  await cluster.query(database, "SELECT pg_notify('headgate_run', $1)", [id]);
  await waitUntil("it is told", async () => (await cluster.query(database, "SELECT 1 FROM headgate.event WHERE run = $1 AND data ->> 'text' LIKE '%has no valid signature%'", [id])).length > 0);
  assert.equal((await alice.run(id)).state, "waiting");
  await cluster.query(database, "DELETE FROM headgate.approval WHERE run = $1 AND nth > 1", [id]);
  const page = await is(id, "failed");
  assert.match(page.reason?.text ?? "", /what somebody said about gate "agree" is gone from the ledger/);
  await alice.request(id, "rollback");
  await is(id, "rolled_back");
  assert.equal((await read(id)).state, "withdrawn", "approved, but its clock had not come");
  await assert.rejects(supervisor.must("audit", "verify", id), /the approval by bob is gone/);
});

test("an approved gate waits for its clock: it says when it passes, and can be revoked meanwhile", async () => {
  const { id } = await alice.startRun("later", "test");
  await opens(id);
  await say(bob, id, "approve");
  const page = await is(id, "watching");
  assert.equal(page.reason?.kind, "gate_clock");
  assert.match(page.reason?.text ?? "", /is approved and passes at 20/);
  const gate = await read(id, bob);
  assert.equal(gate.state, "approved");
  assert.ok((gate.left_us ?? 0) > 3500e6 && (gate.left_us ?? 0) <= 3600e6, String(gate.left_us));
  assert.deepEqual({ approve: gate.may.approve, revoke: gate.may.revoke }, { approve: false, revoke: true });
  await assert.rejects(say(carol, id, "approve"), refused(409, /the gate is approved already/));
  await say(carol, id, "reject");
  await is(id, "held");
  assert.equal((await read(id)).state, "rejected");

  const soon = await alice.startRun("soon", "test");
  await opens(soon.id);
  await say(bob, soon.id, "approve");
  await is(soon.id, "done");
  const [times] = await cluster.query(database, "SELECT (g.closed_at - a.at::timestamptz) >= interval '500 ms' AS late FROM headgate.gate g JOIN headgate.approval a ON a.run = g.run WHERE g.run = $1", [soon.id]);
  assert.equal(times?.["late"], true);
  await sound(soon.id);
});

test("a window is the clock of its zone: what follows begins in it, and the ledger says when", async () => {
  const next = async (since: string, hours: unknown): Promise<string> => {
    const [row] = await cluster.query(database, "SELECT headgate.rfc3339(headgate.passes_at($1::timestamptz, 0, $2::jsonb)) AS at", [since, JSON.stringify(hours)]);
    return String(row?.["at"]);
  };
  const week = ["mon", "tue", "wed", "thu", "fri"];
  const berlin = { days: week, from: "09:00", to: "17:00", zone: "Europe/Berlin" };
  assert.equal(await next("2090-01-06 07:00+00", berlin), "2090-01-06T08:00:00.000000Z"); // a Friday in winter: UTC+1
  assert.equal(await next("2090-01-06 12:00+00", berlin), "2090-01-06T12:00:00.000000Z");
  assert.equal(await next("2090-01-06 16:00+00", berlin), "2090-01-09T08:00:00.000000Z"); // over: Monday
  assert.equal(await next("2035-07-06 16:00+00", berlin), "2035-07-09T07:00:00.000000Z"); // in summer UTC+2
  assert.equal(await next("2090-01-06 02:00+00", { ...berlin, from: "22:00", to: "04:00", zone: "UTC" }), "2090-01-06T02:00:00.000000Z"); // Thursday's night
  assert.equal(await next("2090-01-07 05:00+00", { ...berlin, from: "22:00", to: "04:00", zone: "UTC" }), "2090-01-09T22:00:00.000000Z");
  assert.equal(await next("2090-01-07 05:00+00", { days: ["sat"], from: "00:00", to: "24:00", zone: "UTC" }), "2090-01-07T05:00:00.000000Z");

  const { id } = await alice.startRun("hours", "test");
  await opens(id);
  await say(bob, id, "approve");
  await is(id, "watching");
  const gate = await read(id);
  assert.match(gate.passes_at ?? "", /T10:00:00\.000000Z$/); // midnight in Kiritimati is 10:00 UTC the day before
  assert.equal(new Date(gate.passes_at ?? 0).getUTCDay(), 0); // … of its Monday
  await alice.request(id, "rollback");
  await is(id, "rolled_back");

  const open = await alice.startRun("always", "test");
  await opens(open.id);
  await say(bob, open.id, "approve");
  await is(open.id, "done");
  await assert.rejects(alice.startRun("nowhere", "test"), /window\.zone.*must be a time zone that is known/);
});

test("a gate that nobody approves in time holds, is rejected or rolls the run back, and is never approved", async () => {
  const ends = async (name: string, run: string, gate: string): Promise<string> => {
    const { id } = await alice.startRun(name, "test");
    await is(id, run);
    assert.equal((await read(id)).state, gate);
    await assert.rejects(say(bob, id, "approve"), refused(409, /the gate is (expired|rejected) already/));
    return id;
  };
  await ends("hold", "held", "expired");
  const rejected = await ends("reject", "held", "rejected");
  assert.match((await alice.run(rejected)).reason?.text ?? "", /rejected: nobody approved it in time/);
  await sound(await ends("back", "rolled_back", "expired"));
});

test("a gate whose run turns back, or is given up, is withdrawn: nobody can pass it any more", async () => {
  for (const [name, ask, end] of [["turned", "rollback", "rolled_back"], ["given", "abort", "aborted"]] as const) {
    const { id } = await alice.startRun(name, "test");
    await opens(id);
    await say(bob, id, "approve");
    await alice.request(id, ask);
    const page = await is(id, end);
    assert.deepEqual(page.gates.map(({ path, state }) => ({ path, state })), [{ path: "agree", state: "withdrawn" }]);
    const gate = await read(id, carol);
    assert.ok(gate.closed_at);
    assert.equal(gate.may.approve, false);
    await assert.rejects(say(carol, id, "approve"), refused(409, /the gate is withdrawn already/));
    const { events } = await alice.get<{ events: { node: string; data: { state: string } }[] }>(`/api/runs/${id}/events?type=gate.closed`);
    assert.deepEqual(events.map(({ node, data }) => [node, data.state]), [["agree", "withdrawn"]]);
    await sound(id);
  }
});

test("typed answers are part of the signed approval, and of what the run recorded", async () => {
  const { id } = await alice.startRun("asks", "test");
  const gate = await opens(id);
  assert.deepEqual(gate.fields.map(({ name, required }) => [name, required]), [["percent", true], ["size", false], ["note", false]]);
  await assert.rejects(say(bob, id, "approve"), refused(400, /"percent\\" is not answered/));
  await assert.rejects(say(bob, id, "approve", { fields: { percent: "many" } }), refused(400, /"percent\\" must be a whole number/));
  await assert.rejects(say(bob, id, "approve", { fields: { percent: 10, size: "m" } }), refused(400, /"size\\" must be one of its choices/));
  await assert.rejects(say(bob, id, "approve", { fields: { percent: 10, colour: "red" } }), refused(400, /"colour\\" is not asked here/));
  assert.deepEqual((await read(id)).approvals, []);
  const env = { ...supervisor.env, HEADGATE_SERVER: supervisor.url, HEADGATE_TOKEN: supervisor.known.tokens.get("bob") ?? "" };
  const said = await headgate(["approve", id, "agree", "--field", "percent=10", "--field", "note=slowly"], { env, cwd: folder });
  assert.equal(said.code, 0, said.text);
  const page = await is(id, "done");
  assert.deepEqual(page.steps.find(({ path }) => path === "agree")?.detail["answers"], { percent: 10, size: "s", note: "slowly" });
  assert.match(await supervisor.must("report", id), /approved by bob.*percent = 10/);
  assert.match(await supervisor.must("report", id, "--format", "html"), /<td>bob<\/td>.*<td>[^<]*percent = 10[^<]*<\/td>/);
  await sound(id);
});

test("evidence is looked at again: on demand, and when the gate is passed, where a changed verdict voids what was approved", async () => {
  const { id } = await alice.startRun("proof", "test");
  const first = await opens(id);
  assert.equal(first.checked_at, null);
  await assert.rejects(erin.post(`${address(id)}/recheck`, { why: "x" }), refused(400, /why/));
  await bob.post(`${address(id)}/recheck`, {});
  const looked = await waitUntil("it was looked at", async () => {
    const gate = await read(id);
    return gate.checked_at !== null && gate;
  });
  assert.equal(looked.digest, first.digest);
  await cluster.query(database, "INSERT INTO made_proof VALUES (-1)");
  await say(bob, id, "approve");
  const failed = await waitUntil("it is another gate", async () => {
    const gate = await read(id);
    return gate.digest !== first.digest && gate;
  });
  assert.deepEqual(failed.evidence.map(({ path, verdict }) => [path.split("/")[1], verdict]), [["nothing is wrong", "fail"], ["it was empty once", "fail"]]);
  assert.deepEqual(failed.approvals, []);
  await assert.rejects(say(bob, id, "approve", {}, first.digest), (error: unknown) => {
    refused(409, /the gate has changed since you opened it/)(error);
    assert.ok((error as ApiError).message.includes(failed.digest)); // the answer has the gate as it is now
    return true;
  });
  // The verdict of old does not bring the approval of old back.
  await cluster.query(database, "DELETE FROM made_proof");
  await carol.post(`${address(id)}/recheck`, {});
  const well = await waitUntil("it holds again", async () => {
    const gate = await read(id);
    return gate.digest !== failed.digest && gate.state === "open" && gate;
  });
  assert.notEqual(well.digest, first.digest);
  const status = await supervisor.must("status", id);
  assert.ok(status.includes(`headgate approve ${id} "agree" --digest ${well.digest.slice(0, 12)}; `), status);
  assert.deepEqual([well.approvals.length, well.evidence.every(({ verdict }) => verdict === "pass")], [0, true]);
  await say(carol, id, "approve");
  await is(id, "done");
  await sound(id);
});

test("two administrators break the glass together; somebody else answers for it afterwards", async () => {
  const { id } = await alice.startRun("glass", "test");
  await opens(id);
  await supervisor.must("user", "change", "alice", "--role", "administrator");
  await assert.rejects(say(alice, id, "break-glass"), refused(403, /you started this run/));
  await supervisor.must("user", "change", "alice", "--role", "operator");
  await assert.rejects(say(bob, id, "break-glass"), refused(403, /needs the role administrator/));
  await assert.rejects(say(dora, id, "break-glass", {}), refused(400, /needs a comment that says why/));
  await say(dora, id, "break-glass", { comment: "nobody answers the phone" });
  await alice.request(id, "pause"); // it has looked, and one is not enough
  await is(id, "paused");
  await alice.request(id, "resume");
  assert.equal((await opens(id)).state, "open");
  const env = { ...supervisor.env, HEADGATE_SERVER: supervisor.url, HEADGATE_TOKEN: supervisor.known.tokens.get("erin") ?? "" };
  const said = await headgate(["break-glass", id, "agree", "-m", "the disk fills"], { env, cwd: folder });
  assert.match(said.text, /2 of 2 broke the glass/);
  await is(id, "done"); // its wait of an hour is passed over
  assert.deepEqual((await read(id)).obligation, { open: true });
  assert.match(await supervisor.must("report", id), /GLASS BROKEN by dora: nobody answers the phone[\s\S]*OWES AN ANSWER/);
  const { needs_you } = await bob.get<{ needs_you: { run: string; kind: string; mine: boolean }[] }>("/api/runs");
  assert.deepEqual(needs_you.filter(({ kind }) => kind === "obligation").map(({ run, mine }) => [run, mine]), [[id, true]]);
  const owed = `/api/runs/${id}/answers`;
  await assert.rejects(dora.post(owed, { path: "agree", note: "fine" }), refused(403, /you broke the glass/));
  await assert.rejects(bob.post(owed, { path: "agree" }), refused(400, /says what was looked at/));
  await bob.post(owed, { path: "agree", note: "looked at the rows" });
  const { obligation } = await read(id);
  assert.deepEqual([obligation?.open, obligation?.by], [false, "bob"]);
  await sound(id);
});

test("a hundred clicks are one row; approve, reject and rollback at the same moment are decided once", async () => {
  const { id } = await alice.startRun("race", "test");
  const { digest } = await opens(id);
  const clicks = await Promise.allSettled(Array.from({ length: 100 }, () => say(bob, id, "approve", {}, digest)));
  assert.ok(clicks.some(({ status }) => status === "fulfilled"));
  assert.deepEqual(await cluster.query(database, "SELECT count(*)::int AS n FROM headgate.approval WHERE run = $1", [id]), [{ n: 1 }]);
  await is(id, "done");
  for (let round = 0; round < 3; round++) {
    const storm = await alice.startRun("storm", "test");
    const opened = await opens(storm.id);
    await Promise.allSettled([
      say(bob, storm.id, "approve", {}, opened.digest), say(carol, storm.id, "reject", { comment: "no" }, opened.digest),
      say(bob, storm.id, "revoke", {}, opened.digest), alice.request(storm.id, "rollback"),
    ]);
    const page = await waitUntil("it is decided", async () => {
      const now = await alice.run(storm.id);
      return ["done", "held", "rolled_back"].includes(now.state) && now;
    });
    const { state } = await read(storm.id);
    const [told] = await cluster.query(database, "SELECT count(*)::int AS n FROM headgate.event WHERE run = $1 AND type = 'gate.closed'", [storm.id]);
    assert.equal(told?.["n"], state === "open" ? 0 : 1);
    const [rejects] = await cluster.query(database, "SELECT count(*)::int AS n FROM headgate.approval a JOIN headgate.gate g ON g.run = a.run WHERE a.run = $1 AND a.decision = 'reject' AND a.at::timestamptz < g.closed_at", [storm.id]);
    if (state === "passed") assert.equal(rejects?.["n"], 0, "it passed although somebody had rejected it");
    // The rollback of the storm may still be on its way.
    if (page.state !== "rolled_back") await alice.request(storm.id, "rollback").catch(() => undefined);
    await is(storm.id, "rolled_back");
    await sound(storm.id);
  }
  await sound(id);
});
