/** How quick the pages are, on a real server whose ledger holds a long past: 1,000 runs, and a run of 500 steps with 20,000
 *  events. The figures of build/figures/dashboard.json are what a clock on the wall says; the limits are on the processor time of
 *  the page's main thread, which other work on the machine changes little. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { mainThread, noBrowser, openBrowser, visit, type Visit } from "../lib/browser";
import { Cluster } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { serveGated, type Served } from "../lib/served";

const skip = noBrowser || false;
const STEPS = 500;
const RUNS = 1_000;
const EVENTS = 20_000;
const TIMES = 5;
const figures: Record<string, number> = {};
let browser: Browser;
let served: Served;
let bob: Visit;
let worked: () => Promise<number>;
let long = "";

const steps = Array.from({ length: STEPS - 1 }, (_, index) => `check "check ${index + 1}" { sql = "SELECT ${index + 1}", at_least = 1 },`).join("\n");
const PLAN = `plan "gated" {
  doc = "Has ${STEPS} steps",
  phase "checks" {
${steps}
  },
  gate "go" { approvers = "admin" },
}
`;

/** A past of RUNS finished runs like the one that waits; the newest has its steps too, and EVENTS events. */
const PAST = `
WITH past AS (
  INSERT INTO headgate.run (plan, plan_name, environment, params, config, system_identifier, database, state, version, last_seq, started_by, created_at, state_since, finished_at)
  SELECT plan, plan_name, environment, params, config, system_identifier, database, (ARRAY['done', 'done', 'rolled_back', 'aborted'])[n % 4 + 1], version, ${EVENTS},
         started_by, now() - (${RUNS + 1} - n) * interval '1 hour', now() - (${RUNS + 1} - n) * interval '50 minutes', now() - (${RUNS + 1} - n) * interval '50 minutes'
    FROM headgate.run, generate_series(1, ${RUNS}) AS n WHERE id = 1 ORDER BY n RETURNING id
), leased AS (
  INSERT INTO headgate.lease (run, epoch, until) SELECT id, 0, now() FROM past
), stepped AS (
  INSERT INTO headgate.step (run, path, kind, state, epoch, start_order, started_at, finished_at, detail)
  SELECT (SELECT max(id) FROM past), path, kind, state, epoch, start_order, started_at, finished_at, detail FROM headgate.step WHERE run = 1
), told AS (
  INSERT INTO headgate.event (run, seq, at, epoch, source, version, type, node, data, hash)
  SELECT (SELECT max(id) FROM past), n, now() - (${EVENTS} - n) * interval '100 ms', 0, 'log', n, 'log', 'checks/check ' || n % ${STEPS - 1} + 1, jsonb_build_object('level', 'info', 'text', 'line ' || n), sha256(n::text::bytea)
    FROM generate_series(1, ${EVENTS}) AS n
) SELECT max(id)::text AS id FROM past`;

before(async () => {
  if (skip) return;
  browser = await openBrowser();
  served = await serveGated(await Cluster.start(), ["alice", "bob"], {}, PLAN);
  long = String((await served.cluster.query(served.database, PAST))[0]?.["id"]);
  bob = await visit(browser);
  // when the wanted thing is first in the page, by the page's own clock
  await bob.context.addInitScript(() => {
    new MutationObserver(() => {
      for (const [name, selector] of [["runs", ".run-row:nth-child(20)"], ["events", ".event"], ["plan", ".timeline li:nth-child(400)"]] as const)
        if (performance.getEntriesByName(`shown ${name}`).length === 0 && document.querySelector(selector)) performance.mark(`shown ${name}`);
    }).observe(document, { childList: true, subtree: true });
  });
  worked = await mainThread(bob.page);
  await bob.page.goto(await served.supervisor.link("bob"));
  await bob.page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
});
after(async () => {
  await browser?.close();
  await served?.supervisor.stop();
  await served?.cluster.stop();
  if (Object.keys(figures).length > 0) mergeFigures("dashboard.json", "speed", figures);
});

const markOf = (page: Page, name: string) =>
  page.waitForFunction((entry) => performance.getEntriesByName(entry)[0]?.startTime, name).then((handle) => handle.jsonValue() as Promise<number>);
const middle = (values: number[]) => Math.round(values.sort((a, b) => a - b)[values.length >> 1]!);

/** Loads the page some times; the middle of what each mark says, in ms from the navigation on, and of the main thread's work. */
async function load(path: string, ...marks: string[]): Promise<{ shown: number[]; work: number }> {
  const found = marks.map((): number[] => []);
  const work: number[] = [];
  for (let time = 0; time < TIMES; time += 1) {
    await bob.page.goto("about:blank");
    const before = await worked();
    await bob.page.goto(served.supervisor.url + path);
    for (const [index, mark] of marks.entries()) found[index]!.push(await markOf(bob.page, mark));
    work.push((await worked()) - before);
  }
  return { shown: found.map(middle), work: middle(work) };
}

test(`the list of runs is there within a second, with ${RUNS} runs in the past`, { skip }, async () => {
  const { shown: [paint, rows], work } = await load("/", "first-contentful-paint", "shown runs");
  figures["runs_in_history"] = RUNS;
  figures["first_paint_ms"] = paint!;
  figures["runs_shown_ms"] = rows!;
  figures["runs_work_ms"] = work;
  assert.ok(work > 0 && work < 1_000, JSON.stringify(figures));
});

test(`a run of ${STEPS} steps and ${EVENTS} events opens within a second`, { skip }, async () => {
  const { shown: [events, plan], work } = await load(`/runs/${long}`, "shown events", "shown plan");
  figures["open_20k_events_ms"] = events!;
  figures["open_500_steps_ms"] = plan!;
  figures["open_20k_events_work_ms"] = work;
  assert.ok(work > 0 && work < 1_000, JSON.stringify(figures));
});

test("scrolling back through its history fetches the past in pages and stays smooth", { skip }, async () => {
  const { page } = bob;
  await page.goto(`${served.supervisor.url}/runs/${long}?show=all`);
  const log = page.getByRole("log", { name: "History" });
  await log.getByText(`line ${EVENTS}`, { exact: true }).waitFor();
  const before = await worked();
  const frames = await log.evaluate(async (box) => {
    const lengths: number[] = [];
    let last = performance.now();
    for (let frame = 0; frame < 240; frame += 1) {
      box.scrollTop -= 150;
      await new Promise(requestAnimationFrame);
      lengths.push(performance.now() - last);
      last = performance.now();
    }
    return lengths;
  });
  figures["frame_work_ms"] = Math.round(((await worked()) - before) / frames.length * 10) / 10;
  figures["frames_scrolled"] = frames.length;
  figures["frames_over_50_ms"] = frames.filter((ms) => ms > 50).length;
  figures["frame_middle_ms"] = middle(frames);
  await page.getByText(/^[\d,]{5,} entries/).waitFor(); // more than the first page of 500 was fetched meanwhile
  assert.ok((await log.getByRole("listitem").count()) < 80, "only what is seen is drawn");
  assert.ok(figures["frame_work_ms"] > 0 && figures["frame_work_ms"] < 50, JSON.stringify(figures));
  assert.deepEqual(bob.errors, []);
});
