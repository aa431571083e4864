/** Somebody who watches a run over the WebSocket and remembers what came. Comes again when the connection ends. */
import WebSocket from "ws";
import type { Supervisor } from "./supervisor";

interface Message {
  t: string;
  type?: string;
  seq?: string;
  at?: string;
  why?: string;
}

export class Viewer {
  /** Of the events, in order. */
  readonly types: string[] = [];
  /** Why it was reset. */
  readonly resets: string[] = [];
  private seq = "0";
  private at: string | undefined;
  private closed = false;
  private socket: WebSocket | undefined;

  private constructor(
    private readonly supervisor: Supervisor,
    private readonly person: string,
    private readonly run: string,
  ) {}

  static async open(supervisor: Supervisor, person: string, run: string): Promise<Viewer> {
    const viewer = new Viewer(supervisor, person, run);
    viewer.connect();
    return viewer;
  }

  close(): void {
    this.closed = true;
    this.socket?.terminate();
  }

  private connect(): void {
    const { url } = this.supervisor;
    const socket = new WebSocket(`${url.replace("http", "ws")}/api/stream`, "headgate.v1", {
      headers: { Authorization: this.supervisor.as(this.person).authorization, Origin: url },
      perMessageDeflate: false,
    });
    this.socket = socket;
    socket.on("open", () => socket.send(JSON.stringify({ t: "watch", run: this.run, since: this.seq, at: this.at })));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (!this.closed) setTimeout(() => this.connect(), 200);
    });
    socket.on("message", (frame: Buffer) => {
      for (const message of JSON.parse(frame.toString("utf8")) as Message[]) this.take(message);
    });
  }

  private take(message: Message): void {
    if (message.t === "event" && message.type !== undefined) this.types.push(message.type);
    if (message.t === "reset") this.resets.push(message.why ?? "");
    if ((message.t === "event" || message.t === "reset") && message.seq !== undefined) {
      this.seq = message.seq;
      this.at = message.at;
    }
  }
}
