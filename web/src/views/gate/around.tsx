// What one wants to know before one decides, beside the evidence: the guards' values now, the backups, and the way back.

import { useState } from "preact/hooks";
import { href } from "../../lib/router";
import { lookOf, VERDICT_LOOK } from "../../lib/status";
import type { RunView } from "../../state/apply";
import type { Gate, Step } from "../../wire/types";
import { Guards } from "../common/guards";
import { Badge, Time } from "../common/parts";
import { UndoList } from "../common/undo-list";

interface Props {
  view: RunView;
  gate: Gate;
}

/** Of the rollouts that have begun: before, nobody measures. */
function GuardsNow({ view }: Pick<Props, "view">) {
  const begun = view.detail.rollouts.filter((rollout) => rollout.guards.some((guard) => guard.at !== null));
  return (
    <>
      {begun.map((rollout) => (
        <section key={rollout.path} class="panel" aria-label={`Guards of ${rollout.flag}`}>
          <header class="panel-head"><h2>Guards now</h2><a class="small" href={href.rollout(view.detail.id)}>{rollout.flag}</a></header>
          <Guards rollout={rollout} />
        </section>
      ))}
    </>
  );
}

function Backup({ step }: { step: Step }) {
  const { text, verdict } = step.detail as { text?: string; verdict?: string };
  return (
    <li>
      <Badge look={lookOf(VERDICT_LOOK, verdict ?? "pass")} />
      <div><span class="evidence-name">{step.path}</span><span class="soft">{text ?? ""}</span></div>
      {step.finished_at && <span class="soft small"><Time at={step.finished_at} ago /></span>}
    </li>
  );
}

/** Those that are no evidence anyway. */
function Backups({ view, gate }: Props) {
  const shown = new Set(gate.evidence?.map((row) => row.path));
  const done = view.detail.steps.filter((step) => step.kind === "backup" && step.state === "done" && !shown.has(step.path));
  if (done.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="backups">
      <header class="panel-head"><h2 id="backups">Backups</h2></header>
      <ul class="evidence">{done.map((step) => <Backup key={step.path} step={step} />)}</ul>
    </section>
  );
}

/** Asked of the server when it is opened: it counts rows. */
function WayBack({ run }: { run: string }) {
  const [open, setOpen] = useState(false);
  return (
    <section class="panel" aria-labelledby="back">
      <header class="panel-head"><h2 id="back">If it goes wrong</h2></header>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>What a rollback would undo now</summary>
        {open && <UndoList run={run} />}
      </details>
    </section>
  );
}

export function Around(props: Props) {
  const { view } = props;
  return (
    <>
      <GuardsNow view={view} />
      <Backups {...props} />
      <WayBack run={view.detail.id} />
    </>
  );
}
