import type { Database } from '@stampede/postgres';
import { uuidv7 } from 'uuidv7';
import type { Crash } from './domain/crash-points.ts';
import type { InventoryPorts } from './rpc/inventory-service.ts';
import type { Settings } from './settings.ts';
import { createBooksStore } from './store/books-store.ts';
import { createProductStore } from './store/product-store.ts';
import { createReservationStore } from './store/reservation-store.ts';

/** The ports of the service on its databases; `books` is the one whose statements may take minutes, `crash` is for proofs. */
export function createPorts(
  database: Database,
  books: Database,
  settings: () => Settings,
  crash?: Crash,
): InventoryPorts {
  const limits = () => settings().batch;
  return {
    products: createProductStore(database),
    reservations: createReservationStore(database, { limits, crash }),
    books: createBooksStore(books),
    newId: uuidv7,
  };
}
