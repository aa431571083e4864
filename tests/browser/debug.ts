import { startDemo } from "../lib/headgate";
import { attend, hasEnded } from "../lib/people";
import { writeFileSync } from "node:fs";
const demo = await startDemo();
const run = await demo.startRun();
const alice = demo.supervisor.as("alice");
const people = ["bob", "carol", "dave"].map((p) => demo.supervisor.as(p));
const t0 = Date.now();
let last = "";
for (;;) {
  const page = await attend(run, alice, people) as any;
  const s = `${page.state} ${page.node} ${JSON.stringify(page.reason)}`;
  if (s !== last) { console.log(Date.now() - t0, s); last = s; }
  if (page.node?.startsWith("v2_canonical_system")) writeFileSync("/tmp/hg/rollout.json", JSON.stringify(page, null, 1));
  if (hasEnded(page) || Date.now() - t0 > 90_000) { writeFileSync("/tmp/hg/page.json", JSON.stringify(page, null, 1)); break; }
  await new Promise((r) => setTimeout(r, 100));
}
writeFileSync("/tmp/hg/events.json", JSON.stringify(await alice.get(`/api/runs/${run}/events?since=0&limit=1000`), null, 1));
writeFileSync("/tmp/hg/report.json", JSON.stringify(await alice.get(`/api/runs/${run}/report`), null, 1));
writeFileSync("/tmp/hg/gate.json", JSON.stringify(await alice.get(`/api/runs/${run}/gates/start-rollout`), null, 1));
writeFileSync("/tmp/hg/review.json", JSON.stringify(await alice.get(`/api/runs/${run}/review?state=applied`), null, 1));
writeFileSync("/tmp/hg/runs.json", JSON.stringify(await alice.get(`/api/runs`), null, 1));
await demo.stop();
process.exit(0);
