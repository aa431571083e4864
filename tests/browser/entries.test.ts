/** The events and the log of a run: paged and searched by the server, kept in the address, quick with 20,000 entries. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { axeViolations, mainThread, shoot } from "../lib/browser";
import { mergeFigures } from "../lib/figures";
import { mocked, skip } from "../lib/mocked";

const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { level: 1, name }).waitFor();
const counted = (page: Page, text: string | RegExp) => page.getByRole("status").getByText(text).waitFor();

const { mock, enter } = mocked();

async function flooded(hours: number, events = 20_000): Promise<void> {
  await mock().control("reset");
  await mock().control("goto", { at: "backfill" });
  await mock().control("earlier", { hours });
  await mock().control("flood", { events });
}

test("20,000 events open at once, newest first, and only what is seen is drawn", { skip }, async () => {
  await flooded(18);
  const { context, page } = await enter("bob");
  await page.goto(`${mock().url}/runs/42`);
  await page.getByRole("heading", { name: "History" }).waitFor();
  const worked = await mainThread(page);
  const began = Date.now();
  await page.getByRole("link", { name: "Events", exact: true }).click();
  await page.getByText(/^line 19999$/).first().waitFor();
  mergeFigures("dashboard.json", "entries", { events_20k_open_ms: Date.now() - began });
  const ms = await worked();
  assert.ok(ms > 0 && ms < 3_000, `${ms} ms of work`);
  await counted(page, /^20,0\d\d entries$/);
  assert.ok((await page.getByRole("log").getByRole("listitem").count()) < 80);
  await page.getByRole("combobox", { name: "How important" }).selectOption("warn");
  await counted(page, /^2\d entries match$/);
  assert.match(page.url(), /level=warn/);
  await page.getByText("line 999", { exact: true }).waitFor();
  await context.close();
});

test("the time in which nothing happened stands between the entries", { skip }, async () => {
  await flooded(18);
  const { context, page } = await enter("bob");
  await page.goto(`${mock().url}/runs/42/events?q=line+0&seq=1`);
  await page.getByText(/^line 0$/).first().waitFor();
  await page.goto(`${mock().url}/runs/42/events?seq=10`);
  await page.getByText(/^(17|18) h (\d+ min )?without an entry$/).waitFor();
  await shoot(page, "events-gap");
  await page.getByRole("button", { name: "Newer entries" }).waitFor();
  assert.deepEqual(await axeViolations(page), []);
  await context.close();
});

test("filters and the entry that one looks at are in the address", { skip }, async () => {
  await mock().control("reset");
  await mock().control("goto", { at: "gate" });
  const { context, page } = await enter("bob");
  await page.goto(`${mock().url}/runs/42/events`);
  await page.getByRole("combobox", { name: "Type" }).selectOption({ label: "Gates" });
  await counted(page, "1 entry matches");
  await page.getByRole("button", { name: /start-rollout.*Gate opened/ }).click();
  await page.getByRole("heading", { name: /^Entry \d+$/ }).waitFor();
  const address = page.url();
  assert.match(address, /type=gate\.opened.*&seq=\d+/);
  await page.goto(`${mock().url}/`);
  await page.goto(address);
  await page.getByRole("heading", { name: /^Entry \d+$/ }).waitFor();
  await page.getByRole("searchbox", { name: "Search the events" }).fill("nothing like it");
  await page.getByText("No entry matches").waitFor();
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await counted(page, /entries$/);
  await context.close();
});

test("what is shown can be downloaded, each event a line", { skip }, async () => {
  await flooded(0, 3_000);
  const { context, page } = await enter("bob");
  await page.goto(`${mock().url}/runs/42/events?q=line`);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "NDJSON" }).click()]);
  const lines = readFileSync(await file.path(), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as { seq: string; type: string });
  assert.equal(file.suggestedFilename(), "run-42-events.ndjson");
  assert.equal(lines.length, 3_000);
  assert.ok(lines.every(({ type }, index) => type === "log" && (index === 0 || Number(lines[index - 1]!.seq) < Number(lines[index]!.seq))));
  await context.close();
});

test("the log follows its end, is searched by the server, and links to a line", { skip }, async () => {
  await flooded(0);
  const { context, page } = await enter("bob");
  await page.goto(`${mock().url}/runs/42/logs`);
  await page.getByText(/^line 19999$/).waitFor();
  await counted(page, /^20,0\d\d lines$/);
  await mock().control("flood", { events: 3 });
  await page.getByText(/^line 2$/).waitFor();
  await counted(page, /^20,0\d\d lines$/);
  await page.getByRole("searchbox", { name: "Search the log" }).fill("LINE 1777");
  await counted(page, "11 lines match");
  await page.getByRole("button", { name: /line 17770$/ }).click();
  await page.getByRole("button", { name: "Copy link" }).waitFor();
  const address = new URL(page.url());
  address.searchParams.delete("q");
  await page.goto(address.href);
  await page.getByRole("button", { name: /line 17770$/ }).and(page.locator("[aria-pressed=true]")).waitFor();
  await page.getByText(/^line 17768$/).waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Raw" }).click()]);
  assert.match(readFileSync(await file.path(), "utf8"), /^20\d\d-\d\d-\d\dT\S+ info  \S+ line 17770$/m);
  await heading(page, "Log");
  await context.close();
});
