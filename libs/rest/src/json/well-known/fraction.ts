/** Nanoseconds as a decimal fraction of 0, 3, 6 or 9 digits, with its point. */
export function fraction(nanos: number): string {
  if (nanos === 0) return '';
  // Milliseconds are what most clocks have.
  if (nanos % 1_000_000 === 0) return `.${String(Math.abs(nanos) / 1_000_000 + 1000).slice(1)}`;
  const digits = String(Math.abs(nanos)).padStart(9, '0');
  return digits.endsWith('000') ? `.${digits.slice(0, 6)}` : `.${digits}`;
}

/** The nanoseconds of up to nine digits behind a decimal point. */
export function nanosOf(digits: string | undefined): number {
  return Number((digits ?? '').padEnd(9, '0'));
}
