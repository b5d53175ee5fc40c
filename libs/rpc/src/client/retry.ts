import { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import type { ClientContext } from './call-options.ts';
import type { Endpoint } from './endpoint.ts';
import { abortedBy } from './grpc-failure.ts';
import { outcomeOf, withOutcome, type CallOutcome } from './outcome.ts';
import type { Pool } from './pool.ts';
import type { RetryBudget } from './retry-budget.ts';

export interface RetryOptions {
  readonly pool: Pool;
  readonly budget: RetryBudget;
  readonly maxAttempts: number;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Ms before the second attempt; doubled for each further one, jittered between nothing and twice that. */
const BASE_BACKOFF_MS = 20;
const MAX_BACKOFF_MS = 1_000;
const NOBODY: ReadonlySet<Endpoint> = new Set();

/**
 * The attempts of one call. What was not processed may be sent elsewhere, whatever the method does; what may have been processed only
 * where the contract says that repeating does no harm, and only for UNAVAILABLE. Always within the deadline, the number of attempts and
 * the budget, except that the first refusal is sent elsewhere for nothing: it cost no server any work.
 */
export class Attempts {
  readonly #context: ClientContext;
  readonly #options: RetryOptions;
  #made = 0;
  #avoid: Set<Endpoint> | undefined;
  #unknown = false;
  #freeUsed = false;
  /** An attempt was given up, and the next one is paid for. */
  #left = false;

  constructor(context: ClientContext, options: RetryOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Instances that failed this call already. */
  get avoid(): ReadonlySet<Endpoint> | undefined {
    return this.#avoid;
  }

  /** Whether the attempt at `endpoint`, which gives no sign of life, is to be given up for another one elsewhere; never if that could make the call fail. */
  leave(endpoint: Endpoint): boolean {
    const { pool, budget, maxAttempts } = this.#options;
    const may = this.#context.idempotency !== undefined && this.#made + 1 < maxAttempts;
    this.#left = may && pool.hasBetter(endpoint, this.#avoid) && budget.spend();
    return this.#left;
  }

  /** Called with the failure of an attempt: returns when another one is to be made, throws the error that the caller shall see otherwise. */
  async next(failure: AppError, endpoint: Endpoint | undefined, repeatable: boolean): Promise<void> {
    const outcome = outcomeOf(failure);
    if (outcome !== 'not-processed') this.#unknown ||= outcome === 'unknown';
    const { pool, clock } = this.#options;
    if (outcome === 'not-processed' && endpoint !== undefined && failure.code === 'UNAVAILABLE') {
      if (failure.reason !== 'STREAM_REFUSED' && failure.reason !== 'CONNECTION_FAILED') pool.refused(endpoint);
      if (repeatable && this.#metNobody(failure)) {
        (this.#avoid ??= new Set()).add(endpoint);
        return;
      }
    }
    this.#made += 1;
    if (!repeatable || !this.#mayRetry(failure, outcome)) throw this.#told(failure, outcome);
    if (endpoint !== undefined) (this.#avoid ??= new Set()).add(endpoint);
    const backoffMs = this.#backoffMs();
    if (backoffMs === 0) return;
    if (backoffMs >= this.#context.remainingMs()) throw this.#told(failure, outcome);
    const { signal } = this.#context;
    try {
      await clock.sleep(backoffMs, signal);
    } catch (error) {
      if (signal?.aborted !== true) throw error;
      throw this.#told(withOutcome(abortedBy(signal), outcome), outcome);
    }
  }

  /**
   * Whether the instance that was meant has left its address to another, and somebody else is at hand: no attempt was made then. A process that died
   * a few times within a lease leaves as many registrations, each of which is met once.
   */
  #metNobody({ reason }: AppError): boolean {
    const { signal } = this.#context;
    return (
      reason === 'WRONG_INSTANCE' && signal?.aborted !== true && this.#options.pool.hasAnother(this.#avoid ?? NOBODY)
    );
  }

  #mayRetry(failure: AppError, outcome: CallOutcome): boolean {
    const { maxAttempts, budget } = this.#options;
    if (failure.code !== 'UNAVAILABLE' || this.#made >= maxAttempts || this.#context.signal?.aborted === true)
      return false;
    if (this.#left) {
      this.#left = false;
      return true;
    }
    if (outcome !== 'not-processed') return this.#context.idempotency !== undefined && budget.spend();
    if (!this.#freeUsed) return (this.#freeUsed = true);
    return budget.spend();
  }

  /** The first retry goes to another instance at once where there is one; all others wait. */
  #backoffMs(): number {
    const { pool, random } = this.#options;
    if (this.#made === 1 && this.#avoid !== undefined && pool.hasAnother(this.#avoid)) return 0;
    const ceiling = Math.min(MAX_BACKOFF_MS, BASE_BACKOFF_MS * 2 ** (this.#made - 1));
    return 1 + random() * 2 * ceiling;
  }

  /** A call of which one attempt may have been processed is unknown, however its last one ended without an answer. */
  #told(failure: AppError, outcome: CallOutcome): AppError {
    if (outcome !== 'not-processed' || !this.#unknown) return failure;
    const { code, reason, message, metadata, violations } = failure;
    return withOutcome(new AppError(code, reason, message, { metadata, violations, cause: failure }), 'unknown');
  }
}
