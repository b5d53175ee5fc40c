/**
 * By what instances are compared: how long a call would take given those in flight, the calls in flight alone, or the open streams,
 * which last as long as they like.
 */
export type Measure = 'time' | 'calls' | 'streams';

/** What the balancer sees of an instance. */
export interface Candidate {
  /** Connected, willing, and with room for another call. */
  readonly available: boolean;
  /** Calls and streams under way. */
  readonly inFlight: number;
  /** A hash of its id: where it stands in the order of each key. */
  readonly seed: number;
  /** Set aside because it fails. */
  isEjected(now: number): boolean;
  /** What one more call would cost there; lower is better. */
  cost(now: number, by: Measure): number;
}

export interface PickOptions<C> {
  readonly now: number;
  /** Whether the call is a stream: streams are spread by their number, calls by how long they take. */
  readonly streaming: boolean;
  readonly random: () => number;
  /** Not these, if there are others. */
  readonly avoid?: ReadonlySet<C> | undefined;
}

/** Costs this close are noise: the coin decides, or one lucky microsecond would draw all calls of a quiet client to one instance. */
const CLOSE = 1.5;
/** One call in so many looks at calls in flight alone, so that an instance that was slow once is seen again. */
const EXPLORE = 8;

/**
 * The less loaded of two that are drawn at random: of those available, not ejected and not to be avoided; if there is none such,
 * of those to be avoided, and only then of the ejected. Undefined if none is available.
 * @see https://www.eecs.harvard.edu/~michaelm/postscripts/handbook2001.pdf
 */
export function pick<C extends Candidate>(candidates: readonly C[], options: PickOptions<C>): C | undefined {
  const { now, avoid, random } = options;
  const count = candidates.length;
  if (count > 0 && avoid === undefined) {
    const index = Math.floor(random() * count);
    const first = candidates[index];
    const second = count === 1 ? first : candidates[another(index, count, random)];
    if (isGood(first, now) && (second === first || isGood(second, now))) return cheaper(first, second, options);
  }
  const available = candidates.filter((candidate) => candidate.available);
  const trusted = available.filter((candidate) => !candidate.isEjected(now));
  const fresh = avoid === undefined ? trusted : trusted.filter((candidate) => !avoid.has(candidate));
  for (const choice of [fresh, trusted, available]) {
    const first = choice[Math.floor(random() * choice.length)];
    if (first === undefined) continue;
    const second = choice.length === 1 ? first : choice[another(choice.indexOf(first), choice.length, random)];
    return cheaper(first, second ?? first, options);
  }
  return undefined;
}

function isGood<C extends Candidate>(candidate: C | undefined, now: number): candidate is C {
  return candidate?.available === true && !candidate.isEjected(now);
}

/** An index other than `index`, each as likely. */
function another(index: number, count: number, random: () => number): number {
  return (index + 1 + Math.floor(random() * (count - 1))) % count;
}

/** `first` was drawn at random, so keeping it is the toss of the coin. */
function cheaper<C extends Candidate>(first: C, second: C, { now, streaming, random }: PickOptions<C>): C {
  if (first === second) return first;
  const by = streaming ? 'streams' : random() * EXPLORE < 1 ? 'calls' : 'time';
  return first.cost(now, by) <= second.cost(now, by) * (by === 'time' ? CLOSE : 1) ? first : second;
}
