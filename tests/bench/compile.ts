/** The C programs of this folder, compiled by the machine's C compiler. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../lib/paths";

/** The program of bench/NAME.c, in folder; flags: what it is linked with. */
export function compiled(folder: string, name: string, flags: string[] = []): string {
  const program = join(folder, name);
  execFileSync(process.env["CC"] ?? "cc", ["-O2", "-o", program, join(root, `tests/bench/${name}.c`), ...flags]);
  return program;
}
