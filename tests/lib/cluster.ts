/** A private PostgreSQL: its own folder, a unix socket, nothing else. One a test file, a database a test. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import pg from "pg";
import { atExit } from "./cleanup";
import { postgresBin } from "./paths";
import { statOf } from "./processes";
import { waitUntil } from "./wait";

const SUPERUSER = "headgate";

export interface ClusterOptions {
  /** fsync and full_page_writes on; off unless told. */
  durable?: boolean;
  /** Settings for the server by name. */
  settings?: Record<string, string>;
  /** Folder for the write-ahead log, when it is to lie elsewhere. */
  walFolder?: string;
  /** Who headgate and the tests are: HEADGATE_TEST_ROLE, or the superuser headgate. Any other is no superuser and owns the databases. */
  role?: string;
  /** That role may make databases, as docs/access.md says of restore tests. */
  createdb?: boolean;
  /** A streaming standby of this cluster instead of a cluster of its own. */
  standbyOf?: Cluster;
}

/** The account that a server started by root runs as. */
export function account(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    try {
      const id = (flag: string): number => Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: "pipe" }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // the next name
    }
  }
  throw new Error("PostgreSQL does not run as root, and there is no account postgres or nobody");
}

/** The role of docs/access.md. */
export const RUNNER_ROLE = "headgate_runner";
/** What docs/access.md gives the role of the runner, beside owning what plans change: no superuser. */
export const RUNNER_GRANTS = "GRANT pg_monitor, pg_signal_backend TO";

/** The role of the whole run of tests, when it is none of its own choice. */
const roleOfAll = (): string => process.env["HEADGATE_TEST_ROLE"] || SUPERUSER;

/** For a test's option "skip": what it tries is a superuser's by nature. Says which thing that is. */
export function needsSuperuser(what: string): string | false {
  return roleOfAll() === SUPERUSER ? false : `needs a superuser: ${what}`;
}

let copied = false;

/** Fills data with a copy of what the first cluster of this run of tests made by initdb, which costs a tenth of it. Only
 *  once a process: a second cluster of the same test file needs a system identifier of its own. */
function copyTemplate(data: string, owner: { uid: number; gid: number } | undefined, initdb: (into: string) => unknown): boolean {
  const template = process.env["HEADGATE_TEST_CLUSTER"];
  if (!template || copied) return false;
  copied = true;
  if (!existsSync(template)) {
    const mine = `${template}.${process.pid}`;
    mkdirSync(mine, { mode: 0o700 });
    if (owner) chownSync(mine, owner.uid, owner.gid);
    initdb(mine);
    try {
      renameSync(mine, template);
    } catch {
      rmSync(mine, { recursive: true }); // another process was first
    }
  }
  execFileSync("cp", ["-a", "--reflink=auto", `${template}/.`, data], { stdio: "pipe" });
  return true;
}

export class Cluster {
  private databases = 0;

  private constructor(
    readonly folder: string,
    private server: ChildProcess,
    private readonly start: () => ChildProcess,
    /** Who headgate and the tests are in a database: the superuser headgate, or a role that is none and owns the databases. */
    readonly role: string,
  ) {}

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), "headgate-pg-"));
    const owner = account();
    const data = join(folder, "data");
    mkdirSync(data, { mode: 0o700 });
    chmodSync(folder, 0o755);
    if (owner) for (const path of [folder, data]) chownSync(path, owner.uid, owner.gid);
    const identity = { ...owner, cwd: folder };
    const run = (program: string, args: string[]): Buffer => execFileSync(join(postgresBin, program), args, { ...identity, stdio: "pipe" });
    const initdb = (into: string, ...more: string[]): Buffer =>
      run("initdb", ["-D", into, "-A", "trust", "-U", "headgate", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", ...more]);
    if (options.standbyOf === undefined) {
      if (options.walFolder !== undefined) initdb(data, `--waldir=${join(options.walFolder, "wal")}`);
      else if (!copyTemplate(data, owner, initdb)) initdb(data);
    } else {
      run("pg_basebackup", ["-D", data, "-h", options.standbyOf.folder, "-U", "headgate", "-R", "-X", "stream", "-c", "fast", "--no-sync"]);
    }
    const safe = options.durable ? "on" : "off";
    const settings: Record<string, string> = {
      listen_addresses: "",
      unix_socket_directories: folder,
      fsync: safe,
      full_page_writes: safe,
      shared_buffers: "128MB",
      max_wal_size: "2GB",
      max_connections: "100",
      log_destination: "stderr",
      ...options.settings,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const start = (): ChildProcess => {
      const log = join(folder, "log");
      return spawn("/bin/sh", ["-c", 'log="$1"; shift; exec "$@" >>"$log" 2>&1', "sh", log, join(postgresBin, "postgres"), "-D", data, ...args], {
        ...identity,
        stdio: "ignore",
      });
    };
    const role = options.role ?? roleOfAll();
    const cluster = new Cluster(folder, start(), start, role);
    atExit(() => cluster.discard());
    await cluster.ready();
    if (role !== SUPERUSER && options.standbyOf === undefined) await cluster.query("postgres", `CREATE ROLE ${role} LOGIN${options.createdb ? " CREATEDB" : ""}; ${RUNNER_GRANTS} ${role}`);
    return cluster;
  }

  /** The database postgres is for what only a superuser may do. */
  private userOf(database: string): string {
    return database === "postgres" ? SUPERUSER : this.role;
  }

  /** libpq's key = value form. */
  conninfo(database = "postgres"): string {
    return `host=${this.folder} port=5432 user=${this.userOf(database)} dbname=${database}`;
  }

  /** The PG* variables, as headgate, pg_dump and psql read them. */
  env(database = "postgres"): Record<string, string> {
    return { PGHOST: this.folder, PGPORT: "5432", PGUSER: this.userOf(database), PGDATABASE: database };
  }

  /** A connection; the caller ends it. */
  async connect(database = "postgres"): Promise<pg.Client> {
    const client = new pg.Client({ host: this.folder, port: 5432, user: this.userOf(database), database });
    client.on("error", () => undefined); // a server that is killed on purpose is no test failure
    await client.connect();
    return client;
  }

  /** One statement on a connection of its own. */
  async query(database: string, sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = await this.connect(database);
    try {
      return (values.length > 0 ? await client.query(sql, values) : await client.query(sql)).rows ?? [];
    } finally {
      await client.end();
    }
  }

  /** Statements of an administrator of that database, whoever headgate and the tests are otherwise. */
  async administer(database: string, sql: string): Promise<void> {
    const client = new pg.Client({ host: this.folder, port: 5432, user: SUPERUSER, database });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }

  /** A new database, empty or a copy of template (which nobody may be connected to). Gives its name. */
  async database(template = "template0"): Promise<string> {
    const name = `db${++this.databases}`;
    await this.query("postgres", `CREATE DATABASE ${name} OWNER ${this.role} TEMPLATE ${template}`);
    return name;
  }

  async drop(database: string): Promise<void> {
    await this.query("postgres", `DROP DATABASE ${database} WITH (FORCE)`);
  }

  /** The schema of a database without headgate's own, in a form that can be compared. */
  dump(database: string, args: string[] = ["-s"]): string {
    const text = execFileSync(join(postgresBin, "pg_dump"), [...args, "--exclude-schema=headgate", database], {
      env: { ...process.env, ...this.env(database) },
      encoding: "utf8",
      maxBuffer: 1 << 30,
    });
    return text.replace(/^\\(un)?restrict .*$/gm, "");
  }

  /** All that the ledger holds, as text. */
  ledger(database: string): string {
    const args = ["--data-only", "--schema=headgate", "--inserts", database];
    const env = { ...process.env, ...this.env(database) };
    return execFileSync(join(postgresBin, "pg_dump"), args, { env, encoding: "utf8", maxBuffer: 1 << 30 });
  }

  /** Ends the server at once, as a power cut would, and starts it again. */
  async crash(): Promise<void> {
    this.server.kill("SIGKILL");
    await once(this.server, "exit");
    // children notice within moments; the lock file tells when the last has let go of the shared memory
    await waitUntil("the server's children are gone", () => !existsShared(join(this.folder, "data/postmaster.pid")));
    this.server = this.start();
    await this.ready();
  }

  /** pg_ctl stop -m immediate: every process of it ends without a word to the disk. */
  async halt(): Promise<void> {
    if (this.server.exitCode === null && this.server.signalCode === null) {
      this.server.kill("SIGQUIT");
      await once(this.server, "exit");
    }
  }

  /** Starts it again after halt(), or after it ended by itself. */
  async resume(): Promise<void> {
    this.server = this.start();
    await this.ready();
  }

  get running(): boolean {
    return this.server.exitCode === null && this.server.signalCode === null;
  }

  /** Stops (SIGSTOP) the server and all its children, or lets them go on. */
  freeze(on: boolean): void {
    for (const pid of [Number(this.server.pid), ...childrenOf(Number(this.server.pid))]) {
      try {
        process.kill(pid, on ? "SIGSTOP" : "SIGCONT");
      } catch {
        // it has ended
      }
    }
  }

  /** Makes a standby the primary. */
  async promote(): Promise<void> {
    await this.query("postgres", "SELECT pg_promote(true, 60)");
    await waitUntil("the standby is the primary", async () => {
      const rows = await this.query("postgres", "SELECT pg_is_in_recovery() AS standby");
      return rows[0]?.["standby"] === false;
    });
  }

  async stop(): Promise<void> {
    if (this.server.exitCode === null && this.server.signalCode === null) {
      this.server.kill("SIGINT");
      await once(this.server, "exit");
    }
    this.discard();
  }

  /** What the server wrote to its log so far. */
  log(): string {
    return readFileSync(join(this.folder, "log"), "utf8");
  }

  private async ready(): Promise<void> {
    await waitUntil("PostgreSQL accepts connections", async () => {
      if (this.server.exitCode !== null) throw new Error(`PostgreSQL ended:\n${this.log()}`);
      try {
        await (await this.connect()).end();
        return true;
      } catch {
        return false;
      }
    });
  }

  private discard(): void {
    this.server.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The processes whose parent this is. */
function childrenOf(parent: number): number[] {
  return readdirSync("/proc").filter((entry) => /^[0-9]+$/.test(entry)).map(Number).filter((pid) => Number(statOf(pid)[1]) === parent);
}

/** Does a process still hold the server's shared memory? The pid file names its key; ipcs lists who is attached. */
function existsShared(pidFile: string): boolean {
  try {
    const lines = readFileSync(pidFile, "utf8").split("\n");
    const id = lines[6]?.trim().split(/\s+/)[1];
    if (id === undefined) return false;
    const listed = execFileSync("ipcs", ["-m"], { encoding: "utf8" });
    const row = listed.split("\n").map((line) => line.trim().split(/\s+/)).find((fields) => fields[1] === id);
    return row !== undefined && Number(row[5]) > 0;
  } catch {
    return false;
  }
}
