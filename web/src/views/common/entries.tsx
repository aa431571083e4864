// What the pages of events and of the log share: the filters in the address, their words, times, and downloads.

import { useEffect, useState } from "preact/hooks";
import { formatClock, zoneName } from "../../lib/format";
import { params, setParam } from "../../lib/router";
import type { PlanNode } from "../../wire/types";
import { messageOf, now, zone } from "../../state/store";
import { Icon } from "./icon";

const TYPING_MS = 300;

export function paramOf(name: string): string {
  return params.value.get(name) ?? "";
}

/** Looks while one types, and keeps the words in the address. */
export function SearchField({ label }: { label: string }) {
  const asked = paramOf("q");
  const [text, setText] = useState(asked);
  useEffect(() => {
    const timer = setTimeout(() => setParam("q", text.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class="field search">
      <span class="hidden">{label}</span>
      <Icon name="search" />
      <input type="search" placeholder="Search" data-search maxLength={200} value={text} onInput={(event) => setText(event.currentTarget.value)} />
    </label>
  );
}

export function SelectField({ name, label, options }: { name: string; label: string; options: [value: string, word: string][] }) {
  return (
    <label class="field">
      <span class="hidden">{label}</span>
      <select value={paramOf(name)} onChange={(event) => setParam(name, event.currentTarget.value)}>
        {options.map(([value, word]) => <option key={value} value={value}>{word}</option>)}
      </select>
    </label>
  );
}

/** Phases and steps as they stand in the plan, indented. */
export function stepOptions(graph: PlanNode | null): [string, string][] {
  const walk = (node: PlanNode, depth: number): [string, string][] => (node.children ?? []).flatMap((child) =>
    [[child.path, `${" ".repeat(3 * depth)}${child.name}`] as [string, string], ...walk(child, depth + 1)]);
  return [["", "All steps"], ...(graph ? walk(graph, 0) : [])];
}

const days = new Map<string, Intl.DateTimeFormat>();
function dayOf(at: number): string {
  let format = days.get(zone.value);
  if (!format) days.set(zone.value, (format = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...(zone.value === "utc" ? { timeZone: "UTC" } : {}) })));
  return format.format(at);
}

/** "14:02:11.123" of today, "20 Nov 14:02:11" of another day; the zone stands under the list. */
export function formatStamp(at: string): string {
  const time = Date.parse(at);
  const clock = formatClock(at, zone.value);
  return Number.isNaN(time) || dayOf(time) === dayOf(now.peek()) ? clock : `${dayOf(time)} ${clock.slice(0, 8)}`;
}

export const ZoneLabel = ({ at }: { at: string | undefined }) => <>times in {zoneName(zone.value, new Date(at ?? now.value))}</>;

function save(name: string, type: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Fetches everything that matches and gives it to the browser as a file. */
export function Download({ label, name, type, fetch }: {
  label: string; name: string; type: string; fetch: (told: (count: number) => void) => Promise<string>;
}) {
  const [state, setState] = useState<{ count: number | null; problem: string }>({ count: null, problem: "" });
  const start = async () => {
    setState({ count: 0, problem: "" });
    try {
      save(name, type, await fetch((count) => setState({ count, problem: "" })));
      setState({ count: null, problem: "" });
    } catch (error) {
      setState({ count: null, problem: messageOf(error) });
    }
  };
  return (
    <>
      <button type="button" class="button small" disabled={state.count !== null} onClick={() => void start()}>
        <Icon name="down" />{state.count === null ? label : `${state.count}…`}
      </button>
      {state.problem && <span role="alert" class="problem">{state.problem}</span>}
    </>
  );
}

/** An address of this page with one entry in it. */
export const entryLink = (seq: string): string => {
  const query = new URLSearchParams(params.value);
  query.set("seq", seq);
  return `${location.origin}${location.pathname}?${query}`;
};
