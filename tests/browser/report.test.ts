/** The report as a file (HTML), opened in a browser: readable at every width, accessible, nothing fetched and nothing run. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { axeViolations, noBrowser, openBrowser, overflowing, shoot, VIEWS, visit } from "../lib/browser";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { writePlan } from "../lib/plan";

const DOCUMENT = `# Release of the item colours

## Before
- [ ] A backup exists
- [ ] The server is new enough

## After
- [ ] Rows are right
  - [ ] every item has a colour
  - [ ] no-item-has-a-colour-whose-name-is-longer-than-what-fits-into-a-column-of-a-narrow-window-of-a-telephone
- [x] Support was told
- [ ] Nobody knows what this means
`;
const PLAN = `
plan "item-colours" {
  doc = "Every item gets a colour; the shop shows it from then on",
  document = file "document.md",
  budgets = { downtime = "1ms", rollback = "5min" },
  phase "before" {
    check "server" { sql = "SHOW server_version_num", at_least = 130000, ticks = "The server is new enough" },
    backup "copy" { retain = "30d", ticks = "A backup exists" },
  },
  phase "fill" {
    downtime = true,
    step "column" { up = "ALTER TABLE items ADD COLUMN colour text", down = "ALTER TABLE items DROP COLUMN colour" },
    backfill "items.colour" { where = "colour IS NULL", set = { colour = "'red'" } },
    verify "all have one" { no_rows = "SELECT id FROM items WHERE colour IS NULL", ticks = "every item has a colour" },
    verify "all fit" {
      no_rows = "SELECT colour FROM items WHERE length(colour) > 2",
      ticks = "no-item-has-a-colour-whose-name-is-longer-than-what-fits-into-a-column-of-a-narrow-window-of-a-telephone",
    },
  },
  gate "release" { approvers = "admin", ticks = "Support was told" },
}`;

let cluster: Cluster | undefined;
let browser: Browser | undefined;
let address = "";

before(async () => {
  if (noBrowser) return;
  cluster = await Cluster.start();
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE items (id int PRIMARY KEY); INSERT INTO items SELECT generate_series(1, 4000)");
  const folder = writePlan({ "plan.lua": PLAN, "document.md": DOCUMENT });
  const env = cluster.env(database);
  const run = await headgate(["run", folder, "-e", "test", "--yes"], { env });
  assert.notEqual(run.code, 0, "one verify fails, and the run is taken back");
  const file = join(folder, "report.html");
  const report = await headgate(["report", "1", "-e", "test", "--format", "html", "-o", file], { env, cwd: folder });
  assert.equal(report.code, 0, report.text);
  address = pathToFileURL(file).href;
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

for (const view of VIEWS) {
  test(`report as a file, ${view.theme}, ${view.width}`, { skip: noBrowser || false }, async () => {
    const { context, page, errors } = await visit(browser!, view);
    await page.goto(address);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.getByText("every item has a colour").first().waitFor();
    await page.getByText("over budget").first().waitFor();
    await shoot(page, `report-file-${view.theme}-${view.width}`);
    assert.deepEqual(await axeViolations(page), []);
    assert.deepEqual(await overflowing(page), []);
    assert.deepEqual(errors, []);
    await context.close();
  });
}
