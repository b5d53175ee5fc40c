import { randomUUID } from 'node:crypto';
import { connectDatabase, migrate, type Database, type DatabaseOptions } from '@stampede/postgres';
import { silentLogger } from '@stampede/telemetry';
import { useDatabase } from '@stampede/testing';
import { afterAll, beforeAll } from 'vitest';
import { connectionsOf } from '../create-ports.ts';
import { settingsSchema } from '../settings.ts';
import { createProductStore } from '../store/product-store.ts';

/** What every product of `newProduct` costs. */
export const UNIT_PRICE = { currency: 'EUR', amountMinor: 100 };

/** A migrated database of inventory for the tests of a file, connected to as the service is. */
export function useInventory() {
  const log = silentLogger();
  const open = new AsyncDisposableStack();
  let first: Database;
  let url: string;

  async function migrated(): Promise<string> {
    const { url: fresh } = await useDatabase('inventory');
    await migrate({ url: fresh, directory: new URL('../store/migrations/', import.meta.url), log });
    return fresh;
  }

  function connect(options: Partial<DatabaseOptions> = {}): Database {
    const base = { url, applicationName: 'spec', log, ...connectionsOf(settingsSchema.parse({})) };
    const connected = connectDatabase({ ...base, ...options });
    open.defer(() => connected.close());
    return connected;
  }

  beforeAll(async () => {
    url = await migrated();
    first = connect();
  });
  afterAll(() => open.disposeAsync());

  return {
    get database() {
      return first;
    },
    connect,
    /** The URL of one more database. */
    migrated,
    newProduct: async (available: number): Promise<string> => {
      const sku = randomUUID();
      await createProductStore(first).create({ sku, title: 'x', unitPrice: UNIT_PRICE, available });
      return sku;
    },
    left: async (sku: string) => (await createProductStore(first).find([sku]))[0]?.available,
  };
}
