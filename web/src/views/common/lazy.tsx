// A page, or a part of one, whose code is fetched when it is first shown. All of them are fetched soon after the start, so
// that going to one works while the server is away.

import type { ComponentChild, ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { reconnected } from "../../state/store";
import { Page } from "./page";
import { Loading, Notice } from "./parts";

const PREFETCH_MS = 1_000;
const loaders: (() => Promise<unknown>)[] = [];

type Frame = (content: ComponentChild) => ComponentChild;
const asPage: Frame = (content) => <Page title="Loading" heading="Loading">{content}</Page>;
const asPart: Frame = (content) => content;

function lazily<P extends object>(load: () => Promise<ComponentType<P>>, frame: Frame, what: string): ComponentType<P> {
  let shown: ComponentType<P> | null = null;
  const fetched = async () => (shown ??= await load());
  loaders.push(fetched);
  return function Lazy(props: P) {
    const [state, setState] = useState<"waiting" | "there" | "failed">(shown ? "there" : "waiting");
    // a server that was away is asked again when it is back
    const again = reconnected.value;
    useEffect(() => {
      if (state !== "there") fetched().then(() => setState("there"), () => setState("failed"));
    }, [again]);
    if (shown && state === "there") {
      const Shown = shown;
      return <Shown {...props} />;
    }
    return frame(state === "waiting" ? <Loading what={`the ${what}`} /> : (
      <Notice tone="bad" icon="warn" title={`This ${what} could not be fetched`}
        action={<button type="button" class="button small" onClick={() => location.reload()}>Reload</button>}>
        The server is away, or was updated.
      </Notice>
    ));
  };
}

export const lazy = <P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> => lazily(load, asPage, "page");
export const lazyPart = <P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> => lazily(load, asPart, "part");

/** now: the page that is asked for is one of them. */
export function prefetchPages(now: boolean): void {
  setTimeout(() => {
    for (const load of loaders) load().catch(() => undefined); // the page itself says so when it is needed
  }, now ? 0 : PREFETCH_MS);
}
