/** The check-list of plans/fluxstudio-import: each box that needs no person fails when what it is about is broken.
 * Eight runs and two looks at each of 22 boxes take minutes: make test-full. */
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { breakEachBox, type Change, type Subject, type Unticked } from "../lib/box-bench";
import { mergeFigures } from "../lib/figures";
import { Application, archive, fluxstudio, generateStore } from "../lib/fluxstudio";
import { PlanBench, type PlanRun } from "../lib/plan-bench";
import { liar } from "../lib/wire";

/** The plan's other test has more; here they only have to be there. */
const MESSAGES = 100;
const skip = process.env["HEADGATE_FULL"] ? false : "takes minutes: HEADGATE_FULL=1, or make test-full";

let bench: PlanBench;
before(async () => {
  if (!skip) bench = await PlanBench.start({ ...fluxstudio(generateStore(MESSAGES)), limitMs: 240_000 });
});
after(() => bench?.stop());

const appOf = (run: PlanRun): Application => run.service as Application;

async function truth(run: PlanRun): Promise<void> {
  appOf(run).instead = {};
}

/** The application says something else of itself. */
const told = (box: string, path: string, fields: Record<string, unknown>): Subject => ({
  box,
  break: (run) => appOf(run).pretend(path, fields),
  mend: truth,
});

const renamed = (box: string, kind: string, name: string): Subject => ({
  box,
  break: `ALTER ${kind} ${name} RENAME TO gone`,
  mend: `ALTER ${kind} gone RENAME TO ${name}`,
});

/** The file that the backup made is elsewhere. */
function movedBackup(box: string, step: string): Subject {
  const file = async (run: PlanRun): Promise<string> =>
    String((await run.query("SELECT detail->>'file' AS file FROM headgate.step WHERE path = $1", [step]))[0]?.["file"]);
  return {
    box,
    break: async (run) => renameSync(await file(run), `${await file(run)}.gone`),
    mend: async (run) => renameSync(`${await file(run)}.gone`, await file(run)),
  };
}

/** The server says that it is one of the major version before the oldest that will do. */
async function older(run: PlanRun): Promise<void> {
  const [row] = await run.query("SHOW server_version_num");
  const version = String(row?.["server_version_num"]);
  appOf(run).instead = { PGHOST: await liar(bench.cluster.folder, version, `14${version.slice(2)}`) };
}

const administrator = (sql: string): Change => (run) => run.bench.cluster.administer(run.database, sql);
const encoding = (name: string): Change =>
  administrator(`UPDATE pg_database SET encoding = pg_char_to_encoding('${name}') WHERE datname = current_database()`);

const PROBE = "0000000d-0000-4000-8000-00000000beef";
const backend = (name: string): Change => (run) => appOf(run).ask("POST", `/admin/backend/${name}`);

const SUBJECTS: Subject[] = [
  { box: "Install PostgreSQL dependencies", break: older, mend: truth },
  { box: "Create production database", break: encoding("SQL_ASCII"), mend: encoding("UTF8") },
  told("Configure database connection pooling", "/health", { pool: 200 }),
  told("Test database connectivity", "/health", { database: false }),
  movedBackup("Set up backup utilities", "prepare/before"),
  { box: "Set up automated backups", break: administrator("SELECT pg_stat_reset_shared('archiver')"), mend: (run) => archive(run.bench.cluster) },
  renamed("Run migration 001 (Core tables)", "TABLE", "teams"),
  renamed("Run migration 002 (Messaging system)", "TABLE", "notifications"),
  renamed("Run migration 003 (File management)", "TABLE", "project_members"),
  renamed("Run migration 004 (Business operations)", "TABLE", "client_requests"),
  {
    box: "Verify schema integrity",
    break: "ALTER TABLE portfolio_items DROP CONSTRAINT portfolio_items_portfolio_id_fkey",
    mend: "ALTER TABLE portfolio_items ADD CONSTRAINT portfolio_items_portfolio_id_fkey FOREIGN KEY (portfolio_id) REFERENCES portfolios",
  },
  {
    box: "Transform data to PostgreSQL format",
    break: "UPDATE time_entries SET minutes = minutes + 1",
    mend: "UPDATE time_entries SET minutes = minutes - 1",
  },
  { box: "Update server-auth.js to use PostgreSQL", break: backend("files"), mend: backend("postgres") },
  {
    box: "Update server-messaging.js for database backend",
    break: "UPDATE conversations SET name = 'Lost' WHERE name = 'About project 0'",
    mend: "UPDATE conversations SET name = 'About project 0' WHERE name = 'Lost'",
  },
  {
    box: "Modify file upload handlers",
    break: "UPDATE files SET size_bytes = 1 WHERE id = '00000007-0000-4000-8000-000000000000'",
    mend: "UPDATE files SET size_bytes = 4294967296 WHERE id = '00000007-0000-4000-8000-000000000000'",
  },
  {
    box: "Test all CRUD operations",
    break: `INSERT INTO service_packages (id, name, price_cents, is_active) VALUES ('${PROBE}', 'It stayed', 1, false)`,
    mend: `DELETE FROM service_packages WHERE id = '${PROBE}'`,
  },
  {
    box: "Rollback plan if needed",
    break: "ALTER TRIGGER remember ON files RENAME TO forget",
    mend: "ALTER TRIGGER forget ON files RENAME TO remember",
  },
  renamed("Index tuning", "INDEX", "messages_search_idx"),
  told("Monitor performance metrics", "/metrics", { api_p95: 6000 }),
  told("Query optimization", "/metrics", { query_avg: 6000 }),
  told("Monitor error logs", "/metrics", { error_rate: 2 }),
  movedBackup("Check backup completion", "day 1/after"),
];

/** As soon as that table is made, somebody gives one of its columns another name. */
const meddled = (table: string, column: string): string => `
  CREATE FUNCTION public.meddle() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.${table}') THEN
      ALTER TABLE public.${table} RENAME COLUMN ${column} TO theirs;
    END IF;
  END $$;
  CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.meddle()`;

const unticked = (box: string, at: string, fails: string, spoil: Change): Unticked => ({ box, at, environment: "staging", fails, break: spoil });

const UNTICKED: Unticked[] = [
  // A table of somebody else under one of the names.
  unticked("Create migration system", "start", "schema/schema/004_business", "CREATE TABLE public.portfolios (theirs int)"),
  // The store cannot say what it holds.
  unticked("Export existing file-based data", "start", "freeze/freeze the files", async (run) => mkdirSync(join(appOf(run).folder, "manifest.json.new"))),
  unticked("Import user accounts and organizations", "start", "import core/users", meddled("users", "name")),
  unticked("Migrate project data and relationships", "start", "import core/projects", meddled("projects", "name")),
  unticked("Import message history", "start", "import messaging/notifications", meddled("notifications", "body")),
  unticked("Migrate file references and permissions", "start", "import files/files", meddled("files", "name")),
  // What was written meanwhile has nowhere to go.
  unticked("Deploy with zero downtime", "cut-over", "cut over/store_journal", "ALTER TABLE store_journal RENAME TO gone"),
];

test("each automatic box fails when its subject is broken", { skip }, async (t) => {
  mergeFigures("plans.json", "fluxstudio-boxes", { boxes_broken: await breakEachBox(t, bench, { subjects: SUBJECTS, unticked: UNTICKED }) });
});
