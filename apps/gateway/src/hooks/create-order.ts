import { Order_Status } from '@stampede/contracts';
import { invalid } from '@stampede/errors';
import type { Message, MethodHooks } from '@stampede/rest';
import { preferencesOf } from './preferences.ts';

/** Printable ASCII. */
const KEY = /^[ -~]{1,255}$/;
/** Seconds after which a client may ask what became of its order. */
const RETRY_AFTER = '1';

/** `POST /v1/orders`: its key and its patience are headers; an order that is still under way is 202. */
export function createOrderHooks(deadlineMs: () => number): MethodHooks {
  return {
    fieldsFromHeaders: ['idempotency_key', 'respond_async'],
    request(message, { headers }) {
      const key = headers['idempotency-key'];
      if (typeof key !== 'string' || !KEY.test(key)) {
        const description = key === undefined ? 'is missing' : 'must be 1 to 255 printable ASCII characters';
        throw invalid({ field: 'Idempotency-Key', description });
      }
      const { respondAsync, wait } = preferencesOf(headers['prefer']);
      message['idempotency_key'] = key;
      message['respond_async'] = respondAsync || wait === 0;
      return wait === undefined || wait === 0 ? undefined : { deadlineMs: Math.min(wait * 1000, deadlineMs()) };
    },
    response(message, { headers }) {
      const { id, status } = message['order'] as { id: string; status: number } & Message;
      const location = `/v1/orders/${id}`;
      if (status !== Order_Status.PENDING && status !== Order_Status.UNWINDING)
        return { status: 201, headers: { location } };
      const { respondAsync } = preferencesOf(headers['prefer']);
      return {
        status: 202,
        headers: {
          location,
          'retry-after': RETRY_AFTER,
          ...(respondAsync ? { 'preference-applied': 'respond-async' } : {}),
        },
      };
    },
    document: {
      parameters: [
        {
          name: 'Idempotency-Key',
          in: 'header',
          required: true,
          description:
            'Makes a repeated request the same order: 1 to 255 printable ASCII characters, unique among your orders.',
          schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[ -~]+$' },
        },
        {
          name: 'Prefer',
          in: 'header',
          description:
            '`respond-async` answers as soon as the order is safe; `wait=N` waits N seconds at most (RFC 7240).',
          schema: { type: 'string' },
        },
      ],
      responses: {
        201: 'The order has been placed; its status says how it ended.',
        202: 'The order is safe and under way; its outcome will be found at `Location`.',
      },
    },
  };
}
