// What a run changes: what it has done so far, step by step, and what a dry run of the same plan says about the database as it is now.

import { useState } from "preact/hooks";
import { formatCount } from "../../lib/format";
import { href } from "../../lib/router";
import { KIND_WORD, lookOf, STEP_LOOK } from "../../lib/status";
import type { RunView } from "../../state/apply";
import { canOperate, live } from "../../state/store";
import { ApiError } from "../../wire/api";
import { dryApi, type DryReport } from "../../wire/dry";
import type { Json, Step } from "../../wire/types";
import { DryReportView } from "../common/dry-report";
import { Icon } from "../common/icon";
import { Badge, Empty, Failure, Loading, Notice, Time } from "../common/parts";
import { RunFrame } from "../common/run-frame";

/** What was found stays while the dashboard is open: asking again reads whole tables. */
const found = new Map<string, { report: DryReport; at: string }>();

const COUNTS: [key: string, word: string][] = [
  ["changed", "changed"], ["rows_changed", "changed"], ["skipped", "skipped"], ["rows_skipped", "skipped"], ["queued", "to review"], ["rows_queued", "to review"], ["moved", "moved"], ["statements", "statements"],
];
const CHANGES: ReadonlySet<string> = new Set(["step", "migrations", "backfill", "import", "task", "rollout", "stage", "exec"]);

/** "1,005 changed, 2 to review"; a text that the step left says it better. */
function countsText({ detail }: Step): string {
  if (typeof detail["text"] === "string") return detail["text"];
  return COUNTS.flatMap(([key, word]) => {
    const value: Json | undefined = detail[key];
    return typeof value === "number" && value > 0 ? [`${formatCount(value)} ${word}`] : [];
  }).join(", ");
}

function Done({ view }: { view: RunView }) {
  const steps = [...view.steps.values()].filter((step) => CHANGES.has(step.kind));
  return (
    <section class="panel" aria-labelledby="so-far">
      <h2 id="so-far">Done so far</h2>
      {steps.length === 0 ? <p class="soft">Nothing was changed yet.</p> : (
        <ul class="changes">
          {steps.map((step) => (
            <li key={step.path}>
              <Badge look={lookOf(STEP_LOOK, step.state)} />
              <div>
                <a href={href.run(view.detail.id, step.path)}>{step.path}</a> <span class="soft small">{KIND_WORD[step.kind] ?? step.kind}</span>
                {countsText(step) && <span class="soft"> {countsText(step)}</span>}
              </div>
              <span class="soft small"><Time at={step.finished_at ?? step.started_at} /></span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function DryRun({ view }: { view: RunView }) {
  const { id, plan } = view.detail;
  const [state, setState] = useState<{ busy: boolean; error: ApiError | null }>({ busy: false, error: null });
  const known = found.get(id);
  const ask = async () => {
    setState({ busy: true, error: null });
    try {
      found.set(id, { report: await dryApi.previewRun(id), at: new Date().toISOString() });
      setState({ busy: false, error: null });
    } catch (error) {
      setState({ busy: false, error: error instanceof ApiError ? error : new ApiError(0, "", String(error), "", null) });
    }
  };
  return (
    <section class="panel" aria-labelledby="dry">
      <header class="panel-head">
        <h2 id="dry">Dry run</h2>
        {canOperate.value && (
          <button type="button" class="button" disabled={state.busy || !live.value} onClick={() => void ask()}>
            <Icon name="play" />{state.busy ? "Asking the database…" : known ? "Ask again" : "Dry run now"}
          </button>
        )}
      </header>
      <p class="soft">What <code>headgate plan</code> says of the plan and the parameters that this run was started with, about the database as it is now. It reads in READ ONLY transactions and changes nothing; what the run has done already is not told apart.</p>
      {!canOperate.value && <Notice tone="muted" icon="shield" title="You may look">A dry run needs the role operator.</Notice>}
      {state.error && <Failure error={state.error} what="The dry run" retry={() => void ask()} />}
      {state.busy && !known && <Loading what="the dry run" />}
      {!known && !state.busy && canOperate.value && !state.error && <Empty icon="data" title="Nobody has asked yet"><p>Large tables are read whole: that can take a while.</p></Empty>}
      {known && <><p class="soft small">Asked <Time at={known.at} />.</p><DryReportView report={known.report} linkTo={(file, line) => href.source(plan, file, line)} /></>}
    </section>
  );
}

export function ChangesPage({ run }: { run: string }) {
  return <RunFrame run={run} heading="Changes">{(view) => <><Done view={view} /><DryRun view={view} /></>}</RunFrame>;
}
