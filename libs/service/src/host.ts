import { randomUUID } from 'node:crypto';
import { loadConfig, type Config } from '@stampede/config';
import { locateBacking, type Backing, type Need } from '@stampede/embedded';
import { connectEtcd, type Etcd } from '@stampede/etcd';
import { createLifecycle, type Component, type Lifecycle } from '@stampede/lifecycle';
import { createRegistrar, createWatcher } from '@stampede/registry';
import { createChannel, type Channel, type ChannelOptions, type Discovery, type TransportMode } from '@stampede/rpc';
import { createLogger, createMetrics, type Logger, type Metrics } from '@stampede/telemetry';
import { z } from 'zod';
import { leaseSecondsOf } from './lease-seconds.ts';

export interface HostOptions<Schema extends z.ZodObject> {
  /** The name under which others find this process; a lower-case word. */
  readonly service: string;
  /** The settings: environment and `/config/<service>/…` in etcd, see @stampede/config. */
  readonly schema: Schema;
  readonly env?: NodeJS.ProcessEnv;
  /** What must be found before anything starts; etcd and the service secret if absent. */
  readonly needs?: readonly Need[];
}

/** What every process of ours has, however it is reached. */
export interface Host<Settings> {
  readonly service: string;
  /** Names this process among its service's instances; a new one each start. */
  readonly instance: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly backing: Backing;
  readonly config: Config<Settings>;
  readonly discovery: Discovery;
  readonly lifecycle: Lifecycle;
  /** Calls to another service, as this one, over what the setting `rpc.transport` says; closed when everything else has stopped. */
  channel(service: string, options?: Pick<ChannelOptions, 'defaultDeadlineMs' | 'interceptors'>): Channel;
  /** Lists this process in etcd for as long as it runs: a component, to be added after what it makes known. `address` is asked when it starts. */
  registration(address: () => string, metadata: () => Readonly<Record<string, string>>): Component;
}

/**
 * Connects a process to what it stands on. Nothing is served yet; `host.lifecycle` runs it.
 *
 * @example const host = await createHost({ service: 'gateway', schema: z.object({}) }); await host.lifecycle.add(http).run();
 */
export async function createHost<Schema extends z.ZodObject>({
  service,
  schema,
  env = process.env,
  needs = ['etcd', 'secret'],
}: HostOptions<Schema>): Promise<Host<z.infer<Schema>>> {
  const instance = `${service}-${randomUUID().slice(0, 8)}`;
  const log = createLogger({ service, instance, ...levelOf(env) });
  const metrics = createMetrics({ service, instance });
  const backing = await locateBacking({ env, service, needs, log });
  const etcd: Etcd = connectEtcd({ endpoints: backing.etcdEndpoints, log });
  const { config, transport } = await settingsOf(service, schema, env, etcd, log);
  const leaseSeconds = leaseSecondsOf(env);
  const watcher = createWatcher({ etcd, log, leaseSeconds });
  const channels: Channel[] = [];

  const lifecycle = createLifecycle({ log }).add({
    name: 'connections',
    async stop() {
      await Promise.all(channels.map((channel) => channel.close()));
      await config.close();
      await watcher.close();
      await etcd.close();
    },
  });

  return {
    service,
    instance,
    env,
    log,
    metrics,
    backing,
    config,
    discovery: watcher,
    lifecycle,
    channel(name, options = {}) {
      const caller = { service, ...(backing.serviceSecret !== undefined && { secret: backing.serviceSecret }) };
      const common = { service: name, discovery: watcher, caller, log, metrics, transport: transport() };
      const channel = createChannel({ ...common, ...options });
      channels.push(channel);
      return channel;
    },
    registration(address, metadata) {
      let registrar: ReturnType<typeof createRegistrar> | undefined;
      return {
        name: 'registration',
        async start() {
          registrar = createRegistrar({
            etcd,
            instance: { id: instance, service, address: address(), metadata: metadata() },
            leaseSeconds,
            log,
          });
          await registrar.start();
        },
        async stop() {
          await registrar?.stop();
        },
      };
    },
  };
}

/** What every process may be told beside what is its own. */
const hostSettings = {
  rpc: z
    .object({
      /** What carries unary calls to other services: `auto` takes the lane where an instance has one. Holds for the channels made from then on. */
      transport: z.enum(['unary', 'lane', 'auto']).default('auto'),
    })
    .default({ transport: 'auto' }),
};

async function settingsOf<Schema extends z.ZodObject>(
  service: string,
  schema: Schema,
  env: NodeJS.ProcessEnv,
  etcd: Etcd,
  log: Logger,
): Promise<{ readonly config: Config<z.infer<Schema>>; readonly transport: () => TransportMode }> {
  const config = await loadConfig({ service, schema: schema.extend(hostSettings), env, etcd, log });
  // The compiler does not follow `extend` through a generic: what is extended has the fields of both.
  const ours = config as unknown as Config<z.infer<z.ZodObject<typeof hostSettings>>>;
  return { config: config as unknown as Config<z.infer<Schema>>, transport: () => ours.current.rpc.transport };
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

function levelOf(env: NodeJS.ProcessEnv): { level?: (typeof LEVELS)[number] } {
  const level = LEVELS.find((name) => name === env['LOG_LEVEL']);
  return level === undefined ? {} : { level };
}
