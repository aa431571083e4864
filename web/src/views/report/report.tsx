// The report of a run, as the server wrote it: objects as pairs, lists of objects as tables. It prints well;
// the filled-in check-list is downloaded as a file.

import type { ComponentChildren } from "preact";
import { betweenUs, formatDuration } from "../../lib/format";
import { view } from "../../state/store";
import { api } from "../../wire/api";
import type { Json, JsonObject } from "../../wire/types";
import { Icon } from "../common/icon";
import { Empty, Facts, Failure, Loading, Time } from "../common/parts";
import { RunFrame } from "../common/run-frame";
import { useLoaded } from "../common/use-loaded";

const isObject = (value: Json | undefined): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
const isTime = (text: string): boolean => /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)$/.test(text);
const nameOf = (key: string): string => key.replace(/_(us|at)$/, "").replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());

function Scalar({ name, value }: { name: string; value: Json }): ComponentChildren {
  if (value === null || value === "") return <span class="soft">–</span>;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" && name.endsWith("_us")) return formatDuration(value);
  if (typeof value === "string" && isTime(value)) return <Time at={value} />;
  if (typeof value === "object") return <code class="wrap">{JSON.stringify(value)}</code>;
  return <bdi>{String(value)}</bdi>;
}

function RowsTable({ rows, label }: { rows: JsonObject[]; label: string }) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => rows.some((row) => row[key] !== null && row[key] !== ""));
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={label}>
      <table>
        <thead><tr>{columns.map((key) => <th key={key} scope="col">{nameOf(key)}</th>)}</tr></thead>
        <tbody>{rows.map((row, index) => <tr key={index}>{columns.map((key) => <td key={key}><Scalar name={key} value={row[key] ?? null} /></td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

const rowsOf = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
const pick = (row: JsonObject, ...keys: string[]): JsonObject => Object.fromEntries(keys.map((key) => [key, row[key] ?? null]));
const took = (row: JsonObject): Json =>
  typeof row["started_at"] === "string" && typeof row["finished_at"] === "string" ? betweenUs(row["started_at"], row["finished_at"]) : null;

/** What pages and runners need to know of a run, and nobody who reads about it later. */
const INTERNAL = new Set(["version", "seq", "alive", "lease_until", "progress", "node"]);

/** What is shown otherwise than as it stands; the plan's graph, and what may be asked for, is on the page of the run. */
const SHOWN: Record<string, (value: Json) => [name: string, value: Json][]> = {
  graph: () => [],
  may: () => [],
  tunes: () => [],
  undo: (value) => (isObject(value) ? [
    ["what_a_rollback_would_undo", rowsOf(value["steps"]).map((row) => pick(row, "path", "kind", "state", "how"))],
    ...(rowsOf(value["no_way_back"]).length > 0 ? [["no_way_back", rowsOf(value["no_way_back"])] as [string, Json]] : []),
  ] : []),
  checks: (value) => [["checks", rowsOf(value).map((row) => ({
    ...pick(row, "path", "at"), ...(isObject(row["result"]) ? pick(row["result"], "kind", "verdict", "text") : {}),
  }))]],
  reason: (value) => (isObject(value) ? [["reason", pick(value, "kind", "text", "path")]] : []),
  params: (value) => (isObject(value) && Object.keys(value).length > 0 ? [["parameters", value]] : []),
  steps: (value) => [["steps", rowsOf(value).map((row) => ({
    ...pick(row, "path", "kind", "state", "attempt", "started_at"), took_us: took(row), result: (isObject(row["detail"]) && row["detail"]["text"]) || null,
  }))]],
  gates: (value) => [
    ["gates", rowsOf(value).map((row) => pick(row, "path", "question", "state", "need", "opened_at", "closed_at"))],
    ["approvals", rowsOf(value).flatMap((row) => rowsOf(row["approvals"]).map((given) => ({
      gate: row["path"] ?? null, ...pick(given, "person", "decision", "comment", "at"), roles: rowsOf(given["roles"]).length > 0 ? null : String(given["roles"] ?? ""),
    })))],
    ["evidence", rowsOf(value).flatMap((row) => rowsOf(row["evidence"]).map((found) => ({ gate: row["path"] ?? null, ...pick(found, "path", "verdict", "text") })))],
  ],
  rollouts: (value) => {
    const stages = rowsOf(value).flatMap((row) => rowsOf(row["stages"]));
    const overrides = stages.flatMap(({ path, advanced }) => (isObject(advanced)
      ? [{ path: path ?? null, ...pick(advanced, "why", "by"), approved_by: Array.isArray(advanced["approved_by"]) ? advanced["approved_by"].join(", ") : null, watched_us: advanced["counted_us"] ?? null }] : []));
    return [
      ["stages", stages.map((stage) => ({
        ...pick(stage, "path", "percent", "state", "opened_at", "closed_at"), watched_us: stage["counted_us"] ?? null, window_us: stage["window_us"] ?? null,
      }))],
      ...(overrides.length > 0 ? [["overrides", overrides] as [string, Json]] : []),
    ];
  },
};

function Section({ name, value }: { name: string; value: Json }) {
  if (!Array.isArray(value) && !isObject(value)) return null;
  const rows = Array.isArray(value) ? value.filter(isObject) : [];
  const pairs = isObject(value) ? Object.entries(value) : [];
  return (
    <section class="panel">
      <h2>{nameOf(name)}</h2>
      {Array.isArray(value) && rows.length === value.length && rows.length > 0 && <RowsTable rows={rows} label={nameOf(name)} />}
      {Array.isArray(value) && rows.length !== value.length && <ul>{value.map((entry, index) => <li key={index}><Scalar name={name} value={entry} /></li>)}</ul>}
      {(Array.isArray(value) ? value.length === 0 : pairs.length === 0) && <p class="soft">None.</p>}
      {pairs.length > 0 && <Facts rows={pairs.map(([key, entry]) => [nameOf(key), <Scalar name={key} value={entry} />])} />}
    </section>
  );
}

const FILES: [format: string, label: string][] = [["html", "HTML"], ["json", "JSON"], ["junit", "JUnit"], ["md", "Markdown"]];

export function ReportPage({ run }: { run: string }) {
  const state = view.value?.detail.id === run ? view.value.detail.state : "";
  const report = useLoaded(`${run} ${state}`, () => api.report(run));
  const value = report.value?.report ?? null;
  const pairs = isObject(value ?? undefined) ? Object.entries(value as JsonObject) : [];
  const head = pairs.filter(([key, entry]) => typeof entry !== "object" && !INTERNAL.has(key));
  return (
    <RunFrame run={run} heading="Report" aside={() => report.value && (
      <>
        {FILES.map(([format, label]) => <a key={format} class="button" href={api.reportFile(run, format)} download><Icon name="down" />{label}</a>)}
        <button type="button" class="button" onClick={() => print()}><Icon name="file" />Print</button>
      </>
    )}>
      {() => (
        <div class="report">
          {report.error && !value && <Failure error={report.error} what="The report" retry={report.reload} />}
          {value === null && !report.error && <Loading what="the report" />}
          {value !== null && pairs.length === 0 && <Empty icon="file" title="The report is empty" />}
          {head.length > 0 && <section class="panel"><h2>Summary</h2><Facts rows={head.map(([key, entry]) => [nameOf(key), <Scalar name={key} value={entry} />])} /></section>}
          {pairs.flatMap(([key, entry]) => (Object.hasOwn(SHOWN, key) ? SHOWN[key]!(entry) : [[key, entry] as const]))
            .map(([key, entry]) => <Section key={key} name={key} value={entry} />)}
        </div>
      )}
    </RunFrame>
  );
}
