// The events of a run, newest first: in pages from the server, filtered by the address, each with its number and its JSON.

import { useMemo } from "preact/hooks";
import { type Description, describe } from "../../lib/describe";
import { betweenUs, formatBoth, formatCount, formatDuration, plural } from "../../lib/format";
import { setParam } from "../../lib/router";
import type { RunView } from "../../state/apply";
import { type EntryQuery, type LevelledEvent, pagesApi } from "../../wire/pages";
import { Download, entryLink, formatStamp, paramOf, SearchField, SelectField, stepOptions, ZoneLabel } from "../common/entries";
import { Code, Copy, Empty, Failure, Loading, Time } from "../common/parts";
import { RunFrame } from "../common/run-frame";
import { everyPage, usePages } from "../common/use-pages";
import { VirtualList } from "../common/virtual";

const LEVELS: [string, string][] = [
  ["", "All but progress"], ["debug", "Everything"], ["warn", "Failures and warnings"], ["error", "Failures"],
];
const TYPES: [string, string][] = [
  ["", "All types"],
  ["run.created,run.state,step.state", "Changes of state"],
  ["step.progress,rollout.sample", "Progress and samples"],
  ["step.lock,step.throttle", "Locks and throttling"],
  ["check.result", "Checks"],
  ["gate.opened,gate.approval,gate.waiting,gate.asked,gate.checked,gate.closed", "Gates"],
  ["review.open,review.decided,review.again", "Review"],
  ["rollout.stage,rollout.flag,rollout.advanced", "Rollout"],
  ["request,manual.answer", "Requests and answers"],
  ["log", "Log"],
  ["budget.over,rewind", "Budgets and rewinds"],
];
/** Nothing happened for so long: the time stands between the entries. */
const GAP_US = 60e6;

type Row = { seq: string; event: LevelledEvent } | { seq: string; gapUs: number };

const described = new WeakMap<LevelledEvent, Description>();
function describeOnce(event: LevelledEvent): Description {
  let line = described.get(event);
  if (!line) described.set(event, (line = describe(event)));
  return line;
}

/** Newest first, with a row for each long time in between. */
function rowsOf(events: readonly LevelledEvent[]): Row[] {
  const rows: Row[] = [];
  for (let index = events.length - 1; index >= 0; index -= 1) {
    const event = events[index]!;
    rows.push({ seq: event.seq, event });
    const before = events[index - 1];
    const gapUs = before ? betweenUs(before.at, event.at) : 0;
    if (gapUs >= GAP_US) rows.push({ seq: `gap ${event.seq}`, gapUs });
  }
  return rows;
}

const filterOf = (): EntryQuery => {
  const level = paramOf("level") || "info";
  return { type: paramOf("type"), path: paramOf("path"), q: paramOf("q"), level: level === "debug" ? "" : level };
};

function Entry({ event }: { event: LevelledEvent }) {
  const text = JSON.stringify(event, null, 2);
  return (
    <section class="panel event-detail" aria-labelledby="entry">
      <header class="panel-head">
        <h2 id="entry">Entry {event.seq}</h2>
        <span class="actions start">
          <Copy text={entryLink(event.seq)} what="link" label="Copy link" />
          <Copy text={text} what="JSON" label="Copy JSON" />
        </span>
      </header>
      <p>{describeOnce(event).text}</p>
      <p class="soft small"><code>{event.type}</code> · <Time at={event.at} />{event.node && <> · <code>{event.node}</code></>}</p>
      <Code text={text} label={`Entry ${event.seq}`} />
    </section>
  );
}

function Events({ view }: { view: RunView }) {
  const { id, graph } = view.detail;
  const filter = filterOf();
  const key = `${id} ${JSON.stringify(filter)}`;
  const chosen = paramOf("seq");
  const start = useMemo(() => chosen || null, [key]);
  const pages = usePages(key, start, view.seq, async (page) => {
    const found = await pagesApi.events(id, filter, page);
    return { rows: found.events, total: found.total, seq: found.seq };
  });
  const rows = useMemo(() => rowsOf(pages.rows), [pages.rows]);
  const json = paramOf("view") === "json";
  const picked = pages.rows.find((event) => event.seq === chosen);
  const filtered = Boolean(filter.type || filter.path || filter.q || (filter.level && filter.level !== "info"));
  return (
    <>
      <section class="panel history" aria-labelledby="entries">
        <header class="panel-head wrap">
          <h2 id="entries">Entries</h2>
          <SearchField label="Search the events" />
          <SelectField name="level" label="How important" options={LEVELS} />
          <SelectField name="type" label="Type" options={TYPES} />
          <SelectField name="path" label="Step" options={stepOptions(graph)} />
          <button type="button" class="button small" aria-pressed={json} onClick={() => setParam("view", json ? null : "json")}>JSON</button>
          <Download label="NDJSON" name={`run-${id}-events.ndjson`} type="application/x-ndjson" fetch={async (told) => {
            const all = await everyPage(async (page) => {
              const found = await pagesApi.events(id, filter, page);
              return { rows: found.events, total: found.total, seq: found.seq };
            }, told);
            return all.map((event) => `${JSON.stringify(event)}\n`).join("");
          }} />
        </header>
        {pages.error && <Failure error={pages.error} what="The events" retry={pages.reload} />}
        {pages.newer && <div class="more"><button type="button" class="button small" onClick={pages.later}>Newer entries</button></div>}
        {rows.length === 0 && (pages.loading ? <Loading what="the events" /> : (
          <Empty icon="list" title={filtered ? "No entry matches" : "Nothing has happened yet"}>
            {filtered && <button type="button" class="button small" onClick={() => ["q", "type", "path", "level"].forEach((name) => setParam(name, null))}>Clear the filters</button>}
          </Empty>
        ))}
        {rows.length > 0 && (
          <VirtualList items={rows} keyOf={(row) => row.seq} label="Events, newest first" follow={false} onFollow={() => undefined}
            onEnd={pages.earlier} reveal={start} class="tall" draw={(row) => ("gapUs" in row ? (
              <div class="gap"><span>{formatDuration(row.gapUs)} without an entry{filtered && " that matches"}</span></div>
            ) : (
              <button type="button" class={`event numbered tone-${describeOnce(row.event).tone}${row.seq === chosen ? " selected" : ""}`}
                aria-pressed={row.seq === chosen} onClick={() => setParam("seq", row.seq === chosen ? null : row.seq)}>
                <span class="event-seq">{row.seq}</span>
                <span class="event-time" title={formatBoth(row.event.at)}>{formatStamp(row.event.at)}</span>
                <span class="event-node" title={row.event.node}>{row.event.node || "run"}</span>
                <span class="event-text">{json ? JSON.stringify(row.event) : describeOnce(row.event).text}</span>
              </button>
            ))} />
        )}
        <footer class="history-foot soft small">
          <span role="status">{pages.total === null ? "Counting…" : `${plural(pages.total, "entry", "entries")}${filtered ? (pages.total === 1 ? " matches" : " match") : ""}`}</span>
          <span>{formatCount(pages.rows.length)} shown · <ZoneLabel at={pages.rows.at(-1)?.at} /></span>
          {pages.older && <button type="button" class="button tiny ghost" disabled={pages.loading} onClick={pages.earlier}>Load earlier</button>}
        </footer>
      </section>
      {picked && <Entry event={picked} />}
    </>
  );
}

export function EventsPage({ run }: { run: string }) {
  return <RunFrame run={run} heading="Events">{(view) => <Events view={view} />}</RunFrame>;
}
