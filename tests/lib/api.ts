/** The supervisor's HTTP API as a script uses it (docs/protocol.md), as one person. */
import { waitUntil } from "./wait";

export interface Reason {
  kind?: string;
  text?: string;
  path?: string;
}

export interface RunHead {
  id: string;
  state: string;
  version: string;
  seq: string;
  node: string | null;
  reason: Reason | null;
  alive: boolean;
}

export interface Gate {
  path: string;
  state: string;
  digest: string;
  may: { approve: boolean; why: string };
}

export interface RunPage extends RunHead {
  graph: GraphNode;
  steps: { path: string; kind: string; state: string; detail: Record<string, unknown> }[];
  gates: { path: string; state: string }[];
  review: { open: number };
}

export interface GraphNode {
  kind: string;
  name: string;
  path: string;
  keys: Record<string, unknown>;
  children: GraphNode[];
}

export interface ReviewRow {
  step: string;
  key: string[];
  kind: string;
  reason: string;
  choices: unknown[] | null;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(`${status}: ${message}`);
  }
}

export class Api {
  constructor(
    readonly url: string,
    readonly person: string,
    private readonly token: string,
  ) {}

  async get<T>(path: string): Promise<T> {
    return this.ask<T>("GET", path, undefined, {});
  }

  async post<T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
    return this.ask<T>("POST", path, body, headers);
  }

  run(id: string): Promise<RunPage> {
    return this.get(`/api/runs/${id}`);
  }

  startRun(plan: string, environment: string, params: Record<string, unknown> = {}): Promise<{ id: string }> {
    return this.post("/api/runs", { plan, environment, params });
  }

  /** pause, resume, retry, rollback, abort. The run may move on between a look and the request: then one looks and asks again. */
  request(id: string, kind: string, why = "a test wants it"): Promise<true> {
    return waitUntil(`${kind} of run ${id} is taken`, async () => {
      const { version } = await this.run(id);
      try {
        await this.post(`/api/runs/${id}/requests`, { kind, why }, { "If-Match": `"${version}"` });
        return true;
      } catch (error) {
        if (error instanceof ApiError && error.status === 409 && error.message.includes("the run has changed since you looked")) return false;
        throw error;
      }
    });
  }

  gate(id: string, path: string): Promise<Gate> {
    return this.get(`/api/runs/${id}/gates/${encodeURIComponent(path)}`);
  }

  /** Approves what the gate shows now. */
  async approve(id: string, path: string): Promise<Gate> {
    const { digest } = await this.gate(id, path);
    const address = `/api/runs/${id}/gates/${encodeURIComponent(path)}/approve`;
    return this.post(address, { comment: "looks right" }, { "If-Match": `"${digest}"` });
  }

  private async ask<T>(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    if (!response.ok) throw new ApiError(response.status, text);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** For scripts that speak to the stream themselves. */
  get authorization(): string {
    return `Bearer ${this.token}`;
  }
}
