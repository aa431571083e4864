// Logging in: by name and password; by a link (its token is taken out of the address before this shows), or by pasting a
// token. Nothing is in the way of a password manager or of pasting (WCAG 3.3.8).

import { useRef, useState } from "preact/hooks";
import { logIn, loginError, mayReturn, type Proof, returnToSession } from "../../state/store";
import { Page } from "../common/page";
import { Notice } from "../common/parts";

const SHOWN = { type: "text" } as const;
const HIDDEN = { type: "password" } as const;

function PasswordForm({ busy, send }: { busy: boolean; send: (proof: Proof) => Promise<void> }) {
  const [person, setPerson] = useState("");
  const [password, setPassword] = useState("");
  const [shown, setShown] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    await send({ person: person.trim(), password });
    setPassword("");
    field.current?.focus();
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label for="username">Name</label>
      <input id="username" name="username" type="text" autocomplete="username" autocapitalize="none" spellcheck={false} required
        maxLength={63} value={person} onInput={(event) => setPerson(event.currentTarget.value)} />
      <label for="password">Password</label>
      <input id="password" name="password" {...(shown ? SHOWN : HIDDEN)} autocomplete="current-password" spellcheck={false} required
        ref={field} value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
      <label class="login-show">
        <input type="checkbox" checked={shown} onChange={(event) => setShown(event.currentTarget.checked)} /> Show the password
      </label>
      <button class="button primary" disabled={busy}>{busy ? "Logging in…" : "Log in"}</button>
    </form>
  );
}

function TokenForm({ busy, send }: { busy: boolean; send: (proof: Proof) => Promise<void> }) {
  const [token, setToken] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    await send({ token: token.trim() });
    setToken("");
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label for="token">Token</label>
      <input id="token" name="token" type="password" autocomplete="off" required value={token}
        spellcheck={false} onInput={(event) => setToken(event.currentTarget.value)} />
      <button class="button" disabled={busy}>Use the token</button>
    </form>
  );
}

export function LoginPage() {
  const [busy, setBusy] = useState(false);
  const send = async (proof: Proof) => {
    setBusy(true);
    await logIn(proof);
    setBusy(false);
  };
  return (
    <div class="login">
      <Page title="Log in" heading="Log in to Headgate">
        <div role="alert">
          {loginError.value && <Notice tone="caution" icon="warn">{loginError.value}</Notice>}
        </div>
        <PasswordForm busy={busy} send={send} />
        <details>
          <summary>Log in with a token</summary>
          <TokenForm busy={busy} send={send} />
          <p class="soft">Or open the log-in link that the server printed: <code>headgate token create NAME --once</code> makes a new one.</p>
        </details>
        {mayReturn.value && <button type="button" class="button ghost" onClick={() => void returnToSession()}>Not now: go back</button>}
      </Page>
    </div>
  );
}
