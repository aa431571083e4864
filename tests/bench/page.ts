/** Tables of a page of docs/ that a script writes between two marks. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../lib/paths";

/** With --write text goes into the page, between `<!-- tables: SCRIPT --write -->` and `<!-- end of tables -->`; else it is printed. */
export function showTables(page: string, script: string, text: string): void {
  if (!process.argv.includes("--write")) {
    console.log(text);
    return;
  }
  const path = join(root, page);
  const begin = `<!-- tables: ${script} --write -->`;
  const old = readFileSync(path, "utf8");
  const from = old.indexOf(begin) + begin.length;
  const to = old.indexOf("<!-- end of tables -->");
  if (!old.includes(begin) || to < from) throw new Error(`${path} has lost its marks`);
  writeFileSync(path, `${old.slice(0, from)}\n\n${text}\n\n${old.slice(to)}`);
}
