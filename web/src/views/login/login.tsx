// Logging in: with a link (its token is taken out of the address before this shows), or by pasting a token.

import { useState } from "preact/hooks";
import { logIn, loginError } from "../../state/store";
import { Page } from "../common/page";
import { Notice } from "../common/parts";

export function LoginPage() {
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    await logIn(token.trim());
    setBusy(false);
    setToken("");
  };
  return (
    <div class="login">
      <Page title="Log in" heading="Log in to Headgate">
        <div role="alert">
          {loginError.value && <Notice tone="caution" icon="warn">{loginError.value}</Notice>}
        </div>
        <form onSubmit={(event) => void submit(event)}>
          <label for="token">Token</label>
          <input id="token" name="token" type="password" autocomplete="current-password" required value={token}
            spellcheck={false} onInput={(event) => setToken(event.currentTarget.value)} />
          <button class="button primary" disabled={busy}>{busy ? "Logging in…" : "Log in"}</button>
        </form>
        <p class="soft">Open the log-in link that the server printed, or make one: <code>headgate token create NAME --once</code></p>
      </Page>
    </div>
  );
}
