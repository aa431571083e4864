// Starting a run of a plan: where, with which values, after a look at what it would do.

import { useRef, useState } from "preact/hooks";
import { plural } from "../../lib/format";
import { go, href } from "../../lib/router";
import { isFinished } from "../../lib/status";
import { heads, live, messageOf } from "../../state/store";
import { api, newKey } from "../../wire/api";
import { dryApi, type DryReport } from "../../wire/dry";
import type { PlanEntry, PlanPart } from "../../wire/types";
import { DryReportView } from "../common/dry-report";
import { Icon } from "../common/icon";
import { Dialog, Notice } from "../common/parts";
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

export function StartDialog({ plan, onClose }: { plan: PlanEntry; onClose: () => void }) {
  const [environment, setEnvironment] = useState(plan.environments.length === 1 ? plan.environments[0]! : "");
  const [values, setValues] = useState<Values>(() => initialValues(plan.params));
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [dry, setDry] = useState<{ busy: boolean; report: DryReport | null }>({ busy: false, report: null });
  const key = useRef(newKey());
  const unfinished = [...heads.value.values()].find((run) => run.plan === plan.name && run.environment === environment && !isFinished(run.state));
  const ask = async () => {
    setDry({ busy: true, report: null });
    setProblem("");
    try {
      setDry({ busy: false, report: await dryApi.preview(plan.name, environment, givenValues(plan.params, values)) });
    } catch (error) {
      setProblem(messageOf(error));
      setDry({ busy: false, report: null });
    }
  };
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
        {dry.report && <section aria-label="Dry run"><DryReportView report={dry.report} /></section>}
        <p>The plan as it is on the server now (<code>{plan.hash?.slice(0, 12)}</code>) runs until its first gate. Gates are approved by others: you cannot approve a run that you started.</p>
        {unfinished && <Notice tone="caution" icon="warn" title={`Run #${unfinished.id} of this plan is not finished`}><a href={href.run(unfinished.id)}>Look at it</a>: one run of a plan at a time in a database.</Notice>}
        <p class="problem" role="alert">{problem}</p>
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="button" class="button" disabled={dry.busy || environment === "" || !live.value} onClick={() => void ask()}>
            <Icon name="search" />{dry.busy ? "Asking the database…" : "Dry run"}
          </button>
          <button class="button primary" disabled={busy || environment === "" || !live.value}>{busy ? "Starting…" : environment ? `Start in ${environment}` : "Start"}</button>
        </div>
      </form>
    </Dialog>
  );
}

