/** Servers that look like PostgreSQL and are not: an old one, a pooler that hands out other backends, one that lies. */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { atExit } from "./cleanup";
import { temporary } from "./plan";

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function parameter(name: string, value: string): Buffer {
  return message("S", Buffer.from(`${name}\0${value}\0`));
}

/** The kind of the untyped first packet of a connection, when it asks for encryption. */
function asksForEncryption(bytes: Buffer): boolean {
  return bytes.length === 8 && [SSL_REQUEST, GSS_REQUEST].includes(bytes.readInt32BE(4));
}

async function listen(server: Server): Promise<string> {
  const folder = temporary("wire");
  await new Promise<void>((done) => server.listen(join(folder, ".s.PGSQL.5432"), done));
  server.unref(); // it must not keep a finished test alive
  atExit(() => server.close());
  return folder;
}

/** A server that says it is of the given version and then answers every query with nothing. Gives PGHOST. */
export async function oldServer(version: string): Promise<string> {
  const ready = message("Z", Buffer.from("I"));
  return listen(
    createServer((socket) => {
      let started = false;
      socket.on("error", () => undefined);
      socket.on("data", (bytes) => {
        if (!started && asksForEncryption(bytes)) {
          socket.write("N");
        } else if (!started) {
          started = true;
          socket.write(
            Buffer.concat([
              message("R", Buffer.alloc(4)),
              parameter("server_version", version),
              parameter("server_encoding", "UTF8"),
              parameter("client_encoding", "UTF8"),
              parameter("standard_conforming_strings", "on"),
              message("K", Buffer.alloc(8, 1)),
              ready,
            ]),
          );
        } else if (bytes[0] === 0x58 /* X: terminate */) {
          socket.end();
        } else {
          socket.write(Buffer.concat([message("I", Buffer.alloc(0)), ready]));
        }
      });
    }),
  );
}

/** What a client asks goes to the server; what is answered is the caller's. */
function toServer(client: Socket, host: string): Socket {
  const server = createConnection(join(host, ".s.PGSQL.5432"));
  const close = (): void => {
    client.destroy();
    server.destroy();
  };
  for (const socket of [client, server]) socket.on("error", close).on("close", close);
  client.pipe(server);
  return server;
}

/** A value of a row as it stands in the protocol: how many bytes, then they. */
function asValue(text: string): string {
  const length = Buffer.alloc(4);
  length.writeInt32BE(text.length);
  return length.toString("latin1") + text;
}

/** A proxy to a real server that says another value wherever a row holds that one; both are as long. Gives PGHOST. */
export async function liar(host: string, truth: string, lie: string): Promise<string> {
  const said = (bytes: Buffer): Buffer => Buffer.from(bytes.toString("latin1").replaceAll(asValue(truth), asValue(lie)), "latin1");
  return listen(
    createServer((client) => {
      toServer(client, host).on("data", (bytes: Buffer) => client.write(said(bytes)));
    }),
  );
}

/** A proxy to a real server that tells clients another backend's pid, as poolers do. Gives PGHOST. */
export async function pooler(host: string): Promise<string> {
  return listen(
    createServer((client) => {
      const server = toServer(client, host);
      let pending: Buffer | undefined = Buffer.alloc(0);
      server.on("data", (bytes) => {
        if (pending === undefined) return void client.write(bytes);
        pending = Buffer.concat([pending, bytes]);
        pending = forward(pending, client);
      });
    }),
  );
}

/** Passes whole messages on until BackendKeyData is found and changed; undefined afterwards. */
function forward(bytes: Buffer, client: Socket): Buffer | undefined {
  if (bytes.length === 1 && "NSG".includes(bytes.toString("latin1"))) {
    client.write(bytes); // the answer to a request for encryption has no length
    return Buffer.alloc(0);
  }
  let rest = bytes;
  while (rest.length >= 5 && rest.length >= 1 + rest.readInt32BE(1)) {
    const size = 1 + rest.readInt32BE(1);
    const whole = Buffer.from(rest.subarray(0, size));
    rest = rest.subarray(size);
    if (whole.toString("latin1", 0, 1) === "K") {
      whole.writeInt32BE(whole.readInt32BE(5) + 100_000, 5);
      client.write(Buffer.concat([whole, rest]));
      return undefined;
    }
    client.write(whole);
  }
  return rest;
}
