// The small parts every page is made of. They show what they are given.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { formatAgo, formatBoth, formatCountdown, formatCount, formatDuration, formatPercent, formatTime } from "../../lib/format";
import { sqlTokens } from "../../lib/sql";
import type { Look } from "../../lib/status";
import { live, now, zone } from "../../state/store";
import type { ApiError } from "../../wire/api";
import type { JsonObject, Progress, Run, RunStatus, Times } from "../../wire/types";
import { Icon, type Sign } from "./icon";

export function Badge({ look, quiet = false }: { look: Look; quiet?: boolean }) {
  return (
    <span class={`badge tone-${look.tone}${quiet ? " quiet" : ""}`}>
      <Icon name={look.icon} />
      {look.label}
    </span>
  );
}

/** A time with its zone; both zones in the tooltip. */
export function Time({ at, ago = false }: { at: string | null | undefined; ago?: boolean }) {
  if (!at) return null;
  const text = ago ? formatAgo((now.value - Date.parse(at)) * 1000) : formatTime(at, zone.value, now.value);
  return <time dateTime={at} title={formatBoth(at)}>{text}</time>;
}

/** How long something took, or takes so far. */
export function Elapsed({ from, to }: { from: string | null | undefined; to?: string | null }) {
  if (!from) return null;
  const end = to ? Date.parse(to) : Math.max(now.value, Date.parse(from));
  const us = (end - Date.parse(from)) * 1000;
  return <span class="num">{to ? formatDuration(us) : formatCountdown(Math.floor(us / 1e6) * 1e6)}</span>;
}

/** The server's clock at the moment this value was told. */
export function useTold(value: number | string): number {
  const told = useRef({ value, at: now.peek() });
  if (told.current.value !== value) told.current = { value, at: now.peek() };
  return told.current.at;
}

/** Which of a run's times its state adds to (server_times.sql). */
export const GROWS: Partial<Record<RunStatus, keyof Times>> = {
  running: "active_us", throttled: "active_us", rolling_back: "active_us",
  waiting: "waiting_us", held: "waiting_us", paused: "waiting_us", watching: "watching_us",
};

const TICK_MS = 1000;

/** Time that was spent, and, while it grows, what surely passed since the server told it, which was up to a tick after the clock we
 * knew: so that no part is longer than the whole. Stands still when not live. */
export function Spent({ us, grows }: { us: number; grows: boolean }) {
  const told = useTold(`${grows} ${us}`);
  const more = grows && live.value ? Math.max(0, now.value - told - TICK_MS) * 1000 : 0;
  return <span class="num">{formatDuration(Math.max(us, Math.floor((us + more) / 1e6) * 1e6))}</span>;
}

/** One of a run's times. */
export const SpentOf = ({ run, which }: { run: Times & { state: RunStatus }; which: keyof Times }) => <Spent us={run[which]} grows={GROWS[run.state] === which} />;

/** Counts down from what the server said was left at a moment of its clock. Stands still when not live. */
export function Countdown({ leftUs, since, runs }: { leftUs: number; since: number; runs: boolean }) {
  const passed = runs ? Math.max(0, now.value - since) * 1000 : 0;
  return <span class="num">{formatCountdown(Math.max(0, leftUs - passed))}</span>;
}

/** What is left, with the interval that holds the truth four times out of five; only shown while it can be believed. */
export function Eta({ progress }: { progress: Progress }) {
  const { eta_s: seconds, eta_low_s: low, eta_high_s: high } = progress;
  if (seconds === null || seconds === undefined || !live.value) return null;
  const range = low !== null && low !== undefined && high !== null && high !== undefined && high >= 1
    ? ` (${formatCountdown(low * 1e6)} to ${formatCountdown(high * 1e6)})` : "";
  return <span class="num"> · about {formatCountdown(seconds * 1e6)} left{range}</span>;
}

export function Bar({ done, total, label }: { done: number; total: number | null; label: string }) {
  if (total === null || total <= 0) return <progress class="bar" aria-label={label} />;
  return (
    <progress class="bar" max={total} value={Math.min(done, total)} aria-label={label}>
      {formatPercent(done / total)}
    </progress>
  );
}

export const Fraction = ({ done, total, unit }: { done: number; total: number | null; unit: string }) => (
  <span class="num">
    {formatCount(done)}{total === null ? "" : ` / ${formatCount(total)}`} {unit}
  </span>
);

/** How far a run is; its target may not be there to ask. */
export function StepsDone({ run, label, soft }: { run: Run; label: string; soft?: boolean }) {
  if (run.steps_done === null) return <span class="soft small" title={run.unavailable ?? undefined}>{formatCount(run.steps_total)} steps, how many are done is not known</span>;
  return (
    <>
      <Bar done={run.steps_done} total={run.steps_total} label={label} />
      <span class={soft ? "soft small" : undefined}><Fraction done={run.steps_done} total={run.steps_total} unit="steps" /></span>
    </>
  );
}

export function Sql({ text, caption }: { text: string; caption?: ComponentChildren }) {
  return (
    <figure class="code">
      {caption && <figcaption>{caption}<Copy text={text} what="SQL" /></figcaption>}
      {/* focusable, so that the keyboard can scroll it */}
      <pre tabIndex={0} role="group" aria-label="SQL" dir="ltr"><code>
        {sqlTokens(text.replace(/\s+$/, "")).map((token, index) =>
          token.kind === "plain" ? token.text : <span key={index} class={`sql-${token.kind}`}>{token.text}</span>)}
      </code></pre>
    </figure>
  );
}

export function Code({ text, label }: { text: string; label: string }) {
  return <pre class="code-block" tabIndex={0} role="group" aria-label={label} dir="ltr"><code>{text}</code></pre>;
}

export function Copy({ text, what, label }: { text: string; what: string; label?: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(false), 2_000);
    return () => clearTimeout(timer);
  }, [done]);
  if (!globalThis.navigator?.clipboard) return null;
  return (
    <button type="button" class="button tiny ghost" onClick={() => void navigator.clipboard.writeText(text).then(() => setDone(true))}>
      <Icon name={done ? "check" : "copy"} />
      {done ? "Copied" : label ?? <>Copy<span class="hidden"> {what}</span></>}
    </button>
  );
}

export function Notice({ tone, icon, title, children, action }: {
  tone: string; icon: Sign; title?: ComponentChildren; children?: ComponentChildren; action?: ComponentChildren;
}) {
  return (
    <div class={`notice tone-${tone}`}>
      <Icon name={icon} />
      <div class="notice-text">
        {title && <strong>{title}</strong>}
        {children && <div>{children}</div>}
      </div>
      {action && <div class="notice-action">{action}</div>}
    </div>
  );
}

export function Failure({ error, what, retry }: { error: ApiError; what: string; retry?: () => void }) {
  return (
    <Notice tone="bad" icon="warn" title={`${what} could not be loaded`}
      action={retry && <button type="button" class="button small" onClick={retry}><Icon name="retry" />Try again</button>}>
      <p>{error.message}</p>
      {error.hint && <p class="soft">{error.hint}</p>}
    </Notice>
  );
}

/** Grey lines where the content will be, after a moment: a fast answer does not flicker. */
export function Loading({ what }: { what: string }) {
  return (
    <div class="loading" role="status">
      <span class="hidden">Loading {what}</span>
      <div class="skeleton" /><div class="skeleton" /><div class="skeleton" />
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: Sign; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <p><strong>{title}</strong></p>
      {children}
    </div>
  );
}

/** The values a run was given, or nothing. */
export function Params({ values }: { values: JsonObject }) {
  const pairs = Object.entries(values);
  if (pairs.length === 0) return null;
  return (
    <ul class="param-values" aria-label="Parameters">
      {pairs.map(([name, value]) => <li key={name}><code>{name} = {typeof value === "string" ? value : JSON.stringify(value)}</code></li>)}
    </ul>
  );
}

/** Pairs of a name and a value. */
export function Facts({ rows, class: extra = "" }: { rows: [name: string, value: ComponentChildren][]; class?: string }) {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  if (shown.length === 0) return null;
  return (
    <dl class={`facts ${extra}`}>
      {shown.map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  );
}

/** A modal dialog; Escape and the cancel button close it, and the focus goes back to where it was. */
export function Dialog({ title, onClose, children, wide = false }: {
  title: string; onClose: () => void; children: ComponentChildren; wide?: boolean;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} class={wide ? "wide" : ""} aria-labelledby="dialog-title" onClose={onClose}>
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}
