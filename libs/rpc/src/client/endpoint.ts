import type { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import type { Instance } from '../discovery.ts';
import { afterCall, atTime, trusted, type EjectionState } from './ejection.ts';
import { hashOf } from './hash.ts';
import { outcomeOf } from './outcome.ts';
import { PeakEwma } from './peak-ewma.ts';
import type { Candidate, Measure } from './pick.ts';
import { Pulse, type SilenceListener } from './pulse.ts';
import type { Transport, TransportFactory, TransportState } from './transport.ts';

export interface EndpointOptions {
  readonly instance: Instance;
  readonly createTransport: TransportFactory;
  readonly changed: (endpoint: Endpoint, state: TransportState) => void;
  /** Called when it falls silent, and when it is heard again. */
  readonly silenced: (silent: boolean) => void;
  /** See PulseOptions. */
  readonly silenceMs: number;
  /** Calls at once on its connection. */
  readonly maxInFlight: number;
  /** Ms that a call is assumed to take until one was seen: what it takes at the others. */
  readonly assumedMs: number;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Ms. What failed is held against an instance as if it had taken so long: one that rejects fast must not look fast. */
const FAILURE_MS = 250;
/** Ms added to every latency: differences well below are noise of a scheduler or a collector, and calls in flight tell more. */
const FLOOR_MS = 5;
/** Ms that an instance which refused calls (it drains, or is another one) is left alone, unless it connects anew before. */
const REFUSED_MS = 30_000;
/** How many times longer than it counts a sign of life may still come. */
const LATE = 8;

/** One instance as a channel sees it: its transport, what it costs, and whether it is trusted. */
export class Endpoint implements Candidate {
  readonly transport: Transport;
  readonly seed: number;
  readonly #options: EndpointOptions;
  readonly #latency: PeakEwma;
  readonly #weight: number;
  readonly #pulse: Pulse;
  #ejection: EjectionState = trusted;
  #calls = 0;
  #streams = 0;
  #refusedUntil = -Infinity;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#latency = new PeakEwma(options.assumedMs, options.clock.monotonic());
    this.#weight = weightOf(options.instance);
    this.seed = hashOf(options.instance.id);
    this.transport = options.createTransport(options.instance, (state) => {
      if (state === 'ready') this.#refusedUntil = -Infinity;
      this.#pulse.reset();
      options.changed(this, state);
    });
    this.#pulse = new Pulse({
      silenceMs: options.silenceMs,
      ask: (ms) => this.#isAlive(ms),
      owed: () => this.#calls,
      changed: (silent) => options.silenced(silent),
      clock: options.clock,
    });
  }

  get instance(): Instance {
    return this.#options.instance;
  }

  get inFlight(): number {
    return this.#calls + this.#streams;
  }

  /** Connected and willing, though perhaps without room. */
  get willing(): boolean {
    if (this.transport.state !== 'ready') return false;
    return this.#refusedUntil === -Infinity || this.#options.clock.monotonic() >= this.#refusedUntil;
  }

  get available(): boolean {
    return this.inFlight < this.#options.maxInFlight && this.willing;
  }

  /** Set aside because it fails, or because it says that it does not serve: used where there is no other. */
  isEjected(now: number): boolean {
    if (this.#ejection !== trusted) this.#ejection = atTime(this.#ejection, now);
    return this.#ejection.kind === 'ejected' || this.#pulse.silent || !this.transport.serving;
  }

  /** `listener` is told each time that it gave no sign of life, until `unlisten`. */
  listen(listener: SilenceListener): void {
    this.#pulse.listen(listener);
  }

  unlisten(listener: SilenceListener): void {
    this.#pulse.unlisten(listener);
  }

  cost(now: number, by: Measure): number {
    const load = (by === 'streams' ? this.#streams : this.#calls) + 1;
    return (by === 'time' ? (this.#latency.at(now) + FLOOR_MS) * load : load) / this.#weight;
  }

  latencyMs(now: number): number {
    return this.#latency.at(now);
  }

  started(streaming: boolean): void {
    if (streaming) {
      this.#streams += 1;
      return;
    }
    this.#calls += 1;
    this.#pulse.started();
  }

  /** `mayEject` is asked only where it matters. Answers whether the instance was set aside by this call. */
  finished(streaming: boolean, ms: number, error: AppError | undefined, mayEject: () => boolean, now: number): boolean {
    const { random } = this.#options;
    if (streaming) this.#streams -= 1;
    else this.#calls -= 1;
    if (error === undefined || outcomeOf(error) === 'answered') this.#pulse.heard(now);
    const failed = error !== undefined && isInstanceAtFault(error, ms);
    if (failed) this.#latency.observe(Math.max(ms, FAILURE_MS), now);
    else if (!streaming) this.#latency.observe(ms, now);
    const before = this.#ejection;
    // A refusal is the end of a connection, which has a state of its own: it costs, and is no fault to be remembered.
    const struck = failed && outcomeOf(error) !== 'not-processed';
    if (struck || !failed) this.#ejection = afterCall(before, !struck, !struck || mayEject(), now, random);
    return this.#ejection.kind === 'ejected' && before.kind !== 'ejected';
  }

  /** It said that it does not want calls. */
  refused(): void {
    this.#refusedUntil = this.#options.clock.monotonic() + REFUSED_MS;
  }

  /** Lets go of the connection; calls under way finish. */
  close(): void {
    this.#pulse.reset();
    this.transport.close();
  }

  #isAlive(ms: number): Promise<boolean> {
    const { clock } = this.#options;
    const answer = this.transport.isAlive(LATE * ms);
    // Late is better than never.
    void answer.then((alive) => alive && this.#pulse.heard());
    // This process may have stood still itself: what arrived meanwhile is read before anything is said.
    const patience = clock.sleep(ms).then(() => clock.sleep(1));
    return Promise.race([answer, patience.then(() => false)]);
  }
}

/** Ms. A call given less time than this and then out of it says nothing of the instance. */
const FAIR_MS = 100;

function isInstanceAtFault({ code }: AppError, ms: number): boolean {
  switch (code) {
    case 'UNAVAILABLE':
    case 'RESOURCE_EXHAUSTED':
    case 'INTERNAL':
    case 'UNKNOWN':
      return true;
    case 'DEADLINE_EXCEEDED':
      return ms >= FAIR_MS;
    default:
      return false;
  }
}

function weightOf({ metadata }: Instance): number {
  const weight = Number(metadata['weight'] ?? 1);
  return Number.isFinite(weight) && weight > 0 ? weight : 1;
}
