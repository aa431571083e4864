/** The pages beside the main job on the real server: what a run told, what it changes, its plan, the audit, flags and settings. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { axeViolations, noBrowser, openBrowser, overflowing, shoot, visit } from "../lib/browser";
import { type Demo, startDemo } from "../lib/headgate";
import { waitUntil } from "../lib/wait";

const skip = noBrowser || false;
const SLOW = { timeout: 60_000 };
let browser: Browser;
let demo: Demo;
let run = "";
let page: Page;
let errors: string[];

before(async () => {
  if (skip) return;
  demo = await startDemo();
  const alice = demo.supervisor.as("alice");
  run = (await alice.startRun("canonical-events", "demo")).id;
  await waitUntil("the run waits for somebody", async () => ["waiting", "held"].includes((await alice.run(run)).state) || undefined, { timeoutMs: 60_000 });
  browser = await openBrowser();
  const visited = await visit(browser);
  ({ page, errors } = visited);
  await page.goto(await demo.link("alice"));
  await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor(SLOW);
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** Goes there, sees that it is whole. */
async function open(path: string, name: string, ready: (page: Page) => Promise<unknown>): Promise<void> {
  await page.goto(demo.supervisor.url + path);
  await ready(page);
  await page.getByText("Live", { exact: true }).waitFor(SLOW);
  await shoot(page, `real-${name}`);
  assert.deepEqual(await axeViolations(page), [], name);
  assert.deepEqual(await overflowing(page), [], name);
  assert.deepEqual(errors, [], name);
}
const words = (text: string | RegExp) => (at: Page) => at.getByText(text).first().waitFor(SLOW);

test("events, log and replay say what the run has told", { skip }, async () => {
  await open(`/runs/${run}/events?seq=1&level=debug`, "events", (at) => at.getByRole("heading", { name: "Entry 1", exact: true }).waitFor(SLOW));
  await page.getByText(/Run of canonical-events in demo created by alice/).first().waitFor();
  await open(`/runs/${run}/events?type=check.result`, "events-checks", words(/entr(y|ies) match(es)?$/));
  await open(`/runs/${run}/logs`, "logs", words(/^\d+ lines$/));
  await open(`/runs/${run}/logs?q=run+running`, "logs-search", words(/lines? match(es)?$/));
  await open(`/runs/${run}/replay?at=2`, "replay", words(/^2 of \d+ entries$/));
  await page.getByRole("button", { name: "Last", exact: true }).click();
  await page.getByRole("region", { name: "The run then" }).getByText(/Waiting|Held/).first().waitFor();
});

test("the plan has its source and findings, and a dry run says what the run changes", { skip }, async () => {
  await open("/plans/canonical-events", "plan", words("What check says"));
  const first = page.getByRole("navigation", { name: "Parts, in order" }).getByRole("link").first();
  await first.click();
  await page.waitForURL(/file=plan\.lua#L\d+$/);
  await page.locator(".source .marked").waitFor();
  await open(`/runs/${run}/changes`, "changes", words("Done so far"));
  await page.getByRole("button", { name: "Dry run now" }).click();
  await page.getByText(/steps\. Nothing was changed\./).waitFor(SLOW);
  await shoot(page, "real-changes-dry-run");
  assert.deepEqual(await axeViolations(page), []);
});

test("the audit verifies the chain; flags and settings are the server's", { skip }, async () => {
  await open("/audit", "audit", words("Verified"));
  await page.getByText(/Run of canonical-events in demo created by alice/).first().waitFor();
  await open("/flags", "flags", words("v2_canonical_system"));
  await open("/settings", "settings", words("Environment demo"));
  await page.getByLabel("What it is for").fill("a script");
  await page.getByRole("button", { name: "Make a token" }).click();
  const made = page.getByText(/^hgt_[\w-]{43}$/);
  await made.waitFor(SLOW);
  const token = (await made.textContent())!;
  const asked = await fetch(`${demo.supervisor.url}/api/me`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(((await asked.json()) as { person: string }).person, "alice");
  await page.getByRole("button", { name: "Revoke a script" }).click();
  await page.getByRole("button", { name: "Revoke a script" }).waitFor({ state: "detached" });
  const again = await fetch(`${demo.supervisor.url}/api/me`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(again.status, 401);
  assert.deepEqual(errors, []);
});
