/** A TCP proxy on loopback between headgate and PostgreSQL's unix socket, that misbehaves when told to. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { atExit } from "./cleanup";
import type { Cluster } from "./cluster";

/** pass: as it should be. hold: nothing goes through, and all of it later (lost packets that are sent again).
 * swallow: what comes is taken and never passed on, and new connections get no answer: half-open. */
export type ProxyMode = "pass" | "hold" | "swallow";

interface Pair {
  client: Socket;
  server: Socket;
  /** Swallowed once, dead for ever: a healed network does not heal a connection whose bytes are gone. */
  dead: boolean;
}

export class Proxy {
  /** Every piece waits so long before it goes on. */
  delayMs = 0;
  /** Pieces are cut into so many bytes; 0 = as they come. */
  sliceBytes = 0;
  cuts = 0;
  private mode: ProxyMode = "pass";
  private readonly pairs = new Set<Pair>();
  private held: (() => void)[] = [];
  private cutIn: { side: "client" | "server"; bytes: number } | undefined;

  private constructor(
    private readonly server: Server,
    readonly port: number,
    private readonly user: string,
  ) {}

  static async start(cluster: Cluster): Promise<Proxy> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy has no port");
    const proxy = new Proxy(server, address.port, cluster.role);
    server.on("connection", (client) => proxy.accept(client, join(cluster.folder, ".s.PGSQL.5432")));
    atExit(() => proxy.stop());
    return proxy;
  }

  /** The PG* variables of a database behind this proxy. */
  env(database: string): Record<string, string> {
    return { PGHOST: "127.0.0.1", PGPORT: String(this.port), PGUSER: this.user, PGDATABASE: database };
  }

  set(mode: ProxyMode): void {
    this.mode = mode;
    if (mode === "swallow") for (const pair of this.pairs) pair.dead = true;
    if (mode !== "pass") return;
    for (const send of this.held.splice(0)) send();
  }

  /** RST to both sides of every connection. */
  reset(): void {
    for (const pair of [...this.pairs]) this.end(pair);
  }

  /** Ends a connection as soon as so many bytes more have come from that side, over all connections. */
  cutAfter(side: "client" | "server", bytes: number): void {
    this.cutIn = { side, bytes };
  }

  stop(): void {
    this.reset();
    this.server.close();
  }

  private accept(client: Socket, path: string): void {
    const pair: Pair = { client, server: connect(path), dead: this.mode === "swallow" };
    this.pairs.add(pair);
    for (const socket of [pair.client, pair.server]) {
      socket.on("error", () => this.end(pair));
      socket.on("close", () => {
        // A server that goes away behind a network that swallows is not heard of.
        if (!pair.dead) this.end(pair);
      });
    }
    client.setNoDelay(true);
    client.on("data", (piece) => this.take(pair, "client", piece));
    pair.server.on("data", (piece) => this.take(pair, "server", piece));
  }

  private end(pair: Pair): void {
    this.pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.server.destroy();
  }

  private take(pair: Pair, side: "client" | "server", piece: Buffer): void {
    if (pair.dead) return;
    const to = side === "client" ? pair.server : pair.client;
    if (this.cutIn?.side === side) {
      if (piece.length >= this.cutIn.bytes) {
        to.write(piece.subarray(0, this.cutIn.bytes), () => this.end(pair));
        this.cutIn = undefined;
        this.cuts++;
        return;
      }
      this.cutIn.bytes -= piece.length;
    }
    const send = (): void => {
      const size = this.sliceBytes > 0 ? this.sliceBytes : piece.length;
      for (let at = 0; at < piece.length && !to.destroyed; at += size) to.write(piece.subarray(at, at + size));
    };
    if (this.mode === "hold") this.held.push(send);
    else if (this.delayMs > 0) setTimeout(send, this.delayMs);
    else send();
  }
}
