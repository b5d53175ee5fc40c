import { silentLogger } from '@stampede/telemetry';
import { fakeClock } from '@stampede/testing';
import { expect, test, vi } from 'vitest';
import { Metadata } from '../metadata.ts';
import type { ServerContext } from '../server-context.ts';
import { arrivalOf } from './arrival.ts';
import { Dispatcher } from './dispatcher.ts';
import { withDefaults } from './limits.ts';
import type { ServedMethod } from './served-method.ts';

function setup(handle: (context: ServerContext) => Promise<unknown> = () => Promise.resolve(Buffer.of(1))) {
  const clock = fakeClock();
  const handler = vi.fn((_request: unknown, context: ServerContext) => handle(context));
  const method: ServedMethod = {
    path: '/s.S/M',
    service: 's.S',
    method: 'M',
    kind: 'unary',
    decode: (bytes) => bytes,
    encode: (message) => message as Uint8Array,
    handle: handler,
  };
  const limits = withDefaults({ defaultDeadlineMs: 1_000 });
  const common = { instance: 'i', log: silentLogger(), metrics: undefined, secret: undefined, usersFrom: [] };
  const dispatcher = new Dispatcher({ ...common, limits, clock });
  const begin = (deadline?: number, metadata = new Metadata()) => {
    const begun = dispatcher.begin(method, arrivalOf(metadata, deadline));
    if (begun.kind !== 'admitted') throw new Error(`refused: ${begun.status.message}`);
    return begun.call;
  };
  return { clock, dispatcher, method, handler, begin };
}

test('a call whose deadline has passed is not started', () => {
  const { clock, dispatcher, method, handler } = setup();
  const begun = dispatcher.begin(method, arrivalOf(new Metadata(), clock.now()));
  expect(begun).toMatchObject({ kind: 'refused', status: { code: 4 } });
  expect(begun.kind === 'refused' && begun.status.trailers?.get('stampede-outcome')).toBe('not-processed');
  expect(handler).not.toHaveBeenCalled();
  expect(dispatcher.inFlight).toBe(0);
});

test('a call without a deadline gets the default, one with a deadline its own', async () => {
  const { clock, begin } = setup();
  expect(begin().context.remainingMs()).toBe(1_000);
  const { context } = begin(clock.now() + 50);
  await clock.advance(30);
  expect(context.remainingMs()).toBe(20);
  await clock.advance(30);
  expect(context.remainingMs()).toBe(0);
});

test('is idle when the last handler is done, not when the last caller is gone', async () => {
  const gate = Promise.withResolvers<Uint8Array>();
  const { dispatcher, begin } = setup(() => gate.promise);
  const call = begin();
  const reply = call.reply(Buffer.of(), {
    answered: () => undefined,
    failed: () => undefined,
    forced: () => undefined,
  });
  let idle = false;
  const waiting = dispatcher.idle().then(() => (idle = true));
  dispatcher.cutOff();
  await Promise.resolve();
  expect(idle).toBe(false);
  gate.resolve(Buffer.of(2));
  await reply;
  await waiting;
  expect(dispatcher.inFlight).toBe(0);
});

test('what a call is cut by is told to its handler once, also to one that asks late', () => {
  const { dispatcher, begin } = setup();
  const { context } = begin();
  dispatcher.cutOff();
  expect(context.signal.aborted).toBe(true);
  expect(context.signal.reason).toMatchObject({ code: 'UNAVAILABLE', reason: 'CUT_OFF' });
});

test('a broken traceparent starts a new trace, a good one is continued under a span of its own', () => {
  const { begin } = setup();
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const { trace } = begin(undefined, new Metadata({ traceparent, tracestate: 'v=1' })).context;
  expect(trace).toMatchObject({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', sampled: true, state: 'v=1' });
  expect(trace.spanId).not.toBe('00f067aa0ba902b7');
  expect(begin(undefined, new Metadata({ traceparent: 'nonsense' })).context.trace.traceId).toMatch(/^[0-9a-f]{32}$/);
});
