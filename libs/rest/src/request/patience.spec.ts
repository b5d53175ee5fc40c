import { expect, test } from 'vitest';
import { LIBRARY, serveLibrary } from '../spec/library.ts';

async function deadlineOf(headers: Record<string, string>, options = {}) {
  const { app, calls } = await serveLibrary({}, { deadlineMs: 5_000, ...options });
  const response = await app.inject({ url: '/v1/books/7', headers });
  return [calls[0]?.options.deadlineMs, response.headers['preference-applied']];
}

test.each([
  ['250m', 250],
  ['3S', 3_000],
  ['1500000u', 1_500],
  ['2000000n', 2],
  ['1H', 5_000],
  ['1M', 5_000],
  ['99999999H', 5_000],
  ['0S', 0],
])('grpc-timeout: %s leaves %d ms, and never more than there were', async (timeout, deadlineMs) => {
  expect(await deadlineOf({ 'grpc-timeout': timeout })).toEqual([deadlineMs, undefined]);
});

test.each(['', '1', 'S', '1s', '-1S', '1.5S', '123456789S', '1 S', '1S,2S'])(
  'grpc-timeout: %j is refused',
  async (timeout) => {
    const { app, calls } = await serveLibrary();
    const response = await app.inject({ url: '/v1/books/7', headers: { 'grpc-timeout': timeout } });
    expect(response.json()).toMatchObject({ status: 400, violations: [{ field: 'grpc-timeout' }] });
    expect(calls).toEqual([]);
  },
);

test.each([
  ['wait=2', 2_000, 'wait=2'],
  ['Wait = "2"', 2_000, 'wait=2'],
  ['respond-async, wait=3;foo=bar', 3_000, 'wait=3'],
  ['wait=1, wait=4', 1_000, 'wait=1'],
  ['wait=5', 5_000, 'wait=5'],
  ['wait=9', 5_000, undefined],
  ['wait=0', 5_000, undefined],
  ['wait=-1', 5_000, undefined],
  ['wait', 5_000, undefined],
  ['return=minimal', 5_000, undefined],
])('Prefer: %s leaves %d ms', async (prefer, deadlineMs, applied) => {
  expect(await deadlineOf({ prefer })).toEqual([deadlineMs, applied]);
});

test('of both the shorter holds', async () => {
  expect(await deadlineOf({ prefer: 'wait=2', 'grpc-timeout': '1S' })).toEqual([1_000, 'wait=2']);
  expect(await deadlineOf({ prefer: 'wait=1', 'grpc-timeout': '2S' })).toEqual([1_000, 'wait=1']);
});

test('a hook that has decided about the wish is right, and still bound by the timeout', async () => {
  const hooks = { [`${LIBRARY}/GetBook`]: { request: () => ({ deadlineMs: 3_000 }) } };
  expect(await deadlineOf({ prefer: 'wait=1' }, { hooks })).toEqual([3_000, undefined]);
  expect(await deadlineOf({ prefer: 'wait=1', 'grpc-timeout': '2S' }, { hooks })).toEqual([2_000, undefined]);
});
