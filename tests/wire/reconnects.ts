/** Viewers that come again and again, at moments of chance, while a run makes events: each goes on after the last event it saw, without a gap
 * or a duplicate; nothing is shown before it is in the ledger, and what was shown is still there after the database server was killed.
 *
 * node tests/run.mjs --script wire/reconnects.ts [--count 100000] [--at-once 40] [--seed N] [--no-figures]
 * build/figures/dashboard.json: reconnects, stream_faults. */
import type pg from "pg";
import { Arguments } from "../lib/arguments";
import { Cluster } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { random, seedRandom } from "../lib/random";
import { compose, frame, Raw, UPGRADE } from "../lib/raw";
import { type Served, serveGated } from "../lib/served";
import { pause } from "../lib/wait";

const options = new Arguments();
const count = options.number("count", 100_000);
const atOnce = options.number("at-once", 40);
const seed = seedRandom(options.number("seed", 20261121));
const EVENTS_MAX = 5;
const EVERY_MS = 5;
const KEPT_MAX = 200_000;

interface Message {
  t: string;
  run?: string;
  seq?: string;
  at?: string;
  type?: string;
  why?: string;
  data?: unknown;
}

const faults: string[] = [];
/** What was shown, by seq; several see the same. */
const shown = new Map<number, string>();
let largest = 0;
let wandering = true;
let reconnects = 0;

function fault(what: string): void {
  if (faults.length < 20) console.error(what);
  faults.push(what);
}

const contentOf = ({ at, type, data }: Message): string => JSON.stringify([at, type, data]);

/** Asks the ledger, on a connection of its own, whether what was just seen is there: what others can read is durable. */
class Witness {
  private constructor(
    private readonly client: pg.Client,
    private readonly run: string,
  ) {}
  private asking: Promise<void> = Promise.resolve();

  static async open({ cluster, database, run }: Served): Promise<Witness> {
    return new Witness(await cluster.connect(database), run);
  }

  /** One question at a time. */
  see(seq: number): Promise<void> {
    return (this.asking = this.asking.then(() => this.look(seq)));
  }

  private async look(seq: number): Promise<void> {
    const { rows } = await this.client.query("SELECT 1 FROM headgate.event WHERE run = $1 AND seq = $2", [this.run, seq]);
    if (rows.length !== 1) fault(`event ${seq} was shown before it was in the ledger`);
  }

  close(): Promise<void> {
    return this.client.end();
  }
}

/** One who watches, goes away, and comes again where it was. */
class Wanderer {
  private seq = 0;
  private at: string | undefined;

  constructor(
    private readonly served: Served,
    private readonly person: string,
    private readonly witness: Witness,
    private readonly number: number,
  ) {}

  async wander(): Promise<void> {
    while (reconnects < count && faults.length < 100) {
      reconnects++;
      await this.visit();
    }
  }

  /** Comes, hears a few events or none, and goes without a word. */
  private async visit(): Promise<void> {
    const { supervisor, run } = this.served;
    const raw = await Raw.open(supervisor.url, `127.0.0.${2 + this.number}`);
    raw.send(compose("GET", "/api/stream", [["Host", new URL(supervisor.url).host], ["Authorization", supervisor.as(this.person).authorization], ...UPGRADE]));
    const wanted = Math.floor(random() * EVENTS_MAX);
    const leavesEarly = random() < 0.2;
    try {
      if (leavesEarly && random() < 0.5) return; // in the middle of the handshake
      const reply = await raw.reply();
      if (reply.status !== 101) return fault(`no handshake: ${reply.status} ${reply.body}`);
      raw.send(frame(1, JSON.stringify({ t: "watch", run, since: String(this.seq), at: this.at })));
      if (leavesEarly) return;
      for (let heard = 0; heard < wanted; ) {
        const next = await raw.frame();
        if (next?.text === undefined) return fault(`the stream ended: ${JSON.stringify(next)}`);
        for (const message of JSON.parse(next.text) as Message[]) heard += await this.take(message);
      }
    } finally {
      raw.close();
    }
  }

  /** 1 for an event. */
  private async take(message: Message): Promise<number> {
    if (message.t === "reset") fault(`reset at ${this.seq} (${this.at}) to ${message.seq}: ${message.why}`);
    if (message.t !== "event") return 0;
    const seq = Number(message.seq);
    if (seq !== this.seq + 1) fault(`${seq} came after ${this.seq}`);
    this.seq = seq;
    this.at = message.at;
    const content = contentOf(message);
    if (shown.has(seq) && shown.get(seq) !== content) fault(`event ${seq} was shown in two ways`);
    if (seq > largest) {
      largest = seq;
      await this.witness.see(seq);
    }
    if (shown.size < KEPT_MAX) shown.set(seq, content);
    return 1;
  }
}

/** Events of the run as long as somebody waits for some. */
async function makeEvents({ cluster, database, run }: Served): Promise<number> {
  const client = await cluster.connect(database);
  let made = 0;
  for (; wandering; await pause(EVERY_MS)) {
    made++;
    await client.query("SELECT headgate.event_append($1::bigint, 0, 'test', $2::bigint, 'log', 'x', jsonb_build_object('n', $2::bigint)), pg_notify('headgate', ($1::bigint)::text)", [run, made]);
  }
  await client.end();
  return made;
}

/** Everything that was shown is in the ledger as it was shown, also after the server was killed. */
async function compareWithLedger({ cluster, database, run }: Served): Promise<void> {
  await cluster.crash();
  const found = new Map<number, string>();
  const rows = await cluster.query(database, "SELECT seq::int AS seq, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS at, type, data FROM headgate.event WHERE run = $1", [run]);
  for (const row of rows) found.set(Number(row["seq"]), contentOf({ t: "event", at: String(row["at"]), type: String(row["type"]), data: row["data"] }));
  for (const [seq, content] of shown) {
    const kept = found.get(seq);
    if (kept === undefined) fault(`event ${seq} was shown and is not in the ledger`);
    else if (!same(kept, content)) fault(`event ${seq} was shown as ${content}, the ledger has ${kept}`);
  }
}

/** The keys of data may come in another order. */
function same(left: string, right: string): boolean {
  const sorted = (text: string): string => JSON.stringify(JSON.parse(text), (_, value: unknown) =>
    value !== null && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value);
  return left === right || sorted(left) === sorted(right);
}

const cluster = await Cluster.start({ durable: true });
const people = Array.from({ length: Math.ceil(atOnce / 10) }, (_, at) => `v${at}`);
const served = await serveGated(cluster, ["alice", "bob", ...people]);
const witness = await Witness.open(served);
const wanderers = Array.from({ length: atOnce }, (_, at) => new Wanderer(served, people[at % people.length] as string, witness, at));
const making = makeEvents(served);
const began = Date.now();
await Promise.all(wanderers.map((one) => one.wander()));
wandering = false;
const made = await making;
const took = (Date.now() - began) / 1000;
await witness.close();
await compareWithLedger(served);
await served.supervisor.stop("SIGKILL");
await cluster.stop();
console.log(`${reconnects} reconnects in ${took.toFixed(0)} s (seed ${seed}), ${made} events made, ${shown.size} seen: ${faults.length} faults`);
if (!options.flag("no-figures")) mergeFigures("dashboard.json", "reconnects", { seed, reconnects, stream_faults: faults.length });
process.exit(faults.length === 0 ? 0 : 1);
