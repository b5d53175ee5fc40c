import type { Load } from './load.ts';

/** Prints what was seen, for whoever reads the run. */
export function print(what: string, figures: Readonly<Record<string, number | string>>): void {
  const words = Object.entries(figures).map(([name, figure]) => `${name} ${figure}`);
  process.stdout.write(`${what}: ${words.join(' · ')}\n`);
}

/** The longest time in ms, between `from` and `to` on performance.now(), in which no order was answered 201. */
export function longestGap({ paid }: Pick<Load, 'paid'>, from: number, to: number): number {
  const times = [...paid.values()].map(({ at }) => at).filter((at) => at > from && at < to);
  return Math.round(Math.max(...[...times, to].map((at, index) => at - (times[index - 1] ?? from))));
}

/** How many of each kind of failure there were: `ECONNREFUSED 3, 503 OVERLOADED 1`. */
export function kindsOf({ rawFailures }: Pick<Load, 'rawFailures'>): string {
  const kinds = new Map<string, number>();
  for (const { what } of rawFailures) kinds.set(what, (kinds.get(what) ?? 0) + 1);
  return [...kinds].map(([what, count]) => `${what} ${count}`).join(', ') || 'none';
}
