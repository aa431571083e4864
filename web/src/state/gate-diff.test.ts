import assert from "node:assert/strict";
import { test } from "node:test";
import type { Gate } from "../wire/types";
import { gateChanges } from "./gate-diff";

const gate: Gate = {
  run: "1", path: "g", state: "open", question: "Go?", digest: "a", approvers: ["admin"], need: 1, opened_at: "", expires_at: null,
  on_expire: null, closed_at: null, approvals: [],
  evidence: [{ path: "v", kind: "verify", verdict: "pass", text: "0 rows", at: "" }, { path: "w", kind: "verify", verdict: "pass", text: "x", at: "" }],
  next: [{ kind: "rollout", path: "r", text: "10 %", sql: "UPDATE" }],
};

test("says which evidence changed, came and went", () => {
  const after: Gate = { ...gate, evidence: [
    { path: "v", kind: "verify", verdict: "fail", text: "3 rows", at: "" },
    { path: "z", kind: "check", verdict: "pass", text: "new", at: "" },
  ] };
  assert.deepEqual(gateChanges(gate, after), [
    "v: was Pass: 0 rows; now Fail: 3 rows", "z: new evidence, Pass: new", "w: no longer part of the evidence",
  ]);
});

test("says what else changed, and never nothing", () => {
  assert.deepEqual(gateChanges(gate, { ...gate, next: [] }), ["What follows an approval is different."]);
  assert.deepEqual(gateChanges(gate, { ...gate, need: 2, question: "Sure?" }), ["The question is now “Sure?”", "It now needs 2 × admin"]);
  assert.equal(gateChanges(gate, { ...gate, digest: "b" }).length, 1);
});
