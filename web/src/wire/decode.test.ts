import assert from "node:assert/strict";
import { test } from "node:test";
import { compareSeq, decodeFrame, nextSeq } from "./decode";

test("a frame is an array of messages", () => {
  const frame = decodeFrame(
    '[{"t":"tick","now":"2026-11-21T14:00:00.000000Z"},{"t":"caught_up","run":"42","seq":"134"}]',
  );
  assert.deepEqual(frame, [
    { t: "tick", now: "2026-11-21T14:00:00.000000Z" },
    { t: "caught_up", run: "42", seq: "134" },
  ]);
});

test("what is not a frame is refused, what is not a known message is left out", () => {
  assert.equal(decodeFrame("{"), null);
  assert.equal(decodeFrame('{"t":"tick"}'), null);
  assert.deepEqual(decodeFrame('[null, 3, {"t":"later"}, {"t":"tick"}, {"t":"event","run":"1","seq":1}]'), []);
});

test("an event without node and data gets empty ones", () => {
  assert.deepEqual(decodeFrame('[{"t":"event","run":"1","seq":"2","at":"x","type":"log"}]'), [
    { t: "event", run: "1", seq: "2", at: "x", type: "log", node: "", data: {} },
  ]);
});

test("sequence numbers compare as 64-bit integers", () => {
  assert.ok(compareSeq("9", "10") < 0);
  assert.ok(compareSeq("9007199254740993", "9007199254740992") > 0);
  assert.equal(compareSeq("7", "7"), 0);
  assert.equal(nextSeq("9007199254740993"), "9007199254740994");
});
