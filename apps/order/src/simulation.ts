/** What the simulation of the whole shop runs of this service: its rooms as they are, and its database in memory. */
export { configSchema, type OrderConfig } from './config.ts';
export type { CrashablePorts } from './domain/crash-points.ts';
export type { Order, Status } from './domain/order.ts';
export { createMemoryOrders, type BrokenOrders, type MemoryOrders } from './domain/simulation/memory-orders.ts';
export { createOrderRooms } from './order-rooms.ts';
