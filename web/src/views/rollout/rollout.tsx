// How far a change is let out: stages with their windows, and the guards that must hold.

import { formatDuration } from "../../lib/format";
import { href } from "../../lib/router";
import { lookOf, STAGE_LOOK } from "../../lib/status";
import type { RunView } from "../../state/apply";
import { live } from "../../state/store";
import type { Rollout, Stage } from "../../wire/types";
import { Icon } from "../common/icon";
import { Guards } from "../common/guards";
import { Bar, Countdown, Empty, Facts, Notice, SpentOf } from "../common/parts";
import { RunFrame } from "../common/run-frame";
import { RunActions } from "../run/actions";
import { Advance, useCounted, WasAdvanced } from "./advance";

/** What automation does at the moment, in words. */
const AUTOMATION: Record<string, string> = {
  pending: "not started", watching: "watching", waiting: "waits for a gate", held: "held: it needs a decision", done: "finished",
  rolled_back: "rolled back", paused: "paused",
};

function StageItem({ stage, run, runs, current }: { stage: Stage; run: string; runs: boolean; current: boolean }) {
  const { counted, told } = useCounted(stage, runs);
  const watching = stage.state === "watching";
  const look = lookOf(STAGE_LOOK, stage.state);
  return (
    <li class={`stage tone-${look.tone}${current ? " current" : ""}`} aria-current={current ? "step" : undefined}>
      <span class="stage-percent">{stage.percent}%</span>
      <span class="stage-state"><Icon name={look.icon} />{look.label}</span>
      {watching || stage.state === "held" ? (
        <>
          <Bar done={counted} total={stage.window_us} label={`Window of ${stage.percent}%`} />
          <span class="stage-clock"><strong><Countdown leftUs={stage.left_us} since={told} runs={runs && watching} /></strong> left of {formatDuration(stage.window_us)}</span>
        </>
      ) : (
        <span class="stage-clock soft">
          {stage.advanced ? <WasAdvanced run={run} advanced={stage.advanced} /> : stage.state === "done" ? <>watched {formatDuration(stage.counted_us)}</> : `watch ${formatDuration(stage.window_us)}`}
        </span>
      )}
      {stage.gate !== null && <a class={`button small ${stage.state === "waiting" ? "primary" : "ghost"}`} href={href.gate(run, stage.gate)}><Icon name="gate" />Gate</a>}
    </li>
  );
}

function RolloutPanel({ rollout, current }: { rollout: Rollout; current: RunView }) {
  const { id, state, reason } = current.detail;
  const runs = live.value && state === "watching" && current.detail.alive;
  const at = rollout.stages.find((stage) => stage.state !== "done" && stage.state !== "pending")
    ?? rollout.stages.find((stage) => stage.state === "pending");
  const differs = rollout.percent !== rollout.intended_percent;
  const level = rollout.enabled ? rollout.percent : 0;
  return (
    <section aria-labelledby={`flag-${rollout.path}`}>
      <div class="panel level">
        <div class="level-head">
          <h2 id={`flag-${rollout.path}`}>{rollout.flag}</h2>
          <p class="level-now"><strong class="num">{level}%</strong> {rollout.enabled ? "live" : "live: the flag is off"}</p>
          <p class="soft">Automation: {AUTOMATION[rollout.automation] ?? rollout.automation}</p>
        </div>
        <svg class="level-bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label={`${level}% of 100%`}>
          <rect class="ground" width="100" height="8" /><rect class="let" width={level} height="8" />
          {rollout.stages.filter((stage) => stage.percent < 100).map((stage) => <rect key={stage.path} class="mark" x={stage.percent - 0.15} width="0.3" height="8" />)}
        </svg>
        {differs && <Notice tone="caution" icon="warn" title={`The flag says ${rollout.percent}%, ${rollout.intended_percent}% is intended`} />}
        {(state === "held" || state === "paused") && reason?.text && <Notice tone="caution" icon="hand" title={reason.text}>The window does not count meanwhile.</Notice>}
        <ol class="stages">
          {rollout.stages.map((stage) => <StageItem key={stage.path} stage={stage} run={id} runs={runs} current={stage === at} />)}
        </ol>
        {at && <Advance key={at.path} view={current} stage={at} next={rollout.stages[rollout.stages.indexOf(at) + 1]} runs={runs} />}
      </div>
      <div class="panel">
        <header class="panel-head"><h2>Guards</h2><span class="soft small">The stage goes on only while all of them hold; without data, nothing goes on.</span></header>
        {rollout.guards.length === 0 ? <p class="soft">This stage has no guards.</p> : <Guards rollout={rollout} />}
      </div>
    </section>
  );
}

export function RolloutPage({ run }: { run: string }) {
  return (
    <RunFrame run={run} heading="Rollout" aside={(current) => <RunActions view={current} />}>
      {(current) => (
        <>
          {current.detail.rollouts.length === 0 && <Empty icon="flag" title="This plan has no rollout" />}
          {current.detail.rollouts.map((rollout) => <RolloutPanel key={rollout.path} rollout={rollout} current={current} />)}
          {current.detail.rollouts.length > 0 && (
            <Facts class="line" rows={[
              ["Watching, in total", <SpentOf run={current.detail} which="watching_us" />],
              ["Active", <SpentOf run={current.detail} which="active_us" />],
              ["Waiting", <SpentOf run={current.detail} which="waiting_us" />],
            ]} />
          )}
        </>
      )}
    </RunFrame>
  );
}
