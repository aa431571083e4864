/** The corpus of hostile scripts (tests/lua/hostile/): every one is stopped in time, as its host says.
 *
 * node tests/run.mjs --script crash/hostile.ts [--no-figures] writes its part of build/figures/crash.json. The host is
 * lua_hostile of the build that headgate comes from. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Arguments } from "../lib/arguments";
import { headgateBinary, root } from "../lib/paths";
import { temporary } from "../lib/plan";
import { writeFigures } from "./figures";

const options = new Arguments();
const host = join(dirname(headgateBinary), "tests/lua/lua_hostile");
if (!existsSync(host)) throw new Error(`${host} is not built`);
const folder = join(root, "tests/lua/hostile");
const corpora = readdirSync(folder).filter((name) => name.endsWith(".hostile")).map((name) => join(folder, name));
const told = join(temporary("hostile"), "figures.json");
const { status } = spawnSync(host, ["--figures", told, ...corpora], { stdio: ["ignore", "inherit", "inherit"], timeout: 600_000 });
const figures = JSON.parse(readFileSync(told, "utf8")) as Record<string, unknown>;
console.log(JSON.stringify(figures));
if (!options.flag("no-figures")) writeFigures("hostile", figures);
process.exit(status === 0 ? 0 : 1);
