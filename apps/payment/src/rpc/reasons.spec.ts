import { PaymentErrorReason } from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import { expect, test } from 'vitest';
import { declined } from '../domain/payment-error.ts';
import { CONTRACT_REASONS, inContractWords } from './reasons.ts';

test('the domain has a word for every reason of the contract', () => {
  const said = Object.values(CONTRACT_REASONS);
  expect(said.toSorted()).toEqual(
    Object.keys(PaymentErrorReason)
      .filter((reason) => reason !== 'UNSPECIFIED')
      .toSorted(),
  );
});

test('a refusal keeps what it says', () => {
  expect(inContractWords(declined('card_declined'))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'PAYMENT_DECLINED',
    metadata: { decline_code: 'card_declined' },
  });
});

test('what is not of the domain passes as it is', () => {
  for (const thrown of [
    new AppError('UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'away'),
    new TypeError('oops'),
    'toString',
  ]) {
    expect(inContractWords(thrown)).toBe(thrown);
  }
});
