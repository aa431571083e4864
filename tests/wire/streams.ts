/** Malformed HTTP and WebSocket streams against a server: it must not fall, must answer nobody twice, and serves a good client after every batch.
 *
 * node tests/run.mjs --script wire/streams.ts [--streams 10000] [--seed N] [--at-once 40] [--no-figures]
 * Half of the streams are frames behind a good handshake. build/figures/dashboard.json: malformed_streams, crashes. */
import { Arguments } from "../lib/arguments";
import { Cluster } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { seedRandom } from "../lib/random";
import { compose, frame, Raw, UPGRADE } from "../lib/raw";
import { type Served, serveGated, stateOf } from "../lib/served";
import { brokenFrames, brokenRequest, type Caller, type Stream } from "./malformed";

const options = new Arguments();
const count = options.number("streams", 10_000);
const seed = seedRandom(options.number("seed", 20261121));
const atOnce = options.number("at-once", 40);
const BATCH = 250;
const QUIET_MS = 150;
const END_MS = 20_000;
const STRANGERS = ["s1", "s2", "s3", "s4"]; // at most 20 streams each

class Broken extends Error {}

async function shakeHands(raw: Raw, caller: Caller): Promise<void> {
  raw.send(compose("GET", "/api/stream", [["Host", caller.host], ["Authorization", caller.authorization], ...UPGRADE]));
  const reply = await raw.reply();
  if (reply.status !== 101) throw new Broken(`no handshake: ${reply.status} ${reply.body}`);
}

/** What the server answered, as it came. */
async function send(url: string, caller: Caller, stream: Stream): Promise<void> {
  const raw = await Raw.open(url, stream.from);
  if (stream.upgraded) await shakeHands(raw, caller);
  for (const part of stream.parts) {
    raw.send(part);
    await new Promise((done) => setImmediate(done));
  }
  if (stream.mustEnd && !(await raw.hungUp(END_MS))) throw new Broken("the connection goes on");
  await raw.until(() => raw.ended || (!stream.upgraded && raw.received.includes("\r\n\r\n")), QUIET_MS);
  if (stream.halfClose) {
    raw.socket.end();
    await raw.hungUp(QUIET_MS);
  }
  const answers = raw.received.toString("latin1").match(/HTTP\/1\.[01] \d{3} /g)?.length ?? 0;
  raw.close();
  if (!stream.upgraded && answers > 1) throw new Broken(`${answers} answers on one connection`);
}

function describe(stream: Stream): string {
  return `${stream.kind}: ${JSON.stringify(Buffer.concat(stream.parts).toString("latin1").slice(0, 2000))}`;
}

async function batch(url: string, callers: Caller[], streams: Stream[]): Promise<string[]> {
  const faults: string[] = [];
  let next = 0;
  const worker = async (caller: Caller): Promise<void> => {
    for (let at = next++; at < streams.length; at = next++) {
      const stream = streams[at] as Stream;
      try {
        await send(url, caller, stream);
      } catch (error) {
        faults.push(`${error instanceof Error ? error.message : String(error)}; ${describe(stream)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, at) => worker(callers[at % callers.length] as Caller)));
  return faults;
}

/** Whoever keeps to the rules is served: a page of the API, and a stream until it has caught up. */
async function serveSomeoneGood({ supervisor, run }: Served): Promise<void> {
  const alice = supervisor.as("alice");
  await alice.get("/api/me");
  const raw = await Raw.open(supervisor.url);
  await shakeHands(raw, { host: new URL(supervisor.url).host, authorization: alice.authorization, run });
  raw.send(frame(1, JSON.stringify({ t: "watch", run, since: "0" })));
  for (let next = await raw.frame(); !next?.text?.includes('"caught_up"'); next = await raw.frame()) {
    if (next?.text === undefined) throw new Broken(`a good client was closed: ${JSON.stringify(next)}`);
  }
  raw.close();
}

const cluster = await Cluster.start();
const served = await serveGated(cluster, ["alice", "bob", ...STRANGERS]);
const { supervisor, run } = served;
const callers = STRANGERS.map((name) => ({ host: new URL(supervisor.url).host, authorization: supervisor.as(name).authorization, run }));
const pid = supervisor.pid;
const before = await stateOf(served);
const kinds = new Map<string, number>();
const faults: string[] = [];
let crashes = 0;
for (let done = 0; done < count && crashes === 0; done += BATCH) {
  const streams = Array.from({ length: Math.min(BATCH, count - done) }, (_, at) => (at % 2 === 0 ? brokenRequest : brokenFrames)(callers[0] as Caller));
  for (const { kind } of streams) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  faults.push(...(await batch(supervisor.url, callers, streams)));
  if (supervisor.pid !== pid) {
    crashes++;
    console.error(`the server has ended after ${done + streams.length} streams (seed ${seed}):\n${supervisor.text.slice(-4000)}`);
    for (const stream of streams) console.error(describe(stream).slice(0, 300));
    break;
  }
  await serveSomeoneGood(served);
  if ((done / BATCH) % 10 === 9) console.log(`${done + streams.length} streams`);
}
if (crashes === 0 && (await stateOf(served)) !== before) faults.push("the ledger has changed");
await supervisor.stop();
if (/AddressSanitizer:|runtime error:|LeakSanitizer:/.test(supervisor.text)) {
  crashes++;
  console.error(supervisor.text.slice(-6000));
}
await cluster.stop();
for (const fault of faults.slice(0, 10)) console.error(fault);
for (const [kind, times] of [...kinds].sort()) console.log(`${String(times).padStart(6)}  ${kind}`);
const frames = [...kinds].reduce((sum, [kind, times]) => sum + (kind.startsWith("frames") ? times : 0), 0);
console.log(`${count} malformed streams (seed ${seed}), ${frames} of them frames: ${crashes} crashes, ${faults.length} faults`);
if (!options.flag("no-figures")) mergeFigures("dashboard.json", "streams", { seed, malformed_streams: count, malformed_frames: frames, crashes: crashes + faults.length });
process.exit(crashes + faults.length === 0 ? 0 : 1);
