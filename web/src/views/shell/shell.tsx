// The frame around every page: header, connection, announcements, help, and which page is shown.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { href, type Route, route } from "../../lib/router";
import { alerted, polite } from "../../state/announce";
import { live, logOut, me, needsYou, theme, type Theme, zone } from "../../state/store";
import { Icon, type Sign } from "../common/icon";
import { Empty } from "../common/parts";
import { lazy } from "../common/lazy";
import { Page } from "../common/page";
import { LoginPage } from "../login/login";
import { RunsPage } from "../runs/runs";
import { ConnectionBanner, ConnectionSign } from "./connection";
import { ExpiryBanner } from "./expiry";
import { Help, helpShown, useKeys } from "./keys";

const RunPage = lazy(() => import("../run/run").then((page) => page.RunPage));
const GatePage = lazy(() => import("../gate/gate").then((page) => page.GatePage));
const RolloutPage = lazy(() => import("../rollout/rollout").then((page) => page.RolloutPage));
const FlagsPage = lazy(() => import("../flags/flags").then((page) => page.FlagsPage));
const SettingsPage = lazy(() => import("../settings/settings").then((page) => page.SettingsPage));
const ReplayPage = lazy(() => import("../replay/replay").then((page) => page.ReplayPage));
const PlanPage = lazy(() => import("../plan/plan").then((page) => page.PlanPage));
const ChangesPage = lazy(() => import("../changes/changes").then((page) => page.ChangesPage));
const PlansPage = lazy(() => import("../plans/plans").then((page) => page.PlansPage));
const ReportPage = lazy(() => import("../report/report").then((page) => page.ReportPage));
const AuditPage = lazy(() => import("../audit/audit").then((page) => page.AuditPage));
const EventsPage = lazy(() => import("../events/events").then((page) => page.EventsPage));
const LogsPage = lazy(() => import("../logs/logs").then((page) => page.LogsPage));
const ReviewPage = lazy(() => import("../review/review").then((page) => page.ReviewPage));

const THEMES: Record<Theme, { next: Theme; icon: Sign; word: string }> = {
  system: { next: "light", icon: "auto", word: "System theme" },
  light: { next: "dark", icon: "sun", word: "Light theme" },
  dark: { next: "system", icon: "moon", word: "Dark theme" },
};

function Header() {
  const session = me.value;
  const { page } = route.value;
  const mine = needsYou.value.filter((item) => item.mine).length;
  const { next, icon, word } = THEMES[theme.value];
  return (
    <header class="top">
      <a class="brand" href={href.runs}>
        <svg viewBox="0 0 32 32" aria-hidden="true"><path d="M8 5v22M24 5v22" class="posts" /><path d="M10 6h12v9H10z" class="gate" /><path d="M10 20.5c2-1.6 4-1.6 6 0s4 1.6 6 0M10 25.5c2-1.6 4-1.6 6 0s4 1.6 6 0" class="water" /></svg>
        <span class="brand-name">Headgate</span>
      </a>
      <nav aria-label="Main">
        <a href={href.runs} aria-current={["plans", "plan", "flags", "audit", "settings"].includes(page) ? undefined : "page"}>
          Runs{mine > 0 && <span class="count" title={`${mine} need you`}>{mine}<span class="hidden"> need you</span></span>}
        </a>
        <a href={href.plans} aria-current={page === "plans" || page === "plan" ? "page" : undefined}>Plans</a>
        <a href={href.flags} aria-current={page === "flags" ? "page" : undefined}>Flags</a>
        <a href={href.audit} aria-current={page === "audit" ? "page" : undefined}>Audit</a>
      </nav>
      <div class="top-end">
        <ConnectionSign />
        <button type="button" class="button ghost small zone" title="Times are shown in this zone"
          onClick={() => (zone.value = zone.value === "utc" ? "local" : "utc")}>
          <Icon name="clock" /><span class="hidden">Times: </span>{zone.value === "utc" ? "UTC" : "Local"}
        </button>
        <button type="button" class="button ghost small square" title={word} onClick={() => (theme.value = next)}>
          <Icon name={icon} /><span class="hidden">{word}; change</span>
        </button>
        <button type="button" class="button ghost small square" title="Keyboard (?)" onClick={() => (helpShown.value = true)}>
          <span aria-hidden="true">?</span><span class="hidden">Keyboard help</span>
        </button>
        {typeof session === "object" && session !== null && (
          <div class="who">
            <a class="who-name" href={href.settings} title={`${session.role}${rolesText(session.roles)}`} aria-current={page === "settings" ? "page" : undefined}><Icon name="person" />{session.person}<span class="hidden">, settings</span></a>
            <button type="button" class="button ghost small square" title="Log out" onClick={() => void logOut()}>
              <Icon name="out" /><span class="hidden">Log out</span>
            </button>
          </div>
        )}
      </div>
    </header>
  );
}

const rolesText = (roles: Record<string, string[]>): string =>
  Object.entries(roles).map(([environment, names]) => `; ${names.join(", ")} in ${environment}`).join("");

function LostPage() {
  return (
    <Page title="Not found" heading="There is no such page">
      <Empty icon="unknown" title="The address leads nowhere"><p><a href={href.runs}>To the runs</a></p></Empty>
    </Page>
  );
}

function pageOf(at: Route): JSX.Element {
  switch (at.page) {
    case "runs": return <RunsPage key="runs" />;
    case "audit": return <AuditPage key="audit" />;
    case "flags": return <FlagsPage key="flags" />;
    case "settings": return <SettingsPage key="settings" />;
    case "replay": return <ReplayPage key={`replay ${at.run}`} run={at.run} />;
    case "plan": return <PlanPage key={`plan ${at.plan}`} plan={at.plan} />;
    case "changes": return <ChangesPage key={`changes ${at.run}`} run={at.run} />;
    case "plans": return <PlansPage key="plans" />;
    case "run": return <RunPage key={`run ${at.run}`} run={at.run} />;
    case "gate": return <GatePage key={`gate ${at.run} ${at.path}`} run={at.run} path={at.path} />;
    case "rollout": return <RolloutPage key={`rollout ${at.run}`} run={at.run} />;
    case "review": return <ReviewPage key={`review ${at.run}`} run={at.run} />;
    case "events": return <EventsPage key={`events ${at.run}`} run={at.run} />;
    case "logs": return <LogsPage key={`logs ${at.run}`} run={at.run} />;
    case "report": return <ReportPage key={`report ${at.run}`} run={at.run} />;
    case "lost": return <LostPage key="lost" />;
    default: return at satisfies never;
  }
}

export function Shell() {
  useKeys();
  const session = me.value;
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme.value;
  }, [theme.value]);
  useEffect(() => {
    document.documentElement.dataset["live"] = live.value ? "yes" : "no";
  }, [live.value]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.querySelector<HTMLElement>("h1")?.focus();
      }}>Skip to the content</a>
      {session !== null && session !== "unknown" && <><Header /><ConnectionBanner /><ExpiryBanner />{pageOf(route.value)}</>}
      {session === null && <LoginPage />}
      {session === "unknown" && <main id="main" class="page"><h1 class="hidden">Headgate</h1></main>}
      <div role="status" aria-live="polite" class="hidden">{polite.value}</div>
      <div role="alert" class="hidden">{alerted.value}</div>
      <Help />
    </>
  );
}
