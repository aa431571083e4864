// A step that waits for a lock: whom it waits for, and who waits behind it.

import { formatDuration } from "../../lib/format";
import { lockMode, type LockNode, lockTree } from "../../lib/lock-tree";
import type { LockSession, LockWait } from "../../wire/types";
import { Icon } from "../common/icon";
import { Notice } from "../common/parts";

const facts = ({ application, user, state, transaction_us: open }: LockSession): string =>
  [application, user && `user ${user}`, state, open !== null && `transaction open for ${formatDuration(open)}`].filter(Boolean).join(", ");

function Session({ node }: { node: LockNode }) {
  const { session } = node;
  const waits = session.object && session.wants && `waits for ${lockMode(session.wants)} on ${session.object}`;
  return (
    <li>
      <span class={node.own ? "tone-active" : node.victim ? "tone-caution" : "tone-bad"}><Icon name={node.own ? "spin" : node.victim ? "clock" : "hand"} /></span>
      <div>
        <strong>{node.own ? "This step" : session.pid === 0 ? "A prepared transaction" : `Process ${session.pid}`}</strong>
        {node.victim && <span class="soft"> waits behind this step</span>}
        {!node.own && facts(session) && <span class="soft"> – {facts(session)}</span>}
        {waits && <div class="soft">{waits}{session.waited_us !== null && ` for ${formatDuration(session.waited_us)}`}{node.more > 0 && `, and for ${node.more} more`}</div>}
        {session.query && <code>{session.query}</code>}
        <Sessions nodes={node.children} />
      </div>
    </li>
  );
}

function Sessions({ nodes }: { nodes: LockNode[] }) {
  if (nodes.length === 0) return null;
  return <ul class="lock-tree">{nodes.map((node) => <Session key={node.session.pid} node={node} />)}</ul>;
}

export function LockPanel({ wait }: { wait: LockWait }) {
  return (
    <section class="lock-panel" aria-label="Waits for a lock">
      <Notice tone="caution" icon="hand" title="Waits for a lock">
        Try {wait.try} was {wait.why === "victims" ? "withdrawn, because others queued behind it" : "refused"}; it is tried again for up
        to {formatDuration(wait.budget_us)}, {formatDuration(wait.spent_us)} so far. Nothing has changed.
      </Notice>
      <Sessions nodes={lockTree(wait)} />
      {wait.victims_total > wait.victims.length && <p class="soft small">{wait.victims_total} sessions waited behind it; {wait.victims.length} are shown.</p>}
    </section>
  );
}
