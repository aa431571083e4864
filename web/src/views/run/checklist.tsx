// The check-list of the plan's document as this run fills it in, by heading, and the budgets of time.

import { formatDuration } from "../../lib/format";
import { href } from "../../lib/router";
import type { RunView } from "../../state/apply";
import { api } from "../../wire/api";
import type { Box, BoxState, Budget, Checklist } from "../../wire/types";
import { Failure, Time } from "../common/parts";
import { useLoaded } from "../common/use-loaded";

const LOOK: Record<BoxState, { mark: string; label: string; tone: string }> = {
  ticked: { mark: "☑", label: "ticked", tone: "good" },
  failed: { mark: "✗", label: "failed", tone: "bad" },
  open: { mark: "☐", label: "open", tone: "muted" },
  taken_back: { mark: "☐", label: "taken back", tone: "undo" },
  skipped: { mark: "☐", label: "skipped", tone: "caution" },
  unbound: { mark: "☐", label: "nothing ticks it", tone: "caution" },
};

const depthOf = (boxes: Box[], box: Box): number => (box.outer === null ? 0 : 1 + depthOf(boxes, boxes[box.outer]!));

/** Boxes that follow each other under the same headings. */
export function byHeading(boxes: Box[]): { heading: string; boxes: Box[]; ticked: number }[] {
  const groups: { heading: string; boxes: Box[]; ticked: number }[] = [];
  for (const box of boxes) {
    const heading = box.headings.join(" › ");
    if (groups.length === 0 || groups[groups.length - 1]!.heading !== heading) groups.push({ heading, boxes: [], ticked: 0 });
    const group = groups[groups.length - 1]!;
    group.boxes.push(box);
    if (box.state === "ticked") group.ticked += 1;
  }
  return groups;
}

function Line({ box, depth, run }: { box: Box; depth: number; run: string }) {
  const look = LOOK[box.state];
  return (
    <li class={`tone-${look.tone}`} data-depth={Math.min(depth, 3)}>
      <span class="mark" aria-hidden="true">{look.mark}</span>
      <span>
        <bdi>{box.text}</bdi> <span class="soft small">{look.label}{box.class !== "unbound" && `, ${box.class}`}{box.claimed && box.state !== "ticked" && ", ticked in the document"}</span>
        {box.ticks.map((tick) => (
          <span key={`${tick.path} ${tick.metric ?? ""}`} class="soft small why">
            <a href={href.run(run, tick.path)}>{tick.kind} {tick.path}</a>
            {tick.text && <>: <bdi>{tick.text}</bdi></>}{tick.by.length > 0 && `, by ${tick.by.join(", ")}`}{tick.at && <>, <Time at={tick.at} /></>}
          </span>
        ))}
      </span>
    </li>
  );
}

function Boxes({ list, run }: { list: Checklist; run: string }) {
  const { counts } = list;
  const debt = counts["unbound"] ?? 0;
  return (
    <section class="panel checklist" aria-label="Check-list">
      <h2>Check-list <span class="count">{counts["ticked"]} of {counts["boxes"]}</span></h2>
      <p class="soft small">{list.file}{(counts["failed"] ?? 0) > 0 && `, ${counts["failed"]} failed`}{debt > 0 && `, ${debt} that nothing ticks`}</p>
      {byHeading(list.boxes).map((group, index) => (
        <details key={index} open={group.ticked < group.boxes.length}>
          <summary><bdi>{group.heading || "Check-list"}</bdi> <span class="count">{group.ticked} of {group.boxes.length}</span></summary>
          <ul>{group.boxes.map((box) => <Line key={box.line} box={box} depth={depthOf(list.boxes, box)} run={run} />)}</ul>
        </details>
      ))}
      <p class="downloads">Report: {["html", "json", "junit"].map((format) => <a key={format} class="button small" href={api.reportFile(run, format)} download>{format === "junit" ? "JUnit" : format.toUpperCase()}</a>)}</p>
    </section>
  );
}

function Budgets({ budgets }: { budgets: Budget[] }) {
  return (
    <section class="panel budgets" aria-label="Budgets">
      <h2>Budgets</h2>
      <ul>
        {budgets.map(({ name, measured_us: spent, budget_us: allowed, over }) => (
          <li key={name} class={over ? "tone-bad" : "tone-muted"}>
            {name}: <span class="num">{spent === null ? "none yet" : formatDuration(spent)} of {formatDuration(allowed)}</span>{over && <strong> over budget</strong>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Nothing where the plan has neither a document nor budgets. */
export function RunChecklist({ view }: { view: RunView }) {
  const { id, state, steps, graph } = view.detail;
  const has = graph?.keys?.["document"] !== undefined || graph?.keys?.["budgets"] !== undefined;
  const key = `${id} ${state} ${has} ${steps.map((step) => `${step.path}=${step.state}`).join()}`;
  const loaded = useLoaded(key, async () => (has ? api.checklist(id) : { checklist: null, budgets: [] }));
  const { value, error } = loaded;
  return (
    <>
      {error && <Failure error={error} what="The check-list" retry={loaded.reload} />}
      {value && value.budgets.length > 0 && <Budgets budgets={value.budgets} />}
      {value?.checklist && <Boxes list={value.checklist} run={id} />}
    </>
  );
}
