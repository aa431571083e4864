// A guard's values against its threshold, with the moments at which its rollout went further.

import { formatValue, plural } from "../../lib/format";
import { GUARD_LOOK, lookOf } from "../../lib/status";
import type { Guard, SamplePoint, Stage } from "../../wire/types";
import { Chart } from "./chart";

export const unitOf = ({ unit }: Pick<Guard, "unit">): string => (unit === "%" || unit === "" ? unit : ` ${unit}`);
export const ruleOf = (guard: Guard): string =>
  `${guard.alert ? "breach when" : "must be"} ${guard.op} ${formatValue(guard.limit)}${unitOf(guard)}`;

function summaryOf(guard: Guard, points: readonly SamplePoint[]): string {
  const values = points.flatMap(([, value]) => (value === null ? [] : [value]));
  const unit = unitOf(guard);
  if (values.length === 0) return `${guard.metric} has no values yet; ${ruleOf(guard)}.`;
  const breaches = points.filter(([, , verdict]) => verdict === "breach").length;
  const without = points.length - values.length;
  return `${plural(values.length, "value")} from ${formatValue(Math.min(...values))} to ${formatValue(Math.max(...values))}${unit}, ${ruleOf(guard)}: `
    + `${breaches === 0 ? "no breach" : plural(breaches, "breach", "breaches")}${without === 0 ? "" : `, ${without} times without data`}.`;
}

export function GuardChart({ guard, points, stages, small = false }: {
  guard: Guard; points: readonly SamplePoint[]; stages: readonly Stage[]; small?: boolean;
}) {
  const marks = stages.flatMap(({ opened_at: at, percent }) => (at === null ? [] : [{ at: Date.parse(at), label: `${percent}%` }]));
  return (
    <Chart name={guard.metric} summary={summaryOf(guard, points)} limit={guard.limit} marks={marks} small={small} wordHead="Verdict"
      valueOf={(value) => `${formatValue(value)}${unitOf(guard)}`}
      points={points.map(([at, value, verdict]) => ({ at: Date.parse(at), value, bad: verdict === "breach", word: lookOf(GUARD_LOOK, verdict).label }))} />
  );
}
