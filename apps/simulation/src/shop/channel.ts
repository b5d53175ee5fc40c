import { AppError } from '@stampede/errors';
import type { CallOptions, Channel, Instance, InstanceSet, MethodShape } from '@stampede/rpc';
import type { Watcher } from '@stampede/registry';
import type { Network } from './network.ts';
import type { Process } from './process.ts';
import type { Call, Host } from './rpc.ts';

export interface ChannelOptions {
  /** Who calls. */
  readonly process: Process;
  /** Whom. */
  readonly service: string;
  readonly watcher: Pick<Watcher, 'watch' | 'gone'>;
  /** Who listens on an address. */
  readonly hostAt: (address: string) => Host | undefined;
  readonly placeOf: (address: string) => string;
  readonly network: Network;
  readonly random: () => number;
  readonly moment: (process: Process) => void;
  readonly notes: Set<string>;
}

const DEFAULT_DEADLINE_MS = 1_000;
const ATTEMPTS = 3;

/**
 * Calls to whom the watcher lists, or else to whom it has fading, at random. A call that an instance refuses was not processed: it goes to
 * another, and a fading one that refuses is gone. Anything else that goes wrong leaves the call unknown.
 */
export function createSimulatedChannel(options: ChannelOptions): Channel {
  const { process, service, watcher, network, random, moment, notes } = options;
  let instances: InstanceSet = { listed: [], fading: [] };
  watcher.watch(service, (set) => (instances = set));

  function pick(avoid: ReadonlySet<string>): Instance {
    for (const all of [instances.listed, instances.fading]) {
      const candidates = all.filter(({ id }) => !avoid.has(id));
      const one = candidates[Math.floor(random() * candidates.length)];
      if (one !== undefined) return one;
    }
    throw new AppError('UNAVAILABLE', 'NO_INSTANCE', `nobody serves ${service}`);
  }

  function attempt(instance: Instance, path: string, request: Uint8Array, call: Call, signal?: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | 'refused'>();
    const place = options.placeOf(instance.address);
    const late = () => reject(new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', `no answer from ${service}`));
    const cancel = process.clock.schedule(call.remainingMs, late);
    const onAbort = () => reject(new AppError('CANCELLED', 'CANCELLED', 'the caller has gone'));
    signal?.addEventListener('abort', onAbort, { once: true });

    function answer(what: string, settle: () => void): void {
      network.send(place, process.place, `${path} ${what}`, () =>
        process.enter(() => {
          moment(process);
          if (process.alive) settle();
        }),
      );
    }

    network.send(
      process.place,
      place,
      path,
      () => {
        const refuse = () => answer('refused', () => resolve('refused'));
        const host = options.hostAt(instance.address);
        if (host !== undefined && host.process.id !== instance.id) notes.add('a successor reached at the same address');
        if (host?.process.id !== instance.id) return refuse();
        if (host.process.frozen) notes.add('a frozen process called');
        host.process.enter(() => {
          if (!host.open) return refuse();
          const lost = () => {
            notes.add('a connection lost');
            answer('lost', () => reject(new AppError('UNAVAILABLE', 'CONNECTION_LOST', `${instance.id} is gone`)));
          };
          host.serve(path, request, call, lost).then(
            (response) => answer('answered', () => resolve(response)),
            (error: unknown) => answer('failed', () => reject(AppError.from(error))),
          );
        });
      },
      'repeatable',
    );
    return promise.finally(() => {
      cancel();
      signal?.removeEventListener('abort', onAbort);
    });
  }

  async function unary<Request, Response>(
    method: MethodShape<Request, Response>,
    request: Request,
    { deadlineMs = DEFAULT_DEADLINE_MS, signal, user }: CallOptions = {},
  ): Promise<Response> {
    moment(process);
    if (!process.alive) return Promise.withResolvers<never>().promise;
    const deadline = process.clock.monotonic() + deadlineMs;
    const bytes = method.encode(request);
    const avoid = new Set<string>();
    for (;;) {
      const instance = pick(avoid);
      const call: Call = {
        caller: process.service,
        remainingMs: Math.max(0, deadline - process.clock.monotonic()),
        ...(user !== undefined && { user }),
      };
      const response = await attempt(instance, method.path, bytes, call, signal);
      if (response !== 'refused') return method.decode(response);
      notes.add('a call refused');
      avoid.add(instance.id);
      if (instances.fading.some(({ id }) => id === instance.id)) {
        notes.add('a fading instance gone');
        watcher.gone(service, instance.id);
      }
      if (avoid.size >= ATTEMPTS) throw new AppError('UNAVAILABLE', 'REFUSED', `${service} refuses`);
    }
  }

  return {
    unary,
    serverStream: unused,
    clientStream: unused,
    bidi: unused,
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

function unused(): never {
  throw new TypeError('nobody streams here');
}
