import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlanParam } from "../../wire/types";
import { givenValues, initialValues } from "./params";

const param = (name: string, change: Partial<PlanParam> = {}): PlanParam =>
  ({ name, type: "text", doc: null, required: false, default: null, choices: null, ...change });
const PARAMS = [param("owner", { type: "integer", required: true }), param("share", { type: "number", default: 0.5 }), param("loud", { type: "boolean", default: false }), param("note")];

test("the form begins with the defaults", () => {
  assert.deepEqual(initialValues(PARAMS), { owner: "", share: "0.5", loud: "false", note: "" });
});

test("what is empty is not sent, and big numbers stay as typed", () => {
  const values = { ...initialValues(PARAMS), owner: "820982911946154508" };
  assert.deepEqual(givenValues(PARAMS, values), { owner: "820982911946154508", share: "0.5", loud: "false" });
});
