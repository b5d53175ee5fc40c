import { fc, test } from '@fast-check/vitest';
import { Histogram, Registry } from 'prom-client';
import { expect } from 'vitest';
import { CallHistogram } from './call-histogram.ts';

const BUCKETS = [0.001, 0.01, 0.1, 1];
const calls = fc.array(
  fc.record({
    rpc_service: fc.constantFrom('a.A', 'b.B'),
    rpc_method: fc.constantFrom('Get', 'Put'),
    code: fc.constantFrom('OK', 'ABORTED'),
    seconds: fc.oneof(fc.constantFrom(...BUCKETS, 0), fc.double({ min: 0, max: 2, noNaN: true })),
  }),
  { maxLength: 40 },
);

/** Labels may come in any order. */
const sorted = (line: string) =>
  line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').sort().join(',')}}`);

test.prop([calls], { numRuns: 50 })('says what prom-client’s own histogram says', async (observed) => {
  const [ours, theirs] = [new Registry(), new Registry()];
  for (const registry of [ours, theirs]) registry.setDefaultLabels({ app: 'x' });
  const histogram = new CallHistogram('server', 'Calls', BUCKETS);
  histogram.register(ours);
  const labelNames = ['rpc_service', 'rpc_method', 'code'];
  const name = 'rpc_server_duration_seconds';
  const model = new Histogram({ name, help: 'Calls', labelNames, buckets: BUCKETS, registers: [theirs] });
  for (const { rpc_service, rpc_method, code, seconds } of observed) {
    histogram.observe(rpc_service, rpc_method, code, seconds);
    model.observe({ rpc_service, rpc_method, code }, seconds);
  }
  const lines = async (registry: Registry) => (await registry.metrics()).split('\n').map(sorted).sort();
  expect(await lines(ours)).toEqual(await lines(theirs));
});
