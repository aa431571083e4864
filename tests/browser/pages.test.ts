/** Every page of the dashboard over the mock server, in both themes, wide and narrow: nothing wrong for axe-core, nothing
 *  wider than the window, no console error; and the states that a real server seldom shows. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { axeViolations, noBrowser, openBrowser, overflowing, shoot, smallTargets, type View, VIEWS, visit, type Visit } from "../lib/browser";
import { type Mock, noMock, startMock } from "../lib/mock";

const skip = noBrowser || noMock || false;
let browser: Browser;
let mock: Mock;

before(async () => {
  if (skip) return;
  mock = await startMock("gate");
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  mock?.stop();
});

const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { level: 1, name }).waitFor();

async function enter(person: string, view?: View): Promise<Visit> {
  const visited = await visit(browser, view);
  await visited.page.goto(`${mock.url}/#token=${person}`);
  await heading(visited.page, "Runs");
  return visited;
}

/** Every page, how to know that it is there, and where the story stands for it. */
const PAGES: { name: string; path: string; at: string; ready: (page: Page) => Promise<unknown>; person?: string }[] = [
  { name: "runs", path: "/", at: "gate", ready: (page) => page.getByRole("heading", { name: /^Needs you/ }).waitFor() },
  { name: "runs-filtered", path: "/?state=done&q=nothing", at: "gate", ready: (page) => page.getByText("No run matches").waitFor() },
  { name: "plans", path: "/plans", at: "gate", ready: (page) => page.getByText("did you mean approvers").waitFor() },
  { name: "run-backfill", path: "/runs/42", at: "backfill", ready: (page) => page.getByLabel("Progress").first().waitFor() },
  { name: "run-step", path: "/runs/42?node=expand%2Fcanonical_event%20column", at: "gate", ready: (page) => page.getByText("How it is undone").waitFor() },
  { name: "run-lock", path: "/runs/42", at: "lock", ready: (page) => page.getByText("Process 4711").waitFor() },
  { name: "run-failed", path: "/runs/40", at: "gate", ready: (page) => page.getByText("SQLSTATE").waitFor() },
  { name: "run-throttled", path: "/runs/37", at: "gate", ready: (page) => page.getByText("No runner drives this run").waitFor() },
  { name: "run-hostile", path: "/runs/35", at: "gate", ready: (page) => page.getByRole("heading", { level: 1, name: /img src/ }).waitFor() },
  { name: "run-viewer", path: "/runs/42", at: "gate", person: "vera", ready: (page) => page.getByText("needs the role operator").waitFor() },
  { name: "gate", path: "/runs/42/gates/start-rollout", at: "gate", ready: (page) => page.getByRole("button", { name: "Approve – go to 10%" }).waitFor() },
  { name: "gate-not-mine", path: "/runs/42/gates/start-rollout", at: "gate", person: "alice", ready: (page) => page.getByText("you started this run").waitFor() },
  { name: "gate-not-open", path: "/runs/42/gates/nowhere", at: "gate", ready: (page) => page.getByText("has not opened yet").waitFor() },
  { name: "rollout", path: "/runs/42/rollout", at: "stage", ready: (page) => page.getByRole("heading", { name: "error_rate" }).waitFor() },
  { name: "rollout-held", path: "/runs/41/rollout", at: "stage", ready: (page) => page.getByText("has had no data").first().waitFor() },
  { name: "review", path: "/runs/42/review", at: "gate", ready: (page) => page.getByText("int-1 (shop A)").waitFor() },
  { name: "report", path: "/runs/42/report", at: "gate 100", ready: (page) => page.getByRole("group", { name: "Steps" }).waitFor() },
  { name: "run-checklist", path: "/runs/42", at: "stage", ready: (page) => page.getByRole("region", { name: "Check-list" }).getByText("nothing ticks it").waitFor() },
  { name: "run-done", path: "/runs/42", at: "done", ready: (page) => page.getByText("all steps").or(page.getByText("Done").first()).first().waitFor() },
  { name: "lost", path: "/nowhere", at: "gate", ready: (page) => page.getByText("leads nowhere").waitFor() },
];

for (const view of VIEWS) {
  for (const { name, path, at, ready, person = "bob" } of PAGES) {
    test(`${name}, ${view.theme}, ${view.width}`, { skip }, async () => {
      await mock.control("reset");
      await mock.control("goto", { at });
      const { context, page, errors } = await enter(person, view);
      await page.goto(mock.url + path);
      await ready(page);
      await page.getByText("Live", { exact: true }).waitFor();
      await shoot(page, `${name}-${view.theme}-${view.width}`);
      assert.deepEqual(await axeViolations(page), []);
      assert.deepEqual(await overflowing(page), []);
      assert.deepEqual(await smallTargets(page), []);
      assert.deepEqual(errors, []);
      assert.notEqual(await page.title(), "owned");
      await context.close();
    });
  }

  test(`log-in and its failure, ${view.theme}, ${view.width}`, { skip }, async () => {
    const { context, page, errors } = await visit(browser, view);
    await page.goto(`${mock.url}/#token=used-before`);
    await page.getByText("This token is not valid").waitFor();
    assert.equal(new URL(page.url()).hash, "", "the token left the address");
    await shoot(page, `login-${view.theme}-${view.width}`);
    assert.deepEqual(await axeViolations(page), []);
    assert.deepEqual(await overflowing(page), []);
    await page.getByLabel("Token").fill("bob");
    await page.getByRole("button", { name: "Log in" }).click();
    await heading(page, "Runs");
    assert.deepEqual(errors, []);
    await context.close();
  });

  test(`dialogs, ${view.theme}, ${view.width}`, { skip }, async () => {
    await mock.control("reset");
    await mock.control("goto", { at: "gate" });
    const { context, page } = await enter("bob", view);
    const opened = async (name: string) => {
      await page.getByRole("dialog").waitFor();
      await shoot(page, `${name}-${view.theme}-${view.width}`, false);
      assert.deepEqual(await axeViolations(page), []);
      assert.deepEqual(await overflowing(page), []);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    };
    await page.keyboard.press("?");
    await opened("dialog-help");
    await page.goto(`${mock.url}/runs/42`);
    await page.getByRole("button", { name: "Roll back…" }).click();
    await page.getByRole("button", { name: "Roll back", exact: true }).click();
    await page.getByText("Say why").waitFor();
    await page.getByText(/undone, in this order/).waitFor();
    await page.getByText("12,345 rows").waitFor();
    await opened("dialog-rollback");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Roll back…", "the focus went back");
    await page.goto(`${mock.url}/plans`);
    await page.getByRole("button", { name: "Start… canonical-events" }).click();
    await page.getByLabel(/^owner/).fill("7");
    await page.getByLabel(/^mode/).selectOption("thorough");
    await page.getByText(/^What will run/).waitFor();
    await opened("dialog-start");
    await page.goto(`${mock.url}/runs/42/review`);
    await page.getByRole("button", { name: /^Decide all 12/ }).click();
    await opened("dialog-bulk");
    await context.close();
  });

  test(`not live, ${view.theme}, ${view.width}`, { skip }, async () => {
    await mock.control("reset");
    await mock.control("goto", { at: "stage" });
    const { context, page } = await enter("bob", view);
    await page.goto(`${mock.url}/runs/42/rollout`);
    await page.getByText("left of").first().waitFor();
    await mock.control("drop", { ms: 4_000 });
    await page.getByText("Not live.").waitFor({ timeout: 4_000 });
    await shoot(page, `not-live-${view.theme}-${view.width}`);
    assert.deepEqual(await axeViolations(page), []);
    assert.deepEqual(await overflowing(page), []);
    await page.getByText("Live", { exact: true }).waitFor({ timeout: 20_000 });
    await context.close();
  });
}

test("silence for 3 s is not live, within 4 s, and countdowns stand still", { skip }, async () => {
  await mock.control("reset");
  await mock.control("goto", { at: "stage" });
  const { context, page } = await enter("bob");
  await page.goto(`${mock.url}/runs/42/rollout`);
  await page.getByText("left of").first().waitFor();
  await mock.control("quiet", { on: true });
  const began = Date.now();
  await page.getByText("Not live.").waitFor({ timeout: 5_000 });
  assert.ok(Date.now() - began <= 4_500, `${Date.now() - began} ms`);
  await mock.control("quiet", { on: false });
  await page.getByText("Live", { exact: true }).waitFor({ timeout: 20_000 });
  await context.close();
});

test("what happened while away is there after coming back, each once", { skip }, async () => {
  await mock.control("reset");
  await mock.control("goto", { at: "start" });
  const { context, page } = await enter("bob");
  await page.goto(`${mock.url}/runs/42?show=all`);
  await page.getByText("Live", { exact: true }).waitFor();
  await mock.control("drop", { ms: 1_500 });
  await page.getByText("Not live.").waitFor();
  await mock.control("next", { times: 20 });
  await page.getByText("Live", { exact: true }).waitFor({ timeout: 20_000 });
  const { events } = (await (await page.request.get(`${mock.url}/api/runs/42/events?since=0`)).json()) as { events: { seq: string }[] };
  assert.ok(events.length > 10);
  await page.getByText(`${events.length} entries`).waitFor();
  await context.close();
});

test("a gate that changed is not approved: the difference is shown and the comment is kept", { skip }, async () => {
  await mock.control("reset");
  await mock.control("goto", { at: "gate" });
  const { context, page } = await enter("bob");
  await page.goto(`${mock.url}/runs/42/gates/start-rollout`);
  await page.getByLabel(/^Comment/).fill("looks right");
  await mock.control("gate-changes");
  await page.getByRole("button", { name: "Approve – go to 10%" }).click();
  await page.getByText("Nothing was decided").waitFor();
  await page.getByText("now Fail: 3 rows of 1,008").waitFor();
  assert.equal(await page.getByLabel(/^Comment/).inputValue(), "looks right");
  assert.ok(await page.getByRole("button", { name: "Approve – go to 10%" }).isDisabled());
  await shoot(page, "gate-changed");
  assert.deepEqual(await axeViolations(page), []);
  await page.getByRole("button", { name: "I have read it" }).click();
  await page.getByRole("button", { name: "Approve – go to 10%" }).click();
  await page.getByText("bob approved").or(page.getByText("approved as")).first().waitFor();
  await context.close();
});

test("a rejection needs a reason", { skip }, async () => {
  await mock.control("reset");
  await mock.control("goto", { at: "gate" });
  const { context, page } = await enter("bob");
  await page.goto(`${mock.url}/runs/42/gates/start-rollout`);
  await page.getByRole("button", { name: "Reject" }).click();
  await page.getByText("Say why you reject").waitFor();
  await page.getByLabel(/^Comment/).fill("the backup was not restored once");
  await page.getByRole("button", { name: "Reject" }).click();
  await page.getByText("Rejected", { exact: true }).first().waitFor();
  await context.close();
});

test("rows are marked by key and decided together", { skip }, async () => {
  await mock.control("reset");
  await mock.control("goto", { at: "gate" });
  const { context, page } = await enter("bob");
  await page.goto(`${mock.url}/runs/42/review`);
  await page.getByText("int-1 (shop A)").waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("2");
  await page.getByRole("radio", { name: /Skip/ }).nth(1).check();
  await page.getByRole("button", { name: "Apply 2 decisions" }).click();
  await page.getByText("2 rows decided.").waitFor();
  await context.close();
});

test("20,000 events: the list draws only what is seen, and stays quick", { skip }, async () => {
  await mock.control("reset");
  await mock.control("goto", { at: "backfill" });
  const { context, page } = await enter("bob");
  await page.goto(`${mock.url}/runs/42`);
  await page.getByRole("log").waitFor();
  await mock.control("flood", { events: 20_000 });
  await page.getByText(/line 19999/).waitFor();
  assert.ok((await page.getByRole("log").getByRole("listitem").count()) < 80);
  const began = Date.now();
  await page.goto(`${mock.url}/runs/42`);
  await page.getByText(/line 19999/).waitFor();
  assert.ok(Date.now() - began < 3_000, `${Date.now() - began} ms to open`);
  await context.close();
});

test("the keyboard goes everywhere, and no key alone changes a run", { skip }, async () => {
  await mock.control("reset");
  await mock.control("goto", { at: "gate" });
  const { context, page } = await enter("bob");
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await heading(page, "Plans");
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H1");
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await heading(page, "Runs");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("type")), "search");
  await page.keyboard.press("Escape");
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await heading(page, /^Gate: start-rollout/);
  await page.getByRole("button", { name: /^Approve/ }).waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === "H1"); // where a new page puts the focus
  await page.keyboard.press("a");
  await page.waitForFunction(() => /^Approve/.test(document.activeElement?.textContent ?? ""));
  await context.close();
});
