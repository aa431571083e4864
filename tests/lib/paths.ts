/** Where things are; run.mjs says so, because a bundle does not know where it came from. */
import { join } from "node:path";

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set: start tests by tests/run.mjs`);
  return value;
}

export const root = required("HEADGATE_ROOT");
export const headgateBinary = required("HEADGATE_BIN");
export const postgresBin = required("HEADGATE_PG_BIN");
export const canonicalPlan = join(root, "plans/canonical-events");
export const helloPlan = join(root, "plans/hello");
export const figures = join(root, "build/figures");
