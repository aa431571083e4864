// What changed between the gate a person has read and the gate as it is now. Pure.

import { lookOf, VERDICT_LOOK } from "../lib/status";
import type { Evidence, Gate, NextStep } from "../wire/types";

const sentence = (row: Evidence): string => `${lookOf(VERDICT_LOOK, row.verdict).label}: ${row.text}`;
const sameNext = (a: NextStep, b: NextStep): boolean => a.text === b.text && (a.sql ?? "") === (b.sql ?? "");

export function gateChanges(before: Gate, after: Gate): string[] {
  const changes: string[] = [];
  const old = new Map((before.evidence ?? []).map((row) => [row.path, row]));
  for (const row of after.evidence ?? []) {
    const was = old.get(row.path);
    old.delete(row.path);
    if (!was) changes.push(`${row.path}: new evidence, ${sentence(row)}`);
    else if (was.verdict !== row.verdict || was.text !== row.text) changes.push(`${row.path}: was ${sentence(was)}; now ${sentence(row)}`);
  }
  for (const path of old.keys()) changes.push(`${path}: no longer part of the evidence`);
  const next = after.next ?? [];
  if (next.length !== (before.next ?? []).length || next.some((row, index) => !sameNext(row, before.next![index]!)))
    changes.push("What follows an approval is different.");
  if (before.question !== after.question) changes.push(`The question is now “${after.question}”`);
  if (before.need !== after.need || before.approvers.join() !== after.approvers.join())
    changes.push(`It now needs ${after.need} × ${after.approvers.join(", ")}`);
  if (changes.length === 0) changes.push("It was asked again: the plan, a parameter, a target or a verdict behind it was different meanwhile.");
  return changes;
}
