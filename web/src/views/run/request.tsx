// The dialogs of the requests: what follows, as the server knows it at this moment.

import type { ComponentChildren } from "preact";
import type { RunView } from "../../state/apply";
import { api } from "../../wire/api";
import type { RequestKind } from "../../wire/types";
import { UndoList } from "../common/undo-list";
import { REQUESTS } from "./actions";
import { AskDialog } from "./ask";

const FOLLOWS: Record<RequestKind, (view: RunView) => ComponentChildren> = {
  pause: () => <p>The batch that is running commits, then the run stops where it is. Nothing is undone; <em>Resume</em> goes on from there. Time in which a rollout is paused does not count for its window.</p>,
  resume: ({ detail }) => <p>The run goes on{detail.node ? <> at <code>{detail.node}</code></> : ""}, from what the database says is done.</p>,
  retry: ({ detail }) => <p>{detail.node ? <code>{detail.node}</code> : "The step"} is tried again, as one more attempt. What it had committed stays and is not done twice.</p>,
  rollback: ({ detail }) => <UndoList run={detail.id} />,
  abort: () => <p>The run ends here, for good: <strong>nothing is undone</strong> and it cannot be resumed. To take the change back, roll back instead.</p>,
};

export function RequestDialog({ kind, view, onClose }: { kind: RequestKind; view: RunView; onClose: () => void }) {
  const request = REQUESTS[kind];
  const word = request.label.replace("…", "");
  return (
    <AskDialog view={view} title={`${word} ${view.detail.plan} #${view.detail.id}?`} word={word} danger={request.tone === "danger"} needsWhy={request.needsWhy}
      send={(version, why, key) => api.request(view.detail.id, version, kind, why, key)} onClose={onClose}>
      {FOLLOWS[kind](view)}
    </AskDialog>
  );
}
