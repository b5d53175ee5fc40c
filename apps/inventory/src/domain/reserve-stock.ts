import {
  check,
  checkEach,
  currencyRule,
  integerRule,
  priceAmountRule,
  skuRule,
  uuidRule,
  type Verdict,
} from './check.ts';
import type { InventoryError } from './inventory-error.ts';
import { MAX_COMMITS, MAX_LINES, MAX_QUANTITY } from './limits.ts';
import type { Money } from './money.ts';
import type { Reservations } from './ports.ts';
import type { Line, Reservation } from './reservation.ts';

export interface AskedLine extends Omit<Line, 'expectedUnitPrice'> {
  readonly expectedUnitPrice: Money | undefined;
}

/**
 * Takes units for an order, all lines or none. Throws INVALID_ARGUMENT, which is no verdict; and the verdicts UNKNOWN_SKU, PRICE_CHANGED,
 * OUT_OF_STOCK, the same each time; RESERVATION_MISMATCH, RESERVATION_RELEASED.
 */
export async function reserveStock(
  reservations: Pick<Reservations, 'decide'>,
  { orderId, lines }: { readonly orderId: string; readonly lines: readonly AskedLine[] },
  signal?: AbortSignal,
): Promise<Reservation> {
  check({
    order_id: uuidRule(orderId),
    lines: integerRule(lines.length, 1, MAX_LINES) && `must be 1 to ${MAX_LINES}`,
  });
  checkEach('lines', lines, lineRules);
  const asked = lines as readonly Line[]; // the rules let no line without a price through
  return settled(reservations, { kind: 'reserve', orderId: orderId.toLowerCase(), lines: asked }, signal);
}

/** Turns held units into sold ones. Throws INVALID_ARGUMENT, RESERVATION_NOT_HELD, RESERVATION_RELEASED. */
export async function commitReservation(
  reservations: Pick<Reservations, 'decide'>,
  orderId: string,
  signal?: AbortSignal,
): Promise<Reservation> {
  check({ order_id: uuidRule(orderId) });
  return settled(reservations, { kind: 'commit', orderId: orderId.toLowerCase() }, signal);
}

/** `commitReservation` for many: why not, by order id, for those that could not be committed. Throws INVALID_ARGUMENT alone. */
export async function commitReservations(
  reservations: Reservations,
  orderIds: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, InventoryError>> {
  check({ order_ids: integerRule(orderIds.length, 1, MAX_COMMITS) && `must name 1 to ${MAX_COMMITS}` });
  checkEach('order_ids', orderIds, (orderId) => ({ '': uuidRule(orderId) }));
  const asked = [...new Set(orderIds.map((orderId) => orderId.toLowerCase()))];
  const committed = await reservations.commitHeld(asked);
  // Those that were not held need a look at their verdict.
  const others = asked.filter((orderId) => !committed.has(orderId));
  const answers = await Promise.all(others.map((orderId) => reservations.decide({ kind: 'commit', orderId }, signal)));
  return new Map(
    others.flatMap((orderId, index) => {
      const answer = answers[index];
      return answer?.ok === false ? [[orderId, answer.error] as const] : [];
    }),
  );
}

/** Gives back what is held or sold; for an order never seen it leaves a tombstone. Throws INVALID_ARGUMENT alone. */
export async function releaseReservation(
  reservations: Pick<Reservations, 'decide'>,
  orderId: string,
  signal?: AbortSignal,
): Promise<Reservation> {
  check({ order_id: uuidRule(orderId) });
  return settled(reservations, { kind: 'release', orderId: orderId.toLowerCase() }, signal);
}

async function settled(
  reservations: Pick<Reservations, 'decide'>,
  request: Parameters<Reservations['decide']>[0],
  signal: AbortSignal | undefined,
): Promise<Reservation> {
  const answer = await reservations.decide(request, signal);
  if (!answer.ok) throw answer.error;
  return answer.reservation;
}

function lineRules({ sku, quantity, expectedUnitPrice: price }: AskedLine): Readonly<Record<string, Verdict>> {
  return {
    sku: skuRule(sku),
    quantity: integerRule(quantity, 1, MAX_QUANTITY),
    expected_unit_price: price === undefined ? 'is required' : undefined,
    'expected_unit_price.currency': price && currencyRule(price.currency),
    'expected_unit_price.amount_minor': price && priceAmountRule(price.amountMinor),
  };
}
