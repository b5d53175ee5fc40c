/**
 * Chance with a seed, for simulations: the same seed, the same numbers, from 0 up to 1 as Math.random. mulberry32.
 *
 * @example const random = seededRandom(7); random(); // 0.011… every time
 */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
