// Entries of a run in pages, as the server filters them: the newest page first, older ones as one scrolls, and new ones as
// they come. How many match in all is asked beside it, so that counting does not hold up what is shown.

import { useEffect, useRef, useState } from "preact/hooks";
import { reconnected } from "../../state/store";
import { ApiError } from "../../wire/api";
import { compareSeq, nextSeq } from "../../wire/decode";
import type { PageQuery } from "../../wire/pages";

export const PAGE = 500;
const LIVE_MS = 400;

interface Page<T> {
  rows: T[];
  /** How many match in all, up to entry seq; null = not asked. */
  total: number | null;
  seq: string;
}

export interface Pages<T> {
  /** In order of seq, without holes among those that match. */
  rows: readonly T[];
  /** How many match in all; null = not known yet. */
  total: number | null;
  /** There are older ones, newer ones that are not fetched by themselves. */
  older: boolean;
  newer: boolean;
  loading: boolean;
  error: ApiError | null;
  earlier: () => void;
  later: () => void;
  reload: () => void;
}

interface State<T> {
  key: string;
  rows: readonly T[];
  counted: { total: number; seq: string } | null;
  older: boolean;
  newer: boolean;
  loading: boolean;
  error: ApiError | null;
}

const fresh = <T>(key: string): State<T> => ({ key, rows: [], counted: null, older: false, newer: false, loading: true, error: null });
const errorOf = (error: unknown): ApiError => (error instanceof ApiError ? error : new ApiError(0, "", String(error), "", null));

/** What was counted, and what came since. */
function totalOf<T extends { seq: string }>({ counted, rows }: State<T>): number | null {
  if (counted === null) return null;
  let since = 0;
  while (since < rows.length && compareSeq(rows[rows.length - 1 - since]!.seq, counted.seq) > 0) since += 1;
  return counted.total + since;
}

/** key changes with the filter. around: the entry that should be in the first page; null = the newest. seq: of the run, live. */
export function usePages<T extends { seq: string }>(
  key: string, around: string | null, seq: string, fetch: (page: PageQuery) => Promise<Page<T>>,
): Pages<T> {
  const [state, setState] = useState<State<T>>(fresh(key));
  const turn = useRef(0);
  const busy = useRef(false);
  const latest = useRef({ fetch, seq, around });
  latest.current = { fetch, seq, around };
  const current = useRef(state);
  current.current = state;

  /** Asks for a page and takes it in, unless the filter has changed meanwhile. */
  const ask = async (page: PageQuery, take: (before: State<T>, found: Page<T>) => Partial<State<T>>) => {
    const mine = turn.current;
    try {
      const found = await latest.current.fetch(page);
      if (mine === turn.current) setState((before) => ({ ...before, loading: false, error: null, ...take(before, found) }));
    } catch (error) {
      if (mine === turn.current) setState((before) => ({ ...before, loading: false, error: errorOf(error) }));
    }
  };
  const once = (work: () => Promise<void>) => {
    if (busy.current) return;
    busy.current = true;
    const mine = turn.current;
    void work().finally(() => mine === turn.current && (busy.current = false));
  };

  const reload = () => {
    turn.current += 1;
    busy.current = false;
    setState(fresh(key));
    const { around: wanted, seq: newest } = latest.current;
    const until = wanted === null ? nextSeq(newest) : (BigInt(wanted) + BigInt(PAGE / 2)).toString();
    void ask({ before: until, limit: PAGE }, (_, { rows }) => ({
      rows, older: rows.length === PAGE, newer: compareSeq(until, nextSeq(latest.current.seq)) < 0,
    }));
    void ask({ since: newest, limit: 1, count: 1 }, (before, { total, seq: until }) => ({
      counted: total === null ? null : { total, seq: until }, loading: before.loading,
    }));
  };
  const earlier = () => {
    const first = current.current.rows[0];
    if (first && current.current.older) once(() => ask({ before: first.seq, limit: PAGE }, (before, { rows }) => ({
      rows: [...rows, ...before.rows], older: rows.length === PAGE,
    })));
  };
  const later = () => {
    const last = current.current.rows.at(-1);
    once(() => ask({ since: last?.seq ?? "0", limit: PAGE }, (before, { rows }) => ({
      rows: [...before.rows, ...rows], newer: rows.length === PAGE,
    })));
  };

  const again = reconnected.value;
  useEffect(reload, [key, again]);
  // the run has told something new
  useEffect(() => {
    if (state.loading || state.newer) return undefined;
    const timer = setTimeout(later, LIVE_MS);
    return () => clearTimeout(timer);
  }, [seq]);

  const shown = state.key === key ? state : fresh<T>(key);
  return { ...shown, total: totalOf(shown), earlier, later, reload };
}

/** All entries that match, page by page. */
export async function everyPage<T extends { seq: string }>(fetch: (page: PageQuery) => Promise<Page<T>>, told: (count: number) => void): Promise<T[]> {
  const all: T[] = [];
  for (let since = "0"; ; ) {
    const { rows } = await fetch({ since, limit: 2 * PAGE });
    all.push(...rows);
    told(all.length);
    if (rows.length < 2 * PAGE) return all;
    since = rows.at(-1)!.seq;
  }
}
