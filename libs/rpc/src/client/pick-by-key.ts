import { hashOf, mix } from './hash.ts';
import type { Candidate, PickOptions } from './pick.ts';

/** An instance may have so many times the calls in flight of the average one. */
const BOUND = 1.25;
/** Calls in flight up to which nothing is spread: while there are so few, it is better that they meet. */
const FEW = 16;

/**
 * The instance where calls of `key` meet: by rendezvous hashing, so that an instance which comes or goes moves no keys but its own; and with
 * bounded loads: while it has much more to do than the average, the next one in the key's own order. Undefined if none is available, trusted and
 * not to be avoided.
 * @see https://www.microsoft.com/en-us/research/publication/hash-based-routing/ https://arxiv.org/abs/1608.01350
 */
export function pickByKey<C extends Candidate>(
  candidates: readonly C[],
  key: string,
  { now, avoid }: Pick<PickOptions<C>, 'now' | 'avoid'>,
): C | undefined {
  const good = candidates.filter((each) => each.available && !each.isEjected(now) && avoid?.has(each) !== true);
  const inFlight = good.reduce((sum, each) => sum + each.inFlight, 0);
  const limit = Math.max(FEW, Math.ceil((BOUND * (inFlight + 1)) / good.length));
  const hash = hashOf(key);
  let best: C | undefined;
  let score = -1;
  for (const candidate of good) {
    const own = mix(hash ^ candidate.seed);
    if (own <= score || candidate.inFlight >= limit) continue;
    best = candidate;
    score = own;
  }
  return best;
}
