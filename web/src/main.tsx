// Where the page starts.

import "./styles/main.css";
import { render } from "preact";
import { listenForLinks } from "./lib/router";
import { listenForWaking, startSession } from "./state/store";
import { prefetchPages } from "./views/common/lazy";
import { Shell } from "./views/shell/shell";

listenForLinks();
listenForWaking();
render(<Shell />, document.getElementById("app")!);
void startSession();
prefetchPages();
