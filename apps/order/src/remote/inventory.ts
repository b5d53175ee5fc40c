import { createBatcher, type BatcherOptions } from '@stampede/batching';
import { Reservation_State, type InventoryServiceDefinition } from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import type { CallOptions, Client } from '@stampede/rpc';
import type { Inventory } from '../domain/ports.ts';
import type { Refusal } from '../domain/reasons.ts';
import { asked, unforeseen } from './asked.ts';

export interface InventoryOptions {
  readonly client: Pick<
    Client<InventoryServiceDefinition>,
    'reserveStock' | 'batchCommitReservations' | 'releaseReservation'
  >;
  /** How long one question may take. */
  readonly deadlineMs: () => number;
  /** Of the commits that go together; nobody waits for them. */
  readonly batching?: Pick<BatcherOptions<unknown, unknown>, 'limits' | 'defer' | 'linger'> | undefined;
}

/** As many as the contract takes. */
const MAX_COMMITS = 1_000;

/** The inventory service behind the domain's port: its verdicts become values, and whatever else it says is thrown, as unknown. */
export function createInventory({ client, deadlineMs, batching = {} }: InventoryOptions): Inventory {
  const options = (signal: AbortSignal | undefined): CallOptions => ({
    deadlineMs: deadlineMs(),
    ...(signal !== undefined && { signal }),
  });
  /** Why not, one an order; undefined for each that is committed. */
  const committing = createBatcher<string, string | undefined>({
    ...batching,
    limits() {
      const { maxSize = MAX_COMMITS, ...limits } = batching.limits?.() ?? {};
      return { ...limits, maxSize: Math.min(maxSize, MAX_COMMITS) };
    },
    async run(orderIds) {
      const { failures } = await client.batchCommitReservations({ orderIds }, { deadlineMs: deadlineMs() });
      const reasons = new Map(failures.map(({ orderId, reason }) => [orderId, reason]));
      return orderIds.map((orderId) => reasons.get(orderId));
    },
  });

  return {
    async reserve({ id, lines }, signal) {
      const request = {
        orderId: id,
        lines: lines.map(({ sku, quantity, unitPrice }) => ({ sku, quantity, expectedUnitPrice: unitPrice })),
      };
      const key = lines.map(({ sku }) => sku).sort()[0];
      const answer = await asked(
        client.reserveStock(request, { ...options(signal), ...(key !== undefined && { key }) }),
      );
      if (answer instanceof AppError) {
        if (answer.reason === 'RESERVATION_RELEASED') return { verdict: 'gone' };
        return { verdict: 'refused', refusal: refusalOf(answer) };
      }
      const state = answer.reservation?.state;
      if (state === Reservation_State.HELD || state === Reservation_State.COMMITTED) return { verdict: 'held' };
      if (state === Reservation_State.RELEASED) return { verdict: 'gone' };
      throw unforeseen('ReserveStock', state);
    },

    async commit(orderId, signal) {
      const reason = await committing.add(orderId, signal);
      if (reason === undefined || reason === 'RESERVATION_RELEASED') return;
      throw unforeseen('BatchCommitReservations', reason);
    },

    async release(orderId, signal) {
      const { reservation } = await client.releaseReservation({ orderId }, options(signal));
      const state = reservation?.state;
      if (state !== Reservation_State.RELEASED && state !== Reservation_State.REFUSED) {
        throw unforeseen('ReleaseReservation', state);
      }
    },
  };
}

function refusalOf(answer: AppError): Refusal {
  const { reason, metadata } = answer;
  switch (reason) {
    case 'OUT_OF_STOCK':
    case 'PRICE_CHANGED':
    case 'UNKNOWN_SKU':
      return { reason, metadata };
    default:
      throw answer;
  }
}
