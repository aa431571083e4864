/** The log-in page over a real server: by password, what is wrong, pasting and password managers, in both themes. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { axeViolations, noBrowser, openBrowser, overflowing, shoot, smallTargets, VIEWS, visit } from "../lib/browser";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { helloPlan } from "../lib/paths";
import { Supervisor } from "../lib/supervisor";

const skip = noBrowser || false;
const PASSWORD = "kettle moss lantern nine";
let browser: Browser;
let cluster: Cluster;
let supervisor: Supervisor;

before(async () => {
  if (skip) return;
  cluster = await Cluster.start();
  supervisor = await Supervisor.start({ env: cluster.env(await cluster.database()), config: helloPlan, plans: helloPlan, environment: "demo", people: ["alice", "bob"] });
  const set = await headgate(["user", "passwd", "alice", "--stdin"], { env: supervisor.env, cwd: helloPlan, input: `${PASSWORD}\n` });
  assert.equal(set.code, 0, set.text);
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await supervisor?.stop();
  await cluster?.stop();
});

for (const view of VIEWS) {
  test(`a wrong password and the right one, ${view.theme}, ${view.width}`, { skip }, async () => {
    const { context, page, errors } = await visit(browser, view);
    await page.goto(supervisor.url);
    const name = page.getByLabel("Name");
    const password = page.getByLabel("Password", { exact: true });
    await name.waitFor();
    assert.equal(await name.getAttribute("autocomplete"), "username");
    assert.equal(await password.getAttribute("autocomplete"), "current-password");
    await shoot(page, `password-${view.theme}-${view.width}`);
    await name.fill("alice");
    await password.fill("not that one at all");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("alert").getByText("do not belong together").waitFor();
    assert.equal(await name.inputValue(), "alice", "what was typed is kept");
    assert.equal(await password.inputValue(), "");
    assert.ok(await password.evaluate((element) => element === document.activeElement), "the field to mend has the focus");
    await shoot(page, `password-wrong-${view.theme}-${view.width}`);
    await page.getByText("Log in with a token").click();
    assert.deepEqual(await axeViolations(page), []);
    assert.deepEqual(await overflowing(page), []);
    assert.deepEqual(await smallTargets(page), []);
    await password.fill(PASSWORD);
    await page.getByLabel("Show the password").check();
    assert.equal(await password.getAttribute("type"), "text");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
    assert.deepEqual(errors, []);
    await context.close();
  });
}

test("a role that changes is shown without logging in again, and disabling leads to the log-in page", { skip }, async () => {
  const { context, page } = await visit(browser);
  await page.goto(supervisor.url);
  await page.getByLabel("Name").fill("alice");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
  await page.getByRole("link", { name: "Start a run" }).click();
  await page.getByRole("heading", { level: 1, name: "Plans" }).waitFor();
  assert.equal(await page.getByText("You may look").count(), 0);
  await supervisor.must("user", "change", "alice", "--role", "viewer");
  await page.getByText("You may look").waitFor();
  await supervisor.must("user", "disable", "alice");
  await page.getByText("Your session has ended").waitFor();
  await context.close();
});
