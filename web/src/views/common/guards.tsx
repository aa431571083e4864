// Guards of a rollout: the newest value against its threshold, the chart, and how many breaches in a row it may have.

import { formatCount, formatValue } from "../../lib/format";
import { GUARD_LOOK, lookOf } from "../../lib/status";
import type { Guard, Rollout, SamplePoint, Stage } from "../../wire/types";
import { GuardChart, ruleOf, unitOf } from "./guard-chart";
import { Badge, Time } from "./parts";

function GuardTile({ guard, points, stages }: { guard: Guard; points: readonly SamplePoint[]; stages: readonly Stage[] }) {
  const look = lookOf(GUARD_LOOK, guard.verdict);
  return (
    <li class={`guard tone-${look.tone}`}>
      <header>
        <h3>{guard.metric}</h3>
        <Badge look={look} />
      </header>
      <p class="guard-value">
        <strong class="num">{guard.value === null ? "no data" : `${formatValue(guard.value)}${unitOf(guard)}`}</strong>
        <span class="soft">{ruleOf(guard)}</span>
      </p>
      <GuardChart guard={guard} points={points} stages={stages} />
      <p class="soft small guard-foot">
        <span class="strikes" aria-hidden="true">{Array.from({ length: Math.min(guard.breaches_max, 10) }, (_, index) => <span key={index} class={index < guard.breaches ? "hit" : ""} />)}</span>
        <span>{formatCount(guard.breaches)} of {guard.breaches_max} breaches in a row</span>
        {guard.at && <span><Time at={guard.at} ago /></span>}
      </p>
    </li>
  );
}

export function Guards({ rollout }: { rollout: Rollout }) {
  return (
    <ul class="guards">
      {rollout.guards.map((guard, index) => (
        <GuardTile key={`${guard.guard} ${index}`} guard={guard} stages={rollout.stages} points={rollout.samples.find((line) => line.guard === guard.guard)?.points ?? []} />
      ))}
    </ul>
  );
}
