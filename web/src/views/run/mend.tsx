// Where the run itself cannot know, or cannot go back: "did it happen?" is answered, a failed undo is left out (skip) or other
// SQL stands in for it (repair). The two last are gates, opened when somebody asks.

import { useState } from "preact/hooks";
import { plural } from "../../lib/format";
import { KIND_WORD, lookOf, STEP_LOOK } from "../../lib/status";
import type { RunView } from "../../state/apply";
import { planNode } from "../../state/outline";
import { canOperate, live } from "../../state/store";
import { api } from "../../wire/api";
import type { AskedWay, MendKind, PlanNode } from "../../wire/types";
import { Icon } from "../common/icon";
import { Badge, Notice, Sql } from "../common/parts";
import { mayAsk } from "./actions";
import { AskDialog } from "./ask";
import { Approvers, Asked, askWord, gateOf, nobodyCould } from "./asked";
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

type MendWay = AskedWay & { kind: MendKind };
const mends = (way: AskedWay): way is MendWay => way.kind !== "advance";

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

const downOf = (node: PlanNode | null): string => {
  const sql = sqlOf(node?.keys?.["down"]);
  return typeof sql?.["text"] === "string" ? sql["text"] : "";
};

function MendDialog({ way, view, path, onClose }: { way: MendWay; view: RunView; path: string; onClose: () => void }) {
  const { kind } = way;
  const down = downOf(planNode(view, path));
  const [sql, setSql] = useState(down);
  const lacks = () => (sql.trim() === "" ? "Say what is run instead." : sql.trim() === down.trim() ? "This is the undo that failed: correct it, or retry it as it is." : "");
  return (
    <AskDialog view={view} title={WAYS[kind].title(path)} wide needsWhy danger={kind === "skip"} onClose={onClose}
      word={askWord(way, WAYS[kind].auto)}
      missing={() => nobodyCould(way) || (kind === "repair" ? lacks() : "")}
      send={(version, why, key) => api.ask(view.detail.id, version, { kind, path, why, ...(kind === "repair" ? { sql } : {}) }, key)}>
      <p>{WAYS[kind].follows(path)}</p>
      {kind === "repair" ? (
        <>
          <label for="mend-sql">SQL</label>
          <textarea id="mend-sql" class="sql-field" rows={6} dir="ltr" spellcheck={false} value={sql} onInput={(event) => setSql(event.currentTarget.value)} />
        </>
      ) : down !== "" && <Sql text={down} caption={<strong>Will not run</strong>} />}
      <Approvers way={way} view={view} asked={gateOf(view, path, kind)} then={<>Then <em>Retry</em> goes on.</>} />
    </AskDialog>
  );
}

function Blocked({ view, path }: { view: RunView; path: string }) {
  const [open, setOpen] = useState<MendWay | null>(null);
  const { id, reason, mend } = view.detail;
  const ways = (mend ?? []).filter(mends).filter(({ kind }) => mayAsk(view, kind));
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
        {asked.length > 0 && <ul class="asked">{asked.map(({ kind, gate }) => <Asked key={kind} gate={gate} run={id} what={kind === "skip" ? "Leaving it out" : "Other SQL"} then={<><em>Retry</em> goes on with it.</>} />)}</ul>}
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
