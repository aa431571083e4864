// A gate: the question, what was found, what follows, and the decision. An approval is bound to the digest
// of what is shown here; when that changed, the difference is shown first and what was typed is kept.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { formatDuration, plural } from "../../lib/format";
import { href } from "../../lib/router";
import { GATE_LOOK, lookOf, VERDICT_LOOK } from "../../lib/status";
import { gateChanges } from "../../state/gate-diff";
import { live, messageOf, now, view } from "../../state/store";
import { api, ApiError, newKey } from "../../wire/api";
import type { Evidence, Gate, NextStep } from "../../wire/types";
import { Icon } from "../common/icon";
import { Badge, Empty, Failure, Loading, Notice, Params, Sql, Time } from "../common/parts";
import { RunFrame } from "../common/run-frame";
import { useLoaded } from "../common/use-loaded";

/** Comments by gate: they outlive a conflict, a lost connection and a session that ended. */
const drafts = signal<ReadonlyMap<string, string>>(new Map());

function EvidenceList({ rows }: { rows: Evidence[] }) {
  const counts = rows.filter((row) => row.verdict === "pass").length;
  return (
    <section class="panel" aria-labelledby="evidence">
      <header class="panel-head">
        <h2 id="evidence">Evidence</h2>
        <span class="soft small">{counts} of {plural(rows.length, "point")} pass</span>
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

function GateState({ gate }: { gate: Gate }) {
  const approved = gate.approvals.filter((row) => row.decision === "approve").length;
  const left = gate.expires_at === null ? null : Date.parse(gate.expires_at) - now.value;
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
      {gate.approvals.length > 0 && (
        <ul class="approvals">
          {gate.approvals.map((row) => (
            <li key={`${row.person} ${row.at}`} class={`tone-${row.decision === "approve" ? "good" : "bad"}`}>
              <Icon name={row.decision === "approve" ? "check" : "cross"} />
              <span><strong>{row.person}</strong> {row.decision === "approve" ? "approved" : "rejected"}{row.roles.length > 0 && ` as ${row.roles.join(", ")}`}, <Time at={row.at} />
                {row.comment && <q>{row.comment}</q>}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** The gate that an answer 409 carries, plain or under "gate". */
function gateOf(body: unknown): Gate | null {
  const found = (body as { gate?: unknown } | null)?.gate ?? body;
  return typeof found === "object" && found !== null && "digest" in found && "evidence" in found ? (found as Gate) : null;
}

function Decision({ gate, changes, onSeen, onGate }: {
  gate: Gate; changes: string[] | null; onSeen: () => void; onGate: (gate: Gate) => void;
}) {
  const name = `${gate.run} ${gate.path}`;
  const comment = drafts.value.get(name) ?? "";
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState<"" | "approve" | "reject">("");
  const field = useRef<HTMLTextAreaElement>(null);
  const key = useRef(newKey());
  const setComment = (text: string) => (drafts.value = new Map(drafts.value).set(name, text));
  const may = gate.may ?? { approve: false, why: "" };
  const blocked = gate.evidence?.some((row) => row.verdict !== "pass" && row.verdict !== "warn") ?? false;

  const decide = async (decision: "approve" | "reject") => {
    if (decision === "reject" && comment.trim() === "") {
      setProblem("Say why you reject: the people who wait for this will read it.");
      field.current?.focus();
      return;
    }
    setBusy(decision);
    setProblem("");
    try {
      onGate(await api.decide(gate.run, gate.path, decision, gate.digest, comment.trim(), key.current));
      setComment("");
    } catch (error) {
      const newer = error instanceof ApiError && error.status === 409 ? gateOf(error.body) : null;
      key.current = newKey();
      if (newer) onGate(newer);
      setProblem(newer ? "Nothing was decided: the gate changed while you read it. Your comment is kept." : messageOf(error));
    }
    setBusy("");
  };

  return (
    <form onSubmit={(event) => event.preventDefault()}>
      {changes && (
        <Notice tone="caution" icon="warn" title="This changed since you opened it; earlier approvals no longer count"
          action={<button type="button" class="button small" onClick={onSeen}>I have read it</button>}>
          <ul>{changes.map((change) => <li key={change}>{change}</li>)}</ul>
        </Notice>
      )}
      {may.approve ? (
        <>
          <label for="comment">Comment <span class="soft">(a rejection needs one)</span></label>
          <textarea id="comment" ref={field} rows={3} data-comment value={comment} aria-describedby="gate-problem"
            onInput={(event) => setComment(event.currentTarget.value)} />
          <p id="gate-problem" class="problem" role="alert">{problem}</p>
          {blocked && <p class="tone-caution small warn-line"><Icon name="warn" />Not all evidence passes.</p>}
          <div class="decide">
            <button type="button" class="button primary" data-approve disabled={busy !== "" || changes !== null || !live.value} onClick={() => void decide("approve")}>
              <Icon name="check" />{busy === "approve" ? "Approving…" : `Approve${gate.then ? ` – ${gate.then}` : ""}`}
            </button>
            <button type="button" class="button quiet-danger" disabled={busy !== "" || changes !== null || !live.value} onClick={() => void decide("reject")}>
              <Icon name="cross" />{busy === "reject" ? "Rejecting…" : "Reject"}
            </button>
          </div>
          {!live.value && <p class="soft small">Decisions wait until the page is live again.</p>}
        </>
      ) : (
        <Notice tone="muted" icon="shield" title="You cannot decide this gate">{may.why || "It is for others."}</Notice>
      )}
    </form>
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
  const open = shown?.state === "open";
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
                <EvidenceList rows={shown.evidence ?? []} />
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
