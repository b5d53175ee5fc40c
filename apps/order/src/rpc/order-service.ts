import type { OrderServiceDefinition } from '@stampede/contracts';
import type { Handlers, ServerContext } from '@stampede/rpc';
import { cancelOrder, refundOrder, shipOrder, visible, type ChangeOrderPorts } from '../domain/change-order.ts';
import type { OrderFeed, Waiting } from '../domain/order-feed.ts';
import { placeOrder, type PlaceOrderPorts } from '../domain/place-order.ts';
import type { OrderReader, Orders } from '../domain/ports.ts';
import { exportOrders, getOrder, listOrders } from '../domain/read-orders.ts';
import type { SagaDriver } from '../domain/saga-driver.ts';
import { checkedOrderId, requireActor, requireCaller } from './identity.ts';
import { orderToMessage, recordToMessage } from './order-message.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';

export interface OrderServiceOptions extends PlaceOrderPorts, ChangeOrderPorts {
  readonly orders: Orders;
  readonly feed: OrderFeed;
  readonly driver: SagaDriver;
  /** May be some moments behind: for GetOrder and ListOrders. */
  readonly reader: OrderReader;
  /** Up to date: for the audit. */
  readonly books: OrderReader;
}

/** stampede.order.v1.OrderService. */
export function createOrderService(ports: OrderServiceOptions): Handlers<OrderServiceDefinition> {
  return {
    async createOrder({ items, paymentToken, idempotencyKey, respondAsync }, context) {
      const { userId } = requireActor(context);
      const request = { userId, items, paymentToken, idempotencyKey };
      const order = await placeOrder(request, respondAsync ? { ms: 0 } : patience(context), ports);
      return { order: orderToMessage(order) };
    },
    async getOrder({ id }, context) {
      const actor = requireActor(context);
      return { order: orderToMessage(await getOrder(checkedOrderId(id), actor, ports)) };
    },
    async listOrders({ pageSize, pageToken }, context) {
      const actor = requireActor(context);
      const { orders, next } = await listOrders({ pageSize, before: decodePageToken(pageToken) }, actor, ports);
      return { orders: orders.map(orderToMessage), nextPageToken: encodePageToken(next) };
    },
    async cancelOrder({ id }, context) {
      const actor = requireActor(context);
      return { order: orderToMessage(await cancelOrder(checkedOrderId(id), actor, patience(context), ports)) };
    },
    async shipOrder({ id }, context) {
      const actor = requireActor(context);
      return { order: orderToMessage(await shipOrder(checkedOrderId(id), actor, ports)) };
    },
    async refundOrder({ id }, context) {
      const actor = requireActor(context);
      return { order: orderToMessage(await refundOrder(checkedOrderId(id), actor, patience(context), ports)) };
    },
    async *watchOrder({ id }, context) {
      const actor = requireActor(context);
      const order = visible(await ports.orders.find(checkedOrderId(id)), id, actor);
      for await (const news of ports.feed.watch(order, context.signal)) yield { order: orderToMessage(news) };
    },
    async *exportOrders(_request, context) {
      requireCaller(context, 'audit');
      for await (const records of exportOrders({ reader: ports.books }))
        yield { records: records.map(recordToMessage) };
    },
  };
}

/** What the answer needs to reach the caller in time. */
const MARGIN_MS = 200;

/** As long as the caller can wait, less what the answer itself takes; reckoned when it is asked for. */
function patience(context: ServerContext): Waiting {
  return {
    get ms() {
      const remaining = context.remainingMs();
      return remaining - Math.min(MARGIN_MS, remaining / 4);
    },
    signal: context.signal,
  };
}
