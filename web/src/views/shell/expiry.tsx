// The bar that says that the session is about to end, and what to do about it. It is announced politely, takes no focus, and
// what was typed stays as it is.

import { useState } from "preact/hooks";
import { formatTime } from "../../lib/format";
import { ending } from "../../state/expiry";
import { logInAgain, messageOf, now, renewSession, zone } from "../../state/store";
import { Icon } from "../common/icon";

export function ExpiryBanner() {
  const [failed, setFailed] = useState("");
  const [busy, setBusy] = useState(false);
  const due = ending.value;
  const at = due === null ? "" : formatTime(due.at, zone.value, now.value);
  const act = async () => {
    setBusy(true);
    setFailed("");
    await (due?.kind === "idle" ? renewSession() : logInAgain()).catch((error: unknown) => setFailed(messageOf(error)));
    setBusy(false);
  };
  return (
    <section aria-label="Session" class={due === null ? "hidden" : "banner"}>
      {due !== null && <Icon name="clock" />}
      {/* the region stays, so that its text is announced */}
      <span role="status" aria-live="polite">
        {due?.kind === "end" && <><strong>Your session ends at {at}</strong> – log in again to go on; what you typed is kept.</>}
        {due?.kind === "idle" && <><strong>Your session ends at {at}</strong> because nothing was asked for a while.</>}
        {due !== null && failed && ` ${failed}`}
      </span>
      {due !== null && (
        <button type="button" class="button small" disabled={busy} onClick={() => void act()}>
          {due.kind === "idle" ? "Stay logged in" : "Log in again"}
        </button>
      )}
    </section>
  );
}
