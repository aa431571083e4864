/** What only a person can move, by clicking, against real runs: "did it happen?" is answered, a failed undo is skipped or
 *  repaired, the watch of a stage is ended early. */
import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { axeViolations, noBrowser, openBrowser, overflowing, shoot, smallTargets, VIEWS, visit, type View } from "../lib/browser";
import { start } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";
import { hasEnded, killNow, processesOf } from "../lib/processes";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const skip = noBrowser || false;
const SLOW = { timeout: 60_000 };
const PEOPLE = ["alice", "bob", "carol", "dave"];
const [wide, narrow] = [VIEWS[0]!, VIEWS[1]!];
let browser: Browser;
let cluster: Cluster;

before(async () => {
  if (skip) return;
  cluster = await Cluster.start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

/** A run that waits for a person, and its supervisor. */
interface Waiting {
  supervisor: Supervisor;
  database: string;
  id: string;
  /** Logs a person in and opens the page of the run. */
  open(person: string, view?: View): Promise<Page>;
  reached(state: string): Promise<unknown>;
}

async function waiting(t: TestContext, folder: string, env: Record<string, string>, environment: string, database: string, begin: (supervisor: Supervisor) => Promise<string>): Promise<Waiting> {
  const supervisor = await Supervisor.start({ env, config: folder, plans: dirname(folder), environment, people: PEOPLE });
  t.after(() => supervisor.stop());
  const id = await begin(supervisor);
  const reached = (state: string) => waitUntil(`the run is ${state}`, async () => (await supervisor.as("alice").run(id)).state === state);
  const open = async (person: string, view: View = wide) => {
    const { context, page, errors } = await visit(browser, view);
    t.after(async () => {
      await context.close();
      assert.deepEqual(errors, []);
    });
    await page.goto(await supervisor.link(person));
    await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
    await page.goto(`${supervisor.url}/runs/${id}`);
    await page.getByText("Live", { exact: true }).waitFor(SLOW);
    return page;
  };
  return { supervisor, database, id, open, reached };
}

async function looksRight(page: Page, name: string): Promise<void> {
  await shoot(page, name, false);
  assert.deepEqual(await axeViolations(page), [], name);
  assert.deepEqual(await overflowing(page), [], name);
  assert.deepEqual(await smallTargets(page), [], name);
}

const summary = (page: Page) => page.getByRole("region", { name: "Summary" });
const stateIs = (page: Page, label: string) => summary(page).getByText(label, { exact: true }).first().waitFor(SLOW);

/* ------------------------------------------------------------------ did it happen? */

/** A run whose runner died while a program was at work. */
async function died(t: TestContext): Promise<Waiting & { lines: () => string[] }> {
  const database = await cluster.database();
  const notes = join(temporary("notes"), "notes");
  const folder = writePlan({
    "plan.lua": `plan "p" { doc = "d", phase "f" { exec "slow" { argv = { "bin/slow.sh" }, env = { NOTES = "${notes}" }, undo = { exec = { "true" } } } } }`,
    "bin/slow.sh": '#!/bin/sh\necho begun >> "$NOTES"\nwhile [ ! -e "$NOTES.go" ]; do sleep 0.05; done\necho ended >> "$NOTES"\n',
  });
  const home = temporary("home");
  const env = { ...cluster.env(database), HEADGATE_HOME: home };
  const lines = () => (existsSync(notes) ? readFileSync(notes, "utf8").trim().split("\n") : []);
  const first = start(["run", folder, "-e", "test", "--yes"], { env });
  await waitUntil("the program is at work", () => lines()[0] === "begun");
  const victims = processesOf(home);
  for (const { pid } of victims) killNow(pid);
  await first.exited;
  await waitUntil("all of them have ended", () => victims.every(({ pid }) => hasEnded(pid)));
  await cluster.query(database, "UPDATE headgate.lease SET until = clock_timestamp() - interval '1 second'");
  appendFileSync(`${notes}.go`, "");
  const found = await waiting(t, folder, env, "test", database, () => Promise.resolve("1"));
  await found.reached("held");
  return { ...found, lines };
}

test("did it happen? A viewer is told who may answer; an operator says yes, with a reason, and it is not done again", { skip }, async (t) => {
  const run = await died(t);
  const carol = await run.open("carol", narrow);
  await carol.getByText("Did it happen?", { exact: true }).waitFor(SLOW);
  assert.equal(await carol.getByRole("button", { name: /^It has/ }).count(), 0);
  await summary(carol).getByText("needs the role operator").waitFor();
  await looksRight(carol, "mend-happened-viewer");

  const alice = await run.open("alice");
  await alice.getByRole("button", { name: "It has happened…" }).waitFor(SLOW);
  assert.equal(await alice.getByRole("button", { name: "Retry" }).count(), 0, "going on is what the answer is for");
  await looksRight(alice, "mend-happened");
  await alice.getByRole("button", { name: "It has happened…" }).click();
  await alice.getByText("is not done again").waitFor();
  await alice.getByRole("button", { name: "It has happened – go on" }).click();
  await alice.getByText("Say why").waitFor();
  await alice.getByLabel("Reason").fill("the machine has it");
  await looksRight(alice, "mend-happened-dialog");
  await alice.getByRole("button", { name: "It has happened – go on" }).click();
  await stateIs(alice, "Done");
  await alice.getByText("alice says that it has happened: “the machine has it”").waitFor(SLOW);
  assert.deepEqual(run.lines(), ["begun"]);
});

test("did it happen? No: it is done again", { skip }, async (t) => {
  const run = await died(t);
  const alice = await run.open("alice", narrow);
  await alice.getByRole("button", { name: "It has not happened…" }).click(SLOW);
  await alice.getByText("If it has happened after all, it happens twice.").waitFor();
  await alice.getByLabel("Reason").fill("no trace of it");
  await looksRight(alice, "mend-happened-no");
  await alice.getByRole("button", { name: "It has not – do it again" }).click();
  await stateIs(alice, "Done");
  assert.deepEqual(run.lines(), ["begun", "begun", "ended"]);
});

/* ------------------------------------------------------------------ a blocked rollback */

/** A run whose rollback is blocked at its second step of three. */
async function blocked(t: TestContext, environment: string): Promise<Waiting> {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE undone (what text, n int GENERATED ALWAYS AS IDENTITY)");
  const folder = writePlan({
    "plan.lua": `plan "p" { doc = "d", phase "f" {
      step "one" { up = "CREATE TABLE one (n int)", down = "INSERT INTO undone VALUES ('one'); DROP TABLE one" },
      step "two" { up = "CREATE TABLE two (n int)", down = "SELECT n FROM no_such_table" },
      step "three" { up = "CREATE TABLE three (n int)", down = "INSERT INTO undone VALUES ('three'); DROP TABLE three" },
    } }`,
  });
  const env = { ...cluster.env(database), HEADGATE_HOME: temporary("home") };
  const run = await waiting(t, folder, env, environment, database, async (supervisor) => (await supervisor.as("alice").startRun(basename(folder), environment)).id);
  await run.reached("done");
  await run.supervisor.as("alice").request(run.id, "rollback");
  await run.reached("rollback_blocked");
  return run;
}

const undone = async ({ database }: Waiting): Promise<unknown[]> =>
  (await cluster.query(database, "SELECT what FROM undone ORDER BY n")).map((row) => row["what"]);
const states = async ({ database }: Waiting): Promise<unknown[]> =>
  (await cluster.query(database, "SELECT state FROM headgate.step WHERE path LIKE 'f/%' ORDER BY path")).map((row) => row["state"]);

async function retry(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Retry" }).click(SLOW);
  await page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
}

async function approve(page: Page, person: string): Promise<void> {
  await page.getByRole("link", { name: "Evidence and decision" }).first().click(SLOW);
  await page.getByRole("button", { name: /^Approve/ }).click(SLOW);
  await page.getByText(`${person} approved`).waitFor(SLOW);
}

test("skip: asked with a reason, approved by two who did not start the run, then Retry goes on without it", { skip }, async (t) => {
  const run = await blocked(t, "people");
  const alice = await run.open("alice");
  await summary(alice).getByText("2 steps are left to undo").waitFor(SLOW);
  await looksRight(alice, "mend-blocked");
  await alice.getByRole("button", { name: "Skip…" }).click();
  const dialog = alice.getByRole("dialog");
  await dialog.getByText("The rollback goes on without it").waitFor();
  await dialog.getByText("2 people with the role admin must approve it first, not alice").waitFor();
  await dialog.getByText("SELECT n FROM no_such_table").waitFor();
  await dialog.getByRole("button", { name: "Ask for 2 approvals" }).click();
  await dialog.getByText("Say why").waitFor();
  await dialog.getByLabel("Reason").fill("two may stay");
  await looksRight(alice, "mend-skip-dialog");
  await dialog.getByRole("button", { name: "Ask for 2 approvals" }).click();
  await dialog.waitFor({ state: "detached" });
  await alice.getByText("0 of 2 approvals (admin)").waitFor(SLOW);
  await looksRight(alice, "mend-skip-asked");

  const bob = await run.open("bob");
  await approve(bob, "bob");
  await looksRight(bob, "mend-skip-gate");
  await alice.getByText("1 of 2 approvals (admin)").waitFor(SLOW);
  const dave = await run.open("dave", narrow);
  await approve(dave, "dave");
  await dave.getByText("It has its approvals").waitFor(SLOW);
  await looksRight(dave, "mend-skip-gate-enough");
  await alice.getByText("2 of 2 approvals.").waitFor(SLOW);
  await retry(alice);
  await stateIs(alice, "Rolled back");
  assert.deepEqual(await states(run), ["undone", "undone", "skipped"]);
  assert.deepEqual(await undone(run), ["three", "one"]);
});

test("repair: SQL that cannot be is refused in the dialog; the corrected one is approved as it stands and runs instead", { skip }, async (t) => {
  const run = await blocked(t, "people");
  const alice = await run.open("alice", narrow);
  await alice.getByRole("button", { name: "Repair…" }).click(SLOW);
  const dialog = alice.getByRole("dialog");
  const sql = dialog.getByLabel("SQL");
  const ask = dialog.getByRole("button", { name: "Ask for 1 approval" });
  assert.equal(await sql.inputValue(), "SELECT n FROM no_such_table", "the undo that failed is what one starts from");
  await dialog.getByLabel("Reason").fill("the table was never made");
  await ask.click();
  await dialog.getByText("This is the undo that failed").waitFor();
  await sql.fill("VACUUM undone");
  await ask.click();
  await dialog.getByText(/VACUUM/).last().waitFor();
  assert.equal((await run.supervisor.as("alice").run(run.id)).gates.length, 0, "nothing was asked");
  await sql.fill("INSERT INTO undone VALUES ('two'); DROP TABLE two");
  await looksRight(alice, "mend-repair-dialog");
  await ask.click();
  await dialog.waitFor({ state: "detached" });
  await alice.getByText("0 of 1 approval (admin)").waitFor(SLOW);

  const bob = await run.open("bob");
  await bob.getByRole("link", { name: "Evidence and decision" }).first().click(SLOW);
  await bob.getByRole("group", { name: "SQL" }).getByText("DROP TABLE two").waitFor(SLOW);
  await looksRight(bob, "mend-repair-gate");
  await bob.getByRole("button", { name: "Approve – this SQL instead of its undo" }).click();
  await bob.getByText("bob approved").waitFor(SLOW);
  await alice.getByText("1 of 1 approval.").waitFor(SLOW);
  await retry(alice);
  await stateIs(alice, "Rolled back");
  assert.deepEqual(await undone(run), ["three", "two", "one"]);
});

test("where gates pass by policy the dialog says that it takes effect at once, and it does", { skip }, async (t) => {
  const run = await blocked(t, "test");
  const alice = await run.open("alice");
  await alice.getByRole("button", { name: "Skip…" }).click(SLOW);
  const dialog = alice.getByRole("dialog");
  await dialog.getByText("Gates pass by policy in test").waitFor();
  await dialog.getByLabel("Reason").fill("two may stay");
  await dialog.getByRole("button", { name: "Skip – the rollback goes on without it" }).click();
  await stateIs(alice, "Rolled back");
  assert.deepEqual(await states(run), ["undone", "undone", "skipped"]);
});

/* ------------------------------------------------------------------ the watch of a stage */

test("advance: asked on the rollout's page with a reason, approved by two who did not start the run, and the stage keeps who and why", { skip }, async (t) => {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE flags (name text, percent int, enabled bool); INSERT INTO flags VALUES ('new', 0, false)");
  const folder = writePlan({
    "plan.lua": `plan "p" { doc = "d", rollout "new" {
      flag = sql_flag { table = "flags", name = "name", percent = "percent", enabled = "enabled" },
      stage { percent = 10, watch = "24h" }, stage { percent = 50, watch = "48h" },
    } }`,
  });
  const env = { ...cluster.env(database), HEADGATE_HOME: temporary("home") };
  const run = await waiting(t, folder, env, "people", database, async (supervisor) => (await supervisor.as("alice").startRun(basename(folder), "people")).id);
  await run.reached("watching");
  const rollout = async (person: string, view?: View) => {
    const page = await run.open(person, view);
    await page.getByRole("link", { name: "Rollout", exact: true }).first().click();
    await page.getByText("Automation: watching").waitFor(SLOW);
    return page;
  };
  const carol = await rollout("carol", narrow);
  assert.equal(await carol.getByRole("button", { name: "Advance now…" }).count(), 0, "a viewer may look");

  const alice = await rollout("alice");
  await alice.getByRole("button", { name: "Advance now…" }).click(SLOW);
  const dialog = alice.getByRole("dialog");
  await dialog.getByText(/^Ends the watch of 10% after .+ of 1 d and goes to 50%\./).waitFor();
  await dialog.getByText("2 people with the role admin must approve it first, not alice").waitFor();
  await dialog.getByLabel("Reason").fill("the release waits");
  await dialog.getByRole("button", { name: "Ask for 2 approvals" }).click();
  await dialog.waitFor({ state: "detached" });
  await alice.getByText("0 of 2 approvals (admin)").waitFor(SLOW);
  for (const [person, view] of [["bob", wide], ["dave", narrow]] as const) {
    const page = await rollout(person, view);
    await approve(page, person);
    if (person === "bob") await looksRight(page, "advance-gate");
  }
  await alice.getByText(/Ended early after .+ of 1 d, asked by alice: “the release waits”/).waitFor(SLOW);
  await alice.getByRole("link", { name: /^(bob, dave|dave, bob)$/ }).waitFor();
  await alice.getByText("left of 2 d").waitFor(SLOW);
  await looksRight(alice, "advance-done");
  assert.deepEqual(await cluster.query(database, "SELECT percent FROM flags"), [{ percent: 50 }]);
});
