/** The main job through the dashboard of the real server: log in by link, start, watch, review, approve, confirm; and the
 *  server is killed and started again meanwhile. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { axeViolations, noBrowser, openBrowser, saidAway, shoot, visit, type Visit } from "../lib/browser";
import { type Demo, startDemo } from "../lib/headgate";
import { killNow } from "../lib/processes";
import { waitUntil } from "../lib/wait";

const skip = noBrowser || false;
const SLOW = { timeout: 60_000 };
let browser: Browser;
let demo: Demo;
let run = "";
const people = new Map<string, Visit>();

before(async () => {
  if (skip) return;
  demo = await startDemo();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

async function logIn(person: string): Promise<Page> {
  const visited = await visit(browser);
  people.set(person, visited);
  await visited.page.goto(await demo.link(person));
  await visited.page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
  return visited.page;
}
const pageOf = (person: string): Page => people.get(person)!.page;
const live = (page: Page) => page.getByText("Live", { exact: true }).waitFor(SLOW);
const stage = (page: Page, percent: number, state: string) =>
  page.getByRole("listitem").filter({ hasText: new RegExp(`^${percent}%${state}`) }).waitFor(SLOW);

async function approve(person: string, gate: string): Promise<void> {
  const page = pageOf(person);
  await page.goto(`${demo.supervisor.url}/runs/${run}/gates/${encodeURIComponent(gate)}`);
  const button = page.getByRole("button", { name: /^Approve/ });
  await button.waitFor(SLOW);
  await button.click(SLOW);
  await page.getByText(`${person} approved`).waitFor(SLOW);
}

test("a link logs in once", { skip }, async () => {
  const link = await demo.link("bob");
  const { context, page } = await visit(browser);
  await page.goto(link);
  await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
  assert.equal(new URL(page.url()).hash, "");
  await context.close();
  const second = await visit(browser);
  await second.page.goto(link);
  await second.page.getByText("This token is not valid").waitFor();
  await second.context.close();
});

test("alice starts the plan with a click, and everybody sees it at once", { skip }, async () => {
  const bob = await logIn("bob");
  await logIn("carol");
  const alice = await logIn("alice");
  await alice.getByRole("link", { name: "Start a run" }).click();
  await alice.getByRole("button", { name: "Start… canonical-events" }).click();
  await alice.getByLabel("Environment").selectOption("demo");
  await alice.getByRole("button", { name: "Start in demo" }).click();
  await alice.getByRole("heading", { level: 1, name: /canonical-events #/ }).waitFor(SLOW);
  run = /\/runs\/(\d+)/.exec(alice.url())![1]!;
  await bob.getByRole("link", { name: `canonical-events #${run}` }).waitFor(SLOW);
});

test("rows for review are decided in the browser, and progress is seen live", { skip }, async () => {
  const bob = pageOf("bob");
  await bob.goto(`${demo.supervisor.url}/runs/${run}?node=${encodeURIComponent("backfill/events.canonical_event")}&show=all`);
  await live(bob);
  const alice = pageOf("alice");
  await alice.goto(`${demo.supervisor.url}/runs/${run}/review`);
  await alice.getByRole("radio").first().waitFor(SLOW);
  await shoot(alice, "real-review");
  assert.deepEqual(await axeViolations(alice), []);
  const rows = alice.getByRole("group").filter({ has: alice.getByRole("radio") });
  const count = await rows.count();
  for (let index = 0; index < count; index += 1) await rows.nth(index).getByRole("radio").first().check();
  await alice.getByRole("button", { name: /^Apply \d+ decision/ }).click();
  await alice.getByText(/decided\.$/).waitFor();
  // bob's page was open before the backfill began and is not loaded again
  const progress = bob.getByRole("region", { name: "Progress" });
  await progress.getByText(/^0 \/ [\d,]+ rows$|^[1-9][\d,]* (\/ [\d,]+ )?rows$/).waitFor(SLOW);
  await progress.getByText(/^[1-9][\d,]* rows$/).waitFor(SLOW);
  await shoot(bob, "real-run");
  assert.deepEqual(await axeViolations(bob), []);
});

test("a server that stands still is said to be away within 4 s, and is live again within 4 s", { skip }, async () => {
  const bob = pageOf("bob");
  await bob.goto(`${demo.supervisor.url}/runs/${run}`);
  await live(bob);
  const away = await saidAway(bob);
  const stopped = Date.now();
  process.kill(demo.supervisor.pid!, "SIGSTOP");
  try {
    await bob.getByText(/^Disconnected – showing data from/).waitFor(SLOW);
    const took = (await away()) - stopped;
    assert.ok(took <= 4_500, `${took} ms`);
  } finally {
    process.kill(demo.supervisor.pid!, "SIGCONT");
  }
  const woken = Date.now();
  await live(bob);
  assert.ok(Date.now() - woken <= 5_000, `${Date.now() - woken} ms`);
});

test("alice may not approve what she started; bob finds the gate under “Needs you” and approves it by clicking", { skip }, async () => {
  const bob = pageOf("bob");
  await bob.goto(demo.supervisor.url);
  await bob.getByRole("link", { name: /start-rollout/ }).first().click(SLOW);
  await bob.getByRole("heading", { name: "Evidence" }).waitFor(SLOW);
  const alice = pageOf("alice");
  await alice.goto(`${demo.supervisor.url}/runs/${run}/gates/start-rollout`);
  await alice.getByText("You cannot decide this gate").waitFor(SLOW);
  await shoot(bob, "real-gate");
  assert.deepEqual(await axeViolations(bob), []);
  const carol = pageOf("carol");
  await carol.goto(`${demo.supervisor.url}/runs/${run}/rollout`);
  await live(carol);
  const watching = stage(carol, 10, "Watching"); // for six seconds: seen by who was there before
  await bob.getByLabel(/^Comment/).fill("the evidence is fine");
  await bob.getByRole("button", { name: /^Approve/ }).click();
  await bob.getByText("bob approved").waitFor(SLOW);
  await watching;
});

test("stages advance; the server is killed and started again, and no event is lost", { skip }, async () => {
  const bob = pageOf("bob");
  await bob.goto(`${demo.supervisor.url}/runs/${run}/rollout`);
  await stage(bob, 10, "(Watching|Done)");
  await shoot(bob, "real-rollout");
  assert.deepEqual(await axeViolations(bob), []);
  const carol = pageOf("carol");
  await carol.goto(`${demo.supervisor.url}/runs/${run}?show=all`);
  await live(carol);
  killNow(demo.supervisor.pid!); // its runner, a process of its own, goes on
  await waitUntil("the server is gone", () => demo.supervisor.pid === undefined);
  await bob.getByText(/^Disconnected – showing data from/).waitFor({ timeout: 5_000 });
  await carol.getByText(/^Disconnected – showing data from/).waitFor({ timeout: 5_000 });
  await demo.supervisor.restart();
  await live(bob);
  await live(carol);
  await stage(bob, 10, "Done");
  await stage(bob, 50, "(Watching|Done)"); // a slow machine may not see its few seconds
  await stage(bob, 100, "Waiting for its gate");
  // carol's page was never loaded again: it has every event of the server's, once
  await waitUntil("carol's page has all events", async () => {
    const { events } = await demo.supervisor.as("bob").get<{ events: { seq: string }[] }>(`/api/runs/${run}/events?since=0&limit=1000`);
    assert.deepEqual(events.map((event) => event.seq), events.map((_, index) => String(index + 1)), "no gap, none twice");
    return (await carol.getByText(/^[\d,]+ entries/).textContent())?.startsWith(`${events.length.toLocaleString("en")} entries `);
  });
});

test("the rest is approved and confirmed in the browser, and the run is done", { skip }, async () => {
  const { gates } = await demo.supervisor.as("bob").run(run);
  await approve("carol", gates.find((gate) => gate.state === "open")!.path);
  const bob = pageOf("bob");
  await bob.goto(`${demo.supervisor.url}/runs/${run}`);
  const confirmAll = async (path: string) => {
    await bob.goto(`${demo.supervisor.url}/runs/${run}?node=${encodeURIComponent(path)}`);
    const buttons = bob.getByRole("button", { name: /^Confirm/ });
    await buttons.first().waitFor(SLOW);
    for (let left = await buttons.count(); left > 0; left -= 1) {
      await buttons.first().click(SLOW);
      await waitUntil("the answer is shown", async () => (await buttons.count()) < left);
    }
  };
  await confirmAll("monitoring");
  await approve("bob", "contract/remove-legacy");
  await approve("carol", "contract/remove-legacy");
  await confirmAll("contract/Remove CampaignWizard and the flag checks from the code");
  await confirmAll("contract/cleanup");
  await bob.goto(`${demo.supervisor.url}/runs/${run}`);
  await bob.getByRole("region", { name: "Summary" }).getByText("Done", { exact: true }).first().waitFor(SLOW);
  type Times = Record<"active_us" | "waiting_us" | "watching_us", number>;
  const told = await demo.supervisor.as("bob").get<Times & { part_times: (Times & { path: string })[] }>(`/api/runs/${run}`);
  for (const name of ["active_us", "waiting_us", "watching_us"] as const)
    assert.equal(told.part_times.reduce((sum, part) => sum + part[name], 0), told[name], `${name}: the parts make the whole`);
  const waited = (path: string) => told.part_times.find((part) => part.path === path)!.waiting_us;
  assert.ok(waited("start-rollout") > 0 && waited("backfill") > 0, JSON.stringify(told.part_times));
  await bob.getByText("Time by phase").click();
  await bob.getByRole("row", { name: /^start-rollout/ }).waitFor();
  await bob.goto(`${demo.supervisor.url}/runs/${run}/report`);
  await bob.getByRole("heading", { name: "Summary" }).waitFor(SLOW);
  await shoot(bob, "real-report");
  assert.doesNotMatch(await bob.locator(".report").innerText(), /[{[]"/, "for people, not as the server wrote it");
  assert.deepEqual(await axeViolations(bob), []);
  for (const [person, { errors }] of people) assert.deepEqual(errors, [], person);
});
