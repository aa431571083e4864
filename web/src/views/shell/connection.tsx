// Whether what is shown is live: a word in the header always, a bar across the page when it is not.

import { useEffect, useState } from "preact/hooks";
import { formatTime } from "../../lib/format";
import { connection, now, otherVersion, stream, zone } from "../../state/store";
import { told } from "../../state/announce";
import { Icon } from "../common/icon";

const FIRST_MS = 1_500;

/** Seconds until a moment of this machine's clock. */
function useSecondsUntil(at: number | null): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (at === null) return undefined;
    const read = () => setLeft(Math.max(0, Math.ceil((at - Date.now()) / 1000)));
    read();
    const timer = setInterval(read, 250);
    return () => clearInterval(timer);
  }, [at]);
  return left;
}

export function ConnectionSign() {
  const { state } = connection.value;
  const words = { live: "Live", connecting: "Connecting", lost: "Not live" }[state];
  return <span class={`connection ${state}`}><span class="pulse" aria-hidden="true" />{words}</span>;
}

export function ConnectionBanner() {
  const current = connection.value;
  const left = useSecondsUntil(current.state === "lost" ? current.retryAt : null);
  // once lost, it stays so until messages come; the first connection has a moment before it counts as lost
  const [away, setAway] = useState(false);
  useEffect(() => {
    if (current.state !== "connecting") {
      setAway(current.state === "lost");
      return undefined;
    }
    const timer = setTimeout(() => setAway(true), FIRST_MS);
    return () => clearTimeout(timer);
  }, [current.state]);
  const shown = formatTime(new Date(now.value).toISOString(), zone.value, now.value);
  const lost = current.state === "lost" || (current.state === "connecting" && away);
  return (
    <>
      {/* the region stays, so that its text is announced; the seconds are outside of it */}
      <section aria-label="Connection" class={lost ? "banner" : "hidden"}>
        <Icon name="warn" />
        <span role="status" aria-live="polite">
          {lost && <><strong>Disconnected</strong> – showing data from {shown}.</>}
        </span>
        {lost && <span class="num">{current.state === "lost" ? `Retrying in ${left} s` : "Connecting…"}</span>}
        {lost && <button type="button" class="button small" onClick={() => stream.retryNow()}>Retry now</button>}
      </section>
      <div role="status" aria-live="polite" class={told.value && !lost ? "banner calm" : "hidden"}>
        {told.value && !lost && <><Icon name="check" /><span>{told.value}</span></>}
      </div>
      {otherVersion.value && (
        <section aria-label="New version" class="banner calm">
          <Icon name="retry" />
          <span>The server was updated.</span>
          <button type="button" class="button small" onClick={() => location.reload()}>Reload</button>
        </section>
      )}
    </>
  );
}
