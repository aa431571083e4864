/** The check-list of plans/citadelbuy-schema: each box that needs no person fails when what it is about is broken. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { breakEachBox, type Subject, type Unticked } from "../lib/box-bench";
import { become, CITADELBUY, FOLDER } from "../lib/citadelbuy";
import { needsSuperuser } from "../lib/cluster";
import { mergeFigures } from "../lib/figures";
import { noHaproxy } from "../lib/haproxy";
import { PlanBench, type PlanRun } from "../lib/plan-bench";

/** The demo's environment; only the windows are shorter. */
const CONFIG = readFileSync(join(FOLDER, "headgate.yaml"), "utf8").replace("{ 10: 4s, 50: 2s, 100: 2s }", "{ 10: 1s, 50: 1s, 100: 1s }");

let bench: PlanBench;
before(async () => {
  bench = await PlanBench.start({ ...CITADELBUY, environment: "demo", files: { "headgate.yaml": CONFIG } });
});
after(() => bench.stop());

/** One of the service's things is something else, and as it was. */
const otherwise = (box: string, what: string, value: unknown, was: unknown): Subject => ({
  box,
  break: () => become(what, value),
  mend: () => become(what, was),
});

const renamed = (box: string, kind: string, name: string): Subject => ({
  box,
  break: `ALTER ${kind} ${name} RENAME TO gone`,
  mend: `ALTER ${kind} gone RENAME TO ${name}`,
});

const valid = (is: boolean) => ({ database }: PlanRun): Promise<void> =>
  bench.cluster.administer(database, `UPDATE pg_index SET indisvalid = ${is} WHERE indexrelid = 'idx_orders_guest_email'::regclass`);

const SUBJECTS: Subject[] = [
  otherwise("All unit tests passing", "ci/unit", "failed", "passed"),
  otherwise("E2E tests passing", "ci/e2e", "failed", "passed"),
  otherwise("Integration tests passing", "ci/integration", "running", "passed"),
  otherwise("Schema validation: npx prisma validate", "prisma/validate", "invalid", "valid"),
  otherwise("Client generation: npx prisma generate", "prisma/generate", "failed", "generated"),
  otherwise("npx prisma migrate status shows up to date", "prisma/status", "1 migration pending", "up to date"),
  {
    box: 'Connection test: npx prisma db execute --stdin <<< "SELECT 1;"',
    break: () => become("application/user", "nobody_there"),
    mend: () => become("application/user", bench.cluster.role),
  },
  renamed("Table count verification", "TABLE", "wishlist"),
  renamed("All tables created successfully", "TYPE", '"KycStatus"'),
  renamed("Index verification", "INDEX", "idx_subscriptions_ends"),
  {
    box: "All indexes created successfully",
    break: valid(false),
    mend: valid(true),
  },
  {
    box: "Foreign key integrity check",
    break: "ALTER TABLE reviews ADD CONSTRAINT unsure FOREIGN KEY (id) REFERENCES users (id) NOT VALID",
    mend: "ALTER TABLE reviews DROP CONSTRAINT unsure",
  },
  {
    box: "Foreign keys established correctly",
    break: `ALTER TABLE role_permissions DROP CONSTRAINT "role_permissions_roleId_fkey"`,
    mend: `ALTER TABLE role_permissions ADD CONSTRAINT "role_permissions_roleId_fkey"
             FOREIGN KEY ("roleId") REFERENCES organization_roles (id) ON DELETE CASCADE`,
  },
  renamed("Query performance improved or maintained", "INDEX", "idx_products_tags_gin"),
  otherwise("Application starts successfully", "application/health", "none", "good"),
  otherwise("Health checks passing", "application/health", "bad", "good"),
  renamed("All API endpoints responding", "TABLE", "orders"),
  {
    box: "Application smoke tests",
    break: "ALTER TABLE products RENAME price TO cost",
    mend: "ALTER TABLE products RENAME cost TO price",
  },
  {
    box: "Critical user flows working",
    break: "INSERT INTO organizations (id, name, slug) VALUES ('org-x', 'Nobody', 'nobody')",
    mend: "DELETE FROM organizations WHERE id = 'org-x'",
  },
  otherwise("Monitor error reports", "metric/error_rate", 1.5, 0.1),
  otherwise("No errors in logs", "metric/error_rate", 2, 0.1),
  otherwise("No significant increase in response times", "metric/response_time_p95", 0.6, 0.12),
  otherwise("Database metrics within normal range", "metric/memory_usage", 90, 52),
  {
    box: "No connection pool exhaustion",
    break: (run) => run.query(`ALTER DATABASE ${run.database} CONNECTION LIMIT 1`),
    mend: (run) => run.query(`ALTER DATABASE ${run.database} CONNECTION LIMIT -1`),
  },
];

/** Before the first sign-off nothing has been told and nothing been made. */
const at = { at: "sign-off of the Database Administrator", environment: "demo" };
const chatDown = (): Promise<void> => become("webhook/chat", "down");
const statusDown = (): Promise<void> => become("webhook/status", "down");
const UNTICKED: Unticked[] = [
  ...["Notify team 24 hours before", "Send user notification (if downtime expected)", "Real-time updates in team channel", "Announce completion"].map(
    (box) => ({ ...at, box, break: chatDown }),
  ),
  ...["Update status page", "Status page updates", "Send summary report"].map((box) => ({ ...at, box, break: statusDown })),
  // A table of somebody else under one of the names.
  { ...at, box: "All migrations applied without errors", break: "CREATE TABLE public.wishlist (theirs int)" },
];

test("each automatic box fails when its subject is broken", { skip: noHaproxy || needsSuperuser("a database's connection limit does not keep one out") }, async (t) => {
  mergeFigures("plans.json", "citadelbuy-boxes", { boxes_broken: await breakEachBox(t, bench, { subjects: SUBJECTS, unticked: UNTICKED }) });
});
