import { InventoryServiceDefinition, OrderServiceDefinition, UserServiceDefinition } from '@stampede/contracts';
import type { DocumentedError, RestMethod } from '@stampede/rest';
import { PUBLIC_METHODS } from '../auth/public-methods.ts';

const user = UserServiceDefinition;
const inventory = InventoryServiceDefinition;
const order = OrderServiceDefinition;

const OPERATORS_ONLY: DocumentedError = {
  status: 403,
  code: 'PERMISSION_DENIED',
  reason: 'PERMISSION_DENIED',
  description: 'Only operators may do this.',
};

const unauthenticated = (reason: string, description: string): DocumentedError => ({
  status: 401,
  code: 'UNAUTHENTICATED',
  reason,
  description,
});

const WITHOUT_A_TOKEN: readonly DocumentedError[] = [
  unauthenticated('TOKEN_MISSING', 'There is no access token.'),
  unauthenticated('INVALID_TOKEN', 'The access token is not valid.'),
  unauthenticated('TOKEN_EXPIRED', 'The access token has expired: refresh the session.'),
  unauthenticated('UNKNOWN_KEY', 'The access token is signed with a key that is not ours.'),
];

const WITHOUT_ROOM: readonly DocumentedError[] = [
  {
    status: 503,
    code: 'UNAVAILABLE',
    reason: 'OVERLOADED',
    description: 'Too many requests at once: try again after `Retry-After`.',
  },
  {
    status: 429,
    code: 'RESOURCE_EXHAUSTED',
    reason: 'TOO_MANY_PIPELINED',
    description: 'Too many requests at once on one connection.',
  },
];

/** What methods fail with beyond the reasons that their comments in the contracts name. */
const MORE: Readonly<Record<string, readonly (string | DocumentedError)[]>> = {
  [`${user.fullName}/${user.methods.createUser.name}`]: ['TOO_MANY_LOGINS'],
  [`${user.fullName}/${user.methods.createSession.name}`]: ['TOO_MANY_LOGINS'],
  [`${user.fullName}/${user.methods.getCurrentUser.name}`]: ['USER_NOT_FOUND'],
  [`${inventory.fullName}/${inventory.methods.createProduct.name}`]: [OPERATORS_ONLY],
  [`${inventory.fullName}/${inventory.methods.restockProduct.name}`]: [
    OPERATORS_ONLY,
    'UNKNOWN_SKU',
    'RESTOCK_MISMATCH',
    'STOCK_LIMIT_EXCEEDED',
  ],
  [`${order.fullName}/${order.methods.createOrder.name}`]: ['MIXED_CURRENCIES', 'ORDER_CANCELLED', 'ORDER_EXPIRED'],
  [`${order.fullName}/${order.methods.getOrder.name}`]: ['ORDER_NOT_FOUND'],
  [`${order.fullName}/${order.methods.cancelOrder.name}`]: ['ORDER_NOT_FOUND', 'ILLEGAL_TRANSITION'],
  [`${order.fullName}/${order.methods.shipOrder.name}`]: [OPERATORS_ONLY, 'ORDER_NOT_FOUND', 'ILLEGAL_TRANSITION'],
  [`${order.fullName}/${order.methods.refundOrder.name}`]: [OPERATORS_ONLY, 'ORDER_NOT_FOUND', 'ILLEGAL_TRANSITION'],
  [`${order.fullName}/${order.methods.watchOrder.name}`]: ['ORDER_NOT_FOUND'],
};

/** The failures of a method for the API's description; its comment's and the edge's own are there already. */
export function documentedErrors({ fullName }: RestMethod): readonly (string | DocumentedError)[] {
  return [...(MORE[fullName] ?? []), ...(PUBLIC_METHODS.has(fullName) ? [] : WITHOUT_A_TOKEN), ...WITHOUT_ROOM];
}
