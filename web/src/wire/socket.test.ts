import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs, type Connection, type SocketWorld, Stream } from "./socket";
import type { Message } from "./types";

class FakeSocket {
  readyState = 0;
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((frame: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = 3;
  }
  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(...messages: Message[]): void {
    this.onmessage?.({ data: JSON.stringify(messages) });
  }
}

function fixture() {
  const sockets: FakeSocket[] = [];
  const timers = new Map<number, { run: () => void; at: number }>();
  let clock = 0;
  let number = 0;
  const world: SocketWorld = {
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    now: () => clock,
    random: () => 1,
    setTimeout: (run, ms) => {
      timers.set((number += 1), { run, at: clock + ms });
      return number;
    },
    clearTimeout: (timer) => void timers.delete(timer as number),
  };
  const advance = (ms: number) => {
    clock += ms;
    for (const [key, timer] of [...timers])
      if (timer.at <= clock && timers.delete(key)) timer.run();
  };
  const heard: Message[] = [];
  const states: Connection[] = [];
  const stream = new Stream((messages) => heard.push(...messages), (state) => states.push(state), world);
  return { stream, sockets, advance, heard, states };
}

const hello: Message = { t: "hello", version: "1", now: "n", person: "p" };
const event = (seq: string): Message => ({ t: "event", run: "42", seq, at: `t${seq}`, type: "log", node: "", data: {} });

test("is live after hello, and asks for what is watched", () => {
  const { stream, sockets, states } = fixture();
  stream.start();
  stream.watch("42", "10");
  sockets[0]!.accept();
  assert.deepEqual(sockets[0]!.sent, [{ t: "watch", run: "42", since: "10" }]);
  assert.equal(states.at(-1)!.state, "connecting");
  sockets[0]!.say(hello);
  assert.equal(states.at(-1)!.state, "live");
});

test("3 s of silence is not live, and the next connection resumes behind the last event", () => {
  const { stream, sockets, states, advance } = fixture();
  stream.start();
  stream.watch("42", "10");
  sockets[0]!.accept();
  sockets[0]!.say(hello, event("11"), event("12"));
  advance(2_999);
  assert.equal(states.at(-1)!.state, "live");
  advance(1);
  assert.equal(states.at(-1)!.state, "lost");
  advance(500);
  sockets[1]!.accept();
  assert.deepEqual(sockets[1]!.sent, [{ t: "watch", run: "42", since: "12", at: "t12" }]);
});

test("a tick keeps it live", () => {
  const { stream, sockets, states, advance } = fixture();
  stream.start();
  sockets[0]!.accept();
  sockets[0]!.say(hello);
  for (let i = 0; i < 10; i += 1) {
    advance(1_000);
    sockets[0]!.say({ t: "tick", now: "n" });
  }
  assert.equal(states.at(-1)!.state, "live");
  assert.equal(sockets.length, 1);
});

test("backs off from 0.5 to 4 s, and at once when asked", () => {
  assert.equal(backoffMs(0, 1), 500);
  assert.equal(backoffMs(0, 0), 250);
  assert.equal(backoffMs(3, 1), 4_000);
  assert.equal(backoffMs(60, 1), 4_000);
  assert.equal(backoffMs(60, 0), 2_000);
  const { stream, sockets, advance } = fixture();
  stream.start();
  sockets[0]!.onclose!();
  advance(500);
  sockets[1]!.onclose!();
  advance(999);
  assert.equal(sockets.length, 2);
  stream.retryNow();
  assert.equal(sockets.length, 3);
});

test("what is not the protocol is a lost connection", () => {
  const { stream, sockets, states } = fixture();
  stream.start();
  sockets[0]!.accept();
  sockets[0]!.onmessage!({ data: "<html>" });
  assert.equal(states.at(-1)!.state, "lost");
});

test("stopped is stopped", () => {
  const { stream, sockets, advance } = fixture();
  stream.start();
  sockets[0]!.accept();
  stream.stop();
  advance(60_000);
  assert.equal(sockets.length, 1);
});
