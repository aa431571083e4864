/** Wrong plans and configurations: each is refused with a message that says where and what, before any database. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { headgate } from "../lib/cli";
import { TEST_CONFIG, writePlan } from "../lib/plan";

interface Case {
  name: string;
  /** Plan text; {} around phases and gates of a plan "p" is added unless whole. */
  body?: string;
  whole?: string;
  files?: Record<string, string>;
  /** What the message must say. */
  says: RegExp;
}

const STEP = 'phase "a" { step "s" { up = "SELECT 1", one_way = "test" } },';
const step = (up: string, more = ""): string => `phase "a" { step "s" { up = ${up}, one_way = "test"${more} } },`;
const environment = (lines: string): string => `version: 1\nenvironments:\n  people:\n${lines}`;

/** Pairs of migrations, of which some do not parse. */
function manyFiles(count: number, wrong: number[]): Record<string, string> {
  const files: Record<string, string> = {};
  for (let n = 1; n <= count; n++) {
    const name = `sql/${String(n).padStart(3, "0")}_t`;
    files[`${name}.up.sql`] = wrong.includes(n) ? "SELEKT 1;" : `CREATE TABLE t${n} (c int);`;
    files[`${name}.down.sql`] = `DROP TABLE t${n};`;
  }
  return files;
}

const CASES: Case[] = [
  // words and keys
  { name: "an unknown word", body: 'rolout "x" {},', says: /plan\.lua:3: unknown name "rolout" \(did you mean rollout\?\)/ },
  {
    name: "a misspelt key",
    body: `${STEP}\n  gate "go" { aprovers = "admin" },`,
    says: /plan\.lua:4:\d+: gate "go" has no field "aprovers" \(did you mean approvers\?\)/,
  },
  { name: "a wrong type", body: 'gate "go" { approvers = "admin", need = "two" },', says: /plan\.lua:3:\d+: .*"need" must be/ },
  { name: "a missing key", body: 'gate "go" { need = 1 },', says: /plan\.lua:3:\d+: gate "go" .*approvers/ },
  { name: "a step without a way back", body: 'phase "a" { step "s" { up = "SELECT 1" } },', says: /plan\.lua:3:\d+: step "s".*(down|one_way)/ },
  { name: "two nodes of one name", body: `${STEP}\n  ${STEP}`, says: /plan\.lua:4:\d+: .*"a"/ },
  { name: "evidence that does not exist", body: `${STEP}\n gate "go" { approvers = "admin", evidence = "b" },`, says: /plan\.lua:4:\d+: .*"b"/ },
  { name: "a percentage above 100", body: `rollout "f" { flag = sql_flag { table = "t", name = "n", percent = "p" }, stage { percent = 101, watch = "1s" } },`, says: /plan\.lua:3:\d+: .*percent.*100/ },
  { name: "a watch window without a unit", body: `rollout "f" { flag = sql_flag { table = "t", name = "n", percent = "p" }, stage { percent = 10, watch = "10" } },`, says: /plan\.lua:3:\d+: stage "10%": field "watch" is wrong: "10" is not a duration/ },
  { name: "no plan", whole: "local x = 1\n", says: /plan\.lua.*no plan/ },
  { name: "a global", whole: 'x = 1\nplan "p" { doc = "d" }', says: /plan\.lua:1: plans may not set globals; write `local x`/ },
  { name: "a syntax error", whole: 'plan "p" {\n  doc = = 1\n}', says: /plan\.lua:2:.*unexpected symbol near '='/ },

  // hostile scripts
  { name: "a plan that raises", whole: '\nerror("no such luck")', says: /plan\.lua:2: no such luck/ },
  { name: "a plan that loops for ever", whole: "while true do end", says: /plan\.lua:1: .*longer than 5 ?s/ },
  { name: "a loop inside pcall", whole: "while true do pcall(function() while true do end end) end", says: /plan\.lua:1: .*longer than 5 ?s/ },
  { name: "a plan that allocates without end", whole: 'local t = "x" while true do t = t .. t end', says: /memory/ },
  { name: "a hostile pattern", whole: '("a"):rep(40):find(("a-"):rep(40) .. "b")', says: /(killed|ended|longer than|did not answer|hung)/ },
  { name: "a file outside the plan's folder", body: step('file "../secret.sql"'), says: /plan\.lua:3:.*\.\.\/secret\.sql/ },
  { name: "a file that is not there", body: step('file "sql/none.sql"'), says: /plan\.lua:3:.*sql\/none\.sql/ },
  { name: "a module that is not there", whole: 'require "nowhere"', says: /plan\.lua:1: .*nowhere/ },

  // SQL
  { name: "SQL that does not parse", body: step('file "sql/1.sql"'), files: { "sql/1.sql": "SELECT 1;\nSELEKT 2;" }, says: /sql\/1\.sql:2.*syntax error.*SELEKT/s },
  // a plan this long is checked by two threads
  { name: "the first of several wrong files", body: 'phase "a" { migrations "all" { dir = "sql" } },', files: manyFiles(200, [61, 62, 140]), says: /sql\/061_t\.up\.sql:1.*syntax error.*SELEKT/s },
  { name: "COMMIT inside a step", body: step('file "sql/1.sql"'), files: { "sql/1.sql": "SELECT 1;\n\nCOMMIT;" }, says: /sql\/1\.sql:3.*COMMIT/s },
  { name: "SET ROLE inside a step", body: step('"SET ROLE postgres"'), says: /plan\.lua:3.*SET ROLE/s },
  { name: "two expressions in where", body: 'phase "a" { backfill "t.c" { where = "true) OR (true", set = { c = "1" } } },', says: /plan\.lua:3:\d+: .*where/ },
  { name: "CONCURRENTLY among transactional statements", body: step('file "sql/1.sql"'), files: { "sql/1.sql": "CREATE TABLE t (c int);\nCREATE INDEX CONCURRENTLY i ON t (c);" }, says: /sql\/1\.sql:2.*(CONCURRENTLY|transaction)/s },

  // headgate.yaml
  { name: "a role that nobody has", body: 'gate "go" { approvers = "dbas" },', says: /plan\.lua:3:\d+: role "dbas" is not defined for people/ },
  { name: "a threshold without its metric", body: `rollout "f" { flag = sql_flag { table = "t", name = "n", percent = "p" }, guards = "error_rat < 1%", stage { percent = 10, watch = "1s" } },`, says: /plan\.lua:3:\d+: .*metric "error_rat"/ },
  { name: "a duplicate key", body: STEP, files: { "headgate.yaml": "version: 1\nversion: 1\n" }, says: /headgate\.yaml:2:1: duplicate key "version" \(first in line 1\)/ },
  { name: "an alias", body: STEP, files: { "headgate.yaml": environment("    approvers: &a { admin: [bob] }\n") }, says: /headgate\.yaml:4:\d+: .*(alias|anchor)/ },
  { name: "a bomb of aliases", body: STEP, files: { "headgate.yaml": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n" }, says: /headgate\.yaml:1:\d+: .*(alias|anchor)/ },
  { name: "depth beyond 64", body: STEP, files: { "headgate.yaml": `version: ${"[".repeat(200)}${"]".repeat(200)}\n` }, says: /headgate\.yaml:1:\d+: .*(deep|depth|nest)/ },
  { name: "an unknown key in YAML", body: STEP, files: { "headgate.yaml": environment("    aprovers: { admin: [bob] }\n") }, says: /headgate\.yaml:4:5: .*aprovers.*did you mean approvers/ },
  { name: "an unset variable", body: STEP, files: { "headgate.yaml": "version: 1\ntargets:\n  app:\n    url: ${NOT_SET_ANYWHERE}\nenvironments:\n  people: { gates: auto }\n" }, says: /headgate\.yaml:4:\d+: .*NOT_SET_ANYWHERE/ },
  { name: "a broken YAML", body: STEP, files: { "headgate.yaml": "version: 1\n  targets: [\n" }, says: /headgate\.yaml:2:\d+: / },
];

for (const { name, body, whole, files, says } of CASES) {
  test(`check refuses ${name}`, async () => {
    const plan = whole ?? `plan "p" {\n  doc = "a bad plan",\n  ${body ?? ""}\n}\n`;
    const folder = writePlan({ "headgate.yaml": TEST_CONFIG, "plan.lua": plan, ...files });
    const result = await headgate(["check", folder, "-e", "people"], { env: { PGHOST: "/nonexistent" } });
    assert.notEqual(result.code, 0, `accepted: ${result.text}`);
    assert.equal(result.signal, null, `died of ${result.signal}: ${result.text}`);
    assert.match(result.text, says);
  });
}
