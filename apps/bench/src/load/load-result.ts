import type { Histogram } from '../measure/histogram.ts';

/** Besides the statuses of HTTP. */
export const LOST = 0;
export const NEVER_SENT = -1;
export const NOT_ANSWERED = -2;

const WORDS: Readonly<Record<string, string>> = {
  [LOST]: 'connection lost',
  [NEVER_SENT]: 'never sent',
  [NOT_ANSWERED]: 'not answered',
};

/** What came of a load. */
export interface LoadResult {
  /** From its begin until its last answer. */
  readonly seconds: number;
  /** Requests by what was answered: a status, or LOST, NEVER_SENT, NOT_ANSWERED. */
  readonly statuses: Readonly<Record<number, number>>;
  /** The numbers of the requests that were answered 201: these orders must be there, paid. */
  readonly acknowledged: Uint32Array;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

export interface Tally {
  answered(index: number, status: number): void;
  readonly statuses: Record<number, number>;
  readonly acknowledged: number[];
}

export function emptyTally(): Tally {
  const statuses: Record<number, number> = {};
  const acknowledged: number[] = [];
  return {
    statuses,
    acknowledged,
    answered(index, status) {
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status === 201) acknowledged.push(index);
    },
  };
}

export function tallyUp({ statuses, acknowledged }: Tally, latency: Histogram, seconds: number): LoadResult {
  return {
    seconds,
    statuses,
    acknowledged: Uint32Array.from(acknowledged),
    p50Ms: latency.quantileMs(0.5),
    p99Ms: latency.quantileMs(0.99),
    p999Ms: latency.quantileMs(0.999),
  };
}

/** Orders that were bought. */
export function soldOf({ acknowledged }: Pick<LoadResult, 'acknowledged'>): number {
  return acknowledged.length;
}

/** Whatever was not bought, and why: by status, in words. */
export function errorsOf({ statuses }: Pick<LoadResult, 'statuses'>): {
  readonly count: number;
  readonly text: string;
} {
  const failed = Object.entries(statuses).filter(([status]) => status !== '201');
  return {
    count: failed.reduce((sum, [, count]) => sum + count, 0),
    text: failed.map(([status, count]) => `${count} × ${WORDS[status] ?? status}`).join(', '),
  };
}
