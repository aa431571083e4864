// The flags that rollouts set: how many are in, who owns the change, and what keeps them in. Only to be looked at: a rollout sets them.

import { href, params, setParam } from "../../lib/router";
import { lookOf, RUN_LOOK } from "../../lib/status";
import { type Flag, settingsApi } from "../../wire/pages";
import { SearchField } from "../common/entries";
import { Page } from "../common/page";
import { Badge, Bar, Empty, Failure, Loading, Time } from "../common/parts";
import { useLoaded } from "../common/use-loaded";

/** Why who is in stays in. */
const STICKY: Record<string, string> = {
  sql_flag: "By the user's id: whoever is in at 10% is in at 50% and 100%",
  flag: "By the user's id: whoever is in at 10% is in at 50% and 100%",
  haproxy: "By HAProxy's weights: a request, not a user",
};

function Row({ flag }: { flag: Flag }) {
  const percent = flag.percent ?? 0;
  return (
    <li class="flag-row">
      <div>
        <h3>{flag.flag}</h3>
        <span class="soft small"><span class="chip">{flag.environment}</span> {flag.database}</span>
      </div>
      <Badge look={flag.percent === null ? { label: "Not set", icon: "dash", tone: "muted" } : flag.enabled === false ? { label: "Off", icon: "stop", tone: "muted" } : { label: "On", icon: "check", tone: "good" }} />
      <div>
        <strong class="num">{flag.percent === null ? "–" : `${percent}%`}</strong>
        <Bar done={flag.enabled === false ? 0 : percent} total={100} label={`${flag.flag}: ${percent}% in`} />
        {flag.at && <span class="soft small"><Time at={flag.at} /></span>}
      </div>
      <div>
        <a href={href.rollout(flag.run)}>{flag.plan} #{flag.run}</a> <Badge look={lookOf(RUN_LOOK, flag.state)} quiet />
        <div class="soft small">{STICKY[flag.kind] ?? flag.kind}</div>
      </div>
    </li>
  );
}

export function FlagsPage() {
  const flags = useLoaded("flags", settingsApi.flags);
  const word = (params.value.get("q") ?? "").toLowerCase();
  const all = flags.value?.flags;
  const list = all?.filter((flag) => `${flag.flag} ${flag.environment} ${flag.database} ${flag.plan}`.toLowerCase().includes(word));
  return (
    <Page title="Flags" heading="Flags">
      <section class="panel" aria-labelledby="flags">
        <header class="panel-head wrap"><h2 id="flags">What rollouts set</h2><SearchField label="Search the flags" /></header>
        <p class="soft">Read-only: a rollout sets its flag, stage by stage, and everything that it sets is in the audit.</p>
        {flags.error && <Failure error={flags.error} what="The flags" retry={flags.reload} />}
        {!all && !flags.error && <Loading what="the flags" />}
        {all?.length === 0 && <Empty icon="flag" title="No plan has let anything out yet"><p>A <code>rollout</code> in a plan sets a flag in stages, and watches guards.</p></Empty>}
        {list?.length === 0 && all && all.length > 0 && (
          <Empty icon="flag" title="No flag matches"><button type="button" class="button small" onClick={() => setParam("q", null)}>Clear the filters</button></Empty>
        )}
        <ul>{list?.map((flag) => <Row key={`${flag.environment} ${flag.database} ${flag.flag}`} flag={flag} />)}</ul>
      </section>
    </Page>
  );
}
