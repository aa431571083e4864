/** `headgate serve` on a free port, with people who have tokens; it can be killed and started again. */
import { Api } from "./api";
import { type CliProcess, headgate, start } from "./cli";
import { temporary } from "./plan";
import { waitUntil } from "./wait";

export interface SupervisorOptions {
  /** The PG* variables of the state database. */
  env: Record<string, string>;
  /** Folder with headgate.yaml: where headgate is called. */
  config: string;
  /** Folder whose plans can be started. */
  plans: string;
  environment: string;
  /** Who gets a token; the first is an operator, who starts runs. */
  people: string[];
  /** More arguments of `headgate serve`. */
  serve?: string[];
  /** Where it listens first; any port of this machine unless told. */
  listen?: string;
  /** What known() gave for a database this one is a copy of: the ledger and the people are there already. */
  known?: Known;
}

/** The folder of keys and the tokens of people: what goes with a database that has people. */
export interface Known {
  home: string;
  tokens: ReadonlyMap<string, string>;
}

const TOKEN = /hgt_[A-Za-z0-9_-]{43}/;

export class Supervisor {
  url = "";
  private process: CliProcess | undefined;
  private constructor(
    private readonly options: SupervisorOptions,
    readonly known: Known,
  ) {}

  static async start(options: SupervisorOptions): Promise<Supervisor> {
    const supervisor = await Supervisor.prepare(options);
    await supervisor.serve(options.listen ?? "127.0.0.1:0");
    return supervisor;
  }

  /** Ledger, people and tokens, but no process yet. */
  static async prepare(options: SupervisorOptions): Promise<Supervisor> {
    const home = options.known?.home ?? temporary("home");
    const env = { ...options.env, HEADGATE_HOME: home, HEADGATE_ENV: options.environment };
    const tokens = new Map(options.known?.tokens);
    const supervisor = new Supervisor({ ...options, env }, { home, tokens });
    if (options.known !== undefined) return supervisor;
    await supervisor.must("ledger", "install");
    for (const [index, person] of options.people.entries()) {
      await supervisor.must("user", "add", person, "--role", index === 0 ? "operator" : "viewer");
      const created = await supervisor.must("token", "create", person);
      const token = TOKEN.exec(created)?.[0];
      if (token === undefined) throw new Error(`no token in: ${created}`);
      tokens.set(person, token);
    }
    return supervisor;
  }

  /** The environment for further calls of the command line. */
  get env(): Record<string, string> {
    return this.options.env;
  }

  get pid(): number | undefined {
    return this.process?.alive ? this.process.pid : undefined;
  }

  get text(): string {
    return this.process === undefined ? "" : this.process.stdout + this.process.stderr;
  }

  as(person: string): Api {
    const token = this.known.tokens.get(person);
    if (token === undefined) throw new Error(`${person} has no token`);
    return new Api(this.url, person, token);
  }

  /** The address that logs this person in, once; the token stands in the fragment. */
  async link(person: string): Promise<string> {
    const made = await this.must("token", "create", person, "--once");
    const token = TOKEN.exec(made)?.[0];
    if (token === undefined) throw new Error(`no token in: ${made}`);
    return `${this.url}/#token=${token}`;
  }

  /** Runs a command beside it and gives its output. */
  async must(...args: string[]): Promise<string> {
    const result = await headgate(args, { env: this.options.env, cwd: this.options.config });
    if (result.code !== 0) throw new Error(`headgate ${args.join(" ")}: exit ${result.code}\n${result.text}`);
    return result.stdout;
  }

  /** Starts it again, on the port it had. */
  async restart(): Promise<void> {
    await this.serve(new URL(this.url).host);
  }

  /** Starts it if it does not run, on the port it had if it had one. */
  async ensure(): Promise<void> {
    if (this.pid === undefined) await this.serve(this.url === "" ? this.options.listen ?? "127.0.0.1:0" : new URL(this.url).host);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.process?.alive) this.process.kill(signal);
    await this.process?.exited;
  }

  private async serve(listen: string): Promise<void> {
    const process = start(["serve", "--listen", listen, "--plans", this.options.plans, ...(this.options.serve ?? [])], { env: this.options.env, cwd: this.options.config });
    this.process = process;
    this.url = await waitUntil("headgate serves", () => {
      if (!process.alive) throw new Error(`headgate serve ended:\n${process.stdout}${process.stderr}`);
      return /headgate serves (https?:\/\/[^\s/]+)/.exec(process.stdout)?.[1];
    });
  }
}
