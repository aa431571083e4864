/** A session that is about to end says so in time, without taking the focus, and what was typed outlives it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { axeViolations } from "../lib/browser";
import { mocked, skip } from "../lib/mocked";

const { mock, enter, open } = mocked();

test("the end of a session is told in time; logging in again keeps what was typed", { skip }, async () => {
  await mock().control("reset");
  await mock().control("goto", { at: "gate" });
  await mock().control("session", { ends_s: 240 });
  const { context, page, errors } = await enter("bob");
  const bar = page.getByRole("region", { name: "Session" });
  await bar.getByRole("status").getByText(/Your session ends at \d\d:\d\d:\d\d \S+ – log in again to go on; what you typed is kept\./).waitFor();
  assert.ok(await page.evaluate(() => document.activeElement?.closest("section[aria-label=Session]") === null), "the focus stays where it was");
  await page.goto(`${mock().url}/runs/42/gates/start-rollout`);
  await page.getByRole("textbox", { name: "Comment" }).fill("looked at the backfill");
  assert.deepEqual(await axeViolations(page), []);
  await bar.getByRole("button", { name: "Log in again" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Log in to Headgate" }).waitFor();
  await page.getByRole("button", { name: "Not now: go back" }).click();
  assert.equal(await page.getByRole("textbox", { name: "Comment" }).inputValue(), "looked at the backfill");
  await bar.getByRole("button", { name: "Log in again" }).click();
  await page.getByText("Log in with a token").click();
  await page.getByLabel("Token", { exact: true }).fill("bob");
  await page.getByRole("button", { name: "Use the token" }).click();
  await page.getByRole("textbox", { name: "Comment" }).waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Comment" }).inputValue(), "looked at the backfill");
  assert.equal(await bar.getByRole("button").count(), 0, "the new session has time");
  assert.deepEqual(errors.filter((text) => !text.includes("401")), []);
  await context.close();
});

test("a session that idles can be kept; one whose stream is live renews itself", { skip }, async () => {
  await mock().control("reset");
  await mock().control("session", { idle_s: 240, times: 2 });
  const { context, page } = await enter("vera");
  const bar = page.getByRole("region", { name: "Session" });
  await bar.getByText(/because nothing was asked for a while/).waitFor();
  await bar.getByRole("button", { name: "Stay logged in" }).click();
  await page.getByRole("status").getByText("You stay logged in.").waitFor();
  assert.equal(await bar.getByRole("button").count(), 0);
  await context.close();

  await mock().control("session", { idle_s: 240, times: 1 });
  const other = await open();
  const asked = other.page.waitForResponse((response) => response.url().endsWith("/api/me") && response.ok());
  await other.page.goto(`${mock().url}/#token=vera`);
  await asked;
  await other.page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
  assert.equal(await other.page.getByRole("region", { name: "Session" }).getByRole("button").count(), 0);
  await other.context.close();
});
