/** Waiting for a fact instead of for a time. */

export interface WaitOptions {
  /** Longest wait in milliseconds; 30 s unless told. Slow machines and sanitizers need the room. */
  timeoutMs?: number;
  everyMs?: number;
}

/** For what is not a fact to wait for: between two looks, before a strike. */
export const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** Asks until the answer is neither false nor undefined nor null, and gives it; fails with what was waited for. */
export async function waitUntil<T>(
  what: string,
  ask: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  options: WaitOptions = {},
): Promise<T> {
  const deadline = Date.now() + (options.timeoutMs ?? 30_000);
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await pause(options.everyMs ?? 25);
  }
}
