// How the dashboard looks to this person, their tokens, and what the server was told: environments, roles, metrics.

import { useState } from "preact/hooks";
import { formatValue } from "../../lib/format";
import { lookOf, GUARD_LOOK } from "../../lib/status";
import { live, me, messageOf, shortcuts, theme, type Theme, zone } from "../../state/store";
import { type EnvironmentShown, type Measured, settingsApi, type Token } from "../../wire/pages";
import { Icon } from "../common/icon";
import { Page } from "../common/page";
import { Badge, Copy, Facts, Failure, Loading, Notice, Time } from "../common/parts";
import { useLoaded } from "../common/use-loaded";

const THEMES: [Theme, string][] = [["system", "As the system"], ["light", "Light"], ["dark", "Dark"]];
const DAYS: [number, string][] = [[7, "7 days"], [30, "30 days"], [90, "90 days"], [365, "a year"]];

function Choice<T extends string>({ legend, name, options, value, onValue }: { legend: string; name: string; options: [T, string][]; value: T; onValue: (value: T) => void }) {
  return (
    <fieldset>
      <legend>{legend}</legend>
      {options.map(([option, word]) => (
        <label key={option} class="check"><input type="radio" name={name} checked={value === option} onChange={() => onValue(option)} />{word}</label>
      ))}
    </fieldset>
  );
}

function Appearance() {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <section class="panel" aria-labelledby="appearance">
      <h2 id="appearance">Appearance</h2>
      <Choice legend="Theme" name="theme" options={THEMES} value={theme.value} onValue={(value) => (theme.value = value)} />
      <Choice legend="Times" name="zone" options={[["local", `Local (${here})`], ["utc", "UTC"]]} value={zone.value} onValue={(value) => (zone.value = value)} />
      <label class="check"><input type="checkbox" checked={shortcuts.value} onChange={(event) => (shortcuts.value = event.currentTarget.checked)} />Single-key shortcuts</label>
      <p class="soft small">Kept in this browser. The system says whether things move and how strong contrasts are.</p>
    </section>
  );
}

function NewToken({ onMade }: { onMade: () => void }) {
  const [label, setLabel] = useState("");
  const [days, setDays] = useState(30);
  const [made, setMade] = useState("");
  const [problem, setProblem] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    setProblem("");
    try {
      setMade((await settingsApi.createToken(label.trim(), days)).token);
      setLabel("");
      onMade();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <>
      <form class="token-new" onSubmit={(event) => void submit(event)}>
        <label>What it is for<input type="text" required maxLength={80} value={label} onInput={(event) => setLabel(event.currentTarget.value)} /></label>
        <label>Lasts<select value={days} onChange={(event) => setDays(Number(event.currentTarget.value))}>{DAYS.map(([value, word]) => <option key={value} value={value}>{word}</option>)}</select></label>
        <button class="button" disabled={!live.value || label.trim() === ""}>Make a token</button>
      </form>
      <p class="problem" role="alert">{problem}</p>
      <div role="status">
        {made && (
          <Notice tone="good" icon="check" title="The token, shown this once" action={<Copy text={made} what="token" label="Copy token" />}>
            <code class="pre" dir="ltr">{made}</code>
          </Notice>
        )}
      </div>
    </>
  );
}

function Tokens() {
  const tokens = useLoaded("tokens", settingsApi.tokens);
  const [problem, setProblem] = useState("");
  const list = tokens.value?.tokens;
  const revoke = async (token: Token) => {
    setProblem("");
    try {
      await settingsApi.revokeToken(token.id);
    } catch (error) {
      setProblem(messageOf(error));
    }
    tokens.reload();
  };
  return (
    <section class="panel" aria-labelledby="tokens">
      <h2 id="tokens">My tokens</h2>
      <p class="soft">A token lets a script do what you may do: <code>Authorization: Bearer hgt_…</code></p>
      {tokens.error && <Failure error={tokens.error} what="Your tokens" retry={tokens.reload} />}
      {!list && !tokens.error && <Loading what="your tokens" />}
      {list?.length === 0 && <p class="soft">You have none.</p>}
      <ul>
        {list?.map((token) => (
          <li key={token.id} class="token-row">
            <span><strong>{token.label || (token.kind === "once" ? "Log-in link" : "API token")}</strong> <code class="soft small">{token.id}</code></span>
            <span class="soft small">made <Time at={token.created_at} />, until <Time at={token.expires_at} />{token.seen_at && token.kind === "api" && <>, last used <Time at={token.seen_at} ago /></>}{token.used_at && ", used"}</span>
            <button type="button" class="button small quiet-danger" disabled={!live.value} onClick={() => void revoke(token)}>Revoke<span class="hidden"> {token.label || token.id}</span></button>
          </li>
        ))}
      </ul>
      <p class="problem" role="alert">{problem}</p>
      <NewToken onMade={tokens.reload} />
    </section>
  );
}

const sourceOf = (metric: EnvironmentShown["metrics"][string]): string =>
  ["sql", "query", "url"].map((key) => metric[key]).find((value) => typeof value === "string" && value !== "")?.toString() ?? "a command";
const named = (guard: string, metric: string): boolean => guard.split(/[\s<>=!]+/).includes(metric);

function Metrics({ shown, measured }: { shown: EnvironmentShown; measured: Measured[] }) {
  const rows = Object.entries(shown.metrics);
  if (rows.length === 0) return null;
  return (
    <>
      <h3>Metrics</h3>
      <div class="scroll" tabIndex={0} role="group" aria-label={`Metrics of ${shown.environment}`}>
        <table>
          <thead><tr><th scope="col">Metric</th><th scope="col">Last value</th><th scope="col">Alerts and goals</th><th scope="col">Asked</th></tr></thead>
          <tbody>
            {rows.map(([name, metric]) => {
              const last = measured.filter((one) => named(one.guard, name)).sort((a, b) => (a.at < b.at ? 1 : -1))[0];
              return (
                <tr key={name}>
                  <th scope="row"><code>{name}</code></th>
                  <td>{last ? <>{last.value === null ? "–" : formatValue(last.value)} <Badge look={lookOf(GUARD_LOOK, last.verdict)} quiet /> <span class="soft small"><Time at={last.at} ago /></span></> : <span class="soft">not in the last week</span>}</td>
                  <td>{shown.thresholds.filter((one) => one.metric === name).map((one) => `${one.kind} ${one.limit}`).join(", ") || "–"}</td>
                  <td><code class="small">{sourceOf(metric)}</code></td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Environment({ shown, measured }: { shown: EnvironmentShown; measured: Measured[] }) {
  const roles = Object.entries(shown.approvers);
  return (
    <section class="panel environments" aria-labelledby={`environment-${shown.environment}`}>
      <h2 id={`environment-${shown.environment}`}>Environment {shown.environment}</h2>
      <Facts class="line" rows={[
        ["Gates", shown.gates === "auto" ? "pass by policy, and are recorded" : "wait for people"],
        ...Object.entries(shown.targets).map(([name, target]): [string, string] => [`Target ${name}`, `${target.url || "from PG* variables"}${target.run_as ? `, as ${target.run_as}` : ""}`]),
        ...Object.entries(shown.variables ?? {}).map(([name, value]): [string, string] => [`Variable ${name}`, value]),
        ...Object.entries(shown.stores ?? {}).map(([name, value]): [string, string] => [`Store ${name}`, value]),
      ]} />
      <h3>Who may approve</h3>
      {roles.length === 0 ? <p class="soft">Nobody: no role has people here.</p> : <Facts class="line" rows={roles.map(([role, people]) => [role, people.join(", ") || "nobody"])} />}
      <Metrics shown={shown} measured={measured} />
    </section>
  );
}

export function SettingsPage() {
  const settings = useLoaded("settings", settingsApi.settings);
  const session = me.value;
  return (
    <Page title="Settings" heading="Settings">
      <div class="settings">
        {typeof session === "object" && session !== null && (
          <section class="panel" aria-labelledby="me">
            <h2 id="me"><Icon name="person" /> {session.person}</h2>
            <Facts class="line" rows={[
              ["Role", session.role],
              ...Object.entries(session.roles).map(([environment, roles]): [string, string] => [`Approves in ${environment}`, roles.join(", ")]),
            ]} />
          </section>
        )}
        <Appearance />
        <Tokens />
        {settings.error && <Failure error={settings.error} what="What the server was told" retry={settings.reload} />}
        {!settings.value && !settings.error && <Loading what="what the server was told" />}
        {settings.value?.environments.map((shown) => <Environment key={shown.environment} shown={shown} measured={settings.value!.measured} />)}
        <p class="soft small">Environments, roles and metrics stand in <code>headgate.yaml</code>; passwords and values of variables are not shown.</p>
      </div>
    </Page>
  );
}
