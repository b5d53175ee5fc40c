import { expect, test } from 'vitest';
import { AppError, codeOf, invalid } from './index.ts';

test('an AppError passes through from() untouched', () => {
  const error = new AppError('NOT_FOUND', 'ORDER_NOT_FOUND', 'no such order');
  expect(AppError.from(error)).toBe(error);
});

test('anything else becomes INTERNAL, says nothing of itself and stays as the cause', () => {
  const thrown = new TypeError('password=hunter2');
  const error = AppError.from(thrown);
  expect(error).toMatchObject({ code: 'INTERNAL', reason: 'INTERNAL', cause: thrown });
  expect(error.message).not.toContain('hunter2');
});

test('invalid names every field, in words and as data', () => {
  const error = invalid(
    { field: 'items[0].quantity', description: 'must be at least 1' },
    { field: 'payment_token', description: 'is required' },
  );
  expect(error.message).toBe('items[0].quantity: must be at least 1; payment_token: is required');
  expect(error.violations).toHaveLength(2);
});

test.each([
  [0, 'UNKNOWN'],
  [5, 'NOT_FOUND'],
  [16, 'UNAUTHENTICATED'],
  [99, 'UNKNOWN'],
])('code number %i reads as %s', (number, name) => {
  expect(codeOf(number)).toBe(name);
});
