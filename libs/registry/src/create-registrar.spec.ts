import { fc, test as prop } from '@fast-check/vitest';
import { createMemoryEtcd, type Fate } from '@stampede/etcd';
import { fakeClock } from '@stampede/testing';
import { expect, test, vi } from 'vitest';
import { createRegistrar, grpcNaming } from './index.ts';
import { silent } from './silent-log.ts';

const LEASE = 9;
/** Within one lease time and 5 s, as promised. */
const SOON = LEASE * 1000 + 5_000;
const instance = { id: 'inventory-1', service: 'inventory', address: '127.0.0.1:9000', metadata: { zone: 'a' } };
const key = '/services/inventory/inventory-1';

function setup({ fate }: { fate?: () => Fate } = {}) {
  const clock = fakeClock();
  const serverClock = fakeClock();
  const server = createMemoryEtcd({ clock: serverClock });
  const etcd = server.connect({ ...(fate && { fate }) });
  const log = { ...silent, warn: vi.fn() };
  const registrar = createRegistrar({ etcd, instance, leaseSeconds: LEASE, log, clock, random: () => 0.5 });
  /** Time as both sides see it, in small steps, so that neither runs ahead. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 250) {
      await serverClock.advance(Math.min(left, 250));
      await clock.advance(Math.min(left, 250));
    }
  };
  const entry = () => server.store.list('/services/').entries.find((one) => one.key === key);
  const registered = () => {
    const found = entry();
    return found?.value === grpcNaming.value(instance) && found.leaseId !== undefined;
  };
  return { clock, serverClock, server, etcd, log, registrar, pass, entry, registered };
}

test('start registers under a lease, and the registration lasts', async () => {
  const { registrar, pass, registered, entry } = setup();
  await registrar.start();
  expect(registered()).toBe(true);
  const { modRevision } = entry()!;
  await pass(10 * LEASE * 1000);
  expect(entry()?.modRevision).toBe(modRevision);
});

test('stop takes the instance off the list at once, and nothing comes back', async () => {
  const { registrar, pass, entry, clock } = setup();
  await registrar.start();
  await registrar.stop();
  expect(entry()).toBeUndefined();
  await pass(60_000);
  expect(entry()).toBeUndefined();
  expect(clock.pending).toBe(0);
});

test.each([
  ['the key is deleted', (server: ReturnType<typeof setup>['server']) => void server.store.delete(key)],
  [
    'the value is altered',
    (server: ReturnType<typeof setup>['server']) => void server.store.put(key, '{"Addr":"10.6.6.6:1"}'),
  ],
  [
    'the value is altered under the same lease',
    ({ store }: ReturnType<typeof setup>['server']) => {
      const leaseId = store.list(key).entries[0]!.leaseId!;
      store.put(key, '{"Addr":"10.6.6.6:1"}', { leaseId });
    },
  ],
  [
    'the key is taken off its lease',
    (server: ReturnType<typeof setup>['server']) => void server.store.put(key, grpcNaming.value(instance)),
  ],
  [
    'the lease is revoked',
    (server: ReturnType<typeof setup>['server']) =>
      server.store.revokeLease(server.store.list(key).entries[0]!.leaseId!),
  ],
])('%s: healed', async (_, harm) => {
  const { registrar, server, pass, registered } = setup();
  await registrar.start();
  await pass(4_000);
  harm(server);
  expect(registered()).toBe(false);
  await pass(SOON);
  expect(registered()).toBe(true);
  await pass(SOON);
  expect(registered()).toBe(true);
});

test('a process frozen past its lease registers again when it wakes', async () => {
  const { registrar, serverClock, clock, entry, registered, pass } = setup();
  await registrar.start();
  await serverClock.advance(3 * LEASE * 1000);
  expect(entry()).toBeUndefined();
  await clock.advance(LEASE * 1000);
  expect(registered()).toBe(true);
  await pass(3 * LEASE * 1000);
  expect(registered()).toBe(true);
});

test('etcd is away for five lease times and back as it was: still registered, all the time', async () => {
  const { registrar, server, pass, registered } = setup();
  await registrar.start();
  server.stop();
  await pass(5 * LEASE * 1000);
  server.start();
  expect(registered()).toBe(true);
  await pass(3 * LEASE * 1000);
  expect(registered()).toBe(true);
});

test('etcd comes back empty, as another cluster: registered again within one lease time and 5 s', async () => {
  const { registrar, server, pass, entry, registered } = setup();
  await registrar.start();
  server.stop();
  await pass(5 * LEASE * 1000);
  server.start('empty');
  expect(entry()).toBeUndefined();
  await pass(SOON);
  expect(registered()).toBe(true);
});

test('without etcd start goes on after a while, with a warning, and registers later', async () => {
  const { registrar, server, log, clock, pass, registered } = setup();
  server.stop();
  let started = false;
  const starting = registrar.start().then(() => (started = true));
  await clock.advance(4_900);
  expect(started).toBe(false);
  await clock.advance(200);
  await starting;
  expect(log.warn).toHaveBeenCalledWith(expect.anything(), 'not registered yet; going on without');
  server.start();
  await pass(SOON);
  expect(registered()).toBe(true);
});

test('it ends with its client', async () => {
  const { registrar, etcd, pass, clock } = setup();
  await registrar.start();
  await etcd.close();
  await pass(30_000);
  expect(clock.pending).toBe(0);
  await registrar.stop();
});

test('stop without etcd ends, and the registration goes with its lease', async () => {
  const { registrar, server, log, pass, entry, registered } = setup();
  await registrar.start();
  server.stop();
  await registrar.stop();
  expect(log.warn).toHaveBeenCalledWith(expect.anything(), expect.stringContaining('etcd could not be told'));
  server.start();
  expect(registered()).toBe(true);
  await pass(LEASE * 1000);
  expect(entry()).toBeUndefined();
});

test.each([
  ['granting', 500],
  ['looking at its neighbours', 1_000],
  ['putting', 2_000],
])('stop while a start is %s leaves nothing behind', async (_, askedAfterMs) => {
  const { registrar, etcd, pass, entry } = setup({ fate: () => ({ requestMs: 400, replyMs: 400 }) });
  const put = vi.spyOn(etcd, 'put');
  const starting = registrar.start();
  await pass(askedAfterMs);
  const stopping = registrar.stop();
  await pass(5_000);
  await Promise.all([starting, stopping]);
  expect(entry()).toBeUndefined();
  if (askedAfterMs < 1_600) expect(put).not.toHaveBeenCalled();
});

test.each([
  ['inventory-v2', 'inventory'],
  ['inv', 'inventory'],
])('a service %s beside %s is refused: Go would take one for the other', async (other) => {
  const { registrar, server, pass, entry } = setup();
  server.store.put(`/services/${other}/1`, '{"Addr":"127.0.0.1:1"}');
  await expect(registrar.start()).rejects.toMatchObject({ reason: 'SERVICE_NAME_CONFLICT', metadata: { other } });
  expect(server.store.list('/services/inventory/').entries).toEqual([]);
  await pass(30_000);
  expect(entry()).toBeUndefined();
});

test('neither its own instances nor names that merely begin alike are in the way', async () => {
  const { registrar, server, registered } = setup();
  server.store.put('/services/inventory/9', '{"Addr":"127.0.0.1:1"}');
  server.store.put('/services/invoice/1', '{"Addr":"127.0.0.1:1"}');
  server.store.put('/services/payment/1', '{"Addr":"127.0.0.1:1"}');
  await registrar.start();
  expect(registered()).toBe(true);
});

test('thousands of instances of the neighbours are not read to know their names', async () => {
  const { registrar, server, etcd, registered } = setup();
  for (let index = 0; index < 2_000; index += 1) {
    server.store.put(`/services/inventory/${index}`, '{"Addr":"127.0.0.1:1"}');
    server.store.put(`/services/invoice/${index}`, '{"Addr":"127.0.0.1:1"}');
  }
  server.store.put('/services/in', 'no key of ours');
  server.store.put('/services/invoice0', 'nor this');
  const first = vi.spyOn(etcd, 'first');
  const list = vi.spyOn(etcd, 'list');
  await registrar.start();
  expect(registered()).toBe(true);
  expect(first).toHaveBeenCalledTimes(5);
  expect(list).not.toHaveBeenCalled();
});

test.each([
  ['service', { service: 'in/ventory' }],
  ['service', { service: '' }],
  ['id', { id: 'a/b' }],
  ['address', { address: 'localhost' }],
])('an instance that cannot be written is refused, by field: %s', (field, part) => {
  const { etcd } = setup();
  expect(() => createRegistrar({ etcd, instance: { ...instance, ...part }, log: silent })).toThrow(field);
});

const misfortune = fc.oneof(
  fc.record({ op: fc.constantFrom('delete', 'alter', 'revoke', 'stop', 'start', 'empty', 'cut', 'heal') }),
  fc.record({ op: fc.constant('pass' as const), ms: fc.constantFrom(250, 1_000, 5_000, 30_000) }),
  fc.record({ op: fc.constant('freeze' as const), ms: fc.constantFrom(1_000, 20_000) }),
);
const fates = fc.array(
  fc.record({
    requestMs: fc.nat(500),
    replyMs: fc.nat(500),
    lost: fc.option(fc.constantFrom('request' as const, 'reply' as const), { nil: undefined }),
  }),
  { maxLength: 30, size: 'max' },
);

prop.prop([fc.array(misfortune, { maxLength: 25, size: 'max' }), fates], { numRuns: 100 })(
  'whatever happens, once it is quiet the instance is registered in time, and after stop it is gone within a lease time',
  async (misfortunes, network) => {
    let calm = false;
    let turn = 0;
    const fate = (): Fate => {
      const { lost, ...delays } = (calm ? undefined : network[turn++ % (network.length || 1)]) ?? {};
      return { ...delays, ...(lost && { lost }) };
    };
    const { registrar, server, serverClock, etcd, pass, entry, registered } = setup({ fate });
    const starting = registrar.start();
    for (const each of misfortunes) {
      if (each.op === 'pass') await pass(each.ms);
      else if (each.op === 'freeze') await serverClock.advance(each.ms);
      else if (each.op === 'delete') server.store.delete(key);
      else if (each.op === 'alter') server.store.put(key, 'altered');
      else if (each.op === 'revoke') {
        const leaseId = entry()?.leaseId;
        if (leaseId !== undefined) server.store.revokeLease(leaseId);
      } else if (each.op === 'stop') server.stop();
      else if (each.op === 'start') server.start();
      else if (each.op === 'empty') server.start('empty');
      else if (each.op === 'cut') etcd.cut();
      else etcd.heal();
    }
    calm = true;
    server.start();
    etcd.heal();
    // A call that was lost before it grew quiet may still be waited for.
    await pass(2_500 + SOON);
    await starting;
    expect(registered()).toBe(true);
    const stopping = registrar.stop();
    await pass(LEASE * 1000);
    await stopping;
    expect(entry()).toBeUndefined();
    server.close();
  },
);
