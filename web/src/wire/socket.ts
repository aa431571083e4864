// The stream, kept up: reconnects with backoff, notices silence, asks again for what is watched with the
// last sequence number seen. Knows nothing of what the messages mean beyond that.

import { compareSeq, decodeFrame } from "./decode";
import type { Message } from "./types";

export const SILENCE_MS = 3_000;
export const BACKOFF_FIRST_MS = 500;
/** A server that is back has its viewers back within this time; a thousand of them are 500 connections a second at most. */
export const BACKOFF_MAX_MS = 4_000;
const CONNECT_MS = 5_000;
/** The server's close status: not logged in (any more), or with another role than before. */
const NOT_LOGGED_IN = 4401;

export type Connection =
  | { state: "connecting" }
  | { state: "live" }
  | { state: "lost"; retryAt: number; why: string };

/** The newest event that was seen of a run, and when it happened: after a failover another may have its number. */
interface Place {
  since: string;
  at?: string | undefined;
}

/** What the stream needs of the world; tests give their own. */
export interface SocketWorld {
  open(): WebSocket;
  now(): number;
  random(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const browserWorld: SocketWorld = {
  open: () => new WebSocket(location.origin.replace(/^http/, "ws") + "/api/stream", "headgate.v1"),
  now: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

/** Waiting time before attempt n (0 = the first retry): doubled each time, half of it by chance. */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(full * (0.5 + random / 2));
}

export class Stream {
  private socket: WebSocket | null = null;
  private silence: unknown = null;
  private retry: unknown = null;
  private attempt = 0;
  private closed = true;
  private readonly watched = new Map<string, Place>();
  /** Called when the server closed the stream because of who is logged in. */
  onSessionChanged: () => void = () => undefined;

  constructor(
    private readonly onMessages: (messages: Message[]) => void,
    private readonly onConnection: (connection: Connection) => void,
    private readonly world: SocketWorld = browserWorld,
  ) {}

  start(): void {
    this.closed = false;
    this.attempt = 0;
    this.connect();
  }

  stop(): void {
    this.closed = true;
    this.world.clearTimeout(this.retry);
    this.drop();
  }

  /** Follows a run from the events behind since, which was told with the time at; "*" follows the heads of all. */
  watch(run: string, since = "0", at?: string): void {
    this.watched.set(run, { since, at });
    this.send(run);
  }

  unwatch(run: string): void {
    if (this.watched.delete(run)) this.raw({ t: "unwatch", run });
  }

  /** Now rather than after the backoff: the person asked, the machine woke up, the network came back. */
  retryNow(): void {
    if (this.closed || (this.socket && this.socket.readyState <= 1 && this.attempt === 0)) return;
    this.connect();
  }

  private connect(): void {
    this.world.clearTimeout(this.retry);
    this.drop();
    this.onConnection({ state: "connecting" });
    let socket: WebSocket;
    try {
      socket = this.world.open();
    } catch (error) {
      this.lost(error instanceof Error ? error.message : "cannot connect");
      return;
    }
    this.socket = socket;
    this.expect(CONNECT_MS, "the server does not answer");
    socket.onopen = () => {
      for (const run of this.watched.keys()) this.send(run);
    };
    socket.onmessage = (frame) => this.receive(frame.data);
    socket.onclose = (event: CloseEvent | undefined) => {
      this.lost("the connection was closed");
      if (event?.code === NOT_LOGGED_IN) this.onSessionChanged();
    };
    socket.onerror = () => undefined; // close follows
  }

  private receive(data: unknown): void {
    const messages = typeof data === "string" ? decodeFrame(data) : null;
    if (messages === null) {
      this.lost("the server sent something that is not the protocol");
      return;
    }
    this.expect(SILENCE_MS, "nothing was heard for 3 s");
    if (messages.some((message) => message.t === "hello")) {
      this.attempt = 0;
      this.onConnection({ state: "live" });
    }
    for (const message of messages) this.remember(message);
    this.onMessages(messages);
  }

  private remember(message: Message): void {
    if (message.t !== "event" && message.t !== "caught_up") return;
    const place = this.watched.get(message.run);
    if (place === undefined || compareSeq(message.seq, place.since) <= 0) return;
    this.watched.set(message.run, { since: message.seq, at: message.t === "event" ? message.at : undefined });
  }

  private lost(why: string): void {
    this.drop();
    if (this.closed) return;
    const ms = backoffMs(this.attempt, this.world.random());
    this.attempt += 1;
    this.onConnection({ state: "lost", retryAt: this.world.now() + ms, why });
    this.retry = this.world.setTimeout(() => this.connect(), ms);
  }

  private drop(): void {
    this.world.clearTimeout(this.silence);
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
  }

  private expect(ms: number, why: string): void {
    this.world.clearTimeout(this.silence);
    this.silence = this.world.setTimeout(() => this.lost(why), ms);
  }

  private send(run: string): void {
    this.raw(run === "*" ? { t: "watch", run } : { t: "watch", run, ...(this.watched.get(run) ?? { since: "0" }) });
  }

  private raw(message: { t: string; run: string; since?: string; at?: string | undefined }): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message));
  }
}
