// How fast row work goes: what it was told, what holds it back and what ends that, and what a person may change meanwhile.

import { useState } from "preact/hooks";
import { paceWord } from "../../lib/describe";
import { formatDuration } from "../../lib/format";
import type { RunView } from "../../state/apply";
import { planNode } from "../../state/outline";
import { canOperate, live } from "../../state/store";
import { api } from "../../wire/api";
import type { Pace, Tune, TuneName } from "../../wire/types";
import { Icon } from "../common/icon";
import { Facts, Notice } from "../common/parts";
import { AskDialog } from "./ask";

interface Control {
  label: string;
  /** In the form; the server's own unit is that times scale. */
  unit: string;
  scale: number;
  /** What a person has asked for, in the server's unit; null: as the plan says. */
  asked: (pace: Pace) => number | null;
  shown: (value: number) => string;
  /** The word of the plan that says it. */
  key: string | null;
}

const CONTROLS: Record<TuneName, Control> = {
  speed: { label: "Speed, at most", unit: "%", scale: 1, asked: ({ most }) => Math.round(most * 1000) / 10, shown: (value) => `${value}%`, key: null },
  batch_us: { label: "Time of a batch", unit: "ms", scale: 1000, asked: ({ batch_us: us }) => (us > 0 ? us : null), shown: formatDuration, key: "batch_time" },
  pause_us: { label: "Pause between batches", unit: "ms", scale: 1000, asked: ({ pause_us: us }) => (us >= 0 ? us : null), shown: formatDuration, key: "pause" },
  workers: { label: "Workers", unit: "", scale: 1, asked: ({ workers }) => (workers > 0 ? workers : null), shown: String, key: "workers" },
};

/** Those that this page knows; a newer server may have more. */
const tunesOf = ({ detail }: RunView): Tune[] => detail.tunes.filter(({ name }) => Object.hasOwn(CONTROLS, name));

const NONE: Omit<Pace, "path" | "at"> = { state: "free", duty: 1, most: 1, batch_us: 0, pause_us: -1, workers: 0, why: "", until: "" };

const paceOf = ({ detail }: RunView, path: string): Pace =>
  detail.pace?.path === path ? detail.pace : { ...NONE, path, at: "" };

/** "50%", or what the plan says. */
function present(name: TuneName, pace: Pace, view: RunView): string {
  const { asked, shown, key } = CONTROLS[name];
  const value = asked(pace);
  if (value !== null) return shown(value);
  const planned = key === null ? undefined : planNode(view, pace.path)?.keys?.[key];
  return planned === undefined || planned === null ? "as the plan says" : `${String(planned)}, as the plan says`;
}

type Texts = Partial<Record<TuneName, string>>;

/** The values that differ from the present ones, in the server's units. */
function changes(texts: Texts, pace: Pace): Partial<Record<TuneName, number>> {
  const entries = (Object.entries(texts) as [TuneName, string][]).flatMap(([name, text]): [TuneName, number][] => {
    const { scale, asked } = CONTROLS[name];
    const value = Math.round(Number(text) * scale * 10) / 10;
    return text.trim() === "" || !Number.isFinite(value) || value === asked(pace) ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}

function TuneField({ tune, text, now, onText }: { tune: Tune; text: string; now: string; onText: (text: string) => void }) {
  const { label, unit, scale } = CONTROLS[tune.name];
  const id = `tune-${tune.name}`;
  return (
    <div class="param">
      <label for={id}>{label} <span class="soft small">{unit}</span></label>
      <input id={id} type="number" inputMode="decimal" min={tune.least / scale} max={tune.most / scale} step={tune.name === "workers" ? 1 : "any"}
        value={text} aria-describedby={`${id}-doc`} onInput={(event) => onText(event.currentTarget.value)} />
      <p id={`${id}-doc`} class="soft small">{tune.doc}: {tune.least / scale} to {tune.most / scale}{unit && ` ${unit}`}. Now {now}.</p>
    </div>
  );
}

function TuneDialog({ view, pace, onClose }: { view: RunView; pace: Pace; onClose: () => void }) {
  const { may, id } = view.detail;
  const [texts, setTexts] = useState<Texts>({});
  const asked = changes(texts, pace);
  return (
    <AskDialog view={view} title="Change the pace?" word="Change the pace" needsWhy={false} alike={may.tune ?? []} onClose={onClose}
      missing={() => (Object.keys(asked).length === 0 ? "Change at least one value." : "")}
      send={(version, why, key) => api.tune(id, version, { path: pace.path, why, ...asked }, key)}>
      <p>Workers follow it after the batch that they are at. What is left empty stays as it is; nothing is done twice or undone.</p>
      <div class="params tunes">
        {tunesOf(view).map((tune) => (
          <TuneField key={tune.name} tune={tune} text={texts[tune.name] ?? ""} now={present(tune.name, pace, view)}
            onText={(text) => setTexts({ ...texts, [tune.name]: text })} />
        ))}
      </div>
    </AskDialog>
  );
}

export function PacePanel({ path, view }: { path: string; view: RunView }) {
  const [open, setOpen] = useState(false);
  const pace = paceOf(view, path);
  const held = pace.state !== "free";
  return (
    <section class="pace-panel" aria-label="Pace">
      <Notice tone={held ? "caution" : "muted"} icon={held ? "slow" : "play"} title={paceWord(pace.state, pace.duty)}
        action={canOperate.value && <button type="button" class="button small" disabled={!live.value} onClick={() => setOpen(true)}><Icon name="slow" />Change the pace…</button>}>
        {pace.why !== "" ? <>{pace.why}; {pace.until}.</> : pace.duty < 1 ? "A person limits it; nothing else holds it back." : "Nothing holds it back."}
        {!canOperate.value && <span class="soft"> Changing it needs the role operator.</span>}
      </Notice>
      <Facts rows={tunesOf(view).map(({ name }): [string, string] => [CONTROLS[name].label, present(name, pace, view)])} />
      {open && <TuneDialog view={view} pace={pace} onClose={() => setOpen(false)} />}
    </section>
  );
}
