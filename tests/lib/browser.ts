/** Debian's Chromium, and what every page has to be: accessible, within its window, without console errors. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { figures, root } from "./paths";

export const chromiumPath = process.env["HEADGATE_CHROMIUM"] ?? "/usr/bin/chromium";
/** Why no browser test can run here; "" when they can. For the skip option of node:test. */
export const noBrowser = existsSync(chromiumPath) ? "" : `no Chromium at ${chromiumPath}`;

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export const openBrowser = (): Promise<Browser> => chromium.launch({ executablePath: chromiumPath, args: FLAGS });

export interface View {
  theme: "light" | "dark";
  width: number;
}
/** Both themes, a desk and the narrowest window that WCAG 1.4.10 asks for. */
const ALL_VIEWS: View[] = [
  { theme: "light", width: 1280 },
  { theme: "dark", width: 320 },
  { theme: "dark", width: 1280 },
  { theme: "light", width: 320 },
];
/** HEADGATE_FULL asks for all four; two of them meet each theme and each width. */
export const VIEWS = process.env["HEADGATE_FULL"] ? ALL_VIEWS : ALL_VIEWS.slice(0, 2);

export interface Visit {
  context: BrowserContext;
  page: Page;
  /** What the console said that it should not have; errors of the network are left out when asked. */
  errors: string[];
}

export async function visit(browser: Browser, { theme, width }: View = ALL_VIEWS[0]!): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width, height: width < 600 ? 720 : 900 },
    colorScheme: theme,
    timezoneId: "Europe/Berlin",
    locale: "en-GB",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|WebSocket connection/.test(message.text())) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(error.stack ?? String(error)));
  return { context, page, errors };
}

/** Turns an open page to another theme and width. */
export async function show(page: Page, { theme, width }: View): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.setViewportSize({ width, height: width < 600 ? 720 : 900 });
}

/** What moves although the person asked for reduced motion. */
export async function atRest(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    document.getAnimations().filter((animation) => animation.playState === "running").map((animation) => {
      const target = (animation.effect as KeyframeEffect).target;
      return `${target?.tagName.toLowerCase() ?? "?"} moves: ${(animation as CSSAnimation).animationName ?? "a transition"}`;
    }));
}

const axeSource = readFileSync(createRequire(join(root, "tests/package.json")).resolve("axe-core/axe.min.js"), "utf8");
/** What axe-core finds wrong, one line each. The lines are made in the page: what passed is megabytes, which a pipe would
 *  carry and three layers would check before they are thrown away. */
export async function axeViolations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
  return page.evaluate(async () => {
    interface AxeResult {
      violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
    }
    const { axe } = globalThis as unknown as { axe: { run: (what: Document, how: object) => Promise<AxeResult> } };
    const { violations } = await axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      resultTypes: ["violations"], // every rule runs; of the others' results one node each is described
    });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 160)} ${node.failureSummary?.split("\n").slice(1, 3).join(" ") ?? ""}`),
    );
  });
}

/** Elements that make the page wider than its window; axe does not report them. */
export async function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > width + 1 && element.closest(".scroll, pre, .virtual, .hidden") === null)
      .slice(0, 8)
      .map((element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} ends at ${Math.round(element.getBoundingClientRect().right)}`);
  });
}

/** Controls smaller than 24 × 24 that are not inline text (WCAG 2.5.8). */
export async function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("button, select, input:not([type=checkbox], [type=radio]), summary")]
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 1 && box.height > 1 && (box.width < 24 || box.height < 24))
      .map(({ element, box }) => `${element.outerHTML.slice(0, 80)} is ${Math.round(box.width)}×${Math.round(box.height)}`),
  );
}

/** Watches the processor time of the page's main thread: what it gives says how many ms passed since the call. Other work on the
 *  machine changes it little. */
export async function mainThread(page: Page): Promise<() => Promise<number>> {
  const inspector = await page.context().newCDPSession(page);
  await inspector.send("Performance.enable", { timeDomain: "threadTicks" });
  const total = async (): Promise<number> => {
    const { metrics } = await inspector.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")!.value * 1_000;
  };
  const before = await total();
  return async () => (await total()) - before;
}

/** Watches for the banner of a lost connection: what it gives is when it came, by the clock of the machine, in ms. The page
 *  notes it itself, because whoever asks a busy browser learns it late. */
export async function saidAway(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    new MutationObserver((_, seen) => {
      if (document.querySelector('section.banner[aria-label="Connection"]') === null) return;
      seen.disconnect();
      document.body.dataset["away"] = String(Date.now());
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  return () => page.waitForFunction(() => Number(document.body.dataset["away"] ?? 0)).then((at) => at.jsonValue());
}

/** Keeps a picture of the page when HEADGATE_SHOTS names a folder ("1" = build/figures/shots). */
export async function shoot(page: Page, name: string, fullPage = true): Promise<void> {
  const folder = process.env["HEADGATE_SHOTS"];
  if (!folder) return;
  await page.screenshot({ path: join(folder === "1" ? join(figures, "shots") : folder, `${name}.png`), fullPage });
}
