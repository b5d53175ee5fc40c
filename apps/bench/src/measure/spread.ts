/** What the rounds of a measurement came to. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle of the values, or the mean of the two in the middle, and the ends; all NaN where there are none. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, min: at(0), max: at(sorted.length - 1) };
}

export function medianOf(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** To so many significant digits: a bench knows no more. */
export function rounded(value: number, digits = 4): number {
  return Number(value.toPrecision(digits));
}

/** The medians of numbers by name; a name that a round lacks counts there as 0. */
export function mediansByName(rounds: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round)))];
  return Object.fromEntries(
    names.map((name) => [name, rounded(medianOf(rounds.map((round) => round[name] ?? 0)), 3)] as const),
  );
}
