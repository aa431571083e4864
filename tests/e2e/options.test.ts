/** Options of the command line mean what is written, or are refused: before anything is asked of a database. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { headgate } from "../lib/cli";
import { helloPlan } from "../lib/paths";

const ask = (...args: string[]) => headgate([...args, "-e", "demo"], { env: { PGHOST: "/nonexistent" }, cwd: helloPlan });

for (const words of [
  ["log", "1", "--since", "9O"],
  ["watch", "1", "--since", ""],
  ["worker", "1", "--workers", "2x"],
  ["worker", "1", "--workers", "17"],
  ["tune", "1", "--workers", "2.5"],
  ["tune", "1", "--workers", "99999999999999999999"],
]) {
  test(`a number that is none is refused: ${words.join(" ")}`, async () => {
    const { code, text } = await ask(...words);
    assert.equal(code, 1, text);
    assert.match(text, /--(since|workers) is a number from/);
  });
}

for (const words of [
  ["backup", "prune", "--yes=false"],
  ["ledger", "uninstall", "--force=no"],
  ["run", ".", "--dry-run="],
  ["run", ".", "-yq"],
]) {
  test(`a flag that is given a value is refused: ${words.join(" ")}`, async () => {
    const { code, text } = await ask(...words);
    assert.equal(code, 2, text);
    assert.match(text, /option -\S+ takes no value/);
  });
}
