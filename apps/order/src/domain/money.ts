/** An amount of money: an integer of the currency's minor unit, never a fraction. */
export interface Money {
  /** ISO 4217, three capital letters. */
  readonly currency: string;
  /** At least 0, at most Number.MAX_SAFE_INTEGER. */
  readonly amountMinor: number;
}
