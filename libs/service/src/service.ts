import type { Component } from '@stampede/lifecycle';
import { awaitMigrations, connectDatabase, migrate, type Database, type DatabaseOptions } from '@stampede/postgres';
import { createServer, LANE_ADVERTISED, type RpcServer } from '@stampede/rpc';
import { startAdminServer, type AdminServer } from '@stampede/telemetry';
import type { z } from 'zod';
import { addressOf } from './listen-address.ts';
import { databaseUrlOf, migrateAndExit, migratesAtStart } from './migrations.ts';
import { rpcLimitsOf } from './rpc-limits.ts';
import { createHost, type Host, type HostOptions } from './host.ts';

export interface ServiceOptions<Schema extends z.ZodObject> extends Omit<HostOptions<Schema>, 'needs'> {
  /** The folder of the database's migrations. */
  readonly migrations: URL;
  /** Callers whose word on users is believed: `['gateway']`; none if absent. */
  readonly usersFrom?: readonly string[];
  /** Bytes of a FileDescriptorSet: switches gRPC reflection on. */
  readonly descriptors?: Uint8Array;
  /** What the program was told: with `migrate` it brings its database to today's shape and ends. What the process was told, if absent. */
  readonly argv?: readonly string[];
  /** What is particular about the pool of connections, from the settings that hold at the start. */
  readonly database?: (settings: Readonly<z.infer<Schema>>) => Omit<DatabaseOptions, 'url' | 'applicationName' | 'log'>;
}

/** A gRPC service with a database of its own. */
export interface Service<Settings> extends Host<Settings> {
  readonly database: Database;
  /** Further connections, named in what Postgres shows of them and closed with the others: with other limits, or to a replica (`url`). */
  connect(name: string, options?: Partial<Omit<DatabaseOptions, 'applicationName' | 'log'>>): Database;
  /** Where handlers are added, before `run`. */
  readonly server: RpcServer;
  /** Adds what starts before the server serves and stops after it has drained. */
  add(component: Component): Service<Settings>;
  /** Runs until SIGTERM or SIGINT; see @stampede/lifecycle. */
  run(): Promise<void>;
}

/**
 * Finds what the service stands on and brings its database to today's shape (or waits until somebody has, with `MIGRATE_AT_START=false`); nothing is
 * served before `run`.
 *
 * @throws AppError FAILED_PRECONDITION/DATABASE_URL_MISSING where neither the environment nor the stack knows of a database.
 * @example const service = await createService({ service: 'order', schema, migrations, usersFrom: ['gateway'] });
 */
export async function createService<Schema extends z.ZodObject>(
  options: ServiceOptions<Schema>,
): Promise<Service<z.infer<Schema>>> {
  const { argv = process.argv.slice(2) } = options;
  if (argv[0] === 'migrate') return migrateAndExit({ env: process.env, ...options });
  const host = await createHost<Schema>({ ...options, needs: ['etcd', 'database', 'secret'] });
  const { service, instance, env, log, metrics, backing, lifecycle } = host;
  const databaseUrl = databaseUrlOf(backing.databaseUrl, service);
  await (migratesAtStart(env) ? migrate : awaitMigrations)({ url: databaseUrl, directory: options.migrations, log });
  const database = connectDatabase({
    ...options.database?.(host.config.current),
    url: databaseUrl,
    applicationName: instance,
    log,
  });
  const { host: bind, port, advertised, adminPort, advertisedAdmin } = addressOf(env, 0);
  const server = createServer({
    service,
    instance,
    host: bind,
    port,
    log,
    metrics,
    limits: rpcLimitsOf(env),
    ...(backing.serviceSecret !== undefined && { secret: backing.serviceSecret }),
    ...(options.usersFrom !== undefined && { usersFrom: options.usersFrom }),
    ...(options.descriptors !== undefined && { descriptors: options.descriptors }),
  });

  let address = '';
  let adminAddress = '';
  let serving = false;
  let admin: AdminServer | undefined;
  const databases = [database];
  lifecycle.add({
    name: 'database',
    async stop() {
      await Promise.all(databases.map((each) => each.close()));
    },
  });

  function addServing(): void {
    const registration = host.registration(
      () => address,
      () => ({ version: env['STAMPEDE_VERSION'] ?? 'dev', metrics: adminAddress, ...LANE_ADVERTISED }),
    );
    lifecycle
      .add({
        name: 'admin page',
        async start() {
          admin = await startAdminServer({ host: bind, port: adminPort, metrics, ready: () => serving, log });
          adminAddress = advertisedAdmin(portIn(admin.address));
        },
        async stop() {
          await admin?.close();
        },
      })
      .add({
        name: 'rpc server',
        async start() {
          const bound = await server.listen();
          address = advertised(portIn(bound));
          server.setServing(true);
        },
        stop: () => server.drain(),
      })
      .add(registration)
      .add({
        name: 'health',
        start() {
          serving = true;
          log.info({ address, metrics: adminAddress }, 'serving');
          return Promise.resolve();
        },
        stop() {
          serving = false;
          server.setServing(false);
          return Promise.resolve();
        },
      });
  }

  const whole: Service<z.infer<Schema>> = {
    ...host,
    database,
    connect(name, further = {}) {
      const connected = connectDatabase({ url: databaseUrl, ...further, applicationName: `${instance} ${name}`, log });
      databases.push(connected);
      return connected;
    },
    server,
    add(component) {
      lifecycle.add(component);
      return whole;
    },
    run() {
      addServing();
      return lifecycle.run();
    },
  };
  return whole;
}

function portIn(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
