/** A gate by clicking, against a real run: answers, an approval that is taken back, evidence looked at again, a broken glass. */
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { axeViolations, noBrowser, openBrowser, VIEWS, visit } from "../lib/browser";
import { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const skip = noBrowser || false;
const SLOW = { timeout: 60_000 };
const PLAN = `plan "asked" {
  doc = "A gate that asks",
  phase "make" {
    step "table" { up = "CREATE TABLE made (id int)", down = "DROP TABLE made" },
    verify "nothing is wrong" { no_rows = "SELECT id FROM made WHERE id < 0" },
  },
  gate "go" {
    approvers = "dba", ask = "Go on?", evidence = { "make" }, wait = "1h", expires = "2h",
    fields = { percent = { type = "integer", doc = "How many are let in at first?" } },
  },
}
`;
let browser: Browser;
let cluster: Cluster;
let database: string;
let supervisor: Supervisor;
let run: string;

before(async () => {
  if (skip) return;
  cluster = await Cluster.start();
  database = await cluster.database();
  browser = await openBrowser();
  const folder = writePlan({ "asked/plan.lua": PLAN, "headgate.yaml": "version: 1\nenvironments:\n  test: { approvers: { dba: [bob, carol] } }\n" });
  supervisor = await Supervisor.start({ env: cluster.env(database), config: folder, plans: folder, environment: "test", people: ["alice", "bob", "carol", "dora", "erin"] });
  for (const person of ["dora", "erin"]) await supervisor.must("user", "change", person, "--role", "administrator");
  run = (await supervisor.as("alice").startRun("asked", "test")).id;
  await reached("waiting");
});
after(async () => {
  await browser?.close();
  await supervisor?.stop();
  await cluster?.stop();
});

const reached = (state: string): Promise<unknown> => waitUntil(`the run is ${state}`, async () => (await supervisor.as("alice").run(run)).state === state);

async function open(t: TestContext, person: string): Promise<Page> {
  const { context, page, errors } = await visit(browser, VIEWS[0]!);
  t.after(async () => {
    await context.close();
    assert.deepEqual(errors.filter((error) => !/status of 40[09]/.test(error)), []);
  });
  await page.goto(await supervisor.link(person));
  await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor(SLOW);
  await page.goto(`${supervisor.url}/runs/${run}/gates/go`);
  await page.getByText("Live", { exact: true }).waitFor(SLOW);
  return page;
}

test("an answer is asked for before an approval is taken; then the gate waits for its clock, and it is taken back", { skip }, async (t) => {
  const page = await open(t, "bob");
  await page.getByText(/expires in/).waitFor(SLOW);
  await page.getByText("After the last approval it waits 1 h").waitFor();
  await page.getByRole("button", { name: /^Approve/ }).click();
  assert.equal((await supervisor.as("bob").gate(run, "go")).state, "open");
  await page.getByLabel(/^percent/).fill("10");
  await page.getByRole("button", { name: /^Approve/ }).click();
  await page.getByText("bob approved").waitFor(SLOW);
  await page.getByText("percent = 10").waitFor();
  await page.getByText(/^Passes in/).waitFor(SLOW);
  assert.deepEqual(await axeViolations(page), []);
  await reached("watching");
  await page.getByRole("button", { name: "Take my approval back" }).click();
  await page.getByText("bob took the approval back").waitFor(SLOW);
  await reached("waiting");
  await page.getByText("0 of 1 approval").waitFor(SLOW);
});

test("evidence is looked at again by a click; what changed is shown, and the comment is kept", { skip }, async (t) => {
  const page = await open(t, "carol");
  await page.getByLabel(/^Comment/).fill("as far as I see");
  await page.getByLabel(/^percent/).fill("5");
  await cluster.query(database, "INSERT INTO made VALUES (-1)");
  await page.getByRole("button", { name: "Re-run evidence" }).click();
  await page.getByText("This changed since you opened it").waitFor(SLOW);
  await page.getByText(/now Fail/).waitFor();
  assert.equal(await page.getByLabel(/^Comment/).inputValue(), "as far as I see");
  assert.equal(await page.getByLabel(/^percent/).inputValue(), "5");
  await cluster.query(database, "DELETE FROM made");
  await page.getByRole("button", { name: "Re-run evidence" }).click();
  await page.getByText("1 of 1 point").waitFor(SLOW);
});

test("two administrators break the glass, and somebody else answers for it", { skip }, async (t) => {
  for (const [person, count] of [["dora", 1], ["erin", 2]] as const) {
    const page = await open(t, person);
    await page.getByText("Nobody who may approve can be reached?").click(SLOW);
    if (count === 1) {
      await page.getByRole("button", { name: "Break the glass" }).click();
      await page.getByText("Say why it cannot wait").waitFor();
    }
    await page.getByLabel(/^Comment/).fill("the disk fills");
    await page.getByRole("button", { name: "Break the glass" }).click();
    await page.getByText(`${person} broke the glass`).waitFor(SLOW);
  }
  await reached("done");
  const page = await open(t, "bob");
  await page.getByText("The glass of this gate was broken").waitFor(SLOW);
  await page.getByLabel("What was looked at").fill("the rows, one by one");
  await page.getByRole("button", { name: "Answer" }).click();
  await page.getByText("bob looked at it").waitFor(SLOW);
});
