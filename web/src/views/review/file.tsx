// Decisions from a file: it is looked at by the server first, and what it would decide is shown, line by line. All of it is taken,
// or nothing.

import { useRef, useState } from "preact/hooks";
import { plural } from "../../lib/format";
import { live, messageOf } from "../../state/store";
import { api, newKey } from "../../wire/api";
import type { ReviewTaken } from "../../wire/types";
import { Dialog, Notice } from "../common/parts";
import { Columns } from "./review";

/** Lines that are drawn; the server checks them all. */
const SHOWN = 200;

type Change = ReviewTaken["changes"][number];

function Decision({ change: { decision, choice } }: { change: Change }) {
  if ("skip" in decision) return <>Skip</>;
  if ("set" in decision) return <Columns set={decision.set} />;
  return <>Choice {decision.choice + 1}{choice?.label && `: ${choice.label}`}{choice?.set && <Columns set={choice.set} />}</>;
}

function Changes({ taken }: { taken: ReviewTaken }) {
  if (taken.changes.length === 0) return null;
  const shown = taken.changes.slice(0, SHOWN);
  return (
    <div class="scroll short" tabIndex={0} role="group" aria-label="What it would decide">
      <table>
        <thead><tr><th scope="col">Line</th><th scope="col">Row</th><th scope="col">Decision</th></tr></thead>
        <tbody>
          {shown.map((change) => (
            <tr key={change.line}>
              <td class="num">{change.line}</td>
              <th scope="row"><code><bdi>{change.key.join(", ")}</bdi></code> <span class="soft small">{change.step}</span></th>
              <td><Decision change={change} /></td>
            </tr>
          ))}
        </tbody>
      </table>
      {taken.decided > shown.length && <p class="soft small">{plural(taken.decided - shown.length, "more line")} not shown.</p>}
    </div>
  );
}

function Preview({ taken }: { taken: ReviewTaken }) {
  const left = taken.rows - taken.decided - taken.problems.length;
  return (
    <>
      {taken.problems.length > 0 ? (
        <Notice tone="bad" icon="cross" title={`${plural(taken.problems.length, "line")} cannot be taken, so nothing can be applied`}>
          <ul>{taken.problems.map(({ line, text }) => <li key={line}>Line {line}: {text}</li>)}</ul>
        </Notice>
      ) : (
        <Notice tone={taken.decided > 0 ? "good" : "caution"} icon={taken.decided > 0 ? "check" : "warn"}
          title={taken.decided > 0 ? `It decides ${plural(taken.decided, "row")}` : "No line has a decision"}>
          {left > 0 && `${plural(left, "line")} without a decision stay as they are.`}
        </Notice>
      )}
      <Changes taken={taken} />
    </>
  );
}

export function FileDialog({ run, onClose, onDone }: { run: string; onClose: () => void; onDone: (decided: number) => void }) {
  const [csv, setCsv] = useState("");
  const [taken, setTaken] = useState<ReviewTaken | null>(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const key = useRef(newKey());
  const ask = async (text: string, apply: boolean) => {
    setBusy(true);
    setProblem("");
    try {
      const answer = await api.takeReview(run, text, apply, key.current);
      if (answer.applied) return onDone(answer.decided);
      setTaken(answer);
    } catch (error) {
      key.current = newKey();
      setTaken(null);
      setProblem(messageOf(error));
    }
    setBusy(false);
  };
  const choose = async (file: File | undefined) => {
    setTaken(null);
    if (!file) return;
    const text = await file.text();
    setCsv(text);
    await ask(text, false);
  };
  const ready = taken !== null && taken.problems.length === 0 && taken.decided > 0;
  return (
    <Dialog title="Decide by a file" onClose={onClose} wide>
      <form onSubmit={(event) => {
        event.preventDefault();
        void ask(csv, true);
      }}>
        <p>
          Fill in the column <code>decision</code> of the downloaded CSV: the number of a choice, <code>skip</code>, or <code>{'{"column": value}'}</code>.
          Lines without a decision stay as they are. Nothing is applied before you have seen what it would decide.
        </p>
        <label for="review-file">File</label>
        <input id="review-file" type="file" accept=".csv,text/csv" onChange={(event) => void choose(event.currentTarget.files?.[0])} />
        <div role="status">{taken && <Preview taken={taken} />}</div>
        <p class="problem" role="alert">{problem}</p>
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button class="button primary" disabled={!ready || busy || !live.value}>{busy ? "Asking…" : ready ? `Apply ${plural(taken.decided, "decision")}` : "Apply"}</button>
        </div>
      </form>
    </Dialog>
  );
}
