import { createBatcher, type BatcherLimits } from '@stampede/batching';
import type { Answer, Request, ReserveRequest } from '../domain/decide.ts';
import type { Reservations, Verdicts } from '../domain/ports.ts';

export interface ReservationsOptions {
  readonly verdicts: Verdicts;
  readonly limits?: (() => BatcherLimits) | undefined;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** See `BatcherOptions`. */
  readonly defer?: (run: () => void) => void;
}

/** For how long, at most, a SKU that was refused is taken for one that will be refused again. */
const MEMORY_MS = 1_000;
/** SKUs remembered at most: whoever makes up names fills no memory. */
const MAX_REFUSED = 10_000;

/**
 * Decides in batches: requests that come while a batch is at work go together in the next. Reservations are expected to be held, which is one
 * statement for all of them; where that cannot be, the same ones are decided one after the other. What was refused a moment ago is not
 * expected to be held: a sold-out SKU costs the others nothing.
 */
export function createReservations({ verdicts, monotonic, ...batching }: ReservationsOptions): Reservations {
  const refused = new Set<string>();
  let forgetAt = 0;

  const holding = createBatcher<ReserveRequest, Answer | undefined>({
    ...batching,
    run: async (requests) => (await verdicts.holdAll(requests)) ?? requests.map(() => undefined),
    keyOf: ({ orderId }) => orderId,
  });
  const deciding = createBatcher<Request, Answer>({
    ...batching,
    async run(requests) {
      const answers = await verdicts.decide(requests);
      for (const answer of answers) if (!answer.ok) remember(answer.error.metadata.sku);
      return answers;
    },
  });

  function remember(sku: string | undefined): void {
    if (sku === undefined) return;
    if (refused.size === 0) forgetAt = monotonic() + MEMORY_MS;
    if (refused.size < MAX_REFUSED) refused.add(sku);
  }

  function wasRefused(sku: string): boolean {
    if (refused.size > 0 && monotonic() >= forgetAt) refused.clear();
    return refused.has(sku);
  }

  return {
    async decide(request, signal) {
      if (request.kind === 'reserve' && !request.lines.some(({ sku }) => wasRefused(sku))) {
        const held = await holding.add(request, signal);
        if (held !== undefined) return held;
      }
      return deciding.add(request, signal);
    },
    commitHeld: (orderIds) => verdicts.commitHeld(orderIds),
  };
}
