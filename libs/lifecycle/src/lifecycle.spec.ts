import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { createLifecycle, systemClock, type Component, type LifecycleOptions } from './index.ts';

function setup(options: Pick<LifecycleOptions, 'stopTimeoutMs' | 'clock'> = {}) {
  const events: string[] = [];
  const host = Object.assign(new EventEmitter(), { exit: vi.fn((code: number) => void events.push(`exit ${code}`)) });
  const log = { info: vi.fn(), error: vi.fn(), fatal: vi.fn() };
  const part = (name: string, over: Partial<Component> = {}): Component => ({
    name,
    start: async () => void events.push(`start ${name}`),
    stop: async () => void events.push(`stop ${name}`),
    ...over,
  });
  return { events, host, log, part, lifecycle: createLifecycle({ log, host, ...options }) };
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'disconnect'])(
  'starts in order and stops in reverse on %s',
  async (signal) => {
    const { events, host, part, lifecycle } = setup();
    const life = lifecycle.add(part('a')).add(part('b')).run();
    await vi.waitFor(() => expect(events).toEqual(['start a', 'start b']));
    host.emit(signal);
    await life;
    expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a', 'exit 0']);
    expect(host.listenerCount(signal)).toBe(0);
  },
);

test('a failed start stops what was started and exits with 1', async () => {
  const { events, part, log, lifecycle } = setup();
  const broken = part('b', { start: () => Promise.reject(new Error('no database')) });
  await lifecycle.add(part('a')).add(broken).add(part('c')).run();
  expect(events).toEqual(['start a', 'stop a', 'exit 1']);
  expect(log.fatal).toHaveBeenCalledWith(expect.objectContaining({ component: 'b' }), 'failed to start');
});

test('a component that fails to stop is logged and does not keep the others up', async () => {
  const { events, host, part, log, lifecycle } = setup();
  const life = lifecycle
    .add(part('a'))
    .add(part('b', { stop: () => Promise.reject(new Error('stuck')) }))
    .run();
  await vi.waitFor(() => expect(events).toContain('start b'));
  host.emit('SIGTERM');
  await life;
  expect(events).toEqual(['start a', 'start b', 'stop a', 'exit 0']);
  expect(log.error).toHaveBeenCalledWith(expect.objectContaining({ component: 'b' }), 'failed to stop');
});

test('a signal during the start keeps the rest from starting', async () => {
  const { events, host, part, lifecycle } = setup();
  const slow = Promise.withResolvers<undefined>();
  const life = lifecycle
    .add(part('a', { start: () => slow.promise }))
    .add(part('b'))
    .run();
  host.emit('SIGTERM');
  slow.resolve(undefined);
  await life;
  expect(events).toEqual(['stop a', 'exit 0']);
});

test('a second signal exits at once, unless it is the first one told twice', async () => {
  let now = 0;
  const { events, host, part, lifecycle } = setup({ clock: { ...systemClock, monotonic: () => now } });
  const never = Promise.withResolvers<undefined>();
  void lifecycle.add(part('a', { stop: () => never.promise })).run();
  await vi.waitFor(() => expect(events).toEqual(['start a']));
  host.emit('SIGINT');
  host.emit('SIGINT');
  expect(events).toEqual(['start a']);
  now = 1_001;
  host.emit('SIGINT');
  expect(events).toEqual(['start a', 'exit 1']);
});

test('what does not stop in time is left behind', async () => {
  const { events, host, part, log, lifecycle } = setup({ stopTimeoutMs: 5 });
  const never = Promise.withResolvers<undefined>();
  void lifecycle.add(part('a', { stop: () => never.promise })).run();
  await vi.waitFor(() => expect(events).toEqual(['start a']));
  host.emit('SIGTERM');
  await vi.waitFor(() => expect(events).toContain('exit 1'));
  expect(log.fatal).toHaveBeenCalledWith({ stopTimeoutMs: 5 }, 'not stopped in time');
});

test('an error that nobody caught stops all and exits with 1', async () => {
  const { events, host, part, lifecycle } = setup();
  const life = lifecycle.add(part('a')).run();
  await vi.waitFor(() => expect(events).toEqual(['start a']));
  host.emit('unhandledRejection', new Error('boom'));
  await life;
  expect(events).toEqual(['start a', 'stop a', 'exit 1']);
});

test('the system clock sleeps, and wakes with the reason of an abort', async () => {
  const before = systemClock.monotonic();
  await systemClock.sleep(2);
  expect(systemClock.monotonic()).toBeGreaterThan(before);
  const reason = new Error('enough');
  await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('a scheduled run that is cancelled never happens', async () => {
  const run = vi.fn();
  const cancel = systemClock.schedule(0, run);
  cancel();
  await systemClock.sleep(5);
  expect(run).not.toHaveBeenCalled();
});
