/** A plan's page, and what a dry run says: lines have addresses, a table is picked out, and starting shows what would run. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { mocked, skip } from "../lib/mocked";

const { mock, enter } = mocked();

test("findings and parts lead to their line, which has an address", { skip }, async () => {
  const { context, page } = await enter("vera");
  await page.goto(`${mock().url}/plans`);
  await page.getByRole("link", { name: "canonical-events", exact: true }).click();
  await page.getByRole("link", { name: "sql/001.up.sql:6" }).click();
  await page.waitForURL(/\/plans\/canonical-events\?file=sql%2F001\.up\.sql#L6$/);
  const marked = page.getByRole("listitem").and(page.locator(".marked"));
  await marked.getByText("ALTER TABLE campaigns").or(marked).first().waitFor();
  assert.match((await marked.textContent()) ?? "", /^6ALTER TABLE campaigns/);
  await page.reload();
  await marked.waitFor();
  await page.getByRole("link", { name: "Line 2", exact: true }).click();
  await page.waitForURL(/#L2$/);
  await page.waitForFunction(() => document.querySelector(".source .marked")?.id === "L2");
  await page.getByRole("link", { name: /^canonical_event column/ }).click();
  await page.waitForURL(/file=plan\.lua#L10$/);
  await context.close();
});

test("a dry run of a run: by table, as JSON, kept while the dashboard is open", { skip }, async () => {
  await mock().control("reset");
  await mock().control("goto", { at: "gate" });
  const { context, page } = await enter("bob");
  await page.goto(`${mock().url}/runs/42`);
  await page.getByRole("link", { name: "Changes", exact: true }).click();
  await page.getByRole("button", { name: "Dry run now" }).click();
  await page.getByText("7 steps. Nothing was changed.").waitFor();
  await page.getByText("events: up to ACCESS EXCLUSIVE").waitFor();
  await page.getByRole("combobox", { name: "Table" }).selectOption("campaigns");
  await page.getByText("2 of 7 steps").waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "JSON" }).click()]);
  assert.equal((JSON.parse(readFileSync(await file.path(), "utf8")) as { items: unknown[] }).items.length, 7);
  await page.getByRole("link", { name: "Log", exact: true }).click();
  await page.getByRole("link", { name: "Changes", exact: true }).click();
  await page.getByText("7 steps. Nothing was changed.").waitFor();
  await context.close();
});
