/** Plans of a test's own, in temporary folders. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { atExit } from "./cleanup";

/** A temporary folder that goes with the process. */
export function temporary(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `headgate-${name}-`));
  atExit(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** headgate.yaml of a test: one environment whose gates pass by policy, one that needs people. */
export const TEST_CONFIG = `
version: 1
environments:
  test:
    gates: auto
    approvers: { admin: [bob], product: [carol] }
    guard_interval: 1s
  people:
    approvers: { admin: [bob, dave], product: [carol] }
    guard_interval: 1s
`;

/** Writes a plan's folder from its files by path and gives the folder. headgate.yaml is TEST_CONFIG unless given. */
export function writePlan(files: Record<string, string>): string {
  const folder = temporary("plan");
  for (const [path, text] of Object.entries({ "headgate.yaml": TEST_CONFIG, ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** A copy of a plan's folder in which the given files are replaced. */
export function copyPlan(from: string, files: Record<string, string> = {}): string {
  const folder = temporary("plan");
  cpSync(from, folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  return folder;
}

/** A store's folder with these files. */
export function writeStore(files: Record<string, string>): string {
  const folder = temporary("store");
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** A plan of one phase, whose steps read the store "shop" in that folder. */
export function writeStorePlan(steps: string, folder: string): string {
  return writePlan({
    "plan.lua": `plan "files" {\n  doc = "a test",\n  phase "p" {\n${steps}\n  },\n}\n`,
    "headgate.yaml": `${TEST_CONFIG}\nstores:\n  shop: { path: ${folder} }\n`,
  });
}
