// Who waits for whom: the sessions of a step.lock event as a tree.

import type { LockSession, LockWait } from "../wire/types";

export interface LockNode {
  session: LockSession;
  /** Our own step. */
  own: boolean;
  /** It waits because of us. */
  victim: boolean;
  /** It waits for so many others besides the one it stands under. */
  more: number;
  children: LockNode[];
}

/** Each session stands once, under the first one that it waits for; whoever waits for nobody here is a root. */
export function lockTree(wait: LockWait): LockNode[] {
  const own: LockSession = {
    pid: wait.waits?.pid ?? 0, application: "", user: "", state: null, query: null, transaction_us: null, holds: null,
    wants: wait.waits?.mode ?? null, object: wait.waits?.object ?? null, waited_us: wait.waits?.waited_us ?? null,
    waits_for: wait.waits?.waits_for ?? null,
  };
  const nodes = new Map<number, LockNode>();
  const add = (session: LockSession, what: "own" | "victim" | ""): void => {
    if (!nodes.has(session.pid)) nodes.set(session.pid, { session, own: what === "own", victim: what === "victim", more: 0, children: [] });
  };
  wait.blockers.forEach((session) => add(session, ""));
  add(own, "own");
  wait.victims.forEach((session) => add(session, "victim"));
  const roots: LockNode[] = [];
  const under = (node: LockNode, parent: LockNode): boolean => node === parent || node.children.some((child) => under(child, parent));
  for (const node of nodes.values()) {
    const parents = (node.session.waits_for ?? []).flatMap((pid) => nodes.get(pid) ?? []);
    // a circle of waits is broken where it would close
    const parent = parents.find((candidate) => candidate !== node && !under(node, candidate));
    node.more = Math.max(0, parents.length - 1);
    (parent ? parent.children : roots).push(node);
  }
  return roots;
}

/** "AccessExclusiveLock" as it is written in SQL. */
export const lockMode = (mode: string): string => mode.replace(/Lock$/, "").replace(/(?!^)([A-Z])/g, " $1").toUpperCase();
