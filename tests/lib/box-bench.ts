/** Negative tests of a plan's check-list: a box that nothing can untick proves nothing.
 *
 * Each automatic box of the document (class automatic or metric) stands in one of two tables:
 *
 *   subjects  The box can be evaluated again (`headgate verify`). break spoils what the box is about, in the database of a
 *             finished run: then verify must show that the box fails (others may fail too); mend repairs it, and it
 *             holds again, as does everything in the end. Both are SQL for the run's database, or a function that is given the run.
 *   unticked  It cannot be evaluated again (a step, a message, a proof). A run of its own waits at the gate `at` of
 *             `environment`, break is done, and the run goes on: it must end without that box ticked. Entries with the
 *             same gate, environment and break share a run.
 *
 * A box is named by its text; where two have the same, by "heading > text". A box in neither table, or a name that is no
 * automatic box, fails the test, so none is forgotten when the document or the plan changes. In the plan's test:
 *
 *   test("each automatic box fails when its subject is broken", async (t) => {
 *     figures["boxes_broken"] = await breakEachBox(t, bench, {
 *       subjects: [
 *         { box: "All tables are there", break: "ALTER TABLE a RENAME TO b", mend: "ALTER TABLE b RENAME TO a" },
 *         { box: "Health checks passing", break: () => post("/demo/health", "down"), mend: () => post("/demo/health", "up") },
 *       ],
 *       unticked: [{ box: "Announce completion", at: "start", environment: "staging", break: () => post("/demo/chat", "down") }],
 *     });
 *   });
 *
 * Two looks a subject, each of about half a second: a plan that needs more than 30 s belongs into make test-full. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { RunPage } from "./api";
import type { PlanBench, PlanRun } from "./plan-bench";
import { type Again, type Box, verifyAgain } from "./verify";

export type Change = string | ((run: PlanRun) => Promise<unknown>);

export interface Subject {
  box: string;
  break: Change;
  mend: Change;
}

export interface Unticked {
  box: string;
  /** The path of the gate before which nothing is broken yet. */
  at: string;
  /** One whose gates wait for people. */
  environment: string;
  break: Change;
  /** The path of the step that must have failed, so that the box is not unticked merely because something before it went wrong. */
  fails?: string;
}

export interface BoxTables {
  subjects: Subject[];
  unticked?: Unticked[];
}

const is = (box: Pick<Box, "text" | "headings">, name: string): boolean =>
  name === box.text || name === `${box.headings.at(-1) ?? ""} > ${box.text}`;

function change(run: PlanRun, what: Change): Promise<unknown> {
  return typeof what === "string" ? run.query(what) : what(run);
}

/** At everything, or only at what ticks a box. */
async function look(run: PlanRun, box?: string): Promise<Again> {
  const { bench, environment } = run;
  const only = box === undefined ? [] : ["--box", box.slice(box.lastIndexOf(" > ") + 1).replace(/^> /, "")];
  const { report } = await verifyAgain(run.id, { env: run.env, cwd: bench.folder, environment }, ...only);
  return report;
}

function boxOf(report: Again, name: string): Box {
  const found = report.boxes?.boxes.filter((box) => is(box, name)) ?? [];
  assert.equal(found.length, 1, `"${name}" names ${found.length} boxes`);
  return found[0]!;
}

function assertHolds(report: Again, when: string): void {
  assert.deepEqual(report.items.filter(({ result }) => result === "fail"), [], when);
  assert.equal(report.ok, true, when);
}

/** Every automatic box in exactly one table. */
function assertComplete(report: Again, tables: BoxTables): void {
  const automatic = report.boxes?.boxes.filter((box) => box.class === "automatic" || box.class === "metric") ?? [];
  const names = [...tables.subjects, ...(tables.unticked ?? [])].map(({ box }) => box);
  for (const name of names) assert.ok(automatic.some((box) => is(box, name)), `"${name}" is no automatic box of the document`);
  for (const box of automatic) {
    const given = names.filter((name) => is(box, name));
    assert.equal(given.length, 1, `the automatic box "${box.text}" (${box.result}) stands in the tables ${given.length} times`);
  }
  for (const { box: name } of tables.subjects) assert.equal(boxOf(report, name).result, "pass", `"${name}" can be evaluated again`);
  for (const { box: name } of tables.unticked ?? []) {
    assert.equal(boxOf(report, name).result, "recorded", `"${name}" can be evaluated again: it is a subject`);
  }
}

async function breakSubjects(run: PlanRun, subjects: Subject[]): Promise<void> {
  for (const subject of subjects) {
    await change(run, subject.break);
    const broken = await look(run, subject.box);
    const box = boxOf(broken, subject.box);
    assert.equal(box.result, "fail", `broken, the box "${subject.box}" still holds: ${JSON.stringify(box.ticks)}`);
    await change(run, subject.mend);
    assertHolds(await look(run, subject.box), `after "${subject.box}" was mended`);
  }
  assertHolds(await look(run), "after everything was mended");
}

const RESTS = new Set(["failed", "rolled_back", "rollback_blocked", "aborted", "held", "done"]);

async function endsUnticked(t: TestContext, bench: PlanBench, of: Unticked[]): Promise<void> {
  const [{ at, environment, break: spoil }] = of as [Unticked];
  const run = await bench.begin(environment);
  t.after(() => run.close());
  await run.toGate(at);
  await change(run, spoil);
  const rests = ({ state }: RunPage): boolean => RESTS.has(state);
  const { page } = await run.play("the broken run rests", rests, () => false);
  const failed = page.steps.filter(({ state }) => state === "failed").map(({ path }) => path);
  const { checklist } = await run.operator.get<{ checklist: { boxes: (Box & { state: string })[] } }>(`/api/runs/${run.id}/checklist`);
  for (const { box: name, fails } of of) {
    if (fails !== undefined) assert.deepEqual(failed, [fails], `what was broken for "${name}"`);
    const [box] = checklist.boxes.filter((one) => is(one, name));
    assert.notEqual(box?.state, "ticked", `broken, the box "${name}" is ticked all the same`);
  }
}

async function finished(t: TestContext, bench: PlanBench): Promise<PlanRun> {
  const run = await bench.begin();
  t.after(() => run.close());
  await run.forward();
  return run;
}

/** Gives how many boxes were proved to fail. done: a run that is done already, and need not be rolled back afterwards. */
export async function breakEachBox(t: TestContext, bench: PlanBench, tables: BoxTables, done?: PlanRun): Promise<number> {
  const run = done ?? (await finished(t, bench));
  const whole = await look(run);
  assertHolds(whole, "nothing was broken yet");
  assertComplete(whole, tables);
  await breakSubjects(run, tables.subjects);
  const groups = new Map<string, Unticked[]>();
  for (const one of tables.unticked ?? []) {
    const key = `${one.environment} ${one.at} ${String(one.break)}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  for (const group of groups.values()) await endsUnticked(t, bench, group);
  return tables.subjects.length + (tables.unticked?.length ?? 0);
}
