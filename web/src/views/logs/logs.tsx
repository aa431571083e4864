// The log of a run: the newest lines at once, older ones as one scrolls up, new ones as they come. The server searches and counts.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatBoth, formatCount, plural } from "../../lib/format";
import { setParam } from "../../lib/router";
import type { Tone } from "../../lib/status";
import type { RunView } from "../../state/apply";
import { type EntryQuery, type Level, type LogLine, pagesApi } from "../../wire/pages";
import { Download, entryLink, formatStamp, paramOf, SearchField, SelectField, stepOptions, ZoneLabel } from "../common/entries";
import { Icon } from "../common/icon";
import { Copy, Empty, Failure, Loading } from "../common/parts";
import { RunFrame } from "../common/run-frame";
import { everyPage, usePages } from "../common/use-pages";
import { VirtualList } from "../common/virtual";

const LEVELS: [string, string][] = [["", "All levels"], ["warn", "Warnings and errors"], ["error", "Errors"]];
const LOOK: Record<Level, { word: string; tone: Tone }> = {
  error: { word: "error", tone: "bad" }, warn: { word: "warn", tone: "caution" }, info: { word: "info", tone: "muted" }, debug: { word: "debug", tone: "muted" },
};
const rawLine = ({ at, level, path, text }: LogLine): string => `${at} ${level.padEnd(5)} ${path || "run"} ${text}`;

function Line({ line, chosen, wraps }: { line: LogLine; chosen: boolean; wraps: boolean }) {
  const { word, tone } = LOOK[line.level] ?? LOOK.info;
  return (
    <button type="button" class={`event levelled tone-${tone}${wraps ? " wraps" : ""}${chosen ? " selected" : ""}`} aria-pressed={chosen}
      onClick={() => setParam("seq", chosen ? null : line.seq)}>
      <span class="event-time" title={formatBoth(line.at)}>{formatStamp(line.at)}</span>
      <span class="event-level">{word}</span>
      <span class="event-node" title={line.path}>{line.path || "run"}</span>
      <span class="event-text">{line.text}</span>
    </button>
  );
}

function Chosen({ line }: { line: LogLine }) {
  return (
    <div class="chosen-line">
      <code class="wrap" dir="ltr">{line.text}</code>
      <span class="actions start">
        <Copy text={entryLink(line.seq)} what="link" label="Copy link" />
        <Copy text={rawLine(line)} what="line" label="Copy line" />
      </span>
    </div>
  );
}

function Log({ view }: { view: RunView }) {
  const { id, graph } = view.detail;
  const filter: EntryQuery = { path: paramOf("path"), q: paramOf("q"), level: paramOf("level") };
  const key = `${id} ${JSON.stringify(filter)}`;
  const chosen = paramOf("seq");
  const start = useMemo(() => chosen || null, [key]);
  const [follow, setFollow] = useState(start === null);
  const wraps = paramOf("wrap") === "on";
  const fetch = async (page: Parameters<typeof pagesApi.log>[2]) => {
    const found = await pagesApi.log(id, filter, page);
    return { rows: found.lines, total: found.total, seq: found.seq };
  };
  const pages = usePages(key, start, view.seq, fetch);
  const wrapped = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (wraps && follow) wrapped.current?.scrollTo(0, wrapped.current.scrollHeight);
  }, [wraps, follow, pages.rows]);
  const picked = pages.rows.find((line) => line.seq === chosen);
  const filtered = Boolean(filter.path || filter.q || filter.level);
  return (
    <section class="panel history" aria-labelledby="lines">
      <header class="panel-head wrap">
        <h2 id="lines">Lines</h2>
        <SearchField label="Search the log" />
        <SelectField name="level" label="Level" options={LEVELS} />
        <SelectField name="path" label="Step" options={stepOptions(graph)} />
        <button type="button" class="button small" aria-pressed={wraps} onClick={() => setParam("wrap", wraps ? null : "on")}>Wrap</button>
        <button type="button" class="button small" data-follow aria-pressed={follow} onClick={() => setFollow(!follow)}><Icon name="down" />Follow</button>
        <Download label="Raw" name={`run-${id}.log`} type="text/plain" fetch={async (told) => (await everyPage(fetch, told)).map((line) => `${rawLine(line)}\n`).join("")} />
      </header>
      {pages.error && <Failure error={pages.error} what="The log" retry={pages.reload} />}
      {pages.rows.length === 0 && (pages.loading ? <Loading what="the log" /> : (
        <Empty icon="list" title={filtered ? "No line matches" : "Nothing was logged yet"}>
          {filtered && <button type="button" class="button small" onClick={() => ["q", "path", "level"].forEach((name) => setParam(name, null))}>Clear the filters</button>}
        </Empty>
      ))}
      {pages.rows.length > 0 && (wraps ? (
        <div ref={wrapped} class="wrapped" tabIndex={0} role="log" aria-live="off" aria-label="Log">
          {pages.older && <div class="more"><button type="button" class="button small" disabled={pages.loading} onClick={pages.earlier}>Load earlier</button></div>}
          <ol>{pages.rows.map((line) => <li key={line.seq}><Line line={line} chosen={line.seq === chosen} wraps /></li>)}</ol>
        </div>
      ) : (
        <VirtualList items={pages.rows} keyOf={(line) => line.seq} label="Log" follow={follow} onFollow={setFollow} onTop={pages.earlier} reveal={start} class="tall"
          draw={(line) => <Line line={line} chosen={line.seq === chosen} wraps={false} />} />
      ))}
      {pages.newer && <div class="more"><button type="button" class="button small" onClick={pages.later}>Later lines</button></div>}
      <footer class="history-foot soft small">
        <span role="status">{pages.total === null ? "Counting…" : `${plural(pages.total, "line")}${filtered ? (pages.total === 1 ? " matches" : " match") : ""}`}</span>
        <span>{formatCount(pages.rows.length)} shown · <ZoneLabel at={pages.rows.at(-1)?.at} /></span>
        {pages.older && !wraps && <button type="button" class="button tiny ghost" disabled={pages.loading} onClick={pages.earlier}>Load earlier</button>}
      </footer>
      {picked && <Chosen line={picked} />}
    </section>
  );
}

export function LogsPage({ run }: { run: string }) {
  return <RunFrame run={run} heading="Log">{(view) => <Log view={view} />}</RunFrame>;
}
