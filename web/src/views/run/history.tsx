// The history of a run: its events as a list that may have 20,000 rows, filtered, searched and followed.

import { useMemo, useState } from "preact/hooks";
import { type Description, describe, type Group } from "../../lib/describe";
import { formatClock, plural, zoneName } from "../../lib/format";
import { params, setParam } from "../../lib/router";
import type { RunView } from "../../state/apply";
import { loadEarlier, messageOf, zone } from "../../state/store";
import type { RunEvent } from "../../wire/types";
import { Icon } from "../common/icon";
import { Code, Empty } from "../common/parts";
import { VirtualList } from "../common/virtual";

const SHOWN: Record<string, { label: string; holds: (line: Description) => boolean }> = {
  "": { label: "All but progress", holds: (line) => line.group !== "progress" || line.tone === "bad" },
  all: { label: "Everything", holds: () => true },
  failures: { label: "Failures and warnings", holds: (line) => line.tone === "bad" || line.tone === "caution" },
  log: { label: "Log", holds: (line) => line.group === ("log" satisfies Group) },
  decisions: { label: "Decisions", holds: (line) => line.group === ("decision" satisfies Group) },
  progress: { label: "Progress", holds: (line) => line.group === ("progress" satisfies Group) },
};

/** Descriptions are made once an event: a frame of new events does not describe the old ones again. */
const described = new WeakMap<RunEvent, Description>();
function describeOnce(event: RunEvent): Description {
  let line = described.get(event);
  if (!line) described.set(event, (line = describe(event)));
  return line;
}

export function History({ view, node }: { view: RunView; node: string | null }) {
  const filter = SHOWN[params.value.get("show") ?? ""] ?? SHOWN[""]!;
  const [text, setText] = useState("");
  const [only, setOnly] = useState(false);
  const [follow, setFollow] = useState(true);
  const [selected, setSelected] = useState<RunEvent | null>(null);
  const [early, setEarly] = useState<"" | "loading" | string>("");
  const word = text.trim().toLowerCase();
  const under = only ? node : null;
  const rows = useMemo(
    () => view.events.filter((event) => {
      if (under !== null && event.node !== under && !event.node.startsWith(`${under}/`)) return false;
      const line = describeOnce(event);
      return filter.holds(line) && (word === "" || `${event.node} ${line.text}`.toLowerCase().includes(word));
    }),
    [view.events, filter, word, under],
  );
  const first = view.events[0];
  const more = first !== undefined && first.seq !== "1";
  const earlier = async () => {
    if (!more || early === "loading") return;
    setEarly("loading");
    try {
      await loadEarlier();
      setEarly("");
    } catch (error) {
      setEarly(messageOf(error));
    }
  };
  return (
    <section class="panel history" aria-labelledby="history">
      <header class="panel-head wrap">
        <h2 id="history">History</h2>
        <label class="field search">
          <span class="hidden">Search the history</span>
          <Icon name="search" />
          <input type="search" placeholder="Search" data-search value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <label class="field">
          <span class="hidden">Show</span>
          <select value={params.value.get("show") ?? ""} onChange={(event) => setParam("show", event.currentTarget.value)}>
            {Object.entries(SHOWN).map(([key, { label }]) => <option key={key} value={key}>{label}</option>)}
          </select>
        </label>
        {node !== null && <label class="check"><input type="checkbox" checked={only} onChange={(event) => setOnly(event.currentTarget.checked)} />Only this step</label>}
        <button type="button" class="button small" data-follow aria-pressed={follow} onClick={() => setFollow(!follow)}>
          <Icon name="down" />Follow
        </button>
      </header>
      {rows.length === 0 ? (
        <Empty icon="list" title={view.events.length === 0 ? "Nothing has happened yet" : "Nothing here matches"} />
      ) : (
        <VirtualList items={rows} keyOf={(event) => event.seq} label="History" follow={follow} onFollow={setFollow} onTop={() => void earlier()} draw={(event) => {
          const line = describeOnce(event);
          return (
            <button type="button" class={`event tone-${line.tone}${selected?.seq === event.seq ? " selected" : ""}`} onClick={() => setSelected(selected?.seq === event.seq ? null : event)}>
              <span class="event-time">{formatClock(event.at, zone.value)}</span>
              <span class="event-node" title={event.node}>{event.node || "run"}</span>
              <span class="event-text">{line.text}</span>
            </button>
          );
        }} />
      )}
      <footer class="history-foot soft small">
        <span>{plural(rows.length, "entry", "entries")}{rows.length === view.events.length ? "" : ` of ${view.events.length}`} · times in {zoneName(zone.value, new Date(first?.at ?? Date.now()))}</span>
        {more && <button type="button" class="button tiny ghost" disabled={early === "loading"} onClick={() => void earlier()}>{early === "loading" ? "Loading…" : "Load earlier"}</button>}
        {early !== "" && early !== "loading" && <span role="alert">{early}</span>}
      </footer>
      {selected && (
        <div class="event-detail">
          <p class="soft small">Entry {selected.seq}, {selected.type}</p>
          <Code text={JSON.stringify(selected.data, null, 2)} label={`Entry ${selected.seq}`} />
        </div>
      )}
    </section>
  );
}
