import { expect, onTestFinished, test } from 'vitest';
import { TRANSPORTS } from '../calls/transports.ts';
import { createRpcBench } from './rpc.ts';

test('in miniature: every transport that needs no installation, with every number of callers', async () => {
  const scope = new AsyncDisposableStack();
  onTestFinished(() => scope.disposeAsync());
  const own = TRANSPORTS.filter(({ peer }) => !peer);
  const { signal } = new AbortController();
  const said: string[] = [];
  const { figures, text, broken } = await createRpcBench(own, [1, 8]).run({
    seconds: 0.2,
    rounds: 2,
    say: (line) => said.push(line),
    signal,
    scope,
  });
  expect(broken).toBeUndefined();
  const results = figures['results'] as Record<string, unknown>[];
  expect(results.map(({ transport, callers }) => `${String(transport)} ${String(callers)}`)).toEqual(
    own.flatMap(({ name }) => [`${name} 1`, `${name} 8`]),
  );
  for (const result of results) {
    expect(result).toEqual({
      transport: expect.any(String) as string,
      callers: expect.any(Number) as number,
      callsPerSecond: expect.any(Number) as number,
      minCallsPerSecond: expect.any(Number) as number,
      maxCallsPerSecond: expect.any(Number) as number,
      p50Ms: expect.any(Number) as number,
      p99Ms: expect.any(Number) as number,
      cpuMicrosPerCall: { client: expect.any(Number) as number, server: expect.any(Number) as number },
    });
    expect(result['callsPerSecond']).toBeGreaterThan(0);
    expect(Number(result['p99Ms'])).toBeGreaterThanOrEqual(Number(result['p50Ms']));
  }
  expect(figures['ratios']).toEqual({});
  expect(text).toContain('raw-tcp');
  expect(said).toContain('round 2 of 2, 8 callers …');
});
