// What a person may ask of a run: one table of the requests, and the dialog that says what follows.

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { lookOf, RUN_LOOK } from "../../lib/status";
import { findNode, outline } from "../../state/outline";
import type { RunView } from "../../state/apply";
import { canOperate, live, loadRun, messageOf } from "../../state/store";
import { api, ApiError, newKey } from "../../wire/api";
import type { RequestKind, RunStatus } from "../../wire/types";
import { Icon, type Sign } from "../common/icon";
import { Dialog, Notice } from "../common/parts";

interface Request {
  label: string;
  icon: Sign;
  /** States in which it makes sense; the server decides. */
  states: RunStatus[];
  needsWhy: boolean;
  tone: "" | "danger";
  follows: (view: RunView) => ComponentChildren;
}

/** Steps that a rollback would undo, newest first, and those that cannot be. */
function undoList(view: RunView): ComponentChildren {
  const tree = outline(view);
  const done = [...view.steps.values()].filter((step) => step.state === "done" || step.state === "running" || step.state === "failed");
  const changing = done.flatMap((step) => {
    const node = findNode(tree, step.path);
    return node && ["step", "task", "backfill", "import", "rollout", "exec", "migrations"].includes(node.kind) ? [node] : [];
  }).reverse();
  if (changing.length === 0) return <p>Nothing has been changed yet, so nothing has to be undone.</p>;
  return (
    <>
      <p>These are undone, in this order. What the application wrote into columns or tables that go away is copied first, to <code>headgate.kept_{view.detail.id}</code>.</p>
      <ol class="undo-list">
        {changing.slice(0, 12).map((node) => <li key={node.path}><code>{node.path}</code>{node.oneWay && <strong class="tone-bad"> has no way back</strong>}</li>)}
        {changing.length > 12 && <li>and {changing.length - 12} more</li>}
      </ol>
    </>
  );
}

export const REQUESTS: Record<RequestKind, Request> = {
  pause: {
    label: "Pause", icon: "pause", states: ["pending", "running", "waiting", "watching", "held", "throttled"], needsWhy: false, tone: "",
    follows: () => <p>The batch that is running commits, then the run stops where it is. Nothing is undone; <em>Resume</em> goes on from there. Time in which a rollout is paused does not count for its window.</p>,
  },
  resume: {
    label: "Resume", icon: "play", states: ["paused", "held"], needsWhy: false, tone: "",
    follows: ({ detail }) => <p>The run goes on{detail.node ? <> at <code>{detail.node}</code></> : ""}, from what the database says is done.</p>,
  },
  retry: {
    label: "Retry", icon: "retry", states: ["failed", "rollback_blocked", "held"], needsWhy: false, tone: "",
    follows: ({ detail }) => <p>{detail.node ? <code>{detail.node}</code> : "The step"} is tried again, as one more attempt. What it had committed stays and is not done twice.</p>,
  },
  rollback: {
    label: "Roll back…", icon: "back", states: ["running", "waiting", "watching", "held", "throttled", "paused", "failed", "done"], needsWhy: true, tone: "danger",
    follows: undoList,
  },
  abort: {
    label: "Abort…", icon: "stop", states: ["pending", "running", "waiting", "watching", "held", "throttled", "paused", "failed", "rolling_back", "rollback_blocked"], needsWhy: true, tone: "danger",
    follows: () => <p>The run ends here, for good: <strong>nothing is undone</strong> and it cannot be resumed. To take the change back, roll back instead.</p>,
  },
};
const ORDER: RequestKind[] = ["resume", "retry", "pause", "rollback", "abort"];

function RequestDialog({ kind, view, onClose }: { kind: RequestKind; view: RunView; onClose: () => void }) {
  const request = REQUESTS[kind];
  const word = request.label.replace("…", "");
  const [why, setWhy] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const key = useRef(newKey());
  const opened = useRef({ version: view.detail.version, state: view.detail.state });
  const changed = opened.current.state !== view.detail.state;
  const field = useRef<HTMLTextAreaElement>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (request.needsWhy && why.trim() === "") {
      setProblem("Say why: it goes into the history.");
      field.current?.focus();
      return;
    }
    setBusy(true);
    setProblem("");
    try {
      await api.request(view.detail.id, opened.current.version, kind, why.trim(), key.current);
      onClose();
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        await loadRun();
        opened.current = { ...opened.current, version: view.detail.version };
        key.current = newKey();
        setProblem(`${error.message} Look at its state and try again.`);
      } else setProblem(messageOf(error));
    }
    setBusy(false);
  };
  // the version that one has seen in this dialog is the one that is acted on
  if (!changed) opened.current.version = view.detail.version;
  return (
    <Dialog title={`${word} ${view.detail.plan} #${view.detail.id}?`} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {request.follows(view)}
        {changed && (
          <Notice tone="caution" icon="warn" title={`Meanwhile the run is ${lookOf(RUN_LOOK, view.detail.state).label.toLowerCase()}`}
            action={<button type="button" class="button small" onClick={() => {
              opened.current = { version: view.detail.version, state: view.detail.state };
              setProblem("");
            }}>I have seen it</button>} />
        )}
        <label for="why">Reason{request.needsWhy ? "" : " (optional)"}</label>
        <textarea id="why" ref={field} rows={2} value={why} onInput={(event) => setWhy(event.currentTarget.value)} aria-describedby="why-problem" />
        <p id="why-problem" class="problem" role="alert">{problem}</p>
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button class={`button ${request.tone === "danger" ? "danger" : "primary"}`} disabled={busy || changed}>{busy ? "Asking…" : word}</button>
        </div>
      </form>
    </Dialog>
  );
}

export function RunActions({ view }: { view: RunView }) {
  const [open, setOpen] = useState<RequestKind | null>(null);
  const kinds = ORDER.filter((kind) => REQUESTS[kind].states.includes(view.detail.state));
  if (kinds.length === 0) return null;
  if (!canOperate.value) return <span class="soft small">You may look. Changing a run needs the role operator.</span>;
  return (
    <>
      {kinds.map((kind) => (
        <button key={kind} type="button" class={`button ${kind === "resume" || kind === "retry" ? "primary" : REQUESTS[kind].tone === "danger" ? "quiet-danger" : ""}`}
          disabled={!live.value} onClick={() => setOpen(kind)}>
          <Icon name={REQUESTS[kind].icon} />{REQUESTS[kind].label}
        </button>
      ))}
      {open && <RequestDialog kind={open} view={view} onClose={() => setOpen(null)} />}
    </>
  );
}
