import type { Etcd } from '@stampede/etcd';
import { eventually, startEtcdProcess } from '@stampede/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connect, keyOf, LEASE_SECONDS, serve, startCaller, startInstance, startLoad } from './setup.ts';

/** Who vanishes when: each sentence of README.md on real connections. */
vi.setConfig({ testTimeout: 120_000 });

const PATIENCE = { timeoutMs: 20_000 };
/** Milliseconds; the deadline of a call is 5,000. */
const AT_ONCE_MS = 500;

type Caller = ReturnType<typeof startCaller>;

async function setup() {
  const server = await startEtcdProcess();
  onTestFinished(() => server.stop());
  return { server, etcd: connect(server.endpoint) };
}

/** Servers that are registered by hand, under one lease, so that nobody puts a key back. */
async function standing(etcd: Etcd, ...ids: string[]) {
  const servers = await Promise.all(ids.map((id) => serve(id)));
  const { id: leaseId } = await etcd.grantLease(600);
  for (const [index, { value }] of servers.entries()) await etcd.put(keyOf(ids[index] ?? ''), value, { leaseId });
  const caller = startCaller(etcd);
  await eventually(async () => expect(await caller.answering()).toEqual(ids), PATIENCE);
  return { servers, caller, leaseId };
}

async function nobodyAnswers(caller: Caller): Promise<void> {
  await eventually(() => expect([...caller.listed(), ...caller.fading()]).toEqual([]), PATIENCE);
  await failsAtOnce(caller);
}

/** Each call fails as UNAVAILABLE, and the most of them at once: a busy machine may hold up the odd one. */
async function failsAtOnce(caller: Caller): Promise<void> {
  const took: number[] = [];
  for (let count = 0; count < 11; count += 1) {
    const { code, ms } = await caller.failure();
    expect(code).toBe('UNAVAILABLE');
    took.push(ms);
  }
  expect(took.sort((a, b) => a - b)[5]).toBeLessThan(AT_ONCE_MS);
}

test('a deleted key removes its instance', async () => {
  const { etcd } = await setup();
  const { caller } = await standing(etcd, 'a', 'b', 'c');
  await etcd.delete(keyOf('a'));
  await eventually(() => expect([caller.listed(), caller.fading()]).toEqual([['b', 'c'], []]), PATIENCE);
  expect(await caller.answering()).toEqual(['b', 'c']);
});

test('except that the last of a service stays as long as its connection serves, until it drains', async () => {
  const { etcd } = await setup();
  const { caller, servers } = await standing(etcd, 'a');
  await etcd.delete(keyOf('a'));
  await eventually(() => expect(caller.fading()).toEqual(['a']), PATIENCE);
  await sleep(2 * LEASE_SECONDS * 1000);
  expect(await caller.answering()).toEqual(['a']);
  await servers[0]?.server.drain();
  await nobodyAnswers(caller);
});

test('and that most of a service that leaves at once stays, each until its own connection ends', async () => {
  const { etcd } = await setup();
  const { caller, servers, leaseId } = await standing(etcd, 'a', 'b', 'c');
  const { value } = await serve('d');
  await etcd.put(keyOf('d'), value);
  await eventually(async () => expect(await caller.answering()).toEqual(['a', 'b', 'c', 'd']), PATIENCE);
  await etcd.revokeLease(leaseId);
  await eventually(() => expect([caller.listed(), caller.fading()]).toEqual([['d'], ['a', 'b', 'c']]), PATIENCE);
  expect(await caller.answering()).toEqual(['a', 'b', 'c', 'd']);
  await servers[1]?.server.drain();
  await eventually(() => expect(caller.fading()).toEqual(['a', 'c']), PATIENCE);
  expect(await caller.answering()).toEqual(['a', 'c', 'd']);
});

test('most of a service that leaves one after the other: no call fails', async () => {
  const { etcd } = await setup();
  const { caller } = await standing(etcd, 'a', 'b', 'c', 'd');
  const load = startLoad(caller.call);
  for (const id of ['a', 'b', 'c', 'd']) await etcd.delete(keyOf(id));
  await eventually(() => expect(caller.listed()).toEqual([]), PATIENCE);
  // Connections to those that left before most had are closed by then; the others serve.
  expect(caller.fading()).toEqual(expect.arrayContaining(['c', 'd']));
  load.seen.answered.clear();
  await eventually(() => expect([...load.seen.answered]).toEqual(expect.arrayContaining(['c', 'd'])), PATIENCE);
  await load.stop();
  expect(load.seen.errors).toEqual([]);
});

test('the same departures over more than a lease time are departures', async () => {
  const { etcd } = await setup();
  const { caller } = await standing(etcd, 'a', 'b', 'c');
  for (const id of ['a', 'b']) {
    await etcd.delete(keyOf(id));
    await eventually(() => expect(caller.listed()).not.toContain(id), PATIENCE);
    await sleep(LEASE_SECONDS * 1000 + 200);
  }
  expect([caller.listed(), caller.fading()]).toEqual([['c'], []]);
});

test('a process that is killed is no longer called, and fades no longer than its connection', async () => {
  const { etcd, server } = await setup();
  const instance = await startInstance('a', server.endpoint);
  const caller = startCaller(etcd);
  await eventually(async () => expect(await caller.answering()).toEqual(['a']), PATIENCE);
  await instance.kill();
  await eventually(async () => expect((await caller.failure()).code).toBe('UNAVAILABLE'), PATIENCE);
  // Its lease may last for a while yet: it is listed, and refuses.
  await failsAtOnce(caller);
  await nobodyAnswers(caller);
});

test('the last one leaves in good order: calls fail at once', async () => {
  const { etcd, server } = await setup();
  const instances = await Promise.all(['a', 'b'].map((id) => startInstance(id, server.endpoint)));
  const caller = startCaller(etcd);
  await eventually(async () => expect(await caller.answering()).toEqual(['a', 'b']), PATIENCE);
  for (const instance of instances) await instance.leave();
  await nobodyAnswers(caller);
  await startInstance('c', server.endpoint);
  await eventually(async () => expect(await caller.answering()).toEqual(['c']), PATIENCE);
});

test('an address that answers with another id is not that instance', async () => {
  const { etcd } = await setup();
  const { caller, servers } = await standing(etcd, 'a');
  const { address = '' } = servers[0] ?? {};
  await servers[0]?.server.drain();
  const successor = await serve('b', Number(address.split(':')[1]));
  // etcd still says that `a` is there.
  await eventually(async () => expect((await caller.failure()).code).toBe('UNAVAILABLE'), PATIENCE);
  expect(caller.listed()).toEqual(['a']);
  await failsAtOnce(caller);
  await etcd.delete(keyOf('a'));
  await eventually(() => expect(caller.listed()).toEqual([]), PATIENCE);
  await failsAtOnce(caller);
  await etcd.put(keyOf('b'), successor.value);
  await eventually(async () => expect(await caller.answering()).toEqual(['b']), PATIENCE);
});
