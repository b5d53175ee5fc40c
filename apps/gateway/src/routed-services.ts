import { InventoryServiceDefinition, OrderServiceDefinition, UserServiceDefinition } from '@stampede/contracts';

/** The services behind the gateway: names in discovery, and the contract of each. Payment is the order service's business alone. */
export const ROUTED = {
  user: UserServiceDefinition.fullName,
  inventory: InventoryServiceDefinition.fullName,
  order: OrderServiceDefinition.fullName,
} as const;

export type RoutedService = keyof typeof ROUTED;

/** What is read of the contracts: the services, and the reasons of their errors with the HTTP statuses. */
export const CONTRACT_FILES = [
  'stampede/user/v1/user.proto',
  'stampede/user/v1/reasons.proto',
  'stampede/inventory/v1/inventory.proto',
  'stampede/inventory/v1/reasons.proto',
  'stampede/order/v1/order.proto',
  'stampede/order/v1/reasons.proto',
  'stampede/payment/v1/reasons.proto',
];

/** The option that holds a reason's HTTP status. */
export const STATUS_OPTION = 'stampede.errors.v1.http_status';
