// One psql session for many questions: no packages, and what the environment says (PGHOST, …) decides where.
import { spawn } from "node:child_process";

const MARK = "--- end of the answer";
let session;
let tail = Promise.resolve();

function open() {
  const psql = spawn("psql", ["-XAtq", "-v", "VERBOSITY=verbose"]);
  const opened = { psql, out: "", err: "", wake: () => undefined, dead: false };
  psql.stdout.setEncoding("utf8").on("data", (part) => ((opened.out += part), opened.wake()));
  psql.stderr.setEncoding("utf8").on("data", (part) => ((opened.err += part), opened.wake()));
  psql.stdin.on("error", () => undefined);
  for (const event of ["close", "error"]) psql.on(event, () => ((opened.dead = true), opened.wake()));
  return opened;
}

async function askOnce(sql) {
  if (session === undefined || session.dead) session = open();
  const now = session;
  now.out = now.err = "";
  now.psql.stdin.write(`${sql};\n\\echo '${MARK}'\n\\warn '${MARK}'\n`);
  while (!now.dead && !(now.out.includes(MARK) && now.err.includes(MARK))) await new Promise((wake) => (now.wake = wake));
  const problem = now.err.replace(MARK, "").trim();
  if (now.dead || /server closed the connection|connection to server was lost|57P0[123]/.test(problem)) {
    now.psql.kill();
    now.dead = true;
    throw Object.assign(new Error(problem || "psql ended"), { lost: true });
  }
  if (/ERROR:/.test(problem)) throw new Error(problem);
  return now.out.replace(MARK, "").trim();
}

/** What the statement gives, as text. One at a time; a server that comes back is waited for. */
export function ask(sql) {
  const answer = tail.then(async () => {
    for (let tries = 0; ; tries++) {
      try {
        return await askOnce(sql);
      } catch (error) {
        if (!error.lost || tries > 100) throw error;
        await new Promise((wake) => setTimeout(wake, 100));
      }
    }
  });
  tail = answer.catch(() => undefined);
  return answer;
}

export const quote = (value) => (value === null || value === undefined ? "NULL" : `'${String(value).replaceAll("'", "''")}'`);
export const close = () => session?.psql.kill();
