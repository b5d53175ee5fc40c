import { descriptorSet, InventoryServiceDefinition } from '@stampede/contracts';
import { crashAt, createService } from '@stampede/service';
import { connectionsOf, createPorts } from './create-ports.ts';
import { CRASH_POINTS } from './domain/crash-points.ts';
import { inventoryService } from './rpc/inventory-service.ts';
import { settingsSchema } from './settings.ts';

const service = await createService({
  service: 'inventory',
  schema: settingsSchema,
  migrations: new URL('./store/migrations/', import.meta.url),
  usersFrom: ['gateway'],
  descriptors: await descriptorSet(),
  database: connectionsOf,
});
const books = service.connect('books', { max: 1, acquireTimeoutMs: 60_000, statementTimeoutMs: 600_000 });
const crash = crashAt(service.env, 'inventory', CRASH_POINTS);
const ports = createPorts(service.database, books, () => service.config.current, crash);

service.server.add(InventoryServiceDefinition, inventoryService(ports));
await service.run();
