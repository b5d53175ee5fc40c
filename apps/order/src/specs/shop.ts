import { randomUUID } from 'node:crypto';
import { OrderServiceDefinition } from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import { systemClock } from '@stampede/lifecycle';
import { connectDatabase, migrate, type Database } from '@stampede/postgres';
import {
  createChannel,
  createClient,
  createServer,
  staticDiscovery,
  type CallOptions,
  type Client,
} from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import { configSchema, type OrderConfig } from '../config.ts';
import type { CrashHook } from '../domain/crash-points.ts';
import { createOrderApp, MIGRATIONS } from '../order-app.ts';
import { FakeParticipants } from './fake-participants.ts';

const log = silentLogger();
const secret = 'secret';

export type OrderClient = Client<typeof OrderServiceDefinition>;

/** One instance of the order service, with a client of its own. */
export interface ShopInstance {
  readonly client: OrderClient;
  /** A client that proves to be another service. */
  clientOf(caller: string): OrderClient;
  /** As on SIGTERM. */
  leave(): Promise<void>;
  /** As if frozen or dead: its questions go nowhere from now on. */
  die(): Promise<void>;
}

/** Participants, and as many instances of the order service as are asked for. */
export interface Shop {
  readonly participants: FakeParticipants;
  readonly db: Database;
  readonly settings: OrderConfig;
  instance(options?: { readonly crash?: CrashHook }): Promise<ShopInstance>;
  close(): Promise<void>;
}

/** On the empty database at `url`. */
export async function openShop(url: string, overrides: Parameters<typeof configSchema.parse>[0] = {}): Promise<Shop> {
  const participants = new FakeParticipants();
  const addresses = await participants.listen();
  await migrate({ url, directory: MIGRATIONS, log });
  const db = connectDatabase({ url, applicationName: 'shop' });
  const settings = configSchema.parse(overrides);
  const closers: (() => Promise<void>)[] = [];
  let instances = 0;

  return {
    participants,
    db,
    settings,
    async instance({ crash } = {}) {
      const name = `order-${(instances += 1)}`;
      const own = connectDatabase({ url, applicationName: name });
      const discovery = staticDiscovery({ inventory: [addresses.inventory], payment: [addresses.payment] });
      const channel = (service: string) =>
        createChannel({ service, discovery, caller: { service: 'order', secret }, log });
      const [inventory, payment] = [channel('inventory'), channel('payment')];
      const app = await createOrderApp({
        ...{
          instance: name,
          db: own,
          readDb: own,
          booksDb: own,
          inventory,
          payment,
          clock: systemClock,
          random: Math.random,
          log,
          crash,
        },
        config: () => settings,
      });
      await app.start();
      const server = createServer({ service: 'order', instance: name, log, secret, usersFrom: ['gateway'] });
      const address = await server.add(OrderServiceDefinition, app.handlers).listen();
      server.setServing(true);
      const clients = new Map<string, ReturnType<typeof createChannel>>();
      const clientOf = (caller: string) => {
        const orders = staticDiscovery({ order: [address] });
        const to =
          clients.get(caller) ??
          createChannel({ service: 'order', discovery: orders, caller: { service: caller, secret }, log });
        clients.set(caller, to);
        return createClient(OrderServiceDefinition, to);
      };
      let left: Promise<void> | undefined;
      const end = (grace: number) => {
        left ??= (async () => {
          await server.drain({ timeoutMs: grace });
          const stopped = app.stop(grace);
          if (crash === undefined || grace > 0) await stopped; // who hangs at a point never stops
          await Promise.all([...clients.values(), inventory, payment].map((each) => each.close()));
          await own.close();
        })();
        return left;
      };
      closers.push(() => end(0));
      return { client: clientOf('gateway'), clientOf, leave: () => end(5_000), die: () => end(0) };
    },
    async close() {
      await Promise.all(closers.map((each) => each()));
      await participants.close();
      await db.close();
    },
  };
}

/** A shopper with a name of their own. */
export function shopper(
  roles: readonly string[] = ['customer'],
): { user: { id: string; roles: readonly string[] } } & CallOptions {
  return { user: { id: randomUUID(), roles }, deadlineMs: 10_000 };
}

/** What an order is asked for with; a new key each time. */
export function basket(
  sku: string,
  quantity = 1,
  over: { paymentToken?: string; idempotencyKey?: string; respondAsync?: boolean } = {},
) {
  return {
    items: [{ sku, quantity }],
    paymentToken: 'tok_visa',
    idempotencyKey: randomUUID(),
    respondAsync: false,
    ...over,
  };
}

/** The error that a call fails with. */
export async function failure(call: Promise<unknown>): Promise<AppError> {
  try {
    await call;
  } catch (error) {
    return AppError.from(error);
  }
  throw new Error('the call was to fail');
}
