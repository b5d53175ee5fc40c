import { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import type { Logger, Metrics } from '@stampede/telemetry';
import { Bag } from '@stampede/collections';
import { NOT_PROCESSED } from '../wire/header-names.ts';
import type { Arrival } from './arrival.ts';
import { createAdmission, type Admitted } from './admission.ts';
import { CallContext } from './call-context.ts';
import { statusOf, type CallStatus } from './call-status.ts';
import type { ServerLimits } from './limits.ts';
import { ServedCall, type ServedCallHooks } from './served-call.ts';
import type { ServedMethod } from './served-method.ts';

export interface DispatcherOptions {
  readonly instance: string;
  readonly log: Logger;
  readonly metrics: Metrics | undefined;
  readonly secret: string | undefined;
  readonly usersFrom: readonly string[];
  readonly limits: ServerLimits;
  readonly clock: Clock;
}

export type Begun =
  { readonly kind: 'admitted'; readonly call: ServedCall } | { readonly kind: 'refused'; readonly status: CallStatus };

/** Ms that a stream's handler has to end by itself once it is asked to. */
const POLITE_MS = 500;

/** Lets calls in, whichever transport brought them, and knows those in flight. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #admit: (arrival: Arrival) => Admitted;
  readonly #hooks: ServedCallHooks;
  readonly #calls = new Bag<ServedCall>();
  #draining = false;
  #onIdle: (() => void) | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#admit = createAdmission(options);
    this.#hooks = {
      instance: options.instance,
      ended: (call, code) => this.#observe(call, code),
      settled: (call) => {
        this.#calls.delete(call);
        if (this.#calls.size === 0) this.#onIdle?.();
      },
      unexpected: (call, error) =>
        call.context.log.error({ err: error.cause ?? error, rpc: call.method.path }, 'call failed unexpectedly'),
    };
  }

  /** Calls whose handler is not done. */
  get inFlight(): number {
    return this.#calls.size;
  }

  /** Lets a call in, or refuses it before any handler sees it. */
  begin(method: ServedMethod, arrival: Arrival): Begun {
    const { clock, log, limits } = this.#options;
    const { deadline } = arrival;
    const now = clock.now();
    try {
      if (this.#draining) throw new AppError('UNAVAILABLE', 'DRAINING', 'this instance is shutting down');
      if (deadline !== undefined && deadline <= now) {
        throw new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'the deadline had passed before the call arrived');
      }
      const { caller, user } = this.#admit(arrival);
      const context = new CallContext(method, arrival, {
        deadline: deadline ?? now + this.defaultDeadlineMs(method),
        user,
        caller,
        log,
        clock,
      });
      const call = new ServedCall(method, context, this.#hooks, clock.monotonic());
      this.#calls.add(call);
      if (method.kind !== 'unary') this.#endInTime(call, limits.maxStreamMs);
      return { kind: 'admitted', call };
    } catch (thrown) {
      const error = AppError.from(thrown);
      this.#options.metrics?.observeCall('server', method.service, method.method, error.code, 0);
      return { kind: 'refused', status: statusOf(error, this.#options.instance, undefined, NOT_PROCESSED) };
    }
  }

  /** Ms. */
  defaultDeadlineMs({ kind }: ServedMethod): number {
    const { defaultDeadlineMs, maxStreamMs } = this.#options.limits;
    return kind === 'unary' || kind === 'clientStream' ? defaultDeadlineMs : maxStreamMs;
  }

  /** From here on new calls are refused as not processed. */
  refuse(): void {
    this.#draining = true;
  }

  /** Asks every open stream to end, and ends those that do not. */
  endStreams(): void {
    for (const call of this.#calls.items()) if (call.method.kind !== 'unary') this.#drainStream(call);
  }

  /** Gives up every call in flight: its caller is told at once, whatever its handler still does. */
  cutOff(): void {
    for (const call of this.#calls.items()) {
      call.ask(new AppError('UNAVAILABLE', 'CUT_OFF', 'this instance stopped before the call was done'));
      call.force();
    }
  }

  /** Resolves when no call is in flight. */
  async idle(): Promise<void> {
    if (this.#calls.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#onIdle = () => resolve(undefined);
    await promise;
  }

  #endInTime(call: ServedCall, ms: number): void {
    call.stopTimer = this.#options.clock.schedule(ms, () => this.#drainStream(call));
  }

  #drainStream(call: ServedCall): void {
    call.ask(new AppError('UNAVAILABLE', 'STREAM_DRAINED', 'the stream was ended by the server: open it again'));
    call.stopTimer?.();
    call.stopTimer = this.#options.clock.schedule(POLITE_MS, () => call.force());
  }

  #observe(call: ServedCall, code: string): void {
    call.stopTimer?.();
    const { metrics, clock } = this.#options;
    if (metrics === undefined) return;
    const seconds = (clock.monotonic() - call.startedAt) / 1000;
    metrics.observeCall('server', call.method.service, call.method.method, code, seconds);
  }
}
