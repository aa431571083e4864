/** The report is the plan's document filled in: in every form, with what ticked each box, and true when something fails. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { canonicalPlan } from "../lib/paths";
import { writePlan } from "../lib/plan";
import { Supervisor } from "../lib/supervisor";
import { type Element, parseXml } from "../lib/xml";

const DOCUMENT = `# Release check-list

## Before
- [ ] A backup exists
- [ ] Tested

## After
- [ ] Tested
- [ ] Rows are right
  - [ ] none is lost
  - [ ] none is NULL
- [x] Support was told
- [ ] Nobody knows what this means
`;
const NASTY = `<img src=x onerror=alert(1)>'"&`;
const plan = (query: string): string => `
plan "boxes" {
  doc = "A check-list <b>that</b> is filled in",
  document = file "document.md",
  phase "before" {
    check "server" { sql = "SELECT 1", equals = 1, ticks = "Before > Tested" },
    step "column" { up = "ALTER TABLE items ADD COLUMN extra text", down = "ALTER TABLE items DROP COLUMN extra", ticks = "A backup exists" },
  },
  phase "fill" {
    backfill "items.extra" { where = "extra IS NULL", set = { extra = "'x'" }, ticks = "none is lost" },
    verify [[${NASTY}]] { no_rows = [[${query}]], ticks = { "none is NULL", "After > Tested" } },
  },
  gate "release" { approvers = "admin", ticks = "Support was told" },
}`;
const FINE = "SELECT id FROM items WHERE extra IS NULL";
const WRONG = "SELECT '</td><script>alert(2)</script>' AS found";

interface Tick {
  path: string;
  state: string;
  text: string | null;
  by: string[];
  at: string | null;
}
interface Box {
  text: string;
  line: number;
  headings: string[];
  state: string;
  class: string;
  ticks: Tick[];
}
interface Report {
  format: number;
  run: { state: string };
  checklist: { counts: Record<string, number>; boxes: Box[] };
  steps: { path: string; state: string; rows: number | null; forward_us: number | null; back_us: number | null }[];
  phases: { path: string; steps: number; done: number; rows: number | null; forward_us: number | null; back_us: number | null }[];
  debt: { kind: string; where: string; text: string }[];
}

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

interface Made {
  env: Record<string, string>;
  folder: string;
  database: string;
}

async function made(query: string): Promise<Made> {
  const database = await cluster.database();
  await cluster.query(database, "CREATE TABLE items (id int PRIMARY KEY); INSERT INTO items SELECT generate_series(1, 40)");
  const folder = writePlan({ "plan.lua": plan(query), "document.md": DOCUMENT });
  return { env: cluster.env(database), folder, database };
}

async function report(of: Made, format: string): Promise<string> {
  const result = await headgate(["report", "1", "-e", "test", "--format", format], { env: of.env, cwd: of.folder });
  assert.equal(result.code, 0, result.text);
  return result.stdout;
}
const json = async (of: Made): Promise<Report> => JSON.parse(await report(of, "json")) as Report;
const states = (of: Report): string[] => of.checklist.boxes.map((box) => `${box.text}: ${box.state}`);

test("check names what nothing ticks, with its line", async () => {
  const of = await made(FINE);
  const check = await headgate(["check", of.folder, "-e", "test"], { env: of.env });
  assert.equal(check.code, 0, check.text);
  assert.match(check.stdout, /document\.md:13: warning: nothing ticks the box "Release check-list > After > Nobody knows what this means"/);
  assert.match(check.stdout, /document\.md: 8 boxes: 1 sign-off, 0 metric, 6 automatic, 1 unbound/);
  const other = writePlan({ "plan.lua": plan(FINE).replace("A backup exists", "A bakup exists"), "document.md": DOCUMENT });
  const wrong = await headgate(["check", other, "-e", "test"], { env: of.env });
  assert.match(wrong.text, /plan\.lua:7:\d+: step "column": "A bakup exists" is no box of document\.md \(did you mean "A backup exists"\?\)/);
});

test("a run that is done ticks its boxes, and the report has what ticked them in every form", async () => {
  const of = await made(FINE);
  const run = await headgate(["run", of.folder, "-e", "test", "--yes"], { env: of.env });
  assert.equal(run.code, 0, run.text);
  const found = await json(of);
  assert.equal(found.format, 1);
  assert.deepEqual(states(found), [
    "A backup exists: ticked", "Tested: ticked", "Tested: ticked", "Rows are right: ticked", "none is lost: ticked",
    "none is NULL: ticked", "Support was told: ticked", "Nobody knows what this means: unbound",
  ]);
  assert.deepEqual(found.checklist.counts, {
    unbound: 1, automatic: 6, metric: 0, "sign-off": 1, boxes: 8, failed: 0, taken_back: 0, skipped: 0, open: 0, ticked: 7,
  });
  const signed = found.checklist.boxes[6]!;
  assert.deepEqual(signed.ticks[0]?.by, ["policy: test"]);
  assert.deepEqual(found.checklist.boxes[2]?.headings, ["Release check-list", "After"]);
  assert.equal(found.checklist.boxes[5]?.ticks[0]?.text, "0 rows");
  assert.ok(found.checklist.boxes[5]?.ticks[0]?.at);
  assert.equal(found.steps.find((step) => step.path === "fill/items.extra")?.rows, 40);
  const [first, fill] = found.phases;
  assert.ok(first !== undefined && first.done === 2 && (first.forward_us ?? -1) >= 0 && first.back_us === null);
  assert.equal(fill?.rows, 40);
  assert.deepEqual(found.debt, [{ kind: "unbound", where: "document.md:13", text: "Nobody knows what this means" }]);

  const text = await report(of, "text");
  assert.match(text, /document\.md: 7 of 8 boxes ticked, 0 failed/);
  assert.match(text, /☑ none is NULL\n +verify "fill\/<img[^\n]*": 0 rows \(\d{4}-/);
  assert.match(text, /☐ Nobody knows what this means \(nothing ticks it\)/);
  assert.match(await report(of, "md"), /## Release check-list > After\n- \[x\] Tested\n/);
});

test("HTML escapes what comes from plan and database, and holds no script", async () => {
  const of = await made(WRONG);
  await headgate(["run", of.folder, "-e", "test", "--yes"], { env: of.env });
  const html = await report(of, "html");
  assert.doesNotMatch(html, /<script|<img|<b>/i);
  assert.match(html, /&lt;img src=x onerror=alert\(1\)&gt;&#39;&quot;&amp;/);
  assert.match(html, /&lt;\/td&gt;&lt;script&gt;alert\(2\)/);
  assert.match(html, /default-src 'none'/);
  assert.match(html, /<h4>After<\/h4>/);
  const tags = [...html.matchAll(/<\/?([a-z0-9]+)/g)].map((found) => found[1]!);
  const known = ["html", "head", "meta", "title", "style", "body", "main", "div", "h1", "h2", "h3", "h4", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "span"];
  assert.deepEqual([...new Set(tags)].filter((tag) => !known.includes(tag)), []);
});

test("a failing verify leaves its box unticked with ✗, and what a rollback took back is open again", async () => {
  const of = await made(WRONG);
  const run = await headgate(["run", of.folder, "-e", "test", "--yes"], { env: of.env });
  assert.notEqual(run.code, 0);
  const found = await json(of);
  assert.equal(found.run.state, "rolled_back");
  assert.deepEqual(states(found), [
    "A backup exists: taken_back", "Tested: ticked", "Tested: failed", "Rows are right: failed", "none is lost: taken_back",
    "none is NULL: failed", "Support was told: open", "Nobody knows what this means: unbound",
  ]);
  const text = await report(of, "text");
  assert.match(text, /✗ none is NULL \(failed\)\n +verify [^\n]* \[failed\]: 1 row\(s\) where none may be/);
  assert.ok((found.phases[1]?.back_us ?? -1) >= 0);
});

test("JUnit is well-formed and has a case for each box and each step", async () => {
  const of = await made(WRONG);
  await headgate(["run", of.folder, "-e", "test", "--yes"], { env: of.env });
  const xml = parseXml(await report(of, "junit"));
  assert.equal(xml.name, "testsuites");
  assert.deepEqual(xml.children.map((suite) => suite.attributes["name"]), [
    "document.md: Release check-list > Before", "document.md: Release check-list > After", "steps",
  ]);
  for (const suite of xml.children) {
    const outcomes = (name: string): number => suite.children.filter((one) => one.children[0]?.name === name).length;
    assert.equal(suite.attributes["tests"], String(suite.children.length));
    assert.equal(suite.attributes["failures"], String(outcomes("failure")));
    assert.equal(suite.attributes["skipped"], String(outcomes("skipped")));
  }
  const boxes = xml.children[1]!.children;
  const box = (name: string): Element | undefined => boxes.find((one) => one.attributes["name"] === name);
  assert.equal(box("none is NULL")?.children[0]?.name, "failure");
  assert.match(box("none is NULL")?.children[0]?.attributes["message"] ?? "", /<\/td><script>alert\(2\)/);
  assert.equal(box("Nobody knows what this means")?.children[0]?.attributes["message"], "nothing ticks this box");
});

test("a form that there is not is refused, and a file is written", async () => {
  const of = await made(FINE);
  await headgate(["run", of.folder, "-e", "test", "--yes"], { env: of.env });
  const wrong = await headgate(["report", "1", "-e", "test", "--format", "pdf"], { env: of.env, cwd: of.folder });
  assert.match(wrong.text, /--format is text, md, html, json or junit, not pdf/);
  const written = await headgate(["report", "1", "-e", "test", "--format", "html", "-o", join(of.folder, "out.html")], { env: of.env, cwd: of.folder });
  assert.equal(written.code, 0, written.text);
});

test("the server gives the same report to download, and the boxes to pages", async (t) => {
  const of = await made(FINE);
  const supervisor = await Supervisor.start({ env: of.env, config: of.folder, plans: of.folder, environment: "test", people: ["alice", "vera"] });
  t.after(() => supervisor.stop());
  const run = await headgate(["run", of.folder, "-e", "test", "--yes"], { env: supervisor.env });
  assert.equal(run.code, 0, run.text);
  const token = supervisor.known.tokens.get("vera")!;
  const ask = (format: string): Promise<Response> =>
    fetch(`${supervisor.url}/api/runs/1/report?format=${format}`, { headers: { Authorization: `Bearer ${token}` } });
  for (const [format, type, ending] of [["html", "text/html", "html"], ["json", "application/json", "json"], ["junit", "application/xml", "xml"]]) {
    const answer = await ask(format!);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type") ?? "", new RegExp(`^${type}`));
    assert.equal(answer.headers.get("content-disposition"), `attachment; filename="headgate-run-1.${ending}"`);
    const body = await answer.text();
    if (format === "json") assert.deepEqual((JSON.parse(body) as Report).checklist, (await json(of)).checklist);
  }
  assert.equal((await ask("pdf")).status, 400);
  const page = await supervisor.as("vera").get<{ checklist: Report["checklist"] }>("/api/runs/1/checklist");
  assert.equal(page.checklist.counts["ticked"], 7);
  const whole = await supervisor.as("vera").run("1");
  assert.deepEqual(Object.keys(whole.graph.keys["document"] as object).sort(), ["$", "file", "line"], "the text of the document does not travel with the run");
});

test("every box of canonical-events is bound", async () => {
  const check = await headgate(["check", canonicalPlan, "-e", "demo"], { env: cluster.env(await cluster.database()) });
  assert.equal(check.code, 0, check.text);
  assert.match(check.stdout, /document\.md: 16 boxes: \d+ sign-off, \d+ metric, \d+ automatic, 0 unbound/);
});
