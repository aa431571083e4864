/** The same small migrations by other tools, where they are installed (make bench-peers). */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../lib/cluster";
import { root } from "../lib/paths";
import { temporary } from "../lib/plan";
import { median } from "./figures";
import { mustHaveTables, timed, up } from "./migrations";
import { settle } from "./run";

interface Peer {
  name: string;
  /** What must be there, in peers/node_modules. */
  program: string;
  /** File name and text of migration n. */
  file(n: number): [name: string, text: string];
  arguments(folder: string): string[];
}

const number = (n: number): string => String(n).padStart(4, "0");

const PEERS: Peer[] = [
  {
    name: "dbmate",
    program: "@dbmate/linux-x64/bin/dbmate",
    file: (n) => [`${number(n)}_t.sql`, `-- migrate:up\n${up(n)}\n-- migrate:down\nDROP TABLE t${n};\n`],
    arguments: (folder) => ["--env", "PEER_URL", "--migrations-dir", folder, "--no-dump-schema", "migrate"],
  },
  {
    name: "node_pg_migrate",
    program: ".bin/node-pg-migrate",
    file: (n) => [`${1_700_000_000_000 + n}_t.sql`, `-- Up Migration\n${up(n)}\n-- Down Migration\nDROP TABLE t${n};\n`],
    arguments: (folder) => ["up", "--migrations-dir", folder, "--database-url-var", "PEER_URL", "--no-verbose"],
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
  for (let n = 1; n <= count; n++) {
    const [name, text] = peer.file(n);
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Medians of each peer that is there; missing: what is not. */
export async function measurePeers(cluster: Cluster, count: number, times: number): Promise<{ found: PeerTimes[]; missing: string[] }> {
  const found: PeerTimes[] = [];
  const missing: string[] = [];
  for (const peer of PEERS) {
    const program = join(root, "tests/bench/peers/node_modules", peer.program);
    if (!existsSync(program) || spawnSync(program, ["--version"]).status !== 0) {
      missing.push(peer.name);
      continue;
    }
    const folder = written(peer, count);
    const first: number[] = [];
    const again: number[] = [];
    for (let round = 0; round < times; round++) {
      const database = await cluster.database();
      const { PGHOST = "", PGPORT = "", PGUSER = "" } = cluster.env(database);
      const env = { PEER_URL: `postgres://${PGUSER}@/${database}?host=${encodeURIComponent(PGHOST)}&port=${PGPORT}&sslmode=disable` };
      const run = (): number => timed(program, peer.arguments(folder), env);
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
