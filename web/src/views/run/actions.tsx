// What a person may ask of a run: one table of the requests, and their buttons.

import { useState } from "preact/hooks";
import type { RunView } from "../../state/apply";
import { canOperate, live } from "../../state/store";
import type { AskedKind, RequestKind } from "../../wire/types";
import { Icon, type Sign } from "../common/icon";
import { lazyPart } from "../common/lazy";

const RequestDialog = lazyPart(() => import("./request").then((part) => part.RequestDialog));

interface Request {
  label: string;
  icon: Sign;
  needsWhy: boolean;
  tone: "" | "danger";
}

export const REQUESTS: Record<RequestKind, Request> = {
  pause: { label: "Pause", icon: "pause", needsWhy: false, tone: "" },
  resume: { label: "Resume", icon: "play", needsWhy: false, tone: "" },
  retry: { label: "Retry", icon: "retry", needsWhy: false, tone: "" },
  rollback: { label: "Roll back…", icon: "back", needsWhy: true, tone: "danger" },
  abort: { label: "Abort…", icon: "stop", needsWhy: true, tone: "danger" },
};

/** Does it make sense now? The server's table of states says so. */
export function mayAsk({ detail }: RunView, kind: RequestKind | AskedKind | "tune"): boolean {
  // going on is what the answer is for
  if (detail.reason?.kind === "did_it_happen" && detail.state === "held" && (kind === "resume" || kind === "retry")) return false;
  return detail.may[kind]?.includes(detail.state) ?? false;
}

const ORDER: RequestKind[] = ["resume", "retry", "pause", "rollback", "abort"];

export function RunActions({ view }: { view: RunView }) {
  const [open, setOpen] = useState<RequestKind | null>(null);
  const kinds = ORDER.filter((kind) => mayAsk(view, kind));
  if (kinds.length === 0) return null;
  if (!canOperate.value) return <span class="soft small">You may look. Changing a run needs the role operator.</span>;
  return (
    <>
      {kinds.map((kind) => (
        <button key={kind} type="button" class={`button ${kind === "resume" || kind === "retry" ? "primary" : REQUESTS[kind].tone === "danger" ? "quiet-danger" : ""}`}
          data-ask={kind} disabled={!live.value} onClick={() => setOpen(kind)}>
          <Icon name={REQUESTS[kind].icon} />{REQUESTS[kind].label}
        </button>
      ))}
      {open && <RequestDialog kind={open} view={view} onClose={() => setOpen(null)} />}
    </>
  );
}
