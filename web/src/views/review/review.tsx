// Rows that the migration could not settle: grouped by reason, decided one by one or all of a reason. A
// choice is only marked until "Apply" sends it.

import { useEffect, useRef, useState } from "preact/hooks";
import { formatCount, plural } from "../../lib/format";
import { parseExact, stringifyExact } from "../../lib/json";
import { params, setParam } from "../../lib/router";
import { canOperate, live, messageOf, view } from "../../state/store";
import { api, newKey } from "../../wire/api";
import type { JsonObject, ReviewChoice, ReviewDecision, ReviewReason, ReviewRow, ReviewVerdict } from "../../wire/types";
import { Icon } from "../common/icon";
import { lazyPart } from "../common/lazy";
import { Code, Dialog, Empty, Failure, Loading, Notice } from "../common/parts";
import { RunFrame } from "../common/run-frame";
import { useLoaded } from "../common/use-loaded";

const FileDialog = lazyPart(() => import("./file").then((part) => part.FileDialog));

const PAGE = 50;
const STATES = [["open", "Open"], ["applied", "Applied"], ["skipped", "Skipped"]] as const;
type Marks = ReadonlyMap<string, { row: ReviewRow; verdict: ReviewVerdict }>;

const rowId = (row: ReviewRow): string => JSON.stringify([row.step, row.key]);

const wordOf = (verdict: ReviewVerdict, row: ReviewRow): string =>
  "skip" in verdict ? "Skip" : "set" in verdict ? "Own value" : row.choices?.[verdict.choice]?.label ?? `Choice ${verdict.choice + 1}`;

/** What tells two choices apart: the plan's name for it, or what it would write. */
const choiceName = (choice: ReviewChoice): string => choice.label ?? stringifyExact(choice.set ?? {});

/** What would be written, column by column. */
export function Columns({ set }: { set: JsonObject }) {
  return <>{Object.entries(set).map(([column, value]) => <code key={column} class="soft clip">{column} = {stringifyExact(value)}</code>)}</>;
}

function ChoiceText({ choice }: { choice: ReviewChoice }) {
  return <span>{choice.label}{choice.set && <Columns set={choice.set} />}</span>;
}

function OwnValue({ marked, onMark }: { marked: ReviewVerdict | undefined; onMark: (verdict: ReviewVerdict | null) => void }) {
  const [text, setText] = useState(marked && "set" in marked ? stringifyExact(marked.set, 2) : "");
  const [problem, setProblem] = useState("");
  const take = () => {
    try {
      const value = parseExact(text);
      if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("It has to be an object: { \"column\": value }.");
      setProblem("");
      onMark({ set: value as JsonObject });
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <details class="own">
      <summary>Another value</summary>
      <label>
        Columns as JSON
        <textarea rows={3} spellcheck={false} dir="ltr" value={text} placeholder='{ "column": "value" }' onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <p class="problem" role="alert">{problem}</p>
      <button type="button" class="button small" onClick={take}>Use this value</button>
    </details>
  );
}

function RowItem({ row, marked, may, onMark }: {
  row: ReviewRow; marked: ReviewVerdict | undefined; may: boolean; onMark: (verdict: ReviewVerdict | null) => void;
}) {
  const choices = row.choices ?? [];
  const name = rowId(row);
  const at = marked === undefined ? "" : "skip" in marked ? "skip" : "choice" in marked ? `${marked.choice}` : "own";
  const onKey = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLTextAreaElement || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Number(event.key) - 1;
    if (may && Number.isInteger(index) && choices[index]) onMark({ choice: index });
  };
  return (
    <li class={`review-row${marked ? " marked" : ""}`} onKeyDown={onKey}>
      <fieldset disabled={!may}>
        <legend tabIndex={-1} data-row>
          <code><bdi>{row.key.join(", ")}</bdi></code> <span class="soft small">{row.step}</span>
        </legend>
        <p class="review-reason"><Icon name={row.kind === "error" ? "cross" : "unknown"} />{row.reason}</p>
        {row.state === "open" ? (
          <div class="choices">
            {choices.map((choice, index) => (
              <label key={index} class={`choice${at === `${index}` ? " picked" : ""}`}>
                <input type="radio" name={name} checked={at === `${index}`} onChange={() => onMark({ choice: index })} />
                {index < 9 && <kbd>{index + 1}</kbd>}
                <ChoiceText choice={choice} />
              </label>
            ))}
            <label class={`choice${at === "skip" ? " picked" : ""}`}>
              <input type="radio" name={name} checked={at === "skip"} onChange={() => onMark({ skip: true })} />
              <span>Skip<span class="soft"> – leave this row as it is</span></span>
            </label>
            {at === "own" && marked && "set" in marked && (
              <label class="choice picked">
                <input type="radio" name={name} checked onChange={() => undefined} />
                <span>Own value<Columns set={marked.set} /></span>
              </label>
            )}
            {at !== "" && <button type="button" class="button tiny ghost" onClick={() => onMark(null)}>Clear</button>}
          </div>
        ) : <p class="soft">{row.state === "applied" ? "Applied" : "Skipped"}{row.decision !== null && <>: <code>{stringifyExact(row.decision)}</code></>}</p>}
      </fieldset>
      <div class="review-more">
        {row.before && <details><summary>The row as it is</summary><Code text={stringifyExact(row.before, 2)} label={`Row ${row.key.join(", ")}`} /></details>}
        {row.state === "open" && may && <OwnValue marked={marked} onMark={onMark} />}
      </div>
    </li>
  );
}

/** One decision for all open rows of a reason. Choices are offered where all rows in sight have the same. */
function BulkDialog({ reason, rows, run, onClose, onDone }: {
  reason: ReviewReason; rows: ReviewRow[]; run: string; onClose: () => void; onDone: (decided: number) => void;
}) {
  const [picked, setPicked] = useState("skip");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const key = useRef(newKey());
  const labels = rows.map((row) => JSON.stringify((row.choices ?? []).map(choiceName)));
  const same = rows.length === reason.count && labels.every((label) => label === labels[0]);
  const choices = same ? rows[0]?.choices ?? [] : [];
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const verdict: ReviewVerdict = picked === "skip" ? { skip: true } : { choice: Number(picked) };
      const { decided } = await api.decideRows(run, [{ step: reason.step, reason: reason.reason, decision: verdict }], key.current);
      onDone(decided);
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Decide all ${formatCount(reason.count)} rows`} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <p>Reason: <strong>{reason.reason}</strong> in <code>{reason.step}</code></p>
        <div class="choices">
          {choices.map((choice, index) => (
            <label key={index} class="choice">
              <input type="radio" name="bulk" checked={picked === `${index}`} onChange={() => setPicked(`${index}`)} />
              {choice.label === null ? <ChoiceText choice={choice} /> : <span>{choice.label}<span class="soft"> – each row its own values</span></span>}
            </label>
          ))}
          <label class="choice">
            <input type="radio" name="bulk" checked={picked === "skip"} onChange={() => setPicked("skip")} />
            <span>Skip them all<span class="soft"> – the rows stay as they are</span></span>
          </label>
        </div>
        {choices.length === 0 && <p class="soft small">The rows have different choices: those are decided one by one.</p>}
        <p class="problem" role="alert">{problem}</p>
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button class="button primary" disabled={busy || !live.value}>{busy ? "Applying…" : `Apply to ${plural(reason.count, "row")}`}</button>
        </div>
      </form>
    </Dialog>
  );
}

export function ReviewPage({ run }: { run: string }) {
  const state = params.value.get("state") ?? "open";
  const reasonText = params.value.get("reason") ?? "";
  const step = params.value.get("step") ?? "";
  const after = params.value.get("after") ?? "";
  const page = useLoaded(`${run} ${state} ${step} ${reasonText} ${after}`, () =>
    api.review(run, { state, step, reason: reasonText, limit: PAGE, after }));
  const [marks, setMarks] = useState<Marks>(new Map());
  const [bulk, setBulk] = useState<ReviewReason | null>(null);
  const [file, setFile] = useState(false);
  const [done, setDone] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const key = useRef(newKey());
  const may = canOperate.value;
  const current = view.value?.detail.id === run ? view.value : null;
  const told = current?.events.findLast((event) => event.type.startsWith("review."))?.seq ?? "";
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else page.reload();
  }, [told]);

  const mark = (row: ReviewRow, verdict: ReviewVerdict | null) => {
    const next = new Map(marks);
    if (verdict === null) next.delete(rowId(row));
    else next.set(rowId(row), { row, verdict });
    setMarks(next);
    setDone("");
  };
  const decided = (count: number) => {
    setDone(`${plural(count, "row")} decided.`);
    setBulk(null);
    key.current = newKey();
    page.reload();
  };
  const apply = async () => {
    setBusy(true);
    setProblem("");
    try {
      const decisions: ReviewDecision[] = [...marks.values()].map(({ row, verdict }) => ({ step: row.step, key: row.key, decision: verdict }));
      const { decided: count } = await api.decideRows(run, decisions, key.current);
      setMarks(new Map());
      decided(count);
    } catch (error) {
      setProblem(messageOf(error));
    }
    setBusy(false);
  };
  const shown = page.value;
  const choose = (reason: ReviewReason | null) => {
    setParam("after", null);
    setParam("reason", reason?.reason ?? null);
    setParam("step", reason?.step ?? null);
  };
  return (
    <RunFrame run={run} heading="Review rows">
      {() => (
        <>
          <div class="filters">
            <div class="segments" role="group" aria-label="State">
              {STATES.map(([name, label]) => <button key={name} type="button" aria-pressed={state === name} onClick={() => {
                choose(null);
                setParam("state", name === "open" ? null : name);
              }}>{label}</button>)}
            </div>
            {shown && shown.total !== null && <span class="soft">{plural(shown.total, "row")}</span>}
            {state === "open" && shown !== null && (shown.total ?? 0) > 0 && (
              <span class="downloads">
                <a class="button small" href={api.reviewFile(run, { step, reason: reasonText })} download><Icon name="down" />CSV<span class="hidden"> of the open rows, with a column for decisions</span></a>
                {may && <button type="button" class="button small" disabled={!live.value} onClick={() => setFile(true)}>Decide by a file…</button>}
              </span>
            )}
          </div>
          <div role="status">{done && <Notice tone="good" icon="check" title={done}>The run applies the decisions by itself.</Notice>}</div>
          {!may && <Notice tone="muted" icon="shield" title="You may look">Deciding rows needs the role operator.</Notice>}
          {page.error && <Failure error={page.error} what="The review queue" retry={page.reload} />}
          {!shown && !page.error && <Loading what="rows" />}
          {shown?.unavailable && <Notice tone="caution" icon="warn" title="The rows cannot be read" action={<button type="button" class="button" onClick={() => page.reload()}>Try again</button>}>{shown.unavailable}</Notice>}
          {shown && shown.total === 0 && <Empty icon="check" title={state === "open" ? "Nothing is left to review" : "No rows"} />}
          {shown && shown.total !== null && shown.total > 0 && (
            <div class="review-columns">
              <section class="panel" aria-labelledby="reasons">
                <h2 id="reasons">By reason</h2>
                <ul class="reasons">
                  {shown.reasons.map((reason) => {
                    const picked = reason.reason === reasonText && reason.step === step;
                    return (
                      <li key={`${reason.step} ${reason.reason}`}>
                        <button type="button" class="reason" aria-pressed={picked} onClick={() => choose(picked ? null : reason)}>
                          <span>{reason.reason}</span><span class="count">{formatCount(reason.count)}</span>
                          <span class="soft small">{reason.step}</span>
                        </button>
                        {may && state === "open" && reason.count > 1 && <button type="button" class="button tiny" onClick={() => setBulk(reason)}>Decide all {formatCount(reason.count)}<span class="hidden"> with reason {reason.reason}</span>…</button>}
                      </li>
                    );
                  })}
                </ul>
              </section>
              <section class="panel" aria-labelledby="rows">
                <h2 id="rows">Rows</h2>
                <ul class="review-rows">
                  {shown.rows.map((row) => <RowItem key={rowId(row)} row={row} may={may && live.value} marked={marks.get(rowId(row))?.verdict} onMark={(verdict) => mark(row, verdict)} />)}
                </ul>
                <p class="more">
                  {after !== "" && <button type="button" class="button" onClick={() => setParam("after", null)}>First page</button>}
                  {shown.next !== null && <button type="button" class="button" onClick={() => setParam("after", shown.next)}>Next page</button>}
                </p>
              </section>
            </div>
          )}
          {marks.size > 0 && (
            <div class="apply-bar">
              <span>{plural(marks.size, "decision")}: <span class="soft clip">{[...marks.values()].slice(0, 3).map(({ row, verdict }) => `${row.key.join(", ")} → ${wordOf(verdict, row)}`).join(" · ")}</span></span>
              <span class="problem" role="alert">{problem}</span>
              <button type="button" class="button" onClick={() => setMarks(new Map())}>Clear</button>
              <button type="button" class="button primary" disabled={busy || !live.value} onClick={() => void apply()}>{busy ? "Applying…" : `Apply ${plural(marks.size, "decision")}`}</button>
            </div>
          )}
          {file && <FileDialog run={run} onClose={() => setFile(false)} onDone={(count) => {
            setFile(false);
            decided(count);
          }} />}
          {bulk && shown && <BulkDialog reason={bulk} run={run} onClose={() => setBulk(null)} onDone={decided}
            rows={shown.rows.filter((row) => row.reason === bulk.reason && row.step === bulk.step)} />}
        </>
      )}
    </RunFrame>
  );
}
