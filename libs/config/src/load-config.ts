import { isDeepStrictEqual } from 'node:util';
import { followPrefix, type Changes, type Etcd, type EtcdLog, type Follower } from '@stampede/etcd';
import { systemClock, type Clock } from '@stampede/lifecycle';
import type { z } from 'zod';
import { configError } from './config-error.ts';
import { deepFreeze } from './deep-freeze.ts';
import { createLayers } from './layers.ts';
import { readEnvironment, variableOf } from './read-environment.ts';
import { readKey } from './read-key.ts';
import { treeOf } from './schema-tree.ts';

/** Of `loadConfig`. */
export interface LoadConfigOptions<S extends z.ZodObject> {
  /** Its keys in etcd are `/config/<service>` and all below. */
  readonly service: string;
  /** Checks the whole, synchronously; its defaults are what holds when nobody says otherwise. */
  readonly schema: S;
  readonly env: NodeJS.ProcessEnv;
  /** How the variables begin; the service's name in upper snake case if absent. */
  readonly envPrefix?: string;
  readonly etcd?: Pick<Etcd, 'list' | 'watchPrefix'>;
  readonly log: EtcdLog;
  readonly clock?: Clock;
  /** From 0 up to 1, as Math.random. */
  readonly random?: () => number;
  /** Milliseconds that loading waits for etcd before it goes on without; 3,000 if absent. */
  readonly startTimeoutMs?: number;
}

/** Settings in force; made by `loadConfig`. */
export interface Config<T> {
  /** Frozen all the way down. A change puts another object in its place: take it once where several fields belong together. */
  readonly current: Readonly<T>;
  /** Calls `listener` after each change of `current`; the returned function ends it. */
  onChange(listener: (next: Readonly<T>, previous: Readonly<T>) => void): () => void;
  /** No change comes in afterwards; `current` stays. */
  close(): Promise<void>;
}

/**
 * The configuration of a service, valid at every moment: etcd over the environment over the schema's defaults. Values in etcd are in force
 * moments after they are put; what is invalid, or vanishes, changes nothing and is logged with its key and why. Throws `CONFIG_INVALID` naming
 * the variables (or missing places) at fault, and `CONFIG_AMBIGUOUS` for a schema with two names for one variable.
 *
 * @example
 * const schema = z.object({ expiry: z.object({ seconds: z.number().int().positive().default(900) }) });
 * const config = await loadConfig({ service: 'order', schema, env: process.env, etcd, log });
 * config.current.expiry.seconds; // ORDER_EXPIRY_SECONDS=600, or /config/order/expiry/seconds → 600
 */
export async function loadConfig<S extends z.ZodObject>(options: LoadConfigOptions<S>): Promise<Config<z.output<S>>> {
  const { service, schema, env, envPrefix = service, etcd, log, clock = systemClock, random = Math.random } = options;
  const tree = treeOf(schema);
  if (tree.kind === 'leaf') throw new TypeError('a configuration is an object of known fields');
  const { assignments, unknown } = readEnvironment(tree, env, envPrefix);
  if (unknown.length > 0) log.warn({ variables: unknown }, 'variables that belong to nothing in the configuration');

  const layers = createLayers(schema, tree, assignments);
  const listeners = new Set<(next: z.output<S>, previous: z.output<S>) => void>();
  const root = `/config/${service}`;
  let current: z.output<S> | undefined;
  refresh();

  function refresh(): void {
    const parsed = layers.parse();
    if (!parsed.ok || isDeepStrictEqual(parsed.value, current)) return;
    const previous = current;
    const next = (current = deepFreeze(parsed.value));
    if (previous === undefined) return;
    for (const listener of [...listeners]) {
      try {
        listener(next, previous);
      } catch (error) {
        log.error({ err: error }, 'a listener failed on a change of the configuration');
      }
    }
  }

  function take({ puts, deletes }: Changes): void {
    const fresh = new Set<string>();
    for (const { key, value } of puts) {
      if (key !== root && !key.startsWith(`${root}/`)) continue;
      const reading = readKey(tree as Extract<typeof tree, { kind: 'branch' }>, key.split('/').slice(3), value);
      layers.withdraw(key);
      if (reading.kind === 'refused') {
        log.warn({ key, reason: reading.reason }, 'a value of the configuration is refused; what was in force stays');
        continue;
      }
      if (reading.unknown.length > 0)
        log.warn({ key, unknown: reading.unknown }, 'fields that the configuration does not know');
      layers.propose(key, reading);
      fresh.add(key);
    }
    for (const key of deletes) {
      layers.withdraw(key);
      if (layers.accepted(key)) {
        log.warn(
          { key, reason: 'the key has vanished' },
          'a value of the configuration has vanished; it stays in force',
        );
      }
    }
    for (const [key, reason] of layers.settle()) {
      if (fresh.delete(key))
        log.warn({ key, reason }, 'a value of the configuration is refused; what was in force stays');
    }
    if (fresh.size > 0) log.info({ keys: [...fresh] }, 'values of the configuration are in force');
    refresh();
  }

  const follower = etcd && (await follow(etcd));

  async function follow(from: Pick<Etcd, 'list' | 'watchPrefix'>): Promise<Follower> {
    const { startTimeoutMs = 3_000 } = options;
    const first = Promise.withResolvers<'known'>();
    const waited = new AbortController();
    const late = clock.sleep(startTimeoutMs, waited.signal).then(
      () => 'late' as const,
      () => 'known' as const,
    );
    const onChanges = (changes: Changes) => {
      try {
        take(changes);
      } finally {
        first.resolve('known');
      }
    };
    const started = followPrefix({ etcd: from, prefix: root, onChanges, clock, random, log });
    const outcome = await Promise.race([first.promise, late]);
    waited.abort();
    if (outcome === 'late')
      log.warn({ startTimeoutMs }, 'etcd has not answered; starting from the environment and defaults');
    return started;
  }

  if (current === undefined) {
    follower?.close();
    const parsed = layers.parse();
    const violations = (parsed.ok ? [] : parsed.issues).map(({ path, message }) => ({
      field: path.join('.') || 'the configuration',
      description: `${message} (${variableOf(envPrefix, path.map(String))}, or ${[root, ...path.map(String)].join('/')})`,
    }));
    throw configError('CONFIG_INVALID', violations);
  }

  return {
    get current() {
      return current as z.output<S>;
    },
    onChange(listener) {
      const own: typeof listener = (next, previous) => listener(next, previous);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    close() {
      follower?.close();
      listeners.clear();
      return Promise.resolve();
    },
  };
}
