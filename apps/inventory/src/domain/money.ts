/** An amount of money in the currency's minor unit. */
export interface Money {
  /** ISO 4217. */
  readonly currency: string;
  readonly amountMinor: number;
}

export function sameMoney(a: Money, b: Money): boolean {
  return a.amountMinor === b.amountMinor && a.currency === b.currency;
}
