/** A run played again from its events, by keyboard and by itself; what one chooses in the settings stays. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mocked, skip } from "../lib/mocked";

const { mock, enter } = mocked();

test("each entry shows the run as it was then, by keyboard, and has an address", { skip }, async () => {
  await mock().control("reset");
  await mock().control("goto", { at: "done" });
  const { context, page } = await enter("vera");
  await page.goto(`${mock().url}/runs/42`);
  await page.getByRole("link", { name: "Replay", exact: true }).click();
  const slider = page.getByRole("slider", { name: "Entry" });
  await slider.waitFor();
  assert.match((await slider.getAttribute("aria-valuetext")) ?? "", /^Entry \d+, .*UTC|CET/);
  const then = page.getByRole("region", { name: "The run then" });
  await then.getByText("Done").waitFor();
  await slider.focus();
  await page.keyboard.press("Home");
  await then.getByText("Pending").waitFor();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await then.getByText("Running").waitFor();
  await page.waitForURL(/at=2$/);
  assert.equal(await page.getByRole("button", { name: "Play" }).count(), 0, "nothing moves for those who asked for rest");
  await page.reload();
  await page.getByText(/^2 of \d+ entries$/).waitFor();
  await page.getByRole("button", { name: "Next", exact: true }).click();
  await page.getByText(/^3 of \d+ entries$/).waitFor();
  await context.close();
});

test("it plays by itself, and stops at the end", { skip }, async () => {
  const { context, page } = await enter("vera");
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await page.goto(`${mock().url}/runs/42/replay?at=0`);
  await page.getByRole("combobox", { name: "Speed" }).selectOption({ label: "32 entries a second" });
  await page.getByRole("button", { name: "Play" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.getByRole("region", { name: "The run then" }).getByText("Done").waitFor();
  await page.getByRole("button", { name: "Play" }).waitFor();
  await context.close();
});

test("theme, zone and shortcuts are kept; a token is made once and revoked", { skip }, async () => {
  await mock().control("reset");
  const { context, page } = await enter("alice");
  await page.getByRole("link", { name: /^alice\s*, settings/ }).click();
  await page.getByRole("radio", { name: "Dark" }).check();
  await page.getByRole("radio", { name: "UTC" }).check();
  await page.getByRole("checkbox", { name: "Single-key shortcuts" }).uncheck();
  await page.reload();
  await page.getByRole("radio", { name: "Dark" }).and(page.locator(":checked")).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dataset["theme"]), "dark");
  assert.ok(await page.getByRole("radio", { name: "UTC" }).isChecked());
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  assert.equal(new URL(page.url()).pathname, "/settings", "no key goes anywhere");
  const revoke = page.getByRole("button", { name: "Revoke nightly build" });
  await revoke.click();
  await revoke.waitFor({ state: "detached" });
  await context.close();
});
