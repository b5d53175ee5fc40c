/** Milliseconds since the epoch, finer than Date.now(): processes of one machine agree on them. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
