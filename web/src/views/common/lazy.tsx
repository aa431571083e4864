// A page whose code is fetched when it is first shown. All of them are fetched soon after the start, so that
// going to one works while the server is away.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Page } from "./page";
import { Loading, Notice } from "./parts";

const PREFETCH_MS = 1_000;
const loaders: (() => Promise<unknown>)[] = [];

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let shown: ComponentType<P> | null = null;
  const fetched = async () => (shown ??= await load());
  loaders.push(fetched);
  return function Lazy(props: P) {
    const [state, setState] = useState<"waiting" | "there" | "failed">(shown ? "there" : "waiting");
    useEffect(() => {
      if (state === "waiting") fetched().then(() => setState("there"), () => setState("failed"));
    }, []);
    if (shown && state === "there") {
      const Shown = shown;
      return <Shown {...props} />;
    }
    return (
      <Page title="Loading" heading="Loading">
        {state === "waiting" ? <Loading what="the page" /> : (
          <Notice tone="bad" icon="warn" title="This page could not be fetched"
            action={<button type="button" class="button small" onClick={() => location.reload()}>Reload</button>}>
            The server is away, or was updated.
          </Notice>
        )}
      </Page>
    );
  };
}

export function prefetchPages(): void {
  setTimeout(() => {
    for (const load of loaders) load().catch(() => undefined); // the page itself says so when it is needed
  }, PREFETCH_MS);
}
