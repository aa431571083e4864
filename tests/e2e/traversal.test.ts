/** Ways out of a folder: 500 names for what a plan reads, for a plan to start and for a file of the dashboard; none leads anywhere. */
import assert from "node:assert/strict";
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { temporary, writePlan } from "../lib/plan";
import { random, seedRandom } from "../lib/random";
import { ask, compose } from "../lib/raw";
import { Supervisor } from "../lib/supervisor";

const SECRET = "what nobody may read";
const NAMES = 500;

/** Parts of ways out as they are written down in lists of them, put together by a seed; each has one at least. */
const OUT = ["..", "../..", "..\\", "..%2f", "%2e%2e/", "%2e%2e%2f", "%252e%252e/", "..;", "....//", "..%c0%af", "%c0%ae%c0%ae/", "..%00", "/..", "./..", "link", "folder", "//", "/"];
const REST = ["secret", "etc/passwd", "/etc/passwd", "outside/secret", "plan.lua", "secret%00.js", "secret\u0000.lua", "proc/self/environ", "/proc/self/cwd", "", ".", "index.html/..", "~", "secret.lua", "C:\\secret", "file:///etc/passwd", "\u2025/secret", "\uff0e\uff0e/secret"];
const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] as string;

function names(): string[] {
  seedRandom(14);
  const found = new Set<string>();
  while (found.size < NAMES) {
    const parts = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(OUT));
    found.add([...parts, pick(REST)].join(pick(["/", "", "\\"])));
  }
  return [...found];
}

/** A folder with a link to a file and a folder outside of it, and that outside. */
function withOutside(): { inside: string; secret: string } {
  const folder = temporary("outside");
  const inside = join(folder, "inside");
  const secret = join(folder, "secret");
  mkdirSync(inside);
  for (const name of ["secret", "secret.lua", "secret.js"]) writeFileSync(join(folder, name), SECRET);
  symlinkSync(secret, join(inside, "link"));
  symlinkSync(secret, join(inside, "link.js"));
  symlinkSync(folder, join(inside, "folder"));
  return { inside, secret };
}

let cluster: Cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster.stop());

test("file and require read nothing but the plan's own", async () => {
  const tried = names().map((name) => `  [[\n${name.replace(/\u0000/g, "")}]],`).join("\n");
  const folder = writePlan({
    "plan.lua": `local names = {\n${tried}\n}
local read = {}
for _, name in ipairs(names) do
  for word, open in pairs({ file = file, require = require }) do
    if pcall(open, name) then read[#read + 1] = word .. " " .. name end
    if pcall(open, name .. "\\0.lua") then read[#read + 1] = word .. " " .. name .. " and NUL" end
  end
end
if #read > 0 then error("READ " .. table.concat(read, ", ")) end
plan "p" { doc = #names .. " names", phase "f" { check "c" { sql = "SELECT 1", equals = 1 } } }`,
  });
  const checked = await headgate(["check", folder, "-e", "test"]);
  assert.equal(checked.code, 0, checked.text);
});

test("a plan's folder with links is refused as a whole", async () => {
  const { inside, secret } = withOutside();
  writeFileSync(join(inside, "headgate.yaml"), "version: 1\nenvironments:\n  test: { gates: auto }\n");
  writeFileSync(join(inside, "plan.lua"), 'plan "p" { doc = "d", phase "f" { check "c" { sql = "SELECT 1", equals = 1 } } }');
  const checked = await headgate(["check", inside, "-e", "test"]);
  assert.notEqual(checked.code, 0);
  assert.match(checked.text, /is a link: a plan's folder holds only regular files/);
  assert.ok(!checked.text.includes(SECRET));
  const copy = writePlan({ "plan.lua": 'plan "p" { doc = "d", phase "f" { check "c" { sql = file "linked.sql", equals = 1 } } }' });
  linkSync(secret, join(copy, "linked.sql")); // ours, under two names: that is a copy
  assert.match((await headgate(["check", copy, "-e", "test"])).text, /linked\.sql/);
});

test("addresses of files and names of plans lead nowhere", async () => {
  const database = await cluster.database();
  const { inside } = withOutside();
  const config = temporary("config");
  writeFileSync(join(inside, "index.html"), "<p>the dashboard</p>");
  writeFileSync(join(config, "headgate.yaml"), "version: 1\nenvironments:\n  test: { approvers: { owner: [bob] } }\n");
  const supervisor = await Supervisor.start({
    env: cluster.env(database), config, plans: inside, environment: "test", people: ["alice"], serve: ["--web-root", inside],
  });
  const { host } = new URL(supervisor.url);
  const headers: [string, string][] = [["Host", host], ["Connection", "close"]];
  const get = async (path: string) => ask(supervisor.url, compose("GET", path, headers));
  assert.match((await get("/")).body, /the dashboard/);
  const alice = supervisor.as("alice");
  const answered: string[] = [];
  for (const name of [...names(), "link", "link.js", "folder/secret", "folder/secret.js"]) {
    const path = `/${name}`.replace(/[\u0000\s]/g, "%00");
    const page = await get(path);
    if (page.body.includes(SECRET) || page.body.includes("root:")) answered.push(path);
  }
  assert.deepEqual(answered, []);
  for (const name of names().slice(0, 100)) {
    await assert.rejects(alice.post("/api/runs", { plan: name, environment: "test" }, { "Idempotency-Key": `way-out-${name.length}` }), /4\d\d/, name);
  }
  assert.match((await get("/")).body, /the dashboard/);
  await supervisor.stop();
});
