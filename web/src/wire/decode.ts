// The one decoder of stream frames: an array of messages, of which those that are known and well formed
// come through. A message of a newer server that we do not know is not an error.

import type { Json, JsonObject, Message, Run, RunEvent } from "./types";

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string";
const isSeq = (value: unknown): value is string => isText(value) && /^\d{1,19}$/.test(value);

function decodeEvent(raw: JsonObject): RunEvent | null {
  const { run, seq, at, type, node, data } = raw;
  if (!isText(run) || !isSeq(seq) || !isText(at) || !isText(type)) return null;
  return { run, seq, at, type, node: isText(node) ? node : "", data: isObject(data) ? data : {} };
}

function decodeRun(raw: Json | undefined): Run | null {
  if (!isObject(raw) || !isText(raw["id"]) || !isText(raw["state"]) || !isSeq(raw["seq"])) return null;
  return raw as unknown as Run;
}

function decodeMessage(raw: unknown): Message | null {
  if (!isObject(raw)) return null;
  const { t, now, run, seq, why, version, person } = raw;
  switch (t) {
    case "hello":
      if (!isText(now)) return null;
      return { t, now, version: isText(version) ? version : "", person: isText(person) ? person : "" };
    case "tick":
      return isText(now) ? { t, now } : null;
    case "run": {
      const head = decodeRun(run);
      return head && { t, run: head };
    }
    case "event": {
      const event = decodeEvent(raw);
      return event && { t, ...event };
    }
    case "caught_up":
      return isText(run) && isSeq(seq) ? { t, run, seq } : null;
    case "reset":
      return isText(run) && isSeq(seq) ? { t, run, seq, why: isText(why) ? why : "" } : null;
    default:
      return null;
  }
}

/** The messages of a frame, or null when it is not a frame at all. */
export function decodeFrame(text: string): Message[] | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(raw)) return null;
  return raw.map(decodeMessage).filter((message): message is Message => message !== null);
}

/** Which of two sequence numbers comes first; they may exceed 2^53. */
export function compareSeq(a: string, b: string): number {
  return a.length !== b.length ? a.length - b.length : a < b ? -1 : a > b ? 1 : 0;
}

/** The sequence number behind this one. */
export const nextSeq = (seq: string): string => (BigInt(seq) + 1n).toString();
