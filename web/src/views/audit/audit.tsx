// What people did, of all runs: who, what, when, why and where, and whether the chain that keeps it is whole.

import { signal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { describe } from "../../lib/describe";
import { formatBoth, formatCount, plural } from "../../lib/format";
import { href, setParam } from "../../lib/router";
import type { Tone } from "../../lib/status";
import { me, messageOf, reconnected } from "../../state/store";
import { ApiError } from "../../wire/api";
import { type AuditEntry, type AuditFilter, type Chain, pagesApi } from "../../wire/pages";
import { Download, formatStamp, paramOf, SearchField, SelectField, ZoneLabel } from "../common/entries";
import { Icon, type Sign } from "../common/icon";
import { Page } from "../common/page";
import { Empty, Failure, Loading } from "../common/parts";

const WHAT: [string, string][] = [
  ["", "Everything"],
  ["run.created", "Starts of runs"],
  ["gate.approval", "Approvals and what undoes them"],
  ["rollout.advanced", "Watches ended early"],
  ["request", "Requests"],
  ["review.decided", "Decisions about rows"],
  ["manual.answer", "Answers"],
];
const AGAIN_MS = 1_000;
const FILTERS = ["q", "person", "what", "run", "since", "until"] as const;

const filterOf = (): AuditFilter => Object.fromEntries(FILTERS.map((name) => [name, paramOf(name)]));

// ---------------------------------------------------------------- chains

/** What is known of the chain of each run; one is asked for at a time. */
const chains = signal<ReadonlyMap<string, Chain | ApiError>>(new Map());
let queue: string[] = [];
let asking = false;

async function askNext(): Promise<void> {
  const run = queue[0];
  if (run === undefined || asking) return;
  asking = true;
  try {
    const chain = await pagesApi.chain(run);
    chains.value = new Map(chains.value).set(run, chain);
  } catch (error) {
    if (error instanceof ApiError && error.status === 429) return void setTimeout(() => ((asking = false), void askNext()), AGAIN_MS);
    if (error instanceof ApiError) chains.value = new Map(chains.value).set(run, error);
  }
  asking = false;
  queue = queue.filter((each) => each !== run);
  void askNext();
}

function wantChains(runs: string[]): void {
  queue = [...new Set([...queue, ...runs.filter((run) => !chains.peek().has(run))])];
  void askNext();
}

function chainLook(chain: Chain | ApiError | undefined): { tone: Tone; icon: Sign; word: string; text: string } {
  if (chain === undefined) return { tone: "muted", icon: "ring", word: "Verifying", text: "The chain is being verified" };
  if (chain instanceof ApiError) return { tone: "muted", icon: "unknown", word: "Not verified", text: chain.message };
  if (chain.broken) return { tone: "bad", icon: "warn", word: "Broken", text: `${chain.broken.text}${chain.faults > 1 ? `, and ${chain.faults - 1} more` : ""}` };
  if (chain.entries === null) return { tone: "muted", icon: "unknown", word: "Not verified", text: chain.why ?? "" };
  return { tone: "good", icon: "shield", word: "Verified", text: `${plural(chain.entries, "entry", "entries")}${chain.pruned ? ", of which only the last hash is left" : ""}, ${formatBoth(chain.verified_at ?? "")}` };
}

function ChainBadge({ run }: { run: string }) {
  const { tone, icon, word, text } = chainLook(chains.value.get(run));
  return <span class={`badge quiet tone-${tone}`} title={text}><Icon name={icon} />{word}</span>;
}

/** Runs whose chain is broken are said first, with the entry. */
function BrokenChains({ runs }: { runs: string[] }) {
  const broken = runs.filter((run) => {
    const chain = chains.value.get(run);
    return chain && !(chain instanceof ApiError) && chain.broken;
  });
  return (
    <div role="alert">
      {broken.map((run) => (
        <div key={run} class="notice tone-bad">
          <Icon name="warn" />
          <div class="notice-text">
            <strong>The record of run #{run} is not what was written</strong>
            <div>{chainLook(chains.value.get(run)).text}. Keep the database as it is, compare with a backup, and ask who may write it: <code>headgate audit verify {run}</code></div>
          </div>
        </div>
      ))}
    </div>
  );
}

// ---------------------------------------------------------------- entries

interface State {
  key: string;
  entries: AuditEntry[];
  next: string | null;
  loading: boolean;
  error: ApiError | null;
}

function useEntries(filter: AuditFilter): State & { more: () => void; reload: () => void } {
  const key = JSON.stringify(filter);
  const [state, setState] = useState<State>({ key, entries: [], next: null, loading: true, error: null });
  const load = (after: string | null) => {
    setState((before) => ({ ...before, key, entries: after === null ? [] : before.entries, loading: true }));
    pagesApi.audit(filter, after ?? undefined).then(
      (page) => setState((before) => (before.key !== key ? before : {
        key, entries: [...(after === null ? [] : before.entries), ...page.entries], next: page.next, loading: false, error: null,
      })),
      (error: unknown) => setState((before) => (before.key !== key ? before : {
        ...before, loading: false, error: error instanceof ApiError ? error : new ApiError(0, "", messageOf(error), "", null),
      })),
    );
  };
  const again = reconnected.value;
  useEffect(() => load(null), [key, again]);
  return { ...state, more: () => state.next && load(state.next), reload: () => load(null) };
}

async function everything(filter: AuditFilter, told: (count: number) => void): Promise<AuditEntry[]> {
  const all: AuditEntry[] = [];
  for (let after: string | undefined; ; ) {
    const page = await pagesApi.audit(filter, after, 1_000);
    all.push(...page.entries);
    told(all.length);
    if (page.next === null) return all;
    after = page.next;
  }
}

const wordsOf = (entry: AuditEntry): string =>
  describe({ run: entry.run, seq: entry.seq, at: entry.at, type: entry.what, node: entry.node, data: entry.data }).text;

const DOORS: Record<string, string> = { browser: "browser", cli: "command line", api: "API" };

/** By which door it came, and from where. */
function cameBy({ data }: AuditEntry): string {
  const via = data["via"] as { door?: string; from?: string } | undefined;
  return via?.door ? `${DOORS[via.door] ?? via.door}${via.from ? `, ${via.from}` : ""}` : "";
}

/** A cell that a spreadsheet takes for text, whatever people wrote. */
export function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csvOf(entries: AuditEntry[]): string {
  const rows = entries.map((entry) => [entry.at, entry.who, entry.what, wordsOf(entry), entry.why ?? "", entry.run, entry.seq, entry.plan, entry.environment, entry.node, cameBy(entry)]);
  return [["at", "who", "type", "what", "why", "run", "seq", "plan", "environment", "node", "via"], ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function Row({ entry }: { entry: AuditEntry }) {
  return (
    <li class="audit-row">
      <time class="num soft" dateTime={entry.at} title={formatBoth(entry.at)}>{formatStamp(entry.at)}</time>
      <button type="button" class="person button tiny ghost" title={`Only what ${entry.who} did`} onClick={() => setParam("person", entry.who)}><Icon name="person" />{entry.who}</button>
      <span class="audit-what">
        <a href={`${href.part(entry.run, "events")}?level=debug&seq=${entry.seq}`} data-row>{wordsOf(entry)}</a>
        {entry.node && <code class="soft small">{entry.node}</code>}
        {cameBy(entry) && <span class="soft small"> {cameBy(entry)}</span>}
      </span>
      <span class="audit-run">
        <a href={href.run(entry.run)}>{entry.plan} #{entry.run}</a>
        <span class="chip">{entry.environment}</span>
        <ChainBadge run={entry.run} />
      </span>
    </li>
  );
}

function Typed({ name, label, day = false }: { name: string; label: string; day?: boolean }) {
  const value = paramOf(name);
  const set = (event: { currentTarget: HTMLInputElement }) => setParam(name, event.currentTarget.value.trim());
  return (
    <label class="field narrow">
      <span class="hidden">{label}</span>
      {day ? <input type="date" title={label} value={value} onChange={set} /> : <input type="text" placeholder={label} value={value} onChange={set} />}
    </label>
  );
}

export function AuditPage() {
  const filter = filterOf();
  const list = useEntries(filter);
  const runs = useMemo(() => [...new Set(list.entries.map((entry) => entry.run))], [list.entries]);
  useEffect(() => wantChains(runs), [runs]);
  const filtered = Object.values(filter).some(Boolean);
  const session = me.value;
  const person = typeof session === "object" && session !== null ? session.person : "";
  const name = `headgate-audit-${new Date().toISOString().slice(0, 10)}`;
  return (
    <Page title="Audit" heading="Audit">
      <BrokenChains runs={runs} />
      <section class="panel" aria-labelledby="audit">
        <header class="panel-head wrap">
          <h2 id="audit">Who did what</h2>
          <SearchField label="Search the audit" />
          <SelectField name="what" label="What" options={WHAT} />
          <Typed name="person" label="Person" />
          <Typed name="run" label="Run" />
          <Typed name="since" label="From this day on (UTC)" day />
          <Typed name="until" label="Until this day, not included (UTC)" day />
          {person !== "" && filter.person !== person && <button type="button" class="button small ghost" onClick={() => setParam("person", person)}>Only mine</button>}
          <Download label="CSV" name={`${name}.csv`} type="text/csv" fetch={async (told) => csvOf(await everything(filter, told))} />
          <Download label="NDJSON" name={`${name}.ndjson`} type="application/x-ndjson" fetch={async (told) => (await everything(filter, told)).map((entry) => `${JSON.stringify(entry)}\n`).join("")} />
        </header>
        {list.error && <Failure error={list.error} what="The audit" retry={list.reload} />}
        {list.entries.length === 0 && !list.error && (list.loading ? <Loading what="the audit" /> : (
          <Empty icon="shield" title={filtered ? "No entry matches" : "Nobody has done anything yet"}>
            {filtered && <button type="button" class="button small" onClick={() => FILTERS.forEach((each) => setParam(each, null))}>Clear the filters</button>}
          </Empty>
        ))}
        <ul class="audit-rows">{list.entries.map((entry) => <Row key={`${entry.run} ${entry.seq}`} entry={entry} />)}</ul>
        <footer class="history-foot soft small">
          <span role="status">{list.loading ? "Loading…" : `${formatCount(list.entries.length)} shown${list.next ? ", more to come" : ""}`}</span>
          <span><ZoneLabel at={list.entries[0]?.at} /></span>
          {list.next && <button type="button" class="button tiny ghost" disabled={list.loading} onClick={list.more}>Load earlier</button>}
        </footer>
      </section>
    </Page>
  );
}
