// The frame of a page: its title, the way back, its heading, which takes the focus when one comes here.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { visited } from "../../lib/router";
import { needsYou } from "../../state/store";

export interface Crumb {
  label: string;
  href: string;
}

export function Page({ title, heading, crumbs = [], aside, children }: {
  /** For the browser's tab: "start-rollout – canonical-events #42 – waiting". */
  title: string;
  heading: ComponentChildren;
  crumbs?: Crumb[];
  aside?: ComponentChildren;
  children: ComponentChildren;
}) {
  const head = useRef<HTMLHeadingElement>(null);
  const mine = needsYou.value.filter((item) => item.mine).length;
  useEffect(() => {
    document.title = `${mine > 0 ? `(${mine}) ` : ""}${title} – Headgate`;
  }, [title, mine]);
  useEffect(() => {
    if (visited.peek() > 0) head.current?.focus({ preventScroll: true });
  }, []);
  return (
    <main id="main" class="page">
      {crumbs.length > 0 && (
        <nav aria-label="Breadcrumb" class="crumbs">
          <ol>{crumbs.map((crumb) => <li key={crumb.href}><a href={crumb.href}>{crumb.label}</a></li>)}</ol>
        </nav>
      )}
      <header class="page-head">
        <h1 ref={head} tabIndex={-1}>{heading}</h1>
        {aside && <div class="page-aside">{aside}</div>}
      </header>
      {children}
    </main>
  );
}
