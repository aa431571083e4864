/** The same small migrations by other tools, where they are installed (make bench-peers; sqitch from Debian). */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../lib/cluster";
import { root } from "../lib/paths";
import { temporary } from "../lib/plan";
import { median } from "./figures";
import { mustHaveTables, timed, up } from "./migrations";
import { settle } from "./run";

interface Peer {
  name: string;
  /** A program on the PATH, or one in peers/node_modules. */
  program: string;
  /** Writes migrations 1 to count as the tool wants them. */
  write(folder: string, count: number): void;
  arguments(folder: string, url: string): string[];
}

const number = (n: number): string => String(n).padStart(6, "0");

/** For tools that take a file a migration. */
function each(file: (n: number) => [name: string, text: string]) {
  return (folder: string, count: number): void => {
    for (let n = 1; n <= count; n++) {
      const [name, text] = file(n);
      writeFileSync(join(folder, name), text);
    }
  };
}

function writeSqitch(folder: string, count: number): void {
  let plan = "%syntax-version=1.0.0\n%project=bench\n\n";
  mkdirSync(join(folder, "deploy"));
  for (let n = 1; n <= count; n++) {
    plan += `t${n} 2026-01-01T00:00:00Z bench <bench@example.com> # t${n}\n`;
    writeFileSync(join(folder, "deploy", `t${n}.sql`), `BEGIN;\n${up(n)}COMMIT;\n`);
  }
  writeFileSync(join(folder, "sqitch.plan"), plan);
  writeFileSync(join(folder, "sqitch.conf"), "[core]\n\tengine = pg\n[user]\n\tname = bench\n\temail = bench@example.com\n");
}

/** Committed migrations, each with the hash of its text and of the one before. */
function writeGraphile(folder: string, count: number): void {
  const committed = join(folder, "committed");
  mkdirSync(committed);
  writeFileSync(join(folder, "current.sql"), "");
  writeFileSync(join(folder, "gmrc.json"), JSON.stringify({ migrationsFolder: folder }));
  let previous = "";
  for (let n = 1; n <= count; n++) {
    const body = up(n).trim();
    const hash = `sha1:${createHash("sha1").update(`${`${previous}\n${body}`.trim()}\n`).digest("hex")}`;
    writeFileSync(join(committed, `${number(n)}.sql`), `--! Previous: ${previous === "" ? "-" : previous}\n--! Hash: ${hash}\n\n${body}\n`);
    previous = hash;
  }
}

const PEERS: Peer[] = [
  {
    name: "dbmate",
    program: "@dbmate/linux-x64/bin/dbmate",
    write: each((n) => [`${number(n)}_t.sql`, `-- migrate:up\n${up(n)}\n-- migrate:down\nDROP TABLE t${n};\n`]),
    arguments: (folder) => ["--env", "DATABASE_URL", "--migrations-dir", folder, "--no-dump-schema", "migrate"],
  },
  {
    name: "node_pg_migrate",
    program: ".bin/node-pg-migrate",
    write: each((n) => [`${1_700_000_000_000 + n}_t.sql`, `-- Up Migration\n${up(n)}\n-- Down Migration\nDROP TABLE t${n};\n`]),
    arguments: (folder) => ["up", "--migrations-dir", folder, "--database-url-var", "DATABASE_URL", "--no-verbose"],
  },
  {
    name: "graphile_migrate",
    program: ".bin/graphile-migrate",
    write: writeGraphile,
    arguments: (folder) => ["migrate", "--config", join(folder, "gmrc.json")],
  },
  {
    name: "sqitch",
    program: "sqitch",
    write: writeSqitch,
    arguments: (folder, url) => ["-C", folder, "deploy", `db:${url}`],
  },
];

export interface PeerTimes {
  name: string;
  firstMs: number;
  againMs: number;
}

function written(peer: Peer, count: number): string {
  const folder = join(temporary(peer.name), "migrations");
  mkdirSync(folder);
  peer.write(folder, count);
  return folder;
}

/** undefined: it is not there. */
function programOf(peer: Peer): string | undefined {
  const places = [join(root, "tests/bench/peers/node_modules", peer.program), peer.program];
  return places.find((place) => spawnSync(place, ["--version"]).status === 0);
}

/** Medians of each peer that is there; missing: what is not. */
export async function measurePeers(cluster: Cluster, count: number, times: number): Promise<{ found: PeerTimes[]; missing: string[] }> {
  const found: PeerTimes[] = [];
  const missing: string[] = [];
  for (const peer of PEERS) {
    const program = programOf(peer);
    if (program === undefined) {
      missing.push(peer.name);
      continue;
    }
    const folder = written(peer, count);
    const first: number[] = [];
    const again: number[] = [];
    for (let round = 0; round < times; round++) {
      const database = await cluster.database();
      const { PGHOST = "", PGPORT = "", PGUSER = "" } = cluster.env(database);
      const url = `postgres://${PGUSER}@/${database}?host=${encodeURIComponent(PGHOST)}&port=${PGPORT}&sslmode=disable`;
      const run = (): number => timed(program, peer.arguments(folder, url), { DATABASE_URL: url });
      await settle(cluster, database);
      first.push(run());
      await mustHaveTables(cluster, database, count);
      again.push(run(), run(), run());
      await cluster.drop(database);
    }
    found.push({ name: peer.name, firstMs: median(first), againMs: median(again) });
  }
  return { found, missing };
}
