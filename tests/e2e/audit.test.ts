/** The audit chain: what is edited by hand is found, and the first entry that is not what was written is named. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type pg from "pg";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { fsck } from "../lib/fsck";
import { root } from "../lib/paths";
import { attend } from "../lib/people";
import { temporary } from "../lib/plan";
import { random as fraction, seedRandom } from "../lib/random";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const PLAN = `plan "prices" {
  doc = "Give every price an amount",
  phase "p" {
    manual "Tell everybody" { role = "owner" },
    backfill "prices.amount" {
      where = "amount IS NULL", one_way = "a test",
      map = function(row)
        if row.id <= 4 then return ambiguous("no amount fits", { choices = { { amount = "1.50" }, { amount = "7.10" } } }) end
        return { amount = "0.10" }
      end,
    },
    gate "keep" { approvers = "owner", ask = "Keep it?", expires = "5d" },
  },
}
`;
const CONFIG = "version: 1\nenvironments:\n  test:\n    approvers: { owner: [bob] }\n";
const EDITS = 1000;

/** What an edit draws from. */
class Random {
  constructor(seed: number) {
    seedRandom(seed);
  }
  int(least: number, most: number): number {
    return least + Math.floor(fraction() * (most - least + 1));
  }
  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)] as T;
  }
}

let cluster: Cluster;
let database: string;
let supervisor: Supervisor;
let folder: string;

interface Result {
  run: string;
  entries: number;
  head: string;
  pruned: boolean;
  heads: number;
  rewound: number;
  faults: number;
  broken: null | { seq: number | null; node: string; text: string };
}

async function verify(inside = database, args: string[] = []): Promise<Result[]> {
  const said = await headgate(["audit", "verify", "--json", "-e", "test", ...args], { env: { ...supervisor.env, ...cluster.env(inside) }, cwd: folder });
  const results = JSON.parse(said.stdout || "[]") as Result[];
  assert.equal(said.code, results.some(({ broken }) => broken !== null) ? 4 : 0, said.text);
  return results;
}

before(async () => {
  cluster = await Cluster.start();
  database = await cluster.database();
  await cluster.query(database, "CREATE TABLE prices (id int PRIMARY KEY, amount numeric); INSERT INTO prices (id) SELECT generate_series(1, 40)");
  folder = temporary("plans");
  mkdirSync(join(folder, "prices"));
  writeFileSync(join(folder, "prices/plan.lua"), PLAN);
  writeFileSync(join(folder, "headgate.yaml"), CONFIG);
  supervisor = await Supervisor.start({ env: cluster.env(database), config: folder, plans: folder, environment: "test", people: ["alice", "bob"] });
  const [alice, bob] = [supervisor.as("alice"), supervisor.as("bob")];
  const { id } = await alice.startRun("prices", "test");
  await waitUntil("rows wait", async () => {
    const page = await alice.run(id);
    if (page.review.open === 0) await attend(page, alice, [bob]);
    return page.review.open === 4;
  });
  await alice.post(`/api/runs/${id}/review`, { decisions: [{ step: "p/prices.amount", key: ["1"], decision: { skip: true } }] });
  await waitUntil("it is settled", async () => (await alice.run(id)).review.open === 3);
  await attend(await alice.run(id), alice, [bob]); // the other three, once: decisions are counted
  await waitUntil("they are settled", async () => (await alice.run(id)).review.open === 0);
  await waitUntil("the run is done", async () => {
    const page = await alice.run(id);
    await attend(page, alice, [bob]);
    return page.state === "done";
  });
  await waitUntil("its runner has ended", async () => (await cluster.query(database, "SELECT 1 FROM headgate.lease WHERE owner IS NULL OR until < now()")).length > 0);
  await supervisor.stop();
});
after(() => cluster.stop());

test("a run as it was written is whole, by verify and by fsck, and its heads were exported", async () => {
  const [result] = await verify();
  assert.equal(result?.broken, null);
  assert.ok((result?.entries ?? 0) > 15);
  assert.ok((result?.heads ?? 0) > 3);
  assert.deepEqual(await fsck({ ...supervisor.env, ...cluster.env(database) }, folder, "test"), []);
  const exported = readFileSync(join(supervisor.known.home, "heads.ndjson"), "utf8").trim().split("\n");
  const last = JSON.parse(exported.at(-1) ?? "{}") as { seq: string; state: string };
  assert.equal(last.state, "done");
  const said = await headgate(["audit", "verify", "1", "-e", "test"], { env: { ...supervisor.env, ...cluster.env(database) }, cwd: folder });
  assert.match(said.stdout, /^run 1: \d+ entries, head [0-9a-f]{64}\n {4}compared with \d+ exported heads\n$/);
});

/** Makes runs that are like run 1 in all that people did, by the functions that a run uses. */
const COPIES = `DO $$
DECLARE
  copy bigint; e headgate.event; told bigint; key bigint; keys jsonb;
BEGIN
  FOR i IN 1..${EDITS} LOOP
    INSERT INTO headgate.run (plan, plan_name, environment, params, config, system_identifier, database, state, reason, node, direction, version, started_by, finished_at)
    SELECT plan, plan_name, environment, params, config, system_identifier, database, state, reason, node, direction, version, started_by, now() FROM headgate.run WHERE id = 1 RETURNING id INTO copy;
    INSERT INTO headgate.lease SELECT copy, epoch, NULL, until, stop FROM headgate.lease WHERE run = 1;
    INSERT INTO headgate.gate SELECT copy, path, state, digest, question, approvers, need, evidence, next, opened_at, expires_at, closed_at FROM headgate.gate WHERE run = 1;
    INSERT INTO headgate.answer SELECT copy, path, item, note, by, at FROM headgate.answer WHERE run = 1;
    INSERT INTO headgate.decision SELECT copy, step, d.key, decision, decided_by, decided_at FROM headgate.decision AS d WHERE run = 1;
    INSERT INTO headgate.request (run, kind, asked_by, handled_at, outcome) SELECT copy, 'start', started_by, now(), 'started' FROM headgate.run WHERE id = 1;
    keys := '{}';
    FOR e IN SELECT * FROM headgate.event WHERE run = 1 AND type NOT IN ('step.state', 'step.progress', 'log') ORDER BY seq LOOP
      key := e.version;
      IF e.type = 'gate.approval' THEN
        INSERT INTO headgate.approval (run, gate, digest, person, roles, decision, comment, at, signature)
        SELECT copy, gate, digest, person, roles, decision, comment, at, signature FROM headgate.approval WHERE id = e.version RETURNING id INTO key;
      ELSIF e.type = 'review.decided' THEN
        INSERT INTO headgate.request (run, kind, body, asked_by, handled_at, outcome)
        SELECT copy, kind, body, asked_by, handled_at, outcome FROM headgate.request WHERE id = e.version RETURNING id INTO key;
      END IF;
      told := headgate.event_append(copy, 0, e.source, key, e.type, e.node, e.data);
      INSERT INTO headgate.decided SELECT copy, told, place, step, d.key, decision, decided_by, decided_at FROM headgate.decided AS d WHERE run = 1 AND seq = e.seq;
    END LOOP;
  END LOOP;
END $$`;

interface Run {
  run: number;
  /** How many entries it has. */
  last: number;
  /** The entries of a type. */
  of: (type: string) => number[];
}

/** An edit and the entry that must be named (one of several: the next one, or the edited one where a table's row tells more than
 * the chain): undefined where only an exported head tells, null where no entry does. */
interface Edit {
  sql: string;
  named: number | (number | null)[] | null | undefined;
}

const SAID = `jsonb_build_array(e.run, e.seq, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), e.epoch, e.source, e.version, e.type, e.node, e.data)::text`;
const linked = (at: string): string =>
  `sha256('\\x00'::bytea || coalesce((SELECT b.hash FROM headgate.event b WHERE b.run = e.run AND b.seq = e.seq - 1), headgate.genesis(e.run)) || convert_to(${at}, 'UTF8'))`;
/** Gives the entries from one on the hashes that fit, as somebody would who knows how. */
const relink = (run: number, from: number, last: number): string =>
  Array.from({ length: last - from + 1 }, (_, i) => `UPDATE headgate.event e SET hash = ${linked(SAID)} WHERE run = ${run} AND seq = ${from + i}`).join(";\n");
const rehead = (run: number): string =>
  `UPDATE headgate.run r SET last_seq = e.seq, head = e.hash FROM (SELECT * FROM headgate.event WHERE run = ${run} ORDER BY seq DESC LIMIT 1) e WHERE r.id = e.run`;

const COLUMNS = ["at = at + interval '1 us'", "epoch = epoch + 1", "source = source || 'x'", "version = version + 100000", "type = type || 'x'", "node = node || 'x'",
  `data = data || '{"forged": true}'`, "data = data - (SELECT min(k) FROM jsonb_object_keys(data) k)", "hash = set_byte(hash, 5, get_byte(hash, 5) # 4)"];
const APPROVAL = ["person = 'mallory'", "decision = 'reject'", "comment = comment || '!'", `roles = '["admin"]'`, "digest = digest || '0'", "at = at || '0'", "signature = reverse(signature)", `fields = '{"x": 1}'`, "nth = 2"];
const GENESIS = ["environment = 'prod'", `params = '{"a": 1}'`, `config = '{"a": 1}'`, "started_by = 'mallory'", "created_at = created_at - interval '1 us'", "plan_name = 'other'"];
const HEAD = ["state = 'rolled_back'", "direction = 'back'", `reason = '{"x": 1}'`, "version = version + 1"];
const GATE = ["need = 0", `approvers = '["anybody"]'`, "question = 'Drop it?'", "digest = 'other'", "opened_at = opened_at - interval '1 us'", "expires_at = now() + interval '1 year'"];

/** Kinds of edits. random gives where and what. */
const KINDS: Record<string, (it: Run, random: Random) => Edit> = {
  "a column of an entry": ({ run, last }, random) => {
    const seq = random.int(1, last);
    return { sql: `UPDATE headgate.event SET ${random.pick(COLUMNS)} WHERE run = ${run} AND seq = ${seq} AND data <> '{}'; UPDATE headgate.event SET node = node || 'y' WHERE run = ${run} AND seq = ${seq} AND data = '{}'`, named: seq };
  },
  "an entry is gone": ({ run, last }, random) => {
    const seq = random.int(1, last);
    return { sql: `DELETE FROM headgate.event WHERE run = ${run} AND seq = ${seq}`, named: seq };
  },
  "an entry is gone, and the rest moved up": ({ run, last }, random) => {
    const seq = random.int(1, last - 1);
    const move = Array.from({ length: last - seq }, (_, i) => `UPDATE headgate.event SET seq = seq - 1 WHERE run = ${run} AND seq = ${seq + 1 + i}`).join("; ");
    return { sql: `DELETE FROM headgate.event WHERE run = ${run} AND seq = ${seq}; ${move}; ${rehead(run)}`, named: seq };
  },
  "two entries change places": ({ run, last }, random) => {
    const seq = random.int(1, last - 1);
    const to = (from: number, other: number): string => `UPDATE headgate.event SET seq = ${other} WHERE run = ${run} AND seq = ${from}`;
    return { sql: `${to(seq, 9999)}; ${to(seq + 1, seq)}; ${to(9999, seq + 1)}`, named: seq };
  },
  "an entry more": ({ run, last }, random) => ({
    sql: `INSERT INTO headgate.event (run, seq, epoch, source, version, type, hash) VALUES (${run}, ${last + 1}, 0, 'forged', ${random.int(1, 99)}, 'log', sha256('x'))`,
    named: last + 1,
  }),
  "an entry more whose hash fits": ({ run, last }) => ({
    sql: `INSERT INTO headgate.event (run, seq, epoch, source, version, type, hash) VALUES (${run}, ${last + 1}, 0, 'forged', 1, 'log', ''); ${relink(run, last + 1, last + 1)}`,
    named: last + 1,
  }),
  "an entry with its hash": ({ run, last }, random) => {
    const seq = random.int(1, last);
    return { sql: `UPDATE headgate.event SET node = node || 'x' WHERE run = ${run} AND seq = ${seq}; ${relink(run, seq, seq)}`, named: [seq, Math.min(seq + 1, last)] };
  },
  "the end is cut off": ({ run, last }, random) => ({
    sql: `DELETE FROM headgate.event WHERE run = ${run} AND seq > ${random.int(1, last - 1)}; ${rehead(run)}`,
    named: undefined,
  }),
  "the rest is written anew": ({ run, last }, random) => {
    const seq = random.int(1, last);
    return { sql: `UPDATE headgate.event SET at = at + interval '1 us' WHERE run = ${run} AND seq = ${seq}; ${relink(run, seq, last)}; ${rehead(run)}`, named: undefined };
  },
  "the head": ({ run }, random) => ({
    sql: random.int(0, 1) === 0 ? `UPDATE headgate.run SET head = sha256(head) WHERE id = ${run}` : `UPDATE headgate.run SET last_seq = last_seq + 1 WHERE id = ${run}`,
    named: undefined,
  }),
  "an approval": ({ run, of }, random) => ({ sql: `UPDATE headgate.approval SET ${random.pick(APPROVAL)} WHERE run = ${run}`, named: of("gate.approval")[0] }),
  "an approval is gone": ({ run, of }) => ({ sql: `DELETE FROM headgate.approval WHERE run = ${run}`, named: of("gate.approval")[0] }),
  "an approval more": ({ run }) => ({
    sql: `INSERT INTO headgate.approval (run, gate, digest, person, roles, decision, at, signature) SELECT run, gate, digest, 'mallory', roles, decision, at, signature FROM headgate.approval WHERE run = ${run}`,
    named: null,
  }),
  "an answer": ({ run, of }, random) => ({
    sql: `UPDATE headgate.answer SET ${random.pick(["note = 'never'", "by = 'mallory'", "at = at - interval '1 us'"])} WHERE run = ${run}`,
    named: of("manual.answer")[0],
  }),
  "an answer is gone": ({ run, of }) => ({ sql: `DELETE FROM headgate.answer WHERE run = ${run}`, named: of("manual.answer")[0] }),
  "an answer more": ({ run }) => ({ sql: `INSERT INTO headgate.answer (run, path, item, by) VALUES (${run}, 'p/Tell everybody', 7, 'mallory')`, named: null }),
  "a decision": ({ run, of }, random) => ({
    sql: `UPDATE headgate.decision SET ${random.pick([`decision = '{"choice": 1}'`, "decided_by = 'mallory'", "decided_at = decided_at - interval '1 us'"])} WHERE run = ${run} AND key = '{1}'`,
    named: of("review.decided").at(0),
  }),
  "a decision is gone": ({ run, of }) => ({ sql: `DELETE FROM headgate.decision WHERE run = ${run} AND key = '{3}'`, named: of("review.decided").at(1) }),
  "a decision more": ({ run }) => ({ sql: `INSERT INTO headgate.decision (run, step, key, decision, decided_by) VALUES (${run}, 'p/prices.amount', '{9}', '{"skip": true}', 'mallory')`, named: null }),
  "what was decided": ({ run, of }, random) => ({
    sql: `UPDATE headgate.decided SET ${random.pick([`decision = '{"choice": 1}'`, "decided_by = 'mallory'", "key = '{2,2}'", "decided_at = decided_at - interval '1 us'", "place = place + 10"])} WHERE run = ${run} AND key = '{1}';
      UPDATE headgate.decision d SET decision = x.decision, decided_by = x.decided_by, decided_at = x.decided_at FROM headgate.decided x
      WHERE x.run = ${run} AND d.run = x.run AND d.step = x.step AND d.key = x.key; DELETE FROM headgate.decided WHERE run = ${run} AND place > 10`,
    named: of("review.decided").at(0),
  }),
  "a request": ({ run, of }, random) => ({
    sql: `UPDATE headgate.request SET ${random.pick(["asked_by = 'mallory'", "kind = 'rollback'"])} WHERE run = ${run} AND kind = 'review'`,
    named: of("review.decided").at(0),
  }),
  "a request more": ({ run }) => ({ sql: `INSERT INTO headgate.request (run, kind, asked_by, handled_at, outcome) VALUES (${run}, 'rollback', 'mallory', now(), 'done')`, named: null }),
  "who started": ({ run }) => ({ sql: `UPDATE headgate.request SET asked_by = 'mallory' WHERE run = ${run} AND kind = 'start'`, named: 1 }),
  "what the run was started with": ({ run }, random) => ({ sql: `UPDATE headgate.run SET ${random.pick(GENESIS)} WHERE id = ${run}`, named: 1 }),
  "the run's state": ({ run, of }, random) => ({ sql: `UPDATE headgate.run SET ${random.pick(HEAD)} WHERE id = ${run}`, named: [of("run.state").at(-1) as number, null] }),
  "a gate": ({ run, of }, random) => ({ sql: `UPDATE headgate.gate SET ${random.pick(GATE)} WHERE run = ${run}`, named: [of("gate.opened").at(-1) as number, null] }),
};

async function apply(client: pg.Client, kinds: string[], random: Random, types: string[]): Promise<Map<string, { kind: string; edit: Edit }>> {
  const made = new Map<string, { kind: string; edit: Edit }>();
  await client.query("BEGIN");
  for (let i = 0; i < EDITS; i++) {
    const kind = kinds[i % kinds.length] as string;
    const run = i + 2;
    const of = (type: string): number[] => types.flatMap((one, at) => (one === type ? [at + 1] : []));
    const edit = (KINDS[kind] as (typeof KINDS)[string])({ run, last: types.length, of }, random);
    await client.query(edit.sql);
    made.set(String(run), { kind, edit });
  }
  await client.query("COMMIT");
  return made;
}

test(`${EDITS} random edits: every one is found, and the first entry that is not what was written is named`, async () => {
  const inside = await cluster.database(database);
  await cluster.query(inside, COPIES);
  const heads = join(temporary("heads"), "heads.ndjson");
  const printed = await headgate(["audit", "heads", "-e", "test"], { env: { ...supervisor.env, ...cluster.env(inside) }, cwd: folder });
  writeFileSync(heads, printed.stdout);
  const whole = await verify(inside, ["--heads", heads]);
  assert.equal(whole.length, EDITS + 1);
  assert.deepEqual(whole.filter(({ broken }) => broken !== null), []);

  const types = (await cluster.query(inside, "SELECT type FROM headgate.event WHERE run = 2 ORDER BY seq")).map((row) => String(row["type"]));
  const random = new Random(20261121);
  const client = await cluster.connect(inside);
  const made = await apply(client, Object.keys(KINDS), random, types);
  await client.end();
  const results = await verify(inside, ["--heads", heads]);
  let found = 0;
  for (const { run, broken } of results) {
    const done = made.get(run);
    if (done === undefined) {
      assert.equal(broken, null, `run ${run} was not edited: ${broken?.text}`);
      continue;
    }
    assert.ok(broken, `run ${run}: ${done.kind} was not found\n${done.edit.sql}`);
    const { named } = done.edit;
    if (named !== undefined) assert.ok([named].flat().includes(broken.seq), `run ${run}: ${done.kind}: ${broken.text}, not entry ${String(named)}\n${done.edit.sql}`);
    found++;
  }
  mergeFigures("dashboard.json", "audit", { audit_edits: EDITS, audit_edits_found: found });
  assert.equal(found, EDITS);

  const faults = await fsck({ ...supervisor.env, ...cluster.env(inside) }, folder, "test");
  const blamed = new Set(faults.filter(({ id }) => id === "I15" || id === "I5").map(({ run }) => run));
  const missed = [...made].filter(([run, { edit, kind }]) => !blamed.has(run) && !(edit.named === undefined && /^the (end|rest)/.test(kind)));
  assert.deepEqual(missed.map(([run, { kind, edit }]) => `${run}: ${kind}: ${edit.sql}`), [], "fsck finds all that needs no exported head");
});

test("a decision that was asked for again is in the chain, and so is that it was", async () => {
  const inside = await cluster.database(database);
  const sql = (name: string): string => readFileSync(join(root, `runtime/db/sql/${name}.sql`), "utf8");
  const settle = "UPDATE headgate.request SET handled_at = now(), outcome = 'seen' WHERE handled_at IS NULL";
  await cluster.query(inside, sql("decision_delete"), [1, "p/prices.amount", "{1}", (await cluster.query(inside, "SELECT epoch FROM headgate.lease"))[0]?.["epoch"]]);
  assert.equal((await verify(inside))[0]?.broken, null);
  await cluster.query(inside, sql("server_decide"), [1, "{p/prices.amount}", ["{1}"], ['{"choice": 1}'], "alice", null, { door: "api", from: "127.0.0.1" }]);
  await cluster.query(inside, settle);
  assert.equal((await verify(inside))[0]?.broken, null);
  await cluster.query(inside, "UPDATE headgate.decided SET key = '{7}' WHERE decision IS NULL");
  assert.match((await verify(inside))[0]?.broken?.text ?? "", /tells otherwise that a decision was asked for again/);
});

test("a plan that was changed breaks every run of it at its first entry", async () => {
  for (const sql of ["bytes = bytes || '\\x00'", "registered_by = 'mallory'", `graph = graph || '{"x": 1}'`, "graph_text = graph_text || ' '"]) {
    const inside = await cluster.database(database);
    await cluster.query(inside, `UPDATE headgate.plan SET ${sql}`);
    const [result] = await verify(inside);
    assert.equal(result?.broken?.seq, 1, sql);
  }
});

test("a head that was exported with another hash is told, also when the right one was exported too", async () => {
  const heads = join(temporary("heads"), "heads.ndjson");
  const right = (await headgate(["audit", "heads", "-e", "test"], { env: { ...supervisor.env, ...cluster.env(database) }, cwd: folder })).stdout;
  const { seq, hash } = JSON.parse(right) as { seq: string; hash: string };
  writeFileSync(heads, `${right}${right.replace(hash, hash.split("").reverse().join(""))}`);
  const [result] = await verify(database, ["--heads", heads]);
  assert.equal(result?.broken?.seq, Number(seq));
  writeFileSync(heads, "{\n");
  const bad = await headgate(["audit", "verify", "--heads", heads, "-e", "test"], { env: { ...supervisor.env, ...cluster.env(database) }, cwd: folder });
  assert.match(bad.text, /heads\.ndjson:1: JSON line/);
  const none = await headgate(["audit", "verify", "--heads", `${heads}.none`, "-e", "test"], { env: { ...supervisor.env, ...cluster.env(database) }, cwd: folder });
  assert.match(none.text, /No such file/);
});

test("a pruned run is told as such, and its head is still compared", async () => {
  const inside = await cluster.database(database);
  await cluster.query(inside, "UPDATE headgate.run SET finished_at = now() - interval '100 days'");
  const pruned = await headgate(["ledger", "prune", "-e", "test"], { env: { ...supervisor.env, ...cluster.env(inside) }, cwd: folder });
  assert.equal(pruned.code, 0, pruned.text);
  const [result] = await verify(inside);
  assert.equal(result?.pruned, true);
  assert.equal(result?.broken, null);
  await cluster.query(inside, "UPDATE headgate.run SET head = sha256(head)");
  const [edited] = await verify(inside);
  assert.match(edited?.broken?.text ?? "", /written anew: its hash was exported/);
});

test("what a failover lost is told as such when the chain tells of it, and not otherwise", async () => {
  const inside = await cluster.database(database);
  await cluster.query(inside, `DELETE FROM headgate.event WHERE run = 1 AND seq > 10; ${rehead(1)}`);
  const [cut] = await verify(inside);
  assert.ok(cut?.broken);
  assert.equal(cut.rewound, 0);
  await cluster.query(inside, `SELECT headgate.event_append(1, 0, 'rewind', 2, 'rewind', '', '{"to": "10"}')`);
  const [told] = await verify(inside);
  assert.ok((told?.rewound ?? 0) > 0);
  assert.doesNotMatch(told?.broken?.text ?? "", /exported/);
});

test("a dry run that would write is found by fsck (I14), and one that reads is not", async () => {
  const client = await cluster.connect(database);
  await client.query("SET application_name = 'headgate plan'");
  await client.query("BEGIN; SELECT count(*) FROM prices");
  const asked = async (): Promise<string[]> => (await fsck({ ...supervisor.env, ...cluster.env(database) }, folder, "test")).map(({ id }) => id);
  assert.deepEqual(await asked(), []);
  await client.query("UPDATE prices SET amount = 1 WHERE id = 1");
  assert.deepEqual(await asked(), ["I14"]);
  await client.query("ROLLBACK");
  await client.end();
});
