import { seededRandom } from '@stampede/testing';

export interface Shelves {
  /** SKUs that do not run out. */
  readonly plenty: readonly string[];
  /** SKUs that do. */
  readonly scarce: readonly string[];
}

export interface Purchase {
  readonly items: readonly { readonly sku: string; readonly quantity: number }[];
  readonly card: string;
  /** Waits for the outcome; otherwise the order is placed with `Prefer: respond-async`. */
  readonly patient: boolean;
  /** What is done with the order afterwards, or, where nobody waited for it, meanwhile. */
  readonly then: 'cancel' | 'refund' | undefined;
}

/** The nth purchase: mostly paid; some declined, answered late or never by the provider, cancelled, refunded, of what is nearly sold out. */
export function planPurchase({
  seed,
  index,
  shelves,
}: {
  readonly seed: number;
  readonly index: number;
  readonly shelves: Shelves;
}): Purchase {
  const random = seededRandom(seed ^ Math.imul(index + 1, 0x9e3779b9));
  const oneOf = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const items = Array.from({ length: 1 + Math.floor(random() ** 2 * 3) }, () => ({
    sku: oneOf(random() < 0.12 ? shelves.scarce : shelves.plenty),
    quantity: 1 + Math.floor(random() * 3),
  }));
  const payment = random();
  const card =
    payment < 0.08 ? 'tok_declined' : payment < 0.13 ? 'tok_timeout' : payment < 0.2 ? 'tok_unknown' : 'tok_visa';
  const patient = random() > 0.15;
  const mind = random();
  // A refund is of what was paid: it takes somebody who waited for that.
  const then = mind < 0.08 ? 'cancel' : mind < 0.13 && patient ? 'refund' : undefined;
  return { items, card, patient, then };
}
