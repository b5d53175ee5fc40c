import type { Variant } from '../shop/variants.ts';

/** Who comes: as many buyers as keep it busy; more than it can serve; or buyers among people who look at their orders. */
export type LoadKind = 'buyers' | 'overload' | 'readers';

/** A strategy of the shop's, and the shop without it. */
export interface Strategy {
  readonly name: string;
  /** How it is switched off. */
  readonly off: string;
  readonly load: LoadKind;
  readonly with: Variant;
  readonly without: Variant;
}

const variant = (name: string, env: Readonly<Record<string, string>> = {}, instances?: string): Variant => ({
  name,
  settings: () => ({ env, ...(instances !== undefined && { instances }) }),
});

const WHOLE = variant('the whole shop');
const HUGE = '1000000';
/** As many at once as the pool has connections: the most that a transaction a step can do. */
const ONE_BY_ONE = { MAX_SIZE: '1', LANES: '10' };
const NO_GATE = { ORDER_GATE_MAX_MS: '0' };
const BATCHING = ['INVENTORY', 'ORDER', 'PAYMENT'];

const each = (services: readonly string[], settings: Readonly<Record<string, string>>, prefix: string) =>
  Object.fromEntries(
    services.flatMap((service) =>
      Object.entries(settings).map(([name, value]) => [`${service}_${prefix}_${name}`, value] as const),
    ),
  );

/** The module that takes the routing key out of the order service's call, as its source says it. */
const WITHOUT_AFFINITY = new URL('./without-affinity.ts', import.meta.url).href;

/** Every strategy that can be switched off. What there is no setting for is taken out at the door of the process, never in the product. */
export const STRATEGIES: readonly Strategy[] = [
  {
    name: 'lane',
    off: 'rpc.transport unary everywhere',
    load: 'buyers',
    with: WHOLE,
    without: variant('plain gRPC', { GATEWAY_RPC_TRANSPORT: 'unary', ORDER_RPC_TRANSPORT: 'unary' }),
  },
  {
    name: 'batches',
    off: 'batch.maxSize 1 in every store, ten at once, gate.maxMs 0',
    load: 'buyers',
    with: WHOLE,
    without: variant('a transaction a step', { ...each(BATCHING, ONE_BY_ONE, 'BATCH'), ...NO_GATE }),
  },
  {
    name: 'groups',
    off: 'gate.maxMs 0: no order waits for those before it',
    load: 'buyers',
    with: WHOLE,
    without: variant('no gate', NO_GATE),
  },
  {
    name: 'catalog',
    off: 'order catalog.ttlMs 0: every order reads its prices',
    load: 'buyers',
    with: WHOLE,
    without: variant('no catalog', { ORDER_CATALOG_TTL_MS: '0' }),
  },
  {
    name: 'queues',
    off: 'a million in the gateway, in every server, in every queue',
    load: 'overload',
    with: variant('bounded queues, overloaded'),
    without: variant('endless queues, overloaded', {
      GATEWAY_LIMITS_REQUESTS: '100000',
      ORDER_SAGA_MAX_ACTIVE: HUGE,
      RPC_MAX_CALLS: HUGE,
      ...each(BATCHING, { MAX_QUEUED: HUGE }, 'BATCH'),
    }),
  },
  {
    name: 'reads',
    off: 'no DATABASE_READ_URL: those who read share the pool of those who buy',
    load: 'readers',
    with: {
      name: 'a pool for reads, among readers',
      settings: ({ urls }) => ({ env: { DATABASE_READ_URL: urls['order'] ?? '' } }),
    },
    without: variant('one pool, among readers'),
  },
  {
    name: 'affinity',
    off: 'reservations without their key, to two instances of the inventory',
    load: 'buyers',
    with: variant('two inventories', {}, 'inventory=2'),
    without: variant('two inventories, no affinity', { NODE_OPTIONS: `--import=${WITHOUT_AFFINITY}` }, 'inventory=2'),
  },
];
