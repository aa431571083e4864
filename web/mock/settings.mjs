// What the server was told, the flags, and somebody's tokens.
const iso = (ms) => new Date(ms).toISOString();
const ago = (hours) => iso(Date.now() - hours * 3_600_000);

const metric = (source, more) => ({ source, sql: null, query: null, url: null, unit: "%", ...more });
const METRICS = {
  error_rate: metric("prometheus", { url: "http://prometheus:9090", query: "100 * sum(rate(http_requests_total{code=~'5..'}[5m])) / sum(rate(http_requests_total[5m]))" }),
  connection_pool: metric("sql", { sql: "SELECT 100.0 * count(*) / current_setting('max_connections')::int FROM pg_stat_activity" }),
  cpu_usage: metric("command", {}),
};
const environment = (name, gates, url, approvers) => ({
  environment: name, gates, targets: { app: { url, run_as: "app_owner" } }, approvers, metrics: METRICS,
  thresholds: [{ kind: "alert", group: "application", metric: "error_rate", limit: "> 1% for 5m" }, { kind: "goal", group: null, metric: "cpu_usage", limit: "< 80%" }],
  variables: { hook: "${HOOK_URL}", note: "(hidden)" },
});

export const SETTINGS = {
  environments: [environment("demo", "auto", "postgresql://app@localhost/app", {}), environment("production", "people", "postgresql://app@db.internal:5432/app", { admin: ["bob", "dave"], product: ["carol"] })],
  measured: [
    { guard: "error_rate < 1%", value: 0.2, verdict: "ok", at: ago(0.1), run: "42" },
    { guard: "breach when cpu_usage > 80%", value: null, verdict: "no_data", at: ago(3), run: "41" },
  ],
};

export const flagsOf = (rollout) => [
  { flag: rollout.flag, kind: "sql_flag", environment: "demo", database: "app", percent: rollout.percent || null, enabled: rollout.percent ? rollout.enabled : null, at: ago(1), run: "42", plan: "canonical-events", state: "watching", path: rollout.path },
  { flag: "canonical_writes_of_every_campaign_without_a_break", kind: "haproxy", environment: "production", database: "app", percent: 0, enabled: false, at: ago(30), run: "36", plan: "move-to-uuid-keys", state: "rolled_back", path: "traffic" },
];

export function tokens(world, method, id, body) {
  world.tokens ??= [
    { id: "3fa29c01bb7e", kind: "api", label: "nightly build", created_at: ago(500), seen_at: ago(2), expires_at: ago(-2_000), used_at: null },
    { id: "9ab1100d4f3c", kind: "once", label: "", created_at: ago(5), seen_at: ago(5), expires_at: ago(-1), used_at: ago(5) },
  ];
  if (method === "GET") return { status: 200, body: { tokens: world.tokens } };
  if (id !== undefined) {
    world.tokens = world.tokens.filter((token) => token.id !== id);
    return { status: 200, body: { id } };
  }
  world.tokens.unshift({ id: "77cc01ab93de", kind: "api", label: body.label, created_at: ago(0), seen_at: ago(0), expires_at: ago(-24 * body.days), used_at: null });
  return { status: 201, body: { token: "hgt_5XbJm1Q0nO4yq0dDq3a9mUoP7kz2sVwXyZ0aBcDeFgH" } };
}
