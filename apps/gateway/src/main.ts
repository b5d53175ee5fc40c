import { addressOf, crashAt, createHost } from '@stampede/service';
import { createApp } from './app.ts';
import { CRASH_POINTS, crashPoints } from './operations/crash-points.ts';
import { ROUTED } from './routed-services.ts';
import { settingsSchema } from './settings.ts';

const DEFAULT_PORT = 8080;

const host = await createHost({ service: 'gateway', schema: settingsSchema });
const { env, log, metrics, config } = host;
const version = env['STAMPEDE_VERSION'] ?? 'dev';
const crash = crashAt(env, 'gateway', CRASH_POINTS);
const app = await createApp({
  channels: {
    user: host.channel('user'),
    inventory: host.channel('inventory'),
    order: host.channel('order', crash && { interceptors: [crashPoints(crash)] }),
  },
  settings: () => config.current,
  ...(host.backing.serviceSecret === undefined ? {} : { secret: host.backing.serviceSecret }),
  metrics,
  log,
  version,
});

let address = '';
await host.lifecycle
  .add({
    name: 'http server',
    async start() {
      const { host: bind, port, advertised } = addressOf(env, DEFAULT_PORT);
      const url = await app.fastify.listen({ host: bind, port });
      address = advertised(Number(new URL(url).port));
      log.info({ address, routes: Object.keys(ROUTED) }, 'serving');
    },
    stop: () => app.drain(),
  })
  .add(
    host.registration(
      () => address,
      () => ({ version }),
    ),
  )
  .run();
