// What a node says in the plan: its SQL with file and line, its functions, its other keys.

import type { ComponentChildren } from "preact";
import type { Json, JsonObject, PlanNode } from "../../wire/types";
import { Icon } from "../common/icon";
import { Facts, Sql } from "../common/parts";

const LABEL: Record<string, string> = {
  up: "What it does", down: "How it is undone", sql: "SQL", no_rows: "Must find no rows", undo: "How it is undone",
  run: "Runs", map: "Maps each row", one_way: "No way back", key: "Key", where: "Rows", keep: "Kept as they are", sync: "New rows",
  need: "Approvals needed", approvers: "Approvers", retain: "Kept for", percent: "Percent", watch: "Watched for",
  at_least: "At least", equals: "Equals", proof: "Proof", on_breach: "On a breach", on_no_data: "Without data", flag: "Flag",
  table: "Table", workers: "Workers", evidence: "Evidence", ask: "Question", role: "By", items: "To be confirmed", expires: "Expires", on_expire: "When it expires",
};
const FIRST = ["up", "sql", "run", "map", "no_rows", "down", "undo"];

const isObject = (value: Json | undefined): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
const labelOf = (key: string): string => LABEL[key] ?? key.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());
const place = (value: JsonObject): string =>
  typeof value["file"] === "string" ? `${value["file"]}${typeof value["line"] === "number" ? `:${value["line"]}` : ""}` : "";

export function FilePlace({ text }: { text: string }) {
  return text ? <span class="place"><Icon name="file" /><bdi>{text}</bdi></span> : null;
}

/** { daily = 30, weekly = 12 } as "daily 30, weekly 12"; null when something in it is a table. */
function scalars(value: JsonObject): string | null {
  const entries = Object.entries(value);
  if (entries.length === 0 || entries.some(([, entry]) => typeof entry === "object")) return null;
  return entries.map(([key, entry]) => `${key.replaceAll("_", " ")} ${String(entry)}`).join(", ");
}

/** A value of a key as text; SQL and functions stand on their own below. */
function plainValue(value: Json): ComponentChildren {
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string" || typeof value === "number") return String(value);
  if (Array.isArray(value)) {
    const simple = value.every((entry) => typeof entry !== "object");
    return simple ? value.map(String).join(", ") : <code>{JSON.stringify(value)}</code>;
  }
  switch (value["$"]) {
    case "function": return <FilePlace text={place(value)} />;
    case "thresholds": return `thresholds “${String(value["name"])}”`;
    case "sql_flag": return <code>{String(value["table"])}.{String(value["percent"])}</code>;
    case "trigger": return "a trigger, below";
    default: return scalars(value) ?? <code>{JSON.stringify(value)}</code>;
  }
}

/** The SQL in the value of a key, with its file and line. */
export const sqlOf = (value: Json | undefined): JsonObject | null => {
  if (!isObject(value)) return null;
  if (value["$"] === "sql" && typeof value["text"] === "string") return value;
  return value["$"] === "trigger" ? sqlOf(value["sql"]) : null;
};

export function NodeKeys({ node }: { node: PlanNode }) {
  const keys = Object.entries(node.keys ?? {}).filter(([key]) => key !== "doc");
  const rank = (key: string) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
  const sql = keys.flatMap(([key, value]) => {
    const found = sqlOf(value);
    return found ? [{ key, found }] : [];
  }).sort((a, b) => rank(a.key) - rank(b.key));
  const facts = keys.filter(([, value]) => !sqlOf(value) || (isObject(value) && value["$"] === "trigger"))
    .map(([key, value]): [string, ComponentChildren] => [labelOf(key), plainValue(value)]);
  return (
    <>
      <Facts rows={facts} />
      {sql.map(({ key, found }) => (
        <Sql key={key} text={String(found["text"])} caption={<><strong>{key === "sync" ? "Keeps new rows right" : labelOf(key)}</strong><FilePlace text={place(found)} /></>} />
      ))}
    </>
  );
}
