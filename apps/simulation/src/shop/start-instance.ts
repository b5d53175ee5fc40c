import { InventoryServiceDefinition, OrderServiceDefinition, PaymentServiceDefinition } from '@stampede/contracts';
import { createReservations, inventoryService } from '@stampede/inventory/simulation';
import { createOrderRooms } from '@stampede/order/simulation';
import { createPaymentRooms } from '@stampede/payment/simulation';
import { createRegistrar, createWatcher, type Watcher } from '@stampede/registry';
import type { Channel } from '@stampede/rpc';
import type { Service } from '../plan.ts';
import { createSimulatedChannel } from './channel.ts';
import { createEtcdLink, type EtcdLink } from './etcd-link.ts';
import { carriedTogether, type TogetherOptions } from './carried-together.ts';
import { carried } from './network.ts';
import type { Process } from './process.ts';
import { createHost, type Host } from './rpc.ts';
import { orderConfig, paymentConfig } from './settings.ts';
import { silent } from './silent-log.ts';
import { LEASE_SECONDS, placeOf, RELIST_MS, type World } from './world.ts';

/** What stays open in a process that is connected to etcd. */
export interface Connected {
  readonly process: Process;
  readonly link: EtcdLink;
}

/** A process that looks for others. */
export interface Client extends Connected {
  readonly watcher: Watcher;
  channelTo(service: Service): Channel;
}

/** A process of a service. */
export interface Instance extends Connected {
  readonly host: Host;
  /** Only of the order service. */
  readonly watcher: Watcher | undefined;
  /** Takes itself off the list, finishes what is under way, gives the rest away. */
  leave(): Promise<void>;
  /** Kills the process, and lets go of it: Node keeps signals that somebody listens to, and all that hangs on them. */
  end(): void;
}

/** What a service does besides answering calls. */
interface Running {
  readonly host: Host;
  readonly watcher?: Watcher;
  readonly stop: () => Promise<void>;
}

export function connect(world: World, process: Process): Connected {
  return { process, link: createEtcdLink({ server: world.etcd, process, fate: () => world.etcdFate() }) };
}

export function startClient(world: World, { process, link }: Connected): Client {
  const { random, network, hosts, sabotage, notes } = world;
  const watcher = createWatcher({
    etcd: (sabotage.aroundWatcher ?? same)(link.etcd),
    log: silent,
    clock: process.clock,
    random,
    leaseSeconds: LEASE_SECONDS,
    relistMs: RELIST_MS,
  });
  const channelTo = (service: Service) =>
    createSimulatedChannel({
      process,
      service,
      watcher,
      hostAt: (address) => hosts.get(address),
      placeOf,
      network,
      random,
      moment: (each) => world.moment(each),
      notes,
    });
  return { process, link, watcher, channelTo };
}

/** The production code of a service in a process of its own, registered and listening. */
export function startInstance(world: World, service: Service, process: Process): Instance {
  const connected = connect(world, process);
  const { host, watcher, stop } = STARTERS[service](world, connected);
  world.hosts.set(process.address, host);
  const registrar = createRegistrar({
    etcd: (world.sabotage.aroundRegistrar ?? same)(connected.link.etcd),
    instance: { id: process.id, service, address: process.address, metadata: {} },
    leaseSeconds: LEASE_SECONDS,
    log: silent,
    clock: process.clock,
    random: world.random,
  });
  void registrar.start();
  return {
    ...connected,
    host,
    watcher,
    async leave() {
      await registrar.stop();
      await host.drain();
      await stop();
    },
    end() {
      host.kill();
      void registrar.stop();
      void connected.link.connection.close();
    },
  };
}

const STARTERS: Readonly<Record<Service, (world: World, connected: Connected) => Running>> = {
  order: startOrder,
  inventory: startInventory,
  payment: startPayment,
};

function startOrder(world: World, connected: Connected): Running {
  const { network, databases, random, sabotage, plan } = world;
  const { process } = connected;
  const client = startClient(world, connected);
  const ask = (what: string, effect: () => Promise<unknown>) => network.ask(process, 'order db', what, effect);
  const { orders, sagas, reader } = databases.orders.connect(process.id);
  const config = orderConfig(plan);
  const rooms = createOrderRooms({
    orders: {
      ...carried(orders, ['find', 'findByKey', 'newer'], ask),
      ...carriedTogether(orders, ['place', 'change'], { ...together(world, process, ask), oneAnOrder: ['change'] }),
    },
    sagas: {
      ...carried(sagas, ['claim', 'look', 'renew', 'handOver'], ask),
      ...carriedTogether(sagas, ['finish'], { ...together(world, process, ask), oneAnOrder: [] }),
    },
    reader: carried(reader, ['find', 'list', 'records'], ask),
    books: reader,
    inventory: client.channelTo('inventory'),
    payment: client.channelTo('payment'),
    newId: () => world.newId(),
    config: () => config,
    time: process.clock,
    random,
    log: silent,
    defer: (run) => void process.clock.schedule(0, run),
    around: sabotage.aroundOrder,
  });
  rooms.start();
  return {
    host: createHost(process, OrderServiceDefinition, rooms.handlers),
    watcher: client.watcher,
    stop: () => rooms.stop(1_000),
  };
}

function startInventory(world: World, { process }: Connected): Running {
  const { network, databases, plan } = world;
  const database = databases.inventory.connect((statement) => network.ask(process, 'inventory db', 'sql', statement));
  const { verdicts } = database;
  const handlers = inventoryService({
    products: database.products,
    reservations: createReservations({
      verdicts: {
        ...verdicts,
        async holdAll(requests) {
          const held = plan.heldAtOnce ? await verdicts.holdAll(requests) : undefined;
          world.notes.add(held === undefined ? 'a batch out of the ordinary' : 'a batch that is held');
          return held;
        },
        decide(requests) {
          if (requests.length > 1) world.notes.add('a batch of several');
          return verdicts.decide(requests);
        },
      },
      limits: () => ({ maxSize: plan.maxBatch, lanes: 2 }),
      monotonic: () => process.clock.monotonic(),
      defer: (run) => void process.clock.schedule(0, run),
    }),
    books: { balances: () => Promise.resolve([]), reservations: () => Promise.resolve([]) },
    newId: () => world.newId(),
  });
  return { host: createHost(process, InventoryServiceDefinition, handlers), stop: () => Promise.resolve() };
}

function startPayment(world: World, { process }: Connected): Running {
  const { network, databases, sabotage } = world;
  const { payments, provider } = databases;
  const ask = (what: string, effect: () => Promise<unknown>) => network.ask(process, 'payment db', what, effect);
  const config = paymentConfig();
  const bank = (what: string, effect: () => Promise<unknown>) => network.ask(process, 'provider', what, effect);
  const { service, recovery } = createPaymentRooms({
    store: (sabotage.aroundPayments ?? same)({
      ...carried(payments, ['find'], ask),
      ...carriedTogether(payments, ['begin', 'change'], { ...together(world, process, ask), oneAnOrder: ['change'] }),
    }),
    unsettled: carried(payments.unsettled, ['sweep', 'claim', 'release'], ask),
    books: { page: () => Promise.resolve([]) },
    provider: (sabotage.aroundProvider ?? same)(
      carried(provider, ['charge', 'lookup', 'cancel', 'refund', 'statements'], bank),
    ),
    config: () => config,
    timers: process.clock,
    log: silent,
  });
  const leaving = new AbortController();
  const recovered = recovery.run(leaving.signal);
  return {
    host: createHost(process, PaymentServiceDefinition, service),
    async stop() {
      leaving.abort();
      await recovered;
    },
  };
}

/** How the stores of a process write. */
function together({ plan, notes }: World, process: Process, ask: TogetherOptions<never>['ask']) {
  return {
    maxSize: plan.maxBatch,
    ask,
    defer: (run: () => void) => void process.clock.schedule(0, run),
    several: () => void notes.add('a message of several'),
  };
}

function same<T>(port: T): T {
  return port;
}
