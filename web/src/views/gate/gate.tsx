// A gate: the question, what was found, what follows, its clocks, and the decision. An approval is bound to the
// digest of what is shown here; when that changed, the difference is shown first and what was typed is kept.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { formatDuration, formatIn, plural } from "../../lib/format";
import { href } from "../../lib/router";
import { GATE_LOOK, lookOf, VERDICT_LOOK, WORD_LOOK } from "../../lib/status";
import { gateChanges } from "../../state/gate-diff";
import { live, messageOf, now, view } from "../../state/store";
import { api, ApiError, newKey } from "../../wire/api";
import type { Approval, Evidence, Gate, GateWord, Hours, NextStep } from "../../wire/types";
import { Icon } from "../common/icon";
import { Badge, Empty, Failure, Loading, Notice, Params, Sql, Time } from "../common/parts";
import { RunFrame } from "../common/run-frame";
import { useLoaded } from "../common/use-loaded";
import { givenValues, initialValues, ParamFields, type Values } from "../plans/params";
import { Around } from "./around";

interface Draft {
  comment: string;
  fields?: Values;
}

/** What was typed, by gate: it outlives a conflict, a lost connection and a session that ended. */
const drafts = signal<ReadonlyMap<string, Draft>>(new Map());

/** Asks the runner to look at the evidence again; what it finds comes over the stream. */
function Recheck({ gate }: { gate: Gate }) {
  const [asked, setAsked] = useState("");
  const before = gate.checked_at ?? "";
  const [problem, setProblem] = useState("");
  const waits = asked !== "" && asked === `${gate.digest} ${before}`;
  const ask = async () => {
    setProblem("");
    try {
      await api.recheck(gate.run, gate.path);
      setAsked(`${gate.digest} ${before}`);
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <>
      <button type="button" class="button small" disabled={waits || !live.value} onClick={() => void ask()}>
        <Icon name="retry" />{waits ? "Looking again…" : "Re-run evidence"}
      </button>
      {problem && <span class="problem" role="alert">{problem}</span>}
    </>
  );
}

function EvidenceList({ gate }: { gate: Gate }) {
  const rows: Evidence[] = gate.evidence ?? [];
  const counts = rows.filter((row) => row.verdict === "pass").length;
  return (
    <section class="panel" aria-labelledby="evidence">
      <header class="panel-head">
        <h2 id="evidence">Evidence</h2>
        <span class="soft small">{counts} of {plural(rows.length, "point")} pass{gate.checked_at && <>, checked <Time at={gate.checked_at} ago /></>}</span>
        {rows.length > 0 && isLive(gate) && <Recheck gate={gate} />}
      </header>
      {rows.length === 0 ? <p class="soft">This gate asks for no evidence.</p> : (
        <ul class="evidence">
          {rows.map((row) => (
            <li key={row.path}>
              <Badge look={lookOf(VERDICT_LOOK, row.verdict)} />
              <div>
                <span class="evidence-name">{row.path}</span>
                <span class="soft">{row.text}</span>
              </div>
              {row.at && <span class="soft small"><Time at={row.at} ago /></span>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function NextList({ rows, then }: { rows: NextStep[]; then: string }) {
  return (
    <section class="panel" aria-labelledby="next">
      <header class="panel-head"><h2 id="next">If you approve</h2>{then && <span class="soft small">{then}</span>}</header>
      {rows.length === 0 ? <p class="soft">The run goes on{then ? `: ${then}` : ""}.</p> : (
        <ol class="next">
          {rows.map((row, index) => (
            <li key={index}>
              <span class="node-kind">{row.kind}</span>
              <div>
                <span>{row.text}</span>
                {row.one_way && <strong class="tone-bad"> No way back: {row.one_way}</strong>}
                {row.sql && (index < 3 ? <Sql text={row.sql} /> : <details><summary>SQL</summary><Sql text={row.sql} /></details>)}
              </div>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

const EXPIRES: Record<string, string> = { hold: "the run is held", reject: "it counts as rejected", rollback: "the run rolls back" };

const enough = ({ approvals, need }: Gate): boolean => approvals.filter((row) => row.decision === "approve").length >= need;

/** Something can still be said about it. */
const isLive = ({ state }: Gate): boolean => state === "open" || state === "approved";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const title = (day: string): string => day[0]!.toUpperCase() + day.slice(1);

/** "Mon, Tue 09:00–17:00 Europe/Berlin" */
function hoursText({ days, from, to, zone }: Hours): string {
  const list = days.length === DAYS.length ? "every day" : DAYS.filter((day) => days.includes(day)).map(title).join(", ");
  return `${list} ${from}–${to} ${zone}`;
}

function Word({ row }: { row: Approval }) {
  const said = lookOf(WORD_LOOK, row.decision);
  const answers = Object.entries(row.fields ?? {});
  return (
    <li class={`tone-${said.tone}`}>
      <Icon name={said.icon} />
      <span><strong>{row.person}</strong> {said.label}{row.roles.length > 0 && ` as ${row.roles.join(", ")}`}, <Time at={row.at} />
        {row.comment && <q>{row.comment}</q>}
        {answers.map(([name, value]) => <span key={name} class="soft small"> {name} = {typeof value === "string" ? value : JSON.stringify(value)}</span>)}</span>
    </li>
  );
}

function GateState({ gate }: { gate: Gate }) {
  const approved = gate.approvals.filter((row) => row.decision === "approve").length;
  const left = gate.expires_at === null ? null : Date.parse(gate.expires_at) - now.value;
  const passes = gate.passes_at ? Date.parse(gate.passes_at) - now.value : 0;
  const words = [...gate.approvals, ...(gate.revoked ?? [])].sort((a, b) => (a.at < b.at ? -1 : 1));
  return (
    <>
      <div class="gate-state">
        <Badge look={lookOf(GATE_LOOK, gate.state)} />
        <span class="quorum" aria-hidden="true">
          {Array.from({ length: Math.min(gate.need, 12) }, (_, index) => <span key={index} class={index < approved ? "given" : ""} />)}
        </span>
        <span>{approved} of {plural(gate.need, "approval")}</span>
      </div>
      <p class="soft small">
        {gate.need} × {gate.approvers.join(", ")} · {gate.state === "open" ? "asked" : "opened"} <Time at={gate.opened_at} ago />
        {gate.state === "open" && left !== null && (left > 0
          ? <> · expires in <span class="num">{formatDuration(left * 1000)}</span>{gate.on_expire && `, then ${EXPIRES[gate.on_expire] ?? gate.on_expire}`}</>
          : " · expired")}
        {gate.closed_at && <> · closed <Time at={gate.closed_at} /></>}
      </p>
      {gate.state === "approved" && gate.passes_at && (
        <Notice tone="clock" icon="clock" title={passes > 0 ? <>Passes in <span class="num">{formatDuration(passes * 1000)}</span></> : "Passes now"}>
          <p>at <Time at={gate.passes_at} />{gate.hours && formatIn(gate.passes_at, gate.hours.zone) && `, ${formatIn(gate.passes_at, gate.hours.zone)}`}. Until then an approval can be taken back.</p>
        </Notice>
      )}
      {isLive(gate) && ((gate.wait_us ?? 0) > 0 || gate.hours) && (
        <p class="soft small">After the last approval
          {(gate.wait_us ?? 0) > 0 && <> it waits {formatDuration(gate.wait_us ?? 0)}</>}{(gate.wait_us ?? 0) > 0 && gate.hours && " and"}
          {gate.hours && <> begins only {hoursText(gate.hours)}</>}.</p>
      )}
      {words.length > 0 && <ul class="approvals">{words.map((row) => <Word key={`${row.person} ${row.at}`} row={row} />)}</ul>}
    </>
  );
}

/** The gate that an answer 409 carries, plain or under "gate". */
function gateOf(body: unknown): Gate | null {
  const found = (body as { gate?: unknown } | null)?.gate ?? body;
  return typeof found === "object" && found !== null && "digest" in found && "evidence" in found ? (found as Gate) : null;
}

const BUSY: Record<GateWord, string> = {
  approve: "Approving…", reject: "Rejecting…", revoke: "Taking it back…", "break-glass": "Breaking the glass…",
};
const WHY: Partial<Record<GateWord, string>> = {
  reject: "Say why you reject: the people who wait for this will read it.",
  "break-glass": "Say why it cannot wait: others will have to look at this afterwards.",
};

function Decision({ gate, changes, onSeen, onGate }: {
  gate: Gate; changes: string[] | null; onSeen: () => void; onGate: (gate: Gate) => void;
}) {
  const name = `${gate.run} ${gate.path}`;
  const asked = gate.fields ?? [];
  const { comment, fields = initialValues(asked) } = drafts.value.get(name) ?? { comment: "" };
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState<"" | GateWord>("");
  const field = useRef<HTMLTextAreaElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const key = useRef(newKey());
  const keep = (draft: Draft) => (drafts.value = new Map(drafts.value).set(name, draft));
  const may = gate.may ?? { approve: false, why: "" };
  const says = may.approve || may.reject === true;
  const blocked = gate.evidence?.some((row) => row.verdict !== "pass" && row.verdict !== "warn") ?? false;
  const still = busy !== "" || changes !== null || !live.value;

  const decide = async (word: GateWord) => {
    const why = WHY[word];
    if (why !== undefined && comment.trim() === "") {
      setProblem(why);
      field.current?.focus();
      return;
    }
    if (word === "approve" && form.current?.reportValidity() === false) return;
    setBusy(word);
    setProblem("");
    try {
      onGate(await api.decide(gate, word, comment.trim(), word === "approve" ? givenValues(asked, fields) : {}, key.current));
      keep({ comment: "" });
    } catch (error) {
      const newer = error instanceof ApiError && error.status === 409 ? gateOf(error.body) : null;
      if (newer) onGate(newer);
      setProblem(newer && newer.digest !== gate.digest ? "Nothing was decided: the gate changed while you read it. Your comment is kept." : messageOf(error));
    }
    key.current = newKey();
    setBusy("");
  };

  return (
    <form ref={form} onSubmit={(event) => event.preventDefault()}>
      {changes && (
        <Notice tone="caution" icon="warn" title="This changed since you opened it; earlier approvals no longer count"
          action={<button type="button" class="button small" onClick={onSeen}>I have read it</button>}>
          <ul>{changes.map((change) => <li key={change}>{change}</li>)}</ul>
        </Notice>
      )}
      {!may.approve && gate.state === "open" && (
        <Notice tone="muted" icon="shield" title={may.revoke || says ? "You cannot approve this gate" : "You cannot decide this gate"}>{may.why || "It is for others."}</Notice>
      )}
      {(says || may.revoke || may.break_glass) && (
        <>
          {may.approve && <ParamFields params={asked} values={fields} onValues={(values) => keep({ comment, fields: values })} legend="To be answered" />}
          <label for="comment">Comment <span class="soft">(a rejection needs one)</span></label>
          <textarea id="comment" ref={field} rows={3} data-comment value={comment} aria-describedby="gate-problem"
            onInput={(event) => keep({ comment: event.currentTarget.value, fields })} />
          <p id="gate-problem" class="problem" role="alert">{problem}</p>
          {blocked && may.approve && <p class="tone-caution small warn-line"><Icon name="warn" />Not all evidence passes.</p>}
          <div class="decide">
            {may.approve && (
              <button type="button" class="button primary" data-approve disabled={still} onClick={() => void decide("approve")}>
                <Icon name="check" />{busy === "approve" ? BUSY.approve : `Approve${gate.then ? ` – ${gate.then}` : ""}`}
              </button>
            )}
            {may.revoke && (
              <button type="button" class="button" disabled={still} onClick={() => void decide("revoke")}>
                <Icon name="retry" />{busy === "revoke" ? BUSY.revoke : "Take my approval back"}
              </button>
            )}
            {(may.reject ?? may.approve) && (
              <button type="button" class="button quiet-danger" disabled={still} onClick={() => void decide("reject")}>
                <Icon name="cross" />{busy === "reject" ? BUSY.reject : "Reject"}
              </button>
            )}
          </div>
          {may.break_glass && (
            <details class="glass">
              <summary>Nobody who may approve can be reached?</summary>
              <p class="small">Two administrators together can pass this gate without its approvers. It is marked for good, and somebody else has to look at it afterwards.</p>
              <button type="button" class="button quiet-danger" disabled={still} onClick={() => void decide("break-glass")}>
                <Icon name="warn" />{busy === "break-glass" ? BUSY["break-glass"] : "Break the glass"}
              </button>
            </details>
          )}
          {!live.value && <p class="soft small">Decisions wait until the page is live again.</p>}
        </>
      )}
    </form>
  );
}

/** What is owed where the glass was broken. */
function Obligation({ gate, onDone }: { gate: Gate; onDone: () => void }) {
  const [note, setNote] = useState("");
  const [problem, setProblem] = useState("");
  const key = useRef(newKey());
  const owed = gate.obligation;
  if (!owed) return null;
  if (!owed.open)
    return <Notice tone="good" icon="check" title={`${owed.by ?? "Somebody"} looked at it`}>{owed.note && <q>{owed.note}</q>} <Time at={owed.at} /></Notice>;
  const answer = async () => {
    setProblem("");
    if (note.trim() === "") return setProblem("Say what you looked at.");
    try {
      await api.answer(gate.run, gate.path, 0, note.trim(), key.current);
      onDone();
    } catch (error) {
      key.current = newKey();
      setProblem(messageOf(error));
    }
  };
  return (
    <Notice tone="caution" icon="warn" title="The glass of this gate was broken">
      <p>It was passed without its approvers. Somebody else has to say what was looked at since.</p>
      {gate.may?.answer !== false && (
        <form onSubmit={(event) => { event.preventDefault(); void answer(); }}>
          <label for="owed">What was looked at</label>
          <textarea id="owed" rows={3} value={note} aria-describedby="owed-problem" onInput={(event) => setNote(event.currentTarget.value)} />
          <p id="owed-problem" class="problem" role="alert">{problem}</p>
          <button type="submit" class="button" disabled={!live.value}><Icon name="check" />Answer</button>
        </form>
      )}
    </Notice>
  );
}

export function GatePage({ run, path }: { run: string; path: string }) {
  const gate = useLoaded(`${run} ${path}`, () => api.gate(run, path));
  const [seen, setSeen] = useState<Gate | null>(null);
  const current = view.value?.detail.id === run ? view.value : null;
  // fetched again when the stream says something of this gate, or the run moved
  const told = current?.events.findLast((event) => event.node === path && event.type !== "log")?.seq ?? "";
  const version = current?.detail.version ?? "";
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = told === "" && version === "";
    else gate.reload();
  }, [told, version]);
  useEffect(() => {
    if (seen === null && gate.value) setSeen(gate.value);
  }, [gate.value]);
  const shown = gate.value;
  const open = shown ? isLive(shown) : false;
  const changes = shown && seen && open && seen.digest !== shown.digest ? gateChanges(seen, shown) : null;
  return (
    <RunFrame run={run} heading={`Gate: ${path}`}>
      {() => (
        <>
          {gate.error && !shown && (gate.error.status === 404
            ? <Empty icon="gate" title="This gate has not opened yet"><p><a href={href.run(run, path)}>To the run</a></p></Empty>
            : <Failure error={gate.error} what="The gate" retry={gate.reload} />)}
          {!shown && !gate.error && <Loading what="the gate" />}
          {shown && (
            <div class="gate-columns">
              <div class="gate-main">
                <p class="question">{shown.question}</p>
                {current && Object.keys(current.detail.params).length > 0 && (
                  <section class="panel" aria-labelledby="params">
                    <header class="panel-head"><h2 id="params">Parameters of this run</h2></header>
                    <Params values={current.detail.params} />
                  </section>
                )}
                <NextList rows={shown.next ?? []} then={shown.then ?? ""} />
                <EvidenceList gate={shown} />
                {open && current && <Around view={current} gate={shown} />}
              </div>
              <section class="panel decision" aria-labelledby="decision">
                <h2 id="decision">Decision</h2>
                <GateState gate={shown} />
                {open && <Decision gate={shown} changes={changes} onSeen={() => setSeen(shown)} onGate={gate.put} />}
                {open && current?.detail.state === "rollback_blocked" && enough(shown) && (
                  <Notice tone="good" icon="check" title="It has its approvals" action={<a class="button small" href={href.run(run)}>To the run</a>}>
                    <p><em>Retry</em> there goes on with it.</p>
                  </Notice>
                )}
                <Obligation gate={shown} onDone={gate.reload} />
                {!open && <p><a class="button" href={href.run(run)}>To the run</a></p>}
                <p class="soft small">Bound to <code title={shown.digest}>{shown.digest.slice(0, 16)}</code>: plan, parameters, targets and evidence.</p>
              </section>
            </div>
          )}
        </>
      )}
    </RunFrame>
  );
}
