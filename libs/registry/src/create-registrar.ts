import { AppError } from '@stampede/errors';
import { backoffMs, isEtcdError, keepLease, type Etcd, type EtcdLog, type Lease } from '@stampede/etcd';
import { systemClock, type Clock } from '@stampede/lifecycle';
import type { Instance } from '@stampede/rpc';
import { checkInstance } from './check-instance.ts';
import { grpcNaming } from './grpc-naming.ts';
import type { InstanceCodec } from './instance-codec.ts';

/** Of `createRegistrar`. */
export interface RegistrarOptions {
  readonly etcd: Omit<Etcd, 'watchPrefix' | 'close'>;
  readonly instance: Instance;
  /** How long the instance stays listed after its process has died; 10 if absent. */
  readonly leaseSeconds?: number;
  readonly log: EtcdLog;
  readonly clock?: Clock;
  /** From 0 up to 1, as Math.random. */
  readonly random?: () => number;
  readonly codec?: InstanceCodec;
  /** Milliseconds that `start` waits for etcd before it leaves the registration to the background; 5,000 if absent. */
  readonly startTimeoutMs?: number;
}

/** Keeps one instance registered; made by `createRegistrar`. A component for a lifecycle. */
export interface Registrar {
  readonly name: string;
  /**
   * Resolves once the instance is registered, or after `startTimeoutMs` with a warning while the attempts go on. Rejects with
   * SERVICE_NAME_CONFLICT when the service's name starts with another's that is registered, or the other way round.
   */
  start(): Promise<void>;
  /** Revokes the lease, so that nobody finds the instance any more. Never rejects: where etcd cannot be told, the lease ends by itself. */
  stop(): Promise<void>;
}

/**
 * Keeps one instance registered for as long as it is not stopped, and never gives up: when the lease is lost, by whomever, it takes another
 * and puts the key again, with jittered backoff; once a lease time it reads the key back and puts it again where somebody has deleted or
 * altered it.
 *
 * @example const registrar = createRegistrar({ etcd, instance: { id, service: 'inventory', address, metadata: { zone: 'a' } }, log });
 */
export function createRegistrar(options: RegistrarOptions): Registrar {
  const { etcd, instance, log, leaseSeconds = 10, clock = systemClock, random = Math.random } = options;
  const { codec = grpcNaming, startTimeoutMs = 5_000 } = options;
  checkInstance(instance);
  const key = codec.key(instance.service, instance.id);
  const value = codec.value(instance);
  const stopping = new AbortController();
  const { signal } = stopping;
  const registered = Promise.withResolvers<undefined>();
  registered.promise.catch(() => undefined);
  let everRegistered = false;
  let lease: Lease | undefined;
  let running: Promise<void> | undefined;

  async function register(): Promise<Lease> {
    lease = await etcd.grantLease(leaseSeconds);
    if (!everRegistered) await refuseConflict();
    signal.throwIfAborted();
    await etcd.put(key, value, { leaseId: lease.id });
    everRegistered = true;
    registered.resolve(undefined);
    return lease;
  }

  /** Go asks for all keys that start with `/services/<name>`, without a slash at the end: it would take one service's instances for another's. */
  async function refuseConflict(): Promise<void> {
    const { service } = instance;
    const start = codec.prefixOf(service.slice(0, 1));
    // One question a service, whose other instances are passed over: a service may have thousands.
    for (let from = start; ;) {
      const entry = await etcd.first(start, from);
      if (entry === undefined) return;
      const other = codec.serviceOf(entry.key);
      from = other === undefined ? `${entry.key}\0` : codec.behind(other);
      if (other === undefined || other === service) continue;
      if (!other.startsWith(service) && !service.startsWith(other)) continue;
      const message = `one of the service names ${service} and ${other} is the start of the other; rename one`;
      throw new AppError('FAILED_PRECONDITION', 'SERVICE_NAME_CONFLICT', message, { metadata: { service, other } });
    }
  }

  /** Resolves when the lease is known to be lost. */
  async function hold(held: Lease): Promise<string> {
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    try {
      return await Promise.race([
        keepLease({ etcd, lease: held, clock, random, log, signal: until }),
        healKey(held, until),
      ]);
    } finally {
      over.abort();
    }
  }

  async function healKey(held: Lease, until: AbortSignal): Promise<never> {
    for (;;) {
      await clock.sleep(leaseSeconds * 1000 * (0.75 + random() / 2), until);
      try {
        const entry = await etcd.get(key);
        until.throwIfAborted();
        if (entry?.value === value && entry.leaseId === held.id) continue;
        log.warn(
          { key, found: entry?.value, leaseId: entry?.leaseId },
          'the registration was deleted or altered; putting it back',
        );
        await etcd.put(key, value, { leaseId: held.id });
      } catch (error) {
        until.throwIfAborted();
        // If the lease is no more, its keeper will find out.
        log.debug({ err: error, key }, 'the registration could not be read back');
      }
    }
  }

  async function run(): Promise<void> {
    for (let failures = 0; ;) {
      try {
        const held = await register();
        signal.throwIfAborted();
        log.info({ key, leaseId: held.id }, 'registered');
        failures = 0;
        const loss = await hold(held);
        log.warn({ key, leaseId: held.id, loss }, 'the lease is lost; registering again');
      } catch (error) {
        signal.throwIfAborted();
        if (isEtcdError(error, 'ETCD_CLOSED')) throw error;
        if (error instanceof AppError && error.reason === 'SERVICE_NAME_CONFLICT') registered.reject(error);
        if (failures === 0) log.warn({ err: error, key }, 'could not register; trying on');
        else log.debug({ err: error, key, failures }, 'could not register');
      }
      await clock.sleep(backoffMs(failures++, random), signal);
    }
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await running;
    if (lease === undefined) return;
    try {
      await etcd.revokeLease(lease.id);
    } catch (error) {
      log.warn({ err: error, key }, 'etcd could not be told; the registration ends with its lease');
    }
  }

  return {
    name: `registration of ${instance.service}`,
    async start() {
      running ??= run().catch((error: unknown) => {
        if (!signal.aborted) log.error({ err: error, key }, 'the registrar has failed');
      });
      const waited = new AbortController();
      const late = clock.sleep(startTimeoutMs, AbortSignal.any([waited.signal, signal])).then(
        () => log.warn({ key, startTimeoutMs }, 'not registered yet; going on without'),
        () => undefined,
      );
      try {
        await Promise.race([registered.promise, late]);
      } catch (error) {
        await stop();
        throw error;
      } finally {
        waited.abort();
      }
    },
    stop,
  };
}
