// One run: its state and why, the plan as a time-line, the selected step, the history.

import type { ComponentChildren } from "preact";
import { formatDuration } from "../../lib/format";
import { href, params } from "../../lib/router";
import { isFinished, isResting, isStopped, lookOf, RUN_LOOK } from "../../lib/status";
import type { RunView } from "../../state/apply";
import { findNode, outline } from "../../state/outline";
import { live, now } from "../../state/store";
import type { Reason, RunDetail, RunStatus, Times } from "../../wire/types";
import { Icon } from "../common/icon";
import { Badge, Countdown, Elapsed, Facts, GROWS, Notice, Params, Spent, SpentOf, StepsDone, Time, useTold } from "../common/parts";
import { lazyPart } from "../common/lazy";
import { RunFrame } from "../common/run-frame";
import { RunActions } from "./actions";
import { NodeDetail } from "./node";
import { Timeline } from "./timeline";

const RunChecklist = lazyPart(() => import("./checklist").then((part) => part.RunChecklist));
const History = lazyPart(() => import("./history").then((part) => part.History));
const Mend = lazyPart(() => import("./mend").then((part) => part.Mend));

/** A person has to say something that needs more than a button (mend.tsx). */
const needsMending = ({ detail }: RunView): boolean =>
  (detail.state === "held" && detail.reason?.kind === "did_it_happen") || (detail.state === "rollback_blocked" && detail.reason?.kind === "undo_failed");

/** What a state says where the server gives no reason (docs/states.md). */
const MEANING: Partial<Record<RunStatus, string>> = {
  pending: "A runner is about to start", running: "Steps are being done", waiting: "A person must act", watching: "A watch window counts down",
  held: "It stopped itself and needs a decision", throttled: "It yields to the application", paused: "A person stopped it",
  rolling_back: "Steps are being undone, in reverse order", rolled_back: "Everything that could be undone is undone",
  rollback_blocked: "An undo failed: retry it, or repair it and retry", done: "Every step is done",
  failed: "A step failed: retry, or roll back", aborted: "A person ended it where it was; nothing was undone",
};

const EXPIRY: Record<string, string> = { hold: "then it is held", reject: "then it counts as rejected", rollback: "then it rolls back", fail: "then the step fails" };

function expiryText(reason: Reason): string {
  if (!reason.expires) return "";
  const left = Date.parse(reason.expires) - now.value;
  return `${left > 0 ? `expires in ${formatDuration(left * 1000)}` : "expired"}${reason.on_expire ? `, ${EXPIRY[reason.on_expire] ?? reason.on_expire}` : ""}`;
}

/** What is left of the clock that a run watches. */
function ReasonClock({ leftUs }: { leftUs: number }) {
  const told = useTold(leftUs);
  return <> · <strong class="inline"><Countdown leftUs={leftUs} since={told} runs={live.value} /></strong> left</>;
}

/** Why the run stands where it stands, who can move it, and the way there. */
function StateLine({ view }: { view: RunView }) {
  const { detail } = view;
  const { state } = detail;
  const reason = detail.waits ?? detail.reason;
  const look = lookOf(RUN_LOOK, state);
  const gate = reason?.path && detail.gates.some((row) => row.path === reason.path && row.state === "open") ? reason.path : null;
  const review = reason?.kind === "review" || (isStopped(state) && (detail.review.open ?? 0) > 0 && !gate);
  return (
    <div class={`state-line tone-${look.tone}`}>
      <Badge look={look} />
      <div class="state-text">
        <strong>{reason?.text || (detail.node && !isFinished(state) ? `at ${detail.node}` : MEANING[state] ?? look.label)}</strong>
        <span class="soft">
          {isFinished(state) ? <>since <Time at={detail.finished_at ?? detail.state_since} /></> : <>for <Elapsed from={reason?.since ?? detail.state_since} /></>}
          {state === "watching" && typeof reason?.left_us === "number" && <ReasonClock leftUs={reason.left_us} />}
          {reason?.who && reason.who.length > 0 && <> · {detail.waits ? `behind ${reason.who.join(", ")}` : `${reason.who.join(", ")} can move it`}</>}
          {reason && expiryText(reason) && <> · {expiryText(reason)}</>}
        </span>
      </div>
      {gate && <a class="button primary" href={href.gate(detail.id, gate)}><Icon name="gate" />Evidence and decision</a>}
      {!gate && state === "watching" && detail.rollouts.length > 0 && <a class="button" href={href.rollout(detail.id)}><Icon name="flag" />Stages and guards</a>}
      {review && <a class="button primary" href={href.review(detail.id)}><Icon name="list" />Review rows</a>}
    </div>
  );
}

/** Where the time went: at work, waiting for people, watching. */
function TimesByPart({ detail }: { detail: RunDetail }) {
  const { part_times: parts, state } = detail;
  if (parts.length < 2) return null;
  const [phase = ""] = detail.node?.split("/") ?? [];
  const at = parts.find(({ path }) => path === phase) ?? parts[parts.length - 1];
  const row = (name: ComponentChildren, times: Times, atWork: boolean) => {
    const cell = (us: number, grows: boolean) => <td class="num">{us > 0 || grows ? <Spent us={us} grows={grows} /> : "–"}</td>;
    const { active_us, waiting_us, watching_us } = times;
    const grown = atWork ? GROWS[state] : undefined;
    return (
      <tr key={String(name)}>
        <th scope="row">{name}</th>
        {cell(active_us, grown === "active_us")}{cell(waiting_us, grown === "waiting_us")}{cell(watching_us, grown === "watching_us")}
        {cell(active_us + waiting_us + watching_us, grown !== undefined)}
      </tr>
    );
  };
  return (
    <details class="times">
      <summary>Time by phase</summary>
      <div class="scroll" tabIndex={0} role="group" aria-label="Time by phase">
        <table>
          <thead><tr><th scope="col">Phase</th><th scope="col">Active</th><th scope="col">Waiting</th><th scope="col">Watching</th><th scope="col">Total</th></tr></thead>
          <tbody>{parts.map((part) => row(part.path || "before the first", part, part === at))}</tbody>
          <tfoot>{row("all", detail, true)}</tfoot>
        </table>
      </div>
    </details>
  );
}

function Summary({ view }: { view: RunView }) {
  const { detail } = view;
  const over = isFinished(detail.state);
  const spent = (which: keyof Times) => (detail[which] > 0 || GROWS[detail.state] === which) && <SpentOf run={detail} which={which} />;
  return (
    <section class="summary" aria-label="Summary">
      <StateLine view={view} />
      {needsMending(view) && <Mend view={view} />}
      {!over && !isResting(detail.state) && !detail.alive && (
        <Notice tone="caution" icon="warn" title="No runner drives this run at the moment">
          Its lease ran out <Time at={detail.lease_until} ago />. The next runner goes on from what the database says is done.
        </Notice>
      )}
      <div class="summary-steps">
        <StepsDone run={detail} label="Steps done" />
      </div>
      <Facts class="line" rows={[
        ["Environment", <span class="chip">{detail.environment}</span>],
        ["Database", detail.database],
        ["Plan", <code title={detail.hash}>{detail.hash.slice(0, 12)}</code>],
        ["Parameters", Object.keys(detail.params).length > 0 && <Params values={detail.params} />],
        ["Started", <>by {detail.started_by}, <Time at={detail.created_at} /></>],
        ["Total", <Elapsed from={detail.created_at} to={over ? detail.finished_at ?? detail.state_since : null} />],
        ["Active", spent("active_us")],
        ["Waiting", spent("waiting_us")],
        ["Watching", spent("watching_us")],
        ["Direction", detail.direction === "back" ? "backward" : null],
      ]} />
      <TimesByPart detail={detail} />
    </section>
  );
}

export function RunPage({ run }: { run: string }) {
  return (
    <RunFrame run={run} heading={null} aside={(view) => <RunActions view={view} />}>
      {(view) => {
        const items = outline(view);
        const chosen = params.value.get("node");
        const selected = chosen ?? view.detail.node ?? items[0]?.path ?? "";
        return (
          <>
            <Summary view={view} />
            <div class="run-columns">
              <Timeline items={items} run={run} selected={selected} />
              <div class="run-main">
                <NodeDetail item={findNode(items, selected)} view={view} />
                <RunChecklist view={view} />
                <History view={view} node={chosen} />
              </div>
            </div>
          </>
        );
      }}
    </RunFrame>
  );
}
