/** Faults on purpose (docs/faults.md). */
import { readFileSync } from "node:fs";
import { headgateBinary } from "./paths";

/** Why no process can be killed at a point of our choice; "" when it can. */
export const noFaults = readFileSync(headgateBinary).includes("traffic.intent") ? "" : "this build has no fault points";
