import assert from "node:assert/strict";
import { test } from "node:test";
import type { Box, BoxState } from "../../wire/types";
import { byHeading } from "./checklist";

const box = (text: string, headings: string[], state: BoxState): Box => ({
  text, line: 1, headings, outer: null, claimed: false, class: "automatic", state, ticks: [],
});

test("boxes stay in the order of the document, in groups of one heading, with how many are ticked", () => {
  const groups = byHeading([
    box("a", ["A"], "ticked"), box("b", ["A"], "failed"), box("c", ["A", "B"], "ticked"), box("d", ["A"], "unbound"), box("e", [], "open"),
  ]);
  assert.deepEqual(groups.map((group) => [group.heading, group.boxes.map((one) => one.text).join(""), group.ticked]), [
    ["A", "ab", 1], ["A › B", "c", 1], ["A", "d", 0], ["", "e", 0],
  ]);
  assert.deepEqual(byHeading([]), []);
});
