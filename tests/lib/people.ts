/** The people of the demo, who do at once whatever a run asks of them. */
import { type Api, ApiError, type GraphNode, type ReviewRow, type RunPage } from "./api";

/** The first choice of a row that may be one thing or another; any other is left as it is: the server would refuse it again. */
const firstChoice = ({ kind, choices }: ReviewRow): unknown => (kind === "ambiguous" && choices !== null && choices.length > 0 ? { choice: 0 } : { skip: true });

/** Does what the run, as page shows it, waits for: nothing that the caller has not seen itself. */
export async function attend(page: RunPage, operator: Api, approvers: Api[], decide: (row: ReviewRow) => unknown = firstChoice): Promise<void> {
  const run = page.id;
  if (page.review.open > 0) await decideRows(run, operator, decide);
  for (const gate of page.gates.filter(({ state }) => state === "open")) {
    for (const approver of approvers) await quietly(approveIfAsked(run, gate.path, approver));
  }
  if (page.reason?.kind === "manual" && page.reason.path !== undefined) {
    await answer(run, page, page.reason.path, [operator, ...approvers]);
  }
}

/** A refusal because something moved on meanwhile is normal: the next look sees what is left. */
async function quietly(act: Promise<unknown>): Promise<void> {
  try {
    await act;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500) throw error;
  }
}

async function approveIfAsked(run: string, path: string, approver: Api): Promise<void> {
  const gate = await approver.gate(run, path);
  if (gate.may.approve) await approver.approve(run, path);
}

async function decideRows(run: string, operator: Api, decide: (row: ReviewRow) => unknown): Promise<void> {
  const { rows } = await operator.get<{ rows: ReviewRow[] }>(`/api/runs/${run}/review?state=open`);
  const decisions = rows.map((row) => ({ step: row.step, key: row.key, decision: decide(row) }));
  if (decisions.length > 0) await quietly(operator.post(`/api/runs/${run}/review`, { decisions }));
}

function find(node: GraphNode, path: string): GraphNode | undefined {
  if (node.path === path) return node;
  for (const child of node.children) {
    const found = find(child, path);
    if (found) return found;
  }
  return undefined;
}

async function answer(run: string, page: RunPage, path: string, people: Api[]): Promise<void> {
  const items = find(page.graph, path)?.keys["items"];
  const count = Array.isArray(items) ? items.length : 1;
  for (let item = 0; item < count; item++) {
    for (const person of people) await quietly(person.post(`/api/runs/${run}/answers`, { path, item, note: "done" }));
  }
}

const ENDED = new Set(["done", "rolled_back", "failed", "aborted", "rollback_blocked"]);

export function hasEnded(page: { state: string }): boolean {
  return ENDED.has(page.state);
}
