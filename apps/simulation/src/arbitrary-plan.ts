import fc from 'fast-check';
import { SERVICES, type Deed, type Place, type Plan, type Service, type Trouble } from './plan.ts';

/** Everything happens within the first seconds; the rest of a history is for coming to rest. */
const LAST_MS = 3_000;

const deed: fc.Arbitrary<Deed> = fc.record({
  // Everyone arrives at once, and some come later.
  atMs: fc.constantFrom(300, 300, 310, 330, 400, 800, 1_500),
  items: fc.array(
    fc.record({
      sku: fc.constantFrom('bread', 'bread', 'bread', 'wine', 'leaflet'),
      quantity: fc.integer({ min: 1, max: 2 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  paymentToken: fc.constantFrom('tok_visa', 'tok_visa', 'tok_visa', 'tok_declined'),
  patienceMs: fc.constantFrom(60, 400, 1_500),
  respondAsync: fc.constantFrom(false, false, true),
  rival: fc.constantFrom('none', 'none', 'none', 'same', 'same', 'other'),
  then: fc.array(
    fc.record({
      afterMs: fc.constantFrom(0, 30, 100, 400),
      verb: fc.constantFrom('cancel', 'cancel', 'refund', 'ship'),
    }),
    { maxLength: 2 },
  ),
});

const atMs = fc.integer({ min: 0, max: LAST_MS });
const forMs = fc.constantFrom(50, 300, 1_000, 3_000);
/** A lease may pass meanwhile. */
const forLong = fc.constantFrom(50, 300, 1_000, 3_000, 8_000);

function troubles(instances: Plan['instances']): fc.Arbitrary<Trouble> {
  const all = SERVICES.flatMap((service) =>
    Array.from({ length: instances[service] }, (_, index): Place => `${service}-${index}`),
  );
  const place = fc.constantFrom(...all);
  const anywhere = fc.constantFrom(
    ...all,
    ...all,
    'gateway',
    'order db',
    'inventory db',
    'payment db',
    'provider',
    'etcd',
  );
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('crash at' as const),
        place,
        moment: fc.integer({ min: 1, max: 60 }),
        forMs,
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('crash', 'leave'), place, atMs, forMs }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('freeze' as const), place, atMs, forMs: forLong }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('partition' as const),
        between: fc.tuple(place, anywhere),
        atMs,
        forMs: forLong,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('etcd stops', 'etcd is emptied', 'watches are mute'),
        atMs,
        forMs: forLong,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.oneof(
        fc.record({ kind: fc.constant('etcd compacts' as const), atMs }),
        fc.record({ kind: fc.constant('key deleted' as const), place, atMs }),
      ),
    },
  );
}

const fate = fc.constantFrom(0, 0.03, 0.15);
const few = fc.constantFrom(1, 2, 2);

/** Any plan of a history: a few orders, and whatever may befall them. */
export const arbitraryPlan: fc.Arbitrary<Plan> = fc
  .record<Record<Service, number>>({ order: few, inventory: few, payment: few })
  .chain((instances) =>
    fc.record<Plan>({
      instances: fc.constant(instances),
      stock: fc.constantFrom(1, 2, 4),
      holdSeconds: fc.constantFrom(0.2, 1, 900),
      maxBatch: fc.constantFrom(1, 256),
      heldAtOnce: fc.boolean(),
      deeds: fc.array(deed, { minLength: 1, maxLength: 5 }),
      deliveries: fc.array(
        fc.record({ atMs, sku: fc.constantFrom('bread', 'wine'), quantity: fc.integer({ min: 1, max: 2 }) }),
        { maxLength: 2 },
      ),
      troubles: fc.array(troubles(instances), { maxLength: 4 }),
      fates: fc.record({ lost: fate, late: fate, twice: fc.constantFrom(0, 0.05, 0.3) }),
      etcdLoss: fc.constantFrom(0, 0, 0, 0.1),
    }),
  );
