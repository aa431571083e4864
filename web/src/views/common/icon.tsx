// The icons, drawn as lines on a grid of 16. They never stand alone: a word is beside them.

import type { JSX } from "preact";
import type { IconName } from "../../lib/status";

type Sign = IconName | "gate" | "flag" | "list" | "copy" | "chevron" | "search" | "sun" | "moon" | "auto" | "play"
  | "retry" | "file" | "shield" | "data" | "hammer" | "link" | "down" | "out" | "oneway";

const PATHS: Record<Sign, JSX.Element> = {
  dot: <circle cx="8" cy="8" r="4" class="fill" />,
  ring: <circle cx="8" cy="8" r="5.5" />,
  spin: <><circle cx="8" cy="8" r="5.5" class="faint" /><path d="M8 2.5a5.5 5.5 0 0 1 5.5 5.5" class="turn" /></>,
  person: <><circle cx="8" cy="5.5" r="2.5" /><path d="M3 13.5c.6-2.7 2.5-4 5-4s4.4 1.3 5 4" /></>,
  clock: <><circle cx="8" cy="8" r="5.75" /><path d="M8 4.75V8l2.25 1.5" /></>,
  hand: <path d="M5.3 1.8h5.4l3.5 3.5v5.4l-3.5 3.5H5.3l-3.5-3.5V5.3zM8 4.8v3.7M8 11v.2" />,
  slow: <path d="M2.5 11.5a5.5 5.5 0 1 1 11 0M8 11.5 5.5 7.5" />,
  pause: <path d="M5.5 3.5v9M10.5 3.5v9" />,
  back: <path d="M3 7h6.5a3.25 3.25 0 0 1 0 6.5H6M6 4 3 7l3 3" />,
  check: <path d="m3 8.5 3.25 3.25L13 5" />,
  cross: <path d="m4 4 8 8M12 4l-8 8" />,
  skip: <path d="m4 4 4 4-4 4M9 4l4 4-4 4" />,
  stop: <path d="M4 4h8v8H4z" />,
  dash: <path d="M4 8h8" />,
  warn: <path d="M8 2.25 14.25 13.25H1.75zM8 6.5v3.25M8 11.4v.1" />,
  unknown: <path d="M5.75 6a2.25 2.25 0 1 1 3.4 1.9C8.3 8.4 8 8.9 8 9.75M8 12v.1" />,
  gate: <path d="M3 2.5v11M13 2.5v11M3 4h10v4.5H3zM5 11.5h6" />,
  flag: <path d="M4 14V2.5h8l-2 3 2 3H4" />,
  list: <path d="M6 4h7.5M6 8h7.5M6 12h7.5M2.5 4h.1M2.5 8h.1M2.5 12h.1" />,
  copy: <path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" />,
  chevron: <path d="m6 4 4 4-4 4" />,
  search: <><circle cx="7" cy="7" r="4.25" /><path d="m10.25 10.25 3.25 3.25" /></>,
  sun: <><circle cx="8" cy="8" r="2.75" /><path d="M8 1.5v1.25M8 13.25v1.25M1.5 8h1.25M13.25 8h1.25M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9" /></>,
  moon: <path d="M13.5 9.5A5.75 5.75 0 0 1 6.5 2.5a5.75 5.75 0 1 0 7 7z" />,
  auto: <><circle cx="8" cy="8" r="5.75" /><path d="M8 2.25v11.5a5.75 5.75 0 0 0 0-11.5" class="fill" /></>,
  play: <path d="M5 3.5v9l7.5-4.5z" />,
  retry: <path d="M13 8a5 5 0 1 1-1.5-3.5M13 2.5v2.75h-2.75" />,
  file: <path d="M4 2h5l3 3v9H4zM9 2v3h3" />,
  shield: <path d="M8 1.8 13 3.7v4c0 3.2-2.1 5.3-5 6.5-2.9-1.2-5-3.3-5-6.5v-4zM5.7 8l1.6 1.6 3-3.1" />,
  data: <><ellipse cx="8" cy="4" rx="5" ry="1.9" /><path d="M3 4v8c0 1 2.2 1.9 5 1.9s5-.9 5-1.9V4M3 8c0 1 2.2 1.9 5 1.9S13 9 13 8" /></>,
  hammer: <path d="m9 5.5-6 6 1.5 1.5 6-6M7 3.5l2-1.5 4.5 4.5L12 8z" />,
  link: <path d="M9 3h4v4M13 3 7.5 8.5M11 9.5V13H3V5h3.5" />,
  down: <path d="M8 2.5v8M4.5 7.25 8 10.75l3.5-3.5M3 13.5h10" />,
  out: <path d="M6.5 3H3v10h3.5M7 8h6.5M11 5.5 13.5 8 11 10.5" />,
  oneway: <path d="M2.5 8h10M9 4.5 12.5 8 9 11.5M14 4v8" />,
};

export type { Sign };

export function Icon({ name, class: extra = "" }: { name: Sign; class?: string }) {
  return (
    <svg class={`icon icon-${name} ${extra}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {PATHS[name]}
    </svg>
  );
}
