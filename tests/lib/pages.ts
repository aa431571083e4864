/** Every page of the dashboard in every state that it has, over the mock server: what axe-core, the narrow window and the
 *  camera are pointed at. A page of the router that is not here fails tests/browser/pages.test.ts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Mock } from "./mock";
import { root } from "./paths";

export interface PageState {
  name: string;
  /** As the router calls it; "login" stands before it. */
  page: string;
  path: string;
  /** Where the story stands; "" = before its beginning. */
  at: string;
  /** Who looks; null = nobody is logged in. */
  person: string | null;
  /** What the mock does after that, before the page is opened. */
  mock: [control: string, body?: object][];
  /** How to know that the page is there. */
  ready: (page: Page) => Promise<unknown>;
  /** What is done on the page to come to the state. */
  reach?: (page: Page, mock: Mock) => Promise<unknown>;
  /** It says itself that it is not live. */
  away: boolean;
}

const words = (text: string | RegExp) => (page: Page) => page.getByText(text).first().waitFor();
const button = (name: string | RegExp) => (page: Page) => page.getByRole("button", { name }).first().waitFor();
const title = (name: string | RegExp, level = 1) => (page: Page) => page.getByRole("heading", { level, name }).waitFor();
const state = (word: string) => (page: Page) => page.locator(".state-line").getByText(word, { exact: true }).first().waitFor();
const press = (name: string | RegExp) => (page: Page) => page.getByRole("button", { name }).first().click();
const dialog = async (page: Page) => page.getByRole("dialog").waitFor();

type Row = Pick<PageState, "name" | "path" | "ready"> & Partial<PageState>;

/** Rows of one page, with what is usual filled in. */
const of = (page: string, rows: Row[]): PageState[] =>
  rows.map((row) => ({ page, at: "gate", person: "bob", mock: [], away: false, ...row }));

const GATE = "/runs/42/gates/start-rollout";
const LONG_AGO = "2026-11-21T14:00:00.000000Z";
const word = (person: string, decision: string) => ({ person, decision, roles: ["administrator"], comment: "the disk fills", at: LONG_AGO });
const BROKEN = { state: "passed", closed_at: LONG_AGO, approvals: [word("dora", "break_glass"), word("erin", "break_glass")] };
const WAITS = {
  state: "approved", passes_at: "2099-01-05T08:00:00.000000Z", wait_us: 1_800_000_000, may: { approve: false, reject: true, revoke: true, why: "the gate is approved already" },
  hours: { days: ["mon", "tue"], from: "09:00", to: "17:00", zone: "Europe/Berlin" },
};
const FIELDS = [
  { name: "percent", type: "integer", doc: "How many are let in at first?", required: true, default: null, choices: null },
  { name: "size", type: "choice", doc: null, required: false, default: "s", choices: ["s", "l"] },
];

async function gateChanged(page: Page, mock: Mock): Promise<void> {
  await page.getByLabel(/^Comment/).fill("looks right");
  await mock.control("gate-changes");
  await page.getByRole("button", { name: /^Approve/ }).click();
  await page.getByText("Nothing was decided").waitFor();
}

async function rollbackWithoutReason(page: Page): Promise<void> {
  await press("Roll back…")(page);
  await page.getByRole("button", { name: "Roll back", exact: true }).click();
  await page.getByText("Say why").waitFor();
  await page.getByText(/undone, in this order/).waitFor();
  await page.getByText("12,345 rows").waitFor();
}

async function startFilledIn(page: Page): Promise<void> {
  await press("Start… canonical-events")(page);
  await page.getByLabel(/^owner/).fill("7");
  await page.getByLabel(/^mode/).selectOption("thorough");
  await page.getByText(/^What will run/).waitFor();
}

async function paceAsked(page: Page): Promise<void> {
  await press("Change the pace…")(page);
  await page.getByRole("button", { name: "Change the pace", exact: true }).click();
  await page.getByText("Change at least one value").waitFor();
}

const fileChosen = (text: string, shown: string) => async (page: Page): Promise<void> => {
  await press("Decide by a file…")(page);
  await page.getByLabel("File", { exact: true }).setInputFiles({ name: "review.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  await page.getByText(shown).waitFor();
};

async function startDryRun(page: Page): Promise<void> {
  await press("Dry run or start…")(page);
  await page.getByLabel("Environment").selectOption("demo");
  await page.getByRole("button", { name: "Dry run", exact: true }).click();
  await page.getByText("id=campaign-2").waitFor();
}

async function tokenMade(page: Page): Promise<void> {
  await page.getByLabel("What it is for").fill("release script");
  await page.getByRole("button", { name: "Make a token" }).click();
  await page.getByText("shown this once").waitFor();
}

async function advanceWithoutReason(page: Page): Promise<void> {
  await press("Advance now…")(page);
  await page.getByRole("button", { name: "Ask for 2 approvals" }).click();
  await page.getByText("Say why").waitFor();
}

async function advanceAsked(page: Page): Promise<void> {
  await press("Advance now…")(page);
  await page.getByLabel("Reason").fill("the release waits");
  await page.getByRole("button", { name: "Ask for 2 approvals" }).click();
  await page.getByText("0 of 2 approvals (admin)").waitFor();
}

const only = new RegExp(process.env["HEADGATE_PAGES"] ?? "");

/** HEADGATE_PAGES = a pattern of names leaves the others out, while one works on a page. */
export const PAGE_STATES: PageState[] = ([
  ...of("login", [
    { name: "login", path: "/", person: null, ready: title(/^Log in/) },
    { name: "login-refused", path: "/#token=used-before", person: null, ready: words("This token is not valid") },
  ]),
  ...of("runs", [
    { name: "runs", path: "/", ready: title(/^Needs you/, 2) },
    { name: "runs-filtered", path: "/?env=production", ready: title(/^Active/, 2) },
    { name: "runs-filtered-empty", path: "/?state=done&q=nothing", ready: words("No run matches") },
    { name: "runs-empty", path: "/", mock: [["empty"]], ready: words("Nothing has run yet") },
    { name: "runs-session-ends", path: "/", mock: [["session", { ends_s: 240 }]], ready: words("Your session ends at") },
    { name: "runs-viewer", path: "/", person: "vera", ready: words("waits for others") },
    { name: "keyboard-help", path: "/", ready: title(/^Needs you/, 2), reach: (page) => page.keyboard.press("?").then(() => dialog(page)) },
    { name: "disconnected", path: "/", ready: title(/^Needs you/, 2), away: true, reach: async (page, mock) => {
      await mock.control("drop", { ms: 60_000 });
      await page.getByRole("button", { name: "Retry now" }).waitFor();
    } },
  ]),
  ...of("plans", [
    { name: "plans", path: "/plans", ready: words("did you mean approvers") },
    { name: "plans-empty", path: "/plans", mock: [["empty"]], ready: words("offers no plans") },
    { name: "plans-viewer", path: "/plans", person: "vera", ready: words("Starting a run needs the role operator") },
    { name: "dialog-start", path: "/plans", ready: words("did you mean approvers"), reach: startFilledIn },
  ]),
  ...of("run", [
    { name: "run-pending", path: "/runs/42", at: "", ready: state("Pending") },
    { name: "run-running", path: "/runs/42", at: "backfill", ready: (page) => page.getByLabel("Progress").first().waitFor() },
    { name: "run-pace-viewer", path: "/runs/42", at: "backfill", person: "vera", ready: words("Changing it needs the role operator") },
    { name: "dialog-pace", path: "/runs/42", at: "backfill", ready: words("faster below 3.5 s"), reach: paceAsked },
    { name: "run-lock", path: "/runs/42", at: "lock", ready: words("Process 4711") },
    { name: "run-waiting", path: "/runs/42", ready: state("Waiting") },
    { name: "run-by-hand", path: "/runs/42", at: "checklist", ready: button(/^Confirm/) },
    { name: "run-watching", path: "/runs/42", at: "stage", ready: (page) => page.getByRole("region", { name: "Check-list" }).getByText("nothing ticks it").waitFor() },
    { name: "run-held", path: "/runs/41", ready: state("Held") },
    { name: "run-throttled", path: "/runs/37", ready: words("No runner drives this run") },
    { name: "run-paused", path: "/runs/39", ready: state("Paused") },
    { name: "run-rolling-back", path: "/runs/38", ready: state("Rolling back") },
    { name: "run-rolled-back", path: "/runs/36", ready: state("Rolled back") },
    { name: "run-rollback-blocked", path: "/runs/34", ready: button("Skip…") },
    { name: "run-done", path: "/runs/42", at: "done", ready: state("Done") },
    { name: "run-failed", path: "/runs/40", ready: words("SQLSTATE") },
    { name: "run-aborted-hostile", path: "/runs/35", ready: title(/img src/) },
    { name: "run-step", path: "/runs/42?node=expand%2Fcanonical_event%20column", ready: words("How it is undone") },
    { name: "run-viewer", path: "/runs/42", person: "vera", ready: words("needs the role operator") },
    { name: "run-unknown", path: "/runs/999", ready: words("There is no run 999") },
    { name: "dialog-rollback", path: "/runs/42", ready: state("Waiting"), reach: rollbackWithoutReason },
    { name: "dialog-repair", path: "/runs/34", ready: button("Repair…"), reach: (page) => press("Repair…")(page).then(() => dialog(page)) },
  ]),
  ...of("gate", [
    { name: "gate-open", path: GATE, ready: button("Approve – go to 10%") },
    { name: "gate-two-people", path: "/runs/42/gates/contract%2Fremove-legacy", at: "contract", ready: button(/^Approve/) },
    { name: "gate-way-back", path: GATE, ready: words("What a rollback would undo now"), reach: (page) => page.getByText("What a rollback would undo now").click() },
    { name: "gate-passed", path: GATE, at: "stage", ready: words("Approved") },
    { name: "gate-not-mine", path: GATE, person: "alice", ready: words("you started this run") },
    { name: "gate-not-open", path: "/runs/42/gates/nowhere", ready: words("has not opened yet") },
    { name: "gate-changed", path: GATE, ready: button(/^Approve/), reach: gateChanged },
    { name: "gate-fields", path: GATE, mock: [["gate", { fields: FIELDS }]], ready: words("To be answered") },
    { name: "gate-waits-for-clock", path: GATE, mock: [["gate", WAITS]], ready: words("Until then an approval can be taken back") },
    { name: "gate-revoked", path: GATE, mock: [["gate", { revoked: [word("carol", "revoke")] }]], ready: words("took the approval back") },
    { name: "gate-break-glass", path: GATE, mock: [["gate", { may: { break_glass: true } }]], ready: words("Nobody who may approve can be reached"), reach: (page) => page.getByText("Nobody who may approve").click() },
    { name: "gate-glass-owes", path: GATE, mock: [["gate", { ...BROKEN, obligation: { open: true } }]], ready: button("Answer") },
    { name: "gate-glass-answered", path: GATE, mock: [["gate", { ...BROKEN, obligation: { open: false, by: "bob", note: "looked at the rows", at: LONG_AGO } }]], ready: words("bob looked at it") },
    { name: "gate-reject-without-reason", path: GATE, ready: button("Reject"), reach: (page) => press("Reject")(page).then(() => words("Say why you reject")(page)) },
  ]),
  ...of("rollout", [
    { name: "rollout-watching", path: "/runs/42/rollout", at: "stage", ready: title("error_rate", 3) },
    { name: "rollout-breach", path: "/runs/42/rollout", at: "stage", mock: [["breach"]], ready: words("error_rate was 4.2%") },
    { name: "rollout-no-data", path: "/runs/41/rollout", at: "stage", ready: words("has had no data") },
    { name: "rollout-advance-asked", path: "/runs/42/rollout", at: "stage", person: "alice", ready: button("Advance now…"), reach: advanceAsked },
    { name: "rollout-advanced", path: "/runs/42/rollout", at: "stage", mock: [["advanced"]], ready: words("Ended early after") },
    { name: "dialog-advance", path: "/runs/42/rollout", at: "stage", ready: button("Advance now…"), reach: advanceWithoutReason },
    { name: "rollout-waits-for-gate", path: "/runs/42/rollout", at: "gate 100", ready: words("Waiting for its gate") },
    { name: "rollout-none", path: "/runs/37/rollout", ready: words("This plan has no rollout") },
  ]),
  ...of("review", [
    { name: "review-rows", path: "/runs/42/review", ready: words("int-1 (shop A)") },
    { name: "review-decided", path: "/runs/42/review?state=applied", mock: [["decided"]], ready: words("1 row") },
    { name: "review-empty", path: "/runs/37/review", ready: words("Nothing is left to review") },
    { name: "review-viewer", path: "/runs/42/review", person: "vera", ready: words("Deciding rows needs the role operator") },
    { name: "review-marked", path: "/runs/42/review", ready: words("int-1 (shop A)"), reach: (page) => page.getByRole("radio", { name: /Skip/ }).first().check() },
    { name: "dialog-review-file", path: "/runs/42/review", ready: words("int-1 (shop A)"), reach: fileChosen("good", "It decides 2 rows") },
    { name: "dialog-review-file-wrong", path: "/runs/42/review", ready: words("int-1 (shop A)"), reach: fileChosen("wrong", "nothing can be applied") },
    { name: "dialog-decide-all", path: "/runs/42/review", ready: words("int-1 (shop A)"), reach: (page) => press(/^Decide all 12/)(page).then(() => dialog(page)) },
  ]),
  ...of("report", [
    { name: "report", path: "/runs/42/report", at: "gate 100", ready: (page) => page.getByRole("group", { name: "Steps" }).waitFor() },
    { name: "report-overrides", path: "/runs/42/report", at: "gate 100", mock: [["advanced"]], ready: title("Overrides", 2) },
    { name: "report-early", path: "/runs/42/report", at: "", ready: title("Summary", 2) },
  ]),
  ...of("events", [
    { name: "events", path: "/runs/42/events?level=debug&seq=12", at: "stage", ready: title("Entry 12", 2) },
    { name: "events-json", path: "/runs/42/events?view=json", ready: words('"type":"gate.opened"') },
    { name: "events-none", path: "/runs/42/events?q=nowhere", ready: words("No entry matches") },
    { name: "events-gap", path: "/runs/42/events?level=debug", mock: [["earlier", { hours: 18 }], ["flood", { events: 3 }]], ready: words(/without an entry/) },
  ]),
  ...of("logs", [
    { name: "logs", path: "/runs/42/logs", at: "stage", ready: words(/^\d+ lines$/) },
    { name: "logs-wrapped", path: "/runs/42/logs?wrap=on&level=warn", at: "lock", ready: words("1 line matches") },
    { name: "logs-none", path: "/runs/37/logs", ready: words("Nothing was logged yet") },
  ]),
  ...of("plan", [
    { name: "plan", path: "/plans/canonical-events?file=sql%2F001.up.sql#L2", ready: words("What check says") },
    { name: "plan-broken", path: "/plans/ownership-columns", ready: words("This plan cannot run") },
    { name: "plan-viewer", path: "/plans/hello", person: "vera", ready: words("need the role operator") },
    { name: "plan-unknown", path: "/plans/nothing", ready: words("there is no plan") },
    { name: "dialog-start-dry-run", path: "/plans/canonical-events", ready: words("What check says"), reach: startDryRun },
  ]),
  ...of("changes", [
    { name: "changes", path: "/runs/42/changes", at: "stage", ready: words("Nobody has asked yet") },
    { name: "changes-dry-run", path: "/runs/42/changes", at: "stage", ready: button("Dry run now"), reach: (page) => press("Dry run now")(page).then(() => words("id=campaign-2")(page)) },
    { name: "changes-viewer", path: "/runs/42/changes", person: "vera", ready: words("A dry run needs the role operator") },
  ]),
  ...of("replay", [
    { name: "replay", path: "/runs/42/replay?at=20", at: "stage", ready: words(/^20 of \d+ entries$/) },
    { name: "replay-beginning", path: "/runs/42/replay?at=0", at: "done", ready: words(/^0 of \d+ entries$/) },
    { name: "replay-none", path: "/runs/36/replay", ready: words("There is nothing to play") },
  ]),
  ...of("flags", [
    { name: "flags", path: "/flags", at: "stage", ready: words("canonical_writes_of_every_campaign") },
    { name: "flags-none", path: "/flags?q=nothing", ready: words("No flag matches") },
    { name: "flags-empty", path: "/flags", mock: [["empty"]], ready: words("No plan has let anything out yet") },
  ]),
  ...of("settings", [
    { name: "settings", path: "/settings", ready: words("nightly build") },
    { name: "settings-token-made", path: "/settings", ready: words("Environment production"), reach: tokenMade },
  ]),
  ...of("audit", [
    { name: "audit", path: "/audit", at: "gate 100", ready: words("The record of run #40 is not what was written") },
    { name: "audit-none", path: "/audit?person=nobody", ready: words("No entry matches") },
  ]),
  ...of("lost", [{ name: "lost", path: "/nowhere", ready: words("leads nowhere") }]),
] satisfies PageState[]).filter(({ name }) => only.test(name));

/** The pages that the dashboard's router knows, by the words of its source. */
export function routedPages(): string[] {
  const source = readFileSync(join(root, "web/src/lib/router.ts"), "utf8");
  const alone = [...source.matchAll(/^ {2}\| \{ page: "(\w+)"/gm)].map(([, name]) => name!);
  const listed = [...source.matchAll(/^const [A-Z_]+ = \[(.+)\] as const;$/gm)].flatMap(([, names]) => names!.split(", ").map((name) => name.slice(1, -1)));
  return [...new Set([...alone, ...listed])];
}
