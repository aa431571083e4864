/** One of the plans of plans/ at work as a team would run it: `headgate serve`, people, a database of its own; forward,
 * disturbed, and back. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import type { Api, ReviewRow, RunPage } from "./api";
import { headgate } from "./cli";
import { Cluster } from "./cluster";
import { contentOf } from "./content";
import { mergeFigures } from "./figures";
import { fsckLines } from "./fsck";
import { root } from "./paths";
import { attend, hasEnded } from "./people";
import { copyPlan } from "./plan";
import { killNow, processesOf } from "./processes";
import type { Disturb, Victim } from "./strike";
import { type Known, Supervisor } from "./supervisor";
import { waitUntil } from "./wait";

/** Something beside the database that the plan speaks to, for as long as one run lasts. */
export interface Service {
  /** The environment variables that headgate.yaml names. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

export interface BenchOptions {
  /** The folder in plans/. */
  plan: string;
  environment: string;
  /** The first is the operator who starts runs; the others approve and answer. */
  people: string[];
  /** Fills an empty database with what is there before the migration. */
  prepare(cluster: Cluster, database: string): Promise<void>;
  serve?(env: Record<string, string>): Promise<Service>;
  /** The plan's parameters, for every run. */
  params?: Record<string, unknown>;
  /** What becomes of a row of the review queue, instead of its first choice. */
  decide?(row: ReviewRow): unknown;
  /** Settings of the server, beside those of every test. */
  settings?: Record<string, string>;
  /** Files of the plan that the test replaces. */
  files?: Record<string, string>;
  /** The longest a run may take, forward or back; 90 s unless told. */
  limitMs?: number;
}

/** What a database looks like: compared as a whole. */
export interface Look {
  schema: string;
  content: Record<string, string>;
}

export class PlanBench {
  private constructor(
    readonly options: BenchOptions,
    readonly cluster: Cluster,
    readonly folder: string,
    private readonly template: string,
    private readonly known: Known,
    /** The database before any run. */
    readonly before: Look,
  ) {}

  static async start(options: BenchOptions): Promise<PlanBench> {
    const cluster = await Cluster.start({ settings: options.settings ?? {}, createdb: true });
    const template = await cluster.database();
    await options.prepare(cluster, template);
    const folder = copyPlan(join(root, "plans", options.plan), options.files);
    const before = await look(cluster, template);
    const service = await options.serve?.(cluster.env(template));
    const { known } = await Supervisor.prepare({
      env: { ...cluster.env(template), ...service?.env },
      config: folder,
      plans: dirname(folder),
      environment: options.environment,
      people: options.people,
    });
    await service?.stop();
    return new PlanBench(options, cluster, folder, template, known, before);
  }

  stop(): Promise<void> {
    return this.cluster.stop();
  }

  /** A copy of the prepared database, in which nothing was run; the cluster drops it. */
  fresh(): Promise<string> {
    return this.cluster.database(this.template);
  }

  look(database: string, stable = false): Promise<Look> {
    return look(this.cluster, database, stable);
  }

  /** For commands beside the supervisor's: its keys, that database. */
  env(database: string): Record<string, string> {
    return { ...this.cluster.env(database), HEADGATE_HOME: this.known.home };
  }

  /** The check-boxes of the plan's document, as `headgate check` counts them. */
  async boxes(): Promise<Pick<PlanFigures, "boxes" | "boxes_automatic" | "boxes_unbound">> {
    const check = await headgate(["check", this.folder, "-e", this.options.environment, "--json"], {
      env: { ...this.cluster.env(this.template), HEADGATE_HOME: this.known.home },
    });
    const [answer] = JSON.parse(check.stdout) as { boxes?: { counts: Record<string, number> } }[];
    const counts = answer?.boxes?.counts ?? {};
    return {
      boxes: Object.values(counts).reduce((sum, count) => sum + count, 0),
      boxes_automatic: (counts["automatic"] ?? 0) + (counts["metric"] ?? 0),
      boxes_unbound: counts["unbound"] ?? 0,
    };
  }

  /** A run that has been started, in a copy of the prepared database. close() it. */
  async begin(environment = this.options.environment): Promise<PlanRun> {
    const database = await this.cluster.database(this.template);
    const service = await this.options.serve?.(this.cluster.env(database));
    const supervisor = await Supervisor.start({
      env: { ...this.cluster.env(database), ...service?.env },
      config: this.folder,
      plans: dirname(this.folder),
      environment,
      people: this.options.people,
      known: this.known,
    });
    const begun = Date.now();
    const [operator = ""] = this.options.people;
    const started = supervisor.as(operator).startRun(this.folder.slice(dirname(this.folder).length + 1), environment, this.options.params);
    const { id } = await started.catch(async (error) => {
      await supervisor.stop("SIGKILL");
      await service?.stop();
      throw error;
    });
    return new PlanRun(this, database, environment, supervisor, service, id, begun);
  }
}

async function look(cluster: Cluster, database: string, stable = false): Promise<Look> {
  return { schema: cluster.dump(database), content: await contentOf(cluster, database, stable) };
}

export class PlanRun {
  constructor(
    readonly bench: PlanBench,
    readonly database: string,
    readonly environment: string,
    readonly supervisor: Supervisor,
    readonly service: Service | undefined,
    readonly id: string,
    private begun: number,
  ) {}

  get operator(): Api {
    return this.supervisor.as(this.bench.options.people[0] ?? "");
  }

  get approvers(): Api[] {
    return this.bench.options.people.slice(1).map((person) => this.supervisor.as(person));
  }

  /** For commands that work on the run's database as its supervisor does. */
  get env(): Record<string, string> {
    return { ...this.bench.cluster.env(this.database), ...this.service?.env, HEADGATE_HOME: this.supervisor.known.home };
  }

  /** Rows of the run's own database. */
  query(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return this.bench.cluster.query(this.database, sql, values);
  }

  /** Does what the run asks for until reached says so; gives the page and the milliseconds since the run, or the last
   * play, began. A run that is hopeless (it has ended otherwise) is an error. */
  async play(what: string, reached: (page: RunPage) => boolean, hopeless: (page: RunPage) => boolean = hasEnded): Promise<{ page: RunPage; ms: number }> {
    let last: RunPage | undefined;
    const look = async (): Promise<RunPage | false> => {
      const page = await this.operator.run(this.id).catch(() => undefined);
      if (page === undefined) return false; // the supervisor or the database is down at this moment
      last = page;
      if (reached(page)) return page;
      if (hopeless(page)) {
        const failed = page.steps.filter(({ state }) => state === "failed");
        throw new Error(`the run is ${page.state}: ${JSON.stringify([page.reason, ...failed])}`);
      }
      await attend(page, this.operator, this.approvers, this.bench.options.decide).catch(() => undefined);
      return false;
    };
    const page = await waitUntil(what, look, { timeoutMs: this.bench.options.limitMs ?? 90_000, everyMs: 50 }).catch((error: Error) => {
      const at = last?.steps.filter(({ state }) => !["done", "undone"].includes(state)).map(({ path, state }) => `${path} ${state}`);
      throw new Error(`${error.message}; it is ${last?.state}, ${JSON.stringify(last?.reason)}, at ${at?.join(", ")}`);
    });
    const ms = Date.now() - this.begun;
    this.begun = Date.now();
    return { page, ms };
  }

  forward(): Promise<{ page: RunPage; ms: number }> {
    return this.play("the run is done", ({ state }) => state === "done");
  }

  /** To the gate of that path, which nobody passes. */
  async toGate(path: string): Promise<{ page: RunPage; ms: number }> {
    const reached = await this.play(`gate ${path} is open`, ({ gates }) => gates.some((gate) => gate.path === path && gate.state === "open"));
    await waitUntil("the run waits at the gate", async () => (await this.operator.run(this.id)).state === "waiting");
    return reached;
  }

  async back(): Promise<{ page: RunPage; ms: number }> {
    this.begun = Date.now();
    await this.operator.request(this.id, "rollback");
    const is = (...states: string[]) => ({ state }: { state: string }): boolean => states.includes(state);
    return this.play("the run is rolled back", is("rolled_back"), is("rollback_blocked", "aborted"));
  }

  /** Forward while disturb does its worst; gives whom it killed. */
  async disturbed(disturb: Disturb): Promise<{ killed: Victim[]; ms: number }> {
    let over = false;
    const struck = disturb(this.supervisor, this.database, () => over);
    try {
      const { ms } = await this.forward();
      over = true;
      return { killed: await struck, ms };
    } finally {
      over = true;
      await struck.catch(() => undefined);
    }
  }

  /** stable: without what differs from run to run. */
  look(stable = false): Promise<Look> {
    return look(this.bench.cluster, this.database, stable);
  }

  /** Schema and every row are as before the run; the ledger's invariants hold. */
  async assertAsBefore(): Promise<void> {
    assert.deepEqual(await this.look(), this.bench.before);
    await this.assertSound();
  }

  async assertSound(): Promise<void> {
    assert.deepEqual(await fsckLines(this.bench.cluster.env(this.database), this.bench.folder, this.environment), []);
  }

  async close(): Promise<void> {
    await this.supervisor.stop("SIGKILL");
    for (const { pid } of processesOf(this.supervisor.known.home)) killNow(pid);
    await this.service?.stop();
    await this.bench.cluster.drop(this.database);
  }
}

/** What one plan's test measured: its part of build/figures/plans.json. */
export interface PlanFigures {
  plans_forward_ok: number;
  plans_rollback_identical: number;
  kills: number;
  wrong_runs: number;
  boxes: number;
  boxes_automatic: number;
  boxes_unbound: number;
  /** Automatic boxes that were seen to fail when their subject was broken (box-bench.ts). */
  boxes_broken: number;
  rows: number;
  forward_s: number;
  back_s: number;
  /** How long its tests took. */
  seconds: number;
}

export function writePlanFigures(plan: string, figures: Partial<PlanFigures> & Record<string, unknown>): void {
  mergeFigures("plans.json", plan, { plans: 1, ...figures, seconds: Math.round(process.uptime()) });
}
