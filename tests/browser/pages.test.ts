/** Every page in every state (tests/lib/pages.ts), in both themes, wide and narrow: nothing wrong for axe-core, nothing wider
 *  than the window, no target too small, nothing that moves for those who asked for rest, no console error. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { atRest, axeViolations, noBrowser, openBrowser, overflowing, shoot, show, smallTargets, VIEWS, visit, type Visit } from "../lib/browser";
import { mergeFigures } from "../lib/figures";
import { type Mock, noMock, startMock } from "../lib/mock";
import { PAGE_STATES, type PageState, routedPages } from "../lib/pages";

const skip = noBrowser || noMock || false;
const figures = { pages_checked: 0, axe_violations: 0, overflow_320px: 0 };
let browser: Browser;

/** States that are checked one after the other, beside those of another lane: with a mock server of its own. */
interface Lane {
  mock: Mock;
  /** A log-in serves all pages of a person. */
  people: Map<string, Visit>;
}
const LANES = 2;
let scriptKb = 0;

before(async () => {
  if (skip) return;
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  if (figures.pages_checked === PAGE_STATES.length && process.env["HEADGATE_PAGES"] === undefined) mergeFigures("dashboard.json", "pages", { ...figures, bundle_gzip_kb: scriptKb });
});

/** A new page of the person, logged in, and where its errors go. */
async function pageFor({ mock, people }: Lane, person: string | null): Promise<Pick<Visit, "page" | "errors"> & { close: () => Promise<void> }> {
  if (person === null) {
    const { context, page, errors } = await visit(browser);
    return { page, errors, close: () => context.close() };
  }
  let known = people.get(person);
  if (!known) {
    people.set(person, (known = await visit(browser)));
    await known.page.goto(`${mock.url}/#token=${person}`);
    await known.page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
  }
  known.errors.length = 0;
  return { page: known.page, errors: known.errors, close: async () => undefined };
}

async function check(lane: Lane, state: PageState): Promise<void> {
  const { mock } = lane;
  await mock.control("reset");
  if (state.at !== "") await mock.control("goto", { at: state.at });
  for (const [name, body] of state.mock) await mock.control(name, body);
  const { page, errors, close } = await pageFor(lane, state.person);
  await show(page, VIEWS[0]!);
  await page.goto("about:blank"); // else an address that differs only behind # would not load
  await page.goto(mock.url + state.path);
  await state.ready(page);
  if (state.person !== null) await page.getByText("Live", { exact: true }).waitFor();
  await state.reach?.(page, mock);
  figures.pages_checked += 1;
  for (const view of VIEWS) {
    const where = `${state.name}, ${view.theme}, ${view.width}`;
    await show(page, view);
    await shoot(page, `${state.name}-${view.theme}-${view.width}`, !(await page.getByRole("dialog").count()));
    const violations = await axeViolations(page);
    const wide = await overflowing(page);
    figures.axe_violations += violations.length;
    if (view.width === 320) figures.overflow_320px += wide.length;
    assert.deepEqual(violations, [], where);
    assert.deepEqual(wide, [], where);
    assert.deepEqual(await smallTargets(page), [], where);
    assert.deepEqual(await atRest(page), [], where);
  }
  assert.deepEqual(errors, []);
  assert.notEqual(await page.title(), "owned");
  if (state.person !== null) assert.equal(await page.getByRole("button", { name: "Retry now" }).count(), state.away ? 1 : 0);
  await close();
}

describe("every page in every state", { concurrency: LANES }, () => {
  for (let first = 0; first < LANES; first++) {
    describe(`lane ${first + 1}`, { concurrency: 1 }, () => {
      const lane = { people: new Map() } as Lane;
      before(async () => {
        if (!skip) lane.mock = await startMock("gate");
        scriptKb = lane.mock?.scriptKb ?? 0;
      });
      after(() => lane.mock?.stop());
      const states = PAGE_STATES.filter((_, index) => index % LANES === first);
      for (const state of states) test(`${state.page}: ${state.name}`, { skip }, () => check(lane, state));
    });
  }
});

test("the table has every page of the router", { skip: process.env["HEADGATE_PAGES"] !== undefined }, () => {
  const tabled = new Set(PAGE_STATES.map(({ page }) => page));
  assert.deepEqual(routedPages().filter((name) => !tabled.has(name)), []);
  assert.ok(routedPages().length > 5, "the router's source is read");
});

test("what the checks look for, they find", { skip }, async () => {
  const { context, page } = await visit(browser, { theme: "light", width: 320 });
  await page.setContent(`<html lang="en"><head><title>Bad</title><style>@keyframes turn { to { rotate: 1turn } } i { display: inline-block; animation: turn 1s infinite }</style></head>
    <body><main><h1>Bad</h1><p style="color: #ccc; background: #fff">pale</p><div style="width: 400px">wide</div><button style="width: 10px">x</button><i>x</i></main></body></html>`);
  assert.match((await axeViolations(page)).join("\n"), /^color-contrast: /m);
  assert.equal((await overflowing(page)).length, 1);
  assert.equal((await smallTargets(page)).length, 1);
  assert.deepEqual(await atRest(page), ["i moves: turn"]);
  await context.close();
});
