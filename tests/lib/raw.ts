/** Bytes on a TCP connection, as browsers, scripts, broken clients and attackers send them; nothing is checked on the way out. */
import { createConnection, type Socket } from "node:net";
import { random } from "./random";

export type Headers = [name: string, value: string][];

export interface Reply {
  /** 0: the connection ended without an answer. */
  status: number;
  headers: Map<string, string>;
  body: string;
}

/** A request's text; Content-Length comes with the body, everything else is the caller's. */
export function compose(method: string, path: string, headers: Headers, body?: string): string {
  const all: Headers = [...headers];
  if (body !== undefined) all.push(["Content-Type", "application/json"], ["Content-Length", String(Buffer.byteLength(body))]);
  return `${method} ${path} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body ?? ""}`;
}

export const UPGRADE: Headers = [
  ["Connection", "Upgrade"],
  ["Upgrade", "websocket"],
  ["Sec-WebSocket-Version", "13"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["Sec-WebSocket-Protocol", "headgate.v1"],
];

export interface FrameOptions {
  final?: boolean;
  /** RSV1–3, as a number from 0 to 7. */
  reserved?: number;
  masked?: boolean;
  /** The length that is told, when it is not the payload's. */
  length?: bigint;
  /** How many bytes the length takes: 1, 2 or 8; the fewest unless told. */
  lengthBytes?: number;
}

/** One WebSocket frame of a client. */
export function frame(opcode: number, payload: Buffer | string, options: FrameOptions = {}): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
  const length = options.length ?? BigInt(bytes.length);
  const width = options.lengthBytes ?? (length < 126n ? 1 : length < 65536n ? 2 : 8);
  const masked = options.masked ?? true;
  const head = Buffer.alloc(width === 1 ? 2 : 2 + width);
  head[0] = ((options.final ?? true) ? 0x80 : 0) | ((options.reserved ?? 0) << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (width === 1 ? Number(length & 0x7fn) : width === 2 ? 126 : 127);
  if (width === 2) head.writeUInt16BE(Number(length & 0xffffn), 2);
  if (width === 8) head.writeBigUInt64BE(length & 0xffffffffffffffffn, 2);
  if (!masked) return Buffer.concat([head, bytes]);
  const mask = Buffer.from(Array.from({ length: 4 }, () => Math.floor(random() * 256)));
  return Buffer.concat([head, mask, bytes.map((byte, at) => byte ^ (mask[at % 4] as number))]);
}

/** What a server's frame holds; undefined while it is not whole. */
function takeFrame(bytes: Buffer): { opcode: number; payload: Buffer; size: number } | undefined {
  const short = bytes.length < 2 ? undefined : (bytes[1] as number) & 0x7f;
  if (short === undefined) return undefined;
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (bytes.length < 2 + extra) return undefined;
  const length = extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const size = 2 + extra + length;
  return bytes.length < size ? undefined : { opcode: (bytes[0] as number) & 0x0f, payload: bytes.subarray(2 + extra, size), size };
}

export class Raw {
  received: Buffer = Buffer.alloc(0);
  /** The server has closed, or the connection was lost. */
  ended = false;
  private wake: (() => void)[] = [];

  private constructor(readonly socket: Socket) {
    socket.on("data", (part: Buffer) => {
      this.received = Buffer.concat([this.received, part]);
      this.news();
    });
    socket.on("error", () => undefined); // close follows
    for (const event of ["end", "close"] as const) {
      socket.on(event, () => {
        this.ended = true;
        this.news();
      });
    }
  }

  /** localAddress: another address of the loopback network, to come from elsewhere. */
  static async open(url: string, localAddress?: string): Promise<Raw> {
    const { hostname, port } = new URL(url);
    const socket = createConnection({ host: hostname, port: Number(port), allowHalfOpen: true, ...(localAddress === undefined ? {} : { localAddress }) });
    const raw = new Raw(socket);
    await new Promise<void>((done) => socket.once("connect", done).once("close", done));
    return raw;
  }

  send(bytes: Buffer | string): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  /** From now on nothing is read, so that the server's side fills up. */
  stopReading(): void {
    this.socket.pause();
  }

  close(): void {
    this.socket.destroy();
  }

  private news(): void {
    for (const wake of this.wake.splice(0)) wake();
  }

  /** Until it is true, the connection has ended or the time is over. */
  async until(condition: () => boolean, timeoutMs = 20_000): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (!condition() && !this.ended && Date.now() < deadline) {
      await new Promise<void>((done) => {
        const timer = setTimeout(done, Math.max(1, deadline - Date.now()));
        this.wake.push(() => {
          clearTimeout(timer);
          done();
        });
      });
    }
    return condition();
  }

  /** Has the server hung up by then? */
  async hungUp(timeoutMs = 20_000): Promise<boolean> {
    await this.until(() => false, timeoutMs);
    return this.ended;
  }

  /** The answer to a request; what belongs to it is taken off received. */
  async reply(timeoutMs = 20_000): Promise<Reply> {
    const split = (): number => this.received.indexOf("\r\n\r\n");
    if (!(await this.until(() => split() >= 0, timeoutMs))) return { status: 0, headers: new Map(), body: "" };
    const head = this.received.subarray(0, split()).toString("latin1").split("\r\n");
    this.received = this.received.subarray(split() + 4);
    const headers = new Map(head.slice(1).map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
    const length = Number(headers.get("content-length") ?? 0);
    await this.until(() => this.received.length >= length, timeoutMs);
    const body = this.received.subarray(0, length).toString("utf8");
    this.received = this.received.subarray(length);
    return { status: Number(head[0]?.split(" ")[1]), headers, body };
  }

  /** The next frame of the server: the text of a text frame, the code of a close frame; undefined at the end. */
  async frame(timeoutMs = 20_000): Promise<{ text?: string; close?: number; why?: string } | undefined> {
    for (;;) {
      await this.until(() => takeFrame(this.received) !== undefined, timeoutMs);
      const found = takeFrame(this.received);
      if (found === undefined) return undefined;
      this.received = this.received.subarray(found.size);
      if (found.opcode === 1) return { text: found.payload.toString("utf8") };
      if (found.opcode === 8) return found.payload.length < 2 ? { close: 1005 } : { close: found.payload.readUInt16BE(0), why: found.payload.toString("utf8", 2) };
      if (found.opcode === 9) this.send(frame(10, found.payload));
    }
  }

  /** Reads frames until the server closes the stream, and gives its code; undefined when it hung up without one. */
  async closeCode(timeoutMs = 20_000): Promise<{ close?: number; why?: string } | undefined> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      const next = await this.frame(deadline - Date.now());
      if (next === undefined || next.close !== undefined) return next;
    }
    throw new Error("the server did not close the stream");
  }
}

/** One request on a connection of its own. */
export async function ask(url: string, text: string | Buffer, timeoutMs?: number): Promise<Reply> {
  const raw = await Raw.open(url);
  raw.send(text);
  const reply = await raw.reply(timeoutMs);
  raw.close();
  return reply;
}

