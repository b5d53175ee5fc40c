import { Payment_State, type PaymentServiceDefinition } from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import type { CallOptions, Client } from '@stampede/rpc';
import type { Payments } from '../domain/ports.ts';
import { asked, unforeseen } from './asked.ts';

export interface PaymentsOptions {
  readonly client: Pick<Client<PaymentServiceDefinition>, 'charge' | 'void' | 'refund'>;
  /** How long one question may take. */
  readonly deadlineMs: () => number;
}

/** The payment service behind the domain's port: its verdicts become values, and whatever else it says is thrown, as unknown. */
export function createPayments({ client, deadlineMs }: PaymentsOptions): Payments {
  const options = (signal: AbortSignal | undefined): CallOptions => ({
    deadlineMs: deadlineMs(),
    ...(signal !== undefined && { signal }),
  });

  async function makeVoid(orderId: string, signal: AbortSignal | undefined): Promise<void> {
    const { payment } = await client.void({ orderId }, options(signal));
    switch (payment?.state) {
      case Payment_State.VOIDED:
      case Payment_State.REFUNDED:
      case Payment_State.DECLINED:
        return;
      default:
        throw unforeseen('Void', payment?.state);
    }
  }

  return {
    async charge({ id, userId, total }, paymentToken, signal) {
      const answer = await asked(client.charge({ orderId: id, userId, amount: total, paymentToken }, options(signal)));
      if (answer instanceof AppError) {
        if (answer.reason === 'PAYMENT_VOIDED') return { verdict: 'gone' };
        const declineCode = declineCodeOf(answer);
        if (declineCode === undefined) throw answer;
        return {
          verdict: 'refused',
          refusal: { reason: 'PAYMENT_DECLINED', metadata: { decline_code: declineCode } },
        };
      }
      if (answer.payment?.state !== Payment_State.CHARGED) throw unforeseen('Charge', answer.payment?.state);
      return { verdict: 'charged' };
    },

    void: makeVoid,

    async refund(orderId, signal) {
      const answer = await asked(client.refund({ orderId }, options(signal)));
      if (answer instanceof AppError) {
        // Nothing to give back after all; a void makes sure that it stays so.
        if (answer.reason === 'PAYMENT_NOT_CHARGED') return makeVoid(orderId, signal);
        throw answer;
      }
      if (answer.payment?.state !== Payment_State.REFUNDED) throw unforeseen('Refund', answer.payment?.state);
    },
  };
}

/** Why there will be no charge; undefined where that is not what was answered. A request that breaks the contract is never charged either. */
function declineCodeOf({ code, reason, metadata }: AppError): string | undefined {
  if (reason === 'PAYMENT_DECLINED') return metadata['decline_code'] ?? 'declined';
  return code === 'INVALID_ARGUMENT' ? 'invalid_request' : undefined;
}
