// What npm installs must run on Debian 12's Node, and the lock file must not say from where it comes.
// Usage: node lock.mjs PACKAGE-LOCK.JSON. Without the file it ends with 77: skipped.
import { existsSync, readFileSync } from "node:fs";

const DEBIAN_NODE = [18, 20, 4];
const SKIPPED = 77;

/** "1.2" -> [[1, 2, 0], 2 parts given]; x, X and * count as not given. */
function version(text) {
  const parts = text.replace(/^v/, "").replace(/[-+].*$/, "").split(".").filter((part) => !/^[xX*]?$/.test(part));
  if (parts.some((part) => !/^\d+$/.test(part))) throw new Error(`not a version: ${text}`);
  const numbers = parts.map(Number);
  return { numbers: [0, 1, 2].map((i) => numbers[i] ?? 0), given: numbers.length };
}

function compare(a, b) {
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return 0;
}

/** The first version above all that start with the first `parts` numbers. */
function above(numbers, parts) {
  if (parts === 0) return [Infinity, 0, 0];
  return numbers.map((n, i) => (i < parts - 1 ? n : i === parts - 1 ? n + 1 : 0));
}

/** One comparator of npm's ranges against Node's version. https://github.com/npm/node-semver#ranges */
function accepts(comparator) {
  const [, operator, rest] = /^(>=|<=|>|<|=|\^|~>?)?(.*)$/.exec(comparator);
  const { numbers, given } = version(rest);
  const low = compare(DEBIAN_NODE, numbers);
  const before = (end) => compare(DEBIAN_NODE, end) < 0;
  switch (operator) {
    case ">=": return low >= 0;
    case ">": return given === 3 ? low > 0 : !before(above(numbers, given));
    case "<": return low < 0;
    case "<=": return given === 3 ? low <= 0 : before(above(numbers, given));
    case "^": return low >= 0 && before(above(numbers, given === 0 ? 0 : numbers.findIndex((n, i) => n > 0 || i === 2) + 1));
    case "~": case "~>": return low >= 0 && before(above(numbers, Math.min(given, 2)));
    default: return given === 3 ? low === 0 : low >= 0 && before(above(numbers, given));
  }
}

export function satisfied(range) {
  return range.split("||").some((part) => {
    const hyphen = /^\s*(\S+)\s+-\s+(\S+)\s*$/.exec(part);
    const text = hyphen ? `>=${hyphen[1]} <=${hyphen[2]}` : part.replace(/(>=|<=|>|<|=|\^|~>?)\s+/g, "$1");
    return text.trim().split(/\s+/).every((comparator) => accepts(comparator));
  });
}

/** The reader of ranges is tested here, because npm's own is not a package of ours. */
function examine() {
  const yes = [">=18", "*", "", "^18.0.0 || >=20", "14 || 16 || 18", ">= 0.4", "18.x", ">=12 <19", "~18.20.0", "16 - 20",
    "^14.18.0 || ^16.10.0 || >=18.0.0", ">=18.20.4", "<=18", ">17"];
  const no = [">=20", "^20.19.0 || >=22.12.0", "^18.20.5", "<18", "16 || 17", ">18", "~18.19", "19 - 22", ">=18 <18.20"];
  for (const range of yes) if (!satisfied(range)) throw new Error(`${range} should accept ${DEBIAN_NODE.join(".")}`);
  for (const range of no) if (satisfied(range)) throw new Error(`${range} should not accept ${DEBIAN_NODE.join(".")}`);
}

function complaintsAbout(path) {
  const complaints = [];
  const packages = Object.entries(JSON.parse(readFileSync(path, "utf8")).packages ?? {});
  for (const [name, entry] of packages) {
    const node = entry.engines?.node;
    if (node !== undefined && !satisfied(node)) complaints.push(`${name || "the package"} needs node ${node}`);
    if (entry.resolved !== undefined && !entry.link) complaints.push(`${name} says where it is downloaded: ${entry.resolved}`);
    if (name !== "" && !entry.link && !entry.integrity) complaints.push(`${name} has no integrity`);
  }
  console.log(`${packages.length} packages in ${path}`);
  return complaints;
}

examine();
const [path] = process.argv.slice(2);
if (!existsSync(path)) {
  console.log(`SKIPPED: there is no ${path}`);
  process.exit(SKIPPED);
}
const complaints = complaintsAbout(path);
for (const complaint of complaints) console.error(`${path}: ${complaint}`);
process.exit(complaints.length === 0 ? 0 : 1);
