/** A real run that is watched while its rows are at work: the pace is told truly, a person changes it, a metric throttles it. All of its
 *  pages, while it is at work and when it is done. */
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { axeViolations, noBrowser, openBrowser, overflowing, shoot, show, type View, VIEWS, visit } from "../lib/browser";
import { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { waitUntil } from "../lib/wait";

const skip = noBrowser || false;
const SLOW = { timeout: 60_000 };
const PLAN = `plan "named" {
  doc = "Fill a column while people watch",
  phase "fill" {
    backfill "items.upper" {
      where = "upper IS NULL", batch = 20, batch_time = "100ms", workers = 1,
      map = function(row) return { upper = row.name:upper() } end,
    },
  },
}
`;
/** An update takes its time for as long as the table app says so. */
const SCHEMA = `CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, upper text);
  INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, 100000) AS i;
  CREATE TABLE app (p95 float NOT NULL, nap float NOT NULL); INSERT INTO app VALUES (10, 0.01);
  CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(nap) FROM public.app; RETURN NEW; END $$;
  CREATE TRIGGER nap BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION nap(); ANALYZE items`;
const CONFIG = `version: 1
targets:
  app:
    throttle: { metrics: { app_p95: "> 100ms" } }
metrics:
  app_p95: { sql: "SELECT p95 FROM app", unit: ms }
environments:
  test: { approvers: { dba: [bob, carol] } }
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
  await cluster.query(database, SCHEMA);
  const folder = writePlan({ "named/plan.lua": PLAN, "headgate.yaml": CONFIG });
  supervisor = await Supervisor.start({ env: cluster.env(database), config: folder, plans: folder, environment: "test", people: ["alice", "bob", "carol"] });
  browser = await openBrowser();
  run = (await supervisor.as("alice").startRun("named", "test")).id;
  await waitUntil("rows are filled", async () => (await cluster.query(database, "SELECT FROM items WHERE upper IS NOT NULL LIMIT 1")).length > 0);
});
after(async () => {
  await browser?.close();
  await supervisor?.stop();
  await cluster?.stop();
});

async function open(t: TestContext, person: string): Promise<Page> {
  const { context, page, errors } = await visit(browser, VIEWS[0]!);
  t.after(async () => {
    await context.close();
    assert.deepEqual(errors, []);
  });
  await page.goto(await supervisor.link(person));
  await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor(SLOW);
  await page.goto(`${supervisor.url}/runs/${run}`);
  await page.getByText("Live", { exact: true }).waitFor(SLOW);
  return page;
}

async function looksRight(page: Page, name: string): Promise<void> {
  for (const view of VIEWS) {
    await show(page, view);
    await shoot(page, `${name}-${view.theme}-${view.width}`, false);
    assert.deepEqual(await axeViolations(page), [], name);
    assert.deepEqual(await overflowing(page), [], name);
  }
  await show(page, VIEWS[0]!);
}

/** Every page of a run, with what it says when it is there. */
const PAGES: [path: string, ready: (page: Page) => Promise<unknown>][] = [
  ["", (page) => page.getByRole("heading", { level: 2, name: "History" }).waitFor(SLOW)],
  ["/rollout", (page) => page.getByText("This plan has no rollout").waitFor(SLOW)],
  ["/review", (page) => page.getByText("Nothing is left to review").waitFor(SLOW)],
  ["/changes", (page) => page.getByText("Done so far").waitFor(SLOW)],
  ["/logs", (page) => page.getByText(/^\d+ lines?$/).first().waitFor(SLOW)],
  ["/events", (page) => page.getByText(/Run of named in test created by alice/).first().waitFor(SLOW)],
  ["/replay", (page) => page.getByText(/^[\d,]+ of [\d,]+ entries$/).waitFor(SLOW)],
  ["/report", (page) => page.getByRole("heading", { level: 2, name: "Summary" }).waitFor(SLOW)],
];

async function walk(page: Page, name: string, view: View): Promise<void> {
  await show(page, view);
  for (const [path, ready] of PAGES) {
    await page.goto(`${supervisor.url}/runs/${run}${path}`);
    await ready(page);
    await page.getByText("Live", { exact: true }).waitFor(SLOW);
    await shoot(page, `${name}${path.replace("/", "-")}`, false);
    assert.deepEqual(await axeViolations(page), [], `${name} ${path}`);
    assert.deepEqual(await overflowing(page), [], `${name} ${path}`);
  }
}

const pace = (page: Page) => page.getByRole("region", { name: "Pace" });

test("a running backfill shows its pace, its rate and when it ends; an operator changes the pace, who looks may not", { skip }, async (t) => {
  const page = await open(t, "alice");
  await pace(page).getByText("At full speed").waitFor(SLOW);
  await pace(page).getByText("100ms, as the plan says").waitFor();
  await page.getByText(/ · about .+ left \(.+ to .+\)$/).waitFor(SLOW);
  await pace(page).getByRole("button", { name: "Change the pace…" }).click();
  await page.getByLabel(/^Speed, at most/).fill("50");
  await page.getByLabel(/^Workers/).fill("2");
  await page.getByLabel(/^Reason/).fill("people are at work");
  await looksRight(page, "real-pace-dialog");
  await page.getByRole("button", { name: "Change the pace", exact: true }).click();
  await page.getByText("alice asked for at most 50% of its speed, 2 workers: people are at work").waitFor(SLOW);
  await pace(page).getByText("At 50% of its speed").waitFor(SLOW);
  await pace(page).getByText("A person limits it").waitFor();
  assert.deepEqual(await cluster.query(database, "SELECT most, workers, batch_us::int FROM headgate.pace"), [{ most: 0.5, workers: 2, batch_us: 0 }]);
  const watcher = await open(t, "bob"); // it was told before this page was opened
  await pace(watcher).getByText("At 50% of its speed").waitFor(SLOW);
  await pace(watcher).getByText("Changing it needs the role operator").waitFor();
  assert.equal(await watcher.getByRole("button", { name: "Change the pace…" }).count(), 0);
});

test("a metric at its limit throttles it: the page says why and what ends it, and the pace can still be changed", { skip }, async (t) => {
  const page = await open(t, "alice");
  await cluster.query(database, "UPDATE app SET p95 = 900");
  await page.locator(".state-line").getByText("Throttled", { exact: true }).waitFor(SLOW);
  await pace(page).getByText("Resting").waitFor(SLOW);
  await pace(page).getByText("app_p95 is 900ms, its limit is 100ms; goes on below 120ms for 3 s").waitFor(SLOW);
  assert.equal(await pace(page).getByRole("button", { name: "Change the pace…" }).isEnabled(), true);
  await looksRight(page, "real-pace-throttled");
  await walk(page, "real-throttled", VIEWS[1]!);
  await show(page, VIEWS[0]!);
  await page.goto(`${supervisor.url}/runs/${run}`);
  // the application deletes most of what is left, so that the rest is soon done
  await cluster.query(database, "UPDATE app SET p95 = 10, nap = 0; DELETE FROM items WHERE upper IS NULL AND id % 100 > 0");
  await page.locator(".state-line").getByText("Done", { exact: true }).waitFor(SLOW);
  assert.equal(await pace(page).count(), 0);
  await walk(page, "real-done", VIEWS[0]!);
});
