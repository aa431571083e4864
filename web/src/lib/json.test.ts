import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExact, stringifyExact } from "./json";

test("numbers come out as they went in", () => {
  for (const text of ['{"id":820982911946154508,"total":100.00,"n":[1,-2.5,1e400,0.1],"t":"820982911946154508 \\"100.00\\""}', "12345678901234567890", "[]"])
    assert.equal(stringifyExact(parseExact(text)), text);
});

test("plain numbers are numbers, text is not touched, wrong JSON is refused", () => {
  assert.deepEqual(parseExact('{"a": 1.5, "b": "1.50"}'), { a: 1.5, b: "1.50" });
  assert.throws(() => parseExact("{1}"));
});
