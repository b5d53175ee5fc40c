import type { Line, Refusal, Reservation, ReservationState } from '../domain/reservation.ts';

interface LineJson {
  readonly sku: string;
  readonly quantity: number;
  readonly currency: string;
  readonly amountMinor: number;
}

export interface ReservationRow {
  readonly order_id: string;
  readonly state: ReservationState;
  readonly lines: readonly LineJson[];
  readonly refusal: Refusal | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const RESERVATION_COLUMNS = 'order_id, state, lines, refusal, created_at, updated_at';

export function toReservation({
  order_id,
  state,
  lines,
  refusal,
  created_at,
  updated_at,
}: ReservationRow): Reservation {
  const base = { orderId: order_id, lines: lines.map(toLine), createdAt: created_at, updatedAt: updated_at };
  if (state !== 'REFUSED') return { ...base, state };
  if (refusal === null) throw new Error(`the refusal of order ${order_id} has no reason`);
  return { ...base, state, refusal };
}

/** The lines as the column keeps them. */
export function linesJson(lines: readonly Line[]): string {
  const row = ({ sku, quantity, expectedUnitPrice: { currency, amountMinor } }: Line): LineJson => {
    return { sku, quantity, currency, amountMinor };
  };
  return JSON.stringify(lines.map(row));
}

function toLine({ sku, quantity, currency, amountMinor }: LineJson): Line {
  return { sku, quantity, expectedUnitPrice: { currency, amountMinor } };
}
