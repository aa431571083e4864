// What the pages of one run share: following it, its loading and failing, its heading and its tabs.

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { href, route } from "../../lib/router";
import { lookOf, RUN_LOOK } from "../../lib/status";
import type { RunView } from "../../state/apply";
import { loadRun, openRun, view, viewError } from "../../state/store";
import { Page } from "./page";
import { Failure, Loading, Notice } from "./parts";

/** Follows the run while a page of it is shown. */
export function useRun(run: string): RunView | null {
  useEffect(() => openRun(run), [run]);
  const current = view.value;
  return current?.detail.id === run ? current : null;
}

function Tabs({ current }: { current: RunView }) {
  const { id, rollouts, review } = current.detail;
  const { page } = route.value;
  const open = review.open ?? 0;
  const reviewed = open + (review.applied ?? 0) + (review.skipped ?? 0) > 0;
  const tabs: [name: string, label: ComponentChildren, address: string][] = [["run", "Overview", href.run(id)]];
  if (rollouts.length > 0) tabs.push(["rollout", "Rollout", href.rollout(id)]);
  if (reviewed) tabs.push(["review", <>Review{open > 0 && <span class="count">{open}</span>}</>, href.review(id)]);
  tabs.push(["changes", "Changes", href.part(id, "changes")], ["logs", "Log", href.part(id, "logs")], ["events", "Events", href.part(id, "events")], ["replay", "Replay", href.part(id, "replay")], ["report", "Report", href.report(id)]);
  return (
    <nav class="tabs" aria-label="Run">
      {tabs.map(([name, label, address]) => <a key={name} href={address} data-tab={name} aria-current={page === name ? "page" : undefined}>{label}</a>)}
    </nav>
  );
}

/** heading and title stand before "plan #id"; without a run yet, the page says what it waits for. */
export function RunFrame({ run, heading, aside, children }: {
  run: string;
  heading: string | null;
  aside?: (current: RunView) => ComponentChildren;
  children: (current: RunView) => ComponentChildren;
}) {
  const current = useRun(run);
  const name = current ? `${current.detail.plan} #${run}` : `Run #${run}`;
  const state = current ? ` – ${lookOf(RUN_LOOK, current.detail.state).label.toLowerCase()}` : "";
  const crumbs = [{ label: "Runs", href: href.runs }];
  if (heading !== null) crumbs.push({ label: name, href: href.run(run) });
  return (
    <Page title={`${heading !== null ? `${heading} – ` : ""}${name}${state}`} crumbs={crumbs}
      heading={heading ?? (current ? <>{current.detail.plan} <span class="id">#{run}</span></> : `Run #${run}`)}
      aside={current && aside?.(current)}>
      {viewError.value && <Failure error={viewError.value} what={`Run ${run}`} retry={() => void loadRun()} />}
      {!current && !viewError.value && <Loading what="the run" />}
      {current?.broken && <Notice tone="caution" icon="retry" title="Catching up">Fetched again: {current.broken}.</Notice>}
      {current?.detail.unavailable && (
        <Notice tone="caution" icon="warn" title="What the target says of this run is missing">
          {current.detail.unavailable}. Steps, rollout and review are not known until it can be asked.
        </Notice>
      )}
      {current && <Tabs current={current} />}
      {current && children(current)}
    </Page>
  );
}
