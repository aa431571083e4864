/** The review queue: what choices would write is shown, and what people decide reaches the row digit by digit. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const PLAN = `plan "prices" {
  doc = "Give every price an amount",
  phase "p" {
    backfill "prices.amount" {
      where = "amount IS NULL", one_way = "a test",
      map = function(row)
        if row.id <= 4 then
          return ambiguous("no amount fits", { choices = {
            { amount = "1.50" },
            { label = "list price", set = { amount = "7.10", detail = { list = true } } },
          } })
        end
        return { amount = "0.10" }
      end,
    },
    verify "nothing is left" { ambiguous = 0 },
  },
}
`;

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

interface Row {
  key: string[];
  choices: { label: string | null; set: Record<string, unknown> }[];
}

test("decisions by choice, by value and by text, each exactly as it was written", async (t) => {
  const database = await cluster.database();
  await cluster.query(
    database,
    "CREATE TABLE prices (id int PRIMARY KEY, amount numeric, detail jsonb); INSERT INTO prices (id) SELECT generate_series(1, 40)",
  );
  const plans = writePlan({ "prices/plan.lua": PLAN });
  const supervisor = await Supervisor.start({ env: cluster.env(database), config: plans, plans, environment: "test", people: ["alice"] });
  t.after(() => supervisor.stop());
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun("prices", "test");
  await waitUntil("rows wait for a decision", async () => (await alice.run(id)).review.open === 4);

  const { rows } = await alice.get<{ rows: Row[] }>(`/api/runs/${id}/review?state=open`);
  assert.deepEqual(rows[0]?.choices, [
    { label: null, set: { amount: "1.50" } },
    { label: "list price", set: { amount: "7.10", detail: { list: true } } },
  ]);
  const cli = (...args: string[]) =>
    headgate(["review", id, "--server", supervisor.url, ...args], { env: { ...supervisor.env, HEADGATE_TOKEN: supervisor.known.tokens.get("alice") ?? "" } });
  const listed = await cli();
  assert.match(listed.stdout, /1\. amount = "1\.50"\n/);
  assert.match(listed.stdout, /2\. list price\n\s+amount = "7\.10"\n\s+detail = \{"list":true\}/);

  const where = ["--step", "p/prices.amount", "--key"];
  const set = await cli(...where, "1", "--set", '{"amount": 12345678901234567.890123456789000, "detail": {"exact": 100.00}}');
  assert.match(set.stdout, /1 decided/, set.text);
  const both = await cli(...where, "2", "--skip", "--choice", "1");
  assert.match(both.text, /one of --choice, --skip and --set/);
  const chosen = await cli(...where, "2", "--choice", "2");
  assert.match(chosen.stdout, /1 decided/, chosen.text);
  // as a browser sends it: the number's text, not a double
  const send = (body: string) =>
    fetch(`${supervisor.url}/api/runs/${id}/review`, {
      method: "POST", body, headers: { Authorization: alice.authorization, "Content-Type": "application/json" },
    });
  const typed = await send('{"decisions": [{"step": "p/prices.amount", "key": ["3"], "decision": {"set": {"amount": 0.30000000000000000000}}}]}');
  assert.equal(typed.status, 200, await typed.text());
  const asText = await send('{"decisions": [{"step": "p/prices.amount", "key": ["4"], "decision": {"set": {"amount": "123456789012345678901234567890.10"}}}]}');
  assert.equal(asText.status, 200, await asText.text());

  await waitUntil("the run is done", async () => (await alice.run(id)).state === "done");
  const amounts = await cluster.query(database, "SELECT id, amount::text AS amount, detail::text AS detail FROM prices WHERE id <= 5 ORDER BY id");
  assert.deepEqual(amounts, [
    { id: 1, amount: "12345678901234567.890123456789000", detail: '{"exact": 100.00}' },
    { id: 2, amount: "7.10", detail: '{"list": true}' },
    { id: 3, amount: "0.30000000000000000000", detail: null },
    { id: 4, amount: "123456789012345678901234567890.10", detail: null },
    { id: 5, amount: "0.10", detail: null },
  ]);

  // a finished backfill is told as finished
  const { events } = await alice.get<{ events: { data: { done: number; total: number } }[] }>(`/api/runs/${id}/events?type=step.progress`);
  const last = events.at(-1)?.data;
  assert.equal(last?.done, 40);
  assert.equal(last?.total, 40);
});

test("the queue goes out as a file and comes back filled in: looked at first, taken whole or not at all", async (t) => {
  const database = await cluster.database();
  await cluster.query(
    database,
    "CREATE TABLE prices (id int PRIMARY KEY, amount numeric, detail jsonb); INSERT INTO prices (id) SELECT generate_series(1, 40)",
  );
  const plans = writePlan({ "prices/plan.lua": PLAN });
  const supervisor = await Supervisor.start({ env: cluster.env(database), config: plans, plans, environment: "test", people: ["alice", "vera"] });
  t.after(() => supervisor.stop());
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun("prices", "test");
  await waitUntil("rows wait for a decision", async () => (await alice.run(id)).review.open === 4);
  const cli = (person: string, ...args: string[]) =>
    headgate(["review", id, "--server", supervisor.url, ...args], { env: { ...supervisor.env, HEADGATE_TOKEN: supervisor.known.tokens.get(person) ?? "" } });
  const decided = async () => (await cluster.query(database, "SELECT FROM headgate.decision")).length;

  const out = await cli("vera", "--csv");
  assert.equal(out.code, 0, out.text);
  const choices = String.raw`"1. {""amount"": ""1.50""}
2. list price {""amount"": ""7.10"", ""detail"": {""list"": true}}"`;
  const [head, ...rows] = out.stdout.trimEnd().split("\r\n");
  assert.equal(head, "step,key,kind,reason,choices,before,decision");
  assert.equal(rows.length, 4);
  assert.ok(rows[0]!.startsWith(`"p/prices.amount","[""1""]","ambiguous","no amount fits",${choices},"{""id"": 1`), rows[0]);
  assert.ok(rows.every((row) => row.endsWith(',""')));

  const file = join(temporary("file"), "filled.csv");
  const fill = (...decisions: string[]) =>
    writeFileSync(file, `${[head, ...rows.map((row, index) => row.replace(/""$/, decisions[index] === undefined ? '""' : `"${decisions[index]!.replaceAll('"', '""')}"`))].join("\r\n")}\r\n`);
  const SET = '{"amount": 12345678901234567.890123456789000}';
  fill("2", "perhaps", "3", SET);
  const looked = await cli("alice", "--import", file);
  assert.match(looked.stdout, /line 4: a decision is the number of a choice, skip or \{"column": value\}, not "perhaps"\n/);
  assert.match(looked.stdout, /line 6: row \{3\} has 2 choices, so there is no choice 2\n/);
  assert.match(looked.stdout, /lines that cannot be taken: 2; nothing would be decided\n$/);
  const refused = await cli("alice", "--import", file, "--yes");
  assert.match(refused.text, /line 4: .*; lines that cannot be taken: 2; nothing was decided/);
  assert.equal(await decided(), 0);
  writeFileSync(file, 'key;decision;step\n1;skip;p/prices.amount\n"[""1""]";2;p/prices.amount\n99;skip;p/prices.amount\n');
  const twice = await cli("alice", "--import", file);
  assert.match(twice.stdout, /line 3: line 2 decides the same row\nline 4: there is no such open row/);
  writeFileSync(file, 'key;note;decision;step\n98;"two\nlines";skip;p/prices.amount\n99;7" disk;skip;p/prices.amount\n97;;skip;p/prices.amount\n');
  const spread = await cli("alice", "--import", file);
  assert.match(spread.stdout, /line 2: there is no such open row .*\nline 4: there is no such open row .*\nline 5: there is no such open row /);
  const nothing = await cli("alice", "--import", join(plans, "headgate.yaml"));
  assert.match(nothing.text, /line 1 names no column "step"/);
  fill();
  assert.match((await cli("alice", "--import", file, "--yes")).text, /no line has a decision/);

  fill("2", "skip", "", SET);
  assert.match((await cli("vera", "--import", file, "--yes")).text, /403/);
  const preview = await cli("alice", "--import", file);
  assert.match(preview.stdout, /line 2: p\/prices\.amount {2}1\n {4}2\. list price\n/);
  assert.match(preview.stdout, /3 would be decided; with --yes they are\n$/);
  assert.equal(await decided(), 0, "it was only looked at");
  assert.match((await cli("alice", "--import", file, "--yes")).stdout, /3 decided\n$/);
  await waitUntil("one row is left", async () => (await alice.run(id)).review.open === 1);
  assert.match((await cli("alice", "--import", file, "--yes")).text, /line 2: there is no such open row .*nothing was decided/, "a second time they are not open any more");
  assert.deepEqual(await cluster.query(database, "SELECT id, amount::text AS amount FROM prices WHERE id <= 4 ORDER BY id"), [
    { id: 1, amount: "7.10" },
    { id: 2, amount: null },
    { id: 3, amount: null },
    { id: 4, amount: "12345678901234567.890123456789000" },
  ]);
});

const UNKEPT = `plan "rates" {
  doc = "A column that the way back drops",
  phase "p" {
    step "column" { up = "ALTER TABLE rates ADD COLUMN fresh int", down = "ALTER TABLE rates DROP COLUMN fresh" },
    backfill "rates.fresh" {
      where = "fresh IS NULL",
      map = function(row)
        if row.id == 1 then return ambiguous("both", { choices = { { fresh = 1, other = 5 } } }) end
        return ambiguous("one", { choices = { { fresh = 1 } } })
      end,
    },
  },
}
`;

test("a decision writes only columns whose old values are kept, or that the way back drops", async (t) => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE rates (id int PRIMARY KEY, other int); INSERT INTO rates SELECT generate_series(1, 2)");
  const plans = writePlan({ "rates/plan.lua": UNKEPT });
  const supervisor = await Supervisor.start({ env: cluster.env(database), config: plans, plans, environment: "test", people: ["alice"] });
  t.after(() => supervisor.stop());
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun("rates", "test");
  await waitUntil("rows wait for a decision", async () => (await alice.run(id)).review.open === 2);
  const { rows } = await alice.get<{ rows: (Row & { step: string; kind: string; reason: string })[] }>(`/api/runs/${id}/review?state=open`);
  const [first, second] = rows;
  assert.ok(first && second);
  assert.equal(first.kind, "error");
  assert.match(first.reason, /^map writes column "other" too, which no undo of an earlier step drops/);
  assert.deepEqual([second.kind, second.choices], ["ambiguous", [{ label: null, set: { fresh: 1 } }]]);
  const decide = (row: typeof first, decision: unknown): Promise<unknown> =>
    alice.post(`/api/runs/${id}/review`, { decisions: [{ step: row.step, key: row.key, decision }] });
  await decide(first, { set: { fresh: 1, other: 9 } });
  await waitUntil("the decision is refused", async () => {
    const { lines } = await alice.get<{ lines: { text: string }[] }>(`/api/runs/${id}/log`);
    return lines.some(({ text }) => text.startsWith('a decision cannot be applied: column "other" must not be written'));
  });
  await decide(first, { set: { fresh: 7 } });
  await decide(second, { choice: 0 });
  await waitUntil("both are decided", async () => (await alice.run(id)).review.open === 0);
  assert.deepEqual(await cluster.query(database, "SELECT id, fresh, other FROM rates ORDER BY id"), [
    { id: 1, fresh: 7, other: null },
    { id: 2, fresh: 1, other: null },
  ]);
});
