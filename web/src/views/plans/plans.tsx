// The plans that this server offers, and starting one.

import { useRef, useState } from "preact/hooks";
import { plural } from "../../lib/format";
import { go, href } from "../../lib/router";
import { isFinished } from "../../lib/status";
import { canOperate, heads, live, messageOf } from "../../state/store";
import { api, newKey } from "../../wire/api";
import type { PlanEntry, PlanPart } from "../../wire/types";
import { Icon } from "../common/icon";
import { Page } from "../common/page";
import { Dialog, Empty, Failure, Loading, Notice } from "../common/parts";
import { useLoaded } from "../common/use-loaded";
import { givenValues, initialValues, ParamFields, type Values } from "./params";

/** What a run of the plan would go through, in order, and where the way back ends. */
function Preview({ parts }: { parts: PlanPart[] }) {
  const oneWay = parts.filter((part) => part.one_way !== null);
  return (
    <details class="preview" open={parts.length <= 12}>
      <summary>What will run, in {plural(parts.length, "part")}</summary>
      <ol tabIndex={0} aria-label="Parts of the plan">
        {parts.map((part) => (
          <li key={part.path} data-depth={Math.min(3, part.path.split("/").length)}>
            <span class="node-kind">{part.kind}</span> {part.name}
            {part.one_way !== null && <strong class="tone-bad"> no way back: {part.one_way}</strong>}
            {part.doc && <span class="soft small"> {part.doc}</span>}
          </li>
        ))}
      </ol>
      {oneWay.length > 0 && <p class="small">After {oneWay.map((part) => part.name).join(", ")} there is no way back.</p>}
    </details>
  );
}

function StartDialog({ plan, onClose }: { plan: PlanEntry; onClose: () => void }) {
  const [environment, setEnvironment] = useState(plan.environments.length === 1 ? plan.environments[0]! : "");
  const [values, setValues] = useState<Values>(() => initialValues(plan.params));
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const key = useRef(newKey());
  const unfinished = [...heads.value.values()].find((run) => run.plan === plan.name && run.environment === environment && !isFinished(run.state));
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    try {
      const { id } = await api.start(plan.name, environment, givenValues(plan.params, values), key.current);
      onClose();
      go(href.run(id));
    } catch (error) {
      setProblem(messageOf(error));
      key.current = newKey();
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Start ${plan.name}`} onClose={onClose} wide>
      <form onSubmit={(event) => void submit(event)}>
        {plan.doc && <p>{plan.doc}</p>}
        <label for="environment">Environment</label>
        <select id="environment" required value={environment} onChange={(event) => setEnvironment(event.currentTarget.value)}>
          <option value="" disabled>Choose where</option>
          {plan.environments.map((name) => <option key={name} value={name}>{name}</option>)}
        </select>
        <ParamFields params={plan.params} values={values} onValues={setValues} />
        <Preview parts={plan.parts} />
        <p>The plan as it is on the server now (<code>{plan.hash?.slice(0, 12)}</code>) runs until its first gate. Gates are approved by others: you cannot approve a run that you started.</p>
        {unfinished && <Notice tone="caution" icon="warn" title={`Run #${unfinished.id} of this plan is not finished`}><a href={href.run(unfinished.id)}>Look at it</a>: one run of a plan at a time in a database.</Notice>}
        <p class="problem" role="alert">{problem}</p>
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button class="button primary" disabled={busy || environment === "" || !live.value}>{busy ? "Starting…" : environment ? `Start in ${environment}` : "Start"}</button>
        </div>
      </form>
    </Dialog>
  );
}

function PlanRow({ plan, onStart }: { plan: PlanEntry; onStart: () => void }) {
  const mine = [...heads.value.values()].filter((run) => run.plan === plan.name);
  const active = mine.filter((run) => !isFinished(run.state));
  return (
    <li class="plan-row">
      <div class="plan-text">
        <span class="plan-name">{plan.name} {plan.hash && <code class="soft small" title={plan.hash}>{plan.hash.slice(0, 12)}</code>}</span>
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
