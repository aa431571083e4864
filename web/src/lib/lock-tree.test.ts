import assert from "node:assert/strict";
import { test } from "node:test";
import type { LockSession, LockWait } from "../wire/types";
import { lockMode, type LockNode, lockTree } from "./lock-tree";

const session = (pid: number, waits_for: number[] | null): LockSession => ({
  pid, application: "app", user: "app", state: "active", query: "SELECT $1", transaction_us: 1e6, holds: null, wants: null, object: null, waited_us: null, waits_for,
});
const wait = (waits_for: number[], blockers: LockSession[], victims: LockSession[] = []): LockWait => ({
  state: "waiting", why: "lock_timeout", text: "", try: 1, spent_us: 0, budget_us: 1,
  waits: { pid: 10, object: "public.items", mode: "AccessExclusiveLock", waited_us: 90_000, waits_for },
  blockers, victims, victims_total: victims.length,
});
const shape = (nodes: LockNode[]): unknown[] => nodes.map((node) => [node.own ? "own" : node.session.pid, ...shape(node.children)]);

test("the one who waits for nobody is the root, we stand under it, victims under us", () => {
  assert.deepEqual(shape(lockTree(wait([1], [session(1, null)], [session(20, [10]), session(21, [20])]))), [[1, ["own", [20, [21]]]]]);
});

test("a blocker that waits itself stands under the one it waits for; more than one is counted", () => {
  const tree = lockTree(wait([2, 1], [session(1, null), session(2, [1])]));
  assert.deepEqual(shape(tree), [[1, [2, ["own"]]]]);
  assert.equal(tree[0]?.children[0]?.children[0]?.more, 1);
});

test("a circle ends", () => {
  assert.deepEqual(shape(lockTree(wait([1], [session(1, [10])]))), [["own", [1]]]);
});

test("without a look there is only us", () => {
  assert.deepEqual(shape(lockTree({ ...wait([], []), waits: null })), [["own"]]);
});

test("modes as SQL writes them", () => {
  assert.equal(lockMode("AccessExclusiveLock"), "ACCESS EXCLUSIVE");
  assert.equal(lockMode("ShareLock"), "SHARE");
});
