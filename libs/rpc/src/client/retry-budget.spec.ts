import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

test.prop([fc.array(fc.constantFrom('call', 'retry')), fc.nat(20), fc.double({ min: 0, max: 1, noNaN: true })])(
  'never allows more retries than its burst and its share of the calls',
  (events, capacity, perCall) => {
    const budget = new RetryBudget({ capacity, perCall });
    let calls = 0;
    let retries = 0;
    for (const event of events) {
      if (event === 'call') {
        calls += 1;
        budget.earn();
      } else if (budget.spend()) retries += 1;
      expect(retries).toBeLessThanOrEqual(capacity + calls * perCall + 1e-9);
    }
  },
);
