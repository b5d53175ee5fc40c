import type { Database, DatabaseOptions } from '@stampede/postgres';
import { uuidv7 } from 'uuidv7';
import type { Crash } from './domain/crash-points.ts';
import type { InventoryPorts } from './rpc/inventory-service.ts';
import type { Settings } from './settings.ts';
import { createBooksStore } from './store/books-store.ts';
import { NESTED_LOOPS } from './store/hold-all.ts';
import { createProductStore } from './store/product-store.ts';
import { createReservations } from './store/reservations.ts';
import { createVerdictStore } from './store/verdict-store.ts';

/** How the service is connected to the database that its ports stand on. */
export function connectionsOf({ database }: Settings): Pick<DatabaseOptions, 'max' | 'pipeline' | 'settings'> {
  return { max: database.connections, pipeline: true, settings: NESTED_LOOPS };
}

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
    reservations: createReservations({
      verdicts: createVerdictStore(database, crash),
      limits,
      monotonic: () => performance.now(),
    }),
    books: createBooksStore(books),
    newId: uuidv7,
  };
}
