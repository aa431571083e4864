import assert from "node:assert/strict";
import { test } from "node:test";
import { sqlTokens } from "./sql";

test("nothing of the text is lost", () => {
  for (const sql of ["", "SELECT 1", "-- only", "UPDATE t SET a = 'it''s' /* why */ WHERE b = $$x'y$$;", "'open", "<b>"])
    assert.equal(sqlTokens(sql).map((token) => token.text).join(""), sql);
});

test("words have kinds", () => {
  assert.deepEqual(sqlTokens("SELECT a, 'from' -- x"), [
    { kind: "keyword", text: "SELECT" }, { kind: "plain", text: " a, " }, { kind: "text", text: "'from'" },
    { kind: "plain", text: " " }, { kind: "comment", text: "-- x" },
  ]);
});
