// What a person may ask of a run: one table of the requests, and the dialog that says what follows.

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { plural } from "../../lib/format";
import { lookOf, RUN_LOOK } from "../../lib/status";
import type { RunView } from "../../state/apply";
import { canOperate, live, loadRun, messageOf } from "../../state/store";
import { api, ApiError, newKey } from "../../wire/api";
import type { RequestKind } from "../../wire/types";
import { Icon, type Sign } from "../common/icon";
import { Dialog, Failure, Loading, Notice } from "../common/parts";
import { useLoaded } from "../common/use-loaded";

interface Request {
  label: string;
  icon: Sign;
  needsWhy: boolean;
  tone: "" | "danger";
  follows: (view: RunView) => ComponentChildren;
}

/** Rows of the application that would go away with what is undone. */
function KeptRows({ run }: { run: string }) {
  const { value, error, loading } = useLoaded(`kept ${run}`, () => api.kept(run));
  const rows = value?.kept.filter((item) => item.rows > 0) ?? [];
  const name = <code>headgate.kept_{run}</code>;
  if (error) return <p class="soft">What the application wrote into what goes away could not be counted ({error.message}). It is copied to {name} all the same.</p>;
  if (loading || !value) return <p class="soft" role="status">Counting what the application wrote into what goes away…</p>;
  if (rows.length === 0) return <p class="soft">The application has written nothing into what goes away.</p>;
  return (
    <>
      <p>What the application wrote into what goes away is copied to {name} first:</p>
      <ul>
        {rows.map(({ path, relation, columns, rows: count }) => (
          <li key={`${path} ${relation}`}><strong class="num">{plural(count, "row")}</strong> of <code>{relation}</code>{columns && ` (${columns.join(", ")})`}</li>
        ))}
      </ul>
    </>
  );
}

/** What a rollback would do, as the server knows it at this moment: the steps in their order, or why there is no way back. */
function UndoList({ run }: { run: string }) {
  const loaded = useLoaded(`undo ${run}`, () => api.run(run));
  const undo = loaded.value?.undo;
  if (loaded.error) return <Failure error={loaded.error} what="What would be undone" retry={loaded.reload} />;
  if (loaded.value?.unavailable) return <Notice tone="caution" icon="warn" title="What would be undone is not known">{loaded.value.unavailable}</Notice>;
  if (!undo) return <Loading what="what would be undone" />;
  if (undo.no_way_back.length > 0) {
    return (
      <Notice tone="bad" icon="warn" title="There is no way back">
        <ul>{undo.no_way_back.map((step) => <li key={step.path}><code>{step.path}</code> is done: {step.why}</li>)}</ul>
      </Notice>
    );
  }
  if (undo.steps.length === 0) return <p>Nothing has been changed yet, so nothing has to be undone.</p>;
  return (
    <>
      <p>{undo.steps.length === 1 ? "This is undone." : `These ${undo.steps.length} are undone, in this order.`}</p>
      <ol class="undo-list">
        {undo.steps.map((step) => <li key={step.path}><code>{step.path}</code> <span class="soft">{step.how}</span></li>)}
      </ol>
      <KeptRows run={run} />
    </>
  );
}

export const REQUESTS: Record<RequestKind, Request> = {
  pause: {
    label: "Pause", icon: "pause", needsWhy: false, tone: "",
    follows: () => <p>The batch that is running commits, then the run stops where it is. Nothing is undone; <em>Resume</em> goes on from there. Time in which a rollout is paused does not count for its window.</p>,
  },
  resume: {
    label: "Resume", icon: "play", needsWhy: false, tone: "",
    follows: ({ detail }) => <p>The run goes on{detail.node ? <> at <code>{detail.node}</code></> : ""}, from what the database says is done.</p>,
  },
  retry: {
    label: "Retry", icon: "retry", needsWhy: false, tone: "",
    follows: ({ detail }) => <p>{detail.node ? <code>{detail.node}</code> : "The step"} is tried again, as one more attempt. What it had committed stays and is not done twice.</p>,
  },
  rollback: {
    label: "Roll back…", icon: "back", needsWhy: true, tone: "danger",
    follows: ({ detail }) => <UndoList run={detail.id} />,
  },
  abort: {
    label: "Abort…", icon: "stop", needsWhy: true, tone: "danger",
    follows: () => <p>The run ends here, for good: <strong>nothing is undone</strong> and it cannot be resumed. To take the change back, roll back instead.</p>,
  },
};
/** Does it make sense now? The server's table of states says so. */
export const mayAsk = ({ detail }: RunView, kind: RequestKind): boolean => detail.may[kind]?.includes(detail.state) ?? false;

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
  const kinds = ORDER.filter((kind) => mayAsk(view, kind));
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
