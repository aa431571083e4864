import assert from "node:assert/strict";
import { test } from "node:test";
import { due, WARN_MS } from "./expiry";

const at = Date.parse("2026-11-22T02:00:00Z");
const iso = (ms: number): string => new Date(at + ms).toISOString();

test("a session's end is told five minutes before, an idle one's while it can still be renewed", () => {
  const hour = 3_600_000;
  assert.deepEqual(due({ ends_at: iso(12 * hour), idle_at: iso(2 * hour) }, at), { ending: null, nextMs: 30_000 });
  assert.deepEqual(due({ ends_at: iso(WARN_MS + 4_000), idle_at: iso(2 * hour) }, at), { ending: null, nextMs: 4_000 });
  assert.deepEqual(due({ ends_at: iso(12 * hour), idle_at: iso(WARN_MS) }, at).ending, { kind: "idle", at: iso(WARN_MS) });
  assert.deepEqual(due({ ends_at: iso(WARN_MS - 1), idle_at: iso(1_000) }, at), { ending: { kind: "end", at: iso(WARN_MS - 1) }, nextMs: Infinity });
});
