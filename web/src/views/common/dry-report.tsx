// What a dry run found: each step with its SQL, its locks and its rows, table by table, and what is said about the plan.

import { useState } from "preact/hooks";
import { formatCount, plural } from "../../lib/format";
import { KIND_WORD, type Look, lookOf } from "../../lib/status";
import type { DryItem, DryReport, DryStatement, Finding } from "../../wire/dry";
import type { Json } from "../../wire/types";
import { Download } from "./entries";
import { Icon } from "./icon";
import { Badge, Facts, Params, Sql } from "./parts";

const OUTCOME_LOOK: Record<DryItem["outcome"], Look> = {
  would_run: { label: "Would run", icon: "ring", tone: "active" },
  pass: { label: "Pass", icon: "check", tone: "good" },
  fail: { label: "Fail", icon: "cross", tone: "bad" },
  error: { label: "Error", icon: "cross", tone: "bad" },
  not_simulated: { label: "Not simulated", icon: "dash", tone: "muted" },
  passed_over: { label: "Left out", icon: "skip", tone: "muted" },
};
const LEVEL_LOOK: Record<Finding["level"], Look> = {
  error: { label: "Error", icon: "cross", tone: "bad" },
  warning: { label: "Warning", icon: "warn", tone: "caution" },
  note: { label: "Note", icon: "dot", tone: "muted" },
};

/** "app"."events" as people call it. */
const plain = (name: string): string => name.replace(/^"?public"?\./, "").replaceAll('"', "");

export function tablesOf(item: DryItem): string[] {
  const named = [...(item.tables ?? []), ...(item.statements ?? []).flatMap((one) => [...(one.tables ?? []), ...(one.locks ?? []).map((lock) => lock.table)])];
  return [...new Set(named.map(plain))];
}

export function Findings({ list, linkTo }: { list: Finding[]; linkTo?: (file: string, line: number) => string }) {
  if (list.length === 0) return <p class="soft">Nothing was found.</p>;
  return (
    <ul class="findings">
      {list.map((finding, index) => {
        const place = `${finding.file}:${finding.line}`;
        return (
          <li key={index}>
            <Badge look={finding.allowed ? { label: "Allowed", icon: "check", tone: "muted" } : lookOf(LEVEL_LOOK, finding.level)} quiet />
            <div>
              <span>{finding.text}</span>
              {finding.advice && <span class="soft"> {finding.advice}</span>}
              {finding.allowed && <span class="soft"> Allowed by the plan: {finding.allowed}</span>}
              <span class="finding-place small">
                {linkTo ? <a href={linkTo(finding.file, finding.line)}><code>{place}</code></a> : <code>{place}</code>} <span class="soft">{finding.rule}</span>
              </span>
            </div>
          </li>
        );
      })}
    </ul>
  );
}

function Counts({ item }: { item: DryItem }) {
  if (item.rows === undefined) return null;
  const count = (value: number | undefined) => (value === undefined ? null : formatCount(value));
  return (
    <Facts class="tiles" rows={[
      ["Rows", count(item.rows)], ["Migrate", count(item.migrate)], ["Skip", count(item.skip)], ["Ambiguous", count(item.ambiguous)], ["Errors", count(item.errors)],
    ]} />
  );
}

function Samples({ item }: { item: DryItem }) {
  if (!item.samples || item.samples.length === 0) return null;
  return (
    <details open={item.samples.length <= 3}>
      <summary>Rows that a person would decide about: the first {formatCount(item.samples.length)}</summary>
      <ul class="samples">{item.samples.map((sample, index) => <li key={index}><code>{sample.key}</code> {sample.kind}: {sample.reason}</li>)}</ul>
    </details>
  );
}

const shown = (value: Json): string => (value === null ? "NULL" : typeof value === "string" ? value : JSON.stringify(value));

function Changes({ item }: { item: DryItem }) {
  if (!item.changes || item.changes.length === 0) return null;
  return (
    <details open={item.changes.length <= 3}>
      <summary>Rows that would be written: the first {formatCount(item.changes.length)}</summary>
      <ul class="dry-changes">
        {item.changes.map((change, index) => (
          <li key={index}>
            <code>{change.key}</code>
            <dl>
              {Object.entries(change.after).map(([column, after]) => (
                <div key={column}>
                  <dt><code>{column}</code></dt>
                  <dd>{change.before?.[column] === undefined ? <span class="soft">not there yet</span> : <del><span class="hidden">before: </span>{shown(change.before[column])}</del>} <ins><span class="hidden">after: </span>{shown(after)}</ins></dd>
                </div>
              ))}
            </dl>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** "ALTER TABLE": the table of statements says it for all of their kind at once. */
const nameOf = ({ what, sql, class: kind }: DryStatement): string =>
  what !== "" && !what.includes(",") ? what : /^(?:\s|--.*\n)*((?:[A-Z]+ ?){1,2})/.exec(sql)?.[1]?.trim() || kind;

function Item({ item }: { item: DryItem }) {
  const look = lookOf(OUTCOME_LOOK, item.outcome);
  return (
    <li class={`dry-item tone-${look.tone}`}>
      <header>
        <Badge look={look} />
        <strong>{item.path}</strong>
        <span class="soft small">{KIND_WORD[item.kind] ?? item.kind}</span>
        <span class="place"><Icon name="file" />{item.file}:{item.line}</span>
      </header>
      <p>{item.text}</p>
      <Counts item={item} />
      <Changes item={item} />
      <Samples item={item} />
      {(item.statements ?? []).map((one, index) => (
        <Sql key={index} text={one.sql} caption={<>
          <span>{nameOf(one)}</span>
          {(one.locks ?? []).map((lock) => <span key={lock.table} class="chip">{plain(lock.table)}: up to {lock.mode}</span>)}
        </>} />
      ))}
    </li>
  );
}

export function DryReportView({ report, linkTo }: { report: DryReport; linkTo?: (file: string, line: number) => string }) {
  const [table, setTable] = useState("");
  const tables = [...new Set(report.items.flatMap(tablesOf))].sort();
  const items = report.items.filter((item) => table === "" || tablesOf(item).includes(table));
  const sum = (key: "migrate" | "ambiguous" | "errors") => report.items.reduce((total, item) => total + (item[key] ?? 0), 0);
  const bad = report.items.filter((item) => item.outcome === "fail" || item.outcome === "error").length;
  return (
    <div class="dry">
      <Facts class="line" rows={[
        ["Environment", <span class="chip">{report.environment}</span>],
        ["Target", report.target],
        ["Parameters", Object.keys(report.params).length > 0 && <Params values={report.params} />],
        ["Rows to migrate", formatCount(sum("migrate"))],
        ["Ambiguous", sum("ambiguous") > 0 && formatCount(sum("ambiguous"))],
        ["Row errors", sum("errors") > 0 && formatCount(sum("errors"))],
        ["Problems", bad > 0 && plural(bad, "step")],
      ]} />
      <div class="panel-head wrap">
        {tables.length > 0 && (
          <label class="field">
            <span class="hidden">Table</span>
            <select value={table} onChange={(event) => setTable(event.currentTarget.value)}>
              <option value="">All tables</option>
              {tables.map((name) => <option key={name} value={name}>{name}</option>)}
            </select>
          </label>
        )}
        <span class="soft small" role="status">{table === "" ? plural(items.length, "step") : `${formatCount(items.length)} of ${plural(report.items.length, "step")}`}. Nothing was changed.</span>
        <Download label="JSON" name={`${report.plan}-${report.environment}-changes.json`} type="application/json" fetch={() => Promise.resolve(`${JSON.stringify(report, null, 2)}\n`)} />
      </div>
      {report.warnings.length > 0 && (
        <details open={report.warnings.length <= 8}>
          <summary>{plural(report.warnings.length, "finding")}</summary>
          <Findings list={report.warnings} {...(linkTo ? { linkTo } : {})} />
        </details>
      )}
      <ol class="dry-items">{items.map((item) => <Item key={item.path} item={item} />)}</ol>
    </div>
  );
}
