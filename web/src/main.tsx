// Where the page starts.

import "./styles/main.css";
import { render } from "preact";
import { effect } from "@preact/signals";
import { listenForLinks, route } from "./lib/router";
import { listenForWaking, me, openRun, startSession } from "./state/store";
import { prefetchPages } from "./views/common/lazy";
import { Shell } from "./views/shell/shell";

listenForLinks();
listenForWaking();
render(<Shell />, document.getElementById("app")!);
void startSession();
prefetchPages(route.peek().page !== "runs");
// a run is fetched while the code of its page still is
effect(() => {
  const at = route.value;
  if (typeof me.value === "object" && me.value !== null && "run" in at) openRun(at.run);
});
