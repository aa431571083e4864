/** Streams that no decent client sends, made by chance from a seed: broken HTTP requests, attempts at smuggling, WebSocket frames against the rules. */
import { compose, frame, type Headers, UPGRADE } from "../lib/raw";
import { random } from "../lib/random";

export interface Stream {
  kind: string;
  /** What is sent, one write each. */
  parts: Buffer[];
  /** The address it comes from: wrong tokens slow down their address, and only that. */
  from: string;
  /** After a good handshake. */
  upgraded: boolean;
  /** The rules leave the server no choice but to end the connection. */
  mustEnd: boolean;
  /** How the client leaves: by an orderly end of its side, or by cutting the line. */
  halfClose: boolean;
}

/** What a stream needs to look right at first. */
export interface Caller {
  host: string;
  authorization: string;
  run: string;
}

const below = (limit: number): number => Math.floor(random() * limit);
const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
const bytes = (count: number): Buffer => Buffer.from(Array.from({ length: count }, () => below(256)));

/** In one to five pieces. */
function inPieces(whole: Buffer): Buffer[] {
  const cuts = Array.from({ length: below(5) }, () => below(whole.length + 1)).sort((a, b) => a - b);
  return [0, ...cuts].map((from, at) => whole.subarray(from, cuts[at] ?? whole.length)).filter((part) => part.length > 0);
}

const somewhere = (): string => `127.0.${1 + below(250)}.${1 + below(250)}`;

/* ------------------------------------------------------------------ HTTP */

function valid({ host, authorization, run }: Caller): string {
  const own: Headers = [["Host", host], ["Authorization", authorization]];
  return pick([
    () => compose("GET", "/", [["Host", host]]),
    () => compose("GET", "/api/me", own),
    () => compose("HEAD", "/api/runs?limit=5&q=x", own),
    () => compose("GET", `/api/runs/${run}/events?since=0&limit=10`, own),
    () => compose("GET", `/api/runs/${run}/gates/go`, own),
    () => compose("POST", "/api/login", [["Host", host]], '{"token":"hgt_nobody"}'),
    () => compose("POST", "/api/runs", own, '{"plan":"gated","environment":"people"}'),
    () => compose("POST", `/api/runs/${run}/gates/go/approve`, [...own, ["If-Match", '"x"']], '{"comment":"x"}'),
    () => compose("GET", "/api/stream", [...own, ...UPGRADE]),
  ])();
}

type Mutation = (text: Buffer) => Buffer;

function splice(text: Buffer, at: number, drop: number, insert: Buffer | string): Buffer {
  return Buffer.concat([text.subarray(0, at), Buffer.from(insert), text.subarray(at + drop)]);
}

const MUTATIONS: Mutation[] = [
  (text) => splice(text, below(text.length), 1, bytes(1)),
  (text) => splice(text, below(text.length), below(20), ""),
  (text) => splice(text, below(text.length), 0, bytes(1 + below(40))),
  (text) => splice(text, below(text.length), 0, "\0"),
  (text) => splice(text, below(text.length), 0, pick(["\r", "\n", "\r\n", "\r\n\r\n", "\n\n", "\r\r\n", " \r\n", "\x0b", "\x7f", "\xff"])),
  (text) => text.subarray(0, below(text.length)),
  (text) => Buffer.concat([text, text.subarray(below(text.length))]),
  (text) => Buffer.from(text.toString("latin1").replaceAll("\r\n", pick(["\n", "\r", "\n\r"])), "latin1"),
  (text) => Buffer.from(text.toString("latin1").replace("\r\n", `\r\n${pick([" ", "\t"])}folded: x\r\n`), "latin1"),
  (text) => Buffer.from(text.toString("latin1").replace(": ", pick([" : ", ":", ":\t\t", " :", "\t: ", ":\r\n "])), "latin1"),
  (text) => Buffer.from(text.toString("latin1").replace("HTTP/1.1", pick(["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.1 ", "HTTP/11", "http/1.1", "", "HTTP/1.\xff"])), "latin1"),
  (text) => Buffer.from(text.toString("latin1").replace(/^\S+/, pick(["get", "GETT", "\x16\x03\x01", "PRI", "CONNECT", "G\0T", "A".repeat(5000), "TRACE", "", " GET"])), "latin1"),
  (text) => Buffer.from(text.toString("latin1").replace(/ \/\S*/, ` ${path()}`), "latin1"),
  (text) => header(text, `X-Big: ${"a".repeat(1 + below(20000))}`),
  (text) => header(text, `${"N".repeat(1 + below(9000))}: x`),
  (text) => header(text, Array.from({ length: 1 + below(400) }, (_, at) => `X-${at}: ${at}`).join("\r\n")),
  (text) => header(text, pick(["Host: evil.example", "Host:", "Host", ": x", ":", "Cookie: headgate_session=", `Cookie: ${"a=b; ".repeat(1500)}`, "Origin: null", "Expect: 100-continue"])),
  (text) => header(text, pick(["Content-Length: 5", "Content-Length: -1", "Content-Length: +5", "Content-Length: 0x10", "Content-Length: 1e3", "Content-Length: 5, 5", "Content-Length: 99999999999999999999", "Content-Length: ", "Content-Length: 5 5", "Content-Length:\t5"])),
  (text) => header(text, pick(["Transfer-Encoding: chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding : chunked", "Transfer-Encoding:\tchunked", "TE: trailers", "X: y\r\n Transfer-Encoding: chunked"])),
  (text) => header(text, pick(["Connection: close, upgrade", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 99", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99", "Sec-WebSocket-Protocol: ,,,,"])),
];

function header(text: Buffer, line: string): Buffer {
  const at = text.indexOf("\r\n");
  return at < 0 ? text : splice(text, at + 2, 0, `${line}\r\n`);
}

function path(): string {
  return pick([
    () => `/${"a/".repeat(below(4000))}`,
    () => `/${"%2e%2e%2f".repeat(1 + below(40))}etc/passwd`,
    () => `/api/runs/${"9".repeat(1 + below(300))}`,
    () => `/api/runs/1/gates/${"%00".repeat(1 + below(50))}`,
    () => `/api/runs?${Array.from({ length: below(300) }, (_, at) => `a${at}=${at}`).join("&")}`,
    () => pick(["*", "", "?", "#", "//", "/%", "/%zz", "/%f0%80%80%af", "http://evil.example/", "/\xc0\xaf", "/api/runs/-1", "/api/runs/%31", "/..;/", "/a\\..\\b", "/api/stream/../me"]),
  ])();
}

/** One request that others on the way might take for two, or the other way round. */
function smuggle({ host, authorization }: Caller): string {
  const inner = compose("GET", "/api/me", [["Host", host], ["Authorization", authorization]]);
  const chunked = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
  const head = `POST /api/login HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n`;
  return pick([
    () => `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
    () => `${head}Transfer-Encoding: chunked\r\nContent-Length: ${chunked.length}\r\n\r\n0\r\n\r\n${inner}`,
    () => `${head}Content-Length: 0\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    () => `${head}Content-Length: ${inner.length}\r\nContent-Length: 0\r\n\r\n${inner}`,
    () => `${head}Content-Length: 2\r\n\r\n{}${inner}`,
    () => `${head}Content-Length: 2\n\n{}${inner}`,
    () => `${head}Content-Length:\r\n 2\r\n\r\n{}${inner}`,
    () => `${head}Transfer-Encoding: ${pick(["\x0bchunked", "chunked\x00", "x", "identity", '"chunked"'])}\r\n\r\n${chunked}`,
    () => `GET / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    () => `GET / HTTP/1.1\nHost: ${host}\n\n${inner}`,
    () => `GET / HTTP/1.1\r\nHost: ${host}\r\nX: y\r${inner}\r\n\r\n`,
    () => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n${inner.repeat(1 + below(20))}`,
    () => `GET / HTTP/1.1\r\n\r\n${inner}`,
    () => `${head}Content-Length: 2\r\nConnection: keep-alive\r\n\r\n{}${inner}${inner}`,
  ])();
}

export function brokenRequest(caller: Caller): Stream {
  const common = { from: somewhere(), upgraded: false, mustEnd: false, halfClose: random() < 0.5 };
  if (random() < 0.25) return { ...common, kind: "smuggling", parts: inPieces(Buffer.from(smuggle(caller), "latin1")) };
  if (random() < 0.05) return { ...common, kind: "noise", parts: inPieces(bytes(1 + below(3000))) };
  let text: Buffer = Buffer.from(valid(caller), "latin1");
  for (let left = 1 + below(4); left > 0 && text.length > 0; left--) text = pick(MUTATIONS)(text);
  return { ...common, kind: "request", parts: inPieces(text) };
}

/* ------------------------------------------------------------------ WebSocket */

const NO_TEXT = ["ff", "c0af", "e28228", "eda080", "f4908080", "f8888080", "80", "c3", "e282", "f09f92"].map((hex) => Buffer.from(hex, "hex"));
const NO_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535];

const code = (value: number, why: Buffer | string = ""): Buffer => Buffer.concat([Buffer.from([value >> 8, value & 255]), Buffer.from(why)]);

interface Case {
  kind: string;
  frames: () => Buffer[];
  mustEnd: boolean;
}

/* Frames without a mask are read by libwebsockets 4.1.6 like others; masks protect proxies, not servers. */
const CASES: Case[] = [
  { kind: "reserved bits", mustEnd: true, frames: () => [frame(pick([1, 2, 9]), "x", { reserved: 1 + below(7) })] },
  { kind: "reserved opcode", mustEnd: true, frames: () => [frame(pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), bytes(below(20)))] },
  { kind: "unmasked", mustEnd: false, frames: () => [frame(pick([1, 8, 9]), "{}", { masked: false })] },
  { kind: "control in parts", mustEnd: true, frames: () => [frame(pick([8, 9, 10]), "x", { final: false }), frame(0, "y")] },
  { kind: "large control", mustEnd: true, frames: () => [frame(pick([8, 9, 10]), bytes(126 + below(400)))] },
  { kind: "continues nothing", mustEnd: true, frames: () => [frame(0, "x", { final: random() < 0.5 })] },
  { kind: "begins in the middle", mustEnd: true, frames: () => [frame(1, '{"t":', { final: false }), frame(pick([1, 2]), '"watch"}')] },
  { kind: "no UTF-8", mustEnd: true, frames: () => [frame(1, Buffer.concat([Buffer.from('{"t":"'), pick(NO_TEXT), Buffer.from('"}')]))] },
  { kind: "no UTF-8 in parts", mustEnd: true, frames: () => [frame(1, Buffer.concat([Buffer.from("x"), pick(NO_TEXT)]), { final: false }), frame(0, '"}')] },
  { kind: "binary", mustEnd: true, frames: () => [frame(2, bytes(below(300)))] },
  { kind: "no message", mustEnd: true, frames: () => [frame(1, pick(["", " ", "{", "[]", "null", '{"t":1}', '{"t":"approve"}', '{"t":"watch","t":"watch","run":"1"}', "[".repeat(60000), '{"t":"watch","run":"1e3"}', '{"t":"watch","run":"99999999999999999999"}', '{"t":"watch","run":"1","since":"-1"}']))] },
  { kind: "too long", mustEnd: true, frames: () => [frame(1, Buffer.alloc(65537 + below(70000), 0x20))] },
  { kind: "huge length", mustEnd: false, frames: () => [frame(1, "x", { length: pick([1n << 63n, (1n << 63n) - 1n, 1n << 40n, 1n << 32n, 1n << 31n, 0xffffffffffffffffn]), lengthBytes: 8 }), bytes(below(3000))] },
  { kind: "roundabout length", mustEnd: false, frames: () => [frame(pick([1, 9]), "{}", { lengthBytes: pick([2, 8]) })] },
  { kind: "close code", mustEnd: true, frames: () => [frame(8, code(pick(NO_CODES)))] },
  { kind: "close of one byte", mustEnd: true, frames: () => [frame(8, bytes(1))] },
  { kind: "close without text", mustEnd: true, frames: () => [frame(8, code(1000, pick(NO_TEXT)))] },
  { kind: "after the close", mustEnd: true, frames: () => [frame(8, code(1000)), frame(1, "{}"), frame(9, "x")] },
  { kind: "pings", mustEnd: false, frames: () => Array.from({ length: 1 + below(300) }, () => frame(pick([9, 10]), bytes(below(125)))) },
  { kind: "empty parts", mustEnd: false, frames: () => [frame(1, "", { final: false }), ...Array.from({ length: below(300) }, () => frame(0, "", { final: false }))] },
  { kind: "cut off", mustEnd: false, frames: () => [pick([frame(1, bytes(200)), frame(9, "x"), frame(1, bytes(70000))]).subarray(0, 1 + below(9))] },
  { kind: "noise", mustEnd: false, frames: () => [bytes(1 + below(2000))] },
];

export function brokenFrames({ run }: Caller): Stream {
  const chosen = pick(CASES);
  const watch = frame(1, JSON.stringify({ t: "watch", run, since: "0" }));
  const before = random() < 0.5 ? [watch] : [];
  const whole = Buffer.concat([...before, ...chosen.frames()]);
  return { kind: `frames: ${chosen.kind}`, from: somewhere(), parts: inPieces(whole), upgraded: true, mustEnd: chosen.mustEnd, halfClose: random() < 0.5 };
}
