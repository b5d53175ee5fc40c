import { mismatch, notHeld, refused, released, type InventoryError } from './inventory-error.ts';
import { sameMoney } from './money.ts';
import type { Product } from './product.ts';
import { unitsOf, type Line, type Refusal, type Reservation } from './reservation.ts';

export interface ReserveRequest {
  readonly kind: 'reserve';
  readonly orderId: string;
  readonly lines: readonly Line[];
}

/** What the order service asks for. */
export type Request =
  | ReserveRequest
  | { readonly kind: 'commit'; readonly orderId: string }
  | { readonly kind: 'release'; readonly orderId: string };

/** The answer to one request: the reservation as it stands then, or why not. */
export type Answer =
  { readonly ok: true; readonly reservation: Reservation } | { readonly ok: false; readonly error: InventoryError };

/** The rows that are locked for the decision: all verdicts and all products that the requests are about, as far as they exist. */
export interface Locked {
  readonly verdicts: ReadonlyMap<string, Reservation>;
  readonly products: ReadonlyMap<string, Product>;
  /** The database's time. */
  readonly now: Date;
}

export interface Decision {
  /** One a request, in their order. */
  readonly answers: readonly Answer[];
  /** Verdicts to write, new or changed, by order id. */
  readonly changed: ReadonlyMap<string, Reservation>;
  /** Units to add to (or, negative, to take from) what is available, by SKU; none is 0. */
  readonly deltas: ReadonlyMap<string, number>;
}

/**
 * Decides requests one after the other, as if each came alone: what one takes, the next does not find. Nothing is written or asked here, so
 * a batch of one and a batch of hundreds follow the same rules.
 *
 * @example const { answers, changed, deltas } = decide(locked, [{ kind: 'reserve', orderId, lines }]);
 */
export function decide(locked: Locked, requests: readonly Request[]): Decision {
  const { now } = locked;
  const changed = new Map<string, Reservation>();
  const deltas = new Map<string, number>();

  const find = (orderId: string) => changed.get(orderId) ?? locked.verdicts.get(orderId);
  const left = (product: Product) => product.available + (deltas.get(product.sku) ?? 0);

  function write(reservation: Reservation): Answer {
    changed.set(reservation.orderId, reservation);
    return answer(reservation);
  }

  /** `sign` −1 takes the units of the lines, +1 returns them. */
  function move(lines: readonly Line[], sign: 1 | -1): void {
    for (const [sku, units] of unitsOf(lines)) deltas.set(sku, (deltas.get(sku) ?? 0) + sign * units);
  }

  function reserve(orderId: string, lines: readonly Line[]): Answer {
    const verdict = find(orderId);
    if (verdict?.state === 'RELEASED') return refuse(released(orderId));
    if (verdict !== undefined) return sameLines(verdict.lines, lines) ? answer(verdict) : refuse(mismatch(orderId));
    const refusal = objection(lines);
    const base = { orderId, lines, createdAt: now, updatedAt: now };
    if (refusal !== undefined) return write({ ...base, state: 'REFUSED', refusal });
    move(lines, -1);
    return write({ ...base, state: 'HELD' });
  }

  /** What nobody sells weighs more than a wrong price, a wrong price more than too few units. */
  function objection(lines: readonly Line[]): Refusal | undefined {
    const found: { line: Line; product: Product }[] = [];
    for (const line of lines) {
      const product = locked.products.get(line.sku);
      if (product === undefined) return { reason: 'UNKNOWN_SKU', sku: line.sku };
      found.push({ line, product });
    }
    for (const { line, product } of found) {
      const { sku, unitPrice } = product;
      if (!sameMoney(unitPrice, line.expectedUnitPrice)) return { reason: 'PRICE_CHANGED', sku, unitPrice };
    }
    const units = unitsOf(lines);
    for (const { product } of found) {
      const available = left(product);
      if ((units.get(product.sku) ?? 0) > available) return { reason: 'OUT_OF_STOCK', sku: product.sku, available };
    }
    return undefined;
  }

  function commit(orderId: string): Answer {
    const verdict = find(orderId);
    switch (verdict?.state) {
      case 'HELD':
        return write({ ...verdict, state: 'COMMITTED', updatedAt: now });
      case 'COMMITTED':
        return answer(verdict);
      case 'RELEASED':
        return refuse(released(orderId));
      case 'REFUSED':
      case undefined:
        return refuse(notHeld(orderId));
    }
  }

  function release(orderId: string): Answer {
    const verdict = find(orderId);
    switch (verdict?.state) {
      case 'HELD':
      case 'COMMITTED':
        move(verdict.lines, 1);
        return write({ ...verdict, state: 'RELEASED', updatedAt: now });
      case 'RELEASED':
      case 'REFUSED': // nothing was ever taken: it is as free as it can be
        return { ok: true, reservation: verdict };
      case undefined:
        return write({ orderId, lines: [], state: 'RELEASED', createdAt: now, updatedAt: now });
    }
  }

  const answers = requests.map((request) => {
    switch (request.kind) {
      case 'reserve':
        return reserve(request.orderId, request.lines);
      case 'commit':
        return commit(request.orderId);
      case 'release':
        return release(request.orderId);
    }
  });
  return { answers, changed, deltas: new Map([...deltas].filter(([, units]) => units !== 0)) };
}

function answer(reservation: Reservation): Answer {
  return reservation.state === 'REFUSED' ? refuse(refused(reservation.refusal)) : { ok: true, reservation };
}

function refuse(error: InventoryError): Answer {
  return { ok: false, error };
}

function sameLines(a: readonly Line[], b: readonly Line[]): boolean {
  return (
    a.length === b.length &&
    a.every((line, index) => {
      const other = b[index];
      return (
        other !== undefined &&
        line.sku === other.sku &&
        line.quantity === other.quantity &&
        sameMoney(line.expectedUnitPrice, other.expectedUnitPrice)
      );
    })
  );
}
