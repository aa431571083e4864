// Where the run itself cannot know, or cannot go back: "did it happen?" is answered, a failed undo is left out (skip) or other
// SQL stands in for it (repair). The two last are gates, opened when somebody asks.

import { useState } from "preact/hooks";
import { plural } from "../../lib/format";
import { href } from "../../lib/router";
import { KIND_WORD, lookOf, STEP_LOOK } from "../../lib/status";
import type { RunView } from "../../state/apply";
import { planNode } from "../../state/outline";
import { canOperate, live } from "../../state/store";
import { api } from "../../wire/api";
import type { Gate, MendKind, MendWay, PlanNode } from "../../wire/types";
import { Icon } from "../common/icon";
import { Badge, Notice, Sql } from "../common/parts";
import { mayAsk } from "./actions";
import { AskDialog } from "./ask";
import { sqlOf } from "./keys";

const ONLY_OPERATORS = <p class="soft small">You may look. This needs the role operator.</p>;

/* ------------------------------------------------------------------ did it happen? */

type Said = "yes" | "no";

const ANSWERS: Record<Said, { label: string; title: string; follows: string }> = {
  yes: {
    label: "It has happened", title: "It has happened?",
    follows: "counts as done and is not done again. The run goes on after it.",
  },
  no: {
    label: "It has not happened", title: "It has not happened?",
    follows: "is done again, with the same idempotency key as before. If it has happened after all, it happens twice.",
  },
};

function Happened({ view, path, item }: { view: RunView; path: string; item: number }) {
  const [open, setOpen] = useState<Said | null>(null);
  const node = planNode(view, path);
  return (
    <>
      <Notice tone="caution" icon="hand" title="Did it happen?">
        <p>
          The runner was gone before it could say whether <code>{path}</code>{node ? ` (${KIND_WORD[node.kind] ?? node.kind})` : ""} took effect, and nothing tells it.
          Look there, then say what you found.
        </p>
        {canOperate.value ? (
          <p class="actions start">
            {(["yes", "no"] as const).map((said) => (
              <button key={said} type="button" class="button" disabled={!live.value} onClick={() => setOpen(said)}>
                <Icon name={said === "yes" ? "check" : "retry"} />{ANSWERS[said].label}…
              </button>
            ))}
          </p>
        ) : ONLY_OPERATORS}
      </Notice>
      {open && (
        <AskDialog view={view} title={ANSWERS[open].title} needsWhy danger={open === "no"} onClose={() => setOpen(null)}
          word={open === "yes" ? "It has happened – go on" : "It has not – do it again"}
          send={(_version, why, key) => api.answer(view.detail.id, path, item, `${open}: ${why}`, key)}>
          <p><code>{path}</code> {ANSWERS[open].follows}</p>
        </AskDialog>
      )}
    </>
  );
}

/* ------------------------------------------------------------------ a blocked rollback */

interface Way {
  label: string;
  icon: "skip" | "retry";
  /** After "the undo of PATH". */
  title: (path: string) => string;
  follows: (path: string) => string;
  auto: string;
}

const WAYS: Record<MendKind, Way> = {
  repair: {
    label: "Repair…", icon: "retry",
    title: (path) => `Other SQL for the undo of ${path}?`,
    follows: () => "This SQL runs once, in one transaction, instead of the undo that failed; then the rollback goes on with the rest.",
    auto: "Repair – run this SQL, then go on",
  },
  skip: {
    label: "Skip…", icon: "skip",
    title: (path) => `Leave the undo of ${path} out?`,
    follows: (path) => `What ${path} changed stays as it is. The rollback goes on without it, and at its end the run counts as rolled back.`,
    auto: "Skip – the rollback goes on without it",
  },
};

/** Before it takes effect. */
function Approvers({ way, view, asked }: { way: MendWay; view: RunView; asked: Gate | undefined }) {
  const people = `${plural(way.need, "person", "people")} with the role ${way.approvers.join(" or ")}`;
  if (way.auto) return <p>Gates pass by policy in {view.detail.environment}: it takes effect at once.</p>;
  if (way.approvers.length === 0) return <Notice tone="bad" icon="warn" title="Nobody could approve it">{view.detail.environment} has no approvers in headgate.yaml.</Notice>;
  return (
    <>
      <p>
        Nothing happens yet: {people} must approve it first, not {view.detail.started_by}, who started the run. Then <em>Retry</em> goes on.
      </p>
      {asked && <p class="soft">It is asked for already. Asking again replaces that; approvals given so far no longer count.</p>}
    </>
  );
}

const gateOf = (view: RunView, path: string, kind: MendKind): Gate | undefined =>
  view.detail.gates.find((gate) => gate.path === `${path}/${kind}` && gate.state === "open");

const downOf = (node: PlanNode | null): string => {
  const sql = sqlOf(node?.keys?.["down"]);
  return typeof sql?.["text"] === "string" ? sql["text"] : "";
};

function MendDialog({ way, view, path, onClose }: { way: MendWay; view: RunView; path: string; onClose: () => void }) {
  const { kind } = way;
  const down = downOf(planNode(view, path));
  const [sql, setSql] = useState(down);
  const lacks = () => (sql.trim() === "" ? "Say what is run instead." : sql.trim() === down.trim() ? "This is the undo that failed: correct it, or retry it as it is." : "");
  const nobody = !way.auto && way.approvers.length === 0;
  return (
    <AskDialog view={view} title={WAYS[kind].title(path)} wide needsWhy danger={kind === "skip"} onClose={onClose}
      word={way.auto ? WAYS[kind].auto : `Ask for ${plural(way.need, "approval")}`}
      missing={() => (nobody ? "Nobody could approve it." : kind === "repair" ? lacks() : "")}
      send={(version, why, key) => api.mend(view.detail.id, version, { kind, path, why, ...(kind === "repair" ? { sql } : {}) }, key)}>
      <p>{WAYS[kind].follows(path)}</p>
      {kind === "repair" ? (
        <>
          <label for="mend-sql">SQL</label>
          <textarea id="mend-sql" class="sql-field" rows={6} dir="ltr" spellcheck={false} value={sql} onInput={(event) => setSql(event.currentTarget.value)} />
        </>
      ) : down !== "" && <Sql text={down} caption={<strong>Will not run</strong>} />}
      <Approvers way={way} view={view} asked={gateOf(view, path, kind)} />
    </AskDialog>
  );
}

/** What was asked for, and who has approved it. */
function Asked({ gate, kind, run }: { gate: Gate; kind: MendKind; run: string }) {
  const approved = gate.approvals.filter((row) => row.decision === "approve").length;
  const enough = approved >= gate.need;
  return (
    <li>
      <Icon name={enough ? "check" : "person"} />
      <span>
        {kind === "skip" ? "Leaving it out" : "Other SQL"} is asked for: {approved} of {plural(gate.need, "approval")}
        {enough ? <>. <em>Retry</em> goes on with it.</> : ` (${gate.approvers.join(", ")}).`}
      </span>
      <a class={`button small ${enough ? "" : "primary"}`} href={href.gate(run, gate.path)}><Icon name="gate" />{enough ? "What was decided" : "Evidence and decision"}</a>
    </li>
  );
}

function Blocked({ view, path }: { view: RunView; path: string }) {
  const [open, setOpen] = useState<MendWay | null>(null);
  const { id, reason, mend } = view.detail;
  const ways = (mend ?? []).filter(({ kind }) => mayAsk(view, kind));
  const asked = ways.flatMap(({ kind }) => {
    const gate = gateOf(view, path, kind);
    return gate ? [{ kind, gate }] : [];
  });
  const left = reason?.left ?? [];
  return (
    <>
      <Notice tone="bad" icon="warn" title={<>The undo of <code>{path}</code> failed</>}>
        <p>What is already undone stays undone. {plural(left.length, "step is", "steps are")} left to undo, in this order:</p>
        <ol class="undo-list">
          {left.map((row) => <li key={row.path}><code>{row.path}</code> <Badge look={lookOf(STEP_LOOK, row.state)} quiet /></li>)}
        </ol>
        {asked.length > 0 && <ul class="asked">{asked.map(({ kind, gate }) => <Asked key={kind} kind={kind} gate={gate} run={id} />)}</ul>}
        <p>
          {asked.length === 0 ? <><em>Retry</em> tries the same undo again, when what was in its way is gone. Otherwise:</>
            : "Until it is approved or rejected, the undo itself is not tried again. Something else can be asked for instead:"}
        </p>
        {canOperate.value ? (
          <p class="actions start">
            {ways.map((way) => (
              <button key={way.kind} type="button" class={`button ${way.kind === "skip" ? "quiet-danger" : ""}`} disabled={!live.value} onClick={() => setOpen(way)}>
                <Icon name={WAYS[way.kind].icon} />{WAYS[way.kind].label}
              </button>
            ))}
          </p>
        ) : ONLY_OPERATORS}
      </Notice>
      {open && <MendDialog way={open} view={view} path={path} onClose={() => setOpen(null)} />}
    </>
  );
}

/** What only a person can move, and how. */
export function Mend({ view }: { view: RunView }) {
  const { reason } = view.detail;
  if (!reason?.path) return null;
  if (reason.kind === "did_it_happen") return <Happened key={reason.item} view={view} path={reason.path} item={reason.item ?? 0} />;
  return <Blocked key={reason.path} view={view} path={reason.path} />;
}
