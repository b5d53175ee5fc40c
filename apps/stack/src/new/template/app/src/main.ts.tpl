import { descriptorSet, {{Name}}ServiceDefinition } from '@stampede/contracts';
import { createService } from '@stampede/service';
import { uuidv7 } from 'uuidv7';
import { {{name}}Service } from './rpc/{{name}}-service.ts';
import { settingsSchema } from './settings.ts';
import { postgres{{Name}}Store } from './store/postgres-{{name}}-store.ts';

const service = await createService({
  service: '{{name}}',
  schema: settingsSchema,
  migrations: new URL('./store/migrations/', import.meta.url),
  usersFrom: ['gateway'],
  descriptors: await descriptorSet(),
});
const {{name}}s = postgres{{Name}}Store(service.database);
service.server.add({{Name}}ServiceDefinition, {{name}}Service({ {{name}}s, newId: uuidv7, settings: () => service.config.current }));
await service.run();
