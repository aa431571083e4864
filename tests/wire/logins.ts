/** A storm of log-ins by password, each from an address and of a person of its own, so that nobody is slowed down for guessing: others
 * are answered meanwhile, whom there is no time for is told when to come back, and afterwards the right password gets in.
 *
 *   node tests/run.mjs --script wire/logins.ts [--per-second N] [--seconds S] [--limit-ms M] [--no-figures]
 *
 * Figures: logins_asked, logins_refused_503, login_storm_other_p99_ms (a cheap request of somebody else, at most limit-ms). */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { Arguments } from "../lib/arguments";
import { headgate } from "../lib/cli";
import { Cluster } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { helloPlan } from "../lib/paths";
import { compose, Raw, type Reply } from "../lib/raw";
import { p99 } from "../lib/readers";
import { Supervisor } from "../lib/supervisor";

const options = new Arguments();
const perSecond = options.number("per-second", 200);
const asked = perSecond * options.number("seconds", 5);
const limitMs = options.number("limit-ms", 250);
const PASSWORD = "kettle moss lantern nine";

async function logIn(url: string, person: string, password: string, from: string): Promise<Reply> {
  const raw = await Raw.open(url, from);
  raw.send(compose("POST", "/api/login", [["Host", new URL(url).host]], JSON.stringify({ person, password })));
  const reply = await raw.reply(60_000);
  raw.close();
  return reply;
}

const cluster = await Cluster.start();
const supervisor = await Supervisor.start({ env: cluster.env(await cluster.database()), config: helloPlan, plans: helloPlan, environment: "demo", people: ["alice", "carol"] });
const { url } = supervisor;
const set = await headgate(["user", "passwd", "alice", "--stdin"], { env: supervisor.env, cwd: helloPlan, input: `${PASSWORD}\n` });
assert.equal(set.code, 0, set.text);

const replies: Promise<Reply>[] = [];
const took: number[] = [];
const began = performance.now();
while (replies.length < asked) {
  const due = Math.min(asked, ((performance.now() - began) / 1000) * perSecond);
  for (let n = replies.length; n < due; n++) replies.push(logIn(url, `person${n}`, "words that nobody has", `127.1.${n >> 8}.${n & 255}`));
  const from = performance.now();
  const { status } = await fetch(`${url}/api/me`, { headers: { Authorization: supervisor.as("carol").authorization } });
  assert.equal(status, 200);
  took.push(performance.now() - from);
  await delay(10);
}
const counts: Record<number, number> = {};
for (const { status, headers } of await Promise.all(replies)) {
  counts[status] = (counts[status] ?? 0) + 1;
  assert.ok(status === 401 || (status === 503 && Number(headers.get("retry-after")) > 0), `${status}, Retry-After: ${headers.get("retry-after")}`);
}
const result = { logins_asked: asked, logins_refused_503: counts[503] ?? 0, login_storm_other_p99_ms: Math.round(p99(took)) };
console.log(JSON.stringify({ ...result, looked_at: counts[401] ?? 0, others: took.length }));
assert.ok((counts[401] ?? 0) > 0, "nobody's password was looked at");
assert.ok(p99(took) <= limitMs, `others waited ${Math.round(p99(took))} ms`);
assert.equal((await logIn(url, "alice", PASSWORD, "127.2.0.1")).status, 200);
if (!options.flag("no-figures")) mergeFigures("dashboard.json", "login-storm", result);
await supervisor.stop();
await cluster.stop();
