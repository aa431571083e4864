// A run played again from its events: a slider over all entries, and the plan as it stood after each of them.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { describe } from "../../lib/describe";
import { betweenUs, formatCount, formatDuration, formatTime, plural } from "../../lib/format";
import { href, params, setParam } from "../../lib/router";
import { isFinished, KIND_WORD, lookOf, RUN_LOOK } from "../../lib/status";
import type { RunView } from "../../state/apply";
import { outline, type OutlineNode } from "../../state/outline";
import { type Replay, replayOf } from "../../state/replay";
import { messageOf, now, zone } from "../../state/store";
import { pagesApi } from "../../wire/pages";
import type { RunEvent } from "../../wire/types";
import { Icon } from "../common/icon";
import { Badge, Empty, Facts, Loading, Notice } from "../common/parts";
import { RunFrame } from "../common/run-frame";
import { everyPage } from "../common/use-pages";

const SPEEDS: [perSecond: number, word: string][] = [[2, "2 entries a second"], [8, "8 entries a second"], [32, "32 entries a second"]];
const ADDRESS_MS = 400;
const LAST = 6;

const restful = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** All entries of the run. */
function useReplay(view: RunView): { replay: Replay | null; count: number; problem: string } {
  const [state, setState] = useState<{ replay: Replay | null; count: number; problem: string }>({ replay: null, count: 0, problem: "" });
  const { id } = view.detail;
  useEffect(() => {
    let gone = false;
    everyPage(async (page) => {
      const found = await pagesApi.events(id, {}, page);
      return { rows: found.events, total: null, seq: found.seq };
    }, (count) => !gone && setState({ replay: null, count, problem: "" })).then(
      (events) => !gone && setState({ replay: replayOf(view.detail, events), count: events.length, problem: "" }),
      (error: unknown) => !gone && setState({ replay: null, count: 0, problem: messageOf(error) }),
    );
    return () => void (gone = true);
  }, [id]);
  return state;
}

function Node({ item, run, at }: { item: OutlineNode; run: string; at: string }) {
  const us = item.startedAt ? betweenUs(item.startedAt, item.finishedAt ?? at) : null;
  return (
    <li class={item.children.length > 0 ? "group" : ""}>
      <a href={href.run(run, item.path)} class={`node tone-${item.look.tone}${item.current ? " selected" : ""}`} aria-current={item.current ? "step" : undefined}>
        <span class="node-icon"><Icon name={item.look.icon} /></span>
        <span class="node-name">{item.name}</span>
        <span class="node-kind">{KIND_WORD[item.kind] ?? item.kind}</span>
        <span class="node-time">{item.untouched ? "" : `${item.look.label}${us === null || us <= 0 ? "" : `, ${formatDuration(us)}`}`}</span>
      </a>
      {item.children.length > 0 && <ol>{item.children.map((child) => <Node key={child.path} item={child} run={run} at={at} />)}</ol>}
    </li>
  );
}

/** The plan and the state of the run after an entry. */
function Moment({ view, event, first }: { view: RunView; event: RunEvent | null; first: RunEvent }) {
  const at = event?.at ?? first.at;
  const { detail } = view;
  const open = detail.gates.filter((gate) => gate.state === "open");
  return (
    <div class="run-columns">
      <section class="timeline panel" aria-labelledby="plan-then">
        <h2 id="plan-then">Plan</h2>
        <ol>{outline(view).map((item) => <Node key={item.path} item={item} run={detail.id} at={at} />)}</ol>
      </section>
      <section class="panel moment" aria-labelledby="then">
        <h2 id="then">The run then</h2>
        <p><Badge look={lookOf(RUN_LOOK, detail.state)} /> {detail.reason?.text}</p>
        <Facts class="line" rows={[
          ["Since the start", formatDuration(betweenUs(first.at, at))],
          ["Direction", detail.direction === "back" && "backward"],
          ["Open gate", open.length > 0 && open.map((gate) => gate.path).join(", ")],
          ["To review", (detail.review.open ?? 0) > 0 && plural(detail.review.open ?? 0, "row")],
          ...detail.rollouts.map((rollout): [string, string] => [rollout.flag, `${rollout.percent}%${rollout.enabled ? "" : ", off"}`]),
        ]} />
      </section>
    </div>
  );
}

function Entries({ events, count }: { events: readonly RunEvent[]; count: number }) {
  return (
    <ol class="replay-entries" aria-label="The last entries until then">
      {events.slice(Math.max(0, count - LAST), count).reverse().map((event, index) => {
        const line = describe(event);
        return (
          <li key={event.seq} class={`tone-${line.tone}${index === 0 ? " newest" : ""}`}>
            <a href={`${href.part(event.run, "events")}?level=debug&seq=${event.seq}`}>{event.seq}</a>
            <span class="soft">{formatTime(event.at, zone.value, now.value)}</span>
            <code>{event.node || "run"}</code>
            <span class="event-text">{line.text}</span>
          </li>
        );
      })}
    </ol>
  );
}

function Player({ replay, run }: { replay: Replay; run: string }) {
  const { events } = replay;
  const asked = params.value.get("at");
  const [count, setCount] = useState(() => {
    const found = events.findIndex((event) => event.seq === asked);
    return found < 0 ? (asked === null ? events.length : 0) : found + 1;
  });
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(SPEEDS[1]![0]);
  const event = count === 0 ? null : events[count - 1]!;
  const view = useMemo(() => replay.at(count), [replay, count]);
  const end = useRef(events.length);
  const go = (next: number) => {
    setPlaying(false);
    setCount(Math.max(0, Math.min(end.current, next)));
  };
  useEffect(() => {
    if (!playing) return undefined;
    const timer = setInterval(() => setCount((before) => Math.min(end.current, before + 1)), 1_000 / speed);
    return () => clearInterval(timer);
  }, [playing, speed]);
  useEffect(() => {
    if (count === end.current) setPlaying(false);
  }, [count]);
  // not with each entry: browsers take only so many changes of the address
  useEffect(() => {
    if (playing) return undefined;
    const timer = setTimeout(() => setParam("at", event?.seq ?? "0"), ADDRESS_MS);
    return () => clearTimeout(timer);
  }, [count, playing]);
  const text = event ? `Entry ${event.seq}, ${formatTime(event.at, zone.value, now.value)}: ${describe(event).text}` : "Before the first entry";
  return (
    <>
      <section class="panel player" aria-labelledby="player">
        <h2 id="player" class="hidden">Player</h2>
        <input type="range" min={0} max={events.length} step={1} value={count} aria-label="Entry" aria-valuetext={text} onInput={(change) => go(Number(change.currentTarget.value))} />
        <div class="player-line">
          <span class="segments" role="group" aria-label="Step">
            <button type="button" disabled={count === 0} onClick={() => go(0)}>First</button>
            <button type="button" disabled={count === 0} onClick={() => go(count - 1)}>Previous</button>
            <button type="button" disabled={count === events.length} onClick={() => go(count + 1)}>Next</button>
            <button type="button" disabled={count === events.length} onClick={() => go(events.length)}>Last</button>
          </span>
          {!restful() && (
            <>
              <button type="button" class="button primary small" onClick={() => {
                if (!playing && count === events.length) setCount(0);
                setPlaying(!playing);
              }}><Icon name={playing ? "pause" : "play"} />{playing ? "Pause" : "Play"}</button>
              <label class="field"><span class="hidden">Speed</span>
                <select value={speed} onChange={(change) => setSpeed(Number(change.currentTarget.value))}>{SPEEDS.map(([value, word]) => <option key={value} value={value}>{word}</option>)}</select>
              </label>
            </>
          )}
          <span class="soft small num">{formatCount(count)} of {plural(events.length, "entry", "entries")}</span>
        </div>
        <Entries events={events} count={count} />
      </section>
      <Moment view={view} event={event} first={events[0]!} />
      <p class="soft small"><a href={href.run(run)}>The run as it is now</a></p>
    </>
  );
}

function Loaded({ view }: { view: RunView }) {
  const { replay, count, problem } = useReplay(view);
  if (problem) return <Notice tone="bad" icon="warn" title="The events could not be loaded">{problem}</Notice>;
  if (!replay) return <><Loading what="the events" />{count > 0 && <p class="soft small">{formatCount(count)} entries…</p>}</>;
  if (replay.events.length === 0) return <Empty icon="list" title="There is nothing to play">{isFinished(view.detail.state) && <p>The events of this run were pruned.</p>}</Empty>;
  return (
    <>
      {replay.events[0]!.seq !== "1" && <Notice tone="caution" icon="warn" title="The beginning is missing">Entries before {replay.events[0]!.seq} were pruned.</Notice>}
      <Player replay={replay} run={view.detail.id} />
    </>
  );
}

export function ReplayPage({ run }: { run: string }) {
  return <RunFrame run={run} heading="Replay">{(view) => <Loaded view={view} />}</RunFrame>;
}
