/** Texts of plans, databases and people are texts: whatever stands in them, no page makes an element, an address or a script of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page, Route } from "playwright-core";
import { mocked, skip } from "../lib/mocked";
import { PAGE_STATES } from "../lib/pages";

const { mock, open } = mocked();

/** Each would leave a mark: an element with data-xss, or window.pwned. */
const CORPUS = [
  '<img src=x onerror="window.pwned=1" data-xss>',
  '<script data-xss>window.pwned=1</script>',
  '"><svg data-xss onload=window.pwned=1>',
  "'><iframe data-xss srcdoc='<script>parent.pwned=1</script>'></iframe>",
  '</textarea></title></style></pre></code><b data-xss>x</b>',
  '<a data-xss href="javascript:window.pwned=1">x</a>',
  'javascript:window.pwned=1//',
  '[x](javascript:window.pwned=1) ![x](x" onerror="window.pwned=1)',
  "{{constructor.constructor('window.pwned=1')()}} ${window.pwned=1}",
  '<math><mtext><table><mglyph><style><img data-xss src=x onerror=window.pwned=1>',
  '<!--><img data-xss src=x onerror=window.pwned=1>-->',
  "\u2028<template data-xss><input autofocus onfocus=window.pwned=1></template>",
];

/** Keys whose values are words of the protocol, numbers as text, times or addresses: a page would not get as far without them. */
const KEPT = new Set([
  "t", "id", "run", "seq", "version", "state", "direction", "kind", "type", "verdict", "decision", "automation", "class", "role", "csrf", "digest", "hash", "next", "from", "to",
  "path", "node", "step", "at", "since", "now", "unit", "op", "level", "on_expire", "name", "plan", "environment", "person", "started_by", "who", "mine", "guard",
]);
/** Pages of words that are kept, or of nothing until somebody asks: no text of the corpus can be waited for. */
const PLAIN = new Set(["changes", "lost", "report"]);
const TIME = /^\d{4}-\d\d-\d\dT/;
let turn = 0;

/** The same with a text of the corpus behind every text that people or databases wrote. */
function poisoned(value: unknown, key = ""): unknown {
  if (typeof value === "string") return KEPT.has(key) || TIME.test(value) || /^\d*$/.test(value) ? value : `${value} ${CORPUS[turn++ % CORPUS.length]}`;
  if (Array.isArray(value)) return value.map((one) => poisoned(one, key));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, poisoned(one, name)]));
}

/** Poisons what the page is told, and gives a wait until all that it asked for is answered and shown.
 *  (The browser's own networkidle also counts what pages left behind had asked for: it may never come.) */
async function poison(page: Page): Promise<() => Promise<void>> {
  const asked = new Set<Promise<void>>();
  const answer = async (route: Route): Promise<void> => {
    const response = await route.fetch();
    const text = await response.text();
    let body = text;
    try {
      body = JSON.stringify(poisoned(JSON.parse(text)));
    } catch {
      // no JSON
    }
    await route.fulfill({ response, body });
  };
  page.on("framenavigated", () => asked.clear());
  await page.route("**/api/**", (route) => {
    const done = answer(route).catch(() => undefined).finally(() => asked.delete(done)); // fails when the page was left meanwhile
    asked.add(done);
    return done;
  });
  await page.routeWebSocket(/\/api\/stream/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => socket.send(JSON.stringify(poisoned(JSON.parse(String(message))))));
  });
  const drawn = () => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  return async () => {
    do {
      await Promise.all(asked);
      await drawn(); // what was answered may ask for more
    } while (asked.size > 0);
  };
}

/** What came into being that should not. */
const marks = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const found = [...document.querySelectorAll('[data-xss], iframe, object, embed, base, [onerror], [onload], [onfocus], a[href^="javascript:" i], script:not([src])')];
    const pwned = (window as unknown as { pwned?: number }).pwned === undefined ? [] : ["a script ran"];
    return [...pwned, ...found.map((element) => element.outerHTML.slice(0, 200))];
  });

test("no text becomes an element, on any page", { skip }, async () => {
  const pages = new Map<string, (typeof PAGE_STATES)[number]>();
  for (const state of PAGE_STATES) if (state.person !== null && !pages.has(state.page)) pages.set(state.page, state);
  const { context, page } = await open();
  await mock().control("reset");
  const settled = await poison(page);
  let person = "";
  for (const state of pages.values()) {
    await mock().control("reset");
    if (state.at !== "") await mock().control("goto", { at: state.at });
    for (const [name, body] of state.mock) await mock().control(name, body);
    if (person !== state.person) {
      person = state.person as string;
      await page.goto("about:blank");
      await page.goto(`${mock().url}/#token=${person}`);
      await page.getByRole("heading", { level: 1 }).first().waitFor();
    }
    await page.goto("about:blank");
    await page.goto(mock().url + state.path);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    if (!PLAIN.has(state.page)) await page.getByText("window.pwned=1").first().waitFor({ state: "attached" });
    await settled();
    assert.deepEqual(await marks(page), [], state.name);
    for (const open of await page.locator("details:not([open]) > summary").all()) if (await open.isVisible()) await open.click();
    assert.deepEqual(await marks(page), [], `${state.name}, unfolded`);
  }
  await context.close();
});
