/** The audit of all runs: filters in the address, downloads, and what the page says of a chain that is broken. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { mocked, skip } from "../lib/mocked";

const { mock, enter } = mocked();

test("the audit is filtered, says which chains are whole, and leads to the entry", { skip }, async () => {
  await mock().control("reset");
  await mock().control("goto", { at: "gate" });
  const { context, page } = await enter("vera");
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await page.getByRole("heading", { level: 1, name: "Audit" }).waitFor();
  const row = page.getByRole("listitem").filter({ hasText: "move-to-uuid-keys #41" }).first();
  await row.getByText("Verified").waitFor();
  await page.getByRole("listitem").filter({ hasText: "#40" }).first().getByText("Broken").waitFor();
  await page.getByRole("combobox", { name: "What" }).selectOption({ label: "Approvals and what undoes them" });
  await page.getByText("1 shown").waitFor();
  assert.match(page.url(), /what=gate\.approval/);
  await page.getByRole("link", { name: /bob approved/ }).click();
  await page.waitForURL(/\/runs\/40\/events\?level=debug&seq=31/);
  await context.close();
});

test("the audit as CSV is text for a spreadsheet, whatever people wrote", { skip }, async () => {
  await mock().control("reset");
  const { context, page } = await enter("vera");
  await page.goto(`${mock().url}/audit?run=41`);
  await page.getByText("2 shown").waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
  const lines = readFileSync(await file.path(), "utf8").trimEnd().split("\r\n");
  assert.equal(lines.length, 3);
  assert.equal(lines[0], "at,who,type,what,why,run,seq,plan,environment,node,via");
  assert.match(lines[1]!, /,bob,request,"bob asked to pause: =1\+1 looks odd, ""stop""","'=1\+1 looks odd, ""stop""",41,9,/);
  const [json] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "NDJSON" }).click()]);
  assert.deepEqual(readFileSync(await json.path(), "utf8").trimEnd().split("\n").map((line) => (JSON.parse(line) as { who: string }).who), ["bob", "alice"]);
  await context.close();
});
