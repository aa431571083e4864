// The plans that this server offers, and starting one.

import { useState } from "preact/hooks";
import { href } from "../../lib/router";
import { isFinished } from "../../lib/status";
import { canOperate, heads, live } from "../../state/store";
import { api } from "../../wire/api";
import type { PlanEntry } from "../../wire/types";
import { Icon } from "../common/icon";
import { Page } from "../common/page";
import { Empty, Failure, Loading, Notice } from "../common/parts";
import { useLoaded } from "../common/use-loaded";
import { StartDialog } from "./start";

function PlanRow({ plan, onStart }: { plan: PlanEntry; onStart: () => void }) {
  const mine = [...heads.value.values()].filter((run) => run.plan === plan.name);
  const active = mine.filter((run) => !isFinished(run.state));
  return (
    <li class="plan-row">
      <div class="plan-text">
        <span class="plan-name"><a href={href.plan(plan.name)}>{plan.name}</a> {plan.hash && <code class="soft small" title={plan.hash}>{plan.hash.slice(0, 12)}</code>}</span>
        {plan.doc && <span class="soft">{plan.doc}</span>}
        {plan.error && <Notice tone="bad" icon="cross" title="This plan cannot run"><code class="pre">{plan.error}</code></Notice>}
        {active.map((run) => <a key={run.id} href={href.run(run.id)} class="small">Run #{run.id} is {run.state.replaceAll("_", " ")}</a>)}
      </div>
      <div class="plan-envs">{plan.environments.map((name) => <span key={name} class="chip">{name}</span>)}</div>
      <div class="plan-act">
        <a class="small" href={`/?plan=${encodeURIComponent(plan.name)}`}>Runs<span class="hidden"> of {plan.name}</span></a>
        {canOperate.value && !plan.error && (
          <button type="button" class="button" data-row disabled={!live.value} onClick={onStart}><Icon name="play" />Start…<span class="hidden"> {plan.name}</span></button>
        )}
      </div>
    </li>
  );
}

export function PlansPage() {
  const plans = useLoaded("plans", api.plans);
  const [starting, setStarting] = useState<PlanEntry | null>(null);
  const list = plans.value?.plans;
  return (
    <Page title="Plans" heading="Plans">
      {plans.error && <Failure error={plans.error} what="The plans" retry={plans.reload} />}
      {!list && !plans.error && <Loading what="plans" />}
      {list && !canOperate.value && <Notice tone="muted" icon="shield" title="You may look">Starting a run needs the role operator.</Notice>}
      {list?.length === 0 && (
        <Empty icon="file" title="This server offers no plans">
          <p>Write one with <code>headgate init</code>, and tell the server its folder: <code>headgate serve --plans DIR</code></p>
        </Empty>
      )}
      {list && list.length > 0 && (
        <section class="panel" aria-label="Plans"><ul class="plans">{list.map((plan) => <PlanRow key={plan.name} plan={plan} onStart={() => setStarting(plan)} />)}</ul></section>
      )}
      {starting && <StartDialog plan={starting} onClose={() => setStarting(null)} />}
    </Page>
  );
}
