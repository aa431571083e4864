// The first page: what needs you, what runs, what ran. Filters live in the address.

import { useEffect, useState } from "preact/hooks";
import { href, params, setParam } from "../../lib/router";
import { isFinished, lookOf, RUN_LOOK } from "../../lib/status";
import { heads, keepHeads, listChanged, needsYou } from "../../state/store";
import { api, type RunFilter } from "../../wire/api";
import { compareSeq } from "../../wire/decode";
import type { NeedsYou, Run } from "../../wire/types";
import { Icon, type Sign } from "../common/icon";
import { Page } from "../common/page";
import { Badge, Bar, Elapsed, Empty, Eta, Failure, Fraction, Loading, Notice, StepsDone, Time } from "../common/parts";
import { useLoaded } from "../common/use-loaded";

const FILTERS = ["q", "state", "env", "plan"] as const;
const PAGE = 50;

const NEED: Record<NeedsYou["kind"], { icon: Sign; word: string; act: string }> = {
  gate: { icon: "gate", word: "Gate", act: "Decide" },
  review: { icon: "list", word: "Review", act: "Review rows" },
  manual: { icon: "hammer", word: "By hand", act: "Open" },
  held: { icon: "hand", word: "Held", act: "Look" },
  obligation: { icon: "shield", word: "Glass broken", act: "Answer" },
};

function needHref(item: NeedsYou): string {
  if ((item.kind === "gate" || item.kind === "obligation") && item.path !== null) return href.gate(item.run, item.path);
  if (item.kind === "review") return href.review(item.run);
  return href.run(item.run, item.path ?? undefined);
}

function NeedRow({ item }: { item: NeedsYou }) {
  const need = NEED[item.kind] ?? NEED.held;
  return (
    <li class={`need ${item.mine ? "mine" : ""}`}>
      <Icon name={need.icon} />
      <div class="need-text">
        <a href={needHref(item)} data-row class="row-link"><span class="hidden">{need.word}: </span>{item.text}</a>
        <span class="soft">{item.plan} #{item.run} · {item.environment} · since <Time at={item.since} ago /></span>
      </div>
      {item.mine ? <span class="button small primary" aria-hidden="true">{need.act}</span> : <span class="soft small">waits for others</span>}
    </li>
  );
}

function RunProgress({ run }: { run: Run }) {
  const { progress } = run;
  if (run.state === "running" && progress?.phase)
    return (
      <>
        <Bar done={progress.done} total={progress.total} label={`${progress.phase} of ${progress.path ?? "the step"}`} />
        <span class="soft small">{progress.phase}</span>
      </>
    );
  if (run.state === "running" && progress)
    return (
      <>
        <Bar done={progress.done} total={progress.total} label={`Rows of ${progress.path ?? "the step"}`} />
        <span class="soft small"><Fraction done={progress.done} total={progress.total} unit="rows" /><Eta progress={progress} /></span>
      </>
    );
  return (
    <StepsDone run={run} label={`Steps of run ${run.id}`} soft />
  );
}

function RunRow({ run }: { run: Run }) {
  const over = isFinished(run.state);
  return (
    <li class="run-row">
      <div class="run-state">
        <Badge look={lookOf(RUN_LOOK, run.state)} />
        {!over && !run.alive && <span class="badge tone-caution quiet"><Icon name="warn" />No runner</span>}
      </div>
      <div class="run-name">
        <a href={href.run(run.id)} data-row class="row-link">{run.plan} <span class="id">#{run.id}</span></a>
        <span class="soft small clip">
          {over ? `${run.environment} · ${run.database}` : (run.waits ?? run.reason)?.text || (run.node ? `at ${run.node}` : `${run.environment} · ${run.database}`)}
        </span>
      </div>
      <div class="run-env"><span class="chip">{run.environment}</span></div>
      <div class="run-progress"><RunProgress run={run} /></div>
      <div class="run-when">
        <span>{over ? <>took <Elapsed from={run.created_at} to={run.finished_at} /></> : <>for <Elapsed from={run.state_since} /></>}</span>
        <span class="soft small">{run.started_by} · <Time at={run.created_at} ago /></span>
      </div>
    </li>
  );
}

function Filters({ plans, environments }: { plans: string[]; environments: string[] }) {
  const value = (name: string) => params.value.get(name) ?? "";
  const [text, setText] = useState(value("q"));
  useEffect(() => {
    const timer = setTimeout(() => setParam("q", text.trim()), 200);
    return () => clearTimeout(timer);
  }, [text]);
  const any = FILTERS.some((name) => value(name) !== "");
  const select = (name: string, label: string, options: [value: string, label: string][]) => (
    <label class="field">
      <span class="hidden">{label}</span>
      <select value={value(name)} onChange={(event) => setParam(name, event.currentTarget.value)}>
        <option value="">{label}: all</option>
        {options.map(([key, word]) => <option key={key} value={key}>{word}</option>)}
      </select>
    </label>
  );
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <label class="field search">
        <span class="hidden">Search runs</span>
        <Icon name="search" />
        <input type="search" placeholder="Search plan, person, id" value={text} data-search onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      {select("state", "State", Object.entries(RUN_LOOK).map(([key, look]) => [key, look.label]))}
      {select("env", "Environment", environments.map((name) => [name, name]))}
      {select("plan", "Plan", plans.map((name) => [name, name]))}
      {any && (
        <button type="button" class="button small ghost" onClick={() => {
          setText("");
          for (const name of FILTERS) setParam(name, null);
        }}>Clear</button>
      )}
    </form>
  );
}

/** The fetched page with what the stream told since; a run that the stream brought in stands in front. */
function merged(listed: readonly Run[], live: ReadonlyMap<string, Run>): Run[] {
  return listed.map((run) => {
    const head = live.get(run.id);
    return head && compareSeq(head.version, run.version) >= 0 ? head : run;
  });
}

const distinct = (values: string[]): string[] => [...new Set(values)].sort();

export function RunsPage() {
  const filter: RunFilter = { limit: PAGE };
  for (const name of FILTERS) {
    const value = params.value.get(name);
    if (value) filter[name] = value;
  }
  const filtered = FILTERS.some((name) => filter[name] !== undefined);
  const first = useLoaded(JSON.stringify(filter), async () => {
    const list = await api.runs(filter);
    keepHeads(list.runs);
    needsYou.value = list.needs_you;
    return list;
  });
  const [more, setMore] = useState<{ key: string; runs: Run[]; end: boolean }>({ key: "", runs: [], end: false });
  const changed = listChanged.value;
  useEffect(() => {
    if (changed > 0) first.reload();
  }, [changed]);

  const listed = first.value?.runs ?? [];
  const key = JSON.stringify(filter);
  const later = more.key === key ? more.runs.filter((run) => !listed.some((other) => other.id === run.id)) : [];
  const runs = merged([...listed, ...later], heads.value);
  const active = runs.filter((run) => !isFinished(run.state));
  const recent = runs.filter((run) => isFinished(run.state));
  const needs = needsYou.value;
  const atEnd = listed.length < PAGE || (more.key === key && more.end);
  const last = [...listed, ...later].at(-1);
  const loadMore = async () => {
    if (!last) return;
    const page = await api.runs({ ...filter, before: last.id });
    setMore({ key, runs: [...later, ...page.runs], end: page.runs.length < PAGE });
  };
  const all = [...heads.value.values()];
  return (
    <Page title="Runs" heading="Runs" aside={<a class="button" href={href.plans}><Icon name="play" />Start a run</a>}>
      {(first.value?.unavailable ?? []).map((item) => (
        <Notice key={`${item.environment} ${item.text}`} tone="caution" icon="warn" title={`${item.environment}: target ${item.target} cannot be asked`}>
          {item.text}. Rows that wait for a decision there are not listed.
        </Notice>
      ))}
      {needs.length > 0 && !filtered && (
        <section aria-labelledby="needs-you" class="panel needs">
          <h2 id="needs-you">Needs you <span class="count">{needs.length}</span></h2>
          <ul>
            {[...needs].sort((a, b) => Number(b.mine) - Number(a.mine)).map((item) => <NeedRow key={`${item.run} ${item.kind} ${item.path}`} item={item} />)}
          </ul>
        </section>
      )}
      <Filters plans={distinct(all.map((run) => run.plan))} environments={distinct(all.map((run) => run.environment))} />
      {first.error && <Failure error={first.error} what="The runs" retry={first.reload} />}
      {first.value === null && first.loading && <Loading what="runs" />}
      {first.value !== null && runs.length === 0 && (filtered ? (
        <Empty icon="search" title="No run matches these filters"><p>Clear the filters to see all runs.</p></Empty>
      ) : (
        <Empty icon="gate" title="Nothing has run yet">
          <p>Start a plan here under <a href={href.plans}>Plans</a>, or on the command line:</p>
          <p><code>headgate init</code> <code>headgate run plans/hello</code></p>
        </Empty>
      ))}
      {active.length > 0 && (
        <section aria-labelledby="active" class="panel">
          <h2 id="active">Active <span class="count">{active.length}</span></h2>
          <ul class="runs">{active.map((run) => <RunRow key={run.id} run={run} />)}</ul>
        </section>
      )}
      {recent.length > 0 && (
        <section aria-labelledby="recent" class="panel">
          <h2 id="recent">Recent</h2>
          <ul class="runs">{recent.map((run) => <RunRow key={run.id} run={run} />)}</ul>
        </section>
      )}
      {first.value !== null && !atEnd && <p class="more"><button type="button" class="button" onClick={() => void loadMore()}>Older runs</button></p>}
    </Page>
  );
}
