// An event as a sentence for the history: its words, and how bad it is.

import { GATE_LOOK, GUARD_LOOK, KIND_WORD, lookOf, RUN_LOOK, STAGE_LOOK, STEP_LOOK, type Tone, VERDICT_LOOK, WORD_LOOK } from "./status";
import { formatCount, formatDuration, formatRate, formatValue, plural } from "./format";
import type { Json, JsonObject, RunEvent } from "../wire/types";

export type Group = "state" | "progress" | "check" | "decision" | "rollout" | "log";

export interface Description {
  text: string;
  tone: Tone;
  group: Group;
}

const text = (value: Json | undefined): string =>
  typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value);
const number = (value: Json | undefined): number | null => (typeof value === "number" ? value : null);
const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
const join = (...parts: (string | false)[]): string => parts.filter(Boolean).join(", ");
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const because = (data: JsonObject): string => (data["why"] ? `: ${text(data["why"])}` : "");
const errorText = (error: Json | undefined): string =>
  typeof error === "object" && error !== null && !Array.isArray(error) ? text(error["message"]) : text(error);

/** The pace of row work in words. */
export const paceWord = (state: string, duty: number): string =>
  state === "paused" ? "Resting" : state === "slowed" || duty < 1 ? `At ${Math.round(duty * 100)}% of its speed` : "At full speed";

function guardList(data: JsonObject): { text: string; bad: boolean } {
  const rows = Array.isArray(data["guards"]) ? data["guards"] : [];
  let bad = false;
  const words = rows.map((row) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) return "";
    const verdict = text(row["verdict"]);
    if (verdict !== "ok") bad = true;
    const value = number(row["value"]);
    return `${text(row["guard"])}: ${value === null ? "no data" : formatValue(value)}${verdict === "ok" ? "" : ` (${lookOf(GUARD_LOOK, verdict).label})`}`;
  });
  return { text: words.join(" · "), bad };
}

/** An index build and its like: where it is, and who it waits for. */
function phaseText(data: JsonObject): Description {
  const total = number(data["total"]);
  const waits = Array.isArray(data["waits_for"]) ? data["waits_for"] : [];
  const pids = waits.map((row) => (typeof row === "object" && row !== null && !Array.isArray(row) ? `${text(row["pid"])} (${text(row["application"])})` : ""));
  return {
    group: "progress", tone: pids.length > 0 ? "caution" : "muted",
    text: join(
      `${data["object"] ? `${text(data["object"])}: ` : ""}${text(data["phase"])}`,
      !!total && `${formatCount(number(data["done"]) ?? 0)} of ${formatCount(total)} ${text(data["unit"])}`,
      pids.length > 0 && `waits for process ${pids.join(", ")}`,
    ),
  };
}

/** What somebody wants of the pace of row work. */
function tuneText(body: JsonObject): string {
  const { speed, batch_us: batch, pause_us: pause, workers } = body;
  return join(
    typeof speed === "number" && `at most ${speed}% of its speed`,
    typeof batch === "number" && `batches of ${formatDuration(batch)}`,
    typeof pause === "number" && `a pause of ${formatDuration(pause)} between them`,
    typeof workers === "number" && plural(workers, "worker"),
  );
}

const LEVEL_TONE: Record<string, Tone> = { warn: "caution", error: "bad" };

const WORDS: Record<string, (event: RunEvent) => Description> = {
  "run.created": ({ data }) => ({
    group: "state", tone: "muted",
    text: `Run of ${text(data["plan"])} in ${text(data["environment"])} created by ${text(data["started_by"])}`,
  }),
  "run.state": ({ data }) => {
    const look = lookOf(RUN_LOOK, text(data["to"]));
    return { group: "state", tone: look.tone, text: `Run: ${look.label}${because(data)}` };
  },
  "step.state": ({ data }) => {
    const look = lookOf(STEP_LOOK, text(data["to"]));
    const attempt = number(data["attempt"]) ?? 1;
    const error = errorText(data["error"]);
    const kind = (KIND_WORD as Record<string, string>)[text(data["kind"])] ?? text(data["kind"]);
    return {
      group: "state", tone: look.tone,
      text: `${kind ? `${capital(kind)} ${look.label.toLowerCase()}` : look.label}${attempt > 1 ? `, attempt ${attempt}` : ""}${error ? `: ${error}` : ""}`,
    };
  },
  "step.progress": ({ data }) => {
    if (data["phase"]) return phaseText(data);
    const done = number(data["done"]) ?? 0;
    const total = number(data["total"]);
    const rate = number(data["rows_per_s"]);
    return {
      group: "progress", tone: "muted",
      text: join(
        `${formatCount(done)}${total === null ? "" : ` of ${formatCount(total)}`} rows`,
        rate !== null && formatRate(rate),
        !!data["batches"] && plural(number(data["batches"]) ?? 0, "batch", "batches"),
        !!data["rows_queued"] && `${formatCount(number(data["rows_queued"]) ?? 0)} for review`,
      ),
    };
  },
  "step.lock": ({ data }) => ({
    group: "state", tone: data["state"] === "waiting" ? "caution" : "muted", text: capital(text(data["text"])),
  }),
  "step.throttle": ({ data }) => {
    const state = text(data["state"]);
    return {
      group: "progress", tone: state === "free" ? "muted" : "caution",
      text: join(paceWord(state, number(data["duty"]) ?? 0), text(data["why"]), text(data["until"])),
    };
  },
  "check.result": ({ data }) => {
    const look = lookOf(VERDICT_LOOK, text(data["verdict"]));
    return { group: "check", tone: look.tone, text: `${look.label}: ${text(data["text"])}` };
  },
  "gate.opened": ({ data }) => ({
    group: "decision", tone: "person",
    text: `Gate opened: ${text(data["question"])} (needs ${number(data["need"]) ?? 1} × ${Array.isArray(data["approvers"]) ? data["approvers"].map(text).join(", ") : ""})`,
  }),
  "gate.approval": ({ data }) => {
    const look = lookOf(WORD_LOOK, text(data["decision"]));
    const comment = text(data["comment"]);
    return { group: "decision", tone: look.tone, text: `${text(data["person"])} ${look.label}${comment ? `: “${comment}”` : ""}` };
  },
  "gate.waiting": ({ data }) => ({
    group: "decision", tone: data["state"] === "approved" ? "clock" : "person",
    text: data["state"] === "approved" ? `Approved; passes at ${text(data["passes_at"]).slice(0, 16)}Z` : "It lacks approvals again",
  }),
  "gate.asked": ({ data }) => ({ group: "decision", tone: "muted", text: `${text(data["by"])} wants the evidence looked at again` }),
  "gate.checked": () => ({ group: "decision", tone: "good", text: "The evidence was looked at again, and says the same" }),
  "gate.closed": ({ data }) => {
    const look = lookOf(GATE_LOOK, text(data["state"]));
    return { group: "decision", tone: look.tone, text: `Gate closed: ${look.label}${data["by"] ? ` by ${text(data["by"])}` : ""}${because(data)}` };
  },
  "review.open": ({ data }) => ({
    group: "decision", tone: "person", text: `${plural(number(data["open"]) ?? 0, "row")} to review`,
  }),
  "review.decided": ({ data }) => ({
    group: "decision", tone: "muted", text: `${text(data["by"])} decided ${plural(number(data["count"]) ?? 0, "row")}`,
  }),
  "rollout.stage": ({ data }) => {
    const look = lookOf(STAGE_LOOK, text(data["state"]));
    const window = number(data["window_us"]);
    const watch = data["state"] === "watching" && window !== null ? ` for ${formatDuration(window)}` : "";
    return { group: "rollout", tone: look.tone, text: `${text(data["percent"])}%: ${look.label}${watch}${because(data)}` };
  },
  "review.again": ({ data }) => ({
    group: "decision", tone: "caution", text: `Row ${Array.isArray(data["key"]) ? data["key"].join(", ") : ""} changed after it was decided: it is asked again`,
  }),
  "rollout.sample": ({ data }) => {
    const guards = guardList(data);
    return { group: "progress", tone: guards.bad ? "bad" : "muted", text: guards.text };
  },
  "rollout.advanced": ({ data }) => ({
    group: "decision", tone: "caution",
    text: `${text(data["percent"])}%: ended early after ${formatDuration(number(data["counted_us"]) ?? 0)} of ${formatDuration(number(data["window_us"]) ?? 0)}, asked by ${text(data["by"])}: “${text(data["why"])}”, approved by ${Array.isArray(data["approved_by"]) ? data["approved_by"].map(text).join(", ") : ""}`,
  }),
  "rollout.flag": ({ data }) => ({
    group: "rollout", tone: "clock",
    text: `Flag set to ${text(data["percent"])}%${data["from"] === undefined ? "" : ` (was ${text(data["from"])}%)`}${data["enabled"] === false ? ", off" : ""}`,
  }),
  "manual.answer": ({ data }) => {
    const note = text(data["note"]);
    const said = data["asked"] === "did_it_happen" ? /^(yes|no)(?:: )?(.*)$/s.exec(note) : null;
    const [what, why] = said
      ? [`says that it ${said[1] === "yes" ? "has happened" : "has not happened"}`, said[2]]
      : [`confirmed item ${(number(data["item"]) ?? 0) + 1}`, note];
    return { group: "decision", tone: "good", text: `${text(data["by"])} ${what}${why ? `: “${why}”` : ""}` };
  },
  "request": ({ data }) => ({
    group: "decision", tone: "muted",
    text: `${text(data["by"])} asked ${data["kind"] === "tune" ? `for ${tuneText(objectOf(data["body"]))}` : `to ${text(data["kind"])}`}${because(data)}`,
  }),
  "budget.over": ({ data }) => ({ group: "state", tone: "caution", text: text(data["text"]) }),
  "log": ({ data }) => ({
    group: "log", tone: LEVEL_TONE[text(data["level"])] ?? "muted", text: text(data["text"]),
  }),
  "rewind": ({ data }) => ({
    group: "state", tone: "bad", text: `The ledger went back to event ${text(data["to"])}: the database lost what came after`,
  }),
};

export function describe(event: RunEvent): Description {
  const words = Object.hasOwn(WORDS, event.type) ? WORDS[event.type] : undefined;
  return words ? words(event) : { group: "log", tone: "muted", text: `${event.type} ${JSON.stringify(event.data)}` };
}
