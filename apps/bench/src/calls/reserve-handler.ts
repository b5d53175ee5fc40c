import { Reservation_State, type ReserveStockRequest, type ReserveStockResponse } from '@stampede/contracts';
import type { ServedContext } from './transport.ts';

/**
 * ReserveStock without a database, the same for every transport: it believes only the order service, looks at the clock, takes units of a
 * stock in memory and answers the reservation.
 */
export function createReserveHandler() {
  const stock = new Map<string, number>();
  return ({ orderId, lines }: ReserveStockRequest, context: ServedContext): ReserveStockResponse => {
    const now = Date.now();
    if (context.caller !== 'order') throw new Error(`only order may reserve, not ${context.caller ?? 'nobody'}`);
    if (context.user.id === '' || context.requestId === '' || context.traceparent === '')
      throw new Error('something was left out');
    if (now >= context.deadline) throw new Error('too late');
    for (const { sku, quantity } of lines) stock.set(sku, (stock.get(sku) ?? 0) - quantity);
    const time = new Date(now);
    return {
      reservation: { orderId, state: Reservation_State.HELD, reason: '', lines, createTime: time, updateTime: time },
    };
  };
}
