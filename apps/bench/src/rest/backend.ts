import {
  CreateOrderRequest,
  CreateOrderResponse,
  GetOrderRequest,
  GetOrderResponse,
  OrderServiceDefinition,
  type Order,
} from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import type { Channel } from '@stampede/rpc';

const PLACED = new Date('2026-01-02T03:04:05.678Z');

/** An order as the service would answer it: two lines, all fields. */
function orderOf(id: string, items: CreateOrderRequest['items'], userId: string): Order {
  return {
    id,
    userId,
    status: 2,
    reason: '',
    items: items.map(({ sku, quantity }) => ({
      sku,
      title: `The product ${sku}`,
      quantity,
      unitPrice: { currency: 'EUR', amountMinor: 1_999 },
    })),
    total: { currency: 'EUR', amountMinor: 1_999 * items.reduce((sum, { quantity }) => sum + quantity, 0) },
    version: 2,
    createTime: PLACED,
    updateTime: PLACED,
  };
}

const LINES = [
  { sku: 'sku-1', quantity: 1 },
  { sku: 'sku-2', quantity: 3 },
];

/**
 * The order service as either server sees it: a channel whose far side is in the same process. Requests and responses go through their bytes,
 * as they would, so that what is measured is the edge and nothing behind it. The SKU `gone` is out of stock, the order `nothing` is not there.
 */
export function createBackend(): Channel {
  const absent = () => {
    throw new Error('the bench makes unary calls alone');
  };
  const answers: Readonly<Record<string, (bytes: Uint8Array, user: string) => Uint8Array>> = {
    [`/${OrderServiceDefinition.fullName}/CreateOrder`](bytes, user) {
      const { items, idempotencyKey } = CreateOrderRequest.decode(bytes);
      if (items[0]?.sku === 'gone') {
        throw new AppError('FAILED_PRECONDITION', 'OUT_OF_STOCK', 'none left', { metadata: { sku: 'gone' } });
      }
      return CreateOrderResponse.encode({ order: orderOf(idempotencyKey, items, user) }).finish();
    },
    [`/${OrderServiceDefinition.fullName}/GetOrder`](bytes, user) {
      const { id } = GetOrderRequest.decode(bytes);
      if (id === 'nothing') throw new AppError('NOT_FOUND', 'ORDER_NOT_FOUND', `there is no order ${id}`);
      return GetOrderResponse.encode({ order: orderOf(id, LINES, user) }).finish();
    },
  };
  return {
    async unary(method, request, { user } = {}) {
      const answer = answers[method.path];
      if (answer === undefined) throw new AppError('UNIMPLEMENTED', 'UNIMPLEMENTED', method.path);
      // A turn of the promises, as an answer takes one that comes from elsewhere.
      return method.decode(await Promise.resolve(answer(method.encode(request), user?.id ?? '')));
    },
    serverStream: absent,
    clientStream: absent,
    bidi: absent,
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
