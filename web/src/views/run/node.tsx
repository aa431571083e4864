// The selected node: what it does, how far it is, what came out, what went wrong.

import { formatDuration, formatRate, formatShort, plural } from "../../lib/format";
import { href } from "../../lib/router";
import { KIND_WORD, lookOf, RUN_LOOK, STEP_LOOK, VERDICT_LOOK } from "../../lib/status";
import type { CheckResult, RatePoint, RunView } from "../../state/apply";
import type { OutlineNode } from "../../state/outline";
import { canOperate, live, me, messageOf } from "../../state/store";
import { api, newKey } from "../../wire/api";
import type { Json, Progress, Step, Verdict } from "../../wire/types";
import { useRef, useState } from "preact/hooks";
import { Icon } from "../common/icon";
import { lazyPart } from "../common/lazy";
import { Badge, Bar, Code, Copy, Elapsed, Eta, Facts, Fraction, Notice, Time } from "../common/parts";
import { Chart } from "../common/chart";
import { mayAsk } from "./actions";
import { FilePlace, NodeKeys } from "./keys";

const LockPanel = lazyPart(() => import("./locks").then((part) => part.LockPanel));
const PacePanel = lazyPart(() => import("./pace").then((part) => part.PacePanel));

/** When the run slowed down or stood still: a chart of its speed shows these moments. */
const STOPS = new Set(["throttled", "paused", "held", "failed"]);
const stopsOf = ({ events }: RunView): { at: number; label: string }[] =>
  events.filter(({ type, data }) => type === "run.state" && STOPS.has(String(data["to"])))
    .map(({ at, data }) => ({ at: Date.parse(at), label: lookOf(RUN_LOOK, String(data["to"])).label.toLowerCase() }));

/** A statement outside transactions: its phase, and who it waits for. */
function PhasePanel({ progress, running }: { progress: Progress; running: boolean }) {
  const { total, unit = "", waits_for: waits = [] } = progress;
  const seconds = (value: number | null | undefined) => (value === null || value === undefined ? null : formatDuration(value * 1e6));
  return (
    <section class="progress-panel" aria-label="Progress">
      <p class="progress-head">
        <strong class="large">{progress.object ? `${progress.object}: ` : ""}{progress.phase}</strong>
        {(!!total || progress.done > 0) && <span class="soft"><Fraction done={progress.done} total={total} unit={unit} /></span>}
      </p>
      {running && <Bar done={progress.done} total={total} label={unit} />}
      <Facts class="tiles" rows={[
        ["Statement", progress.statements ? `${progress.statement} of ${progress.statements}` : null],
        ["Running for", seconds(progress.running_s)],
        ["Ended after", seconds(progress.limit_s)],
        ["Begun by", progress.adopted ? "the runner before" : null],
      ]} />
      {running && waits.length > 0 && (
        <Notice tone="caution" icon="clock" title={`It waits for ${waits.length === 1 ? "another session" : `${waits.length} other sessions`}`}>
          <ul>
            {waits.map((row) => (
              <li key={row.pid}>
                process {row.pid} ({[row.application, row.user && `user ${row.user}`, row.state, seconds(row.for_s)].filter(Boolean).join(", ")})
                {row.query && <>: <code>{row.query}</code></>}
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </section>
  );
}

function ProgressPanel({ progress, rates, stops, running, finished }: {
  progress: Progress; rates: readonly RatePoint[]; stops: readonly { at: number; label: string }[]; running: boolean; finished: boolean;
}) {
  const { done, rows_per_s: rate } = progress;
  // the total was an estimate: what the application settled itself was not left for us
  const total = finished ? null : progress.total;
  const count = (value: number | undefined) => (value === undefined ? null : formatShort(value));
  return (
    <section class="progress-panel" aria-label="Progress">
      <p class="progress-head">
        <strong class="large"><Fraction done={done} total={total} unit="rows" /></strong>
        <span class="soft">
          {running && !!rate && <span class="num">{formatRate(rate)}</span>}
          {running && <Eta progress={progress} />}
        </span>
      </p>
      <Bar done={finished ? 1 : done} total={finished ? 1 : total} label="Rows done" />
      <Facts class="tiles" rows={[
        ["Changed", count(progress.rows_changed)],
        ["Skipped", count(progress.rows_skipped)],
        ["For review", count(progress.rows_queued)],
        ["Batches", count(progress.batches)],
        ["Rows a batch", count(progress.batch_rows)],
        ["Pass", count(progress.pass)],
        ["Workers", count(progress.workers)],
      ]} />
      {rates.length > 1 && (
        <Chart points={rates} marks={stops} name="rows a second" valueOf={formatRate}
          summary={`Rows a second: ${running ? "now" : "at last"} ${formatRate(rates.at(-1)!.value)}, at most ${formatRate(Math.max(...rates.map(({ value }) => value)))} and at least ${formatRate(Math.min(...rates.map(({ value }) => value)))} of ${plural(rates.length, "value")}.`} />
      )}
    </section>
  );
}

function ErrorPanel({ step }: { step: Step }) {
  const { error } = step;
  if (!error) return null;
  const ticket = [`${step.path} (attempt ${step.attempt}): ${error.message}`, error.sqlstate && `SQLSTATE ${error.sqlstate}`, error.detail, error.hint]
    .filter(Boolean).join("\n");
  return (
    <Notice tone="bad" icon="cross" title={error.message} action={<Copy text={ticket} what="for a ticket" />}>
      <Facts rows={[["SQLSTATE", error.sqlstate], ["Detail", error.detail], ["Hint", error.hint], ["Attempt", step.attempt]]} />
    </Notice>
  );
}

const textOf = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

/** What came out: from the event, or as the ledger keeps it. */
function resultOf(path: string, view: RunView): CheckResult | null {
  const told = view.checks.get(path);
  const step = view.steps.get(path);
  if (told || !step || typeof step.detail["verdict"] !== "string") return told ?? null;
  const { verdict, text, value, expected } = step.detail;
  return { verdict: verdict as Verdict, text: typeof text === "string" ? text : "", value: value ?? null, expected: expected ?? null, at: step.finished_at ?? "" };
}

function CheckPanel({ path, view }: { path: string; view: RunView }) {
  const check = resultOf(path, view);
  if (!check) return null;
  return (
    <section class="check-panel" aria-label="Result">
      <Badge look={lookOf(VERDICT_LOOK, check.verdict)} /> <span>{check.text}</span>
      <Facts rows={[
        ["Found", check.value === null ? null : textOf(check.value)],
        ["Expected", check.expected === null ? null : textOf(check.expected)],
        ["Checked", check.at !== "" && <Time at={check.at} />],
      ]} />
    </section>
  );
}

/** Boxes of a check-list, or the one confirmation of a manual step. */
function Answers({ item, view }: { item: OutlineNode; view: RunView }) {
  const items = item.node.keys?.["items"];
  const boxes = item.kind === "manual" ? ["Done"] : Array.isArray(items) ? items.map(textOf) : [];
  const given = view.answers.get(item.path);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(-1);
  const key = useRef(newKey());
  const role = item.node.keys?.["role"];
  const session = me.value;
  const roles = typeof session === "object" && session !== null ? session.roles[view.detail.environment] ?? [] : [];
  const needed = typeof role === "string" ? [role] : Array.isArray(role) ? role.map(textOf) : [];
  const may = needed.length > 0 ? needed.some((name) => roles.includes(name)) : canOperate.value;
  const open = item.current && may;
  if (boxes.length === 0) return null;
  const confirm = async (index: number) => {
    setBusy(index);
    setProblem("");
    try {
      await api.answer(view.detail.id, item.path, index, "", key.current);
      key.current = newKey();
    } catch (error) {
      setProblem(messageOf(error));
    }
    setBusy(-1);
  };
  return (
    <section aria-label="To be confirmed">
      <ul class="answers">
        {boxes.map((label, index) => {
          const by = given?.get(index);
          return (
            <li key={index} class={by === undefined ? "" : "tone-good"}>
              <Icon name={by === undefined ? "ring" : "check"} />
              <span>{label}{by !== undefined && <span class="soft"> – confirmed by {by}</span>}</span>
              {by === undefined && open && (
                <button type="button" class="button small" disabled={!live.value || busy >= 0} onClick={() => void confirm(index)}>
                  Confirm<span class="hidden">: {label}</span>
                </button>
              )}
            </li>
          );
        })}
      </ul>
      {item.current && !may && <p class="soft small">Confirming needs the role {needed.join(" or ") || "operator"}.</p>}
      <p class="problem" role="alert">{problem}</p>
    </section>
  );
}

export function NodeDetail({ item, view }: { item: OutlineNode | null; view: RunView }) {
  if (!item) return <section class="panel node-detail" aria-label="Step"><p class="soft">Select a step of the plan to see what it does.</p></section>;
  const step = view.steps.get(item.path);
  const progress = view.progress.get(item.path);
  const gate = view.detail.gates.find((row) => row.path === item.path);
  const wait = view.locks.get(item.path);
  const { node } = item;
  const doc = node.keys?.["doc"];
  const detail = step ? Object.entries(step.detail) : [];
  const running = item.current && item.look === STEP_LOOK.running;
  const inRollout = item.kind === "rollout" || item.kind === "stage";
  return (
    <section class="panel node-detail" aria-labelledby="node-title">
      <header class="panel-head">
        <h2 id="node-title">{item.name}</h2>
        <Badge look={item.look} />
      </header>
      <p class="soft node-meta">
        <span>{KIND_WORD[item.kind] ?? item.kind}</span>
        <FilePlace text={node.file ? `${node.file}${node.line ? `:${node.line}` : ""}` : ""} />
        {item.startedAt && <span>started <Time at={item.startedAt} /></span>}
        {item.startedAt && <span>{item.finishedAt ? "took" : "for"} <Elapsed from={item.startedAt} to={item.finishedAt} /></span>}
        {step && step.attempt > 1 && <span>attempt {step.attempt}</span>}
      </p>
      {typeof doc === "string" && <p>{doc}</p>}
      {step && <ErrorPanel step={step} />}
      {item.oneWay && <Notice tone="caution" icon="oneway" title="There is no way back after this">{typeof node.keys?.["one_way"] === "string" ? node.keys["one_way"] : ""}</Notice>}
      {gate && <p><a class={`button ${gate.state === "open" ? "primary" : ""}`} href={href.gate(view.detail.id, gate.path)}><Icon name="gate" />{gate.state === "open" ? "Evidence and decision" : "What was decided"}</a></p>}
      {inRollout && view.detail.rollouts.length > 0 && <p><a class="button" href={href.rollout(view.detail.id)}><Icon name="flag" />Stages and guards</a></p>}
      {wait && <LockPanel wait={wait} />}
      {progress?.phase && <PhasePanel progress={progress} running={item.current && (step?.state === "intent" || step?.state === "undoing" || step?.state === "running")} />}
      {progress && !progress.phase && <ProgressPanel progress={progress} rates={view.rates.get(item.path) ?? []} stops={stopsOf(view)} running={running} finished={step?.state === "done"} />}
      {item.current && (item.kind === "backfill" || item.kind === "import") && mayAsk(view, "tune") && <PacePanel path={item.path} view={view} />}
      <CheckPanel path={item.path} view={view} />
      {(item.kind === "checklist" || item.kind === "manual") && <Answers item={item} view={view} />}
      <NodeKeys node={node} />
      {detail.length > 0 && (
        <details>
          <summary>What the ledger says</summary>
          <Code text={JSON.stringify(step!.detail, null, 2)} label="Ledger detail" />
        </details>
      )}
      {item.look === STEP_LOOK.pending && !step && <p class="soft">Has not started.</p>}
    </section>
  );
}
