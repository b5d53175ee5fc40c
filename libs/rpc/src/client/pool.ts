import { AppError } from '@stampede/errors';
import type { Clock } from '@stampede/lifecycle';
import type { Logger } from '@stampede/telemetry';
import { onAbort } from '../on-abort.ts';
import type { Discovery, Instance, InstanceSet } from '../discovery.ts';
import { Endpoint } from './endpoint.ts';
import { abortedBy } from './grpc-failure.ts';
import { mix } from './hash.ts';
import { withOutcome } from './outcome.ts';
import { pickByKey } from './pick-by-key.ts';
import { pick } from './pick.ts';
import type { TransportFactory, TransportState } from './transport.ts';

export interface PoolOptions {
  readonly service: string;
  readonly discovery: Discovery;
  readonly createTransport: TransportFactory;
  readonly maxInFlight: number;
  readonly maxQueued: number;
  readonly maxConnections: number;
  /** See PulseOptions. */
  readonly silenceMs: number;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A call in search of an instance. */
export interface Seeker {
  readonly streaming: boolean;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  /** What the call is about: calls of one key meet at one instance where they can. */
  readonly key?: string | undefined;
  /** Waits for as long as it takes, though nothing can be reached now. */
  readonly patient?: boolean;
}

type Avoided = ReadonlySet<Endpoint> | undefined;

interface Waiter {
  readonly seeker: Seeker;
  readonly avoid: Avoided;
  resolve(endpoint: Endpoint): void;
  reject(error: AppError): void;
}

/** The instances of a service, connected; hands them out one call at a time, and lets calls wait where waiting can help. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #members = new Map<string, Endpoint>();
  readonly #fading = new Set<string>();
  /** In order, oldest first. */
  readonly #waiters = new Set<Waiter>();
  readonly #seed: number;
  readonly #unwatch: () => void;
  #endpoints: readonly Endpoint[] = [];
  #known = false;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#seed = Math.floor(options.random() * 2 ** 32);
    this.#unwatch = options.discovery.watch(options.service, (set) => this.#update(set));
  }

  /**
   * An instance for a call, at once if one is available; its call has started there and must be released.
   * Rejects with an AppError of a call not processed.
   */
  acquire(seeker: Seeker, avoid: Avoided): Endpoint | Promise<Endpoint> {
    const endpoint = this.#waiters.size === 0 ? this.#pick(seeker, avoid) : undefined;
    if (endpoint === undefined) return this.#wait(seeker, avoid);
    endpoint.started(seeker.streaming);
    return endpoint;
  }

  /** A call at `endpoint` is over. */
  release(
    endpoint: Endpoint,
    streaming: boolean,
    ms: number,
    error: AppError | undefined,
    now = this.#options.clock.monotonic(),
  ): void {
    if (endpoint.finished(streaming, ms, error, this.#mayEject, now)) {
      this.#options.log.warn({ instanceId: endpoint.instance.id, err: error }, 'instance set aside: it keeps failing');
    }
    this.#serveWaiters();
  }

  /** `endpoint` refused a call as not processed. */
  refused(endpoint: Endpoint): void {
    endpoint.refused();
    this.#left(endpoint);
    this.#serveWaiters();
  }

  /** Whether an instance other than those in `avoid` could take a call now. */
  hasAnother(avoid: ReadonlySet<Endpoint>): boolean {
    return this.#endpoints.some((endpoint) => endpoint.available && !avoid.has(endpoint));
  }

  /** Whether a call at `endpoint` would better be elsewhere, and could be: at an instance that is neither set aside nor among `avoid`. */
  hasBetter(endpoint: Endpoint, avoid: Avoided): boolean {
    const now = this.#options.clock.monotonic();
    return this.#endpoints.some(
      (other) => other !== endpoint && other.available && !other.isEjected(now) && avoid?.has(other) !== true,
    );
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#serveWaiters();
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  #pick({ streaming, key }: Seeker, avoid: Avoided): Endpoint | undefined {
    if (this.#closed) return undefined;
    const { clock, random } = this.#options;
    const now = clock.monotonic();
    const keyed = key === undefined ? undefined : pickByKey(this.#endpoints, key, { now, avoid });
    return keyed ?? pick(this.#endpoints, { now, streaming, random, avoid });
  }

  #wait(seeker: Seeker, avoid: Avoided): Promise<Endpoint> {
    const { clock, maxQueued } = this.#options;
    const { signal } = seeker;
    return new Promise((resolve, reject) => {
      const hopeless = this.#hopeless();
      if (hopeless !== undefined && !this.#holdsOut(seeker)) return reject(hopeless);
      if (this.#waiters.size >= maxQueued) {
        return reject(refusal('RESOURCE_EXHAUSTED', 'CLIENT_QUEUE_FULL', 'too many calls wait for an instance'));
      }
      const done = () => {
        this.#waiters.delete(waiter);
        cancelTimer();
        stopListening?.();
      };
      const waiter: Waiter = {
        seeker,
        avoid,
        resolve(endpoint) {
          done();
          endpoint.started(seeker.streaming);
          resolve(endpoint);
        },
        reject(error) {
          done();
          reject(error);
        },
      };
      const late = () =>
        waiter.reject(refusal('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'no instance was free before the deadline'));
      const cancelTimer =
        seeker.patient === true ? () => undefined : clock.schedule(Math.max(0, seeker.deadline - clock.now()), late);
      const stopListening =
        signal && onAbort(signal, () => waiter.reject(withOutcome(abortedBy(signal), 'not-processed')));
      this.#waiters.add(waiter);
    });
  }

  /** Hands instances to those who wait, in order, for as long as there are any; and tells them all when there will be none. */
  #serveWaiters(): void {
    if (this.#waiters.size === 0) return;
    for (const waiter of this.#waiters) {
      const endpoint = this.#pick(waiter.seeker, waiter.avoid);
      if (endpoint === undefined) break;
      waiter.resolve(endpoint);
    }
    const hopeless = this.#waiters.size > 0 ? this.#hopeless() : undefined;
    if (hopeless === undefined) return;
    for (const waiter of this.#waiters) if (!this.#holdsOut(waiter.seeker)) waiter.reject(hopeless);
  }

  #holdsOut({ patient }: Seeker): boolean {
    return patient === true && !this.#closed;
  }

  /** Why waiting cannot help; undefined while instances are not known yet, one is connecting, or all are merely busy. */
  #hopeless(): AppError | undefined {
    const { service } = this.#options;
    if (this.#closed) return refusal('UNAVAILABLE', 'CHANNEL_CLOSED', `the channel to ${service} is closed`);
    if (!this.#known) return undefined;
    if (this.#endpoints.length === 0) return refusal('UNAVAILABLE', 'NO_INSTANCE', `${service} has no instance`);
    const hope = ({ willing, transport }: Endpoint) => willing || transport.state === 'connecting';
    if (this.#endpoints.some(hope)) return undefined;
    return refusal('UNAVAILABLE', 'NO_INSTANCE', `no instance of ${service} can be reached`);
  }

  /** At most half may be set aside, and never the last: better a poor instance than none. */
  readonly #mayEject = (): boolean => {
    const now = this.#options.clock.monotonic();
    const ejected = this.#endpoints.filter((endpoint) => endpoint.isEjected(now)).length;
    return ejected + 1 <= Math.floor(this.#endpoints.length / 2);
  };

  #update({ listed, fading }: InstanceSet): void {
    this.#known = true;
    this.#fading.clear();
    const wanted = new Map<string, Instance>();
    for (const instance of fading) {
      wanted.set(keyOf(instance), instance);
      this.#fading.add(keyOf(instance));
    }
    for (const instance of listed) {
      wanted.set(keyOf(instance), instance);
      this.#fading.delete(keyOf(instance));
    }
    for (const [key, endpoint] of this.#members) if (!wanted.has(key)) this.#drop(key, endpoint);
    const lost: Instance[] = [];
    for (const [key, instance] of wanted) {
      const member = this.#members.get(key);
      if (this.#fading.has(key)) {
        if (member?.willing !== true) lost.push(instance);
      } else if (member === undefined) this.#members.set(key, this.#join(instance));
    }
    this.#changed();
    // Last, since whoever is told may answer with another set.
    for (const instance of lost) this.#forget(instance);
  }

  #join(instance: Instance): Endpoint {
    const { createTransport, maxInFlight, silenceMs, clock, random, log } = this.#options;
    return new Endpoint({
      instance,
      createTransport,
      maxInFlight,
      assumedMs: this.#typicalMs(),
      changed: (endpoint, state) => this.#moved(endpoint, state),
      silenced(silent) {
        const { id: instanceId, address } = instance;
        if (silent) log.warn({ instanceId, address }, 'instance gives no sign of life: its calls go elsewhere');
        else log.info({ instanceId, address }, 'instance is heard again');
      },
      silenceMs,
      clock,
      random,
    });
  }

  /** What a call takes at the others: a new instance is neither flooded nor shunned. */
  #typicalMs(): number {
    const now = this.#options.clock.monotonic();
    const others = this.#endpoints.filter((endpoint) => endpoint.transport.state === 'ready');
    return others.reduce((sum, endpoint) => sum + endpoint.latencyMs(now), 0) / Math.max(1, others.length);
  }

  #drop(key: string, endpoint: Endpoint): void {
    this.#members.delete(key);
    endpoint.close();
  }

  #moved(endpoint: Endpoint, state: TransportState): void {
    const { log } = this.#options;
    log.debug({ instanceId: endpoint.instance.id, address: endpoint.instance.address, state }, 'connection changed');
    if (state !== 'ready' && state !== 'connecting') this.#left(endpoint);
    this.#changed();
  }

  /** A fading instance that drained, refused or hung up is gone for good. */
  #left({ instance }: Endpoint): void {
    if (this.#fading.has(keyOf(instance))) this.#forget(instance);
  }

  #forget(instance: Instance): void {
    const { discovery, service } = this.#options;
    const key = keyOf(instance);
    this.#fading.delete(key);
    const endpoint = this.#members.get(key);
    if (endpoint !== undefined) this.#drop(key, endpoint);
    this.#changed();
    discovery.gone(service, instance.id);
  }

  #changed(): void {
    if (this.#closed) return;
    this.#endpoints = [...this.#members.values()].sort((one, other) => this.#rank(other) - this.#rank(one));
    this.#connect();
    this.#serveWaiters();
  }

  /** Every channel has an order of its own: where instances are many, each connects to a few, and together they reach all alike. */
  #rank({ seed }: Endpoint): number {
    return mix(seed ^ this.#seed);
  }

  /** Connects to as many as are wanted, the first of its order; further ones take the place of those that cannot be reached. */
  #connect(): void {
    let connections = 0;
    for (const { transport } of this.#endpoints)
      if (transport.state === 'ready' || transport.state === 'connecting') connections += 1;
    for (const { transport } of this.#endpoints) {
      if (connections >= this.#options.maxConnections) return;
      if (transport.state !== 'idle') continue;
      transport.connect();
      connections += 1;
    }
  }
}

/** The same id at another address is another process. */
function keyOf({ id, address }: Instance): string {
  return `${id} ${address}`;
}

function refusal(
  code: 'UNAVAILABLE' | 'RESOURCE_EXHAUSTED' | 'DEADLINE_EXCEEDED',
  reason: string,
  words: string,
): AppError {
  return withOutcome(new AppError(code, reason, words), 'not-processed');
}
