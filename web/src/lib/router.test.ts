import assert from "node:assert/strict";
import { test } from "node:test";
import { href, routeOf } from "./router";

test("addresses lead to pages and back", () => {
  assert.deepEqual(routeOf("/"), { page: "runs" });
  assert.deepEqual(routeOf(href.plan("move it")), { page: "plan", plan: "move it" });
  assert.equal(href.source("move it", "sql/001.up.sql", 39), "/plans/move%20it?file=sql%2F001.up.sql#L39");
  assert.deepEqual(routeOf(href.flags), { page: "flags" });
  assert.deepEqual(routeOf(href.settings), { page: "settings" });
  assert.deepEqual(routeOf(href.audit), { page: "audit" });
  assert.deepEqual(routeOf("/runs/42"), { page: "run", run: "42" });
  assert.deepEqual(routeOf(href.gate("42", "rollout/start 100%")), { page: "gate", run: "42", path: "rollout/start 100%" });
  assert.deepEqual(routeOf(href.rollout("42")), { page: "rollout", run: "42" });
  assert.deepEqual(routeOf(href.review("42")), { page: "review", run: "42" });
  for (const page of ["rollout", "review", "report", "events", "logs", "changes", "replay"] as const) assert.deepEqual(routeOf(href.part("42", page)), { page, run: "42" });
});

test("what is no page is lost", () => {
  for (const path of ["/runs/x", "/runs/42/", "/runs/42/gates/%E0%A4%A", "/runs/42/gates/a/b", "/runs/42/eventss", "/runs/42/events/1", "/api/me"])
    assert.deepEqual(routeOf(path), { page: "lost" });
});
