// The watch of a stage ended before its window is over: an override that others approve first (docs/gates.md).

import { useState } from "preact/hooks";
import { formatDuration } from "../../lib/format";
import { href } from "../../lib/router";
import type { RunView } from "../../state/apply";
import { canOperate, live, now } from "../../state/store";
import { api } from "../../wire/api";
import type { Advanced, AskedWay, Stage } from "../../wire/types";
import { Icon } from "../common/icon";
import { useTold } from "../common/parts";
import { mayAsk } from "../run/actions";
import { AskDialog } from "../run/ask";
import { Approvers, Asked, askWord, gateOf, nobodyCould } from "../run/asked";

interface Watched {
  view: RunView;
  stage: Stage;
  /** The stage after it; undefined: it is the last. */
  next: Stage | undefined;
  /** Does its clock run at the moment? */
  runs: boolean;
}

/** How long a stage has been watched by now, and when the server said so last. */
export function useCounted(stage: Stage, runs: boolean): { counted: number; told: number } {
  const told = useTold(stage.left_us);
  const ticks = runs && stage.state === "watching";
  return { told, counted: ticks ? Math.min(stage.window_us, stage.counted_us + Math.max(0, now.value - told) * 1000) : stage.counted_us };
}

const goesTo = (next: Stage | undefined): string =>
  next === undefined ? "finishes the rollout" : next.gate === null ? `goes to ${next.percent}%` : `asks the gate before ${next.percent}%`;

function AdvanceDialog({ view, stage, next, runs, way, onClose }: Watched & { way: AskedWay; onClose: () => void }) {
  const { counted } = useCounted(stage, runs);
  return (
    <AskDialog view={view} title={`Advance from ${stage.percent}% now?`} needsWhy onClose={onClose}
      word={askWord(way, "Advance – end the watch now")} missing={() => nobodyCould(way)}
      send={(version, why, key) => api.ask(view.detail.id, version, { kind: "advance", path: stage.path, why }, key)}>
      <p>Ends the watch of {stage.percent}% after {formatDuration(counted)} of {formatDuration(stage.window_us)} and {goesTo(next)}. Who asked, why and who approved is kept with the run.</p>
      <p>Every guard must hold at that moment: while one does not, nothing goes on and the request is withdrawn.</p>
      <Approvers way={way} view={view} asked={gateOf(view, stage.path, "advance")} then="Until then it is watched as before." />
    </AskDialog>
  );
}

/** Offered while a stage is watched; what was asked for already stands beside it. */
export function Advance(watched: Watched) {
  const { view, stage } = watched;
  const [open, setOpen] = useState(false);
  const way = view.detail.mend?.find(({ kind }) => kind === "advance");
  const gate = gateOf(view, stage.path, "advance");
  if (!way || stage.state !== "watching" || !mayAsk(view, "advance")) return null;
  return (
    <div class="advance">
      {gate && <ul class="asked"><Asked gate={gate} run={view.detail.id} what="Advancing now" then="It ends when every guard holds." /></ul>}
      {canOperate.value && (
        <button type="button" class="button" disabled={!live.value} onClick={() => setOpen(true)}><Icon name="skip" />Advance now…</button>
      )}
      {open && <AdvanceDialog {...watched} way={way} onClose={() => setOpen(false)} />}
    </div>
  );
}

/** What a stage keeps of it. */
export function WasAdvanced({ run, advanced }: { run: string; advanced: Advanced }) {
  return (
    <span class="stage-override">
      <Icon name="skip" />
      <span>
        Ended early after {formatDuration(advanced.counted_us)} of {formatDuration(advanced.window_us)}, asked by {advanced.by}: “{advanced.why}”.
        Approved by <a href={href.gate(run, advanced.gate)}>{advanced.approved_by.join(", ")}</a>.
      </span>
    </span>
  );
}
