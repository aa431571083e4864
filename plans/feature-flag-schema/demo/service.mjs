// The application's feature API, small but real: every answer comes from the tables of the plan.
//
// Usage: node service.mjs [--port N] — PGHOST, PGDATABASE and their friends say which database. Prints its address.
// No packages: it asks by psql, which is there wherever the plan can be run.
import { spawn } from "node:child_process";
import { createServer } from "node:http";

const QUERIES = {
  health: "SELECT json_build_object('ok', true)",
  features: `
    SELECT json_build_object('count', count(*), 'features', coalesce(json_agg(d ORDER BY category, feature_id), '[]'))
      FROM (SELECT feature_id, name, category, default_enabled, dependencies, conflicts FROM feature_definitions) AS d`,
  templates: `
    SELECT json_build_object('count', count(*), 'templates', coalesce(json_agg(t ORDER BY name), '[]'))
      FROM (SELECT name, target_audience, features FROM feature_templates) AS t`,
  // Without settings of its own an organization has the defaults.
  organization: `
    SELECT json_build_object('organization', o.id, 'enabled', count(*) FILTER (WHERE state.on),
                             'features', json_object_agg(state.feature_id, state.on))
      FROM organizations AS o,
           LATERAL (SELECT d.feature_id, coalesce(s.enabled, d.default_enabled AND NOT settled.any) AS on
                      FROM feature_definitions AS d
                      LEFT JOIN organization_feature_settings AS s ON s.organization_id = o.id AND s.feature_id = d.feature_id,
                           LATERAL (SELECT EXISTS (SELECT FROM organization_feature_settings AS x
                                                    WHERE x.organization_id = o.id) AS any) AS settled) AS state
     WHERE o.id::text = :'org' GROUP BY o.id`,
  change: `
    WITH wanted AS (SELECT key AS feature_id, value::boolean AS enabled FROM json_each_text(:'features')),
         changed AS (INSERT INTO organization_feature_settings (organization_id, feature_id, enabled)
                     SELECT o.id, w.feature_id, w.enabled FROM organizations AS o, wanted AS w WHERE o.id::text = :'org'
                         ON CONFLICT (organization_id, feature_id) DO UPDATE SET enabled = excluded.enabled
                     RETURNING 1)
    SELECT json_build_object('changed', count(*)) FROM changed HAVING count(*) > 0`,
  apply: "SELECT json_build_object('changed', apply_feature_template(org_id := o.id, template_name := :'template')) FROM organizations AS o WHERE o.id::text = :'org'",
};

/** The JSON that a query gives; undefined when it finds nothing. Values travel as psql variables, never as SQL. */
function ask(query, values = {}) {
  const variables = Object.entries(values).flatMap(([name, value]) => ["-v", `${name}=${value}`]);
  return new Promise((done, fail) => {
    const psql = spawn("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", ...variables, "-f", "-"]);
    let out = "";
    let err = "";
    psql.stdout.on("data", (part) => (out += part));
    psql.stderr.on("data", (part) => (err += part));
    psql.on("error", fail);
    psql.on("close", (code) => (code === 0 ? done(out.trim() === "" ? undefined : JSON.parse(out)) : fail(new Error(err.trim()))));
    psql.stdin.on("error", () => undefined);
    psql.stdin.end(`${query};\n`);
  });
}

/** Templates come before organizations: their path would be one. */
const ROUTES = [
  ["GET", /^\/health$/, () => ask(QUERIES.health)],
  ["GET", /^\/api\/features$/, () => ask(QUERIES.features)],
  ["GET", /^\/api\/features\/templates$/, () => ask(QUERIES.templates)],
  ["POST", /^\/api\/features\/templates\/apply$/, (_, body) =>
    ask(QUERIES.apply, { org: body.organizationId, template: body.template })],
  ["GET", /^\/api\/features\/([^/]+)$/, ([org]) => ask(QUERIES.organization, { org })],
  ["POST", /^\/api\/features\/([^/]+)$/, ([org], body) => ask(QUERIES.change, { org, features: JSON.stringify(body.features) })],
  ["PUT", /^\/api\/features\/([^/]+)\/([^/]+)$/, ([org, feature], body) =>
    ask(QUERIES.change, { org, features: JSON.stringify({ [feature]: body.enabled === true }) })],
];

async function answer(request, text) {
  const path = decodeURI(new URL(request.url, "http://service").pathname);
  for (const [method, pattern, act] of ROUTES) {
    const match = method === request.method ? pattern.exec(path) : null;
    if (match === null) continue;
    const found = await act(match.slice(1), text === "" ? {} : JSON.parse(text));
    return found === undefined ? [404, { error: "there is no such organization" }] : [200, found];
  }
  return [404, { error: "there is no such end point" }];
}

/** A rule of the database is the caller's fault; anything else is ours. */
const failure = (error) => [/ 23\d\d\d: | 22\d\d\d: | P0001: /.test(error.message) ? 409 : 500, { error: error.message }];

const server = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (part) => (text += part));
  request.on("end", async () => {
    const [status, body] = await answer(request, text).catch(failure);
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  });
});

const port = Number(process.argv[process.argv.indexOf("--port") + 1] ?? 0) || 0;
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
