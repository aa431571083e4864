// Addresses: the path and query as a signal, links that do not reload, and the table of pages.

import { batch, signal } from "@preact/signals";

/** The pages of a run that need no more than its id. */
const RUN_PARTS = ["rollout", "review", "report", "events", "logs", "changes", "replay"] as const;
export type RunPart = (typeof RUN_PARTS)[number];

/** Pages without an argument. */
const PLAIN = ["plans", "audit", "flags", "settings"] as const;
export type Plain = (typeof PLAIN)[number];

export type Route =
  | { page: "runs" }
  | { page: Plain }
  | { page: "plan"; plan: string }
  | { page: "run"; run: string }
  | { page: "gate"; run: string; path: string }
  | { page: RunPart; run: string }
  | { page: "lost" };

const PATTERNS: [pattern: RegExp, make: (groups: string[]) => Route][] = [
  [/^\/$/, () => ({ page: "runs" })],
  [/^\/login$/, () => ({ page: "runs" })],
  [new RegExp(`^/(${PLAIN.join("|")})$`), ([page]) => ({ page: page as Plain })],
  [/^\/plans\/([^/]+)$/, ([plan]) => ({ page: "plan", plan: plan! })],
  [/^\/runs\/(\d{1,19})$/, ([run]) => ({ page: "run", run: run! })],
  [/^\/runs\/(\d{1,19})\/gates\/([^/]+)$/, ([run, path]) => ({ page: "gate", run: run!, path: path! })],
  [new RegExp(`^/runs/(\\d{1,19})/(${RUN_PARTS.join("|")})$`), ([run, page]) => ({ page: page as RunPart, run: run! })],
];

export function routeOf(pathname: string): Route {
  for (const [pattern, make] of PATTERNS) {
    const match = pattern.exec(pathname);
    if (!match) continue;
    try {
      return make(match.slice(1).map(decodeURIComponent));
    } catch {
      break; // a % that encodes nothing
    }
  }
  return { page: "lost" };
}

const runHref = (run: string, rest = ""): string => `/runs/${encodeURIComponent(run)}${rest}`;
export const href = {
  runs: "/",
  plans: "/plans",
  audit: "/audit",
  flags: "/flags",
  settings: "/settings",
  plan: (plan: string) => `/plans/${encodeURIComponent(plan)}`,
  /** A line of a file of a plan. */
  source: (plan: string, file: string, line: number) => `/plans/${encodeURIComponent(plan)}?file=${encodeURIComponent(file)}#L${line}`,
  run: (run: string, node?: string) => runHref(run, node === undefined ? "" : `?node=${encodeURIComponent(node)}`),
  gate: (run: string, path: string) => runHref(run, `/gates/${encodeURIComponent(path)}`),
  part: (run: string, part: RunPart) => runHref(run, `/${part}`),
  rollout: (run: string) => runHref(run, "/rollout"),
  review: (run: string) => runHref(run, "/review"),
  report: (run: string) => runHref(run, "/report"),
};

export const route = signal<Route>({ page: "lost" });
export const params = signal(new URLSearchParams());
/** Counts up when a person went to another page: the focus follows. */
export const visited = signal(0);

function read(): void {
  const before = location.pathname;
  batch(() => {
    route.value = routeOf(before);
    params.value = new URLSearchParams(location.search);
  });
}

export function go(address: string): void {
  const moved = new URL(address, location.href).pathname !== location.pathname;
  history.pushState(null, "", address);
  read();
  if (moved) {
    scrollTo(0, 0);
    visited.value += 1;
  }
}

/** Changes the query without a new entry in the history: filters live in the address. */
export function setParam(name: string, value: string | null): void {
  const next = new URLSearchParams(location.search);
  if (value === null || value === "") next.delete(name);
  else next.set(name, value);
  const text = next.toString();
  history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
  params.value = next;
}

/** Follows links within the dashboard, and the back button. */
export function listenForLinks(): void {
  read();
  addEventListener("popstate", () => {
    read();
    visited.value += 1;
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.getAttribute("href")?.startsWith("#")) return;
    event.preventDefault();
    go(link.pathname + link.search + link.hash);
  });
}
