import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { createReserveHandler } from './reserve-handler.ts';
import type { ServedContext, RpcTransport } from './transport.ts';
import { TRANSPORTS } from './transports.ts';

const secret = 'a secret of the spec';
const context = {
  requestId: randomUUID(),
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
  user: { id: randomUUID(), roles: ['customer'] },
  deadlineMs: 20_000,
};
const request = {
  orderId: randomUUID(),
  lines: [{ sku: 'tee', quantity: 2, expectedUnitPrice: { currency: 'EUR', amountMinor: 1_999 } }],
};
const served: ServedContext[] = [];
const reserve = createReserveHandler();

async function open(module: string, clientSecret: string) {
  const { transport } = (await import(module)) as { transport: RpcTransport };
  const address = await transport.serve((message, given) => {
    served.push(given);
    return reserve(message, given);
  }, secret);
  return transport.connect(address, 'order', clientSecret);
}

afterAll(() => void served.splice(0));

// The peers need packages that the workspace does not install: the bench itself checks every answer of theirs.
test.each(TRANSPORTS.filter(({ peer }) => !peer))('$name carries the same things', async ({ module }) => {
  const call = await open(module, secret);
  const { reservation } = await call(request, context);
  expect(reservation).toMatchObject({ ...request, state: 1 });
  const { deadline, traceparent, ...rest } = served.at(-1)!;
  expect(rest).toEqual({ caller: 'order', requestId: context.requestId, user: context.user });
  expect(traceparent).toContain('0af7651916cd43dd8448eb211c80319c');
  expect(deadline - Date.now()).toBeGreaterThan(0);
  expect(deadline - Date.now()).toBeLessThanOrEqual(20_000);
});

test('nobody but the order service, proven, may reserve', () => {
  const given = { ...context, deadline: Date.now() + 1_000 };
  expect(() => reserve(request, { ...given, caller: undefined })).toThrow('only order may reserve, not nobody');
  expect(() => reserve(request, { ...given, caller: 'order', deadline: Date.now() })).toThrow('too late');
  expect(() => reserve(request, { ...given, caller: 'order', user: { id: '', roles: [] } })).toThrow('left out');
});
