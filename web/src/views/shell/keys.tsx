// The keyboard: one table of keys, the listener, and the help that shows the table. A key alone moves and
// opens; it never changes a run.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { go, href } from "../../lib/router";
import { shortcuts, zone } from "../../state/store";
import { Dialog } from "../common/parts";

export const helpShown = signal(false);

function focusFirst(selector: string): boolean {
  const target = document.querySelector<HTMLElement>(selector);
  target?.focus();
  return target !== null;
}

const click = (selector: string) => document.querySelector<HTMLElement>(selector)?.click();

/** Moves the focus among the rows of the page (links and buttons marked data-row), or among others. */
function move(step: 1 | -1, among = "[data-row]"): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>(among)];
  if (rows.length === 0) return false;
  const at = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step))];
  next?.focus();
  return true;
}

const flipZone = () => (zone.value = zone.value === "utc" ? "local" : "utc");

/** Keys by what is pressed; two keys are pressed one after the other. */
const KEYS: Record<string, { what: string; act: () => unknown }> = {
  "?": { what: "This help", act: () => (helpShown.value = true) },
  "/": { what: "Search", act: () => focusFirst("[data-search]") },
  "g r": { what: "Go to runs", act: () => go(href.runs) },
  "g p": { what: "Go to plans", act: () => go(href.plans) },
  "g f": { what: "Go to flags", act: () => go(href.flags) },
  "g a": { what: "Go to the audit", act: () => go(href.audit) },
  "j": { what: "Next row", act: () => move(1) },
  "k": { what: "Previous row", act: () => move(-1) },
  "o": { what: "Open the row in focus", act: () => document.activeElement?.closest<HTMLElement>("[data-row]")?.click() },
  "[": { what: "Previous phase of a plan", act: () => move(-1, "[data-phase]") },
  "]": { what: "Next phase of a plan", act: () => move(1, "[data-phase]") },
  "l": { what: "Log of a run", act: () => click('[data-tab="logs"]') },
  ".": { what: "Ask to pause a run: opens the dialog", act: () => click('[data-ask="pause"]:enabled') },
  "t": { what: "Times in UTC or local", act: flipZone },
  "f": { what: "Follow the history of a run", act: () => click("[data-follow]") },
  "a": { what: "To the approve button of a gate", act: () => focusFirst("[data-approve]") },
  "r": { what: "To the comment of a gate", act: () => focusFirst("[data-comment]") },
};
const OTHER: [key: string, what: string][] = [
  ["1–9", "Pick a choice for the row in focus (review)"],
  ["Enter", "Open the row in focus"],
  ["Esc", "Close a dialog"],
];

const typing = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("input, textarea, select, [contenteditable], dialog") !== null;

export function useKeys(): void {
  useEffect(() => {
    let first = "";
    let timer = 0;
    const onKey = (event: KeyboardEvent) => {
      if (!shortcuts.value || event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
      const pressed = first === "" ? event.key : `${first} ${event.key}`;
      first = "";
      clearTimeout(timer);
      if (event.key === "g" && pressed === "g") {
        first = "g";
        timer = setTimeout(() => (first = ""), 1_200) as unknown as number;
        return;
      }
      const key = Object.hasOwn(KEYS, pressed) ? KEYS[pressed] : undefined;
      if (!key) return;
      event.preventDefault();
      key.act();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

const Keys = ({ text }: { text: string }) => <>{text.split(" ").map((key, index) => <kbd key={index}>{key}</kbd>)}</>;

export function Help() {
  if (!helpShown.value) return null;
  return (
    <Dialog title="Keyboard" onClose={() => (helpShown.value = false)}>
      <dl class="keys">
        {Object.entries(KEYS).map(([key, { what }]) => <div key={key}><dt><Keys text={key} /></dt><dd>{what}</dd></div>)}
        {OTHER.map(([key, what]) => <div key={key}><dt><Keys text={key} /></dt><dd>{what}</dd></div>)}
      </dl>
      <label class="check">
        <input type="checkbox" checked={shortcuts.value} onChange={(event) => (shortcuts.value = event.currentTarget.checked)} />
        Single-key shortcuts
      </label>
      <form method="dialog" class="actions"><button class="button" autofocus>Close</button></form>
    </Dialog>
  );
}
