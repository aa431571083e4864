// What is asked for and has to be approved first, as a gate of its own beside the plan's: who must approve, and who has.

import type { ComponentChildren } from "preact";
import { plural } from "../../lib/format";
import { href } from "../../lib/router";
import type { RunView } from "../../state/apply";
import type { AskedKind, AskedWay, Gate } from "../../wire/types";
import { Icon } from "../common/icon";
import { Notice } from "../common/parts";

export const gateOf = (view: RunView, path: string, kind: AskedKind): Gate | undefined =>
  view.detail.gates.find((gate) => gate.path === `${path}/${kind}` && gate.state === "open");

/** Why it need not be asked for; "" where somebody could approve it. */
export const nobodyCould = ({ auto, approvers }: AskedWay): string => (!auto && approvers.length === 0 ? "Nobody could approve it." : "");

/** On the dialog's button; auto: what it does at once where gates pass by policy. */
export const askWord = (way: AskedWay, auto: string): string => (way.auto ? auto : `Ask for ${plural(way.need, "approval")}`);

/** Before it takes effect; then: what happens when it is approved. */
export function Approvers({ way, view, asked, then }: { way: AskedWay; view: RunView; asked: Gate | undefined; then: ComponentChildren }) {
  const people = `${plural(way.need, "person", "people")} with the role ${way.approvers.join(" or ")}`;
  if (way.auto) return <p>Gates pass by policy in {view.detail.environment}: it takes effect at once.</p>;
  if (nobodyCould(way) !== "") return <Notice tone="bad" icon="warn" title="Nobody could approve it">{view.detail.environment} has no approvers in headgate.yaml.</Notice>;
  return (
    <>
      <p>
        Nothing happens yet: {people} must approve it first, not {view.detail.started_by}, who started the run. {then}
      </p>
      {asked && <p class="soft">It is asked for already. Asking again replaces that; approvals given so far no longer count.</p>}
    </>
  );
}

/** What was asked for, and who has approved it; then: what happens now that it has its approvals. */
export function Asked({ gate, run, what, then }: { gate: Gate; run: string; what: string; then: ComponentChildren }) {
  const approved = gate.approvals.filter((row) => row.decision === "approve").length;
  const enough = approved >= gate.need;
  return (
    <li>
      <Icon name={enough ? "check" : "person"} />
      <span>
        {what} is asked for: {approved} of {plural(gate.need, "approval")}
        {enough ? <>. {then}</> : ` (${gate.approvers.join(", ")}).`}
      </span>
      <a class={`button small ${enough ? "" : "primary"}`} href={href.gate(run, gate.path)}><Icon name="gate" />{enough ? "What was decided" : "Evidence and decision"}</a>
    </li>
  );
}
