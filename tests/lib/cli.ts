/** The headgate binary as a test sees it: arguments in; exit code and text out. */
import { type ChildProcess, spawn } from "node:child_process";
import { atExit } from "./cleanup";
import { headgateBinary } from "./paths";

export interface CliOptions {
  env?: Record<string, string>;
  cwd?: string;
  input?: string;
  /** Killed after so many milliseconds, and that is a failure. */
  timeoutMs?: number;
}

export interface CliResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** Both streams, for messages. */
  text: string;
}

/** A started headgate whose output is collected. */
export class CliProcess {
  stdout = "";
  stderr = "";
  /** All output is there: it and every child that shares its output have ended. */
  readonly ended: Promise<CliResult>;
  /** The process itself has ended; children may live on. */
  readonly exited: Promise<void>;

  constructor(readonly child: ChildProcess) {
    child.stdout?.setEncoding("utf8").on("data", (part: string) => (this.stdout += part));
    child.stderr?.setEncoding("utf8").on("data", (part: string) => (this.stderr += part));
    this.ended = new Promise((done, fail) => {
      child.on("error", fail);
      child.on("close", (code, signal) =>
        done({ code, signal, stdout: this.stdout, stderr: this.stderr, text: this.stdout + this.stderr }),
      );
    });
    this.exited = new Promise((done) => child.once("exit", () => done()));
    atExit(() => child.kill("SIGKILL"));
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error("headgate did not start");
    return this.child.pid;
  }

  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    this.child.kill(signal);
  }
}

/** Starts `headgate ARGS` and returns at once. */
export function start(args: string[], options: CliOptions = {}): CliProcess {
  const child = spawn(headgateBinary, args, {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: "1", TZ: "UTC", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(options.input ?? "");
  return new CliProcess(child);
}

/** Runs `headgate ARGS` to its end. */
export async function headgate(args: string[], options: CliOptions = {}): Promise<CliResult> {
  const running = start(args, options);
  const timer = setTimeout(() => running.kill("SIGKILL"), options.timeoutMs ?? 60_000);
  try {
    return await running.ended;
  } finally {
    clearTimeout(timer);
  }
}
