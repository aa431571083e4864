/** Random numbers that a seed repeats: mulberry32, small and the same everywhere. */

let state = 0;

/** Gives the seed back, for figures. */
export function seedRandom(seed: number): number {
  state = seed >>> 0;
  return seed;
}

/** 0 ≤ number < 1. */
export function random(): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
