import { InventoryServiceDefinition, OrderServiceDefinition, UserServiceDefinition } from '@stampede/contracts';
import type { Message, MethodHooks } from '@stampede/rest';
import { createOrderHooks } from './create-order.ts';

/** What HTTP says of our methods beyond google.api.http, by `package.Service/Method`. */
export function methodHooks(deadlineMs: () => number): Readonly<Record<string, MethodHooks>> {
  const user = UserServiceDefinition;
  const inventory = InventoryServiceDefinition;
  const order = OrderServiceDefinition;
  return {
    [`${user.fullName}/${user.methods.createUser.name}`]: created('The new account.', () => '/v1/users/me'),
    [`${user.fullName}/${user.methods.createSession.name}`]: created('The new session.'),
    [`${inventory.fullName}/${inventory.methods.createProduct.name}`]: created('The new product.', ({ product }) => {
      const { sku } = product as { sku: string };
      return `/v1/products/${encodeURIComponent(sku)}`;
    }),
    [`${order.fullName}/${order.methods.createOrder.name}`]: createOrderHooks(deadlineMs),
  };
}

/** 201, with the address of what was made where it has one. */
function created(description: string, addressOf?: (message: Message) => string): MethodHooks {
  return {
    response: (message) =>
      addressOf === undefined ? { status: 201 } : { status: 201, headers: { location: addressOf(message) } },
    document: { responses: { 201: description } },
  };
}
