import { expect, test } from 'vitest';
import { rpcLimitsOf } from './rpc-limits.ts';

test('takes what is set and leaves the rest to the library', () => {
  expect(rpcLimitsOf({ RPC_MAX_CALLS: '500', RPC_MAX_HELD_MB: '', RPC_MAX_CONNECTIONS: '7' })).toEqual({
    maxCalls: 500,
    maxConnections: 7,
  });
  expect(rpcLimitsOf({})).toEqual({});
});

test.each(['0', '-1', 'many', '1.5', '9999999999'])('a limit of %s is said at once', (value) => {
  expect(() => rpcLimitsOf({ RPC_MAX_CALLS: value })).toThrow('RPC_MAX_CALLS must be');
});
