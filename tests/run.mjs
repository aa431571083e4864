// Runs the TypeScript tests of one folder: node tests/run.mjs e2e [file …] [-j N].
//
// Bundles FOLDER/*.test.ts with esbuild (Debian's Node 18 runs no TypeScript), then node --test on the result.
// A script that is no test (bench, crash) is run by: node tests/run.mjs --script bench/bench.ts [its arguments].
// Exit code 77 = the machine lacks something, and it is said what: CTest shows that as skipped.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { cpus, freemem, tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const SKIPPED = 77;
const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);

function skip(why) {
  console.log(`SKIPPED: ${why}`);
  process.exit(SKIPPED);
}

function postgresBin() {
  if (process.env.HEADGATE_PG_BIN) return process.env.HEADGATE_PG_BIN;
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((version) => join(debian, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
  if (found) return found;
  const asked = spawnSync("pg_config", ["--bindir"], { encoding: "utf8" });
  const bin = asked.status === 0 ? asked.stdout.trim() : "";
  return bin && existsSync(join(bin, "initdb")) ? bin : undefined;
}

function parse(args) {
  const parsed = { jobs: undefined, script: undefined, rest: [] };
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "-j") parsed.jobs = Number(args[++i]);
    else if (args[i] === "--script" && !parsed.script) parsed.script = args[++i];
    else parsed.rest.push(args[i]);
  }
  return parsed;
}

const IN_MEMORY = "/dev/shm";
const MEMORY_NEEDED = 8 * 1024 ** 3;

/** Where the clusters of tests lie: in memory where there is plenty, because a database is three hundred files, made and
 *  removed again within seconds. TMPDIR has the first word. */
function scratch() {
  if (process.env.TMPDIR || !existsSync(IN_MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(IN_MEMORY);
  return Math.min(bavail * bsize, freemem()) >= MEMORY_NEEDED ? IN_MEMORY : tmpdir();
}

const { jobs: asked, script, rest } = parse(process.argv.slice(2));
const folder = script ? dirname(script) : rest[0];
// Tests wait for clocks and for other processes half of their time; a browser takes more of a machine than they do.
const jobs = asked ?? Math.min(folder === "browser" ? 3 : 4, 2 * cpus().length);
if (!folder) {
  console.error("usage: node tests/run.mjs FOLDER [FILE …] [-j N] | --script FILE [ARGUMENT …]");
  process.exit(2);
}

if (!existsSync(join(here, "node_modules/esbuild"))) skip("tests/node_modules is missing: npm ci --prefix tests");
const bin = postgresBin();
if (!bin) skip("no PostgreSQL server is installed (initdb not found)");
const binary = resolve(process.env.HEADGATE_BIN ?? join(root, "build/headgate"));
if (!existsSync(binary)) skip(`no headgate binary at ${binary} (set HEADGATE_BIN)`);

const { build } = await import("esbuild");
const sources = script
  ? [join(here, script)]
  : readdirSync(join(here, folder))
      .filter((name) => name.endsWith(".test.ts"))
      .filter((name) => rest.length < 2 || rest.slice(1).some((part) => name.includes(part)))
      .map((name) => join(here, folder, name));
if (sources.length === 0) skip(`there are no tests in ${folder}`);

// They run in the order of their names. What takes longest begins first, else the others wait for it at the end.
const LONGEST = ["pages.test.ts"];
const builtName = (source) => `${LONGEST.includes(basename(source)) ? "0-" : ""}${basename(source, ".ts")}`;

// Below node_modules, so that the packages that stay outside the bundle are found from there.
const cache = join(here, "node_modules/.headgate");
mkdirSync(cache, { recursive: true });
const out = mkdtempSync(join(cache, `${basename(folder)}-`));
const temporary = script ? undefined : mkdtempSync(join(scratch(), `headgate-${basename(folder)}-`));
let status = 1;
try {
  await build({
    entryPoints: sources.map((source) => ({ in: source, out: builtName(source) })),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node18",
    sourcemap: "inline",
    logLevel: "warning",
  });
  const built = readdirSync(out).map((name) => join(out, name));
  const args = script
    ? ["--enable-source-maps", built[0], ...rest]
    : ["--enable-source-maps", "--test", `--test-concurrency=${jobs}`, "--test-reporter=spec", ...built];
  const env = { ...process.env, HEADGATE_ROOT: root, HEADGATE_BIN: binary, HEADGATE_PG_BIN: bin };
  // the pages in all their states take their time on a busy machine
  if (!script) env.HEADGATE_TEST_LIMIT_MS ??= folder === "browser" ? "1150000" : "600000";
  if (temporary) {
    chmodSync(temporary, 0o1777); // servers and commands of other accounts write here too
    env.TMPDIR = temporary;
    env.HEADGATE_TEST_CLUSTER = join(temporary, "cluster"); // see lib/cluster.ts
  }
  env.HEADGATE_TRACEABLE = "1"; // tests find the processes of one HEADGATE_HOME by their environment
  // Nothing of the caller's own database leaks into a test.
  for (const name of Object.keys(env)) if (/^(PG[A-Z]+|DATABASE_URL)$/.test(name)) delete env[name];
  const run = spawn(process.execPath, args, { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => run.kill(signal)); // and then tidy up
  status = await new Promise((ended) => run.on("close", (code) => ended(code ?? 1)));
} finally {
  for (const made of [out, temporary]) if (made) rmSync(made, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(status);
