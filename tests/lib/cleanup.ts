/** Things to undo when the process ends, however it ends; the last one first. */

const undos: (() => void)[] = [];

function undoAll(): void {
  for (const undo of undos.splice(0).reverse()) {
    try {
      undo();
    } catch {
      // the next one still has to run
    }
  }
}

process.on("exit", undoAll);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(signal === "SIGINT" ? 130 : 143));
}

/** Runs undo (synchronously) at the end of the process. */
export function atExit(undo: () => void): void {
  undos.push(undo);
}

// A test that hangs ends by itself and says so, instead of holding up all the others (run.mjs sets the limit).
const limitMs = Number(process.env["HEADGATE_TEST_LIMIT_MS"] ?? 0);
if (limitMs > 0) {
  setTimeout(() => {
    console.error(`ended after ${limitMs / 1000} s: a test of this file hangs`);
    process.exit(1);
  }, limitMs).unref();
}
