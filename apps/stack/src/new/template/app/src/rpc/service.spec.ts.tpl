import { {{Name}}ServiceDefinition } from '@stampede/contracts';
import { connectDatabase, migrate } from '@stampede/postgres';
import { createChannel, createClient, createServer, staticDiscovery, type Client } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import { useDatabase } from '@stampede/testing';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settingsSchema } from '../settings.ts';
import { postgres{{Name}}Store } from '../store/postgres-{{name}}-store.ts';
import { {{name}}Service } from './{{name}}-service.ts';

const SECRET = 'a secret of all services, for tests';
const log = silentLogger();
const ada = { id: uuidv7(), roles: ['customer'] };
const bob = { id: uuidv7(), roles: ['customer'] };
const closers: (() => Promise<void>)[] = [];
let client: Client<{{Name}}ServiceDefinition>;

beforeAll(async () => {
  const { url } = await useDatabase('{{name}}');
  await migrate({ url, directory: new URL('../store/migrations/', import.meta.url), log });
  const database = connectDatabase({ url, applicationName: 'test' });
  const ports = { {{name}}s: postgres{{Name}}Store(database), newId: uuidv7, settings: () => settingsSchema.parse({}) };
  const server = createServer({ service: '{{name}}', instance: '{{name}}-1', log, secret: SECRET, usersFrom: ['gateway'] });
  const address = await server.add({{Name}}ServiceDefinition, {{name}}Service(ports)).listen();
  const caller = { service: 'gateway', secret: SECRET };
  const channel = createChannel({ service: '{{name}}', discovery: staticDiscovery({ {{name}}: [address] }), caller, log });
  client = createClient({{Name}}ServiceDefinition, channel);
  closers.push(
    () => channel.close(),
    () => server.drain({ timeoutMs: 1_000 }),
    () => database.close(),
  );
});
afterAll(async () => {
  for (const close of closers) await close();
});

test('keeps what was made, for its owner alone', async () => {
  const made = (await client.create{{Name}}({ title: ' For Ada ' }, { user: ada })).{{name}}!;
  expect(made).toMatchObject({ title: 'For Ada', createTime: expect.any(Date) as Date });
  expect((await client.get{{Name}}({ id: made.id }, { user: ada })).{{name}}).toEqual(made);
  await expect(client.get{{Name}}({ id: made.id }, { user: bob })).rejects.toMatchObject({ reason: '{{NAME}}_NOT_FOUND' });
});

test('names what is wrong with a request', async () => {
  await expect(client.create{{Name}}({ title: '' }, { user: ada })).rejects.toMatchObject({ violations: [{ field: 'title' }] });
  await expect(client.get{{Name}}({ id: 'x' }, { user: ada })).rejects.toMatchObject({ violations: [{ field: 'id' }] });
  await expect(client.create{{Name}}({ title: 'Mine' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});
