// One plan: what it is for, its parts, what check says of it, its source, and how its runs went.

import { useState } from "preact/hooks";
import { betweenUs, formatDuration, plural } from "../../lib/format";
import { href, params } from "../../lib/router";
import { isFinished, KIND_WORD, lookOf, RUN_LOOK } from "../../lib/status";
import { canOperate, live } from "../../state/store";
import { api } from "../../wire/api";
import { dryApi, type PlanDetail } from "../../wire/dry";
import type { PlanNode, Run } from "../../wire/types";
import { Findings } from "../common/dry-report";
import { Icon } from "../common/icon";
import { Page } from "../common/page";
import { Badge, Empty, Facts, Failure, Loading, Notice, Time } from "../common/parts";
import { useLoaded } from "../common/use-loaded";
import { StartDialog } from "../plans/start";
import { Source } from "./source";

const RUNS = 20;

const oneWayOf = (node: PlanNode): string | null => (typeof node.keys?.["one_way"] === "string" ? node.keys["one_way"] : null);

function Parts({ node, plan }: { node: PlanNode; plan: string }) {
  return (
    <ol>
      {(node.children ?? []).map((child) => {
        const doc = child.keys?.["doc"];
        const way = oneWayOf(child);
        return (
          <li key={child.path} class={(child.children ?? []).length > 0 ? "group" : ""}>
            <a class="node part" data-row href={child.file ? href.source(plan, child.file, child.line ?? 1) : href.plan(plan)}>
              <span class="node-name">
                {child.name}
                {way !== null && <span class="oneway" title={`No way back: ${way}`}><Icon name="oneway" /><span class="hidden"> (no way back: {way})</span></span>}
                {typeof doc === "string" && <span class="soft small"> {doc}</span>}
              </span>
              <span class="node-kind">{KIND_WORD[child.kind] ?? child.kind}</span>
              {child.file && <span class="place">{child.file}:{child.line}</span>}
            </a>
            <Parts node={child} plan={plan} />
          </li>
        );
      })}
    </ol>
  );
}

const tookUs = (run: Run): number => betweenUs(run.created_at, run.finished_at ?? run.state_since);

/** How its last runs went: newest first, each with a bar as long as it took. */
function Runs({ plan }: { plan: string }) {
  const runs = useLoaded(`runs ${plan}`, () => api.runs({ plan, limit: RUNS }));
  const list = runs.value?.runs;
  const longest = Math.max(1, ...(list ?? []).map(tookUs));
  const ended = (list ?? []).filter((run) => isFinished(run.state)).map(tookUs).sort((a, b) => a - b);
  return (
    <section class="panel" aria-labelledby="history">
      <header class="panel-head">
        <h2 id="history">Runs</h2>
        <a class="small" href={`/?plan=${encodeURIComponent(plan)}`}>All of them</a>
      </header>
      {runs.error && <Failure error={runs.error} what="The runs" retry={runs.reload} />}
      {!list && !runs.error && <Loading what="its runs" />}
      {list?.length === 0 && <Empty icon="list" title="It has never run here" />}
      {ended.length > 1 && <p class="soft small">Of the last {plural(ended.length, "run")} that ended, half took {formatDuration(ended[Math.floor((ended.length - 1) / 2)]!)} or less; the longest took {formatDuration(ended.at(-1)!)}.</p>}
      <ul class="plan-runs">
        {(list ?? []).map((run) => (
          <li key={run.id}>
            <Badge look={lookOf(RUN_LOOK, run.state)} />
            <a href={href.run(run.id)}>#{run.id}</a>
            <span class="chip">{run.environment}</span>
            <span class="soft small">{run.started_by}, <Time at={run.created_at} /></span>
            <span class="duration">
              <progress class="bar" max={longest} value={tookUs(run)} aria-label={`Run ${run.id} took`}>{formatDuration(tookUs(run))}</progress>
              <span class="num small">{formatDuration(tookUs(run))}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function countOneWay(node: PlanNode | null): number {
  return node ? (oneWayOf(node) === null ? 0 : 1) + (node.children ?? []).reduce((sum, child) => sum + countOneWay(child), 0) : 0;
}

function About({ plan }: { plan: PlanDetail }) {
  const open = plan.findings.filter((finding) => !finding.allowed);
  const count = (level: string) => open.filter((finding) => finding.level === level).length;
  const oneWay = countOneWay(plan.graph);
  return (
    <section class="panel about" aria-label="About the plan">
      {plan.doc && <p>{plan.doc}</p>}
      {plan.error && <Notice tone="bad" icon="cross" title="This plan cannot run"><code class="pre">{plan.error}</code></Notice>}
      <Facts class="line" rows={[
        ["Plan", plan.hash && <code title={plan.hash}>{plan.hash.slice(0, 12)}</code>],
        ["Environments", plan.environments.length > 0 && <>{plan.environments.map((name) => <span key={name} class="chip">{name}</span>)}</>],
        ["Parameters", plan.params.length > 0 && plan.params.map((param) => param.name).join(", ")],
        ["No way back", oneWay > 0 ? plural(oneWay, "step") : plan.graph && "every step can be undone"],
        ["Errors", count("error") > 0 && String(count("error"))],
        ["Warnings", count("warning") > 0 && String(count("warning"))],
      ]} />
    </section>
  );
}

export function PlanPage({ plan: name }: { plan: string }) {
  const loaded = useLoaded(`plan ${name}`, () => dryApi.plan(name));
  const [starting, setStarting] = useState(false);
  const plan = loaded.value;
  const chosen = params.value.get("file") ?? "";
  const line = Number(/^#L(\d{1,6})$/.exec(location.hash)?.[1] ?? 0);
  return (
    <Page title={`${name} – plan`} heading={name} crumbs={[{ label: "Plans", href: href.plans }]}
      aside={plan && !plan.error && canOperate.value && (
        <button type="button" class="button primary" disabled={!live.value} onClick={() => setStarting(true)}><Icon name="play" />Dry run or start…</button>
      )}>
      {loaded.error && <Failure error={loaded.error} what={`The plan ${name}`} retry={loaded.reload} />}
      {!plan && !loaded.error && <Loading what="the plan" />}
      {plan && !canOperate.value && <Notice tone="muted" icon="shield" title="You may look">A dry run, and starting a run, need the role operator.</Notice>}
      {plan && <About plan={plan} />}
      {plan && (
        <div class="plan-columns">
          <nav class="panel timeline" aria-labelledby="parts">
            <h2 id="parts">Parts, in order</h2>
            {plan.graph ? <Parts node={plan.graph} plan={name} /> : <p class="soft">They are not known: the plan cannot be evaluated.</p>}
          </nav>
          <div class="run-main">
            <section class="panel" aria-labelledby="findings">
              <h2 id="findings">What check says</h2>
              <Findings list={plan.findings} linkTo={(file, at) => href.source(name, file, at)} />
            </section>
            <Source files={plan.files} chosen={chosen} line={line} />
            <Runs plan={name} />
          </div>
        </div>
      )}
      {starting && plan && <StartDialog plan={plan} onClose={() => setStarting(false)} />}
    </Page>
  );
}
