/** What the simulation of the whole shop runs of this service: its handlers as they are, and its database in memory. */
export type { Product } from './domain/product.ts';
export type { Reservation } from './domain/reservation.ts';
export {
  createMemoryInventory,
  type BrokenInventory,
  type MemoryInventory,
} from './domain/simulation/memory-inventory.ts';
export { createReservations } from './store/reservations.ts';
export { inventoryService } from './rpc/inventory-service.ts';
