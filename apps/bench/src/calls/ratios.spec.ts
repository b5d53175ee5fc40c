import { expect, test } from 'vitest';
import { ratiosOf } from './ratios.ts';

const measured = (transport: string, callsPerSecond: number, p50Ms: number, callers = 64) => ({
  transport,
  callers,
  callsPerSecond,
  p50Ms,
});
const peers = [
  measured('undici-fastify', 40_000, 1.5),
  measured('grpc-js-unary', 8_000, 7),
  measured('raw-tcp', 150_000, 0.4),
];

test('the lane is set against each peer at 64 callers', () => {
  const lane = [measured('lane', 1, 1, 1), measured('lane', 120_000, 0.5)];
  expect(ratiosOf([...lane, ...peers])).toEqual({
    laneToHttpJson64: 3,
    laneToUnary64: 15,
    laneP50ToHttpJson64: 0.3333,
    laneToRawTcp64: 0.8,
  });
});

test('without the lane, or without a peer, there is nothing to compare', () => {
  expect(ratiosOf(peers)).toEqual({});
  expect(ratiosOf([measured('lane', 120_000, 0.5), ...peers.slice(1)])).toEqual({
    laneToUnary64: 15,
    laneToRawTcp64: 0.8,
  });
});
