/** Rollbacks that are interrupted, or that cannot go on by themselves: what is left, and every way on. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { type CliResult, headgate, start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { headgateBinary } from "../lib/paths";
import { temporary, writePlan } from "../lib/plan";
import { killNow, processesOf } from "../lib/processes";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

interface Stage {
  folder: string;
  database: string;
  env: Record<string, string>;
  home: string;
  environment: string;
}

/** Three steps; the down of the second is given. */
const planOf = (down: string): string => `
plan "p" { doc = "d", phase "f" {
  step "one" { up = "CREATE TABLE one (n int)", down = "INSERT INTO undone VALUES ('one'); DROP TABLE one" },
  step "two" { up = "CREATE TABLE two (n int)", down = [[${down}]] },
  step "three" { up = "CREATE TABLE three (n int)", down = "INSERT INTO undone VALUES ('three'); DROP TABLE three" },
} }`;

async function prepare(plan: string, environment = "test"): Promise<Stage> {
  const database = await cluster.database();
  const home = temporary("home");
  await cluster.query(database, "CREATE TABLE undone (what text, n int GENERATED ALWAYS AS IDENTITY)");
  return { folder: writePlan({ "plan.lua": plan }), database, env: { ...cluster.env(database), HEADGATE_HOME: home }, home, environment };
}

const ask = (stage: Stage, ...args: string[]): Promise<CliResult> =>
  headgate([...args, "-e", stage.environment], { env: stage.env, cwd: stage.folder });

async function must(stage: Stage, code: number, ...args: string[]): Promise<CliResult> {
  const result = await ask(stage, ...args);
  assert.equal(result.code, code, `headgate ${args.join(" ")}\n${result.text}`);
  return result;
}

const head = async (stage: Stage): Promise<Record<string, unknown>> =>
  (await cluster.query(stage.database, "SELECT state, reason FROM headgate.run"))[0] ?? {};
const undone = async (stage: Stage): Promise<unknown[]> =>
  (await cluster.query(stage.database, "SELECT what FROM undone ORDER BY n")).map((row) => row["what"]);
const states = async (stage: Stage): Promise<unknown[]> =>
  (await cluster.query(stage.database, "SELECT state FROM headgate.step WHERE path LIKE 'f/%' ORDER BY path")).map((row) => row["state"]);

interface Blocked {
  left: { path: string; kind: string; state: string }[];
  commands: string[];
  text: string;
}

test("killed in the middle of an undo: the rest is undone, each once, newest first", async () => {
  const stage = await prepare(planOf("INSERT INTO undone VALUES ('two'); SELECT pg_sleep(600) FROM slow; DROP TABLE two"));
  await cluster.query(stage.database, "CREATE TABLE slow AS SELECT 1 AS n");
  await must(stage, 0, "run", stage.folder, "--yes");
  const back = start(["rollback", "1", "-e", "test"], { env: stage.env, cwd: stage.folder });
  await waitUntil("the second undo is at work", async () => {
    const found = await cluster.query("postgres", "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()");
    return found.length > 0;
  });
  for (const pid of [back.pid, ...processesOf(stage.home).map((found) => found.pid)]) killNow(pid);
  await back.exited;
  await cluster.query(stage.database, "UPDATE headgate.lease SET until = clock_timestamp() - interval '1 second'");
  const sleeping = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()";
  await cluster.query("postgres", sleeping);
  await cluster.query(stage.database, "TRUNCATE public.slow");
  await must(stage, 8, "resume", "1");
  assert.deepEqual(await undone(stage), ["three", "two", "one"]);
  assert.deepEqual(await states(stage), ["undone", "undone", "undone"]);
});

/** A run whose rollback is blocked at its second step. */
async function blocked(environment = "test"): Promise<Stage> {
  const stage = await prepare(planOf("SELECT n FROM no_such_table"), environment);
  await must(stage, 0, "run", stage.folder, "--yes");
  await must(stage, 9, "rollback", "1");
  return stage;
}

test("a failing undo blocks the rollback, and says exactly what is left and what can be done", async () => {
  const stage = await blocked();
  const { state, reason } = await head(stage);
  const { left, commands, text } = reason as Blocked;
  assert.equal(state, "rollback_blocked");
  assert.match(text, /no_such_table.*2 left to undo/);
  assert.deepEqual(left.map(({ path, state: its }) => `${path} ${its}`), ["f/two undo_failed", "f/one done"]);
  assert.deepEqual(commands, [
    "headgate retry 1",
    'headgate repair 1 "f/two" --sql FILE',
    'headgate skip 1 "f/two" --reason WHY',
    "headgate abort 1",
  ]);
  const status = await must(stage, 0, "status", "1");
  assert.ok(status.text.includes('headgate repair 1 "f/two" --sql FILE'), status.text);

  await cluster.query(stage.database, "CREATE TABLE public.no_such_table (n int)");
  await must(stage, 8, "retry", "1");
  assert.deepEqual(await states(stage), ["undone", "undone", "undone"]);
});

test("where gates pass by policy, repair and skip take effect at once", async () => {
  const repaired = await blocked();
  const sql = join(temporary("sql"), "repair.sql");
  writeFileSync(sql, "INSERT INTO undone VALUES ('two'); DROP TABLE two");
  await must(repaired, 8, "repair", "1", "f/two", "--sql", sql, "-m", "the table was never made");
  assert.deepEqual(await undone(repaired), ["three", "two", "one"]);

  const skipped = await blocked();
  await must(skipped, 8, "skip", "1", "f/two", "--reason", "two may stay");
  assert.deepEqual(await states(skipped), ["undone", "undone", "skipped"]);
  const [row] = await cluster.query(skipped.database, "SELECT detail->>'why' AS why FROM headgate.step WHERE path = 'f/two'");
  assert.equal(row?.["why"], "two may stay");
});

test("what makes no sense is refused, and the rollback stays as it is", async () => {
  const stage = await blocked();
  const sql = join(temporary("sql"), "repair.sql");
  for (const text of ["COMMIT", "VACUUM undone"]) {
    writeFileSync(sql, text);
    const refused = await ask(stage, "repair", "1", "f/two", "--sql", sql);
    assert.notEqual(refused.code, 8, refused.text);
    assert.match(refused.text, /refused/);
    assert.equal((await head(stage))["state"], "rollback_blocked");
  }
  const wrong = await ask(stage, "skip", "1", "f/one", "--reason", "x");
  assert.match(wrong.text, /has not failed/);
  assert.deepEqual(await states(stage), ["done", "undone", "undo_failed"]);
});

async function withPeople(t: TestContext): Promise<{ stage: Stage; supervisor: Supervisor; id: string }> {
  const stage = await prepare(planOf("SELECT n FROM no_such_table"), "people");
  const supervisor = await Supervisor.start({
    env: stage.env,
    config: stage.folder,
    plans: dirname(stage.folder),
    environment: "people",
    people: ["alice", "bob", "carol", "dave"],
  });
  t.after(() => supervisor.stop());
  stage.home = supervisor.known.home;
  stage.env = { ...supervisor.env, HEADGATE_PERSON: "alice" };
  const alice = supervisor.as("alice");
  const { id } = await alice.startRun(stage.folder.slice(dirname(stage.folder).length + 1), "people");
  const reached = (state: string) => waitUntil(`the run is ${state}`, async () => (await alice.run(id)).state === state);
  await reached("done");
  await alice.request(id, "rollback");
  await reached("rollback_blocked");
  return { stage, supervisor, id };
}

/** Runs the printed command for retry: the supervisor drives. An approval may have been faster. */
async function retried(stage: Stage, supervisor: Supervisor, id: string, wanted: string): Promise<void> {
  const there = async (): Promise<boolean> => {
    const open = await cluster.query(stage.database, "SELECT 1 FROM headgate.request WHERE handled_at IS NULL");
    const { state, alive } = await supervisor.as("alice").run(id);
    return state === wanted && open.length === 0 && !alive; // not before the retry began, nor while it goes on
  };
  const { code, text } = await ask(stage, "retry", id, "--detach");
  assert.ok(code === 0 || (await there()), text);
  await waitUntil(`the run is ${wanted}`, there);
}

/** Asks, and waits for the gate that asking opens. */
async function asked(stage: Stage, supervisor: Supervisor, id: string, gate: string, ...args: string[]): Promise<void> {
  await must(stage, 0, ...args, "--detach");
  await waitUntil(`gate ${gate} is open and the run rests`, async () => {
    const page = await supervisor.as("alice").run(id);
    return page.state === "rollback_blocked" && (page.reason?.text ?? "").includes(gate);
  });
}

test("skip needs two people who did not start the run", async (t) => {
  const { stage, supervisor, id } = await withPeople(t);
  await asked(stage, supervisor, id, "f/two/skip", "skip", id, "f/two", "--reason", "two may stay");
  await assert.rejects(supervisor.as("alice").approve(id, "f/two/skip"));
  await supervisor.as("bob").approve(id, "f/two/skip");
  await retried(stage, supervisor, id, "rollback_blocked");
  assert.deepEqual(await states(stage), ["done", "undone", "undo_failed"], "one approval is not enough");
  await supervisor.as("dave").approve(id, "f/two/skip");
  await retried(stage, supervisor, id, "rolled_back");
  assert.deepEqual(await states(stage), ["undone", "undone", "skipped"]);
});

test("a repair is approved as it stands: other SQL needs another approval, a changed row counts for nothing", async (t) => {
  const { stage, supervisor, id } = await withPeople(t);
  const sql = join(temporary("sql"), "repair.sql");
  writeFileSync(sql, "INSERT INTO undone VALUES ('wrong')");
  await asked(stage, supervisor, id, "f/two/repair", "repair", id, "f/two", "--sql", sql);
  const first = await supervisor.as("bob").approve(id, "f/two/repair");
  writeFileSync(sql, "INSERT INTO undone VALUES ('two'); DROP TABLE two");
  await must(stage, 0, "repair", id, "f/two", "--sql", sql, "--detach");
  await waitUntil("the gate binds the new SQL", async () => (await supervisor.as("bob").gate(id, "f/two/repair")).digest !== first.digest);
  await waitUntil("the run rests", async () => {
    const page = await supervisor.as("alice").run(id);
    return page.state === "rollback_blocked" && !page.alive;
  });
  assert.deepEqual(await undone(stage), ["three"], "the approval was for other SQL");

  const tampered = "jsonb_set(evidence, '{0,sql}', to_jsonb('INSERT INTO undone VALUES (''tampered'')'::text))";
  const [kept] = await cluster.query(stage.database, "SELECT evidence::text AS e FROM headgate.gate");
  await supervisor.as("bob").approve(id, "f/two/repair");
  await cluster.query(stage.database, `UPDATE headgate.gate SET evidence = ${tampered}`);
  await retried(stage, supervisor, id, "rollback_blocked");
  assert.deepEqual(await undone(stage), ["three"], "what was approved is not what stands there");

  await cluster.query(stage.database, "UPDATE headgate.gate SET evidence = $1::jsonb", [kept?.["e"]]);
  await retried(stage, supervisor, id, "rolled_back");
  assert.deepEqual(await undone(stage), ["three", "two", "one"]);
});

/** Asks for a repair with this SQL, and gives the digest of the gate once the run rests with it. */
async function repairWith(stage: Stage, supervisor: Supervisor, id: string, text: string, before = ""): Promise<string> {
  const sql = join(temporary("sql"), "repair.sql");
  writeFileSync(sql, text);
  await asked(stage, supervisor, id, "f/two/repair", "repair", id, "f/two", "--sql", sql);
  return waitUntil("the gate binds this SQL and the run rests", async () => {
    const { digest } = await supervisor.as("bob").gate(id, "f/two/repair");
    const page = await supervisor.as("alice").run(id);
    return digest !== before && page.state === "rollback_blocked" && !page.alive && digest;
  });
}

const asBob = (stage: Stage, supervisor: Supervisor): Record<string, string> =>
  ({ ...stage.env, HEADGATE_SERVER: supervisor.url, HEADGATE_TOKEN: supervisor.known.tokens.get("bob") ?? "" });

test("approve --digest approves what was read, and nothing that came in its place", async (t) => {
  const { stage, supervisor, id } = await withPeople(t);
  const bob = (...words: string[]) => headgate([...words, "-e", stage.environment], { env: asBob(stage, supervisor), cwd: stage.folder });
  const suggested = (digest: string): string => `headgate approve ${id} "f/two/repair" --digest ${digest.slice(0, 12)}; `;
  const first = await repairWith(stage, supervisor, id, "INSERT INTO undone VALUES ('wrong')");
  assert.ok((await bob("status", id)).text.includes(suggested(first)));
  const second = await repairWith(stage, supervisor, id, "INSERT INTO undone VALUES ('two'); DROP TABLE two", first);
  for (const seen of [first, first.slice(0, 8)]) {
    const late = await bob("approve", id, "f/two/repair", "--digest", seen);
    assert.equal(late.code, 1, late.text);
    assert.match(late.text, /is not the one you read: its digest is [0-9a-f]{12}, not /);
  }
  for (const wrong of ["", second.slice(0, 7), `${second}0`, second.slice(0, 12).toUpperCase() + "X"]) {
    const refused = await bob("approve", id, "f/two/repair", "--digest", wrong);
    assert.equal(refused.code, 1, refused.text);
    assert.match(refused.text, /--digest takes at least 8 hex digits/);
  }
  assert.deepEqual(await cluster.query(stage.database, "SELECT person FROM headgate.approval"), []);
  assert.ok((await bob("status", id)).text.includes(suggested(second)));
  const said = await bob("approve", id, "f/two/repair", "--digest", second.slice(0, 12));
  assert.equal(said.code, 0, said.text);
  assert.ok(said.stdout.includes(`digest ${second.slice(0, 12)}`), said.text);
  await retried(stage, supervisor, id, "rolled_back");
  assert.deepEqual(await undone(stage), ["three", "two", "one"]);
});

/** Runs a command on a terminal of its own, and types. */
function terminal(command: string, typed: string, env: Record<string, string>, cwd: string): Promise<{ code: number | null; text: string }> {
  const child = spawn("script", ["-qec", command, "/dev/null"], { env: { ...process.env, ...env }, cwd, stdio: ["pipe", "pipe", "pipe"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  child.stdin.write(typed);
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done({ code, text }));
  });
}

const onTerminal = existsSync("/usr/bin/script") ? {} : { skip: "script (util-linux) is not there" };
test("on a terminal approve shows what it approves, and asks", onTerminal, async (t) => {
  const { stage, supervisor, id } = await withPeople(t);
  const digest = await repairWith(stage, supervisor, id, "INSERT INTO undone VALUES ('two');\n-- \x1b[2K hidden\nDROP TABLE two");
  const answer = (word: string) => terminal(`"${headgateBinary}" approve ${id} f/two/repair -e ${stage.environment}`, word, asBob(stage, supervisor), stage.folder);
  const no = await answer("n\n");
  assert.equal(no.code, 130, no.text);
  for (const shown of ['Run this SQL instead of the undo of "two"?', `digest ${digest.slice(0, 12)}`, "its undo failed", "DROP TABLE two", "?[2K hidden", "approve? [y/N]"])
    assert.ok(no.text.includes(shown), `${shown}\n${no.text}`);
  assert.deepEqual(await cluster.query(stage.database, "SELECT person FROM headgate.approval"), []);
  const yes = await answer("y\n");
  assert.equal(yes.code, 0, yes.text);
  assert.deepEqual(await cluster.query(stage.database, "SELECT person FROM headgate.approval"), [{ person: "bob" }]);
});

test("the API asks for the same, and refuses what could not be", async (t) => {
  const { stage, supervisor, id } = await withPeople(t);
  const alice = supervisor.as("alice");
  const ask = async (body: unknown, person = "alice") => {
    const { version } = await alice.run(id);
    return supervisor.as(person).post(`/api/runs/${id}/requests`, body, { "If-Match": `"${version}"` });
  };
  await assert.rejects(ask({ kind: "skip", path: "f/two" }), /400.*why/);
  await assert.rejects(ask({ kind: "skip", path: "f/one", why: "x" }), /409.*not blocked by the undo of/);
  await assert.rejects(ask({ kind: "repair", path: "f/two", why: "x" }), /400.*sql/);
  await assert.rejects(ask({ kind: "repair", path: "f/two", why: "x", sql: "VACUUM undone" }), /400.*VACUUM/);
  await assert.rejects(ask({ kind: "skip", path: "f/two", why: "x", sql: "SELECT 1" }), /400.*only a repair/);
  await assert.rejects(ask({ kind: "retry", path: "f/two", why: "x" }), /400.*only skip, repair, tune and advance/);
  await assert.rejects(ask({ kind: "advance", path: "f/two", why: "x" }), /409.*it cannot advance/);
  await assert.rejects(ask({ kind: "tune", speed: 50 }), /409.*it cannot tune/);
  await assert.rejects(ask({ kind: "retry", speed: 50 }), /400.*only tune takes/);
  await assert.rejects(ask({ kind: "skip", path: "f/two", why: "x" }, "bob"), /403/);
  const { gates, mend } = (await alice.run(id)) as { gates: unknown[]; mend?: unknown };
  assert.deepEqual(gates, [], "nothing was asked");
  assert.deepEqual(mend, [
    { kind: "skip", need: 2, approvers: ["admin"], auto: false },
    { kind: "repair", need: 1, approvers: ["admin"], auto: false },
    { kind: "advance", need: 2, approvers: ["admin"], auto: false },
  ]);
  await ask({ kind: "repair", path: "f/two", why: "never made", sql: "INSERT INTO undone SELECT 'two' FROM ready; DROP TABLE two" });
  await waitUntil("the gate is open", async () => (await alice.run(id)).gates.some((gate) => gate.path === "f/two/repair"));
  const bob = supervisor.as("bob");
  await bob.approve(id, "f/two/repair");
  await retried(stage, supervisor, id, "rollback_blocked");
  await waitUntil("the repair began: what was approved is settled", async () => (await bob.gate(id, "f/two/repair")).state === "passed");
  await waitUntil("it failed", async () => {
    const page = await alice.run(id);
    return page.state === "rollback_blocked" && !page.alive;
  });
  const { digest } = await bob.gate(id, "f/two/repair");
  const revoke = bob.post(`/api/runs/${id}/gates/${encodeURIComponent("f/two/repair")}/revoke`, { comment: "too late" }, { "If-Match": `"${digest}"` });
  await assert.rejects(revoke, /409/);
  assert.deepEqual(await undone(stage), ["three"]);
  await cluster.query(stage.database, "CREATE TABLE public.ready AS SELECT 1 AS n");
  await retried(stage, supervisor, id, "rolled_back");
  assert.deepEqual(await undone(stage), ["three", "two", "one"]);
});

test("a rejected skip leaves the rollback where it was, and retry tries the undo itself again", async (t) => {
  const { stage, supervisor, id } = await withPeople(t);
  await asked(stage, supervisor, id, "f/two/skip", "skip", id, "f/two", "--reason", "two may stay");
  const bob = supervisor.as("bob");
  const { digest } = await bob.gate(id, "f/two/skip");
  await bob.post(`/api/runs/${id}/gates/${encodeURIComponent("f/two/skip")}/reject`, { comment: "no" }, { "If-Match": `"${digest}"` });
  await cluster.query(stage.database, "CREATE TABLE public.no_such_table (n int)");
  await retried(stage, supervisor, id, "rolled_back");
  assert.deepEqual(await states(stage), ["undone", "undone", "undone"]);
});

test("nothing to undo is said as such", async () => {
  const stage = await prepare('plan "p" { doc = "d", phase "f" { check "never" { sql = "SELECT 1", equals = 2 } } }');
  await must(stage, 4, "run", stage.folder, "--yes");
  const back = await must(stage, 8, "rollback", "1").catch(() => ask(stage, "status", "1"));
  assert.match(back.text, /nothing to undo/);
  assert.equal(((await head(stage))["reason"] as { kind: string }).kind, "nothing_to_undo");
});
