/** What collecting garbage cost a process for some time. */
export interface Pauses {
  /** Of that time, in parts of it. */
  readonly share: number;
  readonly longestMs: number;
  /** Collections of the young generation, and of everything, a second. */
  readonly minorPerSecond: number;
  readonly majorPerSecond: number;
}

/** Milliseconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** https://nodejs.org/docs/latest-v24.x/api/perf_hooks.html#performance-entry-detail */
const MINOR = 1;
const MAJOR = 4;

/** Reads what probe.ts wrote of a process; a pause counts where it began, with the part of it that lies in the span. */
export function pausesIn(lines: string, { from, to }: Span): Pauses {
  const pauses = lines
    .split('\n')
    .map((line) => line.split(' ').map(Number))
    .filter(([begun = Number.NaN]) => begun >= from && begun < to)
    .map(([begun = 0, ms = 0, kind = 0]) => ({ ms: Math.min(ms, to - begun), kind }));
  const perSecond = (wanted: number) => (pauses.filter(({ kind }) => kind === wanted).length * 1_000) / (to - from);
  return {
    share: pauses.reduce((sum, { ms }) => sum + ms, 0) / (to - from),
    longestMs: Math.max(0, ...pauses.map(({ ms }) => ms)),
    minorPerSecond: perSecond(MINOR),
    majorPerSecond: perSecond(MAJOR),
  };
}
