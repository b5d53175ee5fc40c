import openapiTS, { astToString } from 'openapi-typescript';
import { createChannel, staticDiscovery } from '@stampede/rpc';
import { createMetrics, silentLogger } from '@stampede/telemetry';
import { createApp } from '../app.ts';
import { settingsSchema } from '../settings.ts';

/** The API's description, from an app that reaches nobody. */
export async function describeApi(): Promise<string> {
  const log = silentLogger();
  const channelTo = (service: string) =>
    createChannel({ service, discovery: staticDiscovery({}), caller: { service: 'gateway' }, log });
  const channels = { user: channelTo('user'), inventory: channelTo('inventory'), order: channelTo('order') };
  const settings = settingsSchema.parse({});
  const app = await createApp({
    channels,
    settings: () => settings,
    metrics: createMetrics({ service: 'gateway', instance: 'describing' }),
    log,
  });
  try {
    return (await app.fastify.inject('/openapi.json')).body;
  } finally {
    await app.drain();
    await Promise.all(Object.values(channels).map((channel) => channel.close()));
  }
}

/** The types of a client of the API, as openapi-typescript writes them. */
export async function writeApiTypes(document: string): Promise<string> {
  const head = '// Written by openapi-typescript from the description of the API: `npm run generate`.\n';
  return head + astToString(await openapiTS(document));
}
