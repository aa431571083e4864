/** build/figures/crash.json, which several scripts write. */
import { mergeFigures, type Values } from "../lib/figures";

/** Writes one script's figures in place of its last ones. */
export function writeFigures(part: string, values: Values): void {
  mergeFigures("crash.json", part, values);
}
