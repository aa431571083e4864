// The dialog in which a person asks something of a run: what follows, why, and whether the run is still what was looked at.

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { lookOf, RUN_LOOK } from "../../lib/status";
import type { RunView } from "../../state/apply";
import { loadRun, messageOf } from "../../state/store";
import { ApiError, newKey } from "../../wire/api";
import type { RunStatus } from "../../wire/types";
import { Dialog, Notice } from "../common/parts";

interface Asking {
  view: RunView;
  title: string;
  /** On its button. */
  word: string;
  danger?: boolean;
  needsWhy: boolean;
  wide?: boolean;
  /** States that are as good as the one it was opened in. */
  alike?: readonly RunStatus[];
  /** What is missing before it can be asked; "" = nothing. */
  missing?: () => string;
  /** version is that of the run which this dialog shows. */
  send: (version: string, why: string, key: string) => Promise<unknown>;
  onClose: () => void;
  children: ComponentChildren;
}

export function AskDialog({ view, title, word, danger = false, needsWhy, wide = false, alike = [], missing, send, onClose, children }: Asking) {
  const [why, setWhy] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const key = useRef(newKey());
  const opened = useRef({ version: view.detail.version, state: view.detail.state });
  const changed = opened.current.state !== view.detail.state && !alike.includes(view.detail.state);
  const field = useRef<HTMLTextAreaElement>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    const lacks = missing?.() ?? "";
    if (lacks !== "") return setProblem(lacks);
    if (needsWhy && why.trim() === "") {
      setProblem("Say why: it goes into the history.");
      field.current?.focus();
      return;
    }
    setBusy(true);
    setProblem("");
    try {
      await send(opened.current.version, why.trim(), key.current);
      onClose();
    } catch (error) {
      key.current = newKey();
      if (error instanceof ApiError && error.status === 409) {
        await loadRun();
        opened.current = { ...opened.current, version: view.detail.version };
        setProblem(`${error.message} Look at its state and try again.`);
      } else setProblem(messageOf(error));
    }
    setBusy(false);
  };
  // the version that one has seen in this dialog is the one that is acted on
  if (!changed) opened.current.version = view.detail.version;
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      <form onSubmit={(event) => void submit(event)}>
        {children}
        {changed && (
          <Notice tone="caution" icon="warn" title={`Meanwhile the run is ${lookOf(RUN_LOOK, view.detail.state).label.toLowerCase()}`}
            action={<button type="button" class="button small" onClick={() => {
              opened.current = { version: view.detail.version, state: view.detail.state };
              setProblem("");
            }}>I have seen it</button>} />
        )}
        <label for="why">Reason{needsWhy ? "" : " (optional)"}</label>
        <textarea id="why" ref={field} rows={2} value={why} onInput={(event) => setWhy(event.currentTarget.value)} aria-describedby="why-problem" />
        <p id="why-problem" class="problem" role="alert">{problem}</p>
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button class={`button ${danger ? "danger" : "primary"}`} disabled={busy || changed}>{busy ? "Asking…" : word}</button>
        </div>
      </form>
    </Dialog>
  );
}
